package cmd

import (
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
