package dhcp

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/insomniacslk/dhcp/dhcpv4"
)

var cmpAddr = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func mac(s string) net.HardwareAddr {
	hw, err := net.ParseMAC(s)
	if err != nil {
		panic(err)
	}
	return hw
}

// raw is a BOOTP header with the given vendor area.
func raw(vend ...byte) []byte {
	b := make([]byte, offCookie)
	b[0], b[1], b[2] = OpRequest, HTypeEthernet, 6
	copy(b[offCHAddr:], mac("52:54:00:12:34:56"))
	return append(b, vend...)
}

func TestParseTolerates(t *testing.T) {
	cookie := []byte{99, 130, 83, 99}
	tests := []struct {
		name string
		in   []byte
		want Options
		file string
	}{
		{"no cookie", raw(), nil, ""},
		{"another cookie", raw(1, 2, 3, 4, 53, 1, 1), nil, ""},
		{"no end", raw(append(cookie, 53, 1, 1)...), Options{{53, []byte{1}}}, ""},
		{"pads between", raw(append(cookie, 0, 53, 1, 1, 0, 0, 12, 1, 'a', 255, 9)...), Options{{53, []byte{1}}, {12, []byte("a")}}, ""},
		{"an empty option", raw(append(cookie, 12, 0, 255)...), Options{{12, []byte{}}}, ""},
		{
			"options in file and sname",
			func() []byte {
				b := raw(append(cookie, 52, 1, 3, 255)...)
				copy(b[offFile:], []byte{12, 1, 'f', 255})
				copy(b[offSName:], []byte{15, 1, 's', 255})
				return b
			}(),
			Options{{52, []byte{3}}, {12, []byte("f")}, {15, []byte("s")}}, "",
		},
		{
			"options in sname alone",
			func() []byte {
				b := raw(append(cookie, 52, 1, 2, 255)...)
				copy(b[offFile:], "pxelinux.0\x00rubbish")
				return b
			}(),
			Options{{52, []byte{2}}}, "pxelinux.0",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := Parse(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, m.Options, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("options (-want +got):\n%s", diff)
			}
			if m.File != tt.file {
				t.Errorf("file %q, want %q", m.File, tt.file)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	cookie := []byte{99, 130, 83, 99}
	long := raw()
	long[2] = 17
	tests := []struct {
		name string
		in   []byte
		want error
	}{
		{"nothing", nil, ErrNotDHCP},
		{"half a header", raw()[:235], ErrNotDHCP},
		{"hardware address of 17 bytes", long, ErrNotDHCP},
		{"option without length", raw(append(cookie, 53)...), ErrTruncated},
		{"option past the end", raw(append(cookie, 53, 2, 1)...), ErrTruncated},
		{
			"option past the file field",
			func() []byte {
				b := raw(append(cookie, 52, 1, 1, 255)...)
				copy(b[offFile:], []byte{12, 127, 'f'})
				return b
			}(),
			ErrTruncated,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Parse(tt.in); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

// full is a message with something in every field.
func full() *Message {
	return &Message{
		Op: OpReply, HType: HTypeEthernet, Hops: 1, XID: 0xdeadbeef, Secs: 4, Flags: FlagBroadcast,
		CIAddr: addr("192.0.2.1"), YIAddr: addr("192.0.2.2"), SIAddr: addr("192.0.2.3"), GIAddr: addr("192.0.2.4"),
		CHAddr: mac("52:54:00:12:34:56"), SName: "boot", File: "pxelinux.0",
		Options: Options{
			{OptionMessageType, []byte{TypeOffer}},
			addrOption(OptionServerID, addr("192.0.2.3")),
			uint32Option(OptionLeaseTime, 21600),
			terminatedOption(OptionBootFileName, "pxelinux.0"),
		},
	}
}

func TestAppendParses(t *testing.T) {
	want := full()
	got, err := Parse(want.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpAddr); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestAppendSplitsLongOptions checks RFC 3396: parts of 255 bytes, joined again
// by Get.
func TestAppendSplitsLongOptions(t *testing.T) {
	value := bytes.Repeat([]byte("x"), 600)
	got, err := Parse((&Message{Op: OpReply, Options: Options{{OptionVendorSpecific, value}}}).Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	if size := got.size(); size != len(got.Append(nil)) {
		t.Errorf("size %d, wrote %d", size, len(got.Append(nil)))
	}
	if len(got.Options) != 3 {
		t.Errorf("%d parts, want 3", len(got.Options))
	}
	if !bytes.Equal(got.Options.Get(OptionVendorSpecific), value) {
		t.Error("the parts do not join to the value")
	}
}

// TestStrangerReadsOurs lets another implementation read what Append wrote.
func TestStrangerReadsOurs(t *testing.T) {
	m := full()
	got, err := dhcpv4.FromBytes(Pad(m.Append(nil)))
	if err != nil {
		t.Fatal(err)
	}
	type fields struct {
		Op                              uint8
		XID                             uint32
		CI, YI, SI, GI, HW, SName, File string
		Lease                           string
	}
	theirs := fields{
		uint8(got.OpCode), uint32(got.TransactionID[0])<<24 | uint32(got.TransactionID[1])<<16 | uint32(got.TransactionID[2])<<8 | uint32(got.TransactionID[3]),
		got.ClientIPAddr.String(), got.YourIPAddr.String(), got.ServerIPAddr.String(), got.GatewayIPAddr.String(),
		got.ClientHWAddr.String(), got.ServerHostName, got.BootFileName, got.IPAddressLeaseTime(0).String(),
	}
	ours := fields{
		m.Op, m.XID, m.CIAddr.String(), m.YIAddr.String(), m.SIAddr.String(), m.GIAddr.String(),
		m.CHAddr.String(), m.SName, m.File, "6h0m0s",
	}
	if diff := cmp.Diff(ours, theirs); diff != "" {
		t.Errorf("(-ours +theirs):\n%s", diff)
	}
}

// TestAppendLeavesTheNUL checks that a field filled to the brim still ends in
// the NUL that loaders look for.
func TestAppendLeavesTheNUL(t *testing.T) {
	long := string(bytes.Repeat([]byte("n"), 200))
	b := (&Message{SName: long, File: long}).Append(nil)
	if b[offFile-1] != 0 || b[offCookie-1] != 0 {
		t.Errorf("last bytes of sname and file are %d and %d, want 0", b[offFile-1], b[offCookie-1])
	}
}

// FuzzParse checks that what was read is written so that it reads the same:
// nothing that Parse accepts is lost or changed by Append.
func FuzzParse(f *testing.F) {
	f.Add(full().Append(nil))
	f.Add(raw(99, 130, 83, 99, 53, 1, 1))
	f.Add(raw())
	f.Fuzz(func(t *testing.T, in []byte) {
		m, err := Parse(in)
		if err != nil {
			return
		}
		if m.Options.Has(OptionOverload) || len(m.SName) == 64 || len(m.File) == 128 {
			return // written elsewhere, or cut for the NUL
		}
		if size := len(m.Append(nil)); size != m.size() {
			t.Errorf("wrote %d bytes, size is %d", size, m.size())
		}
		again, err := Parse(m.Append(nil))
		if err != nil {
			t.Fatalf("what Append wrote does not parse: %v", err)
		}
		if diff := cmp.Diff(m, again, cmpAddr, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("(-first +again):\n%s", diff)
		}
	})
}
