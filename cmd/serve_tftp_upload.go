package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"strings"
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
