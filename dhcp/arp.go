package dhcp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
)

// The values of an ARP packet's fields (RFC 826) for IPv4 on Ethernet.
const (
	arpEthernet = 1
	arpIPv4     = 0x0800
	arpRequest  = 1
	arpReply    = 2
	arpSize     = 28
)

// arpPacket is an ARP packet for IPv4 on Ethernet, without its frame.
type arpPacket struct {
	op                   uint16
	senderMAC, targetMAC net.HardwareAddr
	sender, target       netip.Addr
}

var errARP = errors.New("not an ARP packet for IPv4 on Ethernet")

func parseARP(b []byte) (arpPacket, error) {
	if len(b) < arpSize || binary.BigEndian.Uint16(b) != arpEthernet || binary.BigEndian.Uint16(b[2:]) != arpIPv4 || b[4] != 6 || b[5] != 4 {
		return arpPacket{}, errARP
	}
	b = bytes.Clone(b[:arpSize])
	return arpPacket{
		op:        binary.BigEndian.Uint16(b[6:]),
		senderMAC: b[8:14], sender: netip.AddrFrom4([4]byte(b[14:])),
		targetMAC: b[18:24], target: netip.AddrFrom4([4]byte(b[24:])),
	}, nil
}

func (p arpPacket) append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint16(dst, arpEthernet)
	dst = binary.BigEndian.AppendUint16(dst, arpIPv4)
	dst = append(dst, 6, 4)
	dst = binary.BigEndian.AppendUint16(dst, p.op)
	dst = append(append(dst, p.senderMAC...), p.sender.AsSlice()...)
	return append(append(dst, p.targetMAC...), p.target.AsSlice()...)
}

// arpProbe asks who has an address, as one who has none: no cache learns from
// it (RFC 5227 2.1.1).
func arpProbe(from net.HardwareAddr, addr netip.Addr) arpPacket {
	return arpPacket{
		op: arpRequest, senderMAC: from, sender: netip.IPv4Unspecified(),
		targetMAC: make(net.HardwareAddr, 6), target: addr,
	}
}

// claims reports whether the packet says that its sender has the address, or
// means to take it: any packet with it as the sender's, request or reply, and a
// probe for it (RFC 5227 2.1.1).
func (p arpPacket) claims(addr netip.Addr) bool {
	probes := p.op == arpRequest && !isSet(p.sender) && p.target == addr
	return p.sender == addr || probes
}
