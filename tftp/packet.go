package tftp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// Op is the operation code that every packet starts with (RFC 1350 section 5,
// RFC 2347).
type Op uint16

// The operation codes.
const (
	OpRRQ   Op = 1
	OpWRQ   Op = 2
	OpDATA  Op = 3
	OpACK   Op = 4
	OpERROR Op = 5
	OpOACK  Op = 6
)

func (o Op) String() string {
	switch o {
	case OpRRQ:
		return "RRQ"
	case OpWRQ:
		return "WRQ"
	case OpDATA:
		return "DATA"
	case OpACK:
		return "ACK"
	case OpERROR:
		return "ERROR"
	case OpOACK:
		return "OACK"
	}
	return fmt.Sprintf("opcode %d", uint16(o))
}

// Sizes in bytes.
const (
	// MinBlockSize and MaxBlockSize bound the blksize option (RFC 2348).
	MinBlockSize = 8
	MaxBlockSize = 65464
	// DefaultBlockSize is used when no blksize was agreed (RFC 1350).
	DefaultBlockSize = 512

	headerSize = 4 // of DATA, ACK and ERROR
	// maxOptions bounds a request and an OACK. RFC 2347 allows requests of 512
	// bytes; some clients send more, none sends more than a frame.
	maxOptions = 1500
)

// ErrMalformed says that a datagram is not a TFTP packet.
var ErrMalformed = errors.New("malformed packet")

// Packet is one TFTP packet, decoded. Op says which fields count.
type Packet struct {
	Op      Op
	Block   uint16   // DATA, ACK
	Data    []byte   // DATA: part of the datagram, not a copy
	Code    Code     // ERROR
	Message string   // ERROR: as the peer sent it, unprintable bytes included
	Name    string   // RRQ, WRQ
	Mode    string   // RRQ, WRQ: as sent; compare without regard to case
	Options []Option // RRQ, WRQ, OACK: in the order of the wire
}

// Parse decodes a datagram, or returns an error that wraps ErrMalformed. It
// copies no data, and allocates nothing for DATA and ACK.
//
// Three liberties are taken because real senders need them: an ACK may be
// followed by rubbish, an ERROR may lack its final NUL, and the options of a
// request may be followed by NULs.
func Parse(b []byte) (Packet, error) {
	if len(b) < 2 {
		return Packet{}, fmt.Errorf("%w: %d bytes are too few for an opcode", ErrMalformed, len(b))
	}
	p := Packet{Op: Op(binary.BigEndian.Uint16(b))}
	switch p.Op {
	case OpRRQ, OpWRQ:
		return parseRequest(p, b[2:])
	case OpOACK:
		options, err := parseOptions(b[2:])
		p.Options = options
		return p, err
	case OpDATA, OpACK, OpERROR:
	default:
		return Packet{}, fmt.Errorf("%w: %v", ErrMalformed, p.Op)
	}
	if len(b) < headerSize {
		return Packet{}, fmt.Errorf("%w: %v of %d bytes", ErrMalformed, p.Op, len(b))
	}
	field, rest := binary.BigEndian.Uint16(b[2:]), b[headerSize:]
	switch p.Op {
	case OpDATA:
		if len(rest) > MaxBlockSize {
			return Packet{}, fmt.Errorf("%w: DATA with %d bytes", ErrMalformed, len(rest))
		}
		p.Block, p.Data = field, rest
	case OpACK:
		p.Block = field
	case OpERROR:
		text, _, _ := bytes.Cut(rest, []byte{0})
		p.Code, p.Message = Code(field), string(text)
	}
	return p, nil
}

func parseRequest(p Packet, b []byte) (Packet, error) {
	if len(b) > maxOptions {
		return Packet{}, fmt.Errorf("%w: %v of %d bytes", ErrMalformed, p.Op, len(b))
	}
	name, b, ok := cutString(b)
	if !ok {
		return Packet{}, fmt.Errorf("%w: %v whose file name has no end", ErrMalformed, p.Op)
	}
	mode, b, ok := cutString(b)
	if !ok {
		return Packet{}, fmt.Errorf("%w: %v without a mode", ErrMalformed, p.Op)
	}
	p.Name, p.Mode = name, mode
	options, err := parseOptions(b)
	p.Options = options
	return p, err
}

// parseOptions decodes pairs of NUL-terminated strings (RFC 2347). An empty
// name is padding and ends the list.
func parseOptions(b []byte) ([]Option, error) {
	if len(b) > maxOptions {
		return nil, fmt.Errorf("%w: %d bytes of options", ErrMalformed, len(b))
	}
	var options []Option
	for len(b) > 0 && b[0] != 0 {
		name, rest, ok := cutString(b)
		if !ok {
			return nil, fmt.Errorf("%w: option name without an end", ErrMalformed)
		}
		value, rest, ok := cutString(rest)
		if !ok {
			return nil, fmt.Errorf("%w: option %q without a value", ErrMalformed, name)
		}
		options = append(options, Option{name, value})
		b = rest
	}
	return options, nil
}

func cutString(b []byte) (s string, rest []byte, ok bool) {
	text, rest, ok := bytes.Cut(b, []byte{0})
	return string(text), rest, ok
}

// Append encodes p after b. Names, modes, values and messages must not hold a
// NUL; Data must not be longer than MaxBlockSize.
func (p Packet) Append(b []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(p.Op))
	switch p.Op {
	case OpRRQ, OpWRQ:
		b = appendString(b, p.Name)
		b = appendString(b, p.Mode)
		b = appendOptions(b, p.Options)
	case OpOACK:
		b = appendOptions(b, p.Options)
	case OpDATA:
		b = binary.BigEndian.AppendUint16(b, p.Block)
		b = append(b, p.Data...)
	case OpACK:
		b = binary.BigEndian.AppendUint16(b, p.Block)
	case OpERROR:
		b = binary.BigEndian.AppendUint16(b, uint16(p.Code))
		b = appendString(b, p.Message)
	}
	return b
}

func appendOptions(b []byte, options []Option) []byte {
	for _, o := range options {
		b = appendString(b, o.Name)
		b = appendString(b, o.Value)
	}
	return b
}

func appendString(b []byte, s string) []byte {
	return append(append(b, s...), 0)
}
