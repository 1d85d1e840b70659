package tftp

import (
	"net/netip"
	"time"
)

// EventKind says how a request ended.
type EventKind uint8

// The ways a request ends.
const (
	// EventDone: the client has the whole file, or we have that of an upload.
	EventDone EventKind = iota + 1
	// EventSizeProbe: the client wanted only the size and went away after the
	// OACK, as EDK2 does before every boot. Not a failure.
	EventSizeProbe
	// EventClosed: the client stopped early by ERROR 0, as PXELINUX does when it
	// has seen enough of a file. Not a failure.
	EventClosed
	// EventFailed: the transfer began and did not reach its end; Err says why.
	EventFailed
	// EventRefused: the request was answered by an ERROR; Err is an *Error.
	EventRefused
	// EventDropped: the request got no answer; Err says why.
	EventDropped
	// EventMalformed: a datagram that is no request came to the request port
	// and got no answer, or ERROR 4 if it was a garbled request.
	EventMalformed
)

func (k EventKind) String() string {
	switch k {
	case EventDone:
		return "done"
	case EventSizeProbe:
		return "size probe"
	case EventClosed:
		return "closed early"
	case EventFailed:
		return "failed"
	case EventRefused:
		return "refused"
	case EventDropped:
		return "dropped"
	case EventMalformed:
		return "malformed"
	}
	return "unknown"
}

// Event is one request and how it ended. Text from the client (File, Asked,
// Mode, Options, Err) may hold unprintable bytes.
type Event struct {
	Kind     EventKind
	Time     time.Time // when the request came
	Duration time.Duration
	Client   netip.AddrPort
	Local    netip.Addr // the address that was asked; the zero value if unknown

	Upload  bool     // the client sends (WRQ)
	File    string   // the cleaned name, or what was asked for if that is none
	Asked   string   // the name as the client wrote it, if Server.Rewrite made File of it
	Mode    string   // as the client wrote it
	Options []Option // what the client asked for

	// Size is that of the file in bytes; -1 when it was not opened, or is not
	// known of an upload. Bytes and Blocks were acknowledged by the client, or
	// came from it.
	Size        int64
	Bytes       int64
	Blocks      int64
	Retransmits int64 // packets sent again
	BlockSize   int   // bytes
	Window      int   // blocks

	// Note tells an oddity that did no harm: a name with bytes that do not
	// belong to it, a last ACK that never came. "" when there is none.
	Note string
	Err  error

	// Missed is how many events came between the one before and this, and could not
	// be told because OnEvent was too slow.
	Missed int64
}

func (e *Event) note(s string) {
	if e.Note != "" && s != "" {
		e.Note += "; "
	}
	e.Note += s
}
