package fetch

import (
	"context"
	"errors"
	"time"
)

// silence ends a context when a server has said nothing for too long.
type silence struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	limit  time.Duration
}

var errSilence = errors.New("silence")

func newSilence(parent context.Context, limit time.Duration) *silence {
	ctx, cancel := context.WithCancelCause(parent)
	return &silence{
		ctx: ctx, cancel: cancel, limit: limit,
		timer: time.AfterFunc(limit, func() { cancel(errSilence) }),
	}
}

// pause stops the clock, resume starts it anew.
func (s *silence) pause()  { s.timer.Stop() }
func (s *silence) resume() { s.timer.Reset(s.limit) }

// broken reports whether it was the silence that ended the context.
func (s *silence) broken() bool { return context.Cause(s.ctx) == errSilence }

// stop releases the timer and the context.
func (s *silence) stop() {
	s.timer.Stop()
	s.cancel(nil)
}
