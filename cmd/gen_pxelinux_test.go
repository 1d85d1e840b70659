package cmd

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A value that could speak as another line is refused, wherever it stands, and
// nothing is written.
func TestGenPXELINUXRefusesLines(t *testing.T) {
	for _, flag := range []string{"label", "title", "kernel", "initrd", "append", "menu-title", "ui", "default"} {
		for _, evil := range []string{"x\nLABEL y", "x\r", "x\x00", "x\x1b[2J"} {
			tree := t.TempDir()
			var out, errs bytes.Buffer
			args := []string{"gen-pxelinux", "--output", tree, "--initrd", "i"}
			if flag != "kernel" {
				args = append(args, "--kernel", "k")
			}
			code := Main(append(args, "--"+flag, evil), Streams{Out: &out, Err: &errs})
			if code != exitUsage || strings.ContainsAny(errs.String(), "\r\x00\x1b") {
				t.Errorf("--%s %q: exit code %d, %q", flag, evil, code, errs.String())
			}
			if _, err := os.Stat(filepath.Join(tree, "pxelinux.cfg")); err == nil || out.Len() > 0 {
				t.Errorf("--%s %q: something was written", flag, evil)
			}
		}
	}
}
