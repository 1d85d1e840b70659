package archive

import (
	"encoding/binary"
	"io"
	"io/fs"
	"time"
)

// The flags of a record (ECMA-119 section 9.1.6).
const (
	flagDir        = 0x02
	flagAssociated = 0x04
	flagMore       = 0x80 // another record with a further part of the file follows
)

// rawRecord is a directory record as it is in the image (section 9.1).
type rawRecord struct {
	attributeBlocks uint8 // before the data
	block, size     uint32
	modTime         time.Time
	flags           uint8
	unitSize, gap   uint8
	name            string
	systemUse       []byte
}

// parseRecord reads the record at the beginning of b.
func parseRecord(b []byte) (rawRecord, error) {
	if len(b) < 33 || int(b[0]) > len(b) || b[0] < 33 {
		return rawRecord{}, formatf("a directory record cut short")
	}
	b = b[:b[0]]
	nameEnd := 33 + int(b[32])
	if nameEnd > len(b) {
		return rawRecord{}, formatf("a name longer than its directory record")
	}
	r := rawRecord{
		attributeBlocks: b[1],
		block:           binary.LittleEndian.Uint32(b[2:]),
		size:            binary.LittleEndian.Uint32(b[10:]),
		modTime:         recordTime(b[18:25]),
		flags:           b[25],
		unitSize:        b[26],
		gap:             b[27],
		name:            string(b[33:nameEnd]),
	}
	if nameEnd%2 == 1 {
		nameEnd++ // to an even place
	}
	if nameEnd < len(b) {
		r.systemUse = b[nameEnd:]
	}
	return r, nil
}

// recordTime reads the seven bytes of section 9.1.5.
func recordTime(b []byte) time.Time {
	zone := time.FixedZone("", int(int8(b[6]))*15*60)
	return time.Date(1900+int(b[0]), time.Month(b[1]), int(b[2]), int(b[3]), int(b[4]), int(b[5]), 0, zone)
}

// extents are the parts of a file, one after the other.
type extents struct {
	r     io.ReaderAt
	parts []extent
}

type extent struct{ offset, size int64 }

func (e extents) size() int64 {
	var n int64
	for _, part := range e.parts {
		n += part.size
	}
	return n
}

// within tells whether all of it lies in the first size bytes.
func (e extents) within(size int64) bool {
	for _, part := range e.parts {
		if part.offset+part.size > size {
			return false
		}
	}
	return true
}

func (e extents) ReadAt(p []byte, off int64) (n int, err error) {
	for _, part := range e.parts {
		if off >= part.size {
			off -= part.size
			continue
		}
		want := min(int64(len(p)-n), part.size-off)
		got, err := e.r.ReadAt(p[n:n+int(want)], part.offset+off)
		n += got
		if int64(got) < want {
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return n, err
		}
		if n == len(p) {
			return n, nil
		}
		off = 0
	}
	return n, io.EOF
}

// record is an entry of a directory.
type record struct {
	name    string
	mode    fs.FileMode
	modTime time.Time
	extents extents
	link    string // where a symbolic link points to
	strange string // why it cannot be read
}

// recordInfo is a record under the name by which it was opened.
type recordInfo struct {
	*record
	as string
}

func (i recordInfo) Name() string               { return i.as }
func (i recordInfo) Size() int64                { return i.extents.size() }
func (i recordInfo) Mode() fs.FileMode          { return i.mode }
func (i recordInfo) Type() fs.FileMode          { return i.mode.Type() }
func (i recordInfo) ModTime() time.Time         { return i.modTime }
func (i recordInfo) IsDir() bool                { return i.mode.IsDir() }
func (i recordInfo) Sys() any                   { return nil }
func (i recordInfo) Info() (fs.FileInfo, error) { return i, nil }

// isoDir is an open directory.
type isoDir struct {
	info    fs.FileInfo
	entries []*record
}

func (d *isoDir) Stat() (fs.FileInfo, error) { return d.info, nil }
func (d *isoDir) Close() error               { return nil }
func (d *isoDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.info.Name(), Err: fs.ErrInvalid}
}

// ReadDir implements fs.ReadDirFile.
func (d *isoDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n > 0 && len(d.entries) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(d.entries) {
		n = len(d.entries)
	}
	list := make([]fs.DirEntry, n)
	for i, r := range d.entries[:n] {
		list[i] = recordInfo{r, r.name}
	}
	d.entries = d.entries[n:]
	return list, nil
}
