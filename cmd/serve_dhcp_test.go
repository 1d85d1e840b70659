package cmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pxe/boot"
	"pxe/dhcp"
	"pxe/dhcp/lease"
)

var (
	cmpAddr   = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })
	cmpPrefix = cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })
)

// dhcpConfigOf is what the flags mean on an interface with 192.168.122.1/24.
func dhcpConfigOf(t *testing.T, args ...string) dhcp.Config {
	t.Helper()
	o := serveDHCPOptions{bootfile: "pxelinux.0"}
	c := newServeDHCPCmd(Streams{})
	c.ResetFlags()
	o.addNetworkFlags(c)
	o.addServerFlags(c)
	if err := c.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	subnet := o.subnet
	if !subnet.IsValid() {
		subnet = netip.MustParsePrefix("192.168.122.0/24")
	}
	return o.config([]attachment{{
		addr: netip.MustParseAddr("192.168.122.1"), subnet: subnet, gateway: netip.MustParseAddr("192.168.122.254"),
	}})
}

// TestClassicDHCPDConf gives the values of the classic dhcpd.conf as flags.
func TestClassicDHCPDConf(t *testing.T) {
	got := dhcpConfigOf(t, "--lease-time", "21600", "--max-lease-time", "43200", "--domain", "benet.com", "--dns", "8.8.8.8",
		"--subnet", "192.168.122.0/24", "--router", "192.168.122.1", "--range", "192.168.122.100-192.168.122.200",
		"--next-server", "192.168.122.1", "--bootfile", "pxelinux.0")
	a := netip.MustParseAddr
	want := dhcp.Config{
		Servers: []netip.Addr{a("192.168.122.1")},
		Subnets: []dhcp.Subnet{{
			Prefix: netip.MustParsePrefix("192.168.122.0/24"), Ranges: []lease.Range{{First: a("192.168.122.100"), Last: a("192.168.122.200")}},
			Router: a("192.168.122.1"), DNS: []netip.Addr{a("8.8.8.8")}, Domain: "benet.com",
			LeaseTime: 21600 * time.Second, MaxLeaseTime: 43200 * time.Second,
		}},
		Boot: dhcp.Boot{NextServer: a("192.168.122.1"), File: "pxelinux.0", FileFor: uefiFiles()},
	}
	if diff := cmp.Diff(want, got, cmpAddr, cmpPrefix); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := got.Validate(); err != nil {
		t.Error(err)
	}
}

// uefiFiles are the default files of everything but BIOS.
func uefiFiles() map[boot.Arch]string {
	files := dhcp.DefaultFiles()
	delete(files, boot.ArchBIOS)
	return files
}

func TestServeDHCPDefaults(t *testing.T) {
	got := dhcpConfigOf(t)
	want := dhcp.Config{
		Servers: []netip.Addr{netip.MustParseAddr("192.168.122.1")},
		Subnets: []dhcp.Subnet{{
			Prefix:    netip.MustParsePrefix("192.168.122.0/24"),
			Ranges:    []lease.Range{{First: netip.MustParseAddr("192.168.122.128"), Last: netip.MustParseAddr("192.168.122.254")}},
			Router:    netip.MustParseAddr("192.168.122.254"),
			LeaseTime: 6 * time.Hour,
		}},
		Boot: dhcp.Boot{File: "pxelinux.0", FileFor: uefiFiles()},
	}
	if diff := cmp.Diff(want, got, cmpAddr, cmpPrefix); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := got.Validate(); err != nil {
		t.Error(err)
	}
}

