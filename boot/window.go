package boot

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
)

// headSize is how much of a file is looked at before anything is known.
const headSize = 64 << 10

// readLimit bounds what one IdentifyFile reads. Boot programs are smaller than
// that; for a larger file the marks in its first megabytes have to do.
const readLimit = 4 << 20

// window is a file of which only some bytes may be at hand: the head of a
// download, or a file on disk. Reading outside what is there gives less, never
// an error, so every reader checks lengths and nothing else.
type window struct {
	r    io.ReaderAt
	size int64
	head []byte
	left int64 // bytes that may still be read
}

func newWindow(r io.ReaderAt, size int64) *window {
	w := &window{r: r, size: size, left: readLimit}
	w.head = w.read(0, headSize)
	return w
}

// read gives up to n bytes from off, fewer where the file or the budget ends.
func (w *window) read(off int64, n int) []byte {
	if off < 0 || n <= 0 || off >= w.size {
		return nil
	}
	n = int(min(int64(n), w.size-off, w.left))
	if n == 0 {
		return nil
	}
	b := make([]byte, n)
	got, _ := w.r.ReadAt(b, off) // a short read is a short head
	w.left -= int64(got)
	return b[:got]
}

// at gives exactly n bytes from off, or nil.
func (w *window) at(off int64, n int) []byte {
	if off >= 0 && off <= int64(len(w.head)) && int64(n) <= int64(len(w.head))-off {
		return w.head[off : off+int64(n)]
	}
	if b := w.read(off, n); len(b) == n {
		return b
	}
	return nil
}

// has reports whether mark stands at off.
func (w *window) has(off int64, mark string) bool {
	return string(w.at(off, len(mark))) == mark
}

// u16, u32 and u64 read little-endian numbers; 0 outside the file.
func (w *window) u16(off int64) uint16 {
	if b := w.at(off, 2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (w *window) u32(off int64) uint32 {
	if b := w.at(off, 4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (w *window) u64(off int64) uint64 {
	if b := w.at(off, 8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// search looks through the file, as far as the budget goes, for the first of
// some marks. It gives the index of the mark and the bytes from there on, at
// most tail of them beyond it; -1 when there is none.
func (w *window) search(tail int, marks ...string) (int, []byte) {
	const step = 256 << 10
	keep := tail
	for _, m := range marks {
		keep = max(keep, len(m)+tail)
	}
	var carry []byte
	for off := int64(0); off < w.size; off += step {
		chunk := w.read(off, step)
		if len(chunk) == 0 {
			break
		}
		buf := append(carry, chunk...)
		for i, m := range marks {
			if at := bytes.Index(buf, []byte(m)); at >= 0 {
				return i, buf[at:min(len(buf), at+len(m)+tail)]
			}
		}
		carry = bytes.Clone(buf[max(0, len(buf)-keep):])
	}
	return -1, nil
}

// printable is the text at the start of b: ASCII up to the first byte that is
// not, at most limit bytes, trimmed. Names and versions from files pass here
// before anybody prints them.
func printable(b []byte, limit int) string {
	n := 0
	for n < len(b) && n < limit && b[n] >= ' ' && b[n] <= '~' {
		n++
	}
	return strings.TrimSpace(string(b[:n]))
}
