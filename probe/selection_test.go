package probe

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pxe/dhcp"
	"pxe/fault"
)

// offerSpec makes an answer to DISCOVER.
type offerSpec struct {
	typ     dhcp.MessageType
	server  string // last byte of 192.0.2.x; option 54 and siaddr
	yiaddr  bool
	class   string // option 60
	pxe     dhcp.PXEOptions
	file    string
	file67  string
	extra   dhcp.Options
	noID    bool
	padTo   int
	headOff int // bytes to cut from the end
}

var (
	bootTags  = dhcp.PXEOptions{dhcp.PXEControl(dhcp.ControlBootFile)}
	mtftpTags = dhcp.PXEOptions{{Code: 1, Data: []byte{239, 0, 0, 1}}, {Code: 2, Data: []byte{0, 1}}, {Code: 3, Data: []byte{0, 2}},
		{Code: 4, Data: []byte{1}}, {Code: 5, Data: []byte{1}}}
)

func (s offerSpec) bytes() []byte {
	server := netip.MustParseAddr("192.0.2." + s.server)
	m := dhcp.Message{
		Op: dhcp.OpReply, HType: dhcp.HTypeEthernet, CHAddr: testID.mac,
		SIAddr: server, File: s.file,
	}
	if s.yiaddr {
		m.YIAddr = netip.MustParseAddr("192.0.2.100")
	}
	add := func(code uint8, data []byte) { m.Options = append(m.Options, dhcp.RawOption{Code: code, Data: data}) }
	if s.typ != dhcp.TypeBOOTP {
		add(dhcp.OptionMessageType, []byte{byte(s.typ)})
	}
	if !s.noID && s.typ != dhcp.TypeBOOTP {
		add(dhcp.OptionServerID, server.AsSlice())
	}
	if s.class != "" {
		add(dhcp.OptionVendorClass, []byte(s.class))
	}
	if s.pxe != nil {
		m.Options = append(m.Options, s.pxe.Option())
	}
	if s.file67 != "" {
		add(dhcp.OptionBootFileName, []byte(s.file67))
	}
	m.Options = append(m.Options, s.extra...)
	b := m.Append(nil)
	if short := s.padTo - len(b); short > 0 {
		b = append(b, make([]byte, short)...)
	}
	return b[:len(b)-s.headOff]
}

func (s offerSpec) offer(t testing.TB, p Profile, n int) *Offer {
	t.Helper()
	r, err := dhcp.ParseReply(s.bytes())
	if err != nil {
		t.Fatal(err)
	}
	return p.newOffer(r, netip.MustParseAddr("192.0.2."+s.server), n)
}

