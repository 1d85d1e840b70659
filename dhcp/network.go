package dhcp

import (
	"cmp"
	"net/netip"
	"slices"

	"pxe/dhcp/lease"
)

// networks are for each subnet those of its wire, itself among them, in the
// order of the configuration.
func (c *Config) networks() [][]int {
	all := make([][]int, len(c.Subnets))
	for i, s := range c.Subnets {
		for j, other := range c.Subnets {
			if s.Prefix == other.Prefix || s.Network != "" && s.Network == other.Network {
				all[i] = append(all[i], j)
			}
		}
	}
	return all
}

// subnetOf finds a subnet of the wire that the client is on; ok is false when it
// is none of ours. The relay's word goes first (RFC 3527, 3011, RFC 2131 4.3.1),
// then the address from which a client writes to us directly, which relays do
// not see.
func (c *Config) subnetOf(req Request, info relayInfo, local netip.Addr) (i int, ok bool) {
	m := req.Message
	selection, _ := m.Options.Addr(OptionSubnetSelection)
	for _, a := range []netip.Addr{info.link, selection, m.GIAddr} {
		if isSet(a) {
			return c.subnetWith(a)
		}
	}
	if isSet(m.CIAddr) && c.unicast(req) {
		return c.subnetWith(m.CIAddr)
	}
	return c.subnetWith(local)
}

func (c *Config) subnetWith(a netip.Addr) (i int, ok bool) {
	i = slices.IndexFunc(c.Subnets, func(s Subnet) bool { return s.Prefix.Contains(a) })
	return i, i >= 0
}

// use makes the subnet with that index the client's.
func (x *exchange) use(i int) {
	x.subnet, x.pool = &x.s.cfg.Subnets[i], x.s.leases.Pool(i)
	x.client.Fixed = x.fixedIn(x.pool)
	x.tell()
}

// fixedIn is the client's own address in a pool's subnet, by configuration, else
// by hand; the zero Addr: it has none.
func (x *exchange) fixedIn(pool *lease.Pool) netip.Addr {
	if x.host != nil {
		if a := x.host.in(pool.Subnet()); a.IsValid() {
			return a
		}
	}
	a, _ := pool.Reservation(keyOf(x.m, false))
	return a
}

// admitted reports whether the client may have addresses of the ranges of the
// subnet that is used, or has one of its own in it.
func (x *exchange) admitted() bool {
	_, ignored := x.ignored() // in this subnet of the wire
	return !ignored && (x.client.Fixed.IsValid() || (x.m.Type() != TypeBOOTP || x.subnet.BOOTP) && x.subnet.For.holds(x.asClient()))
}

// offer finds an address for the client in the subnets of its wire: in the one
// where it has or had one, or which holds the one that it wants, or in the first
// that has any. The error is that of the last pool that was asked, and nil with
// ok false where none is for this client.
func (x *exchange) offer(want netip.Addr) (addr netip.Addr, ok bool, err error) {
	for _, i := range x.ranked(want) {
		if x.use(i); !x.admitted() {
			continue
		}
		if addr, err = x.pool.Offer(x.client, want, x.now); err == nil {
			return addr, true, nil
		}
	}
	return netip.Addr{}, false, err
}

// ranked are the subnets of the client's wire, the likeliest first.
func (x *exchange) ranked(want netip.Addr) []int {
	if len(x.wire) == 1 {
		return x.wire
	}
	rank := make(map[int]int, len(x.wire))
	for _, i := range x.wire {
		pool := x.s.leases.Pool(i)
		l, known := pool.Lookup(x.client.Key)
		switch {
		case x.fixedIn(pool).IsValid():
			rank[i] = 0
		case known && l.State != lease.Declined:
			rank[i] = 1
		case pool.Has(want):
			rank[i] = 2
		default:
			rank[i] = 3
		}
	}
	return slices.SortedStableFunc(slices.Values(x.wire), func(a, b int) int { return cmp.Compare(rank[a], rank[b]) })
}

// place uses the subnet of the client's wire that has an address; ok is false
// when none has. Of several with the same prefix it is the one in whose ranges
// the address is.
func (x *exchange) place(addr netip.Addr) bool {
	found := -1
	for _, i := range x.wire {
		switch pool := x.s.leases.Pool(i); {
		case !pool.Subnet().Contains(addr):
		case pool.Has(addr):
			found = i
		case found < 0:
			found = i
		}
	}
	if found < 0 {
		return false
	}
	x.use(found)
	return true
}

// leaseOf is the client's lease on its wire, which may have ended.
func (x *exchange) leaseOf() (l lease.Lease, ok bool) {
	for _, i := range x.wire {
		if found, has := x.s.leases.Pool(i).Lookup(x.client.Key); has && (!ok || l.Expired(x.now)) {
			l, ok = found, true
		}
	}
	return l, ok
}
