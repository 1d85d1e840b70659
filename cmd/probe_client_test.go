package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
)

// TestLocalMAC: the probe's own hardware address is never the interface's, is
// one card's, and the same at every run.
func TestLocalMAC(t *testing.T) {
	for in, want := range map[string]string{
		"00:1b:21:0a:0b:0c": "02:1b:21:0a:0b:0c",
		"52:54:00:12:34:56": "56:54:00:12:34:56", // a virtual machine's is local already
		"06:00:00:00:00:01": "02:00:00:00:00:01",
	} {
		mac, err := net.ParseMAC(in)
		if err != nil {
			t.Fatal(err)
		}
		got := localMAC(mac)
		if got.String() != want || got[0]&3 != 2 {
			t.Errorf("%s gives %s, want %s", in, got, want)
		}
		if mac.String() != in {
			t.Errorf("%s was changed to %s", in, mac)
		}
	}
}

// TestExplainLink: every failure to open an interface has a next step, said once.
func TestExplainLink(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		err  error
		want string
	}{
		{syscall.ENETDOWN, "ip link set eth7 up"},
		{fs.ErrPermission, "setcap cap_net_raw+ep '" + program + "'"},
		{errors.ErrUnsupported, "`pxe try` works everywhere"},
	} {
		err := explainLink(fmt.Errorf("wire: interface eth7: %w", tt.err), "eth7")
		if !errors.Is(err, tt.err) || !strings.Contains(hintOf(err), tt.want) {
			t.Errorf("%v: hint %q, want %q", err, hintOf(err), tt.want)
		}
	}
}

// TestProbeUUID: the text is in the order of the wire.
func TestProbeUUID(t *testing.T) {
	got, err := parseProbeUUID("ccbbaa77-2211-4443-8001-020304050607")
	want := [16]byte{0xcc, 0xbb, 0xaa, 0x77, 0x22, 0x11, 0x44, 0x43, 0x80, 1, 2, 3, 4, 5, 6, 7}
	if got != want || err != nil {
		t.Errorf("%x, %v; want %x", got, err, want)
	}
}
