package tftp

import (
	"errors"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// segment makes the kernel cut what is written to a socket into datagrams of
// that size (UDP_SEGMENT, udp(7)), 0 undoes it. It reports whether the kernel
// agrees; whether the way to a peer allows it shows when something is written.
func segment(udp *net.UDPConn, size int) (done bool) {
	control(udp, func(fd int) { done = segmentFD(fd, size) })
	return done
}

func segmentFD(fd, size int) bool {
	return unix.SetsockoptInt(fd, unix.SOL_UDP, unix.UDP_SEGMENT, size) == nil
}

// cannotSegment reports whether a write failed for the reasons that the kernel
// has not to cut: a network card without checksums, a packet that would not fit
// the MTU, a tunnel that wants whole packets.
func cannotSegment(err error) bool {
	return errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.EIO) ||
		errors.Is(err, syscall.EMSGSIZE) || errors.Is(err, syscall.EOPNOTSUPP)
}
