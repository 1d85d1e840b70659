package archive

import (
	"errors"
	"io"
	"slices"
	"sync"
)

// historySize is how far, at least, an inflated file can be read backwards without being
// inflated again from its beginning: a TFTP window of 64 blocks of 1468 bytes,
// and what the reader reads ahead.
const historySize = 160 << 10

// inflated reads a stream of size bytes anywhere. Forwards and a little
// backwards is cheap; further back begins again. Reading the last byte checks the
// checksum of all.
type inflated struct {
	open func() (io.ReadCloser, error)
	size int64

	mu      sync.Mutex
	stream  io.ReadCloser // nil before the first read and after an error
	next    int64         // offset of the stream
	history []byte        // what came before next
}

func (f *inflated) ReadAt(p []byte, off int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if off < 0 || off >= f.size {
		return 0, io.EOF
	}
	short := int64(len(p)) > f.size-off
	if short {
		p = p[:f.size-off]
	}
	n, err := f.read(p, off)
	if err == nil && short {
		err = io.EOF
	}
	return n, err
}

func (f *inflated) read(p []byte, off int64) (int, error) {
	if f.stream == nil || off < f.next-int64(len(f.history)) {
		if err := f.restart(); err != nil {
			return 0, err
		}
	}
	n := 0
	if back := f.next - off; back > 0 {
		n = copy(p, f.history[int64(len(f.history))-back:])
	}
	for f.next < off {
		if err := f.advance(make([]byte, min(off-f.next, 32<<10))); err != nil {
			return 0, err
		}
	}
	for n < len(p) {
		step := p[n:min(len(p), n+historySize)]
		if err := f.advance(step); err != nil {
			return n, err
		}
		n += len(step)
	}
	return n, nil
}

// restart goes back to the beginning.
func (f *inflated) restart() error {
	f.stop()
	stream, err := f.open()
	if err != nil { // io.EOF among others, of an entry behind the end of the archive
		return formatf("%v", err)
	}
	f.stream = stream
	return nil
}

func (f *inflated) stop() {
	if f.stream != nil {
		f.stream.Close()
	}
	f.stream, f.next, f.history = nil, 0, f.history[:0]
}

// advance reads the next bytes, and remembers them. At the end of the file it
// waits for what the stream says of the whole.
func (f *inflated) advance(p []byte) error {
	_, err := io.ReadFull(f.stream, p)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err == nil && f.next+int64(len(p)) == f.size {
		var none [1]byte
		switch _, err = io.ReadFull(f.stream, none[:]); {
		case err == io.EOF:
			err = nil
		case err == nil:
			err = formatf("a file longer than it says")
		}
	}
	if err != nil {
		f.stop()
		return err
	}
	f.next += int64(len(p))
	if f.history = append(f.history, p...); len(f.history) > 2*historySize {
		f.history = slices.Delete(f.history, 0, len(f.history)-historySize)
	}
	return nil
}
