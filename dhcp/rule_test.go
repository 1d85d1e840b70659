package dhcp

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pxe/boot"
	"pxe/dhcp/lease"
)

// discoverBy is what a server makes of a machine's DISCOVER.
func discoverBy(t *testing.T, cfg Config, is boot.Machine, change ...func(m *Message)) Decision {
	t.Helper()
	m := Sample(is, TypeDiscover)
	for _, f := range change {
		f(m)
	}
	return newServer(t, cfg).Decide(Request{Message: m, Src: fromZero, Dst: toAll}, testStart)
}

func machineOf(a boot.Arch, k boot.Kind) boot.Machine {
	return boot.Machine{MAC: mac(clientMAC), Arch: a, HasArch: true, Kind: k}
}

// TestRules looks which rule decides what a machine boots.
func TestRules(t *testing.T) {
	bios, efi := machineOf(boot.ArchBIOS, boot.KindPXE), machineOf(boot.ArchEFIX64, boot.KindPXE)
	http, ipxe := machineOf(boot.ArchHTTPX64, boot.KindHTTP), machineOf(boot.ArchBIOS, boot.KindIPXE)
	rule := func(m Match, file string) Rule { return Rule{Name: "r", Match: m, Settings: Settings{File: file}} }
	relayed := func(circuit string) func(m *Message) {
		return func(m *Message) {
			v := AppendOptions(nil, Options{textOption(RelayCircuitID, circuit)})
			m.Options = append(m.Options, RawOption{OptionRelayAgent, v})
		}
	}
	uuid := [16]byte(testUUID()[1:])
	withUUID := func(m *Message) { m.Options = append(m.Options, RawOption{OptionClientUUID, testUUID()}) }
	efiArch := Match{Arch: []boot.Arch{boot.ArchEFIX64}}
	tests := []struct {
		name   string
		rules  []Rule
		is     boot.Machine
		change func(m *Message)
		file   string
		by     string
	}{
		{"none", nil, bios, nil, "pxelinux.0", "boot file for bios"},
		{"for everybody", []Rule{rule(Match{}, "x.0")}, bios, nil, "x.0", "r"},
		{"the first counts", []Rule{rule(Match{}, "x.0"), rule(Match{}, "y.0")}, bios, nil, "x.0", "r"},
		{"one that does not hold", []Rule{rule(efiArch, "x.efi")}, bios, nil, "pxelinux.0", "boot file for bios"},
		{"by architecture", []Rule{rule(efiArch, "x.efi")}, efi, nil, "x.efi", "r"},
		{"a BIOS program is not for UEFI", []Rule{rule(Match{}, "x.0")}, efi, nil, "bootx64.efi", "boot file for efi-x64"},
		{"a UEFI program is not for a BIOS", []Rule{rule(Match{}, "x.efi")}, bios, nil, "pxelinux.0", "boot file for bios"},
		{"unless somebody thought of it", []Rule{rule(efiArch, "strange.0")}, efi, nil, "strange.0", "r"},
		{"by kind", []Rule{rule(Match{Kind: []boot.Kind{boot.KindIPXE}}, "menu.ipxe")}, ipxe, nil, "menu.ipxe", "r"},
		{"iPXE is not sent to iPXE", []Rule{rule(Match{}, "undionly.kpxe"), rule(Match{}, "menu.ipxe")}, ipxe, nil, "menu.ipxe", "r"},
		{"but to a ROM", []Rule{rule(Match{}, "undionly.kpxe"), rule(Match{}, "menu.ipxe")}, bios, nil, "undionly.kpxe", "r"},
		{"HTTP Boot by the machine's architecture", []Rule{rule(efiArch, "http://a/x.efi")}, http, nil, "http://a/x.efi", "r"},
		{"HTTP Boot without a URL", []Rule{rule(efiArch, "x.efi")}, http, nil, "http://192.168.122.1/bootx64.efi", "boot file for http-x64"},
		{"by MAC", []Rule{rule(Match{MAC: []MACPrefix{"\x52\x54\x00\x12\x34\x56"}}, "x.efi")}, bios, nil, "x.efi", "r"},
		{"by another MAC", []Rule{rule(Match{MAC: []MACPrefix{"\x52\x54\x01"}}, "x.0")}, bios, nil, "pxelinux.0", "boot file for bios"},
		{"by UUID", []Rule{rule(Match{UUID: [][16]byte{uuid}}, "x.0")}, bios, withUUID, "x.0", "r"},
		{"by UUID as dmidecode has it", []Rule{rule(Match{UUID: [][16]byte{[16]byte(boot.SwapUUID(uuid[:]))}}, "x.0")}, bios, withUUID, "x.0", "r"},
		{"by subnet", []Rule{rule(Match{Subnet: []netip.Prefix{netip.MustParsePrefix("192.168.122.0/24")}}, "x.0")}, bios, nil, "x.0", "r"},
		{"by another subnet", []Rule{rule(Match{Subnet: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, "x.0")}, bios, nil, "pxelinux.0", "boot file for bios"},
		{"by vendor class", []Rule{rule(Match{VendorClass: []string{"PXEClient:Arch:00000"}}, "x.0")}, bios, nil, "x.0", "r"},
		{"by user class", []Rule{rule(Match{UserClass: []string{"iPXE"}}, "m.ipxe")}, ipxe, nil, "m.ipxe", "r"},
		{"by circuit", []Rule{rule(Match{CircuitID: []string{"port7"}}, "x.0")}, bios, relayed("port7"), "x.0", "r"},
		{"by another circuit", []Rule{rule(Match{CircuitID: []string{"port7"}}, "x.0")}, bios, relayed("port8"), "pxelinux.0", "boot file for bios"},
		{"unknown clients", []Rule{rule(Match{Not: &Match{Known: true}}, "x.0")}, bios, nil, "x.0", "r"},
		{"known clients", []Rule{rule(Match{Known: true}, "x.0")}, bios, nil, "pxelinux.0", "boot file for bios"},
		{"any", []Rule{rule(Match{Any: []Match{efiArch, {Arch: []boot.Arch{boot.ArchBIOS}}}}, "x.0")}, bios, nil, "x.0", "r"},
		{"all", []Rule{rule(Match{All: []Match{efiArch, {}}}, "x.0")}, bios, nil, "pxelinux.0", "boot file for bios"},
		{"a test", []Rule{rule(Match{Test: &Test{Option: OptionVendorClass, Length: 9, Lower: true, Equal: []byte("pxeclient")}}, "x.0")}, bios, nil, "x.0", "r"},
		{"a test of what is not there", []Rule{rule(Match{Test: &Test{Option: OptionUserClass, Equal: []byte("x")}}, "x.0")}, bios, nil, "pxelinux.0", "boot file for bios"},
		{"its contrary", []Rule{rule(Match{Not: &Match{Test: &Test{Option: OptionUserClass, Equal: []byte("x")}}}, "x.0")}, bios, nil, "x.0", "r"},
		{"the contrary of what holds", []Rule{rule(Match{Not: &Match{Arch: []boot.Arch{boot.ArchBIOS}}}, "x.0")}, bios, nil, "pxelinux.0", "boot file for bios"},
		{"by range", []Rule{rule(Match{Range: []lease.Range{{First: addr("192.168.122.200"), Last: addr("192.168.122.210")}}}, "x.0")}, bios, nil, "x.0", "r"},
		{"by another range", []Rule{rule(Match{Range: []lease.Range{{First: addr("192.168.122.201"), Last: addr("192.168.122.210")}}}, "x.0")}, bios, nil, "pxelinux.0", "boot file for bios"},
		{"a test that asks whether it is there", []Rule{rule(Match{Not: &Match{Test: &Test{Option: OptionUserClass, Exists: true}}}, "x.0")}, bios, nil, "x.0", "r"},
		{"the hardware address", []Rule{rule(Match{Test: &Test{Source: SourceHardware, From: 1, Length: 3, Equal: []byte{0x52, 0x54, 0}}}, "x.0")}, bios, nil, "x.0", "r"},
		{"the end of a value", []Rule{rule(Match{Test: &Test{Option: OptionVendorClass, Suffix: true, Length: 3, Equal: []byte("016")}}, "x.0")}, bios, nil, "x.0", "r"},
		{"a suboption", []Rule{rule(Match{Test: &Test{Source: SourceSuboption, Option: OptionRelayAgent, Suboption: RelayCircuitID, Equal: []byte("p")}}, "x.0")}, bios, relayed("p"), "x.0", "r"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := fullConfig()
			cfg.Rules = tt.rules
			var change []func(*Message)
			if tt.change != nil {
				change = append(change, tt.change)
			}
			d := discoverBy(t, cfg, tt.is, change...)
			if d.Reply == nil {
				t.Fatalf("no reply: %+v", d.Events)
			}
			e := d.Events[len(d.Events)-1]
			if d.Reply.File != tt.file || e.File != tt.file || e.Rule != tt.by {
				t.Errorf("file %q, by %q, want %q by %q", d.Reply.File, e.Rule, tt.file, tt.by)
			}
		})
	}
}

