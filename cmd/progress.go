package cmd

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// The look and pace of a progress line.
const (
	progressDelay    = time.Second // work that is done before shows none
	progressInterval = 100 * time.Millisecond
	progressCells    = 24
)

// progress is one line on a terminal that shows how far a transfer is. It shows
// nothing of a short one. It belongs to one goroutine.
type progress struct {
	w     io.Writer
	st    styles
	now   func() time.Time
	start time.Time
	drawn time.Time // zero while there is no line
	first int64     // bytes that were there before the transfer
	begun bool
}

func newProgress(w io.Writer, st styles, now func() time.Time) *progress {
	return &progress{w: w, st: st, now: now, start: now()}
}

// update takes the bytes that are here and those of the whole, -1 if unknown.
func (p *progress) update(done, total int64) {
	if !p.begun {
		p.begun, p.first = true, done
	}
	now := p.now()
	if now.Sub(p.start) < progressDelay || now.Sub(p.drawn) < progressInterval {
		return
	}
	p.drawn = now
	fmt.Fprintf(p.w, "\r%s\x1b[K", p.line(done, total, now.Sub(p.start)))
}

// clear removes the line, if there is one.
func (p *progress) clear() {
	if !p.drawn.IsZero() {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

func (p *progress) line(done, total int64, elapsed time.Duration) string {
	rate := formatRate(done-p.first, elapsed)
	if total <= 0 {
		return fmt.Sprintf("%s  %s", formatBytes(done), rate)
	}
	line := fmt.Sprintf("%s  %s of %s  %s", bar(p.st, progressCells, done, total), formatBytes(done), formatBytes(total), rate)
	if left, ok := remaining(done, p.first, total, elapsed); ok {
		line += "  " + left.String() + " left"
	}
	return line
}

// remaining is the time to the end at the pace so far.
func remaining(done, first, total int64, elapsed time.Duration) (time.Duration, bool) {
	if done <= first || done >= total {
		return 0, false
	}
	left := float64(elapsed) * float64(total-done) / float64(done-first)
	return time.Duration(left).Round(time.Second), true
}

// bar is how much of total is done, as a line of cells and in percent.
func bar(st styles, cells int, done, total int64) string {
	done = min(done, total)
	full := int(int64(cells) * done / total)
	return fmt.Sprintf("%s%s %3d%%", st.accent.Render(strings.Repeat("━", full)), st.dim.Render(strings.Repeat("━", cells-full)), 100*done/total)
}
