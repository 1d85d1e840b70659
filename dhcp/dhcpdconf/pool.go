package dhcpdconf

import (
	"slices"
	"strings"

	"pxe/dhcp"
)

// pool is `pool { range ...; allow ...; ... }`, in a subnet, or in a shared
// network after the subnets of its ranges.
func (c *compiler) pool(s statement, p place) {
	if p.subnet == nil && p.network == "" || p.pool != nil || p.host != nil || p.conditional() {
		c.fail(s.pos(), "move it to the subnet of its ranges", "a pool that is not in a subnet")
		return
	}
	if len(s.words) > 1 {
		c.fail(s.words[1].Pos, "write pool { ... }", "unexpected %s", s.words[1])
		return
	}
	in := p.inner()
	in.pool = &pool{Pos: s.pos(), scope: in.scope, bootp: true}
	before := len(c.errs)
	c.block(s.block, in)
	if len(in.pool.ranges) == 0 && len(c.errs) == before {
		c.fail(s.pos(), "write range 192.168.122.100 192.168.122.200; in it", "a pool without a range")
	}
	c.place(in.pool, p)
}

// place puts the ranges of a pool into the subnets that they are in.
func (c *compiler) place(whole *pool, p place) {
	if p.subnet != nil {
		p.subnet.pools = append(p.subnet.pools, whole)
		return
	}
	for _, r := range whole.ranges {
		i := slices.IndexFunc(c.file.subnets, func(s *subnet) bool { return s.network == p.network && s.prefix.Contains(r.First) })
		if i < 0 {
			c.fail(r.Pos, "declare its subnet in the shared-network, before the pool", "%s is in no subnet of the shared network", r.First)
			continue
		}
		s := c.file.subnets[i]
		if n := len(s.pools); n > 0 && s.pools[n-1].scope == whole.scope {
			s.pools[n-1].ranges = append(s.pools[n-1].ranges, r)
			continue
		}
		part := *whole
		part.ranges = []placedRange{r}
		s.pools = append(s.pools, &part)
	}
}

// permit is `allow WHO` or `deny WHO` in a pool.
func (c *compiler) permit(s statement, p place) {
	const hint = `write known-clients, unknown-clients, all clients, dynamic bootp clients, or members of "CLASS"`
	what := permit{deny: !s.is("allow")}
	var words []string
	for _, w := range s.words[1:] {
		words = append(words, strings.ToLower(w.text))
	}
	who := strings.Join(words, " ")
	switch {
	case who == "known-clients" || who == "known clients":
		what.match = dhcp.Match{Known: true}
	case who == "unknown-clients" || who == "unknown clients":
		what.match = not(dhcp.Match{Known: true})
	case who == "all clients":
	case who == "dynamic bootp clients":
		what.match = bootp()
		if p.pool.bootp = !what.deny; what.deny {
			return // they get no address of a range that does not say so
		}
	case len(words) == 3 && words[0] == "members" && words[1] == "of" && s.words[3].kind == kindText:
		if what.class = c.classNamed(s.words[3].text); what.class == nil {
			c.fail(s.words[3].Pos, "declare it before", "there is no class %s", s.words[3])
			return
		}
	default:
		c.fail(s.pos(), hint, "%s is not supported in a pool", sentence(s))
		return
	}
	p.pool.permits = append(p.pool.permits, what)
}

// plain reports whether the pool is for everybody and says nothing.
func (p *pool) plain() bool { return len(p.permits)+len(p.scope.steps) == 0 }

// match is who gets addresses of the pool: one of those who are allowed, if
// anybody is named so, and none of those who are denied.
func (p *pool) match() dhcp.Match {
	var allowed, denied []dhcp.Match
	for _, what := range p.permits {
		m := what.match
		if what.class != nil {
			m = what.class.members
		}
		if what.deny {
			denied = append(denied, m)
		} else {
			allowed = append(allowed, m)
		}
	}
	var m dhcp.Match
	if len(allowed) > 0 {
		m = anyOf(allowed...)
	}
	if len(denied) > 0 {
		m = allOf(m, not(anyOf(denied...)))
	}
	return m
}

// bootp is the match for clients of BOOTP, who send no message type.
func bootp() dhcp.Match {
	return not(dhcp.Match{Test: &dhcp.Test{Option: dhcp.OptionMessageType, Exists: true}})
}
