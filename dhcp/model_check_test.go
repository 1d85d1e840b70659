package dhcp

import (
	"net"
	"net/netip"
	"slices"
	"time"

	"pxe/dhcp/lease"
)

// believed checks that nobody else thinks to have what the client now has.
func (b *modelBook) believed(c *modelClient) {
	for _, other := range b.m.clients {
		if other != c && c.believes(c.addr) && other.believes(c.addr) {
			b.m.fail("client %d and client %d (%s, until %s) both have %s", c.n, other.n, other.state,
				other.since.Add(other.grant.lease-other.grant.cut).Sub(testStart), c.addr)
		}
	}
}

// given checks an OFFER or an ACK.
func (b *modelBook) given(c *modelClient, e Event) {
	now, a := b.m.server.clock(), e.Addr
	if p := b.promises[a]; p.holds(now) && p.c != c {
		b.m.fail("%s of %s to client %d, but client %d was promised it for %s more", e.Kind, a, c.n, p.c.n, p.expires.Sub(now))
	}
	if r := b.resting[a]; now.Before(r.until) {
		b.m.fail("%s of %s to client %d, but the address rests for %s more", e.Kind, a, c.n, r.until.Sub(now))
	}
	if !b.permitted(c, a) {
		b.m.fail("%s of %s to client %d, which is not for it", e.Kind, a, c.n)
	}
	far := isSet(e.Relay)
	if e.Path.Kind != PathClient && far != b.m.server.cfg.Subnets[wireFar].Prefix.Contains(a) {
		b.m.fail("%s of %s to client %d, which is on the other wire", e.Kind, a, c.n)
	}
}

// permitted reports whether the configuration and the reservations let the client
// have an address.
func (b *modelBook) permitted(c *modelClient, a netip.Addr) bool {
	cfg := &b.m.server.cfg
	for i := range cfg.Hosts {
		if h := &cfg.Hosts[i]; slices.Contains(h.Addrs, a) {
			return string(h.MAC) == string(c.mac)
		}
	}
	if b.fixed(c, a) == a {
		return true
	}
	if _, kept := b.kept[a]; kept {
		return false
	}
	for _, s := range cfg.Subnets {
		for _, r := range s.Ranges {
			if !a.Less(r.First) && !r.Last.Less(a) {
				first, last, _ := lease.Edges(s.Prefix)
				return a != s.Router && a != modelServer && a != first && a != last
			}
		}
	}
	return false
}

// fixed is the client's own address in the subnet of an address: by configuration,
// or else by hand.
func (b *modelBook) fixed(c *modelClient, near netip.Addr) netip.Addr {
	cfg := &b.m.server.cfg
	i, ok := cfg.subnetWith(near)
	if !ok {
		return netip.Addr{}
	}
	for _, h := range cfg.Hosts {
		if own := h.in(cfg.Subnets[i].Prefix); string(h.MAC) == string(c.mac) && own.IsValid() {
			return own
		}
	}
	for a, k := range b.kept {
		inUse := func(h Host) bool { return slices.Contains(h.Addrs, a) }
		if k.c == c && cfg.Subnets[i].Prefix.Contains(a) && !slices.ContainsFunc(cfg.Hosts, inUse) {
			return a
		}
	}
	return netip.Addr{}
}

// offered notes an OFFER. Another client's is not to be undone by it for as long
// as that one needs to answer.
func (b *modelBook) offered(c *modelClient, a netip.Addr) {
	if o := b.offers[a]; b.fresh(o) && o.c != c {
		b.m.fail("%s is offered to client %d, but %s ago was to client %d", a, c.n, b.m.server.clock().Sub(o.at), o.c.n)
	}
	b.offers[a] = modelOffer{c, b.m.server.clock()}
}

func (b *modelBook) fresh(o modelOffer) bool {
	age := b.m.server.clock().Sub(o.at)
	return o.c != nil && age >= 0 && age < 9*time.Second // a second less than the pool's patience, which rounds
}

// deserved checks that a client which asks for what it was promised, or offered a
// moment ago, is granted it.
func (b *modelBook) deserved(c *modelClient, d Datagram, e Event) {
	msg, err := Parse(d.Payload)
	if err != nil {
		b.m.fail("%v", err)
		return
	}
	if msg.Type() != TypeRequest {
		return
	}
	a, ok := msg.Options.Addr(OptionRequestedAddress)
	if !ok {
		a = msg.CIAddr
	}
	id, selecting := msg.Options.Addr(OptionServerID)
	if selecting && id != modelServer {
		return
	}
	now := b.m.server.clock()
	here := b.m.server.cfg.Subnets[wireFar].Prefix.Contains(a) == msg.Relayed() || d.Dst == toServer && !msg.Relayed()
	fixed := b.fixed(c, a)
	switch p, o := b.promises[a], b.offers[a]; {
	case !here, !b.permitted(c, a), isSet(fixed) && fixed != a:
	case p.holds(now) && p.c != c:
	case b.hasAnother(c, a):
	case p.holds(now) || selecting && b.fresh(o) && o.c == c:
		if e.Kind != EventAck && e.Kind != EventSend {
			b.m.fail("client %d asks for %s, which it was promised or offered, and gets %s: %s", c.n, a, e.Kind, e.Reason)
		}
	}
}

// hasAnother reports whether another address of the subnet is the client's, or
// may be: offers are not followed to their end.
func (b *modelBook) hasAnother(c *modelClient, a netip.Addr) bool {
	i, _ := b.m.server.cfg.subnetWith(a)
	prefix := b.m.server.cfg.Subnets[i].Prefix
	for other, p := range b.promises {
		if p.c == c && other != a && prefix.Contains(other) && p.holds(b.m.server.clock()) {
			return true
		}
	}
	for other, o := range b.offers {
		if o.c == c && other != a && prefix.Contains(other) {
			return true
		}
	}
	return false
}

// started checks that the leases are all there.
func (b *modelBook) started(store *lease.Store) {
	now := b.m.server.clock()
	held := make(map[netip.Addr]lease.Lease)
	kept := make(map[netip.Addr]lease.Key)
	for _, l := range store.Leases(now) {
		if l.State == lease.Reserved {
			kept[l.Addr] = l.Key
		} else {
			held[l.Addr] = l
		}
	}
	for a, p := range b.promises {
		l, ok := held[a]
		short := !l.Expires.IsZero() && (p.expires.IsZero() || l.Expires.Before(p.expires))
		if p.holds(now) && (!ok || l.State != lease.Bound || l.Key != b.key(p.c) || short) {
			b.m.fail("client %d was promised %s until %s; the server has %+v", p.c.n, a, p.expires, l)
		}
	}
	for a, r := range b.resting {
		if l := held[a]; now.Before(r.until) && (l.State != lease.Declined || l.Expires.Before(r.until)) {
			b.m.fail("%s rests until %s; the server has %+v", a, r.until, l)
		}
	}
	for a, k := range b.kept {
		if k.sure && kept[a] != KeyOfMAC(k.c.mac) {
			b.m.fail("%s is kept for client %d; the server says for %q", a, k.c.n, kept[a])
		}
	}
	clear(b.kept)
	for a, key := range kept {
		b.kept[a] = modelKept{b.m.clientOf(net.HardwareAddr(key[1:])), true}
	}
}
