package dhcp

import "bytes"

// The layout of a message (RFC 951, RFC 2131 section 2): where its later
// fields start, in bytes.
const (
	offSecs    = 8
	offFlags   = 10
	offCIAddr  = 12
	offCHAddr  = 28
	offSName   = 44
	offFile    = 108
	offCookie  = 236 // here the fixed header ends
	offOptions = 240
)

const magicCookie = 0x63825363

// FlagBroadcast asks the server to broadcast its answer (RFC 2131 section 2).
const FlagBroadcast uint16 = 0x8000

// Bits of option 52: which header fields hold options (RFC 2132 section 9.3).
const (
	overloadFile  = 1
	overloadSName = 2
)

// RawOption is one DHCP option as it stands on the wire, without its length.
type RawOption struct {
	Code uint8
	Data []byte
}

// appendOption writes one option, in pieces of at most 255 bytes (RFC 3396).
func appendOption(b []byte, o RawOption) []byte {
	const most = 255
	data := o.Data
	for {
		n := min(len(data), most)
		b = append(append(b, o.Code, byte(n)), data[:n]...)
		if data = data[n:]; len(data) == 0 {
			return b
		}
	}
}

// cString is b up to its first NUL.
func cString(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}
