package dhcpdconf

import (
	"encoding/hex"
	"flag"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pxe/dhcp"
	"pxe/dhcp/lease"
)

var update = flag.Bool("update", false, "write the golden files anew")

// evaluated is what a file of testdata says.
func evaluated(t *testing.T, file string) Result {
	t.Helper()
	f, err := Read(filepath.Join("testdata", file), os.ReadFile)
	if err != nil {
		t.Fatal(err)
	}
	r, err := f.Config()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestShapes reads files as they are in use, and compares all that they mean.
func TestShapes(t *testing.T) {
	for _, name := range []string{"classic", "plain", "arch", "ipxe", "groups", "relayed"} {
		t.Run(name, func(t *testing.T) {
			got := describe(evaluated(t, name+".conf"))
			golden := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// describe writes a result down, all of it.
func describe(r Result) string {
	var b strings.Builder
	c := r.Config
	fmt.Fprintf(&b, "server %s authoritative %t\n", r.ServerID, c.Authoritative)
	for _, s := range c.Subnets {
		fmt.Fprintf(&b, "subnet %s network %q ranges %v router %v dns %v domain %q lease %s max %s\n", s.Prefix, s.Network, s.Ranges, s.Router, s.DNS, s.Domain, s.LeaseTime, s.MaxLeaseTime)
		for _, o := range s.Options {
			fmt.Fprintf(&b, "  option %d %x\n", o.Code, o.Data)
		}
	}
	describeBoot(&b, "", c.Boot)
	for _, rule := range c.Rules {
		fmt.Fprintf(&b, "rule %s %v %v %v file %q next %s\n", rule.Name, rule.Match.Subnet, rule.Match.Arch, rule.Match.Kind, rule.File, rule.NextServer)
	}
	for _, h := range c.Hosts {
		fmt.Fprintf(&b, "host %s %v %q\n", h.MAC, h.Addrs, h.Name)
		if h.Boot != nil {
			describeBoot(&b, "  ", *h.Boot)
		}
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(&b, "warning %s\n", w)
	}
	return b.String()
}

func describeBoot(b *strings.Builder, indent string, d dhcp.Boot) {
	fmt.Fprintf(b, "%sboot next %v file %q ipxe %q\n", indent, d.NextServer, d.File, d.IPXE)
	for _, a := range slices.Sorted(maps.Keys(d.FileFor)) {
		fmt.Fprintf(b, "%s  %s %q\n", indent, a, d.FileFor[a])
	}
}

// TestClassicBytes runs the classic file through a server, and compares every
// byte of what a BIOS is sent.
func TestClassicBytes(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	cfg := evaluated(t, "classic.conf").Config
	cfg.Servers = []netip.Addr{netip.MustParseAddr("192.168.122.1")}
	store, err := lease.Open("", cfg.Pools(), now)
	if err != nil {
		t.Fatal(err)
	}
	s, err := dhcp.New(cfg, store)
	if err != nil {
		t.Fatal(err)
	}
	text := func(s string) string { return hex.EncodeToString([]byte(s)) }
	zeros := func(n int) string { return strings.Repeat("00", n) }
	for _, tt := range []struct {
		typ    byte
		server bool
		want   string
	}{{dhcp.TypeDiscover, false, "350102"}, {dhcp.TypeRequest, true, "350105"}} {
		m := &dhcp.Message{
			Op: dhcp.OpRequest, HType: dhcp.HTypeEthernet, XID: 0x11223344, CHAddr: net.HardwareAddr{0x52, 0x54, 0, 0x12, 0x34, 0x56},
			Options: dhcp.Options{
				{Code: dhcp.OptionMessageType, Data: []byte{tt.typ}},
				{Code: dhcp.OptionParameterList, Data: []byte{1, 3, 6, 15, 43, 60, 66, 67}},
				{Code: dhcp.OptionRequestedAddress, Data: []byte{192, 168, 122, 100}},
				{Code: dhcp.OptionClientArch, Data: []byte{0, 0}},
				{Code: dhcp.OptionVendorClass, Data: []byte("PXEClient:Arch:00000:UNDI:002001")},
			},
		}
		if tt.server {
			m.Options = append(m.Options, dhcp.RawOption{Code: dhcp.OptionServerID, Data: []byte{192, 168, 122, 1}})
		}
		d := s.Decide(dhcp.Request{Message: m, Src: netip.MustParseAddrPort("0.0.0.0:68"), Dst: netip.MustParseAddrPort("255.255.255.255:67")}, now)
		if d.Reply == nil {
			t.Fatalf("no reply: %+v", d.Events)
		}
		want := "02010600" + "11223344" + "00000000" + "00000000" + "c0a87a64" + "c0a87a01" + "00000000" + // reply; yiaddr, siaddr
			"525400123456" + zeros(10) + zeros(64) + text("pxelinux.0") + zeros(118) + "63825363" +
			tt.want + "3604c0a87a01" + "330400005460" + "3a0400002a30" + "3b04000049d4" + // 21600 s, a half, seven eighths
			"0104ffffff00" + "0304c0a87a01" + "060408080808" + "0f09" + text("benet.com") +
			"2b04060108ff" + "3c09" + text("PXEClient") + "420e" + text("192.168.122.1") + "00" + "430b" + text("pxelinux.0") + "00" + "ff"
		if diff := cmp.Diff(want, hex.EncodeToString(d.Reply.Append(nil))); diff != "" {
			t.Errorf("type %d (-want +got):\n%s", tt.typ, diff)
		}
	}
	// A client that asks for longer gets max-lease-time.
	if got := cfg.Subnets[0].MaxLeaseTime; got != 43200*time.Second {
		t.Errorf("max-lease-time %s", got)
	}
}
