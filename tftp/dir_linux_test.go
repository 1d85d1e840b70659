package tftp

import (
	"errors"
	"io/fs"
	"path/filepath"
	"syscall"
	"testing"
)

// A named pipe is refused, and does not hold up whoever asks for it.
func TestDirRefusesPipes(t *testing.T) {
	base, dir := testDir(t)
	if err := syscall.Mkfifo(filepath.Join(base, "tree/pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := dir.Open("pipe", nobody); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("error %v, want fs.ErrPermission", err)
	}
}