// TestRuleOfASubnetAtTheBootService asks on port 4011, where the client's address
// tells its subnet.
func TestRuleOfASubnetAtTheBootService(t *testing.T) {
	cfg := fullConfig()
	cfg.Rules = []Rule{{Name: "r", Match: Match{Subnet: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}}, Settings: Settings{File: "far.0"}}}
	s := newServer(t, cfg)
	for ciaddr, want := range map[string]string{"10.1.1.7": "far.0", "192.168.122.107": "pxelinux.0"} {
		m := with(Sample(machineOf(boot.ArchBIOS, boot.KindPXE), TypeRequest), func(m *Message) { m.CIAddr = addr(ciaddr) })
		d := s.Decide(Request{Message: m, Src: netip.AddrPortFrom(addr(ciaddr), 68), Dst: netip.AddrPortFrom(toServer.Addr(), 4011), Boot: true}, testStart)
		if d.Reply == nil || d.Reply.File != want {
			t.Errorf("%s: %+v, want %s", ciaddr, d, want)
		}
	}
}

// TestSettingsMerge looks that of each thing the most particular word counts.
func TestSettingsMerge(t *testing.T) {
	cfg := classic()
	cfg.Subnets[0].Options = Options{{OptionNTP, []byte{1, 1, 1, 1}}}
	cfg.Hosts = []Host{{MAC: mac(clientMAC), Name: "node", Settings: Settings{File: "host.0", Options: Options{{OptionNTP, []byte{2, 2, 2, 2}}}}}}
	cfg.Rules = []Rule{
		{Settings: Settings{File: "rule.0", LeaseTime: time.Hour, Options: Options{{OptionNTP, []byte{3, 3, 3, 3}}, {OptionRouter, []byte{192, 168, 122, 9}}}}},
		{Settings: Settings{NextServer: addr("192.168.122.8"), LeaseTime: time.Minute, Options: Options{{OptionMTU, []byte{5, 220}}}}},
	}
	d := discoverBy(t, cfg, machineOf(boot.ArchBIOS, boot.KindPXE), func(m *Message) {
		m.Options = append(m.Options[:1:1], RawOption{OptionClientArch, []byte{0, 0}}, textOption(OptionVendorClass, ClassPXE))
	})
	r := d.Reply
	if r == nil || r.File != "host.0" || r.SIAddr != addr("192.168.122.8") {
		t.Fatalf("reply %+v", r)
	}
	got := map[uint8][]byte{}
	for _, o := range r.Options {
		got[o.Code] = o.Data
	}
	for code, want := range map[uint8][]byte{
		OptionNTP: {2, 2, 2, 2}, OptionRouter: {192, 168, 122, 9}, OptionMTU: {5, 220}, OptionLeaseTime: {0, 0, 14, 16}, OptionHostName: []byte("node"),
	} {
		if diff := cmp.Diff(want, got[code]); diff != "" {
			t.Errorf("option %d (-want +got):\n%s", code, diff)
		}
	}
}

