package fetch

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"syscall"

	"pxe/tftp"
)

// What can go wrong, for errors.Is. Causes outside this list, such as a full
// disk, are in the chain as they are.
var (
	// ErrBadURL says that the URL cannot be fetched whatever the server.
	ErrBadURL = errors.New("bad URL")
	// ErrNotFound says that the server does not have the file: TFTP error 1,
	// HTTP 404 or 410.
	ErrNotFound = errors.New("file not found")
	// ErrForbidden says that the server does not hand the file out: TFTP error
	// 2, HTTP 401 or 403.
	ErrForbidden = errors.New("access refused")
	// ErrRefused says that the host is there and nothing listens on the port.
	ErrRefused = errors.New("connection refused")
	// ErrNoAnswer says that the server never answered, or fell silent, or closed
	// its port in mid-transfer.
	ErrNoAnswer = errors.New("no answer")
	// ErrNoSize says that the server does not tell the size of the file.
	ErrNoSize = errors.New("the server does not tell the size")
	// ErrChecksum says that the file is not the one that was wanted.
	ErrChecksum = errors.New("wrong checksum")
	// ErrBusy says that another fetch is writing the same file.
	ErrBusy = errors.New("another fetch is writing it")
)

// Error is a fetch, or an upload, that failed.
type Error struct {
	URL    string // without its password
	Upload bool
	Kind   error // one of the sentinels above, or nil
	Err    error // the cause, a *tftp.Error or *StatusError among its chain when the server gave it
}

func (e *Error) Error() string {
	if e.Kind == ErrBadURL {
		return fmt.Sprintf("bad URL %q: %v", e.URL, e.Err)
	}
	if e.Upload {
		return fmt.Sprintf("upload to %s: %v", e.URL, e.Err)
	}
	return fmt.Sprintf("fetch %s: %v", e.URL, e.Err)
}

// Unwrap gives errors.Is both the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Kind == nil {
		return []error{e.Err}
	}
	return []error{e.Kind, e.Err}
}

// StatusError is an HTTP answer that is not the file.
type StatusError struct {
	Code     int    // 404
	Location string // of a redirect that was not followed, else ""
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("HTTP %d", e.Code)
	if words := http.StatusText(e.Code); words != "" {
		text += " " + words
	}
	if e.Location != "" {
		text += fmt.Sprintf(" to %q", e.Location)
	}
	return text
}

// kindOf sorts an error into the sentinels; nil when it is none of them.
func kindOf(err error) error {
	var status *StatusError
	var packet *tftp.Error
	var dns *net.DNSError
	switch {
	case errors.As(err, &status):
		switch status.Code {
		case 404, 410:
			return ErrNotFound
		case 401, 403:
			return ErrForbidden
		}
	case errors.As(err, &packet):
		switch packet.Code {
		case tftp.CodeNotFound:
			return ErrNotFound
		case tftp.CodeAccess:
			return ErrForbidden
		}
	case errors.As(err, &dns): // whatever it wraps is about the resolver, not the server
	case errors.Is(err, syscall.ECONNREFUSED):
		return ErrRefused
	case errors.Is(err, tftp.ErrTimeout), errors.Is(err, tftp.ErrGone), errors.Is(err, syscall.EHOSTUNREACH),
		errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.ETIMEDOUT):
		return ErrNoAnswer
	case errors.Is(err, tftp.ErrNoSize):
		return ErrNoSize
	}
	return nil
}

// reason drops what package net says before the system's error: which local port
// was in use and which system call failed is of no interest, and the server is
// in the URL. A proxy is not.
func reason(err error) error {
	op, ok := err.(*net.OpError)
	if !ok {
		return err
	}
	var dial *net.OpError
	if op.Op == "proxyconnect" && errors.As(op.Err, &dial) {
		return fmt.Errorf("proxy %v: %w", dial.Addr, reason(dial))
	}
	switch op.Op {
	case "dial", "read", "write":
		err = op.Err
	}
	if call, ok := err.(*os.SyscallError); ok {
		err = call.Err
	}
	return err
}

// unwrapURL drops the method and URL that net/url and net/http put before an
// error: Error says them once.
func unwrapURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