// TestClassify is the class table of EDK2, and what its strictness drops.
func TestClassify(t *testing.T) {
	offer := func(s offerSpec) offerSpec { s.typ, s.server = dhcp.TypeOffer, "1"; return s }
	tests := map[string]struct {
		offer        offerSpec
		uefi, bios   Class
		fault        string // of the UEFI class
		reasonAbout  string // words in the UEFI reason
		alreadyTaken int
	}{
		"address alone":                        {offer: offer(offerSpec{yiaddr: true}), uefi: ClassDHCPOnly, bios: ClassDHCPOnly},
		"address and file":                     {offer: offer(offerSpec{yiaddr: true, file: "x"}), uefi: ClassDHCPOnly, bios: ClassDHCPOnly},
		"60 and 43.6":                          {offer: offer(offerSpec{yiaddr: true, class: "PXEClient", pxe: bootTags}), uefi: ClassDHCPPXE10, bios: ClassDHCPPXE10},
		"60 longer than PXEClient":             {offer: offer(offerSpec{yiaddr: true, class: "PXEClient:Arch", pxe: bootTags}), uefi: ClassDHCPPXE10, bios: ClassDHCPPXE10},
		"60 and 43.9 alone":                    {offer: offer(offerSpec{yiaddr: true, class: "PXEClient", pxe: dhcp.PXEOptions{dhcp.PXEMenu(dhcp.MenuItem{})}}), uefi: ClassDHCPPXE10, bios: ClassDHCPPXE10},
		"60 and MTFTP tags":                    {offer: offer(offerSpec{yiaddr: true, class: "PXEClient", pxe: mtftpTags}), uefi: ClassMTFTP, bios: ClassMTFTP, fault: fault.OfferUnusable, reasonAbout: "multicast"},
		"60 without 43":                        {offer: offer(offerSpec{yiaddr: true, class: "PXEClient", file: "x"}), uefi: ClassDHCPBINL, bios: ClassDHCPBINL},
		"60 and 43 with 71 alone":              {offer: offer(offerSpec{yiaddr: true, class: "PXEClient", pxe: dhcp.PXEOptions{dhcp.BootItem{}.Option()}}), uefi: ClassDHCPBINL, bios: ClassDHCPBINL},
		"43 without 60 is not read":            {offer: offer(offerSpec{yiaddr: true, pxe: bootTags}), uefi: ClassDHCPOnly, bios: ClassDHCPOnly},
		"60 of another class":                  {offer: offer(offerSpec{yiaddr: true, class: "MSFT 5.0", pxe: bootTags}), uefi: ClassDHCPOnly, bios: ClassDHCPOnly},
		"proxy with 60 and 43.6":               {offer: offer(offerSpec{class: "PXEClient", pxe: bootTags}), uefi: ClassProxyPXE10, bios: ClassProxyPXE10},
		"proxy with 60":                        {offer: offer(offerSpec{class: "PXEClient"}), uefi: ClassProxyBINL, bios: ClassProxyBINL},
		"proxy without 60":                     {offer: offer(offerSpec{file: "x"}), uefi: ClassDropped, bios: ClassDropped, fault: fault.OfferUnusable, reasonAbout: "neither an address"},
		"BOOTP with a file":                    {offer: offerSpec{server: "1", yiaddr: true, file: "x"}, uefi: ClassBOOTP, bios: ClassBOOTP},
		"BOOTP without a file":                 {offer: offerSpec{server: "1", yiaddr: true}, uefi: ClassDropped, bios: ClassDropped, fault: fault.OfferUnusable, reasonAbout: "BOOTP"},
		"no option 54":                         {offer: offer(offerSpec{yiaddr: true, noID: true}), uefi: ClassDropped, bios: ClassDropped, fault: fault.OfferWithoutServerID, reasonAbout: "option 54"},
		"proxy without 54":                     {offer: offer(offerSpec{class: "PXEClient", noID: true}), uefi: ClassDropped, bios: ClassDropped, fault: fault.OfferWithoutServerID, reasonAbout: "option 54"},
		"option 13 of one byte":                {offer: offer(offerSpec{yiaddr: true, file: "x", extra: dhcp.Options{{Code: 13, Data: []byte{1}}}}), uefi: ClassDropped, bios: ClassDHCPOnly, fault: fault.OfferMalformed, reasonAbout: "option 13 has 1 byte"},
		"no end option":                        {offer: offer(offerSpec{yiaddr: true, file: "x", headOff: 1}), uefi: ClassDropped, bios: ClassDHCPOnly, fault: fault.OfferMalformed, reasonAbout: "no end"},
		"1472 bytes":                           {offer: offer(offerSpec{yiaddr: true, padTo: 1472}), uefi: ClassDHCPOnly, bios: ClassDHCPOnly},
		"1473 bytes":                           {offer: offer(offerSpec{yiaddr: true, padTo: 1473}), uefi: ClassDropped, bios: ClassDHCPOnly, fault: fault.OfferTooBig, reasonAbout: "1473 bytes"},
		"sixteen others are kept already":      {offer: offer(offerSpec{yiaddr: true}), alreadyTaken: 16, uefi: ClassDropped, bios: ClassDropped, fault: fault.OfferUnusable, reasonAbout: "16 offers"},
		"fifteen others are kept already":      {offer: offer(offerSpec{yiaddr: true}), alreadyTaken: 15, uefi: ClassDHCPOnly, bios: ClassDHCPOnly},
		"malformed option of no importance":    {offer: offer(offerSpec{yiaddr: true, extra: dhcp.Options{{Code: 19, Data: []byte{7}}}}), uefi: ClassDropped, bios: ClassDHCPOnly, fault: fault.OfferMalformed, reasonAbout: "option 19 is 7"},
		"unknown option of any form is no one": {offer: offer(offerSpec{yiaddr: true, extra: dhcp.Options{{Code: 224, Data: nil}}}), uefi: ClassDHCPOnly, bios: ClassDHCPOnly},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := tt.offer.offer(t, profile(t, "efi-x64"), tt.alreadyTaken)
			if o.Class != tt.uefi || o.fault != tt.fault || !strings.Contains(o.Reason, tt.reasonAbout) {
				t.Errorf("UEFI: %s, fault %q, reason %q; want %s, %q, %q", o.Class, o.fault, o.Reason, tt.uefi, tt.fault, tt.reasonAbout)
			}
			if o := tt.offer.offer(t, profile(t, "bios"), tt.alreadyTaken); o.Class != tt.bios {
				t.Errorf("BIOS: %s, want %s (%s)", o.Class, tt.bios, o.Reason)
			}
		})
	}
}