// TestLeaseTimeOfTwoRules looks that a maximum counts whoever says it, also for a
// client that does not ask.
func TestLeaseTimeOfTwoRules(t *testing.T) {
	cfg := classic()
	cfg.Rules = []Rule{{Settings: Settings{MaxLeaseTime: time.Hour}}, {Settings: Settings{LeaseTime: 2 * time.Hour}}}
	r := discoverBy(t, cfg, machineOf(boot.ArchBIOS, boot.KindPXE), func(*Message) {}).Reply
	if got, _ := r.Options.Uint32(OptionLeaseTime); got != 3600 {
		t.Errorf("the lease is %d s", got)
	}
}

// TestIgnore leaves some clients without an answer, in each way to serve.
func TestIgnore(t *testing.T) {
	is := machineOf(boot.ArchBIOS, boot.KindPXE)
	request := with(Sample(is, TypeRequest), func(m *Message) { m.CIAddr = addr("192.168.122.150") })
	for _, tt := range []struct {
		name  string
		req   Request
		proxy bool
	}{
		{"server", Request{Message: Sample(is, TypeDiscover), Src: fromZero, Dst: toAll}, false},
		{"proxy", Request{Message: Sample(is, TypeDiscover), Src: fromZero, Dst: toAll}, true},
		{"boot service", Request{Message: request, Src: fromZero, Dst: toAll, Boot: true}, false},
	} {
		for _, ignore := range []bool{true, false} {
			cfg := fullConfig()
			cfg.Proxy = tt.proxy
			cfg.Rules = []Rule{{Name: "away", Match: Match{Kind: []boot.Kind{boot.KindPXE}}, Settings: Settings{Ignore: ignore}}}
			d := newServer(t, cfg).Decide(tt.req, testStart)
			if reason := outcomeOf(d).Reason; (d.Reply == nil) != ignore || ignore && reason != "left without an answer by away" {
				t.Errorf("%s, %t: reply %v, %q", tt.name, ignore, d.Reply, reason)
			}
		}
	}
	cfg := fullConfig() // one of two networks of a wire
	cfg.Subnets[0].Network, cfg.Subnets[1].Network = "rack", "rack"
	cfg.Rules = []Rule{{Match: Match{Subnet: []netip.Prefix{cfg.Subnets[0].Prefix}}, Settings: Settings{Ignore: true}}}
	if d := discoverBy(t, cfg, is); d.Reply == nil || !cfg.Subnets[1].Prefix.Contains(d.Reply.YIAddr) {
		t.Errorf("the other network: %+v", d)
	}
	cfg = fullConfig()
	cfg.Hosts = []Host{{MAC: mac(clientMAC), Addrs: []netip.Addr{addr("192.168.122.9")}, Settings: Settings{Ignore: true}}}
	if d := discoverBy(t, cfg, is); d.Reply != nil {
		t.Errorf("a host: %+v", d)
	}
}

