package archive

import (
	"encoding/binary"
	"io"
	"io/fs"
	"strings"
)

// maxContinuations bounds how often a record's system use goes on elsewhere.
const maxContinuations = 16

// findRockRidge looks at the root's own record, whose system use begins with SP
// where there are further entries (SUSP 5.3), and has a PX with Rock Ridge.
func (t *isoTree) findRockRidge() error {
	b := make([]byte, min(t.root.extents.size(), 255))
	if _, err := t.root.extents.ReadAt(b, 0); err != nil && err != io.EOF {
		return formatf("no root directory: %v", err)
	}
	self, err := parseRecord(b)
	if err != nil {
		return err
	}
	sp := self.systemUse
	if len(sp) < 7 || string(sp[:2]) != "SP" || sp[4] != 0xBE || sp[5] != 0xEF {
		return nil
	}
	t.suspSkip = int(sp[6])
	return t.systemUse(sp, func(signature string, _ []byte) {
		t.rockRidge = t.rockRidge || signature == "PX"
	})
}

// addRockRidge adds to r what its system use tells. hidden says that the entry is
// a directory that was moved, and shows up in its right place.
func (t *isoTree) addRockRidge(r *record, systemUse []byte) (hidden bool, err error) {
	var link strings.Builder
	linkMore := false // the last component goes on in the next
	err = t.systemUse(systemUse[min(t.suspSkip, len(systemUse)):], func(signature string, b []byte) {
		switch {
		case signature == "NM" && len(b) >= 1 && b[0]&0x06 == 0: // not "." and ".."
			r.name += string(b[1:])
		case signature == "PX" && len(b) >= 4:
			r.mode = unixMode(binary.LittleEndian.Uint32(b), r.mode)
		case signature == "SL" && len(b) >= 1:
			linkMore = addLink(&link, b[1:], linkMore)
		case signature == "RE":
			hidden = true
		case signature == "ZF":
			r.strange = "a file that zisofs compressed"
		case signature == "CL" && len(b) >= 4: // a directory that was moved
			at := int64(binary.LittleEndian.Uint32(b)) * t.blockSize
			r.mode = fs.ModeDir | 0o555
			r.extents.parts = []extent{{at, t.dirSize(at)}}
		}
	})
	if r.mode.Type() == fs.ModeSymlink {
		r.link = link.String()
		if r.link == "" {
			r.strange = "a symbolic link to nowhere"
		}
	}
	return hidden, err
}

// unixMode is a mode as PX has it. What is a directory is known from the record.
func unixMode(unix uint32, mode fs.FileMode) fs.FileMode {
	if mode.IsDir() {
		return mode
	}
	mode = fs.FileMode(unix & 0o777)
	switch unix & 0o170000 {
	case 0o100000:
	case 0o120000:
		mode |= fs.ModeSymlink
	default:
		mode |= fs.ModeIrregular
	}
	return mode
}

// addLink adds the components of an SL entry (RRIP 4.1.3) to a path.
func addLink(link *strings.Builder, b []byte, more bool) bool {
	for len(b) >= 2 && len(b) >= 2+int(b[1]) {
		flags, text := b[0], string(b[2:2+int(b[1])])
		b = b[2+len(text):]
		switch {
		case flags&0x02 != 0:
			text = "."
		case flags&0x04 != 0:
			text = ".."
		case flags&0x08 != 0:
			link.WriteString("/")
			continue
		}
		if s := link.String(); s != "" && !more && s != "/" {
			link.WriteString("/")
		}
		link.WriteString(text)
		more = flags&0x01 != 0
	}
	return more
}

// dirSize is the size of the directory at an offset, which its first record, its
// own, tells.
func (t *isoTree) dirSize(at int64) int64 {
	b := make([]byte, 255)
	n, _ := t.r.ReadAt(b, at)
	self, err := parseRecord(b[:n])
	if err != nil || self.name != "\x00" {
		return 0
	}
	return int64(self.size)
}

// systemUse walks through the entries of a system use area, wherever it goes on.
func (t *isoTree) systemUse(b []byte, entry func(signature string, data []byte)) error {
	for range maxContinuations {
		var next []byte
		for len(b) >= 4 && int(b[2]) >= 4 && int(b[2]) <= len(b) {
			signature, data := string(b[:2]), b[4:b[2]]
			b = b[b[2]:]
			switch {
			case signature == "ST":
				b = nil
			case signature == "CE" && len(data) >= 24:
				next = data
			default:
				entry(signature, data)
			}
		}
		if next == nil {
			return nil
		}
		block, offset, size := binary.LittleEndian.Uint32(next), binary.LittleEndian.Uint32(next[8:]), binary.LittleEndian.Uint32(next[16:])
		if size > sectorSize {
			return formatf("a system use area of %d bytes", size)
		}
		b = make([]byte, size)
		if _, err := t.r.ReadAt(b, int64(block)*t.blockSize+int64(offset)); err != nil && err != io.EOF {
			return err
		}
	}
	return formatf("a system use area without end")
}
