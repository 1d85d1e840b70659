// Package plainfile opens the files that users name, and takes regular ones alone.
// The open of a named pipe waits until somebody writes to it, perhaps for ever, and
// that of a device may do anything: who names one has most likely made a mistake.
package plainfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// ErrIrregular is something that is no regular file: a directory, a named pipe, a
// device, a socket.
var ErrIrregular = errors.New("not a regular file")

// Open opens a file to read, and never waits for anybody. The error is
// ErrIrregular, or one of os.Open.
func Open(name string) (*os.File, error) {
	// First a look alone: the open of some devices has effects.
	if info, err := os.Stat(name); err == nil {
		if err := regular(name, info); err != nil {
			return nil, err
		}
	}
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat() // it may be another one by now
	if err == nil {
		err = regular(name, info)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Read returns what is in a file; the error is that of Open, or of reading.
func Read(name string) ([]byte, error) {
	f, err := Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// Create makes an empty file to write, in place of any that was there. What a link
// of this name leads to stays as it is.
func Create(name string, perm fs.FileMode) (*os.File, error) {
	os.Remove(name)
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
}

// maxLinks is how many symbolic links are followed, as Linux does.
const maxLinks = 40

// Target follows symbolic links to the file that a name means, which need not be
// there yet: whoever replaces a file by a rename would replace the link otherwise.
// The error is ErrIrregular, or one of the file system.
func Target(name string) (string, error) {
	start := name
	for range maxLinks {
		info, err := os.Lstat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return name, nil
		case err != nil:
			return "", err
		case info.Mode()&fs.ModeSymlink == 0:
			return name, regular(name, info)
		}
		to, err := os.Readlink(name)
		if err != nil {
			return "", err
		}
		if !filepath.IsAbs(to) {
			dir, err := filepath.EvalSymlinks(filepath.Dir(name)) // of which to may lead up
			if err != nil {
				return "", err
			}
			to = filepath.Join(dir, to)
		}
		name = to
	}
	return "", &fs.PathError{Op: "open", Path: start, Err: errors.New("too many symbolic links")}
}

func regular(name string, info fs.FileInfo) error {
	kind := "something else"
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		kind = "a directory"
	case mode&fs.ModeNamedPipe != 0:
		kind = "a named pipe"
	case mode&fs.ModeSocket != 0:
		kind = "a socket"
	case mode&fs.ModeDevice != 0:
		kind = "a device"
	}
	return &fs.PathError{Op: "open", Path: name, Err: fmt.Errorf("%w but %s", ErrIrregular, kind)}
}
