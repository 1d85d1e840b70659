package fetch

import (
	"encoding/binary"
	"net"

	"golang.org/x/sys/unix"
)

// tellFragments makes a socket tell, with each datagram that was put together
// from fragments, how large the largest of them was (ip(7), IP_RECVFRAGSIZE).
func tellFragments(udp *net.UDPConn) bool {
	raw, err := udp.SyscallConn()
	if err != nil {
		return false
	}
	ok := false
	err = raw.Control(func(fd uintptr) {
		v4 := unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_RECVFRAGSIZE, 1)
		v6 := unix.SetsockoptInt(int(fd), unix.SOL_IPV6, unix.IPV6_RECVFRAGSIZE, 1)
		ok = v4 == nil || v6 == nil
	})
	return ok && err == nil
}

// fragmentSize is what the socket told, 0 when the datagram came in one piece.
func fragmentSize(oob []byte) int {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return 0
	}
	for _, m := range messages {
		v4 := m.Header.Level == unix.SOL_IP && m.Header.Type == unix.IP_RECVFRAGSIZE
		v6 := m.Header.Level == unix.SOL_IPV6 && m.Header.Type == unix.IPV6_RECVFRAGSIZE
		if (v4 || v6) && len(m.Data) >= 4 {
			return int(binary.NativeEndian.Uint32(m.Data))
		}
	}
	return 0
}
