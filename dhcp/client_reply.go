package dhcp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"
)

// Reply is a server's message as a client sees it. Where Parse refuses a
// message that cannot be read with certainty, ParseReply keeps whatever can be
// made of it and lists what is wrong, so that a caller can judge as strictly as
// a given firmware does.
type Reply struct {
	// Message is what could be read. Its options are in the order of their
	// first appearance, those of one code joined (RFC 3396). File is kept apart
	// from option 67 because firmware differs in which of the two wins, and
	// shim reads File alone.
	Message
	Raw     []byte   // the UDP payload, as received
	Defects []Defect // everything that is malformed, in the order of the message
}

// ParseReply reads a message. It fails only when b is shorter than the fixed
// header. A BOOTP reply without the magic cookie has no options.
func ParseReply(b []byte) (*Reply, error) {
	if len(b) < offCookie {
		return nil, fmt.Errorf("%w: %d bytes, a header has %d", ErrNotDHCP, len(b), offCookie)
	}
	b = bytes.Clone(b)
	addr := func(off int) netip.Addr { return netip.AddrFrom4([4]byte(b[off:])) }
	r := &Reply{Raw: b, Message: Message{
		Op:     b[0],
		HType:  b[1],
		Hops:   b[3],
		XID:    binary.BigEndian.Uint32(b[4:]),
		Secs:   binary.BigEndian.Uint16(b[offSecs:]),
		Flags:  binary.BigEndian.Uint16(b[offFlags:]),
		CIAddr: addr(offCIAddr),
		YIAddr: addr(offCIAddr + 4),
		SIAddr: addr(offCIAddr + 8),
		GIAddr: addr(offCIAddr + 12),
		CHAddr: net.HardwareAddr(slices.Clip(b[offCHAddr : offCHAddr+min(int(b[2]), offSName-offCHAddr)])),
	}}
	file, sname := b[offFile:offCookie], b[offSName:offFile]
	if len(b) >= offOptions && binary.BigEndian.Uint32(b[offCookie:]) == magicCookie {
		r.readOptions("options", b[offOptions:])
		overload := r.overload()
		if overload&overloadFile != 0 {
			r.readOptions("file", file)
			file = nil
		}
		if overload&overloadSName != 0 {
			r.readOptions("sname", sname)
			sname = nil
		}
		r.checkOptions()
	}
	r.File, r.SName = cString(file), cString(sname)
	return r, nil
}

// overload is option 52, or 0 when it is absent or makes no sense.
func (r *Reply) overload() uint8 {
	v := r.Options.Get(OptionOverload)
	if len(v) != 1 || v[0] > overloadFile|overloadSName {
		return 0
	}
	return v[0]
}

// readOptions reads one options area. A missing end and an option that runs
// past the area are defects; what came before them is kept.
func (r *Reply) readOptions(area string, b []byte) {
	for i := 0; i < len(b); {
		code := b[i]
		i++
		switch code {
		case OptionPad:
			continue
		case OptionEnd:
			return
		}
		if i == len(b) {
			r.defect(code, "has no length byte: the %s field ends behind its code", area)
			return
		}
		n := int(b[i])
		i++
		if n > len(b)-i {
			r.defect(code, "says %s, but the %s field ends after %d", plural(n, "byte"), area, len(b)-i)
			return
		}
		r.add(code, b[i:i+n])
		i += n
	}
	r.defect(OptionEnd, "is missing: the %s field has no end", area)
}

// add keeps an option, behind what the same code brought before. The first
// value is clipped to its length, so that a second one is not appended over the
// bytes of the message that follow it.
func (r *Reply) add(code uint8, data []byte) {
	for i := range r.Options {
		if r.Options[i].Code == code {
			r.Options[i].Data = append(r.Options[i].Data, data...)
			return
		}
	}
	r.Options = append(r.Options, RawOption{code, slices.Clip(data)})
}

// Addr is the first address in an option, 0.0.0.0 when there is none.
func (r *Reply) Addr(code uint8) netip.Addr {
	if addr, ok := r.Options.Addr(code); ok {
		return addr
	}
	return netip.IPv4Unspecified()
}

// Text is an option as text up to its first NUL, "" when it is absent.
func (r *Reply) Text(code uint8) string { return cString(r.Options.Get(code)) }

// PXE is option 43 as a PXE client reads it, as far as it can be read.
func (r *Reply) PXE() PXEOptions {
	opts, _ := ParsePXEOptions(r.Options.Get(OptionVendorSpecific))
	return opts
}
