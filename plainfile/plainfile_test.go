package plainfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, to, name string) {
	t.Helper()
	if err := os.Symlink(to, name); err != nil {
		t.Fatal(err)
	}
}

func TestOpen(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "file", "text")
	link(t, "file", "link")
	for _, name := range []string{"file", "link"} {
		if text, err := Read(name); string(text) != "text" {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	if _, err := Read("."); !errors.Is(err, ErrIrregular) || err.Error() != "open .: not a regular file but a directory" {
		t.Error(err)
	}
	if _, err := Read("nosuch"); !errors.Is(err, fs.ErrNotExist) || err.Error() != "open nosuch: no such file or directory" {
		t.Error(err)
	}
}

// TestCreate puts a file in the place of a link, and of a file that is longer.
func TestCreate(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "victim", "precious")
	link(t, "victim", "link")
	write(t, "old", "old and long")
	for _, name := range []string{"link", "old", "none"} {
		f, err := Create(name, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(f, "new")
		f.Close()
		if text, err := os.ReadFile(name); string(text) != "new" {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	if text, err := os.ReadFile("victim"); string(text) != "precious" {
		t.Errorf("the file behind the link: %q, %v", text, err)
	}
}

func TestTarget(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	if err := os.MkdirAll("deep/er", 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, "deep/file", "")
	link(t, "file", "deep/link")
	link(t, "deep/link", "twice")
	link(t, "nosuch", "dangling")
	link(t, "deep/er", "down")
	link(t, "../file", "deep/er/up") // from down, which is not in deep
	link(t, filepath.Join(dir, "deep", "file"), "absolute")
	link(t, "round", "round")
	link(t, "deep", "folder")
	for _, tt := range []struct{ name, want string }{
		{"deep/file", "deep/file"},
		{"none", "none"},
		{"twice", "deep/file"},
		{"dangling", "nosuch"},
		{"down/up", "deep/file"},
		{"absolute", filepath.Join(dir, "deep", "file")},
	} {
		if got, err := Target(tt.name); got != tt.want || err != nil {
			t.Errorf("%s: %s, %v, want %s", tt.name, got, err, tt.want)
		}
	}
	if _, err := Target("folder"); !errors.Is(err, ErrIrregular) {
		t.Error(err)
	}
	if _, err := Target("round"); err == nil {
		t.Error("a link to itself is no error")
	}
}
