package dhcp

import (
	"net"
	"net/netip"
)

// PathKind says how a reply reaches its client.
type PathKind uint8

// The ways of RFC 2131 4.1, and that of the boot service.
const (
	// PathBroadcast: "to 0xffffffff", when the client asks for it, has no
	// address yet in a reply that gives it none, or is refused. The zero value,
	// as it always arrives: "if unicasting is not possible, the message MAY be
	// sent as an IP broadcast".
	PathBroadcast PathKind = iota
	// PathRelay: "to the 'DHCP server' port on the BOOTP relay agent whose
	// address appears in 'giaddr'".
	PathRelay
	// PathClient: "unicasts DHCPOFFER and DHCPACK messages to the address in
	// 'ciaddr'", which the client answers ARP for.
	PathClient
	// PathLink: "to the client's hardware address and 'yiaddr' address"; the
	// client has no IP stack yet that could answer ARP.
	PathLink
	// PathSource: to where the question came from, address and port: how PXE
	// 2.1 clients expect the answer of port 4011, from which EDK2 asks with
	// port 4011 and iPXE with 68; and an INFORM without ciaddr.
	PathSource
)

func (k PathKind) String() string {
	switch k {
	case PathRelay:
		return "relay"
	case PathClient:
		return "unicast"
	case PathLink:
		return "link"
	case PathSource:
		return "source"
	}
	return "broadcast"
}

// Path is where a reply goes.
type Path struct {
	Kind PathKind
	To   netip.AddrPort
	MAC  net.HardwareAddr // the frame's destination; nil: found by ARP
}

var (
	broadcastAddr = netip.AddrFrom4([4]byte{255, 255, 255, 255})
	broadcastMAC  = net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
)

// Route decides where the reply to a request goes (RFC 2131 4.1). Clients
// listen on the port above the server's, as 68 is above 67.
func Route(reply *Message, req Request) Path {
	server := req.Dst.Port()
	client := server + 1
	switch {
	case req.Boot:
		return Path{Kind: PathSource, To: req.Src}
	case isSet(reply.GIAddr):
		return Path{Kind: PathRelay, To: netip.AddrPortFrom(reply.GIAddr, server)}
	case reply.Type() == TypeNak:
		return broadcastPath(client)
	case isSet(reply.CIAddr):
		return Path{Kind: PathClient, To: netip.AddrPortFrom(reply.CIAddr, client)}
	case req.Message.Type() == TypeInform:
		return Path{Kind: PathSource, To: req.Src}
	case reply.Broadcast() || !isSet(reply.YIAddr) || reply.HType != HTypeEthernet:
		return broadcastPath(client)
	}
	return Path{Kind: PathLink, To: netip.AddrPortFrom(reply.YIAddr, client), MAC: reply.CHAddr}
}

func broadcastPath(port uint16) Path {
	return Path{
		Kind: PathBroadcast,
		To:   netip.AddrPortFrom(broadcastAddr, port),
		MAC:  broadcastMAC,
	}
}
