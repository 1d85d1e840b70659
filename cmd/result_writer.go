package cmd

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
)

// resultWriter is standard output that remembers its first failure. Text is
// printed in a hundred places; whether it arrived is asked once, at the end. It
// is safe for concurrent use.
type resultWriter struct {
	w  io.Writer
	mu sync.Mutex
	// failed stays nil where a reader has seen enough and closed the pipe, as
	// `head -1` does.
	failed error
}

func (r *resultWriter) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n, err := r.w.Write(p)
	if err != nil && r.failed == nil && !errors.Is(err, syscall.EPIPE) {
		r.failed = err
	}
	return n, err
}

// lost adds to what a command returned that its result did not arrive. A
// command that failed itself has the better error.
func (r *resultWriter) lost(err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed == nil || codeFor(err) == exitFailed {
		return err
	}
	return withHint(fmt.Errorf("the result could not be written: %w", r.failed), "is the disk behind standard output full?")
}
