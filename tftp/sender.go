package tftp

import (
	"encoding/binary"
	"io"
	"time"
)

// sender is the end of a transfer that gives a file away. Packet and Tick take
// what happens, AppendNext then yields the packets to send until it has none.
//
// Blocks are counted from 1 with 64 bits and cut to 16 on the wire, so that
// 65535 is followed by 0. An OACK, when there is one, is block 0: it goes out
// alone, and ACK 0 acknowledges it. Everything else follows from two counters,
// base and next, and from the window between them.
type sender struct {
	file      readAhead
	blockSize int64
	window    int64
	oack      []byte // the whole packet; nil when the transfer starts with DATA 1
	timer     timer

	first int64 // what starts the transfer: 0 is the OACK, 1 is DATA 1
	last  int64 // the last block; it is shorter than the others, perhaps empty
	base  int64 // the highest block acknowledged, first-1 before any was
	next  int64 // the block to send next
	sent  int64 // the highest block sent so far

	// repeated is the highest block that may be on its way twice. An ACK up to
	// there measures no round trip (Karn), and a duplicate ACK up to there may
	// come from the copies, so it must not call for more copies.
	repeated int64
	flight   time.Time // when block base+1 was last sent
	burst    burst

	retransmits int64
	done        bool
	err         error
	fault       *Error // an ERROR still to be sent
}

// newSender prepares to send size bytes of file. oack is nil when the peer
// asked for nothing that we know.
func newSender(file io.ReaderAt, size int64, agreed terms, oack []Option, t timer) *sender {
	s := &sender{
		file:      readAhead{file: file, size: size},
		blockSize: int64(agreed.blockSize),
		window:    int64(agreed.window),
		timer:     t,
		burst:     newBurst(int64(agreed.window)),
		first:     1,
		last:      size/int64(agreed.blockSize) + 1,
	}
	if oack != nil {
		s.oack = Packet{Op: OpOACK, Options: oack}.Append(nil)
		s.first = 0
	}
	s.next = s.first
	s.base = s.first - 1
	s.sent, s.repeated = s.base, s.base
	return s
}

// Start begins the transfer.
func (s *sender) Start(now time.Time) { s.timer.progress = now }

// Done reports whether the transfer has ended and all is said.
func (s *sender) Done() bool { return s.done && s.fault == nil }

// Err is nil after a transfer whose last block was acknowledged.
func (s *sender) Err() error { return s.err }

// Deadline is when Tick wants to be called, if no packet comes before.
func (s *sender) Deadline() time.Time {
	if s.burst.waits {
		return s.burst.pause
	}
	return s.timer.deadline
}

// delivered is how many bytes the peer has acknowledged.
func (s *sender) delivered() int64 { return min(max(s.base, 0)*s.blockSize, s.file.size) }

// answered reports whether the peer has acknowledged anything.
func (s *sender) answered() bool { return s.base >= s.first }

// allSent reports whether the last block has gone out to a peer that answers.
// When it then falls silent it has most likely got the block: its last ACK was
// lost, or it does not send one.
func (s *sender) allSent() bool { return s.answered() && s.sent == s.last }

// Packet takes a packet from the peer.
func (s *sender) Packet(now time.Time, p Packet) {
	if s.done {
		return
	}
	switch p.Op {
	case OpACK:
		s.ack(now, p.Block)
	case OpERROR:
		s.done, s.err = true, &Error{p.Code, p.Message}
	case OpRRQ:
		s.request(now)
	}
}

// ack takes an ACK of block k. Its distance from base tells which it is of the
// few blocks it can be: base again, one in the window, or an old one.
func (s *sender) ack(now time.Time, k uint16) {
	distance := int64(k - uint16(s.base))
	switch {
	case distance == 0:
		s.duplicate(now)
	case distance <= s.sent-s.base:
		s.base += distance
		s.timer.moved(now)
		if s.base > s.repeated {
			s.timer.sample(now.Sub(s.flight))
		} else {
			s.timer.forgive()
		}
		if s.base == s.last {
			s.done = true
			return
		}
		s.resume()
		s.burst.answered(s.next <= s.sent)
	}
}

