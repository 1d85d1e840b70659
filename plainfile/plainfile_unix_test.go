//go:build unix

package plainfile

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestIrregular opens what would hang or have an effect; links to it are no better.
func TestIrregular(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := syscall.Mkfifo("pipe", 0o644); err != nil {
		t.Fatal(err)
	}
	link(t, "pipe", "link")
	if _, err := Target(os.DevNull); !errors.Is(err, ErrIrregular) || !strings.HasSuffix(err.Error(), "but a device") { // it only looks
		t.Error(err)
	}
	l, err := net.Listen("unix", "socket")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, tt := range []struct{ name, kind string }{
		{"pipe", "named pipe"},
		{"link", "named pipe"},
		{"socket", "socket"},
	} {
		f, err := Open(tt.name)
		if !errors.Is(err, ErrIrregular) || !strings.HasSuffix(err.Error(), "not a regular file but a "+tt.kind) {
			t.Errorf("open %s: %v, %v", filepath.Base(tt.name), f, err)
		}
		if _, err := Target(tt.name); !errors.Is(err, ErrIrregular) {
			t.Errorf("target %s: %v", filepath.Base(tt.name), err)
		}
	}
}
