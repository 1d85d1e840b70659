// Package tftptest is a packet network in memory that loses, doubles, reorders
// and delays on purpose. It runs inside a testing/synctest bubble, where its
// delays take no time.
package tftptest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Faults is what a Network does to datagrams. The zero value is a perfect
// network.
type Faults struct {
	Loss, Duplicate, Reorder float64       // probabilities, 0 to 1
	Delay                    time.Duration // one way; a reordered datagram takes twice that and 1 ms more
	Largest                  int           // bytes of a datagram, longer ones are lost; 0 is no limit
	Seed                     uint64
}

// Network connects hosts. It is safe for concurrent use; the fields below are
// guarded by mu.
type Network struct {
	faults Faults
	mu     sync.Mutex
	rand   *rand.Rand
	conns  map[netip.AddrPort]*Conn
	port   uint16
	sent   int
	flying []datagram // in the order of arrival
}

// NewNetwork makes a network without hosts.
func NewNetwork(f Faults) *Network {
	return &Network{
		faults: f,
		rand:   rand.New(rand.NewPCG(f.Seed, 0)),
		conns:  make(map[netip.AddrPort]*Conn),
		port:   49152,
	}
}

// Sent is the number of datagrams written so far, lost ones included.
func (n *Network) Sent() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.sent
}

// Host returns the host with that address; its ListenPacket fits
// tftp.Server and tftp.Client.
func (n *Network) Host(addr string) Host { return Host{n, netip.MustParseAddr(addr)} }

// Host is one address of a Network.
type Host struct {
	network *Network
	addr    netip.Addr
}

// ListenPacket opens a socket. Whatever the address asked for, it is the
// host's; a port of 0 chooses a new one.
func (h Host) ListenPacket(_ context.Context, _, address string) (net.PacketConn, error) {
	_, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := net.LookupPort("udp", service)
	if err != nil {
		return nil, err
	}
	n := h.network
	n.mu.Lock()
	defer n.mu.Unlock()
	if port == 0 {
		n.port++
		port = int(n.port)
	}
	c := &Conn{network: n, addr: netip.AddrPortFrom(h.addr, uint16(port))}
	c.arrived.L = &c.mu
	if n.conns[c.addr] != nil {
		return nil, fmt.Errorf("%v: %w", c.addr, syscall.EADDRINUSE)
	}
	n.conns[c.addr] = c
	return c, nil
}

// transmit carries a datagram, or not.
func (n *Network) transmit(d datagram) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sent++
	copies := 1
	if n.rand.Float64() < n.faults.Loss || n.faults.Largest > 0 && len(d.data) > n.faults.Largest {
		copies = 0
	} else if n.rand.Float64() < n.faults.Duplicate {
		copies = 2
	}
	for range copies {
		delay := n.faults.Delay
		if n.rand.Float64() < n.faults.Reorder {
			delay = 2*delay + time.Millisecond
		}
		d.arrival = time.Now().Add(delay)
		i := len(n.flying)
		for i > 0 && n.flying[i-1].arrival.After(d.arrival) {
			i--
		}
		n.flying = slices.Insert(n.flying, i, d)
		if delay > 0 {
			time.AfterFunc(delay, n.deliver)
		}
	}
	n.deliverDue()
}

// deliver is called at each arrival. What arrives in the same instant arrives
// in the order in which it was sent, whichever timer comes first.
func (n *Network) deliver() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.deliverDue()
}

func (n *Network) deliverDue() {
	now := time.Now()
	for len(n.flying) > 0 && !n.flying[0].arrival.After(now) {
		d := n.flying[0]
		n.flying = n.flying[1:]
		if c := n.conns[d.to]; c != nil {
			c.receive(d)
		}
	}
}

type datagram struct {
	from, to netip.AddrPort
	data     []byte
	arrival  time.Time
}

// queueLimit is the receive buffer of a Conn, in datagrams; what comes on top
// is lost.
const queueLimit = 1024

// Conn is a socket of a Network.
type Conn struct {
	network *Network
	addr    netip.AddrPort

	mu       sync.Mutex // guards the fields below; taken after network.mu
	arrived  sync.Cond
	queue    []datagram
	deadline time.Time
	timer    *time.Timer
	closed   bool
}

var _ net.PacketConn = (*Conn)(nil)

func (c *Conn) receive(d datagram) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) < queueLimit {
		c.queue = append(c.queue, d)
		c.arrived.Signal()
	}
}

// ReadFrom waits for a datagram, the read deadline or Close.
func (c *Conn) ReadFrom(b []byte) (int, net.Addr, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		switch {
		case c.closed:
			return 0, nil, net.ErrClosed
		case !c.deadline.IsZero() && !time.Now().Before(c.deadline):
			return 0, nil, os.ErrDeadlineExceeded
		case len(c.queue) > 0:
			d := c.queue[0]
			c.queue = c.queue[1:]
			return copy(b, d.data), net.UDPAddrFromAddrPort(d.from), nil
		}
		c.arrived.Wait()
	}
}

// WriteTo sends a datagram.
func (c *Conn) WriteTo(b []byte, addr net.Addr) (int, error) {
	c.mu.Lock()
	closed := c.closed
	c.mu.Unlock()
	if closed {
		return 0, net.ErrClosed
	}
	to, err := netip.ParseAddrPort(addr.String())
	if err != nil {
		return 0, err
	}
	c.network.transmit(datagram{from: c.addr, to: to, data: append([]byte(nil), b...)})
	return len(b), nil
}

// SetReadDeadline ends waiting reads at t; the zero value never does.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer != nil {
		c.timer.Stop()
	}
	c.deadline = t
	if !t.IsZero() {
		c.timer = time.AfterFunc(time.Until(t), func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.arrived.Broadcast()
		})
	}
	c.arrived.Broadcast()
	return nil
}

// SetDeadline is SetReadDeadline: writes never wait.
func (c *Conn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// SetWriteDeadline does nothing.
func (c *Conn) SetWriteDeadline(time.Time) error { return nil }

// LocalAddr is the socket's address.
func (c *Conn) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(c.addr) }

// Close frees the address and ends waiting reads.
func (c *Conn) Close() error {
	c.network.mu.Lock()
	delete(c.network.conns, c.addr)
	c.network.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	c.closed = true
	if c.timer != nil {
		c.timer.Stop()
	}
	c.arrived.Broadcast()
	return nil
}
