package tftp

import (
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// portQueue bounds what waits for one transfer at a shared port, in bytes: a whole
// window of an upload in ordinary blocks.
const portQueue = 256 << 10

// portConn is what a transfer has in place of a socket where all share the port of
// the requests: NAT and the port forwarding of containers know no other.
type portConn struct {
	door   *door
	client net.Addr
	source []byte // makes packets come from the address that was asked

	mu       sync.Mutex // guards the fields below
	queue    [][]byte
	size     int // of queue, in bytes
	deadline time.Time
	closed   bool
	changed  chan struct{} // something of it has
}

var _ net.PacketConn = (*portConn)(nil)

func newPortConn(d *door, client netip.AddrPort, local netip.Addr) *portConn {
	c := &portConn{door: d, client: net.UDPAddrFromAddrPort(client), changed: make(chan struct{}, 1)}
	if d.udp != nil {
		c.source = sourceMessage(local)
	}
	return c
}

// deliver takes a packet of the client, a copy, as long as there is room.
func (c *portConn) deliver(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.size+len(b) > portQueue {
		return
	}
	c.queue = append(c.queue, append([]byte(nil), b...))
	c.size += len(b)
	c.change()
}

// change wakes ReadFrom.
func (c *portConn) change() {
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

// ReadFrom waits for a packet, the read deadline or Close. One goroutine may call
// it at a time.
func (c *portConn) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, wait, err := c.next(b)
		if wait == 0 {
			return n, c.client, err
		}
		timer := time.NewTimer(wait)
		select {
		case <-c.changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// noDeadline is how long ReadFrom waits at a time when nothing says how long.
const noDeadline = time.Hour

// next takes a packet, or tells for how long to wait for one.
func (c *portConn) next(b []byte) (n int, wait time.Duration, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	wait = noDeadline
	if !c.deadline.IsZero() {
		wait = max(0, time.Until(c.deadline))
	}
	switch {
	case c.closed:
		return 0, 0, net.ErrClosed
	case wait == 0:
		return 0, 0, os.ErrDeadlineExceeded
	case len(c.queue) == 0:
		return 0, wait, nil
	}
	n = copy(b, c.queue[0])
	c.size -= len(c.queue[0])
	c.queue = c.queue[1:]
	return n, 0, nil
}

// WriteTo sends a packet from the shared port.
func (c *portConn) WriteTo(b []byte, to net.Addr) (int, error) {
	c.mu.Lock()
	closed := c.closed
	c.mu.Unlock()
	if closed {
		return 0, net.ErrClosed
	}
	if c.source == nil {
		return c.door.PacketConn.WriteTo(b, to)
	}
	n, _, err := c.door.udp.WriteMsgUDPAddrPort(b, c.source, addrPort(to))
	return n, err
}

// SetReadDeadline makes ReadFrom end at t; the zero value lets it wait.
func (c *portConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = t
	c.change()
	return nil
}

// SetDeadline is SetReadDeadline: writes do not wait for the peer.
func (c *portConn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// SetWriteDeadline does nothing.
func (c *portConn) SetWriteDeadline(time.Time) error { return nil }

// LocalAddr is that of the shared port.
func (c *portConn) LocalAddr() net.Addr { return c.door.LocalAddr() }

// Close ends reads and writes; the port stays open.
func (c *portConn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed, c.queue = true, nil
	c.change()
	return nil
}
