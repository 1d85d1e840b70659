package dhcpdconf

import (
	"cmp"
	"net/netip"
	"slices"

	"pxe/dhcp"
	"pxe/dhcp/lease"
)

// spot is where a client gets its address from: a subnet, or a pool of one. Each
// becomes a dhcp.Subnet.
type spot struct {
	subnet *subnet
	scope  *scope // of the pool or the subnet
	ranges []placedRange
	match  dhcp.Match // who gets addresses of the ranges
	bootp  bool
	pos    map[string]Pos // where the fields of its dhcp.Subnet were set
}

// spots are those of all subnets. That of a subnet itself comes before those of
// its pools, as hosts with an address of their own are in no pool.
func (f *File) spots() []*spot {
	var all []*spot
	for _, s := range f.subnets {
		if !f.serves(s) && s.network == "" {
			continue
		}
		own := &spot{subnet: s, scope: s.scope, ranges: slices.Clone(s.ranges)}
		old := &spot{subnet: s, scope: s.scope, ranges: slices.Clone(s.bootp), bootp: true}
		var pools []*spot
		for _, p := range s.pools {
			switch {
			case !p.plain():
				pools = append(pools, &spot{subnet: s, scope: p.scope, ranges: p.ranges, match: p.match(), bootp: p.bootp})
			case p.bootp:
				old.ranges = append(old.ranges, p.ranges...)
			default:
				own.ranges = append(own.ranges, p.ranges...)
			}
		}
		hosts := slices.ContainsFunc(f.hosts, func(h *host) bool { return slices.ContainsFunc(h.addrs, s.prefix.Contains) })
		if len(own.ranges) > 0 || len(old.ranges) == 0 && (hosts || len(pools) == 0) {
			all = append(all, own)
		}
		if len(old.ranges) > 0 {
			all = append(all, old)
		}
		all = append(all, pools...)
	}
	for _, s := range all {
		s.pos = make(map[string]Pos)
	}
	return all
}

// config is the dhcp.Subnet of a spot, without what its machines are told.
func (s *spot) config() dhcp.Subnet {
	c := dhcp.Subnet{Prefix: s.subnet.prefix, Network: s.subnet.network, For: s.match, BOOTP: s.bootp}
	for _, r := range s.ranges {
		c.Ranges = append(c.Ranges, r.Range)
	}
	return c
}

// at is the match for clients that get their address from one of these spots.
func (b *builder) at(some []*spot) dhcp.Match {
	if len(some) == len(b.spots) {
		return dhcp.Match{}
	}
	of := func(list []*spot, s *subnet) []*spot {
		return slices.DeleteFunc(slices.Clone(list), func(other *spot) bool { return other.subnet != s })
	}
	var whole []netip.Prefix
	var parts []dhcp.Match
	for i, s := range some {
		if slices.ContainsFunc(some[:i], func(other *spot) bool { return other.subnet == s.subnet }) {
			continue
		}
		here, all := of(some, s.subnet), of(b.spots, s.subnet)
		if len(here) == len(all) {
			whole = append(whole, s.subnet.prefix)
		} else if here[0] == all[0] && here[0].scope == s.subnet.scope { // the subnet without some of its pools
			rest := slices.DeleteFunc(all, func(s *spot) bool { return slices.Contains(here, s) })
			parts = append(parts, dhcp.Match{Subnet: []netip.Prefix{s.subnet.prefix}, Not: &dhcp.Match{Range: rangesOf(rest)}})
		} else {
			parts = append(parts, dhcp.Match{Range: rangesOf(here)})
		}
	}
	if len(whole) > 0 {
		parts = append([]dhcp.Match{{Subnet: whole}}, parts...)
	}
	return anyOf(parts...)
}

func rangesOf(spots []*spot) []lease.Range {
	var list []lease.Range
	for _, s := range spots {
		for _, r := range s.ranges {
			list = append(list, r.Range)
		}
	}
	return list
}

// outside are the spots that are not in a scope.
func (b *builder) outside(s *scope) []*spot {
	return slices.DeleteFunc(slices.Clone(b.spots), func(p *spot) bool { return p.scope.within(s) })
}

// innermostFirst are scopes and all that are around them, each once.
func innermostFirst(scopes []*scope) []*scope {
	var all []*scope
	seen := make(map[*scope]bool)
	for _, s := range scopes {
		for ; s != nil && !seen[s]; s = s.outer {
			seen[s] = true
			all = append(all, s)
		}
	}
	slices.SortStableFunc(all, func(a, b *scope) int { return cmp.Compare(b.depth, a.depth) })
	return all
}