// TestChoose is the order of preference: each pair of neighbouring rules in
// both orders of arrival, and what takes nothing at all.
func TestChoose(t *testing.T) {
	var (
		pxe10     = offerSpec{typ: dhcp.TypeOffer, server: "10", yiaddr: true, class: "PXEClient", pxe: bootTags, file: "a"}
		pxe10b    = offerSpec{typ: dhcp.TypeOffer, server: "11", yiaddr: true, class: "PXEClient", pxe: bootTags, file: "b"}
		binl      = offerSpec{typ: dhcp.TypeOffer, server: "20", yiaddr: true, class: "PXEClient"}
		plain     = offerSpec{typ: dhcp.TypeOffer, server: "30", yiaddr: true}
		withFile  = offerSpec{typ: dhcp.TypeOffer, server: "31", yiaddr: true, file67: "c"}
		bootp     = offerSpec{server: "40", yiaddr: true, file: "d"}
		proxy10   = offerSpec{typ: dhcp.TypeOffer, server: "50", class: "PXEClient", pxe: bootTags, file: "e"}
		proxy10b  = offerSpec{typ: dhcp.TypeOffer, server: "51", class: "PXEClient", pxe: bootTags, file: "f"}
		proxyBINL = offerSpec{typ: dhcp.TypeOffer, server: "60", class: "PXEClient"}
		proxyB2   = offerSpec{typ: dhcp.TypeOffer, server: "61", class: "PXEClient"}
	)
	// What is taken: the server of the address, then the proxies in turn.
	tests := map[string]struct {
		offers     []offerSpec
		uefi, bios string // "" is nothing
	}{
		"PXE10 alone":                              {[]offerSpec{pxe10}, "10", "10"},
		"the first of two PXE10":                   {[]offerSpec{pxe10b, pxe10}, "11", "11"},
		"PXE10 before plain with proxy":            {[]offerSpec{plain, proxy10, pxe10}, "10", "10"},
		"PXE10 before BINL":                        {[]offerSpec{binl, pxe10}, "10", "10"},
		"plain with proxy PXE10":                   {[]offerSpec{proxy10, plain}, "30 50", "30 50"},
		"the first of two proxy PXE10":             {[]offerSpec{plain, proxy10b, proxy10}, "30 51", "30 51"},
		"proxy PXE10 against BINL":                 {[]offerSpec{binl, plain, proxy10}, "30 50", "20"},
		"proxy PXE10 beside BINL alone is lost":    {[]offerSpec{binl, proxy10}, "20", "20"},
		"proxy beside PXE10 is lost":               {[]offerSpec{pxe10, proxyBINL}, "10", "10"},
		"BINL before plain with proxy BINL":        {[]offerSpec{plain, proxyBINL, binl}, "20", "20"},
		"proxy PXE10 before proxy BINL":            {[]offerSpec{plain, proxyBINL, proxy10}, "30 50", "30 50"},
		"all proxy BINL in turn":                   {[]offerSpec{proxyBINL, plain, proxyB2}, "30 60 61", "30 60 61"},
		"a plain offer with a file loses to proxy": {[]offerSpec{withFile, proxyBINL}, "31 60", "31 60"},
		"a plain offer with a file":                {[]offerSpec{plain, withFile}, "31", "31"},
		"plain with a file before BOOTP":           {[]offerSpec{bootp, withFile}, "31", "31"},
		"BOOTP":                                    {[]offerSpec{plain, bootp}, "40", "40"},
		"plain alone":                              {[]offerSpec{plain}, "", ""},
		"proxies alone":                            {[]offerSpec{proxy10, proxyBINL}, "", ""},
		"nothing":                                  {nil, "", ""},
	}
	for name, tt := range tests {
		for firmware, want := range map[string]string{"efi-x64": tt.uefi, "bios": tt.bios} {
			t.Run(name+" "+firmware, func(t *testing.T) {
				p := profile(t, firmware)
				var offers []*Offer
				for i, s := range tt.offers {
					offers = append(offers, s.offer(t, p, i))
				}
				s, ok := choose(p.rules, offers)
				explain(p.rules, offers, s, ok)
				var taken []string
				if ok {
					taken = append(taken, lastByte(s.offer.Server))
					for _, o := range s.proxies {
						taken = append(taken, lastByte(o.Server))
					}
				}
				if got := strings.Join(taken, " "); got != want {
					t.Errorf("takes %q, want %q", got, want)
				}
				for _, o := range offers {
					if o.Reason == "" {
						t.Errorf("no reason for %s of %v", o.Class, o.Server)
					}
					if o.Taken != strings.Contains(" "+want+" ", " "+lastByte(o.Server)+" ") {
						t.Errorf("%v: taken %v (%s)", o.Server, o.Taken, o.Reason)
					}
				}
			})
		}
	}
}

