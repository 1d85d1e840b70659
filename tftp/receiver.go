package tftp

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// receiver is the end of a transfer that asks for a file and takes it. Packet
// and Tick take what happens, AppendNext then yields the packet to send, if any.
type receiver struct {
	request Packet
	w       io.Writer
	// probe ends the transfer as EDK2 ends its size probe, by ERROR 8 after the
	// OACK.
	probe bool
	// needOACK refuses a server that answers with DATA.
	needOACK bool
	// limit is the number of bytes to take before the rest is declined; 0 means
	// all.
	limit int64
	// finish is called when the last block is written, before that is
	// acknowledged: its error becomes that of the transfer. nil: nothing is.
	finish   func() error
	onBlock  func(done, total int64)
	timer    timer
	agreed   terms
	size     int64    // tsize, -1 when not told
	answered []Option // the OACK, nil when there was none

	receiving bool  // the server has answered
	next      int64 // the block to come, counted from 1 with 64 bits
	count     int   // blocks that came in order since the last ACK
	gap       bool  // a block is missing, and the sender has been told
	bytes     int64 // written to w

	pending     Op        // what AppendNext shall send; 0 for nothing
	fault       *Error    // the ERROR to send when pending is OpERROR
	sentAt      time.Time // when the last request or ACK went out ...
	fresh       bool      // ... unless it was a repetition, or is answered already
	retransmits int64
	done        bool
	partial     bool
	err         error
}

func newReceiver(request Packet, w io.Writer, t timer) *receiver {
	return &receiver{request: request, w: w, timer: t, agreed: plainTerms(), size: -1, next: 1}
}

// Start begins the transfer.
func (r *receiver) Start(now time.Time) {
	r.timer.progress = now
	r.pending, r.fresh = OpRRQ, true
}

// Done reports whether the transfer has ended and all is said.
func (r *receiver) Done() bool { return r.done && r.pending == 0 }

// Err is nil when the file has come whole, or as far as it was wanted.
func (r *receiver) Err() error { return r.err }

// Deadline is when Tick wants to be called, if no packet comes before.
func (r *receiver) Deadline() time.Time { return r.timer.deadline }

// Packet takes a packet from the server.
func (r *receiver) Packet(now time.Time, p Packet) {
	if r.done {
		return
	}
	switch p.Op {
	case OpERROR:
		r.done, r.err = true, &Error{p.Code, p.Message}
	case OpOACK:
		r.oack(now, p.Options)
	case OpDATA:
		r.data(now, p)
	}
}

// oack takes the server's answer to the options. A second one says that our
// ACK 0 was lost.
func (r *receiver) oack(now time.Time, options []Option) {
	if r.receiving {
		if r.next == 1 && r.answered != nil {
			r.repeat(OpACK)
		}
		return
	}
	agreed, size, err := accept(r.request.Options, options)
	if err != nil {
		r.abort(fmt.Errorf("%w: OACK: %w", ErrProtocol, err), &Error{CodeOption, err.Error()})
		return
	}
	r.agreed, r.size = agreed, size
	r.timer.agree(agreed.interval)
	r.answered = append([]Option{}, options...)
	r.begin(now)
	switch {
	case r.probe && r.size < 0:
		r.abort(ErrNoSize, &Error{CodeOption, "no tsize in the OACK"})
	case r.probe:
		r.abort(nil, &Error{CodeOption, "User aborted the transfer"})
	default:
		r.acknowledge()
	}
}

// begin notes that the server has answered.
func (r *receiver) begin(now time.Time) {
	r.receiving = true
	r.arrived(now)
}

// arrived notes that the transfer moved on.
func (r *receiver) arrived(now time.Time) {
	if r.fresh {
		r.timer.sample(now.Sub(r.sentAt))
		r.fresh = false
	}
	r.timer.moved(now)
	r.timer.sent(now)
}

// data takes a block.
func (r *receiver) data(now time.Time, p Packet) {
	ahead := p.Block - uint16(r.next)
	if !r.receiving {
		if ahead != 0 {
			return
		}
		// The server knows no option: RFC 1350 as it was.
		r.begin(now)
		if r.needOACK {
			r.abort(fmt.Errorf("%w: DATA without an OACK", ErrProtocol), &Error{CodeOption, "no OACK"})
			return
		}
		if r.probe {
			r.abort(ErrNoSize, &Error{CodeOption, "only the size was wanted"})
			return
		}
	}
	switch {
	case ahead == 0:
		r.inOrder(now, p.Data)
	case int(ahead) < r.agreed.window:
		r.missing()
	case ahead == 0xFFFF && r.count == 0 && r.next > 1:
		// The block that we acknowledged last: the ACK was lost. While newer
		// blocks have come (count > 0) the sender has had it after all.
		r.repeat(OpACK)
	}
}

