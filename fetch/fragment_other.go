//go:build !linux

package fetch

import "net"

// tellFragments: this system's sockets do not tell.
func tellFragments(*net.UDPConn) bool { return false }

func fragmentSize([]byte) int { return 0 }
