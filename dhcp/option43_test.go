package dhcp

import (
	"encoding/hex"
	"errors"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPXEOptionsGolden pins the bytes that every PXE client was seen to take.
func TestPXEOptionsGolden(t *testing.T) {
	tests := []struct {
		name string
		in   PXEOptions
		want string
	}{
		{"boot file in this packet", PXEOptions{PXEControl(ControlBootFile)}, "060108ff"},
		{"answer to a boot item", PXEOptions{PXEControl(ControlBootFile), BootItem{0x8001, 2}.Option()}, "060108" + "470480010002" + "ff"},
		{
			"a menu",
			PXEOptions{
				PXEControl(ControlNoBroadcast | ControlNoMulticast),
				PXEServers(BootServer{1, []netip.Addr{addr("192.0.2.1")}}),
				PXEMenu(MenuItem{0, "disk"}, MenuItem{1, "install"}),
				MenuPrompt{10, "PXE"}.Option(),
			},
			"060103" + "0807000101c0000201" + "09110000046469736b000107696e7374616c6c" + "0a040a505845" + "ff",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := tt.in.Option()
			if o.Code != OptionVendorSpecific {
				t.Errorf("option %d, want 43", o.Code)
			}
			if got := hex.EncodeToString(o.Data); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			back, err := ParsePXEOptions(o.Data)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.in, back); diff != "" {
				t.Errorf("read back (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPXEOptionsRead(t *testing.T) {
	p := PXEOptions{
		PXEServers(BootServer{1, []netip.Addr{addr("192.0.2.1"), addr("192.0.2.2")}}, BootServer{Type: 2}),
		PXEMenu(MenuItem{1, "install"}),
		MenuPrompt{255, "F8"}.Option(),
		BootItem{1, CredentialsLayer}.Option(),
	}
	servers, err := p.Servers()
	if err != nil || len(servers) != 2 || len(servers[0].Addrs) != 2 || servers[1].Type != 2 {
		t.Errorf("servers %v, %v", servers, err)
	}
	menu, err := p.Menu()
	if diff := cmp.Diff([]MenuItem{{1, "install"}}, menu); diff != "" || err != nil {
		t.Errorf("menu %v: %s", err, diff)
	}
	if prompt, ok := p.Prompt(); !ok || prompt != (MenuPrompt{255, "F8"}) {
		t.Errorf("prompt %v, %v", prompt, ok)
	}
	if item, ok := p.Item(); !ok || item != (BootItem{1, CredentialsLayer}) {
		t.Errorf("item %v, %v", item, ok)
	}
	if !p.BootTags() || p.MTFTP() {
		t.Errorf("boot tags %v, MTFTP %v, want true, false", p.BootTags(), p.MTFTP())
	}
}

func TestPXEOptionsCutShort(t *testing.T) {
	p := PXEOptions{{PXEBootServers, []byte{0, 1, 2, 192, 0, 2, 1}}, {PXEBootMenu, []byte{0, 1, 9, 'x'}}}
	if _, err := p.Servers(); !errors.Is(err, ErrTruncated) {
		t.Errorf("servers: %v", err)
	}
	if _, err := p.Menu(); !errors.Is(err, ErrTruncated) {
		t.Errorf("menu: %v", err)
	}
	if _, err := ParsePXEOptions([]byte{6, 2, 8}); !errors.Is(err, ErrTruncated) {
		t.Errorf("parse: %v", err)
	}
}
