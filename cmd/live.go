package cmd

import (
	"context"
	"io"
	"sync"
	"time"
)

// The look and pace of a live table.
const (
	liveInterval = 200 * time.Millisecond
	liveRows     = 9 // what scrolls above it counts for more
)

// live keeps a table below everything else that is written to a terminal: what
// is written goes above it. It is safe for concurrent use.
type live struct {
	w io.Writer

	mu    sync.Mutex      // guards the fields below, and w
	rows  func() []string // what to show now
	lines lastLines
}

// newLive shows nothing before run.
func newLive(s Streams) *live {
	return &live{
		w: s.Err, rows: func() []string { return nil },
		lines: lastLines{st: newStyles(s, s.Err, s.ErrTTY), size: s.errSize, most: liveRows},
	}
}

// Write puts p, which are whole lines, above the table.
func (l *live) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lines.drawn == 0 {
		return l.w.Write(p)
	}
	out := l.lines.erase() + string(p) + l.lines.draw(l.rows())
	if _, err := io.WriteString(l.w, out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// run shows the table and keeps it up to date until ctx ends, when it is gone.
func (l *live) run(ctx context.Context, rows func() []string) {
	l.show(rows)
	ticker := time.NewTicker(liveInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			l.show(rows)
		case <-ctx.Done():
			l.show(func() []string { return nil })
			return
		}
	}
}

// show makes rows the table.
func (l *live) show(rows func() []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rows = rows
	_, _ = io.WriteString(l.w, l.lines.draw(rows()))
}
