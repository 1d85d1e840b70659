package probe

import (
	"fmt"
	"net/netip"
	"slices"

	"pxe/dhcp"
	"pxe/fault"
)

// plan is what the PXE tags of option 43 make the firmware do.
type plan struct {
	discover bool             // ask a boot server for item
	item     dhcp.BootItem    // option 43.71
	to       []netip.AddrPort // whom to ask, one after the other
	only     []netip.Addr     // whose answers count; nil means anybody's
	prompt   string           // what the screen shows meanwhile
	waits    uint8            // seconds that the prompt stands; 255 is until a key is pressed
}

// planMenu reads the PXE tags of a packet as firmware does when nobody touches
// the keyboard (PXE 2.1 table 2-1, EDK2 PxeBcBoot.c): bit 3 of 43.6 and a boot
// file skip the menu, else the first item of the menu is taken.
func planMenu(tags dhcp.PXEOptions, withFile bool) (plan, error) {
	control, _ := tags.Control()
	if !tags.BootTags() || control&dhcp.ControlBootFile != 0 && withFile {
		return plan{}, nil
	}
	menu, err := tags.Menu()
	if len(menu) == 0 {
		if err != nil {
			return plan{}, stop(fault.MenuMissing, "option 43 has a menu that cannot be read: %v", err)
		}
		return plan{}, stop(fault.MenuMissing, "option 43 has discovery tags, and neither a menu (43.9) nor bit 3 of 43.6 with a boot file")
	}
	p := plan{discover: true, item: dhcp.BootItem{Type: menu[0].Type}, prompt: menu[0].Text}
	if prompt, ok := tags.Prompt(); ok {
		p.waits = prompt.Timeout
	}
	if p.item.Type == 0 {
		return plan{}, stop(fault.MenuLocalBoot, "the first item of the boot menu, %q, is a local boot", menu[0].Text)
	}
	return p.address(tags, control)
}

// address finds whom to ask for the item: the multicast group, else everybody,
// else the servers of the list (EDK2 PxeBcExtractDiscoverInfo).
func (p plan) address(tags dhcp.PXEOptions, control byte) (plan, error) {
	servers, err := tags.Servers()
	if err != nil {
		return plan{}, stop(fault.ServerListMissing, "%v", err)
	}
	var listed []netip.Addr
	found := false
	for _, s := range servers {
		if s.Type == p.item.Type {
			listed, found = s.Addrs, true
			break
		}
	}
	if len(servers) > 0 && !found {
		return plan{}, stop(fault.ServerListMissing, "the boot server list (43.8) has no server of type %d, which the menu's first item asks for", p.item.Type)
	}
	if control&dhcp.ControlListedOnly != 0 {
		if p.only = listed; len(listed) == 0 {
			return plan{}, stop(fault.ServerListMissing, "43.6 says to accept listed servers alone, and the list (43.8) is empty")
		}
	}
	switch group, _ := tags.Multicast(); {
	case control&dhcp.ControlNoMulticast == 0 && !isSet(group):
		return plan{}, stop(fault.MulticastMissing, "43.6 allows discovery by multicast, and 43.7 gives no group")
	case control&dhcp.ControlNoMulticast == 0:
		p.to = []netip.AddrPort{netip.AddrPortFrom(group, dhcp.BootPort)}
	case control&dhcp.ControlNoBroadcast == 0:
		p.to = []netip.AddrPort{broadcast()}
	default:
		for _, a := range listed {
			p.to = append(p.to, netip.AddrPortFrom(a, dhcp.BootPort))
		}
	}
	if len(p.to) == 0 {
		return plan{}, stop(fault.ServerListMissing, "43.6 forbids multicast and broadcast, and 43.8 lists no server")
	}
	return p, nil
}

// accepts reports whether the answer of a boot server counts.
func (p plan) accepts(server netip.Addr) bool {
	return p.only == nil || slices.Contains(p.only, server)
}

func (p plan) String() string {
	return fmt.Sprintf("menu item %q, boot server type %d", p.prompt, p.item.Type)
}
