package cmd

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
)

// brokenWriter fails as a descriptor does.
type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) {
	return 0, &os.PathError{Op: "write", Path: "/dev/stdout", Err: w.err}
}

// A result that nobody gets is a failure, whatever prints it.
func TestLostResults(t *testing.T) {
	for _, args := range [][]string{
		{"--help"},
		{"--version"},
		{"help", "exit-codes"},
		{"completion", "bash"},
		{"gen-pxelinux", "--local-boot"},
		{"try"},
		{"try", "-o", "json"},
	} {
		var errOut bytes.Buffer
		code := Main(args, Streams{Out: brokenWriter{syscall.ENOSPC}, Err: &errOut})
		if code != exitFailed || !strings.Contains(errOut.String(), "no space left on device") {
			t.Errorf("pxe %s to a full disk: exit code %d and %q, want 1 and why", strings.Join(args, " "), code, errOut.String())
		}
		errOut.Reset()
		if Main(args, Streams{Out: brokenWriter{syscall.EPIPE}, Err: &errOut}); strings.Contains(errOut.String(), "could not be written") {
			t.Errorf("pxe %s to a reader that has seen enough: %q", strings.Join(args, " "), errOut.String())
		}
	}
}

func TestLostResultKeepsTheBetterError(t *testing.T) {
	own, no, usage := errors.New("no such file"), &noError{}, usagef("unknown flag")
	for _, tt := range []struct {
		name   string
		failed error
		err    error
		want   string
	}{
		{"nothing went wrong", nil, nil, ""},
		{"only the writing", syscall.ENOSPC, nil, "the result could not be written: no space left on device"},
		{"an answer that nobody heard", syscall.ENOSPC, no, "the result could not be written: no space left on device"},
		{"the command, too", syscall.ENOSPC, own, "no such file"},
		{"the command alone", nil, usage, "unknown flag"},
		{"interrupted", syscall.ENOSPC, context.Canceled, "context canceled"},
	} {
		got := ""
		if err := (&resultWriter{failed: tt.failed}).lost(tt.err); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
