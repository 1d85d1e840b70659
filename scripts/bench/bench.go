//go:build linux

package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// readyTime is how long a server may take until it listens.
const readyTime = 20 * time.Second

// bench is one run. It plays the part of a test for package lab, which makes
// the namespaces and runs the processes.
type bench struct {
	work     string
	rounds   int
	peers    string // the TFTP servers that take part; "" is all
	scenario string // the one that is measured; "" is all
	failed   bool

	mu       sync.Mutex // guards cleanups: contestants may run at the same time
	cleanups []func()
}

// stopped is what Fatalf panics with; end recovers it and nothing else.
type stopped struct{}

func (b *bench) Helper()                     {}
func (b *bench) Failed() bool                { return b.failed }
func (b *bench) Logf(f string, args ...any)  { fmt.Fprintf(os.Stderr, f+"\n", args...) }
func (b *bench) Skipf(f string, args ...any) { b.Fatalf(f, args...) }

func (b *bench) Cleanup(fn func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cleanups = append(b.cleanups, fn)
}

// Fatalf ends the run: a measurement that cannot be made fails.
func (b *bench) Fatalf(f string, args ...any) {
	b.failed = true
	b.Logf("bench: "+f, args...)
	panic(stopped{})
}

// cleanUp stops what was started since the last time, last first.
func (b *bench) cleanUp() {
	for len(b.cleanups) > 0 {
		last := len(b.cleanups) - 1
		fn := b.cleanups[last]
		b.cleanups = b.cleanups[:last]
		fn()
	}
}

// end is deferred: it cleans up after a run that went well or was stopped.
func (b *bench) end(code *int) {
	if r := recover(); r != nil {
		if _, ok := r.(stopped); !ok {
			panic(r)
		}
		*code = 1
	}
	b.cleanUp()
}

// series is what one contestant reached, a number a round.
type series []float64

func (s series) median() float64 {
	sorted := slices.Sorted(slices.Values(s))
	return sorted[len(sorted)/2]
}

// against is the median of the rounds' ratios to another contestant.
func (s series) against(other series) float64 {
	ratios := make(series, len(s))
	for i := range s {
		ratios[i] = s[i] / other[i]
	}
	return ratios.median()
}

// spread is the median and the range, as text.
func (s series) spread(format string) string {
	return fmt.Sprintf(format+" ("+format+"-"+format+")", s.median(), slices.Min(s), slices.Max(s))
}

// contest is a figure that several contestants take part in; the first is the peer
// that the others are measured by.
type contest struct {
	names   []string
	results map[string]series
}

func newContest(names ...string) *contest {
	return &contest{names, map[string]series{}}
}

func (c *contest) add(name string, value float64) {
	c.results[name] = append(c.results[name], value)
}

// print writes a Markdown table, with the ratios to some of the contestants: to
// the first if none is named.
func (c *contest) print(title, unit, format string, to ...string) {
	if len(to) == 0 {
		to = c.names[:1]
	}
	fmt.Printf("\n### %s\n\n| | %s | x %s |\n|---|---%s|\n", title, unit, strings.Join(to, " | x "), strings.Repeat("|---", len(to)))
	for _, name := range c.names {
		s := c.results[name]
		fmt.Printf("| %s | %s |", name, s.spread(format))
		for _, other := range to {
			fmt.Printf(" %.2f |", s.against(c.results[other]))
		}
		fmt.Println()
	}
}
