package cmd

import "pxe/dhcp"

// Of offers and refusals, which every machine causes, there are so few in normal
// use that each is shown.
const limitReplies = 1000

// most is how many events of a kind are shown in an interval; 0: all.
func most(k dhcp.EventKind) int {
	switch k {
	case dhcp.EventMalformed, dhcp.EventIgnored, dhcp.EventUnknownArch, dhcp.EventNoFile, dhcp.EventExhausted,
		dhcp.EventConflict, dhcp.EventUnprobed, dhcp.EventLimited:
		return limitEvents
	case dhcp.EventOffer, dhcp.EventNak:
		return limitReplies
	}
	return 0
}