// duplicate takes another ACK of base. In lock-step it asks for nothing, and an
// answer would start the Sorcerer's Apprentice (RFC 1123 section 4.2.3.1); it
// shows that a block sent twice has come twice. With a window it is how the
// receiver says that it missed the first block (RFC 7440 section 4), unless it
// may be an echo: of packets sent twice, or of an ACK that the network doubled,
// for then it comes sooner than a round trip.
func (s *sender) duplicate(now time.Time) {
	switch {
	case s.base <= s.repeated:
		s.timer.needless()
	case s.window > 1 && now.Sub(s.flight) >= s.timer.srtt/2:
		s.resume()
		s.burst.answered(true)
	}
}

// resume goes on behind base. What was already sent from there goes out again.
func (s *sender) resume() {
	if s.next = s.base + 1; s.next <= s.sent {
		s.repeated = s.sent
	}
}

// restartSilence is how long a peer must have been silent to be thought
// restarted when it repeats its request.
const restartSilence = time.Second

// request takes a copy of the request that started this transfer. Before the
// peer has acknowledged anything it means that our first packet was lost. A
// peer that was silent for long and now asks again has been restarted: this
// transfer ends, and the next copy of its request starts another.
func (s *sender) request(now time.Time) {
	switch {
	case !s.answered():
		if now.Sub(s.flight) >= senderFloor {
			s.resume()
		}
	case now.Sub(s.timer.progress) > restartSilence:
		s.done, s.err = true, errRestarted
	}
}

// Tick takes the time.
func (s *sender) Tick(now time.Time) {
	if s.done || s.burst.waits {
		return
	}
	resend, giveUp := s.timer.due(now)
	switch {
	case giveUp && !s.answered():
		s.done, s.err = true, ErrNoAnswer
	case giveUp:
		s.done, s.err = true, ErrStalled
	case resend:
		s.resume()
		s.burst.answered(true)
	}
}

// AppendNext adds the next packet to b, or reports false when there is nothing
// to send now.
func (s *sender) AppendNext(now time.Time, b []byte) ([]byte, bool) {
	if s.fault != nil {
		b = Packet{Op: OpERROR, Code: s.fault.Code, Message: s.fault.Message}.Append(b)
		s.fault = nil
		return b, true
	}
	if !s.due() || !s.burst.next(now) {
		return b, false
	}
	n := s.next
	if n == 0 {
		b = append(b, s.oack...)
	} else {
		start := len(b)
		b = binary.BigEndian.AppendUint16(b, uint16(OpDATA))
		b = binary.BigEndian.AppendUint16(b, uint16(n))
		var err error
		if b, err = s.file.append(b, (n-1)*s.blockSize, int(s.blockSize)); err != nil {
			s.abort(err, &Error{CodeUndefined, "the file could not be read to its end"})
			return s.AppendNext(now, b[:start])
		}
	}
	if n == s.base+1 {
		s.flight = now
	}
	if n > s.sent {
		s.sent = n
	} else {
		s.retransmits++
	}
	s.next++
	s.timer.sent(now)
	return b, true
}

// due reports whether there is a packet to send now.
func (s *sender) due() bool { return !s.done && s.next <= s.limit() }

// limit is the highest block that may be sent: the end of the window, and
// nothing behind an OACK that is not acknowledged.
func (s *sender) limit() int64 {
	if s.base < 0 {
		return 0
	}
	return min(s.base+s.window, s.last)
}

// abort ends the transfer because of err; the peer is told fault.
func (s *sender) abort(err error, fault *Error) {
	if !s.done {
		s.done, s.err, s.fault = true, err, fault
	}
}
