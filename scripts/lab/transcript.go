package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
)

// Transcript collects what a process writes, and lets others wait until a text
// shows in it. Safe for concurrent use; the zero value is empty and ready.
type Transcript struct {
	mu    sync.Mutex
	text  []byte
	ended bool
	grown chan struct{} // closed when text grows or ends; nil when nobody waits
}

// errEnded says that the process ended before it wrote what was waited for.
var errEnded = errors.New("the process has ended")

// Write adds to the transcript. It never fails.
func (tr *Transcript) Write(p []byte) (int, error) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.text = append(tr.text, p...)
	tr.wake()
	return len(p), nil
}

// End says that nothing more will be written.
func (tr *Transcript) End() {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.ended = true
	tr.wake()
}

func (tr *Transcript) wake() {
	if tr.grown != nil {
		close(tr.grown)
		tr.grown = nil
	}
}

// String is everything written so far.
func (tr *Transcript) String() string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return string(tr.text)
}

// Wait returns once text has shown count times since the beginning.
func (tr *Transcript) Wait(ctx context.Context, text string, count int) error {
	for {
		tr.mu.Lock()
		found := bytes.Count(tr.text, []byte(text))
		ended := tr.ended
		if tr.grown == nil {
			tr.grown = make(chan struct{})
		}
		grown := tr.grown
		tr.mu.Unlock()

		if found >= count {
			return nil
		}
		if ended {
			return fmt.Errorf("waiting for %q: %w", text, errEnded)
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %q: %w", text, context.Cause(ctx))
		}
	}
}
