package tftp

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
)

// FS serves the regular files of fsys, whose files must be io.ReaderAts, as
// those of package embed are. For a directory of the host take Dir: it notices
// files that change.
func FS(fsys fs.FS) Source { return fileSystem{fsys} }

type fileSystem struct{ fsys fs.FS }

func (s fileSystem) Open(name string, _ netip.AddrPort) (File, error) {
	f, err := s.fsys.Open(name)
	if err != nil {
		if errors.Is(err, fs.ErrInvalid) {
			err = fs.ErrNotExist
		}
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = irregular(name, info.Mode())
	}
	r, ok := f.(io.ReaderAt)
	if err == nil && !ok {
		err = fmt.Errorf("%s cannot be read at any place", name)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return fsFile{r, f, info.Size()}, nil
}

// irregular refuses what is no file, in words for the client: it was told a wrong
// name, and the rights of what has that name are not to blame.
func irregular(name string, mode fs.FileMode) error {
	if mode.IsDir() {
		return &Error{CodeAccess, "a directory, not a file: " + name}
	}
	return &Error{CodeAccess, "not a regular file: " + name}
}

type fsFile struct {
	io.ReaderAt
	io.Closer
	size int64
}

func (f fsFile) Size() int64 { return f.size }