// TestVendorOptionsOfRules sends option 43 of the configuration to a client that
// boots not by PXE and asks for it.
func TestVendorOptionsOfRules(t *testing.T) {
	cfg := fullConfig()
	cfg.Rules = []Rule{{Settings: Settings{Options: Options{{OptionVendorSpecific, []byte{1, 4, 10, 0, 0, 1}}}}}}
	d := discoverBy(t, cfg, machineOf(0, boot.KindPlain), func(m *Message) {
		m.Options = Options{byteOption(OptionMessageType, TypeDiscover), {OptionParameterList, []byte{1, OptionVendorSpecific}}}
	})
	if got := d.Reply.Options.Get(OptionVendorSpecific); string(got) != "\x01\x04\x0a\x00\x00\x01" {
		t.Errorf("option 43 is %x", got)
	}
	cfg.Boot = Boot{} // a menu of boot servers needs no file
	d = discoverBy(t, cfg, machineOf(boot.ArchBIOS, boot.KindPXE))
	if opts := d.Reply.Options; !opts.Has(OptionVendorSpecific) || !opts.Has(OptionVendorClass) || opts.Has(OptionBootFileName) {
		t.Errorf("without a file: %v", opts)
	}
}

// TestLocalBoot sends a boot client to its disk: no file, and a menu that chooses
// the disk at once.
func TestLocalBoot(t *testing.T) {
	cfg := fullConfig()
	cfg.Rules = []Rule{{Name: "done", Settings: Settings{LocalBoot: true}}}
	d := discoverBy(t, cfg, machineOf(boot.ArchEFIX64, boot.KindPXE))
	opts, err := ParsePXEOptions(d.Reply.Options.Get(OptionVendorSpecific))
	if err != nil {
		t.Fatal(err)
	}
	menu, err := opts.Menu()
	prompt, ok := opts.Prompt()
	if d.Reply.File != "" || err != nil || len(menu) != 1 || menu[0].Type != 0 || !ok || prompt.Timeout != 0 {
		t.Errorf("file %q, menu %v, prompt %v", d.Reply.File, menu, prompt)
	}
	if bits, _ := opts.Control(); bits&ControlBootFile != 0 {
		t.Error("the client is told to take the file of the packet, in which there is none")
	}
}

