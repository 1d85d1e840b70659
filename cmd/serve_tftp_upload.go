package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"pxe/tftp"
)

// uploadOptions are the flags of what clients may send.
type uploadOptions struct {
	dir       string // "": nothing
	overwrite bool
	maxSize   int64 // bytes; 0: any
}

// staleUpload is how long nothing was written to an upload that nobody works at
// any more: the longest that a server waits for a silent client is 2 minutes.
const staleUpload = 10 * time.Minute

// openUploads opens the folder for uploads, and clears away what a server that was
// killed left in it; nil without --upload.
func (o serveTFTPOptions) openUploads() (*os.Root, error) {
	u := o.uploadOptions
	if u.dir == "" {
		if u.overwrite || u.maxSize > 0 {
			return nil, withHint(usagef("--upload-overwrite and --upload-max say how --upload takes files"), "add --upload DIR")
		}
		return nil, nil
	}
	root, err := os.OpenRoot(u.dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, withHint(fmt.Errorf("--upload: no such directory: %s", u.dir), "make it with `mkdir -p %s`", u.dir)
	case err != nil:
		return nil, fmt.Errorf("--upload: %w", readable(err, u.dir))
	}
	if err := (tftp.UploadDir{Root: root}).Sweep(time.Now().Add(-staleUpload)); err != nil {
		root.Close()
		return nil, fmt.Errorf("--upload: clear %s of unfinished files: %w", u.dir, err)
	}
	return root, nil
}

// tryUploads makes sure, with the privileges that the server is left with, that
// files can be taken at all.
func (o uploadOptions) tryUploads(root *os.Root) error {
	if root == nil {
		return nil
	}
	err := tftp.UploadDir{Root: root}.Try()
	switch {
	case errors.Is(err, syscall.EROFS):
		err = withHint(err, "%s is on a read-only file system: name another folder, or mount it with -o remount,rw", o.dir)
	case errors.Is(err, fs.ErrPermission):
		err = withHint(err, "give this user the right to write there (chown, chmod u+rwx %s), or name another folder", o.dir)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		err = withHint(err, "make room there")
	}
	if err != nil {
		return fmt.Errorf("--upload: no file can be made in %s: %w", o.dir, err)
	}
	return nil
}

// warnOfUploads tells when strangers can replace what others boot.
func (o uploadOptions) warnOfUploads(log *slog.Logger, trees bootTrees) {
	if o.dir == "" || !o.overwrite {
		return
	}
	for _, root := range trees.folders() {
		if overlap(root, o.dir) {
			log.Warn("anybody can replace boot files: with --upload-overwrite take uploads into a folder of their own", "root", root, "upload", o.dir)
		}
	}
}

// overlap reports whether one of two folders is in the other, or both are one.
func overlap(a, b string) bool {
	a, b = realPath(a), realPath(b)
	within := func(in, out string) bool {
		rel, err := filepath.Rel(out, in)
		return err == nil && filepath.IsLocal(rel)
	}
	return within(a, b) || within(b, a)
}

// realPath is where a path leads, as far as that can be told.
func realPath(path string) string {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	return path
}

// sink takes files into root, under the names that the flags leave of those that
// clients write.
func (o serveTFTPOptions) sink(root *os.Root) tftp.Sink {
	if root == nil {
		return nil
	}
	dir := tftp.UploadDir{Root: root, Overwrite: o.overwrite, MaxSize: o.maxSize}
	return sinkFunc(func(name string, client netip.AddrPort, size int64) (tftp.Upload, error) {
		for _, prefix := range o.stripPrefixes {
			name = strings.TrimPrefix(name, prefix+"/")
		}
		return dir.Create(name, client, size)
	})
}

// sinkFunc is a function as a tftp.Sink.
type sinkFunc func(name string, client netip.AddrPort, size int64) (tftp.Upload, error)

func (f sinkFunc) Create(name string, client netip.AddrPort, size int64) (tftp.Upload, error) {
	return f(name, client, size)
}
