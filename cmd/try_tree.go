package cmd

import (
	"errors"
	"fmt"
	"io/fs"

	"pxe/boot"
	"pxe/demo"
	"pxe/dhcp"
	"pxe/tftp"
)

// bootTree is what `pxe try` boots from.
type bootTree struct {
	title string
	files fs.FS
	tftp  tftp.Source
	close func() error
}

// openTree opens the directory to boot from, or the built-in tree.
func openTree(dir string) (*bootTree, error) {
	if dir == "" {
		files := demo.FS()
		return &bootTree{"built in", files, tftp.FS(files), func() error { return nil }}, nil
	}
	root, err := openRoot(dir)
	if err != nil {
		return nil, err
	}
	return &bootTree{dir, root.FS(), tftp.Dir(root), root.Close}, nil
}

// bootfile is the name to hand out to machines of an architecture: the one that
// serve-dhcp hands out, good or bad, so that what is tried is what will be
// served; and only where that is not in the tree the first program that suits.
// The note then tells what to say to serve-dhcp.
func (t *bootTree) bootfile(arch boot.Arch) (name, note string, err error) {
	usual := dhcp.DefaultFiles()[arch]
	if _, err := fs.Stat(t.files, usual); !errors.Is(err, fs.ErrNotExist) {
		return usual, "", nil
	}
	name, err = findBootfile(t.files, arch)
	if err == nil && t.title != "built in" {
		note = fmt.Sprintf("the tree has no %s, which serve-dhcp hands out by default: use it with --bootfile-for %s=%s", usual, arch, name)
	}
	return name, note, err
}
