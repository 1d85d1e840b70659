package tftp

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// Dir serves the regular files of a directory tree. Nothing outside root is
// ever opened, whatever the name or a symbolic link says; links within the tree
// are followed if they are relative (see os.Root). Directories and special
// files are refused.
//
// A file that is replaced by rename is sent to its end as it was when the
// transfer began. One that is written in place ends the transfer with
// ErrChanged, so that no client takes a mixture of old and new.
func Dir(root *os.Root) Source { return dir{root} }

type dir struct{ root *os.Root }

func (d dir) Open(name string, _ netip.AddrPort) (File, error) {
	// Without O_NONBLOCK a named pipe would hold the transfer until somebody
	// writes to it.
	f, err := d.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, rootError(err)
	}
	return openDisk(f, name)
}

// Disk is an open regular file that notices when it is written to; see Dir. It
// takes f over.
func Disk(f *os.File) (File, error) { return openDisk(f, f.Name()) }

func openDisk(f *os.File, name string) (File, error) {
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = irregular(name, info.Mode())
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &diskFile{f, info.Size(), info.ModTime(), isRemote(f)}, nil
}

// rootError sorts the errors of os.Root into those that Source names.
func rootError(err error) error {
	var errno syscall.Errno
	switch {
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ENAMETOOLONG):
		return fmt.Errorf("%w (%w)", fs.ErrNotExist, err)
	case errors.Is(err, syscall.ELOOP), errors.Is(err, syscall.EROFS), !errors.As(err, &errno):
		// An error that is no system's is Root's own: the path leads out of it.
		return fmt.Errorf("%w (%w)", fs.ErrPermission, err)
	}
	return err
}

// diskFile is an open file that notices when it is written to.
type diskFile struct {
	f       *os.File
	size    int64
	modTime time.Time
	remote  bool
}

func (d *diskFile) Size() int64   { return d.size }
func (d *diskFile) Close() error  { return d.f.Close() }
func (d *diskFile) MayWait() bool { return d.remote }

// ReadAt fails if the file is not the one that was opened. It looks after
// reading, so what it returns without an error, and all it returned before, was
// read from one version.
func (d *diskFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := d.f.ReadAt(p, off)
	info, statErr := d.f.Stat()
	switch {
	case statErr != nil:
		return 0, statErr
	case info.Size() != d.size || !info.ModTime().Equal(d.modTime):
		return 0, ErrChanged
	}
	return n, err
}
