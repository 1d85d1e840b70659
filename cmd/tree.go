package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"pxe/archive"
	"pxe/plainfile"
	"pxe/tftp"
)

// bootTree is a tree of files to boot from, or to serve.
type bootTree struct {
	title string
	files fs.FS
	tftp  tftp.Source
	close func() error
	// folder is the folder that the files are in, empty for an archive.
	folder string
}

// folders are the folders that have to stay in reach: a file is open already.
func (t *bootTree) folders() []string {
	if t.folder == "" {
		return nil
	}
	return []string{t.folder}
}

// openFiles opens what a command serves: a directory, or a zip file or an ISO
// image, of which x.iso//install is a directory.
func openFiles(name string) (*bootTree, error) {
	if isFile(name) {
		return openArchive(name, name, "")
	}
	if i := strings.LastIndex(name, "//"); i > 0 && isFile(name[:i]) {
		return openArchive(name, name[:i], name[i:])
	}
	root, err := openRoot(name)
	if err != nil {
		return nil, err
	}
	return &bootTree{title: name, files: root.FS(), tftp: tftp.Dir(root), close: root.Close, folder: name}, nil
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// openArchive looks into a file. One that is replaced is served as it was; one
// that is written to is served no longer.
func openArchive(title, file, below string) (*bootTree, error) {
	f, err := plainfile.Open(file)
	if err != nil {
		return nil, readable(err, file)
	}
	disk, err := tftp.Disk(f)
	if err != nil {
		return nil, err
	}
	fail := func(err error) (*bootTree, error) {
		disk.Close()
		return nil, err
	}
	files, err := archive.Open(disk, disk.Size())
	if errors.Is(err, archive.ErrFormat) {
		err = fmt.Errorf("not a directory: %s; and %w", file, err)
		return fail(withHint(err, "name the directory that holds the file, or a .zip or .iso file"))
	}
	if err != nil {
		return fail(err)
	}
	if below = strings.Trim(path.Clean("/"+below), "/"); below != "" {
		if info, err := fs.Stat(files, below); err != nil || !info.IsDir() {
			return fail(withHint(fmt.Errorf("no such directory in %s: %s", file, below), "`pxe serve-http %s --listen :8080` shows what is in it", file))
		}
		if files, err = fs.Sub(files, below); err != nil {
			return fail(err)
		}
	}
	return &bootTree{title: title, files: files, tftp: tftp.FS(files), close: disk.Close}, nil
}

// readable tells how to make a file or directory readable, when it is not.
func readable(err error, name string) error {
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return withHint(fmt.Errorf("cannot open %s: permission denied", name), "give this user the right to read it: chmod a+rX %s", name)
}

// openRoot opens the directory that a command serves; nothing outside it can be
// reached through the result.
func openRoot(dir string) (*os.Root, error) {
	if dir == "" {
		return nil, usagef("the root is empty: name a directory")
	}
	info, err := os.Stat(dir)
	var root *os.Root
	if err == nil && info.IsDir() {
		root, err = os.OpenRoot(dir)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, withHint(fmt.Errorf("no such directory: %s", dir), "check the path, or create it with: mkdir -p %s", dir)
	case err == nil && root == nil:
		return nil, withHint(fmt.Errorf("not a directory: %s", dir), "name the directory that holds the file")
	case err != nil:
		return nil, readable(err, dir)
	}
	if _, err := fs.ReadDir(root.FS(), "."); err != nil {
		root.Close()
		return nil, withHint(fmt.Errorf("cannot read %s: %w", dir, err), "give this user the right to read it: chmod a+rX %s", dir)
	}
	return root, nil
}
