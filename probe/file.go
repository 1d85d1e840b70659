package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"pxe/boot"
	"pxe/fault"
	"pxe/fetch"
	"pxe/tftp"
)

// request is one file as a program of the chain asks for it.
type request struct {
	url     string
	name    string // as the program's own messages have it; "" if they have none
	options []tftp.Option
	limit   int64 // bytes to fetch; 0 is the whole file
	keep    int   // bytes to keep of it
	// optional says that the client takes a missing file in its stride.
	optional bool
}

// content is a file that came, or its beginning.
type content struct {
	File
	data   []byte // the first bytes, as many as the request keeps
	inside string // the format of the archive that it breaks off in; see boot.Ending
}

// How much is kept of a file. A boot program is looked at as a whole, a kernel
// or initrd by its head, and a configuration above that size is none.
const (
	keepProgram = 16 << 20
	keepText    = 1 << 20
	keepHead    = 64 << 10
)

// tftpURL names a file on a TFTP server, whatever bytes the name has.
func tftpURL(server netip.Addr, name string) string {
	u := url.URL{Scheme: "tftp", Host: server.String(), Path: "/" + name}
	return u.String()
}

// get fetches a file and records the step. Its error is what fetch says.
func (r *runner) get(ctx context.Context, req request) (content, error) {
	start := r.now()
	head := &headWriter{limit: req.keep}
	watched, done := r.reach(ctx, req.url)
	end := boot.NewEnding()
	res, err := r.files.Get(watched, r.fetchRequest(req), io.MultiWriter(head, end))
	inside := end.Close()
	err = because(watched, err)
	done()
	if err == nil && res.Size == 0 && req.optional {
		err = errEmpty // loaders pass on to the next name
	}
	if err != nil {
		return content{}, r.failedStep(ctx, start, req, head.total, err)
	}
	size := res.Total
	if size < 0 && !res.Partial {
		size = res.Size
	}
	c := content{data: head.data, File: File{
		URL: req.url, Bytes: res.Size, Size: size, Partial: res.Partial,
		SHA256: res.SHA256, Duration: res.Duration, Image: boot.Identify(head.data, max(size, res.Size)),
	}}
	if !res.Partial {
		c.inside = inside
	}
	what := c.Image.String()
	if req.keep == keepText {
		what = configLines(c.data)
	}
	r.step(start, Step{Asked: req.url, Answer: what, Outcome: OutcomeOK, File: &c.File})
	return c, nil
}

// configLines says how long a configuration is.
func configLines(text []byte) string {
	n := bytes.Count(text, []byte("\n"))
	if len(text) > 0 && text[len(text)-1] != '\n' {
		n++
	}
	if n == 1 {
		return "configuration of 1 line"
	}
	return fmt.Sprintf("configuration of %d lines", n)
}

// fetchRequest is the request as fetch takes it. Neither firmware nor loaders
// follow redirects.
func (r *runner) fetchRequest(req request) fetch.Request {
	fr := fetch.Request{
		URL: req.url, TFTPOptions: req.options, Limit: req.limit,
		Timeout: r.patience(r.p.files.Silence()), NoRedirect: true,
	}
	if r.cfg.OnProgress != nil {
		fr.Progress = func(done, total int64) { r.cfg.OnProgress(req.url, done, total) }
	}
	return fr
}

// errEmpty is a file without a byte, which loaders treat as missing.
var errEmpty = errors.New("the file is empty")

// errAbsent and errUnreadable stand for all of what a server says when it does
// not give a file.
var (
	errAbsent     = errors.New("it is not there")
	errUnreadable = errors.New("the server may not read it")
)

// included is a configuration that another one names: an empty one counts.
func included(c content, err error) ([]byte, error) {
	switch {
	case errors.Is(err, errEmpty):
		return nil, nil
	case forbidden(err):
		return nil, errUnreadable
	case missing(err):
		return nil, errAbsent
	}
	return c.data, err
}

// fileError is a file that did not come.
type fileError struct {
	url      string
	name     string
	received int64 // bytes that came before
	err      error
}

