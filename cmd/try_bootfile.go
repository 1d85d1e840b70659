package cmd

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"pxe/boot"
)

// Bounds of the search for a boot program: how deep and how many files.
const (
	searchDepth = 4
	searchFiles = 20_000
)

// bootProgramOrder ranks what a machine can be given first. shim stands before
// what it would load itself, and menus before chain loaders.
var bootProgramOrder = []boot.ImageKind{
	boot.ImageShim, boot.ImagePXELINUX, boot.ImageGRUBEFI, boot.ImageGRUBPXE, boot.ImageSyslinuxEFI,
	boot.ImageSystemdBoot, boot.ImageUKI, boot.ImageIPXENBP, boot.ImageIPXEEFI,
}

// findBootfile picks the file in a tree that firmware of an architecture can be
// given as its boot program: by what the files are, not by their names.
func findBootfile(tree fs.FS, arch boot.Arch) (string, error) {
	best, bestRank, files := "", len(bootProgramOrder)+1, 0
	var others []string
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && name == ".":
			return err
		case err != nil: // an unreadable directory has no boot program for anybody
			return nil
		case d.IsDir():
			if strings.Count(name, "/") >= searchDepth-1 {
				return fs.SkipDir
			}
			return nil
		}
		if files++; files > searchFiles {
			return fs.SkipAll
		}
		if !looksLikeProgram(name) {
			return nil
		}
		im, err := identifyIn(tree, name)
		if err != nil {
			return nil
		}
		if ok, _ := im.NBPFor(arch); !ok {
			if im.EFI || im.Kind == boot.ImagePXELINUX {
				others = append(others, name)
			}
			return nil
		}
		rank := slices.Index(bootProgramOrder, im.Kind)
		if rank < 0 {
			rank = len(bootProgramOrder)
		}
		if best == "" || rank < bestRank || rank == bestRank && depthFirst(name, best) {
			best, bestRank = name, rank
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	if best != "" {
		return best, nil
	}
	err = &noError{fmt.Errorf("no boot program for %s in the tree", arch.Title())}
	if len(others) > 0 {
		return "", withHint(err, "%s is for another firmware: choose it with --firmware, or name a file with --bootfile", others[0])
	}
	return "", withHint(err, "put one there (pxelinux.0 for a BIOS; shim and GRUB, or ipxe.efi, for UEFI), or name a file with --bootfile")
}

// depthFirst orders names by their depth, then by the alphabet.
func depthFirst(a, b string) bool {
	da, db := strings.Count(a, "/"), strings.Count(b, "/")
	return da < db || da == db && a < b
}

// looksLikeProgram spares a search from reading every package of a mirror: boot
// programs have one of a few endings.
func looksLikeProgram(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".0", ".efi", ".signed", ".pxe", ".kpxe", ".kkpxe", ".kkkpxe", ".com":
		return true
	}
	return false
}

// identifyIn judges a file of a tree from its bytes.
func identifyIn(tree fs.FS, name string) (boot.Image, error) {
	f, err := tree.Open(name)
	if err != nil {
		return boot.Image{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return boot.Image{}, err
	}
	r, ok := f.(io.ReaderAt)
	if !ok || !info.Mode().IsRegular() {
		return boot.Image{}, errors.New("not a regular file")
	}
	return boot.IdentifyFile(r, info.Size()), nil
}
