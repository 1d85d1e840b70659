package lease

import (
	"io"
	"os"

	"pxe/plainfile"
)

// Disk is the file system that a journal is kept on. What it is told is durable
// only after a Sync: of the file for what is in it, of the directory for its name.
type Disk interface {
	// Lock takes a lock file for as long as the result is open, or returns ErrLocked.
	Lock(path string) (io.Closer, error)
	// Open reads a file. The error is fs.ErrNotExist where there is none.
	Open(path string) (io.ReadCloser, error)
	// Create makes an empty file, in place of any that was there or of a link.
	Create(path string) (File, error)
	Rename(from, to string) error
	Link(from, to string) error
	Remove(path string) error
	SyncDir(path string) error
}

// File is a file that is being written.
type File interface {
	io.Writer
	Sync() error
	Close() error
}

// systemDisk is the Disk of the operating system.
type systemDisk struct{}

func (systemDisk) Lock(path string) (io.Closer, error)     { return lock(path) }
func (systemDisk) Open(path string) (io.ReadCloser, error) { return plainfile.Open(path) }
func (systemDisk) Rename(from, to string) error            { return os.Rename(from, to) }
func (systemDisk) Link(from, to string) error              { return os.Link(from, to) }
func (systemDisk) Remove(path string) error                { return os.Remove(path) }

func (systemDisk) Create(path string) (File, error) {
	f, err := plainfile.Create(path, 0o644)
	if err != nil {
		return nil, err
	}
	return dataFile{f}, nil
}

// dataFile is a file whose Sync takes the data and the size to the disk, and
// spares the time stamps.
type dataFile struct{ *os.File }

func (f dataFile) Sync() error { return fdatasync(f.File) }

// SyncDir makes a rename in the directory durable.
func (systemDisk) SyncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
