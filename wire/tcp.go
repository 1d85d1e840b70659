package wire

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"
)

// backlog is how many connections wait to be accepted, as Linux has it
// (net.core.somaxconn).
const backlog = 4096

// tcpConn is a TCP connection.
type tcpConn struct {
	*socket
	writing sync.Mutex // writes do not mix
}

// tcpListener accepts TCP connections.
type tcpListener struct{ *socket }

var (
	_ net.Conn     = (*tcpConn)(nil)
	_ net.Listener = (*tcpListener)(nil)
)

// Listen opens a TCP socket that accepts connections. The network is "tcp", "tcp4" or
// "tcp6"; the address is as for ListenPacket.
func (h *Host) Listen(network, address string) (net.Listener, error) {
	l, err := h.listenTCP(network, address)
	if err != nil {
		return nil, fmt.Errorf("wire: listen %s %s: %w", network, address, err)
	}
	return l, nil
}

func (h *Host) listenTCP(network, address string) (*tcpListener, error) {
	at, err := parseAddr("tcp", network, address)
	if err != nil {
		return nil, err
	}
	s, err := h.open("tcp", protocol(at.Addr()), tcp.ProtocolNumber)
	if err != nil {
		return nil, err
	}
	stackErr := s.ep.Bind(fullAddress(at))
	if stackErr == nil {
		stackErr = s.ep.Listen(backlog)
	}
	if stackErr != nil {
		s.Close()
		return nil, sysError(stackErr)
	}
	s.settle(at.Addr())
	return &tcpListener{s}, nil
}

// Accept implements net.Listener.
func (l *tcpListener) Accept() (net.Conn, error) {
	l.reading.Lock()
	defer l.reading.Unlock()
	var ep tcpip.Endpoint
	var wq *waiter.Queue
	var peer tcpip.FullAddress
	err := l.await(l.readable, &l.readDeadline, func() (err tcpip.Error) {
		ep, wq, err = l.ep.Accept(&peer)
		return err
	})
	if err != nil {
		return nil, l.opError("accept", nil, err)
	}
	s := newSocket(l.host, "tcp", ep, wq)
	s.settle(netip.Addr{})
	s.remote = s.addr(addrPort(peer)) // even if the peer has gone already
	return &tcpConn{socket: s}, nil
}

// Addr implements net.Listener.
func (l *tcpListener) Addr() net.Addr { return l.local }

// DialContext connects to an address as net.Dialer does; the network is "tcp" or
// "udp", with "4" or "6" behind it or not. The address must be an IP: there
// is no name server here. An unreachable host is an error after the three
// seconds of ARP; a closed port is syscall.ECONNREFUSED.
func (h *Host) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := h.dial(ctx, network, address)
	if err != nil {
		return nil, fmt.Errorf("wire: dial %s %s: %w", network, address, err)
	}
	return c, nil
}

func (h *Host) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	kind := "tcp"
	if strings.HasPrefix(network, "udp") {
		kind = "udp"
	}
	to, err := parseAddr(kind, network, address)
	switch {
	case err != nil:
		return nil, err
	case kind == "udp":
		return h.dialUDP(to)
	default:
		return h.dialTCP(ctx, to)
	}
}

func (h *Host) dialTCP(ctx context.Context, to netip.AddrPort) (*tcpConn, error) {
	s, err := h.open("tcp", protocol(to.Addr()), tcp.ProtocolNumber)
	if err != nil {
		return nil, err
	}
	stackErr := s.ep.Connect(fullAddress(to))
	if _, started := stackErr.(*tcpip.ErrConnectStarted); started {
		select {
		case <-s.writable:
			stackErr = s.ep.LastError()
		case <-ctx.Done():
			s.Close()
			return nil, ctx.Err()
		case <-h.done:
			s.Close()
			return nil, h.cause
		}
	}
	if stackErr != nil {
		err := s.sysError(stackErr)
		s.Close()
		return nil, err
	}
	s.settle(netip.Addr{})
	return &tcpConn{socket: s}, nil
}

// Read implements net.Conn.
func (c *tcpConn) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	c.reading.Lock()
	defer c.reading.Unlock()
	w := tcpip.SliceWriter(b)
	var got tcpip.ReadResult
	err := c.await(c.readable, &c.readDeadline, func() (err tcpip.Error) {
		got, err = c.ep.Read(&w, tcpip.ReadOptions{})
		return err
	})
	if err == io.EOF {
		return 0, io.EOF
	} else if err != nil {
		return 0, c.opError("read", c.remote, err)
	}
	c.ep.ModerateRecvBuf(got.Count)
	return got.Count, nil
}

// Write implements net.Conn.
func (c *tcpConn) Write(b []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	sent := 0
	var r bytes.Reader
	for sent < len(b) {
		err := c.await(c.writable, &c.writeDeadline, func() tcpip.Error {
			r.Reset(b[sent:])
			n, err := c.ep.Write(&r, tcpip.WriteOptions{})
			sent += int(n)
			return err
		})
		if err != nil {
			return sent, c.opError("write", c.remote, err)
		}
	}
	return sent, nil
}

// CloseWrite ends the sending half of the connection.
func (c *tcpConn) CloseWrite() error {
	if err := c.ep.Shutdown(tcpip.ShutdownWrite); err != nil {
		return c.opError("close", c.remote, c.sysError(err))
	}
	return nil
}
