package probe

import (
	"encoding/hex"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pxe/dhcp"
)

var testID = identity{
	mac:  net.HardwareAddr{0x52, 0x54, 0x00, 0x12, 0x34, 0x56},
	uuid: [16]byte{0xcc, 0xbb, 0xaa, 0x77, 0x22, 0x11, 0x44, 0x43, 0x80, 0x00, 1, 2, 3, 4, 5, 6},
}

func profile(t testing.TB, name string) Profile {
	t.Helper()
	p, ok := FindProfile(name)
	if !ok {
		t.Fatalf("no profile %s", name)
	}
	return p
}

// TestMessages holds the bytes behind the magic cookie against captures of the
// real firmware: options in order, values, padding.
func TestMessages(t *testing.T) {
	const (
		uuid     = "61 11 00 ccbbaa77221144438000010203040506"
		uefiList = "37 23 0102030405060c0d0f111216171c28292a2b3233363a3b3c4243618081828384858687"
		biosList = "37 24 0102030405060b0c0d0f1011121617" + "1c28292a2b3233363a3b3c42438081828384858687"
		uefiID   = "3c 20 505845436c69656e743a417263683a30303030373a554e44493a303033303030" // PXEClient:Arch:00007:UNDI:003000
		biosID   = "3c 20 505845436c69656e743a417263683a30303030303a554e44493a303032303031" // PXEClient:Arch:00000:UNDI:002001
	)
	addr, server := netip.MustParseAddr("192.0.2.10"), netip.MustParseAddr("192.0.2.1")
	tests := map[string]struct {
		profile string
		pick    func(Profile) ask
		query   query
		options string // hex; spaces are for the reader
		size    int
		header  string // op to ciaddr
	}{
		"efi-x64 DISCOVER": {
			profile: "efi-x64", pick: func(p Profile) ask { return p.discover },
			query:   query{typ: dhcp.TypeDiscover, xid: 0x01020304, secs: 12},
			options: "35 01 01  39 02 05c0" + uefiList + uuid + "5e 03 010300  5d 02 0007" + uefiID + "ff",
			size:    347,
			header:  "01010600 01020304 000c 8000 00000000",
		},
		"efi-x64 REQUEST": {
			profile: "efi-x64", pick: func(p Profile) ask { return p.request },
			query:   query{typ: dhcp.TypeRequest, address: addr, server: server},
			options: "35 01 03  36 04 c0000201  32 04 c000020a  39 02 ff00" + uefiList + uuid + "5e 03 010300  5d 02 0007" + uefiID + "ff",
			size:    359,
			header:  "01010600 00000000 0000 8000 00000000",
		},
		"efi-x64 boot server request, for data": {
			profile: "efi-x64", pick: func(p Profile) ask { return p.bootServer },
			query:   query{typ: dhcp.TypeRequest, client: addr, secs: 256},
			options: "35 01 03" + uefiList + "39 02 05c0" + uefiID + "5d 02 0007  5e 03 010300" + uuid + "ff",
			size:    347,
			header:  "01010600 00000000 0100 0000 c000020a",
		},
		"efi-x64 boot server request, for an item": {
			profile: "efi-x64", pick: func(p Profile) ask { return p.bootServer },
			query:   query{typ: dhcp.TypeRequest, client: addr, item: &dhcp.BootItem{Type: 0x8001}},
			options: "2b 07 47 04 8001 0000 ff  35 01 03" + uefiList + "39 02 05c0" + uefiID + "5d 02 0007  5e 03 010300" + uuid + "ff",
			size:    356,
			header:  "01010600 00000000 0000 0000 c000020a",
		},
		"bios DISCOVER": {
			profile: "bios", pick: func(p Profile) ask { return p.discover },
			query:   query{typ: dhcp.TypeDiscover, xid: 0xa1b2c3d4, secs: 4},
			options: "35 01 01" + biosList + "39 02 04ec" + uuid + "5d 02 0000  5e 03 010201" + biosID + "ff",
			size:    548,
			header:  "01010600 a1b2c3d4 0004 8000 00000000",
		},
		"bios REQUEST": {
			profile: "bios", pick: func(p Profile) ask { return p.request },
			query:   query{typ: dhcp.TypeRequest, address: addr, server: server},
			options: "35 01 03  32 04 c000020a  36 04 c0000201" + biosList + "39 02 04ec" + uuid + "5d 02 0000  5e 03 010201" + biosID + "ff",
			size:    548,
			header:  "01010600 00000000 0000 8000 00000000",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := profile(t, tt.profile)
			got := p.message(tt.pick(p), testID, tt.query)
			if len(got) != tt.size {
				t.Errorf("%d bytes, want %d", len(got), tt.size)
			}
			if diff := cmp.Diff(unhex(t, tt.header), got[:16]); diff != "" {
				t.Errorf("header (-want +got):\n%s", diff)
			}
			if mac := net.HardwareAddr(got[28:34]); mac.String() != testID.mac.String() {
				t.Errorf("hardware address %v", mac)
			}
			want := unhex(t, "63825363"+tt.options)
			want = append(want, make([]byte, tt.size-236-len(want))...)
			if diff := cmp.Diff(want, got[236:]); diff != "" {
				t.Errorf("options (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReleaseMessage(t *testing.T) {
	got := release(testID, 7, netip.MustParseAddr("192.0.2.10"), netip.MustParseAddr("192.0.2.1"))
	m, err := dhcp.Parse(got)
	if err != nil {
		t.Fatal(err)
	}
	if m.Type() != dhcp.TypeRelease || m.CIAddr.String() != "192.0.2.10" || m.Broadcast() {
		t.Errorf("%v of %v, broadcast %v", m.Type(), m.CIAddr, m.Broadcast())
	}
	if id, _ := m.Options.Addr(dhcp.OptionServerID); id.String() != "192.0.2.1" {
		t.Errorf("server %v", id)
	}
}

func TestSchedules(t *testing.T) {
	secs := func(a ask) (list []uint16) {
		since := a.waits[0] * 0
		for i, wait := range a.waits {
			list = append(list, a.secsOf(i, since))
			since += wait
		}
		return list
	}
	uefi, bios := profile(t, "efi-x64"), profile(t, "bios")
	// Seen of OVMF: DISCOVER at 0, 4, 12 and 28 s, a request to port 4011 with
	// 256, 512, 768.
	if diff := cmp.Diff([]uint16{0, 4, 12, 28}, secs(uefi.discover)); diff != "" {
		t.Errorf("UEFI DISCOVER secs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]uint16{0, 256, 512, 768}, secs(uefi.bootServer)); diff != "" {
		t.Errorf("UEFI boot server secs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]uint16{4, 8, 16, 32}, secs(bios.discover)); diff != "" {
		t.Errorf("BIOS DISCOVER secs (-want +got):\n%s", diff)
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
