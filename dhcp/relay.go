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
