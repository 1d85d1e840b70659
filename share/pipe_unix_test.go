//go:build unix

package share

import (
	"path/filepath"
	"syscall"
	"testing"
)

// Opening a pipe waits for its writer: a request for one must not.
func TestPipeIsNotOpened(t *testing.T) {
	root := newTree(t)
	if err := syscall.Mkfifo(filepath.Join(root.Name(), "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	if resp := ask(HTTP(root.FS(), nil), "GET", "/pipe", nil); resp.StatusCode != 403 {
		t.Errorf("status %d, want 403", resp.StatusCode)
	}
}
