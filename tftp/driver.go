package tftp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
)

// machine is one end of a transfer: a sender or a receiver.
type machine interface {
	Start(now time.Time)
	Packet(now time.Time, p Packet)
	Tick(now time.Time)
	Deadline() time.Time
	AppendNext(now time.Time, b []byte) ([]byte, bool)
	Done() bool
}

// driver carries packets between a machine and a socket. run is called once;
// wake and forward may be called from any goroutine while it runs.
type driver struct {
	conn conn
	// peer is the other end's transfer id. As long as latched is false only its
	// address is known, and the first port that answers is taken for it.
	peer    netip.AddrPort
	latched bool
	in      []byte
	out     []byte
	// batch is how many bytes may go out by one system call, as packets of the
	// same size. 0 sends each packet by itself.
	batch int
	cut   int // the size into which the kernel cuts what is written; 0 if it does not

	stranger netip.Addr // an address that answered in place of peer
	netErr   error      // why the last lost packet was lost, where the host knows
	armed    time.Time  // the read deadline in force; zero when it has passed

	mu        sync.Mutex // guards the fields below, and the setting of deadlines
	woken     bool
	forwarded *Packet
}

// newDriver makes a driver for packets of at most so many bytes to read and to
// write. One byte more is read, so that a larger packet is seen to be one.
func newDriver(c conn, peer netip.AddrPort, latched bool, readSize, writeSize int) *driver {
	return &driver{
		conn: c, peer: peer, latched: latched,
		in: make([]byte, readSize+1), out: make([]byte, 0, writeSize),
	}
}

// run drives m to its end. It returns nil when m is done, the cause of ctx when
// that ended first, and otherwise the error of the socket.
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
		switch {
		case err == nil:
			d.packet(now, m, d.in[:n], from)
		case errors.Is(err, os.ErrDeadlineExceeded):
			d.armed = time.Time{}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if p := d.woke(); p != nil {
				m.Packet(now, *p)
			}
			m.Tick(now)
		case isRefusal(err):
			if d.refused() {
				if err := d.lastWords(m, err); err != nil {
					return err
				}
			}
		case isUnreachable(err):
			d.netErr = err
			m.Tick(now)
		default:
			return err
		}
		if err := d.flush(now, m); err != nil {
			return err
		}
	}
	return nil
}

// flush sends what m has to send. A packet that the host cannot send counts as
// lost: the link may come back before patience ends. But before anything was
// heard from the peer it is more likely that there is no way to it at all.
func (d *driver) flush(now time.Time, m machine) error {
	for {
		size := d.gather(now, m)
		if size == 0 {
			return nil
		}
		err := d.send(size)
		switch {
		case err == nil:
		case isRefusal(err):
			if d.refused() {
				if err := d.lastWords(m, err); err != nil {
					return err
				}
			}
		case !d.latched || errors.Is(err, net.ErrClosed):
			return err
		default:
			d.netErr = err
		}
	}
}

// gather puts the next packet of m into out, or as many as make a batch: all of
// one size, which it returns, but for the last, which may be shorter. It returns
// 0 when there is nothing to send.
func (d *driver) gather(now time.Time, m machine) (size int) {
	d.out = d.out[:0]
	for {
		start := len(d.out)
		b, ok := m.AppendNext(now, d.out)
		if !ok {
			return size
		}
		d.out = b
		if size == 0 {
			size = len(b)
		}
		if len(b)-start < size || len(b)+size > d.batch {
			return size
		}
	}
}

// send sends the packets of that size in out. A host or a network card that
// cannot cut a batch up says so at the first one.
func (d *driver) send(size int) error {
	if len(d.out) == size {
		return d.conn.write(d.out, d.peer)
	}
	if d.cut != size && segment(d.conn.PacketConn, size) {
		d.cut = size
	}
	if d.cut == size {
		err := d.conn.write(d.out, d.peer)
		if !cannotSegment(err) {
			return err
		}
		segment(d.conn.PacketConn, 0)
	}
	d.batch, d.cut = 0, 0
	for rest := d.out; len(rest) > 0; rest = rest[min(size, len(rest)):] {
		if err := d.conn.write(rest[:min(size, len(rest))], d.peer); err != nil {
			return err
		}
	}
	return nil
}

// packet hands a datagram to m if it comes from the peer. A stranger is told so
// and disturbs nothing (RFC 1350 section 4); an ERROR is never answered.
func (d *driver) packet(now time.Time, m machine, b []byte, from netip.AddrPort) {
	p, err := Parse(b)
	if err != nil {
		return
	}
	if !d.latched && from.Addr().WithZone("") == d.peer.Addr().WithZone("") {
		d.peer, d.latched = from, true
	}
	if from == d.peer {
		m.Packet(now, p)
		return
	}
	if p.Op == OpERROR {
		return
	}
	if !d.latched {
		d.stranger = from.Addr()
	}
	reply := Packet{Op: OpERROR, Code: CodeUnknownTID, Message: CodeUnknownTID.String()}
	_ = d.conn.write(reply.Append(nil), from)
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

// lastWords hears what the peer said before its port was closed, and returns nil
// if that ended m, else refusal: a client that wants no more says so by ERROR and
// goes, and the ICMP error about a packet under way to it is reported first.
func (d *driver) lastWords(m machine, refusal error) error {
	for !m.Done() {
		// With a deadline in the past nothing would be read at all.
		now := time.Now()
		_ = d.conn.SetReadDeadline(now.Add(time.Millisecond))
		n, from, err := d.conn.read(d.in)
		if err != nil {
			return refusal
		}
		d.packet(now, m, d.in[:n], from)
	}
	return nil
}

// tell sends the peer one last packet; if it is lost, it is.
func (d *driver) tell(fault *Error) {
	p := Packet{Op: OpERROR, Code: fault.Code, Message: fault.Message}
	_ = d.conn.write(p.Append(d.out[:0]), d.peer)
}

// refused reports whether it is the peer's host that says by ICMP that nobody
// listens, and not that of a stranger whom we answered.
func (d *driver) refused() bool {
	return refusedBy(d.conn.PacketConn, d.peer)
}

// isRefusal reports whether a socket passes on an ICMP "port unreachable".
func isRefusal(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

// isUnreachable reports whether a socket passes on one of the ICMP errors that
// may be over in a moment (RFC 1122 section 4.1.3.3).
func isUnreachable(err error) bool {
	return errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH) ||
		errors.Is(err, syscall.EHOSTDOWN) || errors.Is(err, syscall.EMSGSIZE)
}

// explain adds to a timeout what is known about it: what the network said, or
// that another address answered, the usual sign of a server with several.
func (d *driver) explain(err error) error {
	switch {
	case !errors.Is(err, ErrTimeout):
		return err
	case d.netErr != nil:
		return fmt.Errorf("%w (%w)", err, d.netErr)
	case d.stranger.IsValid():
		return fmt.Errorf("%w (but %v answered)", err, d.stranger)
	}
	return err
}
