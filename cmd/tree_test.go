package cmd

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpenRootSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"":                         "the root is empty",
		filepath.Join(dir, "gone"): "no such directory",
		file:                       "not a directory",
	} {
		_, err := openRoot(path)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("openRoot(%q): %v, want %q", path, err, want)
		}
	}
	root, err := openRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	root.Close()
}

// An archive is a tree wherever it lies, and so is a directory in one.
func TestOpenFiles(t *testing.T) {
	dir := t.TempDir()
	writeZip(t, filepath.Join(dir, "x.zip"), map[string]string{"install/linux": "kernel"})
	for path, want := range map[string]string{
		dir: "x.zip", dir + "//x.zip": "install/linux", dir + "/x.zip": "install/linux",
		dir + "/x.zip//install": "linux", dir + "//x.zip//install/": "linux",
	} {
		tree, err := openFiles(path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if _, err := fs.Stat(tree.files, want); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if err := tree.close(); err != nil {
			t.Error(err)
		}
	}
	for path, want := range map[string]string{
		dir + "/x.zip//nowhere": "no such directory in ", dir + "/x.zip//install/linux": "no such directory in ", dir + "/y.zip//x": "no such directory: ",
	} {
		if _, err := openFiles(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}
