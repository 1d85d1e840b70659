package wire

import (
	"bytes"
	"net"
	"net/netip"

	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

// parseDatagram finds the UDP datagram in an Ethernet frame that carries a
// whole one in IPv4. What it returns points into the frame. A UDP checksum may
// be missing (RFC 768) or unfinished: that of a packet that has not left its
// machine, where a network card would have to finish it.
func parseDatagram(frame []byte) (d Datagram, payload []byte, ok bool) {
	if len(frame) < headerSize+header.IPv4MinimumSize || header.Ethernet(frame).Type() != header.IPv4ProtocolNumber {
		return d, nil, false
	}
	ip := header.IPv4(frame[headerSize:])
	if !ip.IsValid(len(ip)) || ip.TransportProtocol() != header.UDPProtocolNumber ||
		ip.More() || ip.FragmentOffset() != 0 || !ip.IsChecksumValid() {
		return d, nil, false
	}
	u := header.UDP(ip.Payload())
	if len(u) < header.UDPMinimumSize || int(u.Length()) < header.UDPMinimumSize || int(u.Length()) > len(u) {
		return d, nil, false
	}
	u = u[:u.Length()] // what follows is padding
	if sum := u.Checksum(); sum != 0 {
		pseudo := header.PseudoHeaderChecksum(header.UDPProtocolNumber, ip.SourceAddress(), ip.DestinationAddress(), u.Length())
		if sum != pseudo && checksum.Checksum(u, pseudo) != 0xffff {
			return d, nil, false
		}
	}
	return Datagram{
		Src:    netip.AddrPortFrom(netip.AddrFrom4([4]byte(ip.SourceAddressSlice())), u.SourcePort()),
		Dst:    netip.AddrPortFrom(netip.AddrFrom4([4]byte(ip.DestinationAddressSlice())), u.DestinationPort()),
		DstMAC: net.HardwareAddr(frame[0:6]),
		SrcMAC: net.HardwareAddr(frame[6:12]),
	}, u.Payload(), true
}

// appendDatagram appends the frame of a datagram whose addresses are all set.
func appendDatagram(b, payload []byte, d Datagram) []byte {
	length := header.IPv4MinimumSize + header.UDPMinimumSize + len(payload)
	start := len(b)
	b = append(b, make([]byte, headerSize+length)...)
	frame := b[start:]
	copy(frame[0:6], d.DstMAC)
	copy(frame[6:12], d.SrcMAC)
	frame[12], frame[13] = 0x08, 0x00 // IPv4
	ip := header.IPv4(frame[headerSize:])
	ip.Encode(&header.IPv4Fields{
		TotalLength: uint16(length),
		Flags:       header.IPv4FlagDontFragment, // so that it needs no ID: RFC 6864 section 4.1
		TTL:         64,
		Protocol:    uint8(header.UDPProtocolNumber),
		SrcAddr:     stackAddr(d.Src.Addr()),
		DstAddr:     stackAddr(d.Dst.Addr()),
	})
	ip.SetChecksum(^ip.CalculateChecksum())
	encodeUDP(frame[headerSize+header.IPv4MinimumSize:], payload, d)
	copy(frame[len(frame)-len(payload):], payload)
	return b
}

// encodeUDP writes the UDP header of a datagram.
func encodeUDP(u header.UDP, payload []byte, d Datagram) {
	length := uint16(header.UDPMinimumSize + len(payload))
	u.Encode(&header.UDPFields{SrcPort: d.Src.Port(), DstPort: d.Dst.Port(), Length: length})
	sum := header.PseudoHeaderChecksum(header.UDPProtocolNumber, stackAddr(d.Src.Addr()), stackAddr(d.Dst.Addr()), length)
	sum = ^u.CalculateChecksum(checksum.Checksum(payload, sum))
	if sum == 0 {
		sum = 0xffff // zero means none: RFC 768
	}
	u.SetChecksum(sum)
}

// clone is a datagram that does not point into a frame.
func (d Datagram) clone() Datagram {
	d.SrcMAC, d.DstMAC = bytes.Clone(d.SrcMAC), bytes.Clone(d.DstMAC)
	return d
}
