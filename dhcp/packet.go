package dhcp

import (
	"encoding/binary"
	"errors"
	"net/netip"
)

const (
	ipHeader  = 20
	udpHeader = 8
	protoUDP  = 17
)

// appendPacket appends an IPv4 packet with a UDP datagram, checksums and all:
// what a reply to a client without an address is, as no UDP socket would send
// it without an answer to ARP.
func appendPacket(dst []byte, d Datagram) []byte {
	at := len(dst)
	size := ipHeader + udpHeader + len(d.Payload)
	dst = append(dst, make([]byte, ipHeader+udpHeader)...)
	dst = append(dst, d.Payload...)
	ip := dst[at:]
	src, to := d.Src.Addr().As4(), d.Dst.Addr().As4()

	ip[0] = 4<<4 | ipHeader/4
	binary.BigEndian.PutUint16(ip[2:], uint16(size))
	ip[8], ip[9] = 64, protoUDP // hops
	copy(ip[12:], src[:])
	copy(ip[16:], to[:])
	binary.BigEndian.PutUint16(ip[10:], ^sum(0, ip[:ipHeader]))

	udp := ip[ipHeader:]
	binary.BigEndian.PutUint16(udp[0:], d.Src.Port())
	binary.BigEndian.PutUint16(udp[2:], d.Dst.Port())
	binary.BigEndian.PutUint16(udp[4:], uint16(len(udp)))
	pseudo := sum(0, ip[12:20])
	pseudo = sum(pseudo, []byte{0, protoUDP, udp[4], udp[5]})
	check := ^sum(pseudo, udp)
	if check == 0 {
		check = 0xffff // zero says that there is none (RFC 768)
	}
	binary.BigEndian.PutUint16(udp[6:], check)
	return dst
}

// sum adds b to a ones' complement sum (RFC 1071).
func sum(start uint16, b []byte) uint16 {
	n := uint32(start)
	for ; len(b) >= 2; b = b[2:] {
		n += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		n += uint32(b[0]) << 8
	}
	for n > 0xffff {
		n = n>>16 + n&0xffff
	}
	return uint16(n)
}

var errNotUDP = errors.New("not a whole UDP packet")

// parsePacket reads an IPv4 packet with a UDP datagram. Checksums are not
// verified: a packet from this very machine has none yet.
func parsePacket(ip []byte) (Datagram, error) {
	if len(ip) < ipHeader || ip[0]>>4 != 4 || ip[9] != protoUDP {
		return Datagram{}, errNotUDP
	}
	head, size := int(ip[0]&15)*4, int(binary.BigEndian.Uint16(ip[2:]))
	fragment := binary.BigEndian.Uint16(ip[6:]) &^ (1 << 14) // all but "don't fragment"
	if head < ipHeader || size > len(ip) || size < head+udpHeader || fragment != 0 {
		return Datagram{}, errNotUDP
	}
	udp := ip[head:size]
	length := int(binary.BigEndian.Uint16(udp[4:]))
	if length < udpHeader || length > len(udp) {
		return Datagram{}, errNotUDP
	}
	return Datagram{
		Payload: udp[udpHeader:length],
		Src:     netip.AddrPortFrom(netip.AddrFrom4([4]byte(ip[12:])), binary.BigEndian.Uint16(udp)),
		Dst:     netip.AddrPortFrom(netip.AddrFrom4([4]byte(ip[16:])), binary.BigEndian.Uint16(udp[2:])),
	}, nil
}
