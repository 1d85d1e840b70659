//go:build unix

package once

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"pxe/plainfile"
)

// TestPipe is refused by all, at once.
func TestPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "once")
	if err := syscall.Mkfifo(path, 0o644); err != nil {
		t.Fatal(err)
	}
	_, opened := Open(path)
	_, read := Read(path)
	_, armed := Arm(path, one)
	for _, err := range []error{opened, read, armed} {
		if !errors.Is(err, plainfile.ErrIrregular) {
			t.Error(err)
		}
	}
}

// TestLink stays, and the file that it leads to is written.
func TestLink(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	if err := os.Symlink("once", link); err != nil {
		t.Fatal(err)
	}
	s := open(t, link)
	s.Begin(one, start)
	if err := s.Sync(); err != nil {
		t.Fatal(err)
	}
	if to, err := os.Readlink(link); to != "once" {
		t.Errorf("the link leads to %q, %v", to, err)
	}
	if got := open(t, filepath.Join(dir, "once")).State(one, start); got != Booting {
		t.Error(got)
	}
}
