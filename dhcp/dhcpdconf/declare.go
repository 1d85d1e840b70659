package dhcpdconf

import (
	"encoding/binary"
	"math/bits"
	"net"
	"net/netip"

	"pxe/dhcp/lease"
)

// subnet is `subnet ADDRESS netmask MASK { ... }`.
func (c *compiler) subnet(s statement, p place) {
	const hint = "write subnet 192.168.122.0 netmask 255.255.255.0 { ... }"
	if p.subnet != nil || p.host != nil || p.pool != nil || p.conditional() {
		c.fail(s.pos(), "move it out of the block", "a subnet in a subnet, a pool, a host or a condition")
		return
	}
	if len(s.words) != 4 || !s.words[2].is("netmask") {
		c.fail(s.pos(), hint, "a subnet needs its address and mask")
		return
	}
	addr, ok := parseAddr(s.words[1])
	if !ok {
		c.fail(s.words[1].Pos, hint, "%s is not an IPv4 address", s.words[1])
		return
	}
	length, ok := parseMask(s.words[3])
	if !ok {
		c.fail(s.words[3].Pos, hint, "%s is not a mask", s.words[3])
		return
	}
	prefix := netip.PrefixFrom(addr, length)
	if prefix != prefix.Masked() {
		c.fail(s.words[1].Pos, "write "+prefix.Masked().Addr().String(), "%s is an address in the subnet, not the subnet's own", addr)
		return
	}
	for _, other := range c.file.subnets {
		if other.prefix.Overlaps(prefix) {
			c.fail(s.pos(), "declare every network once", "subnet %s overlaps subnet %s", prefix, other.prefix)
			return
		}
	}
	in := p.inner()
	in.subnet = &subnet{Pos: s.pos(), prefix: prefix, network: p.network, scope: in.scope}
	c.file.subnets = append(c.file.subnets, in.subnet)
	c.block(s.block, in)
}

// parseMask reads a mask like 255.255.255.0.
func parseMask(t token) (length int, ok bool) {
	a, ok := parseAddr(t)
	if !ok {
		return 0, false
	}
	mask := binary.BigEndian.Uint32(a.AsSlice())
	return bits.OnesCount32(mask), bits.LeadingZeros32(^mask) == bits.OnesCount32(mask)
}

func (c *compiler) sharedNetwork(s statement, p place) {
	if len(s.words) != 2 {
		c.fail(s.pos(), "write shared-network NAME { ... }", "a shared-network needs a name")
		return
	}
	if !p.top() {
		c.fail(s.pos(), "move it out of the block", "a shared-network in another block")
		return
	}
	in := p.inner()
	in.network = s.words[1].text
	c.block(s.block, in)
}

func (c *compiler) group(s statement, p place) {
	if len(s.words) > 2 {
		c.fail(s.words[2].Pos, "write group { ... }", "unexpected %s", s.words[2])
		return
	}
	if p.host != nil || p.conditional() || p.pool != nil {
		c.fail(s.pos(), "move it out of the block", "a group in a host, a pool or a condition")
		return
	}
	c.block(s.block, p.inner())
}

// host is `host NAME { ... }`.
func (c *compiler) host(s statement, p place) {
	if len(s.words) != 2 {
		c.fail(s.pos(), "write host NAME { hardware ethernet 52:54:00:12:34:56; }", "a host needs a name")
		return
	}
	if p.host != nil || p.conditional() || p.pool != nil {
		c.fail(s.pos(), "move it out of the block", "a host in a host, a pool or a condition")
		return
	}
	in := p.inner()
	in.host = &host{Pos: s.pos(), name: s.words[1].text, scope: in.scope}
	c.block(s.block, in)
	switch h := in.host; {
	case h.mac == nil && h.clientID == nil:
		c.fail(s.pos(), "write hardware ethernet 52:54:00:12:34:56; in it", "host %s has no MAC", h.name)
		return
	case h.mac != nil && h.clientID != nil:
		c.warn(s.pos(), "host "+h.name+" is known by its MAC; its client identifier is not looked at")
		h.clientID = nil
	}
	c.file.hosts = append(c.file.hosts, in.host)
}

// rangeOf is `range [dynamic-bootp] FIRST [LAST]`.
func (c *compiler) rangeOf(s statement, p place) {
	const hint = "write range 192.168.122.100 192.168.122.200;"
	words := s.words[1:]
	if p.subnet == nil && p.pool == nil || p.host != nil {
		c.fail(s.pos(), "write it in a subnet", "a range that is not in a subnet")
		return
	}
	bootp := len(words) > 0 && words[0].is("dynamic-bootp")
	if bootp {
		words = words[1:]
	}
	if len(words) == 0 || len(words) > 2 {
		c.fail(s.pos(), hint, "a range has a first and a last address")
		return
	}
	var r [2]netip.Addr
	for i := range r {
		w := words[min(i, len(words)-1)]
		a, ok := parseAddr(w)
		if !ok {
			c.fail(w.Pos, hint, "%s is not an IPv4 address", w)
			return
		}
		r[i] = a
	}
	placed := placedRange{s.pos(), lease.Range{First: r[0], Last: r[1]}}
	switch {
	case p.pool != nil:
		p.pool.ranges = append(p.pool.ranges, placed)
	case bootp:
		p.subnet.bootp = append(p.subnet.bootp, placed)
	default:
		p.subnet.ranges = append(p.subnet.ranges, placed)
	}
}

// hardware is `hardware ethernet MAC`.
func (c *compiler) hardware(s statement, p place) {
	const hint = "write hardware ethernet 52:54:00:12:34:56;"
	if p.host == nil {
		c.fail(s.pos(), "write it in a host", "hardware that is not in a host")
		return
	}
	if !s.is("hardware", "ethernet") || len(s.words) != 3 {
		c.fail(s.pos(), hint, "hardware is an Ethernet address")
		return
	}
	mac, ok := parseHex(s.words[2])
	if !ok || len(mac) != 6 {
		c.fail(s.words[2].Pos, hint, "%s is not an Ethernet address", s.words[2])
		return
	}
	if p.host.mac != nil {
		c.fail(s.pos(), "write a host for each", "a second MAC of host %s", p.host.name)
	}
	p.host.mac = net.HardwareAddr(mac)
}

// clientID is `uid VALUE` or `option dhcp-client-identifier VALUE` of a host.
func (c *compiler) clientID(s statement, p place) {
	if p.host == nil {
		c.fail(s.pos(), "write it in a host", "%s that is not in a host", s.words[0].text)
		return
	}
	values := s.words[1:]
	if s.is("option") {
		values = s.words[2:]
	}
	id, err := octets.encode(s.pos(), "dhcp-client-identifier", values)
	if err != nil {
		c.failed(err)
		return
	}
	p.host.clientID = id
}

// fixedAddress is `fixed-address ADDRESS[, ADDRESS]`: one a subnet.
func (c *compiler) fixedAddress(s statement, p place) {
	if p.host == nil {
		c.fail(s.pos(), "write it in a host", "fixed-address that is not in a host")
		return
	}
	data, err := addrs.encode(s.pos(), s.words[0].text, s.words[1:])
	if err != nil {
		c.failed(err)
		return
	}
	p.host.addrs = addrsOf(data)
}

// addrsOf are the addresses of an option.
func addrsOf(data []byte) []netip.Addr {
	var list []netip.Addr
	for ; len(data) >= 4; data = data[4:] {
		list = append(list, netip.AddrFrom4([4]byte(data)))
	}
	return list
}