// TestQuirks looks what each quirk changes in an offer.
func TestQuirks(t *testing.T) {
	efi := machineOf(boot.ArchEFIX64, boot.KindPXE)
	pi := efi
	pi.MAC, pi.Arch = mac("b8:27:eb:01:02:03"), boot.ArchBIOS
	seen := make(map[Quirk]bool)
	for _, tt := range []struct {
		quirk Quirk
		is    boot.Machine
		shows func(d Decision) bool // with it, and not without it
	}{
		{QuirkTrailingNUL, efi, func(d Decision) bool { return string(d.Reply.Options.Get(OptionBootFileName)) == "bootx64.efi\x00" }},
		{QuirkPad300, efi, func(d Decision) bool { return !d.Unpadded }},
		{QuirkRaspberryPi, pi, func(d Decision) bool {
			return strings.Contains(string(d.Reply.Options.Get(OptionVendorSpecific)), "Raspberry Pi Boot")
		}},
		{QuirkMenuPrompt, efi, func(d Decision) bool {
			return string(d.Reply.Options.Get(OptionVendorSpecific)) == "\x06\x01\x08\x0a\x04\x00PXE\xff"
		}},
		{QuirkBootService, efi, func(d Decision) bool {
			return !d.Reply.Options.Has(OptionVendorSpecific) && d.Reply.Options.Has(OptionVendorClass)
		}},
		{QuirkClassless, efi, func(d Decision) bool {
			return !d.Reply.Options.Has(OptionVendorSpecific) && !d.Reply.Options.Has(OptionVendorClass) && d.Reply.Options.Has(OptionBootFileName)
		}},
		{QuirkHeaderOnly, efi, func(d Decision) bool {
			return !d.Reply.Options.Has(OptionVendorClass) && !d.Reply.Options.Has(OptionBootFileName) && d.Reply.File == "bootx64.efi"
		}},
		{QuirkBroadcast, efi, func(d Decision) bool { return d.Reply.Broadcast() && d.Events[0].Path.Kind == PathBroadcast }},
		{QuirkStripClientID, efi, func(d Decision) bool { return !d.Reply.Options.Has(OptionClientID) }},
	} {
		seen[tt.quirk] = true
		for _, on := range []bool{true, false} {
			cfg := fullConfig()
			cfg.Rules = []Rule{{Settings: Settings{Quirks: map[Quirk]bool{tt.quirk: on}}}}
			d := discoverBy(t, cfg, tt.is, func(m *Message) { m.Options = append(m.Options, RawOption{OptionClientID, []byte{1, 2, 3}}) })
			if d.Reply == nil || tt.shows(d) != on {
				t.Errorf("%s %t: %+v, reply %+v", tt.quirk, on, d, d.Reply)
			}
		}
		auto := discoverBy(t, fullConfig(), tt.is, func(m *Message) { m.Options = append(m.Options, RawOption{OptionClientID, []byte{1, 2, 3}}) })
		unasked := false
		for _, info := range Quirks() {
			unasked = unasked || info.Quirk == tt.quirk && info.Unasked != ""
		}
		if tt.shows(auto) != unasked {
			t.Errorf("%s unasked: %t, and the table says %t", tt.quirk, tt.shows(auto), unasked)
		}
	}
	for _, info := range Quirks() {
		if q, on, err := ParseQuirk("no-" + string(info.Quirk)); q != info.Quirk || on || err != nil || !seen[info.Quirk] || info.What == "" || info.Source == "" {
			t.Errorf("%s: parsed as %s, %t, %v; tested: %t", info.Quirk, q, on, err, seen[info.Quirk])
		}
	}
}

