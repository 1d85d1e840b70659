package dhcp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
)

// The two directions of a message.
const (
	OpRequest = 1 // from a client, or a relay in its name
	OpReply   = 2 // from a server
)

// HTypeEthernet and HTypeInfiniBand are hardware types (IANA "Hardware Types").
const (
	HTypeEthernet   = 1
	HTypeInfiniBand = 32
)

// minimumSize is the smallest message that every BOOTP client takes, in bytes
// (RFC 1542 2.1).
const minimumSize = 300

// Message is a DHCPv4 or BOOTP message (RFC 2131 2, RFC 951). Addresses that
// are zero on the wire are 0.0.0.0, never the invalid address; Append takes
// both for zero.
type Message struct {
	Op     uint8 // OpRequest or OpReply
	HType  uint8
	Hops   uint8
	XID    uint32
	Secs   uint16
	Flags  uint16
	CIAddr netip.Addr       // the address that the client has
	YIAddr netip.Addr       // the address that the client gets
	SIAddr netip.Addr       // the next server: TFTP
	GIAddr netip.Addr       // the relay
	CHAddr net.HardwareAddr // at most 16 bytes
	SName  string           // up to its NUL; "" when the field holds options
	File   string           // up to its NUL; "" when the field holds options

	// Options are those of the options field, then of file, then of sname
	// where option 52 says so (RFC 2131 4.1).
	Options Options
}

// ErrNotDHCP is a datagram that is no BOOTP or DHCP message at all.
var ErrNotDHCP = errors.New("not a DHCP message")

// Parse reads a message as tolerantly as real clients need: less than 300
// bytes, no magic cookie (plain BOOTP), no end option, options in the file and
// sname fields. It refuses what cannot be read with certainty: a short
// header, a hardware address over 16 bytes, a truncated option. Nothing in the
// result is a part of b.
func Parse(b []byte) (*Message, error) {
	if len(b) < offCookie {
		return nil, fmt.Errorf("%w: %d bytes, a header has %d", ErrNotDHCP, len(b), offCookie)
	}
	b = bytes.Clone(b)
	hlen := int(b[2])
	if hlen > 16 {
		return nil, fmt.Errorf("%w: hardware address of %d bytes", ErrNotDHCP, hlen)
	}
	m := &Message{
		Op:     b[0],
		HType:  b[1],
		Hops:   b[3],
		XID:    binary.BigEndian.Uint32(b[4:]),
		Secs:   binary.BigEndian.Uint16(b[8:]),
		Flags:  binary.BigEndian.Uint16(b[10:]),
		CIAddr: netip.AddrFrom4([4]byte(b[12:])),
		YIAddr: netip.AddrFrom4([4]byte(b[16:])),
		SIAddr: netip.AddrFrom4([4]byte(b[20:])),
		GIAddr: netip.AddrFrom4([4]byte(b[24:])),
		CHAddr: b[28 : 28+hlen : 28+hlen],
	}
	sname, file := b[offSName:offFile], b[offFile:offCookie]
	overload, err := m.parseOptions(b[offCookie:], sname, file)
	if err != nil {
		return nil, err
	}
	if overload&overloadSName == 0 {
		m.SName = cString(sname)
	}
	if overload&overloadFile == 0 {
		m.File = cString(file)
	}
	return m, nil
}

func (m *Message) parseOptions(vend, sname, file []byte) (overload byte, err error) {
	if len(vend) < 4 || binary.BigEndian.Uint32(vend) != magicCookie {
		return 0, nil // BOOTP as in RFC 951
	}
	m.Options, err = ParseOptions(vend[4:])
	if err != nil {
		return 0, err
	}
	if v := m.Options.Get(OptionOverload); len(v) == 1 {
		overload = v[0]
	}
	if overload&overloadFile != 0 {
		more, err := ParseOptions(file)
		if err != nil {
			return 0, fmt.Errorf("in the file field: %w", err)
		}
		m.Options = append(m.Options, more...)
	}
	if overload&overloadSName != 0 {
		more, err := ParseOptions(sname)
		if err != nil {
			return 0, fmt.Errorf("in the sname field: %w", err)
		}
		m.Options = append(m.Options, more...)
	}
	return overload, nil
}

// Append appends the message to dst with its options in their order and an end
// option. SName and File are cut to 63 and 127 bytes: loaders want the NUL.
// The result is not padded; see Pad.
func (m *Message) Append(dst []byte) []byte {
	at := len(dst)
	dst = append(dst, make([]byte, offOptions)...)
	h := dst[at:]
	chaddr := m.CHAddr[:min(len(m.CHAddr), 16)]
	h[0], h[1], h[2], h[3] = m.Op, m.HType, byte(len(chaddr)), m.Hops
	binary.BigEndian.PutUint32(h[4:], m.XID)
	binary.BigEndian.PutUint16(h[8:], m.Secs)
	binary.BigEndian.PutUint16(h[10:], m.Flags)
	addrs := appendAddr(h[:12], m.CIAddr)
	addrs = appendAddr(addrs, m.YIAddr)
	addrs = appendAddr(addrs, m.SIAddr)
	appendAddr(addrs, m.GIAddr)
	copy(h[28:], chaddr)
	copy(h[offSName:offFile-1], m.SName)
	copy(h[offFile:offCookie-1], m.File)
	binary.BigEndian.PutUint32(h[offCookie:], magicCookie)
	dst = AppendOptions(dst, m.Options)
	return append(dst, byte(OptionEnd))
}

// size is the number of bytes that Append writes.
func (m *Message) size() int {
	n := offOptions + 1
	for _, o := range m.Options {
		parts := max(1, (len(o.Data)+254)/255)
		n += 2*parts + len(o.Data)
	}
	return n
}

// Pad appends zeros to a message of less than 300 bytes: the smallest that
// every BOOTP client takes (RFC 1542 2.1).
func Pad(b []byte) []byte {
	if len(b) >= minimumSize {
		return b
	}
	return append(b, make([]byte, minimumSize-len(b))...)
}

// Type is the value of option 53; TypeBOOTP when there is none.
func (m *Message) Type() MessageType {
	if v := m.Options.Get(OptionMessageType); len(v) == 1 {
		return MessageType(v[0])
	}
	return TypeBOOTP
}

// Broadcast reports whether the client asks for replies by broadcast.
func (m *Message) Broadcast() bool { return m.Flags&FlagBroadcast != 0 }

// Relayed reports whether the message came through a relay.
func (m *Message) Relayed() bool { return isSet(m.GIAddr) }

// isSet reports whether a holds an address: neither invalid nor 0.0.0.0.
func isSet(a netip.Addr) bool { return a.IsValid() && !a.IsUnspecified() }
