// Package archive shows a zip file or an ISO 9660 image as a tree of files,
// without unpacking it. Files are read where they are: each is an io.ReaderAt and
// an io.Seeker, and takes a bounded amount of memory.
package archive

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// ErrFormat says that a file is neither a zip file nor an ISO 9660 image, or a
// broken one.
var ErrFormat = errors.New("not a zip file or an ISO 9660 image")

// Open looks into the archive of size bytes that r holds. r must stay open as
// long as the tree is in use; it is read from several goroutines. Regular files
// of the tree are io.ReaderAts and io.Seekers.
func Open(r io.ReaderAt, size int64) (fs.FS, error) {
	var magic [5]byte
	if _, err := r.ReadAt(magic[:], descriptorStart+1); err == nil && string(magic[:]) == "CD001" {
		return openISO(r, size)
	}
	if n, err := r.ReadAt(magic[:4], 0); n < 4 && err != nil && err != io.EOF {
		return nil, err
	}
	if string(magic[:2]) != "PK" {
		return nil, ErrFormat
	}
	return openZip(r, size)
}

// file is an open regular file.
type file struct {
	*io.SectionReader
	info fs.FileInfo
}

func newFile(r io.ReaderAt, info fs.FileInfo) fs.File {
	return file{io.NewSectionReader(r, 0, info.Size()), info}
}

func (f file) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f file) Close() error               { return nil }

func formatf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrFormat, fmt.Sprintf(format, args...))
}
