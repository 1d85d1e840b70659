package tftp

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParse(t *testing.T) {
	long := strings.Repeat("x", maxOptions)
	tests := []struct {
		name string
		in   string
		want Packet
		bad  bool
	}{
		{name: "EDK2 asks for the size",
			in: "\x00\x01pxelinux.0\x00octet\x00tsize\x000\x00blksize\x001468\x00windowsize\x004\x00",
			want: Packet{Op: OpRRQ, Name: "pxelinux.0", Mode: "octet",
				Options: []Option{{"tsize", "0"}, {"blksize", "1468"}, {"windowsize", "4"}}}},
		{name: "no options", in: "\x00\x01a\x00octet\x00", want: Packet{Op: OpRRQ, Name: "a", Mode: "octet"}},
		{name: "padded with NULs", in: "\x00\x01a\x00octet\x00\x00\x00\x00", want: Packet{Op: OpRRQ, Name: "a", Mode: "octet"}},
		{name: "WRQ", in: "\x00\x02a\x00netascii\x00", want: Packet{Op: OpWRQ, Name: "a", Mode: "netascii"}},
		{name: "empty value", in: "\x00\x01a\x00octet\x00multicast\x00\x00",
			want: Packet{Op: OpRRQ, Name: "a", Mode: "octet", Options: []Option{{"multicast", ""}}}},
		{name: "DATA", in: "\x00\x03\x12\x34abc", want: Packet{Op: OpDATA, Block: 0x1234, Data: []byte("abc")}},
		{name: "empty DATA", in: "\x00\x03\xff\xff", want: Packet{Op: OpDATA, Block: 0xffff}},
		{name: "ACK", in: "\x00\x04\x00\x07", want: Packet{Op: OpACK, Block: 7}},
		{name: "ACK and rubbish", in: "\x00\x04\x00\x07rubbish", want: Packet{Op: OpACK, Block: 7}},
		{name: "ERROR", in: "\x00\x05\x00\x01no\x00", want: Packet{Op: OpERROR, Code: CodeNotFound, Message: "no"}},
		{name: "ERROR without a NUL", in: "\x00\x05\x00\x01no", want: Packet{Op: OpERROR, Code: CodeNotFound, Message: "no"}},
		{name: "ERROR without a message", in: "\x00\x05\x00\x08", want: Packet{Op: OpERROR, Code: CodeOption}},
		{name: "OACK", in: "\x00\x06tsize\x0042\x00", want: Packet{Op: OpOACK, Options: []Option{{"tsize", "42"}}}},
		{name: "empty OACK", in: "\x00\x06", want: Packet{Op: OpOACK}},

		{name: "nothing", in: "", bad: true},
		{name: "half an opcode", in: "\x00", bad: true},
		{name: "opcode 0", in: "\x00\x00\x00\x00", bad: true},
		{name: "opcode 7", in: "\x00\x07\x00\x00", bad: true},
		{name: "ACK without a block", in: "\x00\x04\x00", bad: true},
		{name: "DATA without a block", in: "\x00\x03", bad: true},
		{name: "DATA longer than a block can be", in: "\x00\x03\x00\x01" + strings.Repeat("x", MaxBlockSize+1), bad: true},
		{name: "RRQ whose name has no end", in: "\x00\x01name", bad: true},
		{name: "RRQ without a mode", in: "\x00\x01name\x00", bad: true},
		{name: "RRQ whose mode has no end", in: "\x00\x01name\x00octet", bad: true},
		{name: "option without a value", in: "\x00\x01a\x00octet\x00tsize\x00", bad: true},
		{name: "value without an end", in: "\x00\x01a\x00octet\x00tsize\x000", bad: true},
		{name: "RRQ longer than a frame", in: "\x00\x01" + long + "\x00octet\x00", bad: true},
		{name: "OACK longer than a frame", in: "\x00\x06" + long + "\x00\x00", bad: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse([]byte(tt.in))
			if tt.bad {
				if !errors.Is(err, ErrMalformed) {
					t.Fatalf("got %+v and error %v, want ErrMalformed", got, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// The hot path must not feed the garbage collector.
func TestParseAllocatesNothing(t *testing.T) {
	data := append([]byte{0, 3, 0, 1}, make([]byte, 1468)...)
	ack := []byte{0, 4, 0, 1}
	n := testing.AllocsPerRun(100, func() {
		p, err := Parse(data)
		if err != nil || len(p.Data) != 1468 || &p.Data[0] != &data[4] {
			t.Fatal("DATA was not parsed in place")
		}
		if _, err := Parse(ack); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

// What parses has one meaning: encoding it and parsing that gives it again, and
// DATA and ACK come out as the bytes they were.
func FuzzParse(f *testing.F) {
	for _, p := range []Packet{
		{Op: OpRRQ, Name: "boot/x", Mode: "octet", Options: []Option{{"blksize", "1408"}, {"tsize", "0"}}},
		{Op: OpWRQ, Name: "y", Mode: "NetASCII"},
		{Op: OpDATA, Block: 65535, Data: []byte("data")},
		{Op: OpACK, Block: 1},
		{Op: OpERROR, Code: CodeUnknownTID, Message: "who?"},
		{Op: OpOACK, Options: []Option{{"timeout", "5"}}},
	} {
		f.Add(p.Append(nil))
	}
	f.Add([]byte("\x00\x01a\x00octet\x00tsize\x000\x00\x00\x00"))
	f.Add([]byte("\x00\x05\x00\x00no end"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Parse(b)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("error %v is not ErrMalformed", err)
			}
			return
		}
		encoded := p.Append(nil)
		again, err := Parse(encoded)
		if err != nil {
			t.Fatalf("%x encodes as %x, which does not parse: %v", b, encoded, err)
		}
		if diff := cmp.Diff(p, again, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%x changes its meaning (-first +again):\n%s", b, diff)
		}
		switch {
		case p.Op == OpDATA && string(encoded) != string(b):
			t.Fatalf("DATA %x encodes as %x", b, encoded)
		case len(encoded) > len(b)+1:
			t.Fatalf("%d bytes encode as %d", len(b), len(encoded))
		}
	})
}
