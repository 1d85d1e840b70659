//go:build unix

package cmd

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"pxe/plainfile"
)

func mkfifo(t *testing.T, path string) {
	t.Helper()
	if err := syscall.Mkfifo(path, 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestPipeForALeaseFile refuses it, in whatever command: it would hang, or put a
// file in its place.
func TestPipeForALeaseFile(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	mkfifo(t, pipe)
	mkfifo(t, onceFile(pipe+"s")) // beside a lease file that there is not
	for _, args := range [][]string{
		{"serve-dhcp", "--interface", "lo", "--subnet", "127.0.0.0/8", "--range", "127.0.0.100-127.0.0.109", "--force", "--port", "0", "--boot-port", "0"},
		{"leases"},
		{"leases", "--watch"},
		{"leases", "reserve", "52:54:00:00:00:01", "192.0.2.1"},
		{"leases", "release", "192.0.2.1"},
		{"leases", "import", pipe},
		{"arm", "--list"},
		{"arm", "52:54:00:00:00:01"},
	} {
		for _, file := range []string{pipe, pipe + "s"} {
			if args[0] != "arm" && file != pipe {
				continue
			}
			err := run(t.Context(), Streams{Out: io.Discard, Err: io.Discard}, append(args, "--lease-file", file)...)
			if !errors.Is(err, plainfile.ErrIrregular) || !strings.Contains(err.Error(), "a named pipe") || hintOf(err) == "" {
				t.Errorf("%v of %s: %v, hint %q", args, filepath.Base(file), err, hintOf(err))
			}
		}
	}
	if info, err := os.Lstat(pipe); err != nil || info.Mode().Type() != fs.ModeNamedPipe {
		t.Errorf("the pipe is %v, %v", info, err)
	}
}

// TestPipeForAFile names a pipe to commands that would wait for its other end.
func TestPipeForAFile(t *testing.T) {
	dir := t.TempDir()
	pipe, conf, root := filepath.Join(dir, "pipe"), filepath.Join(dir, "dhcpd.conf"), filepath.Join(dir, "root")
	mkfifo(t, pipe)
	if err := os.WriteFile(conf, []byte("include \""+pipe+"\";\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(root, "pxelinux.cfg"), 0o755); err != nil {
		t.Fatal(err)
	}
	mkfifo(t, filepath.Join(root, "pxelinux.cfg", "default"))
	for _, args := range [][]string{
		{"serve-dhcp", "--check", "--config", pipe},
		{"serve-dhcp", "--check", "--config", conf},
		{"serve-dhcp", "--interface", "lo", "--config", pipe},
		{"serve-tftp", root, "--listen", "127.0.0.1:0", "--map", pipe},
		{"fetch", "https://127.0.0.1/x", "--cacert", pipe},
		{"leases", "import", pipe, "--lease-file", filepath.Join(dir, "leases")},
		{"gen-pxelinux", "--output", root, "--kernel", "linux"},
	} {
		err := run(t.Context(), Streams{Out: io.Discard, Err: io.Discard}, args...)
		if err == nil || !strings.Contains(err.Error(), "not a regular file but a named pipe") {
			t.Errorf("%v: %v", args, err)
		}
	}
}
