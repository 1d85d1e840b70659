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
	for _, name := range []string{"classic", "plain", "arch", "ipxe", "groups", "relayed", "racks"} {
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
		fmt.Fprintf(&b, "subnet %s network %q ranges %v router %v dns %v domain %q lease %s max %s min %s", s.Prefix, s.Network, s.Ranges, s.Router, s.DNS, s.Domain, s.LeaseTime, s.MaxLeaseTime, s.MinLeaseTime)
		if m := describeMatch(s.For); m != "" || s.BOOTP {
			fmt.Fprintf(&b, " bootp %t for%s", s.BOOTP, m)
		}
		b.WriteString("\n")
		for _, o := range s.Options {
			fmt.Fprintf(&b, "  option %d %x\n", o.Code, o.Data)
		}
	}
	describeBoot(&b, "", c.Boot)
	for _, rule := range c.Rules {
		fmt.Fprintf(&b, "rule %s%s:%s\n", rule.Name, describeMatch(rule.Match), describeSettings(rule.Settings))
	}
	for _, h := range c.Hosts {
		fmt.Fprintf(&b, "host %s%x %v %q%s\n", h.MAC, h.ClientID, h.Addrs, h.Name, describeSettings(h.Settings))
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

// describeMatch writes what is set in a match.
func describeMatch(m dhcp.Match) string {
	var b strings.Builder
	for _, f := range []struct {
		name string
		list any
		set  bool
	}{{"arch", m.Arch, m.Arch != nil}, {"kind", m.Kind, m.Kind != nil}, {"mac", m.MAC, m.MAC != nil}, {"subnet", m.Subnet, m.Subnet != nil}, {"range", m.Range, m.Range != nil}, {"class", m.VendorClass, m.VendorClass != nil}, {"known", m.Known, m.Known}} {
		if f.set {
			fmt.Fprintf(&b, " %s %v", f.name, f.list)
		}
	}
	if t := m.Test; t != nil {
		fmt.Fprintf(&b, " %s", describeTest(*t))
	}
	for _, l := range []struct {
		word string
		list []dhcp.Match
	}{{"all", m.All}, {"any", m.Any}} {
		if len(l.list) == 0 {
			continue
		}
		fmt.Fprintf(&b, " %s [", l.word)
		for i, one := range l.list {
			b.WriteString(strings.Repeat(" |", min(i, 1)) + describeMatch(one))
		}
		b.WriteString(" ]")
	}
	if m.Not != nil {
		fmt.Fprintf(&b, " not (%s )", describeMatch(*m.Not))
	}
	return b.String()
}

func describeTest(t dhcp.Test) string {
	what := map[dhcp.Source]string{dhcp.SourceHardware: "hardware", dhcp.SourceOption: fmt.Sprint(t.Option), dhcp.SourceSuboption: fmt.Sprintf("%d.%d", t.Option, t.Suboption)}[t.Source]
	if t.Exists {
		return "exists " + what
	}
	if t.Suffix {
		what += fmt.Sprintf("[-%d:]", t.Length)
	} else if t.From+t.Length > 0 {
		what += fmt.Sprintf("[%d+%d]", t.From, t.Length)
	}
	if t.Lower {
		what = "lower " + what
	}
	return fmt.Sprintf("%s=%q", what, t.Equal)
}

// describeSettings writes what is set in settings.
func describeSettings(s dhcp.Settings) string {
	var b strings.Builder
	if s.File != "" {
		fmt.Fprintf(&b, " file %q", s.File)
	}
	if s.NextServer.IsValid() {
		fmt.Fprintf(&b, " next %s", s.NextServer)
	}
	if s.Ignore {
		b.WriteString(" ignore")
	}
	for _, o := range s.Options {
		fmt.Fprintf(&b, " option %d %x", o.Code, o.Data)
	}
	if s.LeaseTime+s.MaxLeaseTime+s.MinLeaseTime > 0 {
		fmt.Fprintf(&b, " lease %s max %s min %s", s.LeaseTime, s.MaxLeaseTime, s.MinLeaseTime)
	}
	for q, on := range s.Quirks {
		fmt.Fprintf(&b, " quirk %s %t", q, on)
	}
	return b.String()
}

// serverOf is a server without leases.
func serverOf(t *testing.T, cfg dhcp.Config, now time.Time) *dhcp.Server {
	t.Helper()
	store, err := lease.Open("", cfg.Pools(), now)
	if err != nil {
		t.Fatal(err)
	}
	s, err := dhcp.New(cfg, store)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestClassicBytes runs the classic file through a server, and compares every
// byte of what a BIOS is sent.
func TestClassicBytes(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	cfg := evaluated(t, "classic.conf").Config
	cfg.Servers = []netip.Addr{netip.MustParseAddr("192.168.122.1")}
	s := serverOf(t, cfg, now)
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
