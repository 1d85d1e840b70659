package dhcp

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/insomniacslk/dhcp/dhcpv4"

	"pxe/boot"
)

// unhex reads hex with spaces, and zeros as "00*64".
func unhex(t *testing.T, lines ...string) []byte {
	t.Helper()
	var b []byte
	for _, word := range strings.Fields(strings.Join(lines, " ")) {
		text, n, repeated := strings.Cut(word, "*")
		count := 1
		if repeated {
			fmt.Sscan(n, &count)
		}
		part, err := hex.DecodeString(text)
		if err != nil {
			t.Fatalf("%q: %v", word, err)
		}
		b = append(b, bytes.Repeat(part, count)...)
	}
	return b
}

func text2hex(s string) string { return hex.EncodeToString([]byte(s)) }

// TestClassicGolden pins every byte that the classic dhcpd.conf stands for:
// default-lease-time 21600, max-lease-time 43200, domain-name "benet.com",
// domain-name-servers 8.8.8.8, routers and next-server 192.168.122.1, range
// 192.168.122.100 to 200, filename "pxelinux.0".
func TestClassicGolden(t *testing.T) {
	header := func(yiaddr string) string {
		return strings.Join([]string{
			"02010600 11223344 0000 0000", // reply, Ethernet; xid; secs, flags
			"00000000", yiaddr, "c0a87a01", "00000000",
			"525400123456 00*10", "00*64", text2hex("pxelinux.0") + " 00*118",
			"63825363",
		}, " ")
	}
	times := "330400005460 3a0400002a30 3b04000049d4" // 21600, 10800, 18900
	rom := strings.Join([]string{
		times,
		"0104ffffff00 0304c0a87a01", // as in the ROM's option 55
		"2b04060108ff", "3c09" + text2hex("PXEClient"),
		"420e" + text2hex("192.168.122.1") + "00", "430b" + text2hex("pxelinux.0") + "00",
		"611100 0102030405060708090a0b0c0d0e0f10", "ff",
	}, " ")
	dhclient := strings.Join([]string{
		times,
		"0104ffffff00 1c04c0a87aff 0304c0a87a01 0f09" + text2hex("benet.com") + " 060408080808", "ff",
	}, " ")
	wish := optAddr(OptionRequestedAddress, "192.168.122.100")
	prl := RawOption{OptionParameterList, []byte{1, 28, 2, 3, 15, 6, 119, 12, 44, 47, 26, 121, 42}}
	us := optAddr(OptionServerID, "192.168.122.1")
	tests := []struct {
		name string
		msg  *Message
		want []string
	}{
		{"a ROM's OFFER", ask(TypeDiscover, append(biosOptions(), wish)...), []string{header("c0a87a64"), "350102 3604c0a87a01", rom}},
		{"a ROM's ACK", ask(TypeRequest, append(biosOptions(), us, wish)...), []string{header("c0a87a64"), "350105 3604c0a87a01", rom}},
		{"dhclient's OFFER", ask(TypeDiscover, prl, wish), []string{header("c0a87a64"), "350102 3604c0a87a01", dhclient}},
		{"dhclient's ACK", ask(TypeRequest, us, wish, prl), []string{header("c0a87a64"), "350105 3604c0a87a01", dhclient}},
		{"a BOOTP client's reply", with(ask(TypeBOOTP), func(m *Message) { m.CHAddr = mac(clientMAC) }), []string{
			header("c0a87a07"), "0104ffffff00 0304c0a87a01 060408080808 0c05" + text2hex("seven") + " 0f09" + text2hex("benet.com"), "ff",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := classic()
			if tt.msg.Type() == TypeBOOTP {
				cfg.Hosts = []Host{{MAC: mac(clientMAC), Addrs: []netip.Addr{addr("192.168.122.7")}, Name: "seven"}}
			}
			d := newServer(t, cfg).Decide(Request{Message: tt.msg, Src: fromZero, Dst: toAll}, testStart)
			if d.Reply == nil {
				t.Fatalf("no reply: %+v", outcomeOf(d))
			}
			want := unhex(t, tt.want...)
			if len(want) < minimumSize {
				want = append(want, make([]byte, minimumSize-len(want))...)
			}
			if diff := cmp.Diff(hex.Dump(want), hex.Dump(Pad(d.Reply.Append(nil)))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestBootData checks what each kind of client is told to boot, and that its
// OFFER and its ACK tell the same.
func TestBootData(t *testing.T) {
	ipxe := append(biosOptions(), textOption(OptionUserClass, "iPXE"), RawOption{OptionIPXE, []byte{176, 1, 1}})
	uboot := []RawOption{
		{OptionParameterList, []byte{1, 3, 6, 12, 15, 17, 26, 43}}, // neither 66 nor 67
		{OptionClientArch, []byte{0, 22}}, textOption(OptionVendorClass, "U-Boot.armv8"),
	}
	pxe43 := []byte{6, 1, 8, 255}
	tests := []struct {
		name string
		opts []RawOption
		file string
		has  map[uint8]string // value of options
		not  []uint8
	}{
		{"BIOS ROM", biosOptions(), "pxelinux.0", map[uint8]string{60: "PXEClient", 43: string(pxe43), 66: "192.168.122.1\x00", 67: "pxelinux.0\x00", 97: string(testUUID())}, nil},
		{"EDK2", efiOptions(boot.ArchEFIX64), "bootx64.efi", map[uint8]string{60: "PXEClient", 43: string(pxe43), 67: "bootx64.efi\x00"}, nil},
		{"HTTP Boot", httpOptions(), "http://192.168.122.1/bootx64.efi", map[uint8]string{60: "HTTPClient\x00", 67: "http://192.168.122.1/bootx64.efi\x00"}, []uint8{43}},
		{"iPXE", ipxe, "http://192.168.122.1/boot.ipxe", map[uint8]string{60: "PXEClient", 43: string(pxe43), 67: "http://192.168.122.1/boot.ipxe\x00"}, nil},
		{"U-Boot", uboot, "board.img", nil, []uint8{43, 60, 66, 67}},
		{"plain", nil, "pxelinux.0", nil, []uint8{43, 60, 66, 67, 97}},
		{"plain that asks for the name", []RawOption{{OptionParameterList, []byte{67}}}, "pxelinux.0", map[uint8]string{67: "pxelinux.0\x00"}, []uint8{43, 60, 66}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := fullConfig()
			cfg.Boot.FileFor[boot.ArchUBootARM64] = "board.img"
			cfg.Boot.IPXE = "http://192.168.122.1/boot.ipxe"
			s := newServer(t, cfg)
			offer := offered(t, s, ask(TypeDiscover, tt.opts...)).Reply
			if offer.File != tt.file || offer.SIAddr != addr("192.168.122.1") {
				t.Errorf("file %q from %s, want %q", offer.File, offer.SIAddr, tt.file)
			}
			for code, want := range tt.has {
				if got := string(offer.Options.Get(code)); got != want {
					t.Errorf("option %d is %q, want %q", code, got, want)
				}
			}
			for _, code := range tt.not {
				if offer.Options.Has(code) {
					t.Errorf("option %d is there", code)
				}
			}
			req := ask(TypeRequest, append(tt.opts, optAddr(OptionServerID, "192.168.122.1"), addrOption(OptionRequestedAddress, offer.YIAddr))...)
			ack := s.Decide(Request{Message: req, Src: fromZero, Dst: toAll}, testStart).Reply
			ignoreType := cmpopts.IgnoreSliceElements(func(o RawOption) bool { return o.Code == OptionMessageType })
			if diff := cmp.Diff(offer, ack, cmpAddr, ignoreType); diff != "" {
				t.Errorf("OFFER and ACK differ (-offer +ack):\n%s", diff)
			}
		})
	}
}

// TestOptionOrder checks that the type and the server come first, the client's
// wishes next in its order, and the relay's option last.
func TestOptionOrder(t *testing.T) {
	s := newServer(t, fullConfig())
	m := with(ask(TypeDiscover,
		RawOption{OptionParameterList, []byte{15, 6, 3, 3, 28, 54, 200, 1}},
		RawOption{OptionRelayAgent, []byte{1, 2, 'e', '0'}},
		RawOption{OptionClientID, []byte{1, 2, 3}},
	), func(m *Message) { m.GIAddr = addr("192.168.122.250") })
	var got []uint8
	for _, o := range offered(t, s, m).Reply.Options {
		got = append(got, o.Code)
	}
	want := []uint8{53, 54, 51, 58, 59, 15, 6, 3, 28, 1, 61, 82}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestSubnetOptions looks who is told a subnet's further options: clients that
// ask, and those that have no list of wishes.
func TestSubnetOptions(t *testing.T) {
	cfg := classic()
	cfg.Subnets[0].Options = Options{addrOption(OptionNTP, addr("192.168.122.3")), {26, []byte{5, 220}}}
	for _, tt := range []struct {
		name string
		opts []RawOption
		want string
	}{
		{"asks for one", []RawOption{{OptionParameterList, []byte{1, 42}}}, "42"},
		{"asks for none", []RawOption{{OptionParameterList, []byte{1, 3}}}, ""},
		{"has no list", nil, "42 26"},
	} {
		var got []string
		for _, o := range offered(t, newServer(t, cfg), ask(TypeDiscover, tt.opts...)).Reply.Options {
			if o.Code == OptionNTP || o.Code == 26 {
				got = append(got, fmt.Sprint(o.Code))
			}
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: got options %v, want %s", tt.name, got, tt.want)
		}
	}
	cfg.Subnets[0].Options = nil
	for code := byte(200); code < 203; code++ {
		cfg.Subnets[0].Options = append(cfg.Subnets[0].Options, RawOption{code, make([]byte, 200)})
	}
	reply := offered(t, newServer(t, cfg), ask(TypeDiscover)).Reply
	if n := len(Pad(reply.Append(nil))); n > 548 || !reply.Options.Has(200) || reply.Options.Has(201) || !reply.Options.Has(OptionDNS) {
		t.Errorf("%d bytes with options %v", n, reply.Options)
	}
}

// TestHostBoot gives one machine a file and a server of its own, and no other.
func TestHostBoot(t *testing.T) {
	cfg := classic()
	cfg.Hosts = []Host{{MAC: mac(hostMAC), Boot: &Boot{NextServer: addr("192.168.122.9"), File: "memtest.0"}}}
	for _, tt := range []struct{ mac, want string }{{hostMAC, "192.168.122.9 memtest.0"}, {clientMAC, "192.168.122.1 pxelinux.0"}} {
		m := with(ask(TypeDiscover, biosOptions()...), func(m *Message) { m.CHAddr = mac(tt.mac) })
		r := offered(t, newServer(t, cfg), m).Reply
		if got := r.SIAddr.String() + " " + r.File; got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.mac, got, tt.want)
		}
	}
}

// TestRefusalAndInform check the fields of RFC 2131 table 3 for the two replies
// that give no address.
func TestRefusalAndInform(t *testing.T) {
	s := newServer(t, fullConfig())
	m := with(ask(TypeRequest, optAddr(OptionServerID, "192.168.122.1"), optAddr(OptionRequestedAddress, "10.9.9.9"), RawOption{OptionClientID, []byte{1, 2, 3}}), func(m *Message) {
		m.GIAddr, m.CIAddr = addr("192.168.122.250"), netip.IPv4Unspecified()
	})
	nak := s.Decide(Request{Message: m, Src: fromZero, Dst: toServer}, testStart).Reply
	want := &Message{
		Op: OpReply, HType: 1, XID: m.XID, Flags: FlagBroadcast, GIAddr: m.GIAddr, CHAddr: m.CHAddr,
		Options: Options{byteOption(53, TypeNak), optAddr(54, "192.168.122.1"), textOption(56, "wrong network"), {61, []byte{1, 2, 3}}},
	}
	if diff := cmp.Diff(want, nak, cmpAddr); diff != "" {
		t.Errorf("NAK (-want +got):\n%s", diff)
	}

	m = with(ask(TypeInform, RawOption{OptionParameterList, []byte{6}}), func(m *Message) { m.CIAddr = addr("192.168.122.50") })
	ack := s.Decide(Request{Message: m, Src: netip.MustParseAddrPort("192.168.122.50:68"), Dst: toServer}, testStart).Reply
	want = &Message{
		Op: OpReply, HType: 1, XID: m.XID, CIAddr: m.CIAddr, SIAddr: addr("192.168.122.1"), CHAddr: m.CHAddr, File: "pxelinux.0",
		Options: Options{byteOption(53, TypeAck), optAddr(54, "192.168.122.1"), optAddr(6, "8.8.8.8"), optAddr(1, "255.255.255.0"), optAddr(3, "192.168.122.1")},
	}
	if diff := cmp.Diff(want, ack, cmpAddr); diff != "" {
		t.Errorf("ACK of INFORM (-want +got):\n%s", diff)
	}
	m.GIAddr = addr("192.168.122.250")
	ack = s.Decide(Request{Message: m, Src: netip.MustParseAddrPort("192.168.122.250:67"), Dst: toServer}, testStart).Reply
	if !ack.Broadcast() {
		t.Error("the relay is not told to broadcast the ACK of an INFORM")
	}
}

// TestReplyFits checks that a reply never exceeds what its client takes, and
// keeps what the client cannot do without.
func TestReplyFits(t *testing.T) {
	big := fullConfig()
	for n := range 250 {
		big.Subnets[0].DNS = append(big.Subnets[0].DNS, netip.AddrFrom4([4]byte{8, 8, 8, byte(n)}))
	}
	big.Subnets[0].Domain = strings.Repeat("d.", 124) + "dd"
	id := RawOption{OptionClientID, bytes.Repeat([]byte{1}, 255)}
	agent := RawOption{OptionRelayAgent, bytes.Repeat([]byte{0}, 255)}
	tests := []struct {
		name string
		opts []RawOption
		size int // option 57
		most int
	}{
		{"nothing said", nil, 0, 548},
		{"less than everybody takes", nil, 100, 548},
		{"a frame", nil, 1500, 1472},
		{"EDK2's REQUEST", nil, 65280, 1472},
		{"a large identifier", []RawOption{id}, 0, 548},
		{"a large identifier and a large relay option", []RawOption{id, agent}, 0, 548},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			opts := append(biosOptions(), tt.opts...)
			opts[0].Data = append([]byte{6, 15}, opts[0].Data...)
			opts[1].Data = []byte{byte(tt.size >> 8), byte(tt.size)}
			x := exchange{m: ask(TypeDiscover, opts...)}
			if got := x.sizeLimit(); got != tt.most {
				t.Errorf("limit %d, want %d", got, tt.most)
			}
			r := offered(t, newServer(t, big), x.m).Reply
			if size := len(r.Append(nil)); size > tt.most {
				t.Errorf("%d bytes, at most %d fit", size, tt.most)
			}
			for _, code := range []uint8{53, 54, 51, 58, 59, 1, 3} {
				if !r.Options.Has(code) {
					t.Errorf("option %d is gone", code)
				}
			}
			if tt.most == 1472 && !r.Options.Has(OptionDNS) {
				t.Error("an option is gone although it fits")
			}
		})
	}
	bootp := with(ask(TypeBOOTP), func(m *Message) { m.CHAddr = mac(hostMAC) })
	big.Subnets[0].DNS = nil
	d := newServer(t, big).Decide(Request{Message: bootp, Src: fromZero, Dst: toAll}, testStart)
	if size := len(d.Reply.Append(nil)); size > 300 {
		t.Errorf("a BOOTP reply of %d bytes", size)
	}
}

// TestStrangerReadsReplies lets another implementation, with its own idea of a
// correct packet, read the replies.
func TestStrangerReadsReplies(t *testing.T) {
	for _, opts := range [][]RawOption{biosOptions(), efiOptions(boot.ArchEFIX64), httpOptions(), nil} {
		r := offered(t, newServer(t, fullConfig()), ask(TypeDiscover, opts...)).Reply
		got, err := dhcpv4.FromBytes(Pad(r.Append(nil)))
		if err != nil {
			t.Fatal(err)
		}
		if got.MessageType() != dhcpv4.MessageTypeOffer || !got.ServerIdentifier().Equal(r.SIAddr.AsSlice()) ||
			got.BootFileName != r.File || got.IPAddressLeaseTime(0).Seconds() != 21600 || got.SubnetMask().String() != "ffffff00" {
			t.Errorf("read as %s", got.Summary())
		}
	}
}
