package fetch

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"
)

// An error says what failed in the words of the system, and whose proxy it was.
func TestReasons(t *testing.T) {
	refused := os.NewSyscallError("connect", syscall.ECONNREFUSED)
	addr := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 3128}
	dial := &net.OpError{Op: "dial", Net: "tcp", Addr: addr, Err: refused}
	for want, err := range map[string]error{
		"connection refused":                         dial,
		"proxy 192.0.2.1:3128: connection refused":   &net.OpError{Op: "proxyconnect", Net: "tcp", Err: dial},
		"remote error: handshake failure":            &net.OpError{Op: "remote error", Err: errors.New("handshake failure")},
		"after 5 bytes read tcp: connection refused": fmt.Errorf("after 5 bytes %w", &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNREFUSED}),
	} {
		if got := reason(err); got.Error() != want {
			t.Errorf("%q became %q, want %q", err, got, want)
		}
	}
}
