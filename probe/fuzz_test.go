package probe

import (
	"errors"
	"net/netip"
	"testing"

	"pxe/dhcp"
)

// FuzzOffer: whatever a server sends, an offer of it has a class, a reason if it
// is dropped, and an address exactly if its class says so; a menu in it leads to
// a boot server that can be asked, or to a halt.
func FuzzOffer(f *testing.F) {
	for _, s := range []offerSpec{
		{typ: dhcp.TypeOffer, server: "1", yiaddr: true, class: "PXEClient", pxe: bootTags, file: "pxelinux.0"},
		{typ: dhcp.TypeOffer, server: "1", class: "PXEClient", pxe: dhcp.PXEOptions{
			dhcp.PXEControl(3), dhcp.PXEMenu(dhcp.MenuItem{Type: 1, Text: "x"}),
			dhcp.PXEServers(dhcp.BootServer{Type: 1, Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}),
			dhcp.MenuPrompt{Timeout: 255}.Option(),
		}},
		{server: "1", yiaddr: true, file: "x"},
	} {
		f.Add(s.bytes())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := dhcp.ParseReply(b)
		if err != nil {
			return
		}
		for _, p := range Profiles() {
			o := p.newOffer(r, netip.MustParseAddr("192.0.2.1"), 0)
			if o.Class == "" || !o.Class.usable() && (o.Reason == "" || o.fault == "") {
				t.Fatalf("%s: class %q, fault %q, reason %q", p.Name, o.Class, o.fault, o.Reason)
			}
			if o.Class.usable() && o.Class != ClassBOOTP && o.Class.proxy() == isSet(o.Address) {
				t.Fatalf("%s: %s with address %v", p.Name, o.Class, o.Address)
			}
			if s, ok := choose(p.rules, []*Offer{o}); ok && s.offer != o {
				t.Fatalf("%s: took what nobody sent", p.Name)
			}
		}
		plan, err := planMenu(discoveryTags(r), hasFile(r))
		var h *halt
		switch {
		case err != nil && (!errors.As(err, &h) || h.why == ""):
			t.Fatalf("menu: %v", err)
		case err == nil && plan.discover && (len(plan.to) == 0 || plan.item.Type == 0):
			t.Fatalf("menu: %+v", plan)
		}
	})
}
