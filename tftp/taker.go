package tftp

import (
	"io"
	"time"
)

// taker is the end of a transfer that takes a file which a client sends (WRQ): a
// receiver that says first, by an OACK or by ACK 0, on what terms.
type taker struct{ *receiver }

// newTaker prepares to write to w a file of size bytes, -1 if that is not known.
// oack is nil when the peer asked for nothing that we know. finish is that of
// receiver.
func newTaker(w io.Writer, size int64, agreed terms, oack []Option, t timer, finish func() error) taker {
	opening := Packet{Op: OpACK}
	if oack != nil {
		opening = Packet{Op: OpOACK, Options: oack}
	}
	r := newReceiver(opening, w, t)
	r.size, r.agreed, r.finish = size, agreed, finish
	return taker{r}
}

// Packet takes a packet from the client.
func (t taker) Packet(now time.Time, p Packet) {
	switch p.Op {
	case OpOACK: // ours to send
	case OpWRQ:
		t.request(now)
	default:
		t.receiver.Packet(now, p)
	}
}

// request takes a copy of the request, for which the same holds as for sender.
func (t taker) request(now time.Time) {
	switch {
	case t.done:
	case !t.receiving:
		if now.Sub(t.sentAt) >= senderFloor {
			t.repeat(OpRRQ)
		}
	case now.Sub(t.timer.progress) > restartSilence:
		t.done, t.err = true, errRestarted
	}
}

// dallyTime is how long a client may repeat the last block because the ACK of it
// was lost (RFC 1350 section 6): two tries of those that wait longest, 5 s.
const dallyTime = 11 * time.Second

// dallier is what stays of a taker, to acknowledge the last block again.
type dallier struct {
	last     uint16 // block
	deadline time.Time
	pending  bool
	done     bool
}

// Start begins the wait.
func (d *dallier) Start(now time.Time) { d.deadline = now.Add(dallyTime) }

// Packet takes a packet from the client, which may as well begin anew.
func (d *dallier) Packet(_ time.Time, p Packet) {
	switch p.Op {
	case OpDATA:
		d.pending = d.pending || p.Block == d.last
	case OpWRQ, OpERROR:
		d.done = true
	}
}

// Tick takes the time.
func (d *dallier) Tick(now time.Time) { d.done = d.done || !now.Before(d.deadline) }

// Deadline is the end of the wait.
func (d *dallier) Deadline() time.Time { return d.deadline }

// AppendNext adds the ACK to b when it is asked for.
func (d *dallier) AppendNext(_ time.Time, b []byte) ([]byte, bool) {
	if !d.pending {
		return b, false
	}
	d.pending = false
	return Packet{Op: OpACK, Block: d.last}.Append(b), true
}

// Done reports whether the wait is over.
func (d *dallier) Done() bool { return d.done }

// Err is nil: the file is there.
func (d *dallier) Err() error { return nil }
