package boot

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// Image is what a file in a boot tree is: a boot program, a kernel, an initrd,
// or something that was never meant to be there. The zero value is a file that
// nobody has looked at.
type Image struct {
	Kind    ImageKind
	Arch    Arch     // the machine the code is for; see HasArch. ArchBIOS is 16-bit PC code
	HasArch bool     // Arch is known
	EFI     bool     // has a PE header that UEFI firmware can start
	Signed  bool     // carries an Authenticode signature; says nothing about who trusts it
	Version string   // as the file says: "6.04", "6.1.0-49-amd64"; "" when it does not
	Size    int64    // bytes
	Needs   int64    // bytes that the headers promise at least; 0 when they say nothing. See Truncated
	Notes   []string // what else is worth knowing, one sentence each
}

// Identify judges a file from its first bytes and its size in bytes. It never
// fails: a file that it cannot place is ImageUnknown. 64 KiB of head place any
// file; with the whole file in head, it also tells one maker's EFI program from
// another's, so more bytes refine an ImageEFI but never change an architecture.
func Identify(head []byte, size int64) Image {
	return IdentifyFile(bytes.NewReader(head), max(size, int64(len(head))))
}

// IdentifyFile is Identify for a file at hand: it reads a few windows of r, at
// most 4 MiB in all. An error from r ends the reading there, as a short head would.
func IdentifyFile(r io.ReaderAt, size int64) Image {
	f := newWindow(r, size)
	im := Image{Kind: ImageUnknown, Size: size}
	if size <= 0 {
		im.Kind = ImageEmpty
		return im
	}
	for _, identify := range []func(*window, *Image) bool{
		identifyLinux, // before PE: a kernel with an EFI stub is both
		identifyPE,
		identifyBIOSProgram,
		identifyELF,
		identifyMagic,
		identifyText,
		identifyDisk, // last: 55AA at 0x1FE is weak evidence
	} {
		if identify(f, &im) {
			return im
		}
	}
	return im
}

// String says what the file is in a few words: "shim 16.1 for x64 UEFI, signed".
func (im Image) String() string { return im.Kind.Title() + im.details() }

// phrase is String as the object of a sentence: "a Linux kernel 6.1 for x64".
func (im Image) phrase() string { return im.Kind.phrase() + im.details() }

func (im Image) details() string {
	var b strings.Builder
	if im.Version != "" {
		fmt.Fprintf(&b, " %s", im.Version)
	}
	if im.HasArch {
		fmt.Fprintf(&b, " for %s", im.archTitle())
	}
	if im.Signed {
		b.WriteString(", signed")
	}
	return b.String()
}

// archTitle names the architecture of a file. A kernel is for a processor, not
// for a firmware.
func (im Image) archTitle() string {
	switch im.Kind {
	case ImageLinuxX86, ImageLinuxImage, ImageLinuxZBoot, ImageELF, ImageC32, ImageMultiboot:
		return strings.TrimSuffix(im.Arch.Title(), " UEFI")
	}
	return im.Arch.Title()
}

// SecondStage is the file that the program loads next, by this name and from
// its own folder, and cannot do without: GRUB for shim, the core module for
// SYSLINUX. "" when there is none.
func (im Image) SecondStage() string {
	switch im.Kind {
	case ImageShim:
		if suffix, ok := efiSuffixes[im.Arch]; ok && im.HasArch {
			return "grub" + suffix + ".efi"
		}
	case ImagePXELINUX:
		return "ldlinux.c32"
	case ImageSyslinuxEFI:
		if im.Arch == ArchEFIIA32 {
			return "ldlinux.e32"
		}
		return "ldlinux.e64"
	}
	return ""
}

// efiSuffixes are the short architecture names in EFI file names (UEFI
// specification, "Removable Media Boot Behavior"); shim builds them into its
// DEFAULT_LOADER.
var efiSuffixes = map[Arch]string{
	ArchEFIIA32:    "ia32",
	ArchEFIX64:     "x64",
	ArchEFIARM:     "arm",
	ArchEFIARM64:   "aa64",
	ArchEFIRISCV64: "riscv64",
	ArchEFILoong64: "loongarch64",
}

func (im *Image) note(format string, args ...any) {
	im.Notes = append(im.Notes, fmt.Sprintf(format, args...))
}

// setArch records the architecture once known.
func (im *Image) setArch(a Arch) { im.Arch, im.HasArch = a, true }
