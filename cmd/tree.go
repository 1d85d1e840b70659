package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

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
	case errors.Is(err, fs.ErrPermission):
		return nil, withHint(fmt.Errorf("cannot open %s: permission denied", dir), "give this user the right to read it: chmod a+rx %s", dir)
	case err != nil:
		return nil, err
	}
	if _, err := fs.ReadDir(root.FS(), "."); err != nil {
		root.Close()
		return nil, withHint(fmt.Errorf("cannot read %s: %w", dir, err), "give this user the right to read it: chmod a+rx %s", dir)
	}
	return root, nil
}
