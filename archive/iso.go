package archive

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf16"
)

// Where things are in an image (ECMA-119 section 8), in bytes.
const (
	sectorSize      = 2048
	descriptorStart = 16 * sectorSize
	rootRecord      = 156 // in a volume descriptor
	rootRecordSize  = 34
)

// Bounds on what an image can make us do.
const (
	maxDescriptors = 32
	maxDirBytes    = 8 << 20 // some 80,000 files in one directory
	maxLinks       = 16      // symbolic links on the way to one file
)

// isoTree is an ISO 9660 image, with the names of Rock Ridge, else those of
// Joliet, else its own in lower case, as Linux shows them. Symbolic links are
// followed within the image. It is immutable.
type isoTree struct {
	r         io.ReaderAt
	size      int64
	blockSize int64
	root      *record
	rockRidge bool
	suspSkip  int // bytes before the system use entries of a record
	joliet    bool
}

func openISO(r io.ReaderAt, size int64) (fs.FS, error) {
	t := &isoTree{r: r, size: size}
	var plain, joliet []byte
	for i := range int64(maxDescriptors) {
		d := make([]byte, sectorSize)
		if _, err := r.ReadAt(d, descriptorStart+i*sectorSize); err != nil && err != io.EOF {
			return nil, err
		}
		if string(d[1:6]) != "CD001" || d[0] == 255 {
			break
		}
		switch {
		case d[0] == 1 && plain == nil:
			plain = d
		case d[0] == 2 && slices.Contains([]string{"%/@", "%/C", "%/E"}, string(d[88:91])):
			joliet = d
		}
	}
	if plain == nil {
		return nil, formatf("no primary volume descriptor")
	}
	if err := t.use(plain); err != nil {
		return nil, err
	}
	if err := t.findRockRidge(); err != nil {
		return nil, err
	}
	if !t.rockRidge && joliet != nil {
		t.joliet = true
		if err := t.use(joliet); err != nil {
			return nil, err
		}
	}
	_, err := t.readDir(t.root)
	return t, err
}

// use takes the tree of a volume descriptor.
func (t *isoTree) use(descriptor []byte) error {
	t.blockSize = int64(binary.LittleEndian.Uint16(descriptor[128:]))
	if t.blockSize < 512 || t.blockSize > sectorSize || t.blockSize&(t.blockSize-1) != 0 {
		return formatf("blocks of %d bytes", t.blockSize)
	}
	raw, err := parseRecord(descriptor[rootRecord:][:rootRecordSize])
	if err != nil {
		return err
	}
	t.root = &record{name: ".", mode: fs.ModeDir | 0o555, modTime: raw.modTime, extents: t.extentsOf(raw)}
	return nil
}

func (t *isoTree) extentsOf(raw rawRecord) extents {
	return extents{t.r, []extent{{(int64(raw.block) + int64(raw.attributeBlocks)) * t.blockSize, int64(raw.size)}}}
}

// Open implements fs.FS.
func (t *isoTree) Open(name string) (fs.File, error) {
	fail := func(err error) (fs.File, error) { return nil, &fs.PathError{Op: "open", Path: name, Err: err} }
	if !fs.ValidPath(name) {
		return fail(fs.ErrInvalid)
	}
	found, err := t.find(name)
	if err != nil {
		return fail(err)
	}
	info := recordInfo{found, path.Base(name)}
	if found.mode.IsDir() {
		entries, err := t.readDir(found)
		if err != nil {
			return fail(err)
		}
		return &isoDir{info: info, entries: entries}, nil
	}
	switch {
	case found.strange != "":
		return fail(fmt.Errorf("%w: %s", errors.ErrUnsupported, found.strange))
	case !found.extents.within(t.size):
		return fail(formatf("the file lies outside of the image"))
	}
	return newFile(found.extents, info), nil
}

