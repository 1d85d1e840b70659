package fetch

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// ToFile fetches into the file at path, which appears, or is replaced, only
// when the whole file is there and has been written to the disk. Until then
// the bytes are in path+".part". A failed fetch over HTTP leaves that part, and
// path+".part.json" beside it, for the next one to go on from; a failed fetch
// over TFTP leaves nothing.
//
// A symbolic link at path stays and its target is replaced. What is neither a
// file nor missing, such as /dev/null or a pipe, is written to directly.
func (c *Client) ToFile(ctx context.Context, req Request, path string) (Result, error) {
	path, direct, err := destination(path)
	if err != nil {
		return Result{}, err
	}
	if direct {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return Result{}, err
		}
		defer f.Close()
		return c.Get(ctx, req, f)
	}

	j, err := c.newJob(ctx, req)
	if err != nil {
		return Result{}, err
	}
	defer j.stop()
	j.silence.pause() // reading what is kept may take a while
	p, err := openPart(path + ".part")
	if err != nil {
		return Result{}, j.failed(err)
	}
	defer p.close()
	if j.transport.resumes() && !req.NoResume && req.Limit == 0 {
		if j.have, err = p.kept(req.URL, j.sink.hash); err != nil {
			return Result{}, j.failed(err)
		}
	}
	r, err := j.run(p.begin)
	if errors.Is(err, ErrChecksum) {
		p.resumable = false // whole, and wrong
	}
	if err != nil {
		return Result{}, err
	}
	if err := p.commit(path); err != nil {
		return Result{}, j.failed(err)
	}
	return r, nil
}

// destination follows symbolic links, and tells whether what is there must be
// written to as it is.
func destination(path string) (real string, direct bool, err error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return path, false, nil
	case err != nil:
		return "", false, err
	case info.IsDir():
		return "", false, &fs.PathError{Op: "write", Path: path, Err: syscall.EISDIR}
	case !info.Mode().IsRegular():
		return path, true, nil
	}
	real, err = filepath.EvalSymlinks(path)
	return real, false, err
}
