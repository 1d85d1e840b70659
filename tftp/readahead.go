package tftp

import (
	"fmt"
	"io"
)

// chunkSize is how much of a file is read at once. It is the memory that a
// transfer needs beside one block, and spares a system call for most blocks.
const chunkSize = 16 << 10

// readAhead reads a file of known size in order, with short steps back when
// blocks are sent again.
type readAhead struct {
	file  io.ReaderAt
	size  int64
	chunk []byte // what the file holds at offset
	off   int64
}

// append adds the n bytes at off to b, fewer at the end of the file.
func (r *readAhead) append(b []byte, off int64, n int) ([]byte, error) {
	n = int(min(int64(n), r.size-off))
	if off < r.off || off+int64(n) > r.off+int64(len(r.chunk)) {
		if err := r.fill(off, n); err != nil {
			return b, err
		}
	}
	return append(b, r.chunk[off-r.off:][:n]...), nil
}

// fill reads the chunk that starts at off and holds at least n bytes.
func (r *readAhead) fill(off int64, n int) error {
	want := int(min(int64(max(n, chunkSize)), r.size-off))
	if cap(r.chunk) < want {
		r.chunk = make([]byte, want)
	}
	r.chunk, r.off = r.chunk[:want], off
	got, err := r.file.ReadAt(r.chunk, off)
	if got < want {
		r.chunk = r.chunk[:0]
		if err == nil || err == io.EOF {
			err = fmt.Errorf("%w: it ends at byte %d of %d", ErrChanged, off+int64(got), r.size)
		}
		return err
	}
	if err != nil && err != io.EOF {
		r.chunk = r.chunk[:0]
		return err
	}
	return nil
}