func lastByte(a netip.Addr) string {
	s := a.String()
	return s[strings.LastIndex(s, ".")+1:]
}

// TestReasons: the losers are told to whom they lost, and why.
func TestReasons(t *testing.T) {
	p := profile(t, "efi-x64")
	offers := []*Offer{
		offerSpec{typ: dhcp.TypeOffer, server: "1", yiaddr: true, class: "PXEClient", pxe: bootTags, file: "a"}.offer(t, p, 0),
		offerSpec{typ: dhcp.TypeOffer, server: "2", yiaddr: true, class: "PXEClient", pxe: bootTags, file: "a"}.offer(t, p, 1),
		offerSpec{typ: dhcp.TypeOffer, server: "3", yiaddr: true, file: "a"}.offer(t, p, 2),
		offerSpec{typ: dhcp.TypeOffer, server: "4", class: "PXEClient"}.offer(t, p, 3),
		offerSpec{typ: dhcp.TypeOffer, server: "5", yiaddr: true, noID: true}.offer(t, p, 4),
	}
	s, ok := choose(p.rules, offers)
	explain(p.rules, offers, s, ok)
	var got []string
	for _, o := range offers {
		got = append(got, o.Reason)
	}
	want := []string{
		"taken for its address: a dhcp-pxe10 offer",
		"passed over: the dhcp-pxe10 offer of 192.0.2.1 came first",
		"passed over: the dhcp-pxe10 offer of 192.0.2.1 ranks higher",
		"passed over: a proxy offer counts only beside a dhcp-only one, and the dhcp-pxe10 offer of 192.0.2.1 ranks higher",
		"it has no server identifier (option 54), so there is nobody to send a REQUEST to",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
}
