package wire

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
)

// maxQEMUFrame is the largest frame that QEMU's network code handles
// (NET_BUFSIZE in its include/net/net.h); more is not its framing.
const maxQEMUFrame = 4096 + 65536

// qemuBatch is how many bytes of frames go into one write when they queue up.
const qemuBatch = 64 << 10

// ServeQEMU plugs a virtual machine into the switch until ctx ends or the peer
// hangs up at the end of a frame, both without error. Conn speaks the framing of
// QEMU's "-netdev stream": four bytes of length in network order, then the frame
// (QEMU's net/stream.c). It is closed on return. The name is for people.
func (s *Switch) ServeQEMU(ctx context.Context, conn net.Conn, name string) error {
	port := s.Port(name)
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()

	sent := make(chan error, 1)
	go func() {
		err := port.writeQEMU(conn)
		if err != nil {
			conn.Close()
		}
		sent <- err
	}()
	err := port.readQEMU(conn)
	port.Close()
	conn.Close()
	if sendErr := <-sent; sendErr != nil {
		err = sendErr // reading then failed only because of it
	}
	if err == nil || ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("wire: QEMU on port %s: %w", name, err)
}

// readQEMU puts the machine's frames on the wire until a clean end.
func (p *Port) readQEMU(r io.Reader) error {
	br := bufio.NewReaderSize(r, qemuBatch)
	var length [4]byte
	data := make([]byte, maxFrame)
	for {
		if got, err := io.ReadFull(br, length[:]); got == 0 && hungUp(err) {
			return nil
		} else if err != nil {
			return fmt.Errorf("length of a frame: %w", err)
		}
		n := binary.BigEndian.Uint32(length[:])
		if n > maxQEMUFrame {
			return fmt.Errorf("%d bytes: %w", n, ErrFrameSize)
		}
		keep := min(int(n), maxFrame)
		_, err := io.ReadFull(br, data[:keep])
		if err == nil && int(n) > keep {
			_, err = br.Discard(int(n) - keep)
		}
		if err != nil {
			return fmt.Errorf("frame of %d bytes: %w", n, noEOF(err))
		}
		if int(n) > keep {
			p.refused.Add(1)
			continue
		}
		if err := p.WriteFrame(data[:n]); err != nil && !errors.Is(err, ErrFrameSize) {
			return err
		}
	}
}

// hungUp says that the peer is gone: a machine that ends with frames unread
// resets its connection.
func hungUp(err error) bool {
	return err == io.EOF || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, net.ErrClosed)
}

// noEOF says that an end is too early.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// writeQEMU gives the machine its frames until the port closes or the machine
// is gone.
func (p *Port) writeQEMU(w io.Writer) error {
	bw := bufio.NewWriterSize(w, qemuBatch)
	for {
		var f *frame
		select {
		case f = <-p.queue:
		case <-p.done:
			return nil
		}
		for f != nil {
			p.encodeQEMU(bw, f)
			select {
			case f = <-p.queue:
			default:
				f = nil
			}
		}
		if err := bw.Flush(); hungUp(err) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// encodeQEMU pads a short frame as the card that sends it would: on a wire
// there is none. An error stays with w for its Flush.
func (p *Port) encodeQEMU(w *bufio.Writer, f *frame) {
	if f.n < minFrame {
		clear(f.data[f.n:minFrame])
		f.n = minFrame
	}
	w.Write(binary.BigEndian.AppendUint32(w.AvailableBuffer(), uint32(f.n)))
	w.Write(f.data[:f.n])
	p.sw.frames.Put(f)
}
