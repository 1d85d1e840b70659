package wire

import (
	"sync"
	"time"
)

// deadline is a moment to select on. The zero value never comes.
type deadline struct {
	mu      sync.Mutex
	passed  chan struct{} // closed when it has come
	timer   *time.Timer
	running bool // timer closes passed
}

// wait returns a channel that closes when the deadline comes, also when it is
// moved meanwhile.
func (d *deadline) wait() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.passed == nil {
		d.passed = make(chan struct{})
	}
	return d.passed
}

// set moves the deadline to t; the zero time is never.
func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.running && !d.timer.Stop() {
		<-d.passed // the timer has begun; let it end
	}
	d.running = false
	if d.passed == nil || isClosed(d.passed) {
		d.passed = make(chan struct{})
	}
	if t.IsZero() {
		return
	}
	wait := time.Until(t)
	switch {
	case wait <= 0:
		close(d.passed)
		return
	case d.timer == nil:
		d.timer = time.AfterFunc(wait, func() { close(d.passed) })
	default:
		d.timer.Reset(wait)
	}
	d.running = true
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
