package cmd

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"
)

// The look and pace of a live table.
const (
	liveInterval = 200 * time.Millisecond
	liveWidth    = 79 // of a terminal as narrow as they are, for a line must not wrap
	liveRows     = 8
)

// live keeps a table below everything else that is written to a terminal: what
// is written goes above it. It is safe for concurrent use.
type live struct {
	w    io.Writer
	rows func() []string // what to show now

	mu    sync.Mutex
	drawn int // lines on the terminal
}

// newLive shows nothing before run.
func newLive(w io.Writer) *live { return &live{w: w, rows: func() []string { return nil }} }

// Write puts p, which are whole lines, above the table.
func (l *live) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.drawn == 0 {
		return l.w.Write(p)
	}
	var out bytes.Buffer
	l.erase(&out)
	out.Write(p)
	l.draw(&out)
	if _, err := l.w.Write(out.Bytes()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// run shows the table and keeps it up to date until ctx ends, when it is gone.
func (l *live) run(ctx context.Context, rows func() []string) {
	l.mu.Lock()
	l.rows = rows
	l.mu.Unlock()
	ticker := time.NewTicker(liveInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			l.refresh()
		case <-ctx.Done():
			l.mu.Lock()
			l.rows = func() []string { return nil }
			l.mu.Unlock()
			l.refresh()
			return
		}
	}
}

func (l *live) refresh() {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out bytes.Buffer
	l.erase(&out)
	l.draw(&out)
	_, _ = l.w.Write(out.Bytes())
}

// erase goes up to the table's first line and clears all below.
func (l *live) erase(out *bytes.Buffer) {
	if l.drawn > 0 {
		fmt.Fprintf(out, "\x1b[%dA\r\x1b[J", l.drawn)
	}
	l.drawn = 0
}

func (l *live) draw(out *bytes.Buffer) {
	rows := l.rows()
	more := len(rows) - liveRows
	if more > 0 {
		rows = rows[:liveRows]
	}
	for _, row := range rows {
		fmt.Fprintln(out, ansi.Truncate(row, liveWidth, "…"))
	}
	l.drawn = len(rows)
	if more > 0 {
		fmt.Fprintf(out, "and %d more\n", more)
		l.drawn++
	}
}