func TestServeDHCPFlags(t *testing.T) {
	got := dhcpConfigOf(t, "--router", "none", "--bootfile-for", "efi-x64=grubx64.efi", "--bootfile-for", "0=undionly.kpxe",
		"--bootfile-for", "ipxe=http://192.168.122.1/boot.ipxe", "--host", "52:54:00:12:34:56=192.168.122.10,node1", "--host", "525400123457=192.168.122.11",
		"--range", "192.168.122.50", "--range", "192.168.122.60 - 192.168.122.69")
	if got.Subnets[0].Router.IsValid() {
		t.Errorf("router %s, want none", got.Subnets[0].Router)
	}
	if got := rangeTexts(got.Subnets[0].Ranges); strings.Join(got, " ") != "192.168.122.50-192.168.122.50 192.168.122.60-192.168.122.69" {
		t.Errorf("ranges %v", got)
	}
	b := got.Boot
	if b.FileFor[boot.ArchEFIX64] != "grubx64.efi" || b.FileFor[boot.ArchBIOS] != "undionly.kpxe" || b.IPXE != "http://192.168.122.1/boot.ipxe" {
		t.Errorf("boot files %+v", b)
	}
	hosts := []dhcp.Host{
		{MAC: net.HardwareAddr{0x52, 0x54, 0, 0x12, 0x34, 0x56}, Addrs: []netip.Addr{netip.MustParseAddr("192.168.122.10")}, Name: "node1"},
		{MAC: net.HardwareAddr{0x52, 0x54, 0, 0x12, 0x34, 0x57}, Addrs: []netip.Addr{netip.MustParseAddr("192.168.122.11")}},
	}
	if diff := cmp.Diff(hosts, got.Hosts, cmpAddr); diff != "" {
		t.Errorf("hosts (-want +got):\n%s", diff)
	}
	proxy := dhcpConfigOf(t, "--proxy")
	if !proxy.Proxy || proxy.Subnets != nil || proxy.Validate() != nil {
		t.Errorf("proxy: %+v", proxy)
	}
}

// TestOverride looks what each flag changes in the configuration of a file.
func TestOverride(t *testing.T) {
	a := netip.MustParseAddr
	mac := net.HardwareAddr{0x52, 0x54, 0, 0x12, 0x34, 0x56}
	byFile := func() dhcp.Config {
		return dhcp.Config{
			Servers: []netip.Addr{a("192.168.122.1")},
			Subnets: []dhcp.Subnet{{
				Prefix: netip.MustParsePrefix("192.168.122.0/24"), Ranges: []lease.Range{{First: a("192.168.122.100"), Last: a("192.168.122.200")}},
				Router: a("192.168.122.1"), DNS: []netip.Addr{a("8.8.8.8")}, Domain: "benet.com", LeaseTime: time.Hour, MaxLeaseTime: 2 * time.Hour,
			}},
			Hosts: []dhcp.Host{{MAC: mac, Addrs: []netip.Addr{a("192.168.122.5")}, Name: "old"}},
			Boot:  dhcp.Boot{File: "pxelinux.0", FileFor: map[boot.Arch]string{boot.ArchBIOS: "bios.0"}},
		}
	}
	tests := []struct {
		args []string
		want func(c *dhcp.Config, n *dhcp.Subnet)
	}{
		{nil, func(*dhcp.Config, *dhcp.Subnet) {}},
		{[]string{"--range", "192.168.122.7"}, func(_ *dhcp.Config, n *dhcp.Subnet) {
			n.Ranges = []lease.Range{{First: a("192.168.122.7"), Last: a("192.168.122.7")}}
		}},
		{[]string{"--router", "none"}, func(_ *dhcp.Config, n *dhcp.Subnet) { n.Router = netip.Addr{} }},
		{[]string{"--dns", "9.9.9.9"}, func(_ *dhcp.Config, n *dhcp.Subnet) { n.DNS = []netip.Addr{a("9.9.9.9")} }},
		{[]string{"--domain", ""}, func(_ *dhcp.Config, n *dhcp.Subnet) { n.Domain = "" }},
		{[]string{"--lease-time", "60"}, func(_ *dhcp.Config, n *dhcp.Subnet) { n.LeaseTime = time.Minute }},
		{[]string{"--max-lease-time", "3h"}, func(_ *dhcp.Config, n *dhcp.Subnet) { n.MaxLeaseTime = 3 * time.Hour }},
		{[]string{"--host", "52:54:00:12:34:56=192.168.122.6"}, func(c *dhcp.Config, _ *dhcp.Subnet) {
			c.Hosts = []dhcp.Host{{MAC: mac, Addrs: []netip.Addr{a("192.168.122.6")}}}
		}},
		{[]string{"--next-server", "192.168.122.9"}, func(c *dhcp.Config, _ *dhcp.Subnet) { c.Boot.NextServer = a("192.168.122.9") }},
		{[]string{"--bootfile", "x.0"}, func(c *dhcp.Config, _ *dhcp.Subnet) {
			c.Boot = dhcp.Boot{File: "x.0", FileFor: map[boot.Arch]string{}}
		}},
		{[]string{"--bootfile-for", "efi-x64=x.efi", "--bootfile-for", "ipxe=i"}, func(c *dhcp.Config, _ *dhcp.Subnet) {
			c.Boot.FileFor[boot.ArchEFIX64], c.Boot.IPXE = "x.efi", "i"
		}},
		{[]string{"--authoritative"}, func(c *dhcp.Config, _ *dhcp.Subnet) { c.Authoritative = true }},
		{[]string{"--by-client-id"}, func(c *dhcp.Config, _ *dhcp.Subnet) { c.ByClientID = true }},
	}
	for _, tt := range tests {
		var o serveDHCPOptions
		c := newServeDHCPCmd(Streams{})
		c.ResetFlags()
		o.addNetworkFlags(c)
		o.addServerFlags(c)
		if err := c.ParseFlags(tt.args); err != nil {
			t.Fatal(err)
		}
		o.given = given(c)
		want, got := byFile(), byFile()
		tt.want(&want, &want.Subnets[0])
		flags := o.override(&got)
		if diff := cmp.Diff(want, got, cmpAddr, cmpPrefix); diff != "" {
			t.Errorf("%v (-want +got):\n%s", tt.args, diff)
		}
		if len(tt.args) == 0 && len(flags) != 0 || len(tt.args) > 0 && (len(flags) != 1 || flags[0] != tt.args[0]) {
			t.Errorf("%v: said %v", tt.args, flags)
		}
	}
}