// TestBootOnly leaves plain clients alone, but for hosts and for machines that
// booted before.
func TestBootOnly(t *testing.T) {
	cfg := fullConfig()
	cfg.BootOnly = true
	s := newServer(t, cfg)
	ask := func(is boot.Machine, typ MessageType, opts ...RawOption) Decision {
		m := Sample(is, typ)
		m.Options = append(m.Options, opts...)
		return s.Decide(Request{Message: m, Src: fromZero, Dst: toAll}, testStart)
	}
	plain := machineOf(0, boot.KindPlain)
	if d := ask(plain, TypeDiscover); d.Reply != nil {
		t.Error("a plain client is answered")
	}
	known := plain
	known.MAC = mac(hostMAC)
	if d := ask(known, TypeDiscover); d.Reply == nil {
		t.Error("a configured host is not answered")
	}
	offer := ask(machineOf(boot.ArchBIOS, boot.KindPXE), TypeDiscover)
	ack := ask(machineOf(boot.ArchBIOS, boot.KindPXE), TypeRequest, optAddr(OptionServerID, "192.168.122.1"), addrOption(OptionRequestedAddress, offer.Reply.YIAddr))
	again := ask(plain, TypeDiscover)
	if ack.Reply == nil || again.Reply == nil || again.Reply.YIAddr != offer.Reply.YIAddr {
		t.Errorf("the operating system of a machine that booted: %+v", again)
	}
}

