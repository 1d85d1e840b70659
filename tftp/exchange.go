package tftp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
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
	// Err is nil when the transfer came to the end that was wanted.
	Err() error
}

// socket is the socket of a transfer.
type socket interface {
	// read reads a datagram; what does not fit into b is cut off.
	read(b []byte) (int, netip.AddrPort, error)
	// readNow is read without waiting for what has not come yet.
	readNow(b []byte) (int, netip.AddrPort, error)
	write(b []byte, to netip.AddrPort) error
	// segment makes the kernel cut what is written into datagrams of that size, 0
	// undoes it. It reports whether the kernel agrees; whether the way to a peer
	// allows it shows when something is written.
	segment(size int) bool
	// refusedBy forgets what ICMP errors have come, and reports whether one was
	// about a packet to peer.
	refusedBy(peer netip.AddrPort) bool
	Close() error
}

// exchange carries packets between a machine and a socket, for the drivers: it
// knows who the peer is and what a socket's errors mean, and waits for nothing.
type exchange struct {
	socket socket
	// peer is the other end's transfer id. As long as latched is false only its
	// address is known, and the first port that answers is taken for it.
	peer    netip.AddrPort
	latched bool
	// answered tells others that a packet has come from the peer.
	answered atomic.Bool
	in       []byte
	out      []byte
	// batch is how many bytes may go out by one system call, as packets of the
	// same size. 0 sends each packet by itself.
	batch int
	cut   int // the size into which the kernel cuts what is written; 0 if it does not
	// full tells that the socket had no room for what is now in unsent, packets of
	// size unsentSize. Only a socket that does not wait is ever full.
	full       bool
	unsent     []byte
	unsentSize int

	stranger netip.Addr // an address that answered in place of peer
	netErr   error      // why the last lost packet was lost, where the host knows
}

// heard tells m what came of a read. The error ends the transfer.
func (x *exchange) heard(now time.Time, m machine, n int, from netip.AddrPort, err error) error {
	switch {
	case err == nil:
		x.packet(now, m, x.in[:n], from)
	case isRefusal(err):
		if x.refused() {
			return x.lastWords(m, err)
		}
	case isUnreachable(err):
		x.netErr = err
		m.Tick(now)
	default:
		return err
	}
	return nil
}

// flush sends what m has to send. A packet that the host cannot send counts as
// lost: the link may come back before patience ends. But before anything was
// heard from the peer it is more likely that there is no way to it at all.
func (x *exchange) flush(now time.Time, m machine) error {
	for !x.full {
		size := x.gather(now, m)
		if size == 0 {
			return nil
		}
		err := x.send(x.out, size)
		switch {
		case err == nil:
		case isRefusal(err):
			if x.refused() {
				if err := x.lastWords(m, err); err != nil {
					return err
				}
			}
		case !x.latched || errors.Is(err, net.ErrClosed):
			return err
		default:
			x.netErr = err
		}
	}
	return nil
}

// gather puts the next packet of m into out, or as many as make a batch: all of
// one size, which it returns, but for the last, which may be shorter. It returns
// 0 when there is nothing to send. What the socket had no room for comes first.
func (x *exchange) gather(now time.Time, m machine) (size int) {
	if len(x.unsent) > 0 {
		x.out = append(x.out[:0], x.unsent...)
		x.unsent = nil
		return x.unsentSize
	}
	x.out = x.out[:0]
	for {
		start := len(x.out)
		b, ok := m.AppendNext(now, x.out)
		if !ok {
			return size
		}
		x.out = b
		if size == 0 {
			size = len(b)
		}
		if len(b)-start < size || len(b)+size > x.batch {
			return size
		}
	}
}

