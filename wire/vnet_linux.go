package wire

import (
	"bytes"
	"encoding/binary"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

// vnetHeaderSize is the length of struct virtio_net_hdr, which precedes each
// packet of a socket with PACKET_VNET_HDR.
const vnetHeaderSize = 10

// vnetHeader says what a packet lacks because a network card was to do it. Between
// virtual interfaces no card ever does.
type vnetHeader struct {
	flags, gso                 uint8
	gsoSize, csumStart, csumAt uint16 // bytes; csumAt counts from csumStart
}

func parseVnetHeader(b []byte) vnetHeader {
	return vnetHeader{
		flags: b[0], gso: b[1],
		gsoSize:   binary.NativeEndian.Uint16(b[4:]),
		csumStart: binary.NativeEndian.Uint16(b[6:]),
		csumAt:    binary.NativeEndian.Uint16(b[8:]),
	}
}

// finish does what was left to the card: it completes the checksum in place,
// and splits merged UDP datagrams. Merged TCP segments stay one packet, which
// is as good to a receiver. A packet that the header does not fit is dropped.
func (v vnetHeader) finish(frame []byte) [][]byte {
	if v.flags&unix.VIRTIO_NET_HDR_F_NEEDS_CSUM == 0 {
		return [][]byte{frame}
	}
	start, at := int(v.csumStart), int(v.csumStart)+int(v.csumAt)
	if start < headerSize || at+2 > len(frame) {
		return nil
	}
	if v.gso&^unix.VIRTIO_NET_HDR_GSO_ECN == unix.VIRTIO_NET_HDR_GSO_UDP_L4 {
		return splitUDP(frame, start, int(v.gsoSize))
	}
	setChecksum(frame, start, at)
	return [][]byte{frame}
}

// setChecksum completes the checksum at an offset, which holds the sum of the
// pseudo header until then.
func setChecksum(frame []byte, start, at int) {
	sum := ^checksum.Checksum(frame[start:], 0)
	if sum == 0 {
		sum = 0xffff // to UDP zero means none, to TCP it is the same
	}
	binary.BigEndian.PutUint16(frame[at:], sum)
}

// splitUDP makes one frame of each size bytes of payload; the UDP header is at
// start.
func splitUDP(frame []byte, start, size int) [][]byte {
	payload := start + header.UDPMinimumSize
	if size == 0 || payload > len(frame) {
		return nil
	}
	var frames [][]byte
	for rest := frame[payload:]; len(rest) > 0; {
		part := rest[:min(size, len(rest))]
		rest = rest[len(part):]
		f := append(bytes.Clone(frame[:payload]), part...)
		if !fitUDP(f, start, len(frames)) {
			return nil
		}
		frames = append(frames, f)
	}
	return frames
}

// fitUDP corrects the headers of the nth frame of a merged one for its length.
func fitUDP(frame []byte, start, nth int) bool {
	var pseudo uint16
	u := header.UDP(frame[start:])
	u.SetLength(uint16(len(u)))
	u.SetChecksum(0)
	switch packet := frame[headerSize:]; header.Ethernet(frame).Type() {
	case header.IPv4ProtocolNumber:
		if start < headerSize+header.IPv4MinimumSize {
			return false
		}
		ip := header.IPv4(packet)
		ip.SetTotalLength(uint16(len(packet)))
		ip.SetID(ip.ID() + uint16(nth))
		ip.SetChecksum(0)
		if int(ip.HeaderLength()) != start-headerSize {
			return false
		}
		ip.SetChecksum(^ip.CalculateChecksum())
		pseudo = header.PseudoHeaderChecksum(header.UDPProtocolNumber, ip.SourceAddress(), ip.DestinationAddress(), u.Length())
	case header.IPv6ProtocolNumber:
		if start < headerSize+header.IPv6MinimumSize {
			return false
		}
		ip := header.IPv6(packet)
		ip.SetPayloadLength(uint16(len(packet) - header.IPv6MinimumSize))
		pseudo = header.PseudoHeaderChecksum(header.UDPProtocolNumber, ip.SourceAddress(), ip.DestinationAddress(), u.Length())
	default:
		return false
	}
	u.SetChecksum(pseudo)
	setChecksum(frame, start, start+6)
	return true
}
