package tftp

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// Code is the number in an ERROR packet (RFC 1350 section 5, RFC 2347).
type Code uint16

// The error codes.
const (
	CodeUndefined  Code = 0 // the message says what; also a client that stops early
	CodeNotFound   Code = 1
	CodeAccess     Code = 2
	CodeDiskFull   Code = 3
	CodeIllegal    Code = 4
	CodeUnknownTID Code = 5
	CodeExists     Code = 6
	CodeNoUser     Code = 7
	CodeOption     Code = 8 // also how EDK2 ends its size probe
)

func (c Code) String() string {
	switch c {
	case CodeUndefined:
		return "not defined"
	case CodeNotFound:
		return "file not found"
	case CodeAccess:
		return "access violation"
	case CodeDiskFull:
		return "disk full"
	case CodeIllegal:
		return "illegal operation"
	case CodeUnknownTID:
		return "unknown transfer id"
	case CodeExists:
		return "file already exists"
	case CodeNoUser:
		return "no such user"
	case CodeOption:
		return "option negotiation failed"
	}
	return fmt.Sprintf("code %d", uint16(c))
}

// Error is an ERROR packet as a Go error. A Client returns the server's; a
// Source may return one to choose what its client is told.
type Error struct {
	Code    Code
	Message string // may hold anything when it came from a peer
}

func (e *Error) Error() string {
	switch {
	case e.Message == "":
		return fmt.Sprintf("TFTP error %d (%v)", uint16(e.Code), e.Code)
	case strings.HasPrefix(strings.ToLower(e.Message), e.Code.String()): // it says so itself
		return fmt.Sprintf("TFTP error %d: %q", uint16(e.Code), e.Message)
	}
	return fmt.Sprintf("TFTP error %d (%v): %q", uint16(e.Code), e.Code, e.Message)
}

// Is makes code 1 an fs.ErrNotExist and code 2 an fs.ErrPermission.
func (e *Error) Is(target error) bool {
	switch e.Code {
	case CodeNotFound:
		return target == fs.ErrNotExist
	case CodeAccess:
		return target == fs.ErrPermission
	}
	return false
}

// What can go wrong with a peer, besides an Error.
var (
	// ErrTimeout is either of the next two. It wraps os.ErrDeadlineExceeded.
	ErrTimeout error = &timeoutError{"the peer fell silent", os.ErrDeadlineExceeded}
	// ErrNoAnswer says that the peer never answered: for a client nothing came
	// back to its request, for a server nothing to its first packet.
	ErrNoAnswer error = &timeoutError{"no answer", ErrTimeout}
	// ErrStalled says that the peer fell silent in the middle of the file.
	ErrStalled error = &timeoutError{"the peer fell silent in mid-transfer", ErrTimeout}

	// ErrGone says that the server's host tells by ICMP that nobody listens any more
	// where answers came from.
	ErrGone = errors.New("the server closed its port in mid-transfer")
	// ErrProtocol says that the server broke the protocol, for example by an
	// OACK with an option that was not asked for.
	ErrProtocol = errors.New("protocol violation")
	// ErrSize says that the file was not as long as the server had announced.
	ErrSize = errors.New("wrong size")
	// ErrNoSize says that the server does not tell sizes: it answered a size
	// probe without the tsize option, or with DATA.
	ErrNoSize = errors.New("the server does not tell the size")
	// ErrBusy says that a request was dropped because Server.MaxTransfers were
	// running. Clients ask again.
	ErrBusy = errors.New("too many transfers")
	// ErrCrowdedOut says that a transfer to whose first packet no answer had come
	// was ended, because Server.MaxTransfers were running and another was asked for.
	ErrCrowdedOut = errors.New("no answer yet, and too many transfers: this one made room for a new request")
	// ErrChanged says that a file changed while it was sent. The client gets an
	// ERROR instead of the last block, so it never keeps a mixture.
	ErrChanged = errors.New("file changed while it was sent")
)

type timeoutError struct {
	text   string
	parent error
}

func (e *timeoutError) Error() string { return e.text }
func (e *timeoutError) Unwrap() error { return e.parent }
func (e *timeoutError) Timeout() bool { return true }
