package tftp

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strconv"

	"golang.org/x/sys/unix"
)

// tellDestinations makes a socket that is bound to no address tell for each
// packet where it was sent to, so that the answer can come from there: EDK2 and
// GRUB take no other.
func tellDestinations(udp *net.UDPConn) bool {
	told := false
	control(udp, func(fd int) {
		// A socket for both families needs both; one for IPv4 knows only one.
		err4 := unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_PKTINFO, 1)
		err6 := unix.SetsockoptInt(fd, unix.SOL_IPV6, unix.IPV6_RECVPKTINFO, 1)
		told = err4 == nil || err6 == nil
	})
	return told
}

// destination reads what tellDestinations asked for.
func destination(oob []byte) localAddr {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return localAddr{}
	}
	var local localAddr
	for _, m := range messages {
		switch {
		case m.Header.Level == unix.SOL_IP && m.Header.Type == unix.IP_PKTINFO && len(m.Data) >= unix.SizeofInet4Pktinfo:
			// struct in_pktinfo, ip(7): interface, our address, the packet's.
			ours := netip.AddrFrom4([4]byte(m.Data[4:8]))
			dst := netip.AddrFrom4([4]byte(m.Data[8:12]))
			if ours.IsUnspecified() {
				ours = dst // it came before tellDestinations, and our address was not noted
			}
			return localAddr{ours, dst != ours} // the better of the two for IPv4
		case m.Header.Level == unix.SOL_IPV6 && m.Header.Type == unix.IPV6_PKTINFO && len(m.Data) >= unix.SizeofInet6Pktinfo:
			// struct in6_pktinfo, ipv6(7): the packet's address, interface.
			dst := netip.AddrFrom16([16]byte(m.Data[:16])).Unmap()
			if dst.IsLinkLocalUnicast() && dst.Is6() {
				dst = dst.WithZone(strconv.Itoa(int(binary.NativeEndian.Uint32(m.Data[16:20]))))
			}
			local = localAddr{dst, dst.IsMulticast()}
		}
	}
	return local
}

// sourceMessage is the control message that makes a packet come from local; nil
// when that is not known.
func sourceMessage(local netip.Addr) []byte {
	switch {
	case local.Is4():
		return unix.PktInfo4(&unix.Inet4Pktinfo{Spec_dst: local.As4()})
	case local.Is6():
		zone, _ := strconv.ParseUint(local.Zone(), 10, 32) // as destination wrote it
		return unix.PktInfo6(&unix.Inet6Pktinfo{Addr: local.As16(), Ifindex: uint32(zone)})
	}
	return nil
}

// growBuffer sets the receive buffer, past the system's limit if we may.
func growBuffer(udp *net.UDPConn, size int) {
	control(udp, func(fd int) {
		if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, size) != nil {
			_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, size)
		}
	})
}

// control runs f with the socket's descriptor, or not at all when the socket is
// closed.
func control(udp *net.UDPConn, f func(fd int)) {
	raw, err := udp.SyscallConn()
	if err == nil {
		_ = raw.Control(func(fd uintptr) { f(int(fd)) })
	}
}
