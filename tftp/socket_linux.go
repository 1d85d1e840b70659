package tftp

import (
	"context"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// listenHost opens the socket of a transfer on this host.
func listenHost(ctx context.Context, network, address string) (net.PacketConn, error) {
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) {
			transferOptions(int(fd))
		})
	}}
	return config.ListenPacket(ctx, network, address)
}

// transferOptions sets what the socket of a transfer wants. Each option helps
// and none is needed, so failures do not count:
//   - without "don't fragment" a block larger than the path carries arrives in
//     pieces instead of not at all;
//   - the socket is not connected, because a stranger must be heard to be told
//     that it is one; IP_RECVERR (ip(7)) reports ICMP errors all the same.
func transferOptions(fd int) {
	allowFragments(fd)
	_ = unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_RECVERR, 1)
	_ = unix.SetsockoptInt(fd, unix.SOL_IPV6, unix.IPV6_RECVERR, 1)
}

func allowFragments(fd int) {
	_ = unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DONT)
	_ = unix.SetsockoptInt(fd, unix.SOL_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_DONT)
}

// sendsTransfers readies the socket of the requests to send the files as well.
func sendsTransfers(udp *net.UDPConn) { control(udp, allowFragments) }

// refusedBy empties the socket's queue of ICMP errors, and reports whether one
// was about a packet to peer.
func refusedBy(udp *net.UDPConn, peer netip.AddrPort) (found bool) {
	control(udp, func(fd int) { found = refusedByFD(fd, peer) })
	return found
}

func refusedByFD(fd int, peer netip.AddrPort) (found bool) {
	peer = netip.AddrPortFrom(peer.Addr().WithZone(""), peer.Port())
	var data, oob [512]byte
	for {
		_, _, _, to, err := unix.Recvmsg(fd, data[:], oob[:], unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
		if err != nil {
			return found
		}
		found = found || sockaddrPort(to) == peer
	}
}

// sockaddrPort converts a socket address without its zone.
func sockaddrPort(sa unix.Sockaddr) netip.AddrPort {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		return unmap(netip.AddrPortFrom(netip.AddrFrom16(sa.Addr), uint16(sa.Port)))
	}
	return netip.AddrPort{}
}

// routeMTU is the MTU of the way from local to a client as the kernel knows it:
// that of the interface, or less where a router has said so. 0 is unknown.
func routeMTU(local netip.Addr, client netip.AddrPort) int {
	s, err := listenSocket(local, client.Addr())
	if err != nil {
		return 0
	}
	defer s.Close()
	return s.mtu(client)
}
