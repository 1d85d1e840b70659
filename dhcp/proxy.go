package dhcp

import "fmt"

// proxy answers as a proxyDHCP server (PXE 2.1): boot clients learn what to
// boot, and get their address from somebody else. On port 67 it answers
// DISCOVER alone.
func (x *exchange) proxy() Decision {
	switch {
	case x.m.Type() != TypeDiscover:
		return x.ignore(fmt.Sprintf("a proxy leaves the %s to the DHCP server", x.m.Type()))
	case x.class() == "":
		return x.ignore("not a boot client: option 60 begins with neither PXEClient nor HTTPClient")
	case !x.machine.HasArch:
		return x.ignore("a boot client that does not say its architecture (option 93)")
	}
	x.tell()
	if reason, yes := x.ignored(); yes {
		return x.ignore(reason)
	}
	reply := x.newReply()
	reply.Flags |= FlagBroadcast // there is no address to send it to
	file := x.fill(reply, TypeOffer, 0)
	if !x.boots() {
		return x.ignore("no boot file for " + x.machine.Arch.String())
	}
	d := x.answer(reply, Event{Kind: EventProxy, File: file, Rule: x.chosen.rule})
	d.Durable = x.noteBoot() // with 43.6 = 8 the client asks no more
	return d
}

// item is the boot item that the client picked from a menu (43.71).
func (x *exchange) item() (BootItem, bool) {
	if x.class() != ClassPXE {
		return BootItem{}, false
	}
	opts, err := ParsePXEOptions(x.m.Options.Get(OptionVendorSpecific))
	if err != nil {
		return BootItem{}, false
	}
	return opts.Item()
}

// bootItem reports whether a message on port 67 is for a boot service all the
// same: a client that looks for one by broadcast.
func (x *exchange) bootItem() bool {
	_, ok := x.item()
	return ok && x.m.Type() != TypeDiscover
}

// bootService answers on port 4011 (PXE 2.1, boot server). The client has its
// address and asks only for the file; it may ask up to four times, and gets the
// same answer each time. It is answered where it asked from.
func (x *exchange) bootService() Decision {
	if t := x.m.Type(); t != TypeRequest && t != TypeInform {
		return x.ignore(fmt.Sprintf("a boot service does not answer %s", t))
	}
	if x.class() != ClassPXE {
		return x.ignore("not a PXE client: option 60 does not begin with PXEClient")
	}
	item, picked := x.item()
	switch {
	case picked && item.Type == 0:
		return x.ignore("the client boots from its disk")
	case picked && item.Layer&CredentialsLayer != 0:
		return x.ignore("the client wants a signature (PXE BIS), which is not supported")
	}
	x.tell()
	if reason, yes := x.ignored(); yes {
		return x.ignore(reason)
	}
	reply := x.newReply()
	reply.CIAddr = x.m.CIAddr
	file := x.fill(reply, TypeAck, 0)
	if !x.boots() {
		return x.ignore("no boot file for " + noFileFor(x.machine))
	}
	d := x.answer(reply, Event{Kind: EventBoot, Addr: x.m.CIAddr, File: file, Rule: x.chosen.rule})
	d.Durable = x.noteBoot()
	return d
}