func (e *fileError) Error() string { return e.url + ": " + plain(e.err) }
func (e *fileError) Unwrap() error { return e.err }

// sentence says what is the matter with the file.
func (e *fileError) sentence() string {
	switch {
	case errors.Is(e.err, errEmpty):
		return e.url + " is empty"
	case errors.Is(e.err, fetch.ErrNotFound):
		return fmt.Sprintf("%s is not there (%s)", e.url, plain(e.err))
	case forbidden(e.err):
		return fmt.Sprintf("%s may not be read (%s)", e.url, plain(e.err))
	}
	return e.Error()
}

func asFileError(err error) (*fileError, bool) {
	var f *fileError
	ok := errors.As(err, &f)
	return f, ok
}

// failedStep records a file that did not come.
func (r *runner) failedStep(ctx context.Context, start time.Duration, req request, received int64, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	out := OutcomeFailed
	if req.optional && missing(err) && !forbidden(err) && !errors.Is(err, errEmpty) {
		out = OutcomeAbsent
	}
	r.step(start, Step{Asked: req.url, Answer: plain(err), Outcome: out})
	return &fileError{req.url, req.name, received, err}
}

// forbidden reports whether the server has the file, as far as it says, and does
// not give it. Clients take it for missing.
func forbidden(err error) bool { return errors.Is(err, fetch.ErrForbidden) }

// missing reports whether the server is there and does not have the file: a
// client that has other names to try goes on. To a TFTP client any ERROR says so.
func missing(err error) bool {
	var packet *tftp.Error
	return errors.Is(err, fetch.ErrNotFound) || forbidden(err) || errors.Is(err, errEmpty) ||
		errors.As(err, &packet)
}

// plain is a fetch's error without the URL, which stands beside it.
func plain(err error) string {
	var f *fetch.Error
	if errors.As(err, &f) {
		return f.Err.Error()
	}
	return err.Error()
}

// transferFault is the fault of a transfer that failed, as a firmware or loader
// sees it.
func transferFault(err error) string {
	f, ok := asFileError(err)
	if ok && strings.HasPrefix(f.url, "http") {
		return httpFault(err)
	}
	switch {
	case errors.Is(err, fetch.ErrNotFound):
		return fault.BootFileMissing
	case errors.Is(err, fetch.ErrForbidden):
		return fault.TFTPForbidden
	case errors.Is(err, fetch.ErrRefused):
		return fault.TFTPRefused
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return fault.ServerUnreachable
	case errors.Is(err, fetch.ErrNoAnswer) && ok && f.received > 0:
		return fault.TFTPStalled
	case errors.Is(err, fetch.ErrNoAnswer):
		return fault.TFTPSilent
	case errors.Is(err, fetch.ErrNoSize):
		return fault.OACKWithoutTsize
	case errors.Is(err, tftp.ErrProtocol):
		return fault.OACKUnasked
	case errors.Is(err, tftp.ErrSize):
		return fault.SizeMismatch
	}
	return fault.TFTPError
}

// httpFault is transferFault for a URL in a loader's configuration.
func httpFault(err error) string {
	var status *fetch.StatusError
	switch {
	case errors.Is(err, fetch.ErrNotFound):
		return fault.HTTPNotFound
	case errors.Is(err, fetch.ErrForbidden):
		return fault.HTTPForbidden
	case errors.As(err, &status) && status.Location != "":
		return fault.HTTPRedirect
	case errors.Is(err, fetch.ErrRefused):
		return fault.HTTPRefused
	case errors.Is(err, fetch.ErrNoAnswer):
		return fault.HTTPSilent
	}
	return fault.HTTPServerError
}

// headWriter keeps the first limit bytes of what is written to it.
type headWriter struct {
	data  []byte
	limit int
	total int64
}

func (w *headWriter) Write(p []byte) (int, error) {
	w.total += int64(len(p))
	if room := w.limit - len(w.data); room > 0 {
		w.data = append(w.data, p[:min(len(p), room)]...)
	}
	return len(p), nil
}
