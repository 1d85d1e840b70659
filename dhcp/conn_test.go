package dhcp

import (
	"bytes"
	"os"
	"sync"
	"time"
)

// testConn is a Conn in memory: what a test sends to in is read, and what is
// written comes out of written.
type testConn struct {
	in      chan Datagram
	batches chan []Datagram // what arrives at once
	written chan Datagram
	onWrite func(Datagram) error // in place of written

	mu       sync.Mutex
	deadline time.Time
	moved    chan struct{} // closed when the deadline moves
}

func newTestConn() *testConn {
	return &testConn{in: make(chan Datagram, 100), batches: make(chan []Datagram), written: make(chan Datagram, 100), moved: make(chan struct{})}
}

func (c *testConn) ReadBatch(ds []Datagram) (int, error) {
	for {
		c.mu.Lock()
		deadline, moved := c.deadline, c.moved
		c.mu.Unlock()
		timer := time.NewTimer(time.Until(deadline))
		expired := timer.C
		if deadline.IsZero() {
			expired = nil
		}
		select {
		case <-expired:
			return 0, os.ErrDeadlineExceeded
		case <-moved:
			timer.Stop()
			continue
		case batch := <-c.batches:
			timer.Stop()
			for i, d := range batch {
				set(&ds[i], d)
			}
			return len(batch), nil
		case d := <-c.in:
			timer.Stop()
			return c.fill(ds, d), nil
		}
	}
}

func set(to *Datagram, d Datagram) {
	*to = Datagram{Payload: append(to.Payload[:0], d.Payload...), Src: d.Src, Dst: d.Dst}
}

// fill sets the first datagram, and as many as wait behind it.
func (c *testConn) fill(ds []Datagram, first Datagram) int {
	n := 0
	for d, more := first, true; more; n++ {
		set(&ds[n], d)
		if n == len(ds)-1 {
			return len(ds)
		}
		select {
		case d = <-c.in:
		default:
			more = false
		}
	}
	return n
}

func (c *testConn) Write(d Datagram) error {
	d.Payload = bytes.Clone(d.Payload)
	if c.onWrite != nil {
		return c.onWrite(d)
	}
	c.written <- d
	return nil
}

func (c *testConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = t
	close(c.moved)
	c.moved = make(chan struct{})
	return nil
}