func TestUpperHalf(t *testing.T) {
	for subnet, want := range map[string]string{
		"192.168.1.0/24": "192.168.1.128-192.168.1.254",
		"10.0.0.0/16":    "10.0.128.0-10.0.255.254",
		"192.0.2.0/30":   "192.0.2.2-192.0.2.2",
		"192.0.2.0/31":   "",
		"192.0.2.7/32":   "",
	} {
		if got := strings.Join(rangeTexts(upperHalf(netip.MustParsePrefix(subnet))), " "); got != want {
			t.Errorf("%s: %q, want %q", subnet, got, want)
		}
	}
}

func TestParseLeaseTime(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"21600": 6 * time.Hour, "6h": 6 * time.Hour, "1": time.Second, "4294967294": dhcp.LongestLease,
	} {
		got, err := parseLeaseTime(text)
		if got != want || err != nil {
			t.Errorf("%s is %s, %v, want %s", text, got, err, want)
		}
		if back, err := parseLeaseTime(dhcp.FormatTime(got)); back != want || err != nil {
			t.Errorf("%s reads back as %s, %v", dhcp.FormatTime(got), back, err)
		}
	}
	for text, want := range map[string]string{
		"0": "out of range", "-5s": "out of range", "-5": "out of range", "999ms": "out of range", "4294967295": "out of range",
		"9999999999": "out of range", "99999999999999999999": "out of range", "soon": "is not a time",
	} {
		if _, err := parseLeaseTime(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// TestOwnPrefix picks one of an interface's addresses.
func TestOwnPrefix(t *testing.T) {
	tests := []struct {
		name, addrs, subnet string
		own, others         string
	}{
		{"one", "192.0.2.7/24", "", "192.0.2.7/24", ""},
		{"the first of two", "fe80::1/64 192.0.2.7/24 198.51.100.7/24", "", "192.0.2.7/24", "198.51.100.7/24"},
		{"that of the subnet", "192.0.2.7/24 198.51.100.7/24", "198.51.100.0/24", "198.51.100.7/24", "192.0.2.7/24"},
		{"one of no network", "192.0.2.7/32", "", "192.0.2.7/32", ""},
		{"one of no network comes first", "192.0.2.9/32 192.0.2.7/24", "", "192.0.2.7/24", "192.0.2.9/32"},
		{"a subnet behind a relay", "192.0.2.7/24 198.51.100.7/24", "10.0.0.0/8", "192.0.2.7/24", "198.51.100.7/24"},
		{"none", "fe80::1/64", "", "invalid Prefix", ""},
	}
	for _, tt := range tests {
		var addrs []net.Addr
		for a := range strings.FieldsSeq(tt.addrs) {
			ip, ipnet, err := net.ParseCIDR(a)
			if err != nil {
				t.Fatal(err)
			}
			addrs = append(addrs, &net.IPNet{IP: ip, Mask: ipnet.Mask})
		}
		var subnet netip.Prefix
		if tt.subnet != "" {
			subnet = netip.MustParsePrefix(tt.subnet)
		}
		own, others, ok := ownPrefix(addrs, subnet)
		var texts []string
		for _, p := range others {
			texts = append(texts, p.String())
		}
		if got := strings.Join(texts, " "); own.String() != tt.own || got != tt.others || ok != own.IsValid() {
			t.Errorf("%s: %s beside %q, %t, want %s beside %q", tt.name, own, got, ok, tt.own, tt.others)
		}
	}
}

// TestAddressAlone says what to do about an interface with a /32.
func TestAddressAlone(t *testing.T) {
	a := attachment{addr: netip.MustParseAddr("192.0.2.7"), subnet: netip.MustParsePrefix("192.0.2.7/32")}
	err := a.explainAlone(errors.New("no address to give"), "eth0")
	if codeFor(err) != exitUsage || !strings.Contains(err.Error(), "192.0.2.7/32") || !strings.Contains(hintOf(err), "--subnet 192.0.2.0/24") {
		t.Errorf("%v, hint %q", err, hintOf(err))
	}
	if err := a.explainAlone(nil, "eth0"); err != nil {
		t.Errorf("nothing is wrong, and yet %v", err)
	}
}

// TestDefaultGateway reads what the kernel of a little-endian machine prints.
func TestDefaultGateway(t *testing.T) {
	const routes = `Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth1	00000000	0102A8C0	0003	0	0	0	00000000	0	0	0
eth0	0000A8C0	00000000	0001	0	0	0	0000FFFF	0	0	0
eth0	00000000	00000000	0001	0	0	0	00000000	0	0	0
eth0	00000000	FE7AA8C0	0003	0	0	0	00000000	0	0	0
short	line
`
	four := func(b ...byte) string { // the machine may be big-endian
		if gw := defaultGateway(strings.NewReader("x 00000000 01000000 3 0 0 0 00000000"), "x"); gw == netip.AddrFrom4([4]byte{1}) {
			b[0], b[1], b[2], b[3] = b[3], b[2], b[1], b[0]
		}
		return netip.AddrFrom4([4]byte(b)).String()
	}
	if got := defaultGateway(strings.NewReader(routes), "eth0").String(); got != four(192, 168, 122, 254) {
		t.Errorf("eth0: %s", got)
	}
	if got := defaultGateway(strings.NewReader(routes), "eth2"); got.IsValid() {
		t.Errorf("eth2: %s, want none", got)
	}
}

func TestStateDir(t *testing.T) {
	env := func(pairs ...string) Streams {
		return Streams{Getenv: func(name string) string {
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i] == name {
					return pairs[i+1]
				}
			}
			return ""
		}}
	}
	tests := []struct {
		s    Streams
		root bool
		want string
	}{
		{env("STATE_DIRECTORY", "/var/lib/a:/var/lib/b"), true, "/var/lib/a"},
		{env("HOME", "/root"), true, "/var/lib/pxe"},
		{env("HOME", "/home/u", "XDG_STATE_HOME", "/state"), false, "/state/pxe"},
		{env("HOME", "/home/u"), false, "/home/u/.local/state/pxe"},
	}
	for _, tt := range tests {
		if got := stateDir(tt.s, tt.root); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

func TestExplainConfig(t *testing.T) {
	one := explainConfig((&dhcp.Config{Proxy: true}).Validate())
	var usage *usageError
	if !errors.As(one, &usage) || hintOf(one) == "" || codeFor(one) != exitUsage {
		t.Errorf("one fault: %v, hint %q", one, hintOf(one))
	}
	two := explainConfig((&dhcp.Config{}).Validate())
	if lines := strings.Split(two.Error(), "\n"); len(lines) != 2 || codeFor(two) != exitUsage {
		t.Errorf("two faults: %q", two)
	}
	if err := explainConfig(nil); err != nil {
		t.Errorf("no fault: %v", err)
	}
}

// TestDHCPView renders one event of each view.
func TestDHCPView(t *testing.T) {
	e := dhcp.Event{
		Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Kind: dhcp.EventAck, Type: dhcp.TypeRequest,
		Machine: boot.Machine{
			MAC: net.HardwareAddr{0x52, 0x54, 0, 0x12, 0x34, 0x56}, Arch: boot.ArchEFIX64, HasArch: true, Kind: boot.KindPXE, UUID: make([]byte, 16),
		},
		Addr: netip.MustParseAddr("192.168.122.100"), Name: "evil\nname", File: "bootx64.efi", Lease: 6 * time.Hour,
		Path: dhcp.Path{Kind: dhcp.PathLink, To: netip.MustParseAddrPort("192.168.122.100:68")},
	}
	var out, err bytes.Buffer
	s := Streams{Out: &out, Err: &err}
	newDHCPView(s, common{format: formatJSON}).event(e)
	want := `{"event":"ack","time":"2026-01-02T03:04:05Z","message":"REQUEST","mac":"52:54:00:12:34:56","uuid":"00000000-0000-0000-0000-000000000000",` +
		`"arch":"efi-x64","client":"pxe","address":"192.168.122.100","name":"evil\nname","file":"bootx64.efi","lease_seconds":21600,"path":"link","to":"192.168.122.100:68"}` + "\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
	newDHCPView(s, common{format: formatText}).event(e)
	line := err.String()
	if strings.Count(line, "\n") != 1 {
		t.Errorf("not one line: %q", line)
	}
	for _, part := range []string{"INFO", "leased", "52:54:00:12:34:56", "192.168.122.100", "kind=pxe", "arch=efi-x64", "file=bootx64.efi", "for=6h"} {
		if !strings.Contains(line, part) {
			t.Errorf("no %q in %q", part, line)
		}
	}
	err.Reset()
	newDHCPView(s, common{format: formatText}).event(dhcp.Event{Kind: dhcp.EventIgnored, Reason: "not for us"})
	if err.Len() > 0 {
		t.Errorf("an ignored packet is told without -v: %q", &err)
	}
	newDHCPView(s, common{format: formatText}).event(dhcp.Event{
		Kind: dhcp.EventForeignServer, Server: netip.MustParseAddr("192.0.2.5"), Addr: netip.MustParseAddr("192.0.2.50"), File: "boot.bin",
	})
	for _, part := range []string{"WARN", "ANOTHER DHCP SERVER", "server=192.0.2.5", "address=192.0.2.50", "file=boot.bin"} {
		if !strings.Contains(err.String(), part) {
			t.Errorf("no %q in %q", part, &err)
		}
	}
	for k := dhcp.EventKind(0); k.String() != "unknown"; k++ {
		if dhcpWords[k] == "" {
			t.Errorf("no words for %s", k)
		}
	}
	var any map[string]any
	out.Reset()
	newDHCPView(s, common{format: formatJSON}).event(dhcp.Event{Kind: dhcp.EventMalformed, Err: errors.New("short")})
	if jerr := json.Unmarshal(out.Bytes(), &any); jerr != nil || any["error"] != "short" || any["mac"] != nil {
		t.Errorf("malformed: %s, %v", &out, jerr)
	}
}
