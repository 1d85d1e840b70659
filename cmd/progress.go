package cmd

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"
)

// The look and pace of progress.
const (
	progressDelay    = time.Second // work that is done before shows none
	progressInterval = 100 * time.Millisecond
	progressCells    = 24
)

// progress is the last lines of a terminal, one for each transfer under way.
// Work that is short shows nothing, and off a terminal there is nothing to see
// but what is printed. It is safe for concurrent use.
type progress struct {
	w   io.Writer
	tty bool
	st  styles
	now func() time.Time

	mu    sync.Mutex // guards the fields below, those of the bars, and w
	start time.Time
	drawn time.Time
	lines lastLines
	bars  []*progressBar
}

// progressBar is one transfer.
type progressBar struct {
	of          *progress
	name        string // "" when it is the only one
	things      string // what is counted, "" for bytes
	start       time.Time
	begun       bool
	first       int64 // bytes that were there before the transfer
	done, total int64 // total is -1 while it is not known
}

func newProgress(s Streams, now func() time.Time) *progress {
	st := newStyles(s, s.Err, s.ErrTTY)
	return &progress{
		w: s.Err, tty: s.ErrTTY, st: st, now: now, start: now(), lines: lastLines{st: st, size: s.errSize},
	}
}

// add begins a transfer.
func (p *progress) add(name string) *progressBar {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := &progressBar{of: p, name: name, start: p.now(), total: -1}
	p.bars = append(p.bars, b)
	return b
}

// update takes the bytes that are here and those of the whole, -1 if unknown.
func (b *progressBar) update(done, total int64) {
	p := b.of
	p.mu.Lock()
	defer p.mu.Unlock()
	if !b.begun {
		b.begun, b.first = true, done
	}
	b.done, b.total = done, total
	now := p.now()
	if !p.tty || now.Sub(p.start) < progressDelay || now.Sub(p.drawn) < progressInterval {
		return
	}
	p.drawn = now
	p.draw(now)
}

// end takes the transfer's line away.
func (b *progressBar) end() {
	p := b.of
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bars = slices.DeleteFunc(p.bars, func(other *progressBar) bool { return other == b })
	p.erase()
}

// print runs f, which writes whole lines, while no bars are in the way.
func (p *progress) print(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	f()
}

// draw shows a line for each bar.
func (p *progress) draw(now time.Time) {
	var lines []string
	for _, b := range p.bars {
		lines = append(lines, b.line(now))
	}
	io.WriteString(p.w, p.lines.draw(lines))
}

// erase takes the lines away.
func (p *progress) erase() {
	io.WriteString(p.w, p.lines.erase())
	p.drawn = time.Time{}
}

func (b *progressBar) line(now time.Time) string {
	elapsed := now.Sub(b.start)
	rate, done, total := formatRate(b.done-b.first, elapsed), formatBytes(b.done), formatBytes(b.total)
	if b.things != "" {
		rate, done, total = "", fmt.Sprint(b.done), fmt.Sprint(b.total, " ", b.things)
		if elapsed > 0 {
			rate = fmt.Sprintf("%.0f/s", float64(b.done-b.first)/elapsed.Seconds())
		}
	}
	name := ""
	if b.name != "" {
		name = fmt.Sprintf("%-20s ", ansi.Truncate(b.name, 20, "…"))
	}
	if b.total <= 0 {
		return fmt.Sprintf("%s%s  %s", name, done, rate)
	}
	line := fmt.Sprintf("%s%s  %s of %s  %s", name, bar(b.of.st, progressCells, b.done, b.total), done, total, rate)
	if left, ok := remaining(b.done, b.first, b.total, elapsed); ok {
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