// send sends the packets of that size in b. A host or a network card that
// cannot cut a batch up says so at the first one.
func (x *exchange) send(b []byte, size int) error {
	if len(b) <= size {
		return x.write(b, size)
	}
	if x.cut != size && x.socket.segment(size) {
		x.cut = size
	}
	if x.cut == size {
		err := x.write(b, size)
		if !cannotSegment(err) {
			return err
		}
		x.socket.segment(0)
	}
	x.batch, x.cut = 0, 0
	for len(b) > 0 && !x.full {
		n := min(size, len(b))
		if err := x.write(b[:n], size); err != nil {
			return err
		}
		b = b[n:]
	}
	x.unsent = append(x.unsent, b...)
	return nil
}

// write writes packets of that size, and keeps them where the socket is full.
func (x *exchange) write(b []byte, size int) error {
	err := x.socket.write(b, x.peer)
	if err != nil && isFull(err) {
		x.full, x.unsent, x.unsentSize = true, append([]byte(nil), b...), size
		return nil
	}
	return err
}

// packet hands a datagram to m if it comes from the peer. A stranger is told so
// and disturbs nothing (RFC 1350 section 4); an ERROR is never answered.
func (x *exchange) packet(now time.Time, m machine, b []byte, from netip.AddrPort) {
	p, err := Parse(b)
	if err != nil {
		return
	}
	if !x.latched && from.Addr().WithZone("") == x.peer.Addr().WithZone("") {
		x.peer, x.latched = from, true
	}
	if from == x.peer {
		if !x.answered.Load() { // which costs less than to store it each time
			x.answered.Store(true)
		}
		m.Packet(now, p)
		return
	}
	if p.Op == OpERROR {
		return
	}
	if !x.latched {
		x.stranger = from.Addr()
	}
	reply := Packet{Op: OpERROR, Code: CodeUnknownTID, Message: CodeUnknownTID.String()}
	_ = x.socket.write(reply.Append(nil), from)
}

// maxLastWords bounds the packets that are heard of a peer at the end: it may send
// without end.
const maxLastWords = 128

// lastWords hears what the peer has said already, and returns nil if that ended m,
// else why it was to end. A client that wants no more says so by ERROR and goes, and
// the ICMP error about a packet under way to it is reported first; or it has the
// whole file, and we are stopped before we look.
func (x *exchange) lastWords(m machine, end error) error {
	for range maxLastWords {
		if m.Done() {
			return nil
		}
		n, from, err := x.socket.readNow(x.in)
		if err != nil {
			return end
		}
		x.packet(time.Now(), m, x.in[:n], from)
	}
	return end
}

// hasAnswered reports whether anything has come from the peer, to any goroutine.
func (x *exchange) hasAnswered() bool { return x.answered.Load() }

func (x *exchange) Close() error { return x.socket.Close() }

// tell sends the peer one last packet; if it is lost, it is.
func (x *exchange) tell(fault *Error) {
	p := Packet{Op: OpERROR, Code: fault.Code, Message: fault.Message}
	_ = x.socket.write(p.Append(nil), x.peer)
}

// refused reports whether it is the peer's host that says by ICMP that nobody
// listens, and not that of a stranger whom we answered.
func (x *exchange) refused() bool { return x.socket.refusedBy(x.peer) }

// isRefusal reports whether a socket passes on an ICMP "port unreachable".
func isRefusal(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

// isFull reports whether a socket that does not wait has no room for a packet.
func isFull(err error) bool { return errors.Is(err, syscall.EAGAIN) }

// isUnreachable reports whether a socket passes on one of the ICMP errors that
// may be over in a moment (RFC 1122 section 4.1.3.3).
func isUnreachable(err error) bool {
	return errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH) ||
		errors.Is(err, syscall.EHOSTDOWN) || errors.Is(err, syscall.EMSGSIZE)
}

// explain adds to a timeout what is known about it: what the network said, or
// that another address answered, the usual sign of a server with several.
func (x *exchange) explain(err error) error {
	switch {
	case !errors.Is(err, ErrTimeout):
		return err
	case x.netErr != nil:
		return fmt.Errorf("%w (%w)", err, x.netErr)
	case x.stranger.IsValid():
		return fmt.Errorf("%w (but %v answered)", err, x.stranger)
	}
	return err
}
