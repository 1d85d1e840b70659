package tftp

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/pin/tftp/v3/netascii"
)

const (
	// maxNetASCII bounds the files that are converted, because to know the size
	// beforehand each must be read twice. The mode is for text.
	maxNetASCII = 64 << 20
	// markInterval is how far the conversion goes back at most when blocks are
	// sent again.
	markInterval = 256 << 10
)

// netASCIIFile shows a file as netascii (RFC 764 as RFC 1350 cites it: LF
// becomes CR LF, CR becomes CR NUL). Its Size is that of the converted text, so
// that tsize tells the truth, and it can be read anywhere, so that blocks can be
// sent again.
type netASCIIFile struct {
	File
	size  int64
	marks []int64 // the converted offset of every markInterval bytes of File

	converted io.Reader // where the last ReadAt ended ...
	offset    int64     // ... and its converted offset
}

// newNetASCIIFile reads f once to measure it.
func newNetASCIIFile(f File) (*netASCIIFile, error) {
	if f.Size() > maxNetASCII {
		return nil, &Error{CodeUndefined, "file too large for netascii: ask for it in octet mode"}
	}
	a := &netASCIIFile{File: f}
	buf := make([]byte, 32<<10)
	for raw := int64(0); raw < f.Size(); {
		if raw%markInterval == 0 {
			a.marks = append(a.marks, a.size)
		}
		b := buf[:min(int64(len(buf)), f.Size()-raw)]
		if n, err := f.ReadAt(b, raw); n < len(b) {
			if err == io.EOF {
				err = ErrChanged
			}
			return nil, err
		}
		raw += int64(len(b))
		a.size += int64(len(b) + bytes.Count(b, []byte{'\n'}) + bytes.Count(b, []byte{'\r'}))
	}
	return a, nil
}

func (a *netASCIIFile) Size() int64   { return a.size }
func (a *netASCIIFile) MayWait() bool { return MayWait(a.File) }

// ReadAt goes on where the last one ended, or starts again at the mark before.
func (a *netASCIIFile) ReadAt(p []byte, off int64) (int, error) {
	if a.converted == nil || off < a.offset {
		mark := len(a.marks) - 1
		for mark > 0 && a.marks[mark] > off {
			mark--
		}
		if mark < 0 {
			return 0, io.EOF
		}
		raw := int64(mark) * markInterval
		section := io.NewSectionReader(a.File, raw, a.File.Size()-raw)
		a.converted = netascii.ToReader(bufio.NewReaderSize(section, chunkSize))
		a.offset = a.marks[mark]
	}
	skipped, err := io.CopyN(io.Discard, a.converted, off-a.offset)
	a.offset += skipped
	if err != nil {
		return 0, err
	}
	n, err := io.ReadFull(a.converted, p)
	a.offset += int64(n)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return n, err
}

// netASCIIWriter takes netascii and writes it to w as this host writes text: CR
// LF becomes LF, CR NUL becomes CR. A CR before anything else stands for itself.
type netASCIIWriter struct {
	w  io.Writer
	b  []byte // for what one Write has to write
	cr bool   // the last byte was a CR, which the next one decides
}

func (a *netASCIIWriter) Write(p []byte) (int, error) {
	a.b = a.b[:0]
	for _, c := range p {
		if a.cr && c != '\n' {
			a.b = append(a.b, '\r')
		}
		if !(a.cr && c == 0) && c != '\r' {
			a.b = append(a.b, c)
		}
		a.cr = c == '\r'
	}
	_, err := a.w.Write(a.b)
	return len(p), err
}

// finish writes a CR at the very end.
func (a *netASCIIWriter) finish() error {
	if !a.cr {
		return nil
	}
	a.cr = false
	_, err := a.w.Write([]byte{'\r'})
	return err
}
