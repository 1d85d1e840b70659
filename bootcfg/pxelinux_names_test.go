package bootcfg

import (
	"net"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	testAddr = netip.MustParseAddr("192.168.2.100")
	testMAC  = net.HardwareAddr{0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD}
	testUUID = []byte{0xcc, 0xbb, 0xaa, 0x77, 0x22, 0x11, 0x44, 0x43, 0x80, 0x01, 2, 3, 4, 5, 6, 0xff}
)

func TestPXELINUXLookup(t *testing.T) {
	digits := []string{
		"pxelinux.cfg/C0A80264", "pxelinux.cfg/C0A8026", "pxelinux.cfg/C0A802", "pxelinux.cfg/C0A80",
		"pxelinux.cfg/C0A8", "pxelinux.cfg/C0A", "pxelinux.cfg/C0", "pxelinux.cfg/C",
	}
	all := append([]string{"pxelinux.cfg/ccbbaa77-2211-4443-8001-0203040506ff", "pxelinux.cfg/01-88-99-aa-bb-cc-dd"}, digits...)
	withVersion := func(b byte) []byte {
		u := append([]byte(nil), testUUID...)
		u[6] = b
		return u
	}
	tests := []struct {
		name string
		got  []string
		want []string
	}{
		{"everything", PXELINUXLookup(testUUID, 1, testMAC, testAddr), append(all, "pxelinux.cfg/default")},
		{"mapped address", PXELINUXLookup(nil, 1, nil, netip.AddrFrom16(testAddr.As16())), append(digits, "pxelinux.cfg/default")},
		{"nothing", PXELINUXLookup(nil, 0, nil, netip.Addr{}), []string{"pxelinux.cfg/default"}},
		{"IPv6", PXELINUXLookup(nil, 0, nil, netip.MustParseAddr("fd00::1")), []string{"pxelinux.cfg/default"}},
		{"token ring", PXELINUXLookup(nil, 6, testMAC, netip.Addr{}), []string{"pxelinux.cfg/06-88-99-aa-bb-cc-dd", "pxelinux.cfg/default"}},
		{"zero UUID", PXELINUXLookup(make([]byte, 16), 0, nil, netip.Addr{}), []string{"pxelinux.cfg/default"}},
		{"UUID version 0", PXELINUXLookup(withVersion(0x0F), 0, nil, netip.Addr{}), []string{"pxelinux.cfg/default"}},
		{"UUID version 15", PXELINUXLookup(withVersion(0xF0), 0, nil, netip.Addr{}), []string{"pxelinux.cfg/default"}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, tt.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	low, _ := PXELINUXNameUUID(withVersion(0x10))
	high, _ := PXELINUXNameUUID(withVersion(0xEF))
	if low == "" || high == "" {
		t.Errorf("UUIDs of versions 1 and 14: %q, %q", low, high)
	}
}

func TestPXELINUXNameIP(t *testing.T) {
	tests := []struct{ in, want string }{
		{"192.168.2.100/32", "pxelinux.cfg/C0A80264"},
		{"192.168.2.100/24", "pxelinux.cfg/C0A802"},
		{"10.0.0.0/8", "pxelinux.cfg/0A"},
		{"10.0.0.0/4", "pxelinux.cfg/0"},
		{"10.0.0.0/9", ""},
		{"10.0.0.0/0", ""},
		{"fd00::/8", ""},
	}
	for _, tt := range tests {
		got, err := PXELINUXNameIP(netip.MustParsePrefix(tt.in))
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("PXELINUXNameIP(%s) = %q, %v; want %q", tt.in, got, err, tt.want)
		}
	}
	if got, err := PXELINUXNameIP(netip.Prefix{}); err == nil {
		t.Errorf("the zero prefix gives %q", got)
	}
}

func TestPXELINUXPrefix(t *testing.T) {
	tests := []struct{ in, want string }{
		{"pxelinux.0", ""},
		{"/tftpboot/pxelinux.0", "/tftpboot/"},
		{"boot/lpxelinux-6.0", "boot/"},
		{`boot\pxelinux.0`, `boot\`},
		{"my_pxelinux.0", "my_"}, // not a folder, and PXELINUX takes it for one
		{"http://192.0.2.1/lpx/lpxelinux.0", "http://192.0.2.1/lpx/"},
		{"bücher/pxelinux.0", "bücher/"},
		{"ü", "ü"},
		{"", ""},
	}
	for _, tt := range tests {
		if got := PXELINUXPrefix(tt.in); got != tt.want {
			t.Errorf("PXELINUXPrefix(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestResolvePXELINUX(t *testing.T) {
	tests := []struct{ prefix, name, want string }{
		{"", "vmlinuz", "vmlinuz"},
		{"boot/", "vmlinuz", "boot/vmlinuz"},
		{"boot/", "/amd64/linux", "boot//amd64/linux"}, // as seen on the wire
		{"/tftpboot/", "../linux", "/tftpboot/../linux"},
		{"boot/", "::vmlinuz", "vmlinuz"},
		{"boot/", "::/vmlinuz", "/vmlinuz"},
		{"boot/", "192.0.2.7::images/vmlinuz", "tftp://192.0.2.7/images/vmlinuz"},
		{"boot/", "192.0.2.7::/vmlinuz", "tftp://192.0.2.7/vmlinuz"},
		{"boot/", "http://192.0.2.7/vmlinuz", "http://192.0.2.7/vmlinuz"},
		{"http://192.0.2.7/boot/", "vmlinuz", "http://192.0.2.7/boot/vmlinuz"},
		{"http://192.0.2.7/boot/", "::vmlinuz", "vmlinuz"},
		{"192.0.2.7::boot/", "vmlinuz", "tftp://192.0.2.7/boot/vmlinuz"},
		{"::boot/", "vmlinuz", "boot/vmlinuz"},
		{"boot/", "a:b", "boot/a:b"},
		{"boot/", "", "boot/"},
	}
	for _, tt := range tests {
		if got := ResolvePXELINUX(tt.prefix, tt.name); got != tt.want {
			t.Errorf("ResolvePXELINUX(%q, %q) = %q, want %q", tt.prefix, tt.name, got, tt.want)
		}
	}
}
