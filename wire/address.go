package wire

import (
	"net"
	"net/netip"
	"strconv"
	"strings"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
)

// parseAddr reads "host:port" for a network such as "udp", "udp4" or "udp6",
// where kind is "udp". The host is an IP address, or empty for all of the
// host's own; with "udp" those are the IPv4 ones.
func parseAddr(kind, network, address string) (netip.AddrPort, error) {
	version, ok := strings.CutPrefix(network, kind)
	if !ok || version != "" && version != "4" && version != "6" {
		return netip.AddrPort{}, net.UnknownNetworkError(network)
	}
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return netip.AddrPort{}, err
	}
	port, err := strconv.ParseUint(service, 10, 16)
	if err != nil {
		return netip.AddrPort{}, &net.AddrError{Err: "port is not a number up to 65535", Addr: address}
	}
	ip := netip.IPv4Unspecified()
	if version == "6" {
		ip = netip.IPv6Unspecified()
	}
	if host != "" {
		if ip, err = netip.ParseAddr(host); err != nil {
			return netip.AddrPort{}, &net.AddrError{Err: "not an IP address, and names are not resolved on this network", Addr: address}
		}
		ip = ip.Unmap().WithZone("") // a host has one link
	}
	if ip.Is4() && version == "6" || ip.Is6() && version == "4" {
		return netip.AddrPort{}, &net.AddrError{Err: "not an address for " + network, Addr: address}
	}
	return netip.AddrPortFrom(ip, uint16(port)), nil
}

// protocol returns the number of the Internet protocol that an address is of.
func protocol(a netip.Addr) tcpip.NetworkProtocolNumber {
	if a.Is4() {
		return ipv4.ProtocolNumber
	}
	return ipv6.ProtocolNumber
}

// addrPort is the inverse of fullAddress.
func addrPort(a tcpip.FullAddress) netip.AddrPort {
	ip, _ := netip.AddrFromSlice(a.Addr.AsSlice())
	return netip.AddrPortFrom(ip, a.Port)
}

// fullAddress is an address as the stack has it. The unspecified one is none
// there.
func fullAddress(a netip.AddrPort) tcpip.FullAddress {
	full := tcpip.FullAddress{Port: a.Port()}
	ip := a.Addr().Unmap()
	if !ip.IsValid() || ip.IsUnspecified() {
		return full
	}
	full.Addr = stackAddr(ip)
	if ip == broadcast || ip.IsMulticast() || ip.IsLinkLocalUnicast() && ip.Is6() {
		full.NIC = nicID // the route table does not tell
	}
	return full
}

func stackAddr(a netip.Addr) tcpip.Address { return tcpip.AddrFromSlice(a.AsSlice()) }

func stackPrefix(p netip.Prefix) tcpip.AddressWithPrefix {
	return tcpip.AddressWithPrefix{Address: stackAddr(p.Addr()), PrefixLen: p.Bits()}
}
