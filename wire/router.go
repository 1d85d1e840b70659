package wire

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// AnswerSolicitations answers every IPv6 router solicitation on a link (RFC 4861
// section 6) until the link is closed: there is a router, it routes nothing, and
// addresses are nobody's business here. A client that would wait for word from a
// router, as iPXE does for thirteen seconds, goes on at once with IPv4.
func AnswerSolicitations(link Link) error {
	mac, err := hostMAC(nil)
	if err != nil {
		return err
	}
	answer, err := advertisement(mac)
	if err != nil {
		return err
	}
	buf := make([]byte, maxFrame)
	for {
		n, err := link.ReadFrame(buf)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("wire: router: %w", err)
		}
		if !isSolicitation(buf[:n]) {
			continue
		}
		if err := link.WriteFrame(answer); err != nil {
			return fmt.Errorf("wire: router: %w", err)
		}
	}
}

// isSolicitation reports a router solicitation that is valid as RFC 4861 6.1.1
// has it, as far as the answer depends on it.
func isSolicitation(frame []byte) bool {
	p := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.DecodeOptions{Lazy: true, NoCopy: true})
	ip, _ := p.Layer(layers.LayerTypeIPv6).(*layers.IPv6)
	icmp, _ := p.Layer(layers.LayerTypeICMPv6).(*layers.ICMPv6)
	return ip != nil && icmp != nil && ip.HopLimit == 255 &&
		icmp.TypeCode == layers.CreateICMPv6TypeCode(layers.ICMPv6TypeRouterSolicitation, 0)
}

// advertisement is a frame to all nodes from a router that is no default router
// (lifetime 0) and knows no prefix, so that nobody configures anything.
func advertisement(mac hwaddr) ([]byte, error) {
	eth := &layers.Ethernet{
		SrcMAC: mac[:], DstMAC: net.HardwareAddr{0x33, 0x33, 0, 0, 0, 1},
		EthernetType: layers.EthernetTypeIPv6,
	}
	ip := &layers.IPv6{
		Version: 6, HopLimit: 255, NextHeader: layers.IPProtocolICMPv6,
		SrcIP: linkLocal(mac).AsSlice(), DstIP: netip.IPv6LinkLocalAllNodes().AsSlice(),
	}
	icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(layers.ICMPv6TypeRouterAdvertisement, 0)}
	if err := icmp.SetNetworkLayerForChecksum(ip); err != nil {
		return nil, err
	}
	body := &layers.ICMPv6RouterAdvertisement{
		HopLimit: 64,
		Options:  layers.ICMPv6Options{{Type: layers.ICMPv6OptSourceAddress, Data: mac[:]}},
	}
	b := gopacket.NewSerializeBuffer()
	opts := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(b, opts, eth, ip, icmp, body); err != nil {
		return nil, fmt.Errorf("wire: router: %w", err)
	}
	return b.Bytes(), nil
}

// linkLocal is the link-local address that RFC 4291 appendix A makes of a
// hardware address.
func linkLocal(mac hwaddr) netip.Addr {
	return netip.AddrFrom16([16]byte{
		0: 0xfe, 1: 0x80,
		8: mac[0] ^ 2, 9: mac[1], 10: mac[2], 11: 0xff, 12: 0xfe, 13: mac[3], 14: mac[4], 15: mac[5],
	})
}
