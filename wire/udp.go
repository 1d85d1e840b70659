package wire

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
)

// udpConn is a UDP socket, connected or not. Besides net.Conn and net.PacketConn
// it has the methods of net.UDPConn that do not allocate.
type udpConn struct{ *socket }

var (
	_ net.Conn       = (*udpConn)(nil)
	_ net.PacketConn = (*udpConn)(nil)
)

// ListenPacket opens a UDP socket as net.ListenConfig does. The network is "udp",
// "udp4" or "udp6"; the address is "ip:port" with an IP of the host or none for all of
// them, and port 0 for any. Broadcasts may be sent and are received; LocalAddr
// always has an IP and ReadFrom returns a *net.UDPAddr.
func (h *Host) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	c, err := h.listenUDP(ctx, network, address)
	if err != nil {
		return nil, fmt.Errorf("wire: listen %s %s: %w", network, address, err)
	}
	return c, nil
}

func (h *Host) listenUDP(ctx context.Context, network, address string) (*udpConn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	at, err := parseAddr("udp", network, address)
	if err != nil {
		return nil, err
	}
	s, err := h.open("udp", protocol(at.Addr()), udp.ProtocolNumber)
	if err != nil {
		return nil, err
	}
	s.ep.SocketOptions().SetBroadcast(true)
	if err := s.ep.Bind(fullAddress(at)); err != nil {
		s.Close()
		return nil, sysError(err)
	}
	s.settle(at.Addr())
	return &udpConn{s}, nil
}

func (h *Host) dialUDP(to netip.AddrPort) (*udpConn, error) {
	s, err := h.open("udp", protocol(to.Addr()), udp.ProtocolNumber)
	if err != nil {
		return nil, err
	}
	s.ep.SocketOptions().SetBroadcast(true)
	if err := s.ep.Connect(fullAddress(to)); err != nil {
		s.Close()
		return nil, sysError(err)
	}
	s.settle(to.Addr())
	return &udpConn{s}, nil
}

// ReadFromUDPAddrPort reads a datagram; what does not fit into b is lost. A
// connected socket returns syscall.ECONNREFUSED when nobody listens at its peer.
func (c *udpConn) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	w := tcpip.SliceWriter(b)
	var got tcpip.ReadResult
	err := c.await(c.readable, &c.readDeadline, func() (err tcpip.Error) {
		got, err = c.ep.Read(&w, tcpip.ReadOptions{NeedRemoteAddr: true})
		return err
	})
	if err != nil {
		return 0, netip.AddrPort{}, c.opError("read", c.remote, err)
	}
	return got.Count, addrPort(got.RemoteAddr), nil
}

// ReadFrom implements net.PacketConn; the address is a *net.UDPAddr.
func (c *udpConn) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := c.ReadFromUDPAddrPort(b)
	if err != nil {
		return 0, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

// Read implements net.Conn.
func (c *udpConn) Read(b []byte) (int, error) {
	n, _, err := c.ReadFromUDPAddrPort(b)
	return n, err
}

// WriteToUDPAddrPort sends a datagram.
func (c *udpConn) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	if c.remote != nil {
		return 0, c.opError("write", net.UDPAddrFromAddrPort(to), net.ErrWriteToConnected)
	}
	full := fullAddress(to)
	err := c.write(b, tcpip.WriteOptions{To: &full})
	if err != nil {
		return 0, c.opError("write", net.UDPAddrFromAddrPort(to), err)
	}
	return len(b), nil
}

// WriteTo implements net.PacketConn; the address is a *net.UDPAddr.
func (c *udpConn) WriteTo(b []byte, addr net.Addr) (int, error) {
	to, err := udpAddrPort(addr)
	if err != nil {
		return 0, c.opError("write", addr, err)
	}
	return c.WriteToUDPAddrPort(b, to)
}

// Write implements net.Conn.
func (c *udpConn) Write(b []byte) (int, error) {
	if err := c.write(b, tcpip.WriteOptions{}); err != nil {
		return 0, c.opError("write", c.remote, err)
	}
	return len(b), nil
}

func (c *udpConn) write(b []byte, opts tcpip.WriteOptions) error {
	r := bytes.NewReader(b)
	return c.await(c.writable, &c.writeDeadline, func() tcpip.Error {
		_, err := c.ep.Write(r, opts)
		return err
	})
}

func udpAddrPort(addr net.Addr) (netip.AddrPort, error) {
	a, ok := addr.(*net.UDPAddr)
	if !ok || a == nil {
		return netip.AddrPort{}, fmt.Errorf("%T is not a *net.UDPAddr", addr)
	}
	to := a.AddrPort()
	return netip.AddrPortFrom(to.Addr().Unmap(), to.Port()), nil
}