func (r *receiver) inOrder(now time.Time, data []byte) {
	r.arrived(now)
	last := len(data) < r.agreed.blockSize
	total := r.bytes + int64(len(data))
	switch {
	case len(data) > r.agreed.blockSize:
		err := fmt.Errorf("%w: a block of %d bytes where %d were agreed", ErrProtocol, len(data), r.agreed.blockSize)
		r.abort(err, &Error{CodeIllegal, "block larger than agreed"})
		return
	case r.size >= 0 && (total > r.size || last && total < r.size):
		err := fmt.Errorf("%w: %d bytes came of a file of %d", ErrSize, total, r.size)
		r.abort(err, &Error{CodeUndefined, "not the size that was announced"})
		return
	}
	if r.limit > 0 && total >= r.limit {
		data = data[:r.limit-r.bytes]
		r.partial = total > r.limit || !last && total != r.size
	}
	if _, err := r.w.Write(data); err != nil {
		r.abort(err, writeFault(err))
		return
	}
	r.bytes += int64(len(data))
	r.next++
	r.count++
	r.gap = false
	if r.onBlock != nil {
		r.onBlock(r.bytes, r.size)
	}
	switch {
	case last && !r.partial:
		if r.finish != nil {
			if err := r.finish(); err != nil {
				r.abort(err, writeFault(err))
				return
			}
		}
		r.acknowledge()
		r.done = true
	case r.limit > 0 && r.bytes == r.limit:
		r.abort(nil, &Error{CodeUndefined, "that was enough"})
	case r.count >= r.agreed.window:
		r.acknowledge()
	}
}

// missing reacts to a block of the window that came before its turn: one ACK
// tells the sender where to go on (RFC 7440 section 4). The rest of the window
// that is still on its way would only repeat it.
func (r *receiver) missing() {
	if r.gap {
		return
	}
	r.gap = true
	if r.count == 0 {
		r.repeat(OpACK)
	} else {
		r.acknowledge()
	}
}

// acknowledge has the last block that came in order acknowledged.
func (r *receiver) acknowledge() {
	r.pending, r.fresh = OpACK, true
	r.count = 0
}

// repeat sends a packet again that seems to be lost.
func (r *receiver) repeat(op Op) {
	r.pending, r.fresh = op, false
	r.count = 0
	r.retransmits++
}

// Tick takes the time.
func (r *receiver) Tick(now time.Time) {
	if r.done {
		return
	}
	resend, giveUp := r.timer.due(now)
	switch {
	case giveUp && !r.receiving:
		r.done, r.err = true, ErrNoAnswer
	case giveUp:
		r.done, r.err = true, ErrStalled
	case resend && !r.receiving:
		r.repeat(OpRRQ)
	case resend:
		r.repeat(OpACK)
		r.gap = false
	}
}

// AppendNext adds the next packet to b, or reports false when there is nothing
// to send now.
func (r *receiver) AppendNext(now time.Time, b []byte) ([]byte, bool) {
	op := r.pending
	if op == 0 {
		return b, false
	}
	r.pending = 0
	switch op {
	case OpRRQ:
		b = r.request.Append(b)
	case OpACK:
		b = Packet{Op: OpACK, Block: uint16(r.next - 1)}.Append(b)
	case OpERROR:
		b = Packet{Op: OpERROR, Code: r.fault.Code, Message: r.fault.Message}.Append(b)
	}
	r.sentAt = now
	r.timer.sent(now)
	return b, true
}

// abort ends the transfer because of err, nil when that was the intent; the
// server is told fault.
func (r *receiver) abort(err error, fault *Error) {
	if !r.done {
		r.done, r.err, r.fault, r.pending = true, err, fault, OpERROR
	}
}

// writeFault is the ERROR for what could not be written.
func writeFault(err error) *Error {
	var fault *Error
	if errors.As(err, &fault) {
		return fault
	}
	return &Error{CodeDiskFull, "could not write"}
}