// TestWires serves a shared network, pools of one subnet, and two wires of ours.
func TestWires(t *testing.T) {
	cfg := classic()
	r := func(first, last string) []lease.Range { return []lease.Range{{First: addr(first), Last: addr(last)}} }
	cfg.Subnets[0].Ranges, cfg.Subnets[0].Network = r("192.168.122.100", "192.168.122.101"), "rack"
	cfg.Servers = append(cfg.Servers, addr("10.9.0.1"))
	cfg.Subnets = append(cfg.Subnets,
		Subnet{Prefix: netip.MustParsePrefix("192.168.123.0/24"), Network: "rack", Ranges: r("192.168.123.10", "192.168.123.20")},
		Subnet{Prefix: netip.MustParsePrefix("10.9.0.0/24"), Ranges: r("10.9.0.10", "10.9.0.19"), For: Match{Kind: []boot.Kind{boot.KindPXE}}},
		Subnet{Prefix: netip.MustParsePrefix("10.9.0.0/24"), Ranges: r("10.9.0.20", "10.9.0.29"), For: Match{Not: &Match{Kind: []boot.Kind{boot.KindPXE}}}})
	s := newServer(t, cfg)
	ask := func(n byte, local string, k boot.Kind, typ MessageType, opts ...RawOption) Decision {
		is := machineOf(boot.ArchBIOS, k)
		is.MAC[5] = n
		m := Sample(is, typ)
		m.Options = append(m.Options, opts...)
		return s.Decide(Request{Message: m, Local: addr(local), Src: fromZero, Dst: toAll}, testStart)
	}
	in := func(d Decision, first, last string) bool {
		a := d.Reply.YIAddr
		return addr(first).Compare(a) <= 0 && a.Compare(addr(last)) <= 0
	}
	seen := make(map[netip.Addr]bool)
	for n := range byte(5) {
		d := ask(n, "192.168.122.1", boot.KindPXE, TypeDiscover)
		if d.Reply == nil || seen[d.Reply.YIAddr] {
			t.Fatalf("client %d of the shared network: %+v", n, d)
		}
		seen[d.Reply.YIAddr] = true
		if again := ask(n, "192.168.122.1", boot.KindPXE, TypeDiscover); again.Reply.YIAddr != d.Reply.YIAddr {
			t.Errorf("client %d is offered %s, then %s", n, d.Reply.YIAddr, again.Reply.YIAddr)
		}
		ack := ask(n, "192.168.122.1", boot.KindPXE, TypeRequest, optAddr(OptionServerID, "192.168.122.1"), addrOption(OptionRequestedAddress, d.Reply.YIAddr))
		if ack.Reply.Type() != TypeAck || ack.Reply.YIAddr != d.Reply.YIAddr {
			t.Errorf("client %d: %v of %s, offered %s", n, ack.Reply.Type(), ack.Reply.YIAddr, d.Reply.YIAddr)
		}
	}
	if !seen[addr("192.168.122.100")] || !seen[addr("192.168.122.101")] {
		t.Errorf("the first subnet is not used up: %v", seen)
	}
	pxe, plain := ask(20, "10.9.0.1", boot.KindPXE, TypeDiscover), ask(21, "10.9.0.1", boot.KindPlain, TypeDiscover)
	if !in(pxe, "10.9.0.10", "10.9.0.19") || !in(plain, "10.9.0.20", "10.9.0.29") {
		t.Errorf("pools: PXE gets %s, a plain client %s", pxe.Reply.YIAddr, plain.Reply.YIAddr)
	}
	if id, _ := pxe.Reply.Options.Addr(OptionServerID); id != addr("10.9.0.1") || pxe.Local != addr("10.9.0.1") || pxe.Reply.SIAddr != addr("192.168.122.1") {
		t.Errorf("on the second wire: server %s, from %s, next server %s", id, pxe.Local, pxe.Reply.SIAddr)
	}
	nak := ask(21, "10.9.0.1", boot.KindPlain, TypeRequest, optAddr(OptionServerID, "10.9.0.1"), optAddr(OptionRequestedAddress, "10.9.0.11"))
	if nak.Reply.Type() != TypeNak || !strings.Contains(nak.Events[0].Reason, "not for this client") {
		t.Errorf("an address of another's pool: %+v", nak)
	}
	if wrong := ask(22, "10.9.0.1", boot.KindPXE, TypeRequest, optAddr(OptionServerID, "10.9.0.1"), optAddr(OptionRequestedAddress, "192.168.122.100")); wrong.Reply.Type() != TypeNak {
		t.Errorf("an address of the other wire: %+v", wrong)
	}
}

// TestDynamicBOOTP gives BOOTP clients an address for ever, where they may have
// one.
func TestDynamicBOOTP(t *testing.T) {
	for _, may := range []bool{true, false} {
		cfg := classic()
		cfg.Subnets = append(cfg.Subnets, cfg.Subnets[0]) // the second range of a subnet
		cfg.Subnets[1].Ranges = []lease.Range{{First: addr("192.168.122.210"), Last: addr("192.168.122.219")}}
		cfg.Subnets[1].BOOTP = may
		d := newServer(t, cfg).Decide(Request{Message: ask(TypeBOOTP), Src: fromZero, Dst: toAll}, testStart)
		if got := d.Reply != nil && d.Reply.YIAddr.IsValid() && d.Durable; got != may {
			t.Errorf("BOOTP %t: %+v", may, d)
		}
	}
}

// TestHostByClientID knows a host by option 61.
func TestHostByClientID(t *testing.T) {
	cfg := classic()
	cfg.Hosts = []Host{{ClientID: []byte("node"), Addrs: []netip.Addr{addr("192.168.122.7")}}}
	d := discoverBy(t, cfg, machineOf(0, boot.KindPlain), func(m *Message) { m.Options = append(m.Options, textOption(OptionClientID, "node")) })
	if d.Reply == nil || d.Reply.YIAddr != addr("192.168.122.7") {
		t.Errorf("%+v", d)
	}
}
