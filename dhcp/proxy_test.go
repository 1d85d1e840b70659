package dhcp

import (
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pxe/boot"
)

func proxyConfig() Config {
	return Config{
		Servers: []netip.Addr{addr("192.168.122.1")},
		Proxy:   true,
		Boot: Boot{File: "pxelinux.0", FileFor: map[boot.Arch]string{
			boot.ArchEFIX64: "bootx64.efi", boot.ArchHTTPX64: "http://192.168.122.1/bootx64.efi",
		}},
	}
}

func newProxy(t testing.TB) *Server {
	t.Helper()
	s, err := New(proxyConfig(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestProxyOfferGolden pins the OFFER of a proxy: no address, no network, and
// what EDK2, iPXE and ROMs each look for.
func TestProxyOfferGolden(t *testing.T) {
	header := func(file string) string {
		return strings.Join([]string{
			"02010600 11223344 0000 8000", // the broadcast flag is forced
			"00000000 00000000 c0a87a01 00000000",
			"525400123456 00*10", "00*64", text2hex(file) + " 00*" + strconv.Itoa(128-len(file)),
			"63825363", "350102", "3604c0a87a01",
		}, " ")
	}
	uuid := "611100 0102030405060708090a0b0c0d0e0f10"
	server := "420e" + text2hex("192.168.122.1") + "00"
	const url = "http://192.168.122.1/bootx64.efi"
	tests := []struct {
		name string
		opts []RawOption
		want []string
	}{
		{"BIOS ROM", biosOptions(), []string{header("pxelinux.0"), "2b04060108ff", "3c09" + text2hex("PXEClient"), server, "430b" + text2hex("pxelinux.0") + "00", uuid, "ff"}},
		{"EDK2", efiOptions(boot.ArchEFIX64), []string{header("bootx64.efi"), "2b04060108ff", "3c09" + text2hex("PXEClient"), server, "430c" + text2hex("bootx64.efi") + "00", uuid, "ff"}},
		{"HTTP Boot", httpOptions(), []string{header(url), "3c0b" + text2hex("HTTPClient") + "00", "4321" + text2hex(url) + "00", server, "ff"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newProxy(t).Decide(Request{Message: ask(TypeDiscover, tt.opts...), Src: fromZero, Dst: toAll}, testStart)
			if d.Reply == nil {
				t.Fatalf("no reply: %+v", outcomeOf(d))
			}
			want := hex.Dump(Pad(unhex(t, tt.want...)))
			if diff := cmp.Diff(want, hex.Dump(Pad(d.Reply.Append(nil)))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if e := outcomeOf(d); e.Kind != EventProxy || e.Path.Kind != PathBroadcast {
				t.Errorf("event %+v", e)
			}
		})
	}
}

func TestProxyIsSilent(t *testing.T) {
	noArch := []RawOption{textOption(OptionVendorClass, ClassPXE)}
	tests := []struct {
		name   string
		msg    *Message
		kind   EventKind // of the first event
		reason string
	}{
		{"a plain client", ask(TypeDiscover), EventIgnored, "not a boot client"},
		{"U-Boot", ask(TypeDiscover, textOption(OptionVendorClass, "U-Boot")), EventIgnored, "not a boot client"},
		{"a client without an architecture", ask(TypeDiscover, noArch...), EventIgnored, "option 93"},
		{"an architecture without a file", ask(TypeDiscover, efiOptions(boot.ArchEFIARM64)...), EventNoFile, "efi-arm64"},
		{"an unknown architecture", ask(TypeDiscover, efiOptions(99)...), EventUnknownArch, "99"},
		{"REQUEST", ask(TypeRequest, biosOptions()...), EventIgnored, "REQUEST"},
		{"INFORM", ask(TypeInform, biosOptions()...), EventIgnored, "INFORM"},
		{"RELEASE", ask(TypeRelease, biosOptions()...), EventIgnored, "RELEASE"},
		{"BOOTP", ask(TypeBOOTP), EventIgnored, "BOOTP"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newProxy(t).Decide(Request{Message: tt.msg, Src: fromZero, Dst: toAll}, testStart)
			if d.Reply != nil {
				t.Fatalf("reply %s", d.Reply.Type())
			}
			if e := d.Events[0]; e.Kind != tt.kind || !strings.Contains(e.Reason, tt.reason) {
				t.Errorf("event %s %q, want %s %q", e.Kind, e.Reason, tt.kind, tt.reason)
			}
		})
	}
}

// TestProxyThroughRelay checks that the offer goes back through the relay.
func TestProxyThroughRelay(t *testing.T) {
	m := with(ask(TypeDiscover, biosOptions()...), func(m *Message) { m.GIAddr = addr("10.1.0.1") })
	d := newProxy(t).Decide(Request{Message: m, Src: netip.MustParseAddrPort("10.1.0.1:67"), Dst: toServer}, testStart)
	if d.Reply == nil || outcomeOf(d).Path.To != netip.MustParseAddrPort("10.1.0.1:67") {
		t.Errorf("%+v", outcomeOf(d))
	}
}

// TestBootService checks port 4011, beside a proxy and beside a DHCP server.
func TestBootService(t *testing.T) {
	from := netip.MustParseAddrPort("192.168.122.50:4011")
	client := func(m *Message) { m.CIAddr = from.Addr() }
	picked := func(kind, layer uint16) RawOption { return PXEOptions{BootItem{kind, layer}.Option()}.Option() }
	tests := []struct {
		name   string
		msg    *Message
		file   string // "" for silence
		pxe    string // option 43
		reason string
	}{
		{"EDK2", with(ask(TypeRequest, efiOptions(boot.ArchEFIX64)...), client), "bootx64.efi", "060108ff", ""},
		{"ROM", with(ask(TypeRequest, biosOptions()...), client), "pxelinux.0", "060108ff", ""},
		{"INFORM", with(ask(TypeInform, biosOptions()...), client), "pxelinux.0", "060108ff", ""},
		{"iPXE, whose class is short", with(ask(TypeRequest, RawOption{OptionClientArch, []byte{0, 0}}, textOption(OptionVendorClass, ClassPXE), textOption(OptionUserClass, "iPXE")), client), "pxelinux.0", "060108ff", ""},
		{"an architecture in option 60 alone", with(ask(TypeRequest, textOption(OptionVendorClass, "PXEClient:Arch:00007:UNDI:003016")), client), "bootx64.efi", "060108ff", ""},
		{"a picked item", with(ask(TypeRequest, append(biosOptions(), picked(0x8000, 0))...), client), "pxelinux.0", "060108470480000000ff", ""},
		{"local boot", with(ask(TypeRequest, append(biosOptions(), picked(0, 0))...), client), "", "", "disk"},
		{"a signature", with(ask(TypeRequest, append(biosOptions(), picked(1, CredentialsLayer))...), client), "", "", "signature"},
		{"an architecture without a file", with(ask(TypeRequest, efiOptions(boot.ArchEFIARM64)...), client), "", "", "efi-arm64"},
		{"no PXE client", with(ask(TypeRequest), client), "", "", "not a PXE client"},
		{"DISCOVER", ask(TypeDiscover, biosOptions()...), "", "", "DISCOVER"},
	}
	for _, tt := range tests {
		for _, s := range []*Server{newProxy(t), newServer(t, fullConfig())} {
			t.Run(tt.name, func(t *testing.T) {
				d := s.Decide(Request{Message: tt.msg, Src: from, Dst: netip.MustParseAddrPort("192.168.122.1:4011"), Boot: true}, testStart)
				e := outcomeOf(d)
				if d.Reply == nil {
					if tt.file != "" || e.Kind != EventIgnored || !strings.Contains(e.Reason, tt.reason) {
						t.Errorf("silence: %s %q, want %q", e.Kind, e.Reason, tt.reason)
					}
					return
				}
				r := d.Reply
				id, _ := r.Options.Addr(OptionServerID)
				got := map[string]string{
					"type": r.Type().String(), "file": r.File, "67": cString(r.Options.Get(OptionBootFileName)), "60": string(r.Options.Get(OptionVendorClass)),
					"43": hex.EncodeToString(r.Options.Get(OptionVendorSpecific)), "54": id.String(), "siaddr": r.SIAddr.String(),
					"ciaddr": r.CIAddr.String(), "97": string(r.Options.Get(OptionClientUUID)), "to": e.Path.To.String(),
				}
				want := map[string]string{
					"type": "ACK", "file": tt.file, "67": tt.file, "60": "PXEClient", "43": tt.pxe, "54": "192.168.122.1", "siaddr": "192.168.122.1",
					"ciaddr": from.Addr().String(), "97": string(tt.msg.Options.Get(OptionClientUUID)), "to": from.String(),
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if isSet(r.YIAddr) || r.Options.Has(OptionLeaseTime) || d.Durable {
					t.Error("the boot service gives an address")
				}
			})
		}
	}
}

// TestBroadcastDiscovery checks that a client which looks for a boot service by
// broadcast on port 67 is not taken for one that rebinds.
func TestBroadcastDiscovery(t *testing.T) {
	item := PXEOptions{BootItem{1, 0}.Option()}.Option()
	m := with(ask(TypeRequest, append(biosOptions(), item)...), func(m *Message) { m.CIAddr = addr("192.168.122.150") })
	for _, s := range []*Server{newProxy(t), newServer(t, fullConfig())} {
		d := s.Decide(Request{Message: m, Src: netip.MustParseAddrPort("192.168.122.150:68"), Dst: toAll}, testStart)
		if e := outcomeOf(d); e.Kind != EventBoot || e.Path.To != netip.MustParseAddrPort("192.168.122.150:68") {
			t.Errorf("%s %q to %s", e.Kind, e.Reason, e.Path.To)
		}
	}
}
