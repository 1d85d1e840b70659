package tftp

import (
	"encoding/binary"
	"net"
	"net/netip"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// hostSocket is a socket of this host for one transfer, without package net:
// only readSoon ever waits, and a packet costs one system call and no allocation.
type hostSocket struct {
	fd   int
	six  bool
	zone string // of the peer's address, and its number
	num  uint32
}

// listenSocket opens the socket of a transfer with a client on a local address,
// or on any when local is the zero value.
func listenSocket(local netip.Addr, client netip.Addr) (*hostSocket, error) {
	s := &hostSocket{six: client.Is6(), zone: client.Zone()}
	s.num = zoneNumber(s.zone)
	family, any := unix.AF_INET, netip.IPv4Unspecified()
	if s.six {
		family, any = unix.AF_INET6, netip.IPv6Unspecified()
	}
	if !local.IsValid() {
		local = any
	}
	var err error
	s.fd, err = unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	transferOptions(s.fd)
	wait := unix.NsecToTimeval(int64(holdTime))
	if err := unix.SetsockoptTimeval(s.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait); err != nil {
		unix.Close(s.fd)
		return nil, err
	}
	var name unix.RawSockaddrInet6
	size := s.sockaddr(&name, netip.AddrPortFrom(local, 0), zoneNumber(local.Zone()))
	_, _, errno := unix.RawSyscall(unix.SYS_BIND, uintptr(s.fd), uintptr(unsafe.Pointer(&name)), size)
	if errno != 0 {
		unix.Close(s.fd)
		return nil, errno
	}
	return s, nil
}

// zoneNumber is the number of an IPv6 zone, which is an interface's name or
// number; 0 if there is none.
func zoneNumber(zone string) uint32 {
	if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(n)
	}
	if zone == "" {
		return 0
	}
	ifi, err := net.InterfaceByName(zone)
	if err != nil {
		return 0
	}
	return uint32(ifi.Index)
}

// sockaddr writes an address as the socket's family has it, into the larger of
// the two structures, and returns its size.
func (s *hostSocket) sockaddr(to *unix.RawSockaddrInet6, a netip.AddrPort, zone uint32) uintptr {
	if s.six {
		*to = unix.RawSockaddrInet6{Family: unix.AF_INET6, Addr: a.Addr().As16(), Scope_id: zone}
		binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&to.Port))[:], a.Port())
		return unix.SizeofSockaddrInet6
	}
	four := (*unix.RawSockaddrInet4)(unsafe.Pointer(to))
	*four = unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: a.Addr().As4()}
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&four.Port))[:], a.Port())
	return unix.SizeofSockaddrInet4
}

// addrPort reads an address back.
func (s *hostSocket) addrPort(from *unix.RawSockaddrInet6) netip.AddrPort {
	if !s.six {
		four := (*unix.RawSockaddrInet4)(unsafe.Pointer(from))
		return netip.AddrPortFrom(netip.AddrFrom4(four.Addr), binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&four.Port))[:]))
	}
	addr := netip.AddrFrom16(from.Addr).Unmap()
	if from.Scope_id != 0 && addr.Is6() {
		zone := s.zone
		if from.Scope_id != s.num {
			zone = strconv.Itoa(int(from.Scope_id))
		}
		addr = addr.WithZone(zone)
	}
	return netip.AddrPortFrom(addr, binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&from.Port))[:]))
}

func (s *hostSocket) read(b []byte) (int, netip.AddrPort, error) {
	return s.receive(b, unix.MSG_DONTWAIT)
}

// readSoon is read, but waits for holdTime, in which the thread keeps its
// processor.
func (s *hostSocket) readSoon(b []byte) (int, netip.AddrPort, error) { return s.receive(b, 0) }

func (s *hostSocket) receive(b []byte, flags uintptr) (int, netip.AddrPort, error) {
	var from unix.RawSockaddrInet6
	size := uint32(unsafe.Sizeof(from))
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(s.fd),
		uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), flags,
		uintptr(unsafe.Pointer(&from)), uintptr(unsafe.Pointer(&size)))
	if errno != 0 {
		return 0, netip.AddrPort{}, errno
	}
	return int(n), s.addrPort(&from), nil
}

func (s *hostSocket) readNow(b []byte) (int, netip.AddrPort, error) { return s.read(b) }

func (s *hostSocket) write(b []byte, to netip.AddrPort) error {
	var name unix.RawSockaddrInet6
	size := s.sockaddr(&name, to, s.num)
	_, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(s.fd),
		uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), unix.MSG_DONTWAIT,
		uintptr(unsafe.Pointer(&name)), size)
	if errno != 0 {
		return errno
	}
	return nil
}

// mtu is the MTU of the way to a peer, 0 if unknown. It sends nothing, but ties
// the socket to the peer.
func (s *hostSocket) mtu(to netip.AddrPort) int {
	var name unix.RawSockaddrInet6
	size := s.sockaddr(&name, to, s.num)
	_, _, errno := unix.RawSyscall(unix.SYS_CONNECT, uintptr(s.fd), uintptr(unsafe.Pointer(&name)), size)
	if errno != 0 {
		return 0
	}
	level, option := unix.SOL_IP, unix.IP_MTU
	if s.six {
		level, option = unix.SOL_IPV6, unix.IPV6_MTU
	}
	mtu, _ := unix.GetsockoptInt(s.fd, level, option)
	return max(mtu, 0)
}

func (s *hostSocket) segment(size int) bool { return segmentFD(s.fd, size) }

func (s *hostSocket) refusedBy(peer netip.AddrPort) bool { return refusedByFD(s.fd, peer) }

func (s *hostSocket) Close() error { return unix.Close(s.fd) }