// find walks to a file from the root, and begins anew for a symbolic link.
func (t *isoTree) find(name string) (*record, error) {
	for range maxLinks {
		at, rest := t.root, name
		done := "."
		above := map[int64]bool{} // where the directories are that were passed
		for rest != "" && rest != "." && at.link == "" {
			var part string
			part, rest, _ = strings.Cut(rest, "/")
			if !at.mode.IsDir() {
				return nil, fs.ErrNotExist
			}
			if above[at.extents.parts[0].offset] {
				return nil, formatf("a directory that is in itself")
			}
			above[at.extents.parts[0].offset] = true
			entries, err := t.readDir(at)
			if err != nil {
				return nil, err
			}
			i := slices.IndexFunc(entries, func(r *record) bool { return r.name == part })
			if i < 0 {
				return nil, fs.ErrNotExist
			}
			at, done = entries[i], path.Join(done, part)
		}
		if at.link == "" {
			return at, nil
		}
		name = path.Join(path.Dir(done), at.link, rest)
		if path.IsAbs(at.link) || !fs.ValidPath(name) {
			return nil, fmt.Errorf("%w: a symbolic link leads out of the image", fs.ErrPermission)
		}
	}
	return nil, fmt.Errorf("%w: too many symbolic links", fs.ErrPermission)
}

// readDir is what is in a directory, without "." and "..".
func (t *isoTree) readDir(dir *record) ([]*record, error) {
	size := dir.extents.size()
	if size > maxDirBytes || !dir.extents.within(t.size) {
		return nil, formatf("a directory of %d bytes, or outside of the image", size)
	}
	b := make([]byte, size)
	if _, err := dir.extents.ReadAt(b, 0); err != nil && err != io.EOF {
		return nil, err
	}
	var entries []*record
	more := false // the last record goes on in the next one
	for at := 0; at < len(b); {
		// Records do not cross sectors; zeros fill what is left of one.
		if b[at] == 0 {
			at = (at/sectorSize + 1) * sectorSize
			continue
		}
		raw, err := parseRecord(b[at:])
		if err != nil {
			return nil, err
		}
		at += int(b[at])
		wasMore := more
		more = raw.flags&flagMore != 0
		if wasMore && len(entries) > 0 {
			last := entries[len(entries)-1]
			last.extents.parts = append(last.extents.parts, t.extentsOf(raw).parts...)
			continue
		}
		r, err := t.entry(raw)
		if err != nil {
			return nil, err
		}
		if r == nil {
			more = false // nothing to add to
			continue
		}
		entries = append(entries, r)
	}
	return entries, nil
}

// entry makes an entry of a record; nil for one that is not to be shown.
func (t *isoTree) entry(raw rawRecord) (*record, error) {
	if raw.name == "\x00" || raw.name == "\x01" || raw.flags&flagAssociated != 0 {
		return nil, nil
	}
	r := &record{mode: 0o444, modTime: raw.modTime, extents: t.extentsOf(raw)}
	if raw.flags&flagDir != 0 {
		r.mode = fs.ModeDir | 0o555
	}
	if raw.unitSize != 0 || raw.gap != 0 {
		r.strange = "an interleaved file"
	}
	switch {
	case t.rockRidge:
		if hidden, err := t.addRockRidge(r, raw.systemUse); err != nil || hidden {
			return nil, err
		}
	case t.joliet:
		r.name = jolietName(raw.name)
	}
	if r.name == "" {
		r.name = plainName(raw.name)
	}
	if !fs.ValidPath(r.name) || strings.Contains(r.name, "/") || r.name == "." {
		return nil, nil // no file system could have it
	}
	return r, nil
}

func jolietName(s string) string {
	var units []uint16
	for i := 0; i+1 < len(s); i += 2 {
		units = append(units, uint16(s[i])<<8|uint16(s[i+1]))
	}
	name, _, _ := strings.Cut(string(utf16.Decode(units)), ";")
	return name
}

// plainName is README.TXT;1 as readme.txt and MAKEFILE.;1 as makefile.
func plainName(s string) string {
	s, _, _ = strings.Cut(s, ";")
	return strings.ToLower(strings.TrimSuffix(s, "."))
}
