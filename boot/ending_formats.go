package boot

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"strconv"
)

// unpackLimit bounds what is unpacked of one archive, in bytes: a few megabytes
// can pretend to be terabytes, and a machine has to hold its initrd in memory.
const unpackLimit = 2 << 30

// gzipCut unpacks: nothing else tells where the data ends (RFC 1952).
func gzipCut(r *bufio.Reader) (cut, next bool) {
	z, err := gzip.NewReader(r)
	if err == nil {
		z.Multistream(false)
		_, err = io.CopyN(io.Discard, z, unpackLimit)
	}
	return errors.Is(err, io.ErrUnexpectedEOF), err == io.EOF
}

// zstdCut goes from block to block of a frame (RFC 8878 section 3.1.1).
func zstdCut(r *bufio.Reader) (cut, next bool) {
	b := take(r, 5)
	if b == nil {
		return true, false
	}
	flags := b[4]
	single, checksum := flags&0x20 != 0, flags&0x04 != 0
	header := []int{0, 1, 2, 4}[flags&3] + []int{0, 2, 4, 8}[flags>>6] // dictionary, content size
	switch {
	case !single:
		header++ // the window
	case flags>>6 == 0:
		header++ // a content size of one byte
	}
	ok := skip(r, header)
	for last := false; ok && !last; {
		if b = take(r, 3); b == nil {
			return true, false
		}
		block := int(b[0]) | int(b[1])<<8 | int(b[2])<<16
		last = block&1 != 0
		switch block >> 1 & 3 {
		case 1: // one byte, so many times
			ok = skip(r, 1)
		case 3:
			return false, false
		default:
			ok = skip(r, block>>3)
		}
	}
	if ok && checksum {
		ok = skip(r, 4)
	}
	return !ok, ok
}

// lz4Cut goes from block to block of the legacy format, the one that kernels
// read. It has no mark at its end: a file that ends between two blocks is taken
// for whole.
func lz4Cut(r *bufio.Reader) (cut, next bool) {
	const largest = 8<<20 + 8<<20/255 + 16 // a packed block of 8 MiB
	skip(r, 4)
	for {
		b, err := r.Peek(4)
		if len(b) < 4 {
			return err == io.EOF && len(bytes.Trim(b, "\x00")) > 0, false
		}
		n := binary.LittleEndian.Uint32(b)
		if n == 0 || n > largest { // padding, or another archive
			return false, true
		}
		if !skip(r, 4+int(n)) {
			return true, false
		}
	}
}

const xzMagic = "\xFD7zXZ\x00"

// xzCut looks at the end of the file: "YZ", and zeros behind it (xz file format
// section 2.1.2). Where a stream ends before that only unpacking would tell; a
// "YZ" with the beginning of another archive behind it is taken for an end.
func xzCut(r *bufio.Reader) (cut, next bool) {
	const keep = 4096 // zeros that are looked through
	following := []string{"YZ\x1F\x8B\x08", "YZ\x28\xB5\x2F\xFD", "YZ07070", "YZ" + xzMagic}
	var tail []byte
	buf := make([]byte, 64<<10)
	for {
		n, err := r.Read(buf)
		tail = append(tail, buf[:n]...)
		for _, mark := range following {
			if bytes.Contains(tail, []byte(mark)) {
				return false, false
			}
		}
		tail = append(tail[:0], tail[max(0, len(tail)-keep):]...)
		if err != nil {
			end := bytes.TrimRight(tail, "\x00")
			return len(end) > 0 && !bytes.HasSuffix(end, []byte("YZ")), false
		}
	}
}

// cpioCut goes from member to member, as far as the one that marks the end.
// Headers and data are filled up to four bytes, from the archive's beginning.
func cpioCut(r *bufio.Reader) (cut, next bool) {
	const (
		header  = 110
		trailer = "TRAILER!!!\x00"
	)
	for {
		h := take(r, header)
		if h == nil {
			return true, false
		}
		size, err := strconv.ParseUint(string(h[54:62]), 16, 31)
		if err != nil || string(h[:5]) != "07070" {
			return false, false
		}
		length, err := strconv.ParseUint(string(h[94:102]), 16, 31)
		if err != nil || length > 4096 {
			return false, false
		}
		name := take(r, int(length))
		if name == nil {
			return true, false
		}
		if string(name) == trailer {
			return false, true // zeros follow
		}
		fill := func(n uint64) int { return int(-n & 3) }
		if !skip(r, fill(header+length)) || !skip(r, int(size)) || !skip(r, fill(size)) {
			return true, false
		}
	}
}

// take reads exactly n bytes, nil when there are fewer.
func take(r io.Reader, n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil
	}
	return b
}

// skip passes over n bytes, and reports whether there were so many.
func skip(r *bufio.Reader, n int) bool {
	got, _ := r.Discard(n)
	return got == n
}
