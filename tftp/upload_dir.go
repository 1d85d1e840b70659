package tftp

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path"
	"strings"
	"syscall"
	"time"
)

// uploadPrefix begins the names under which uploads are written until they are
// whole. No client may choose one.
const uploadPrefix = ".pxe-upload-"

// UploadDir takes files into a directory tree, whole or not at all: each is
// written under a temporary name beside its place, brought to stable storage and
// renamed. Nothing outside Root is ever touched, and no folder is made.
type UploadDir struct {
	Root *os.Root
	// Overwrite lets a client replace what is there. Otherwise it gets error 6.
	Overwrite bool
	// MaxSize is how many bytes a file may have; a longer one is error 3. 0: any
	// number.
	MaxSize int64
}

// Create begins to write the file of that name.
func (d UploadDir) Create(name string, _ netip.AddrPort, size int64) (Upload, error) {
	name, _, err := CleanName(name)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(path.Base(name), uploadPrefix) {
		return nil, &Error{CodeAccess, "this name is taken by the server"}
	}
	if d.MaxSize > 0 && size > d.MaxSize {
		return nil, tooLarge(d.MaxSize)
	}
	if err := d.free(name); err != nil {
		return nil, err
	}
	u := &dirUpload{dir: d, name: name, temp: path.Join(path.Dir(name), uploadPrefix+rand.Text())}
	u.f, err = d.Root.OpenFile(u.temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, uploadError(err, name)
	}
	return u, nil
}

// free tells whether name may be written to, before the client sends it all.
func (d UploadDir) free(name string) error {
	info, err := d.Root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return uploadError(err, name)
	case !d.Overwrite:
		return exists(name)
	case !info.Mode().IsRegular():
		return irregular(name, info.Mode())
	}
	return nil
}

// Try reports why nothing can be written into Root, nil if it can: it creates a
// file and removes it.
func (d UploadDir) Try() error {
	name := uploadPrefix + rand.Text()
	f, err := d.Root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), d.Root.Remove(name))
}

// Sweep removes what uploads left behind that were not written to since before:
// the server was killed in the midst of them.
func (d UploadDir) Sweep(before time.Time) error {
	tree := d.Root.FS()
	return fs.WalkDir(tree, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || !strings.HasPrefix(e.Name(), uploadPrefix) {
			return nil // what cannot be read has nothing of ours
		}
		info, err := e.Info()
		if err != nil || !info.ModTime().Before(before) {
			return nil
		}
		return d.Root.Remove(name)
	})
}

func tooLarge(most int64) error {
	return &Error{CodeDiskFull, fmt.Sprintf("file too large: at most %d bytes are taken", most)}
}

func exists(name string) error { return &Error{CodeExists, "file already exists: " + name} }

// uploadError sorts the errors of a file system into those for the client.
func uploadError(err error, name string) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return fmt.Errorf("%w: %w", &Error{CodeDiskFull, "disk full"}, err)
	case errors.Is(err, fs.ErrExist):
		return exists(name)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return &Error{CodeNotFound, "no such folder: " + path.Dir(name)}
	}
	return rootError(err)
}

// dirUpload is one file on its way into an UploadDir.
type dirUpload struct {
	dir     UploadDir
	name    string
	temp    string
	f       *os.File
	written int64
}

func (u *dirUpload) Write(p []byte) (int, error) {
	if most := u.dir.MaxSize; most > 0 && u.written+int64(len(p)) > most {
		return 0, tooLarge(most)
	}
	n, err := u.f.Write(p)
	u.written += int64(n)
	if err != nil {
		err = uploadError(err, u.name)
	}
	return n, err
}

// Commit gives the file its name. Of two clients that send the same file one is
// told that it exists, unless the last one is to win.
func (u *dirUpload) Commit() error {
	defer u.Abort()
	if err := u.f.Sync(); err != nil {
		return uploadError(err, u.name)
	}
	publish := u.dir.Root.Link // which replaces nothing
	if u.dir.Overwrite {
		publish = u.dir.Root.Rename
	}
	if err := publish(u.temp, u.name); err != nil {
		return uploadError(err, u.name)
	}
	return u.dir.sync(path.Dir(u.name))
}

// Abort removes the temporary name, if it is still there.
func (u *dirUpload) Abort() {
	u.f.Close()
	_ = u.dir.Root.Remove(u.temp)
}

// sync brings the names in a folder to stable storage.
func (d UploadDir) sync(folder string) error {
	f, err := d.Root.Open(folder)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
