package dhcp

import "net/netip"

// relayInfo is what option 82 says that changes an answer.
type relayInfo struct {
	link     netip.Addr // the client's subnet (RFC 3527)
	serverID netip.Addr // our name for this client (RFC 5107)
}

// relayInfoOf reads option 82. A relay that sends it malformed is treated as
// one that sends nothing in it.
func relayInfoOf(m *Message) relayInfo {
	var info relayInfo
	sub, err := ParseOptions(m.Options.Get(OptionRelayAgent))
	if err != nil {
		return info
	}
	info.link, _ = sub.Addr(RelayLinkSelection)
	info.serverID, _ = sub.Addr(RelayServerIDOverride)
	return info
}

// subnetOf finds the subnet that the client is in; nil when it is none of ours.
// The relay's word goes first (RFC 3527, 3011, RFC 2131 4.3.1), then the
// address from which a client writes to us directly, which relays do not see.
func (c *Config) subnetOf(req Request, info relayInfo) (i int, ok bool) {
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
	return c.subnetWith(c.Server)
}

func (c *Config) subnetWith(a netip.Addr) (i int, ok bool) {
	for i := range c.Subnets {
		if c.Subnets[i].Prefix.Contains(a) {
			return i, true
		}
	}
	return 0, false
}
