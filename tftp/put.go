package tftp

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Put sends a file of size bytes to a server that takes uploads (WRQ). A tsize
// among req.Options should be that size: then the server can refuse at once
// what it has no room for. When Put returns nil, the server has acknowledged the
// last block. The error is as for Get, of which a server's *Error with code 3
// says that its disk is full and code 6 that it overwrites nothing.
func (c *Client) Put(ctx context.Context, req Request, file io.ReaderAt, size int64) (Transfer, error) {
	start := time.Now()
	u := &uploader{file: file, size: size, timer: req.timer(c), onBlock: req.Progress}
	u.timer.floor = senderFloor
	var result Transfer
	var err error
	if u.request, err = req.packet(OpWRQ); err == nil {
		result.Peer, err = c.run(ctx, req, u, maxOptions, max(maxRequest, headerSize+req.blockSize()))
	}
	result.Asked, result.Options, result.Size = req.Options, u.answered, size
	result.Duration = time.Since(start)
	result.Retransmits = u.retransmits
	if s := u.sender; s != nil {
		result.BlockSize, result.Window = int(s.blockSize), int(s.window)
		result.Bytes, result.Blocks = s.delivered(), s.base
		result.Retransmits += s.retransmits
	}
	if err != nil {
		err = fmt.Errorf("tftp: put %q to %v: %w", req.Name, req.Server, err)
	}
	return result, err
}

// uploader is the end of a transfer that asks a server to take a file: it asks
// until there is an answer, and is a sender from then on.
type uploader struct {
	request Packet
	file    io.ReaderAt
	size    int64
	timer   timer
	onBlock func(done, total int64)

	sender   *sender  // nil before the server's answer
	answered []Option // the OACK, nil when there was none

	pending     bool // the request is to be sent
	sentAt      time.Time
	retransmits int64
	fault       *Error // an ERROR still to be sent
	done        bool
	err         error
}

// Start begins the transfer.
func (u *uploader) Start(now time.Time) {
	u.timer.progress = now
	u.pending = true
}

// Done reports whether the transfer has ended and all is said.
func (u *uploader) Done() bool {
	if u.sender != nil {
		return u.sender.Done()
	}
	return u.done && u.fault == nil
}

// Err is nil after a transfer whose last block was acknowledged.
func (u *uploader) Err() error {
	switch {
	case u.sender == nil:
		return u.err
	case u.sender.err == ErrNoAnswer: // it has answered the request
		return ErrStalled
	}
	return u.sender.err
}

// Deadline is when Tick wants to be called, if no packet comes before.
func (u *uploader) Deadline() time.Time {
	if u.sender != nil {
		return u.sender.Deadline()
	}
	return u.timer.deadline
}

// Packet takes a packet from the server.
func (u *uploader) Packet(now time.Time, p Packet) {
	if s := u.sender; s != nil {
		if p.Op == OpOACK { // once more: DATA 1 was lost, or is on its way
			p = Packet{Op: OpACK}
		}
		before := s.base
		s.Packet(now, p)
		if s.base > before && u.onBlock != nil {
			u.onBlock(s.delivered(), u.size)
		}
		return
	}
	if u.done {
		return
	}
	switch {
	case p.Op == OpERROR:
		u.done, u.err = true, &Error{p.Code, p.Message}
	case p.Op == OpACK && p.Block == 0: // RFC 1350 as it was
		u.begin(now, plainTerms())
	case p.Op == OpOACK:
		agreed, _, err := accept(u.request.Options, p.Options)
		if err != nil {
			u.done, u.err = true, fmt.Errorf("%w: OACK: %w", ErrProtocol, err)
			u.fault = &Error{CodeOption, err.Error()}
			return
		}
		u.answered = append([]Option{}, p.Options...)
		u.timer.agree(agreed.interval)
		u.begin(now, agreed)
	}
}

// begin sends the file on these terms.
func (u *uploader) begin(now time.Time, agreed terms) {
	if u.retransmits == 0 {
		u.timer.sample(now.Sub(u.sentAt))
	}
	u.timer.moved(now)
	u.sender = newSender(u.file, u.size, agreed, nil, u.timer)
}

// Tick takes the time.
func (u *uploader) Tick(now time.Time) {
	if u.sender != nil {
		u.sender.Tick(now)
		return
	}
	if u.done {
		return
	}
	resend, giveUp := u.timer.due(now)
	switch {
	case giveUp:
		u.done, u.err = true, ErrNoAnswer
	case resend:
		u.pending = true
		u.retransmits++
	}
}

// AppendNext adds the next packet to b, or reports false when there is nothing
// to send now.
func (u *uploader) AppendNext(now time.Time, b []byte) ([]byte, bool) {
	switch {
	case u.sender != nil:
		return u.sender.AppendNext(now, b)
	case u.fault != nil:
		b = Packet{Op: OpERROR, Code: u.fault.Code, Message: u.fault.Message}.Append(b)
		u.fault = nil
		return b, true
	case u.pending:
		u.pending = false
		u.sentAt = now
		u.timer.sent(now)
		return u.request.Append(b), true
	}
	return b, false
}
