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

// openTree opens the tree to boot from, or the built-in one.
func openTree(path string) (*bootTree, error) {
	if path == "" {
		files := demo.FS()
		return &bootTree{title: "built in", files: files, tftp: tftp.FS(files), close: func() error { return nil }}, nil
	}
	return openFiles(path)
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
