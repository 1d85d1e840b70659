package wire

import (
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"
)

// socket is what the connections and listeners of a host share: an endpoint of
// its stack, which never blocks, and the means to wait for it.
type socket struct {
	host          *Host
	net           string // "tcp" or "udp"
	ep            tcpip.Endpoint
	local, remote net.Addr // remote is nil when it is not connected

	readable, writable          chan struct{}
	readEntry, writeEntry       waiter.Entry
	readDeadline, writeDeadline deadline
	reading                     sync.Mutex // one reader at a time: the endpoint wakes one

	once sync.Once
	done chan struct{} // closed by Close
}

// open makes a socket of an Internet and a transport protocol.
func (h *Host) open(network string, ip tcpip.NetworkProtocolNumber, transport tcpip.TransportProtocolNumber) (*socket, error) {
	if isClosed(h.done) {
		return nil, h.cause
	}
	if !h.stack.CheckNetworkProtocol(ip) {
		return nil, syscall.EAFNOSUPPORT // the stack would say that the port is in use
	}
	wq := new(waiter.Queue)
	ep, err := h.stack.NewEndpoint(transport, ip, wq)
	if err != nil {
		return nil, sysError(err)
	}
	ep.SocketOptions().SetV6Only(true) // IPv4 has sockets of its own
	return newSocket(h, network, ep, wq), nil
}

// newSocket wraps an endpoint. Whoever waits hears of errors too: a connected
// UDP socket whose peer is not there is told by EventErr alone.
func newSocket(h *Host, network string, ep tcpip.Endpoint, wq *waiter.Queue) *socket {
	s := &socket{host: h, net: network, ep: ep, done: make(chan struct{})}
	s.readEntry, s.readable = waiter.NewChannelEntry(waiter.ReadableEvents | waiter.EventErr | waiter.EventHUp)
	s.writeEntry, s.writable = waiter.NewChannelEntry(waiter.WritableEvents | waiter.EventErr | waiter.EventHUp)
	wq.EventRegister(&s.readEntry)
	wq.EventRegister(&s.writeEntry)
	return s
}

// settle notes the addresses of a bound or connected socket: they stay, whatever
// becomes of the endpoint. The stack has no address for one that is bound to
// all; it is given here, for LocalAddr always has an IP.
func (s *socket) settle(all netip.Addr) {
	if a, err := s.ep.GetLocalAddress(); err == nil {
		local := addrPort(a)
		if !local.Addr().IsValid() {
			local = netip.AddrPortFrom(all, a.Port)
		}
		s.local = s.addr(local)
	}
	if a, err := s.ep.GetRemoteAddress(); err == nil {
		s.remote = s.addr(addrPort(a))
	}
}

// addr returns an address as package net has it for this network.
func (s *socket) addr(a netip.AddrPort) net.Addr {
	if s.net == "udp" {
		return net.UDPAddrFromAddrPort(a)
	}
	return net.TCPAddrFromAddrPort(a)
}

// await calls op until it does not ask to wait, the deadline passes, or the
// socket or its host is closed.
func (s *socket) await(ready <-chan struct{}, d *deadline, op func() tcpip.Error) error {
	passed := d.wait()
	for {
		if err := s.closed(); err != nil {
			return err
		}
		if isClosed(passed) {
			return os.ErrDeadlineExceeded
		}
		err := op()
		if _, wait := err.(*tcpip.ErrWouldBlock); !wait {
			return s.sysError(err)
		}
		select {
		case <-ready:
		case <-passed:
		case <-s.done:
		case <-s.host.done:
		}
	}
}

// sysError is sysError, except that what fails because the socket is closed
// meanwhile says so.
func (s *socket) sysError(err tcpip.Error) error {
	if err == nil {
		return nil
	}
	if closed := s.closed(); closed != nil {
		return closed
	}
	return sysError(err)
}

// closed returns why the socket cannot be used, or nil.
func (s *socket) closed() error {
	switch {
	case isClosed(s.done):
		return net.ErrClosed
	case isClosed(s.host.done):
		return s.host.cause
	}
	return nil
}

// opError says which operation failed, between which addresses.
func (s *socket) opError(op string, to net.Addr, err error) error {
	return &net.OpError{Op: op, Net: s.net, Source: s.local, Addr: to, Err: err}
}

// Close implements net.Conn, net.PacketConn and net.Listener.
func (s *socket) Close() error {
	err := s.opError("close", s.remote, net.ErrClosed)
	s.once.Do(func() {
		close(s.done)
		s.ep.Close()
		err = nil
	})
	return err
}

// LocalAddr implements net.Conn and net.PacketConn.
func (s *socket) LocalAddr() net.Addr { return s.local }

// RemoteAddr implements net.Conn; it is nil for a socket that is not connected.
func (s *socket) RemoteAddr() net.Addr { return s.remote }

// SetDeadline implements net.Conn and net.PacketConn, as do its two halves.
func (s *socket) SetDeadline(t time.Time) error {
	s.readDeadline.set(t)
	s.writeDeadline.set(t)
	return nil
}

func (s *socket) SetReadDeadline(t time.Time) error {
	s.readDeadline.set(t)
	return nil
}

func (s *socket) SetWriteDeadline(t time.Time) error {
	s.writeDeadline.set(t)
	return nil
}
