package dhcp

import (
	"errors"
	"fmt"
	"net/netip"

	"pxe/dhcp/lease"
)

// request answers a REQUEST by the state that the client is in, which shows in
// options 54 and 50 and in ciaddr (RFC 2131 4.3.2 and table 4).
func (x *exchange) request() Decision {
	id, selecting := x.m.Options.Addr(OptionServerID)
	wanted, reboot := x.m.Options.Addr(OptionRequestedAddress)
	switch {
	case selecting && reboot:
		return x.selecting(id, wanted)
	case selecting && isSet(x.m.CIAddr):
		return x.selecting(id, x.m.CIAddr)
	case isSet(x.m.CIAddr) && x.s.cfg.unicast(x.req):
		return x.renewing(x.m.CIAddr)
	case isSet(x.m.CIAddr):
		return x.rebinding(x.m.CIAddr)
	case reboot:
		return x.initReboot(wanted)
	}
	return x.ignore("a REQUEST for no address")
}

// selecting is the answer to an OFFER, ours or another's. One of ours is
// granted even if this server was restarted in between and does not know of it:
// a NAK would end the boot of EDK2.
func (x *exchange) selecting(id, addr netip.Addr) Decision {
	if !x.isUs(id) {
		x.pool.Withdraw(x.client.Key)
		return x.ignore(fmt.Sprintf("the client took the offer of server %s", id))
	}
	return x.grant(addr)
}

// initReboot is a client that remembers an address from before its restart. It
// may be another server's, so what we know nothing about is left to that one,
// be it of another network: the wire may have one that we do not serve. ISC's
// dhcpd, Kea and dnsmasq keep as silent, where RFC 2131 4.3.2 would have a NAK.
func (x *exchange) initReboot(addr netip.Addr) Decision {
	switch placed := x.place(addr); {
	case !placed && (x.s.cfg.Authoritative || x.elsewhere()):
		return x.nak(addr, "wrong network")
	case !placed:
		return x.ignore(fmt.Sprintf("a restart with %s, of a network that is not ours", addr))
	case x.known(addr) || x.s.cfg.Authoritative:
		return x.grant(addr)
	case x.elsewhere():
		return x.nak(addr, lease.ErrOtherAddress.Error())
	case x.taken(addr):
		return x.nak(addr, lease.ErrInUse.Error())
	}
	return x.ignore(fmt.Sprintf("a restart with %s, which is not ours", addr))
}

// renewing is a client that asks the server of its lease, which it believes to
// be us. If we have lost our leases, or took the place of the server that gave
// the address, it keeps one that is free, so that its connections live.
func (x *exchange) renewing(addr netip.Addr) Decision { return x.grant(addr) }

// rebinding is a client that asks every server, because its own is silent.
func (x *exchange) rebinding(addr netip.Addr) Decision {
	x.place(addr)
	switch {
	case x.known(addr) || x.s.cfg.Authoritative:
		return x.grant(addr)
	case x.taken(addr):
		return x.nak(addr, lease.ErrInUse.Error())
	}
	return x.ignore(fmt.Sprintf("a rebinding of %s, which is not ours", addr))
}

// known reports whether the address is the client's by our records, perhaps
// expired, or by configuration.
func (x *exchange) known(addr netip.Addr) bool {
	if addr == x.client.Fixed {
		return true
	}
	l, ok := x.pool.At(addr)
	return ok && l.Key == x.client.Key && (l.State == lease.Bound || l.State == lease.Released)
}

// elsewhere reports whether the client's lease or reservation is another one.
func (x *exchange) elsewhere() bool {
	l, ok := x.leaseOf()
	return x.client.Fixed.IsValid() || ok && l.State == lease.Bound && !l.Expired(x.now)
}

// taken reports whether another client has a lease on the address.
func (x *exchange) taken(addr netip.Addr) bool {
	l, ok := x.pool.At(addr)
	return ok && l.Key != x.client.Key && l.State == lease.Bound && !l.Expired(x.now)
}

// grant binds the address and says so, or says why not.
func (x *exchange) grant(addr netip.Addr) Decision {
	if !x.place(addr) {
		return x.nak(addr, "wrong network")
	}
	if !x.admitted() {
		return x.nak(addr, "the range of this address is not for this client")
	}
	bind := x.pool.Renew
	if x.m.Options.Has(OptionServerID) { // it takes an offer, so it has no address in use
		bind = x.pool.Commit
	}
	if err := bind(x.client, addr, x.leaseTime(), x.now); err != nil {
		if errors.Is(err, lease.ErrOtherAddress) && x.client.Fixed.IsValid() {
			err = fmt.Errorf("%s is reserved for this client", x.client.Fixed)
		}
		return x.nak(addr, err.Error())
	}
	d := x.give(EventAck, TypeAck, addr)
	d.Durable = true
	x.noteBoot()
	return d
}

// nak refuses an address, with the reason in option 56 for whoever reads the
// wire. Through a relay it is broadcast, as the client may not be where its
// address says (RFC 2131 4.3.2).
func (x *exchange) nak(addr netip.Addr, reason string) Decision {
	reply := x.newReply()
	reply.Options = Options{
		byteOption(OptionMessageType, TypeNak),
		addrOption(OptionServerID, x.serverID),
		textOption(OptionMessage, reason),
	}
	if reply.Relayed() {
		reply.Flags |= FlagBroadcast
	}
	reply.Options = x.echoes(reply.Options)
	x.fit(reply)
	return x.answer(reply, Event{Kind: EventNak, Addr: addr, Reason: reason})
}
