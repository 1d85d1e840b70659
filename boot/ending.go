package boot

import (
	"bufio"
	"bytes"
	"io"
)

// Ending watches an initrd go by and tells whether it ends in the middle of an
// archive. An initrd is several of those, one after the other with zeros
// between them, each packed or not (Linux
// Documentation/driver-api/early-userspace/buffer-format.rst); only the last
// one's own format says where it ends. Close must be called. An Ending belongs
// to one goroutine.
type Ending struct {
	w      *io.PipeWriter
	inside chan string
}

// NewEnding is an Ending that waits for the first byte.
func NewEnding() *Ending {
	r, w := io.Pipe()
	e := &Ending{w, make(chan string, 1)}
	go func() {
		e.inside <- endsInside(bufio.NewReader(r))
		r.Close() // the rest of the file is of no interest
	}()
	return e
}

// Write takes the next bytes of the file. It never fails.
func (e *Ending) Write(p []byte) (int, error) {
	e.w.Write(p) // an error is a reader that knows enough
	return len(p), nil
}

// Close ends the file. It gives the format of the archive that the file breaks
// off in: "gzip", "xz", "zstd", "lz4" or "cpio". "" is a file that is whole, or
// of another format or damaged, which this does not judge.
func (e *Ending) Close() (inside string) {
	e.w.Close()
	return <-e.inside
}

// archive is a format whose end can be told.
type archive struct {
	magic, name string
	// cut reads an archive from its magic on, and no byte more. next is false
	// when nothing can be said about what follows.
	cut func(r *bufio.Reader) (cut, next bool)
}

var archives = []archive{
	{"\x1F\x8B", "gzip", gzipCut},
	{"\x28\xB5\x2F\xFD", "zstd", zstdCut},
	{"\x02\x21\x4C\x18", "lz4", lz4Cut},
	{xzMagic, "xz", xzCut},
	{"070701", "cpio", cpioCut},
	{"070702", "cpio", cpioCut},
}

// endsInside reads a file to where it can be judged no further.
func endsInside(r *bufio.Reader) string {
	for skipZeros(r) {
		head, _ := r.Peek(6)
		name, next := "", false
		for _, a := range archives {
			if !bytes.HasPrefix(head, []byte(a.magic)) {
				continue
			}
			var cut bool
			if cut, next = a.cut(r); cut {
				name = a.name
			}
			break
		}
		if !next || name != "" {
			return name
		}
	}
	return ""
}

// skipZeros reports whether anything is behind the zeros.
func skipZeros(r *bufio.Reader) bool {
	for {
		b, err := r.ReadByte()
		if err != nil {
			return false
		}
		if b != 0 {
			r.UnreadByte()
			return true
		}
	}
}
