package dhcp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// Options is a list of options in the order of the wire. Codes may repeat; the
// values of one code are then parts of one value (RFC 3396).
type Options []RawOption

// usualOptions is room for the options of most messages: a slice that grows into
// them takes twice the memory.
const usualOptions = 16

// ErrTruncated is an option whose length reaches past the end of its area.
var ErrTruncated = errors.New("truncated option")

// Has reports whether the option is there, with a value or without.
func (o Options) Has(code uint8) bool {
	for i := range o {
		if o[i].Code == code {
			return true
		}
	}
	return false
}

// Get returns the value of an option, the parts of a repeated one joined. It
// is nil when the option is not there or has no value.
func (o Options) Get(code uint8) []byte {
	var value []byte
	for i := range o {
		switch {
		case o[i].Code != code:
		case value == nil:
			value = slices.Clip(o[i].Data)
		default:
			value = append(value, o[i].Data...)
		}
	}
	return value
}

// Addr returns the first address of an option; ok is false when there is none.
func (o Options) Addr(code uint8) (addr netip.Addr, ok bool) {
	v := o.Get(code)
	if len(v) < 4 {
		return netip.Addr{}, false
	}
	return netip.AddrFrom4([4]byte(v)), true
}

// Uint32 returns the value of a four-byte option, such as a time in seconds.
func (o Options) Uint32(code uint8) (n uint32, ok bool) {
	v := o.Get(code)
	if len(v) != 4 {
		return 0, false
	}
	return binary.BigEndian.Uint32(v), true
}

// Uint16 returns the value of a two-byte option, such as a size.
func (o Options) Uint16(code uint8) (n uint16, ok bool) {
	v := o.Get(code)
	if len(v) != 2 {
		return 0, false
	}
	return binary.BigEndian.Uint16(v), true
}

// ParseOptions reads one area of options: the code, length, value triples of
// RFC 2132 with its pad (0) and end (255) bytes, which options 43, 82 and 175
// use for their suboptions too. A missing end is accepted, as real clients
// leave it out. The values are parts of b.
//
// On ErrTruncated the options before the broken one are returned with it.
func ParseOptions(b []byte) (Options, error) {
	var opts Options
	for i := 0; i < len(b); {
		code := uint8(b[i])
		i++
		if code == OptionPad {
			continue
		}
		if code == OptionEnd {
			break
		}
		if i == len(b) {
			return opts, fmt.Errorf("option %d has no length byte: %w", code, ErrTruncated)
		}
		n := int(b[i])
		i++
		if n > len(b)-i {
			return opts, fmt.Errorf("option %d says %d bytes where %d are left: %w", code, n, len(b)-i, ErrTruncated)
		}
		if opts == nil {
			opts = make(Options, 0, min(usualOptions, len(b)/2))
		}
		opts = append(opts, RawOption{code, b[i : i+n : i+n]})
		i += n
	}
	return opts, nil
}

// AppendOptions appends the options in their order, without an end byte. A
// value over 255 bytes is split over several options of its code (RFC 3396).
func AppendOptions(dst []byte, opts Options) []byte {
	for _, o := range opts {
		dst = appendOption(dst, o)
	}
	return dst
}

func byteOption(code uint8, b byte) RawOption { return RawOption{code, []byte{b}} }

func uint32Option(code uint8, n uint32) RawOption {
	return RawOption{code, binary.BigEndian.AppendUint32(nil, n)}
}

func textOption(code uint8, s string) RawOption { return RawOption{code, []byte(s)} }

// terminatedOption is a text with a NUL byte inside the value: some ROMs read
// on into the next option without it, and 0xFF ends up on the file name.
func terminatedOption(code uint8, s string) RawOption { return textOption(code, s+"\x00") }

func addrOption(code uint8, addrs ...netip.Addr) RawOption {
	value := make([]byte, 0, 4*len(addrs))
	for _, a := range addrs {
		value = appendAddr(value, a)
	}
	return RawOption{code, value}
}

// appendAddr appends the four bytes of a; zeros for anything but IPv4.
func appendAddr(dst []byte, a netip.Addr) []byte {
	var four [4]byte
	if a = a.Unmap(); a.Is4() {
		four = a.As4()
	}
	return append(dst, four[:]...)
}
