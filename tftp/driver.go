package tftp

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"sync"
	"time"
)

// carrier carries the packets of one transfer: a driver, or a loop of this host.
type carrier interface {
	// run drives m to its end. It returns nil when m is done, the cause of ctx when
	// that ended first, and otherwise the error of the socket. That of a loop is
	// called once; a driver can run one machine after the other.
	run(ctx context.Context, m machine) error
	// forward hands over a packet of the peer that came in elsewhere, to be called
	// from any goroutine while run runs.
	forward(p Packet)
	// hasAnswered is that of exchange, to be called from any goroutine.
	hasAnswered() bool
	// These are those of exchange, for when run has returned.
	lastWords(m machine, end error) error
	tell(*Error)
	explain(error) error
	Close() error
}

// driver is the portable driver: one goroutine that waits on one socket. wake and forward may be called from any goroutine while it runs.
type driver struct {
	exchange
	conn  conn      // the exchange's socket
	armed time.Time // the read deadline in force; zero when it has passed

	mu        sync.Mutex // guards the fields below, and the setting of deadlines
	woken     bool
	forwarded *Packet
}

// newDriver makes a driver for packets of at most so many bytes to read and to
// write. One byte more is read, so that a larger packet is seen to be one.
func newDriver(c conn, peer netip.AddrPort, latched bool, readSize, writeSize int) *driver {
	return &driver{conn: c, exchange: exchange{
		socket: c, peer: peer, latched: latched,
		in: make([]byte, readSize+1), out: make([]byte, 0, writeSize),
	}}
}

func (d *driver) run(ctx context.Context, m machine) error {
	stop := context.AfterFunc(ctx, d.wake)
	defer stop()
	now := time.Now()
	m.Start(now)
	if err := d.flush(now, m); err != nil {
		return err
	}
	for !m.Done() {
		if err := d.arm(m.Deadline()); err != nil {
			return err
		}
		n, from, err := d.conn.read(d.in)
		now = time.Now()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			d.armed = time.Time{}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if p := d.woke(); p != nil {
				m.Packet(now, *p)
			}
			m.Tick(now)
		} else if err := d.heard(now, m, n, from, err); err != nil {
			return err
		}
		if err := d.flush(now, m); err != nil {
			return err
		}
	}
	return nil
}

// arm sets the read deadline to t or leaves an earlier one: the deadline moves
// on with every packet, and reading may end early now and then instead.
func (d *driver) arm(t time.Time) error {
	if !d.armed.IsZero() && !t.Before(d.armed) {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.armed = t; d.woken {
		d.armed = past()
	}
	return d.conn.SetReadDeadline(d.armed)
}

// wake makes run look at its context and at what was forwarded.
func (d *driver) wake() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.woken = true
	_ = d.conn.SetReadDeadline(past())
}

// forward hands over a packet of the peer that came in elsewhere.
func (d *driver) forward(p Packet) {
	d.mu.Lock()
	d.forwarded = &p
	d.mu.Unlock()
	d.wake()
}

// woke takes what was forwarded, if anything.
func (d *driver) woke() *Packet {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.forwarded
	d.woken, d.forwarded = false, nil
	return p
}
