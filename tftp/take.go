package tftp

import (
	"context"
	"fmt"
	"io"
)

// take takes the file that the client sends, or sends an ERROR before any OACK. It
// sets e as give does, and r.dally.
func (r *request) take(ctx context.Context, e *Event, text bool) {
	if r.server.Sink == nil {
		r.refuse(ctx, e, &Error{CodeAccess, "this server takes no files"})
		return
	}
	size, err := r.announced()
	if err != nil {
		r.refuse(ctx, e, err)
		return
	}
	agreed, oack, err := negotiate(r.packet.Options, size, r.limits())
	if err != nil {
		r.refuse(ctx, e, err)
		return
	}
	name, err := r.name(e)
	if err != nil {
		r.refuse(ctx, e, err)
		return
	}
	upload, err := r.server.Sink.Create(name, r.client, size)
	if err != nil {
		r.refuse(ctx, e, err)
		return
	}
	e.Size, e.BlockSize, e.Window = size, agreed.blockSize, agreed.window
	c, err := r.uploadCarrier(ctx, agreed)
	if err != nil {
		upload.Abort()
		e.Kind, e.Err = EventDropped, fmt.Errorf("open a socket for the transfer: %w", err)
		return
	}
	var w io.Writer = upload
	committed := false
	finish := func() error {
		committed = true
		return upload.Commit()
	}
	if text {
		ascii := &netASCIIWriter{w: upload}
		w, size = ascii, -1 // the file's, and not that of what comes
		commit := finish
		finish = func() error {
			if err := ascii.finish(); err != nil {
				return err
			}
			return commit()
		}
	}
	m := newTaker(w, size, agreed, oack, r.server.timer(agreed), finish)
	err = r.run(ctx, c, m)
	if !committed {
		upload.Abort()
	}
	e.Bytes, e.Blocks, e.Retransmits = m.bytes, m.next-1, m.retransmits
	if m.done && m.err == nil { // whatever the socket says about the last ACK
		e.Kind, e.Size = EventDone, m.bytes
		r.dally = func(ctx context.Context) {
			_ = c.run(ctx, &dallier{last: uint16(e.Blocks)})
			c.Close()
		}
		return
	}
	c.Close()
	e.Kind, e.Err = EventFailed, err
}

// announced is the size that the client told (tsize, RFC 2349), -1 if it did not.
func (r *request) announced() (int64, error) {
	value, ok := findOption(r.packet.Options, optSize)
	if !ok {
		return -1, nil
	}
	size, err := (Option{optSize, value}).number(0, 1<<62)
	if err != nil {
		return 0, &Error{CodeOption, err.Error()}
	}
	return size, nil
}

// uploadCarrier opens the socket of an upload. Its driver is the portable one: a
// disk that lets one upload wait must not stop a loop that works for others.
func (r *request) uploadCarrier(ctx context.Context, agreed terms) (carrier, error) {
	c, err := r.listen(ctx)
	if err != nil {
		return nil, err
	}
	return newDriver(c, r.client, true, headerSize+agreed.blockSize, maxOptions), nil
}
