package tftp

import (
	"context"
	"net"
	"net/netip"
	"os"
	"time"
)

// ListenFunc opens a packet socket; it has the shape of
// net.ListenConfig.ListenPacket. A transfer opens its own with network "udp"
// and a port of 0, because a port is a transfer's identity (RFC 1350 section 4).
type ListenFunc func(ctx context.Context, network, address string) (net.PacketConn, error)

// conn is the socket of a transfer. Where the net.PacketConn beneath has the
// methods of net.UDPConn, packets cost no allocation.
type conn struct {
	net.PacketConn
	fast addrPortConn // nil when PacketConn has no such methods
}

type addrPortConn interface {
	ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error)
	WriteToUDPAddrPort(b []byte, addr netip.AddrPort) (int, error)
}

func newConn(pc net.PacketConn) conn {
	fast, _ := pc.(addrPortConn)
	return conn{pc, fast}
}

// listen opens the socket of a transfer on a local address, or on any when
// local is the zero value.
func listen(ctx context.Context, f ListenFunc, local netip.Addr) (conn, error) {
	if f == nil {
		f = listenHost
	}
	address := ":0"
	if local.IsValid() {
		address = netip.AddrPortFrom(local, 0).String()
	}
	pc, err := f(ctx, "udp", address)
	if err != nil {
		return conn{}, err
	}
	return newConn(pc), nil
}

func (c conn) read(b []byte) (int, netip.AddrPort, error) {
	if c.fast != nil {
		n, from, err := c.fast.ReadFromUDPAddrPort(b)
		return n, unmap(from), reason(err)
	}
	n, addr, err := c.ReadFrom(b)
	if err != nil {
		return n, netip.AddrPort{}, reason(err)
	}
	return n, addrPort(addr), nil
}

// moment is how long readNow waits. A busy machine may take some of it before it
// begins to read, and after the deadline it would read nothing at all.
const moment = 20 * time.Millisecond

func (c conn) readNow(b []byte) (int, netip.AddrPort, error) {
	_ = c.SetReadDeadline(time.Now().Add(moment))
	return c.read(b)
}

func (c conn) write(b []byte, to netip.AddrPort) error {
	if c.fast != nil {
		_, err := c.fast.WriteToUDPAddrPort(b, to)
		return reason(err)
	}
	_, err := c.WriteTo(b, net.UDPAddrFromAddrPort(to))
	return reason(err)
}

// refusedBy: a socket that is not one of this host cannot tell whose ICMP error
// it was.
func (c conn) refusedBy(peer netip.AddrPort) bool {
	udp, ok := c.PacketConn.(*net.UDPConn)
	return !ok || refusedBy(udp, peer)
}

// segment: only a socket of this host can cut.
func (c conn) segment(size int) bool {
	udp, ok := c.PacketConn.(*net.UDPConn)
	return ok && segment(udp, size)
}

// reason drops what package net says before the system's error: the socket's
// address and the system call mean nothing to whoever reads it.
func reason(err error) error {
	if op, ok := err.(*net.OpError); ok {
		err = op.Err
	}
	if call, ok := err.(*os.SyscallError); ok {
		err = call.Err
	}
	return err
}

// addrPort is the address of a datagram's sender, the zero value when it is
// not one of UDP.
func addrPort(addr net.Addr) netip.AddrPort {
	if a, ok := addr.(interface{ AddrPort() netip.AddrPort }); ok {
		return unmap(a.AddrPort())
	}
	ap, _ := netip.ParseAddrPort(addr.String())
	return unmap(ap)
}

// unmap turns the IPv4 address that a dual-stack socket shows as IPv6 back.
func unmap(ap netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

// past is a deadline that makes a waiting read return at once.
func past() time.Time { return time.Unix(1, 0) }
