package cmd

import (
	"io"
	"strings"
	"testing"
)

func TestTryWithoutQEMU(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := run(t.Context(), Streams{Out: io.Discard, Err: io.Discard}, "try", "--vm")
	if err == nil || codeFor(err) != exitFailed || !strings.Contains(hintOf(err), "apt install qemu-system-x86") {
		t.Errorf("error %v with hint %q, want one that says what to install", err, hintOf(err))
	}
}
