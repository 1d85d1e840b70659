package cmd

import (
	"io"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"pxe/scripts/lab"
)

// A server that could take no file does not start.
func TestServeTFTPUploadsToNowhere(t *testing.T) {
	lab.NeedRoot(t)
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, 0) })
	err := run(t.Context(), Streams{Out: io.Discard, Err: io.Discard}, "serve-tftp", t.TempDir(), "--listen", "127.0.0.1:0", "--no-confine", "--upload", dir)
	if codeFor(err) != exitFailed || err == nil || !strings.Contains(err.Error(), "no file can be made in "+dir) || !strings.Contains(hintOf(err), "read-only") {
		t.Errorf("error %v, hint %q", err, hintOf(err))
	}
}
