package wire

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
)

// datagramQueue is how many datagrams wait at a DatagramPort for its reader.
const datagramQueue = 1024

// broadcast is the limited broadcast address (RFC 919).
var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// A Datagram is the addresses of a UDP datagram and of the frame around it.
type Datagram struct {
	Src, Dst       netip.AddrPort
	SrcMAC, DstMAC net.HardwareAddr
}

// A DatagramPort is a UDP port below the host's IP layer, as DHCP needs it: the
// host has no address yet, or its peer has none. See [Host.ListenDHCP].
type DatagramPort struct {
	host *Host
	port uint16

	queue        chan *received
	dropped      atomic.Uint64
	readDeadline deadline
	once         sync.Once
	done         chan struct{}
}

type received struct {
	from    Datagram
	payload []byte
}

var _ net.PacketConn = (*DatagramPort)(nil)

// ListenDHCP opens a UDP port that receives every IPv4 datagram for the port
// in a frame to this host's MAC or to a group, whatever the IP destination: RFC 2131
// section 4.1 has servers send to an address that the client does not have yet.
// Fragments are not put together. While the port is open, sockets of that
// number receive nothing, and nobody is told that the port is unreachable.
func (h *Host) ListenDHCP(port uint16) (*DatagramPort, error) {
	p := &DatagramPort{host: h, port: port, queue: make(chan *received, datagramQueue), done: make(chan struct{})}
	h.portsMu.Lock()
	defer h.portsMu.Unlock()
	switch {
	case isClosed(h.done):
		return nil, fmt.Errorf("wire: port %d: %w", port, h.cause)
	case port == 0:
		return nil, fmt.Errorf("wire: port 0: %w", syscall.EINVAL)
	case h.ports[port] != nil:
		return nil, fmt.Errorf("wire: port %d: %w", port, syscall.EADDRINUSE)
	}
	h.ports[port] = p
	return p, nil
}

// offer gives an IPv4 frame to the DatagramPort that it is for, if any.
func (h *Host) offer(frame []byte) bool {
	h.portsMu.RLock()
	none := len(h.ports) == 0
	h.portsMu.RUnlock()
	if none {
		return false
	}
	from, payload, ok := parseDatagram(frame)
	if !ok {
		return false
	}
	h.portsMu.RLock()
	p := h.ports[from.Dst.Port()]
	h.portsMu.RUnlock()
	if p == nil {
		return false
	}
	select {
	case p.queue <- &received{from.clone(), append([]byte(nil), payload...)}:
	default:
		p.dropped.Add(1)
	}
	return true
}

// Dropped counts the datagrams that came faster than they were read.
func (p *DatagramPort) Dropped() uint64 { return p.dropped.Load() }

// Waiting is how many datagrams are there to be read at once.
func (p *DatagramPort) Waiting() int { return len(p.queue) }

// ReadDatagram reads a datagram and its addresses; what does not fit into buf is lost.
func (p *DatagramPort) ReadDatagram(buf []byte) (int, Datagram, error) {
	passed := p.readDeadline.wait()
	if err := p.closed(); err != nil {
		return 0, Datagram{}, p.opError("read", nil, err)
	}
	if isClosed(passed) {
		return 0, Datagram{}, p.opError("read", nil, os.ErrDeadlineExceeded)
	}
	select {
	case r := <-p.queue:
		return copy(buf, r.payload), r.from, nil
	case <-passed:
		return 0, Datagram{}, p.opError("read", nil, os.ErrDeadlineExceeded)
	case <-p.done:
	case <-p.host.done:
	}
	return 0, Datagram{}, p.opError("read", nil, p.closed())
}

// WriteDatagram sends a datagram. Without d.Src's address it comes from the host's
// first IPv4 address, or 0.0.0.0 while there is none; without its port, from
// this one. The frame goes to d.DstMAC; without it, to all for the address
// 255.255.255.255, and else to whom the host finds with ARP or to the gateway.
// Its source is always the host: d.SrcMAC is not used.
func (p *DatagramPort) WriteDatagram(payload []byte, d Datagram) error {
	if err := p.write(payload, d); err != nil {
		return p.opError("write", net.UDPAddrFromAddrPort(d.Dst), err)
	}
	return nil
}

func (p *DatagramPort) write(payload []byte, d Datagram) error {
	if err := p.closed(); err != nil {
		return err
	}
	d.Dst = netip.AddrPortFrom(d.Dst.Addr().Unmap(), d.Dst.Port())
	if !d.Dst.Addr().Is4() || d.Dst.Port() == 0 || d.DstMAC != nil && len(d.DstMAC) != len(hwaddr{}) {
		return syscall.EINVAL
	}
	if headerSize+header.IPv4MinimumSize+header.UDPMinimumSize+len(payload) > headerSize+p.host.link.MTU() {
		return syscall.EMSGSIZE
	}
	src := d.Src.Addr().Unmap()
	if !src.IsValid() {
		src = p.host.addr4()
	}
	port := d.Src.Port()
	if port == 0 {
		port = p.port
	}
	d.Src = netip.AddrPortFrom(src, port)
	if d.DstMAC == nil && d.Dst.Addr() == broadcast {
		d.DstMAC = net.HardwareAddr(header.EthernetBroadcastAddress)
	}
	if d.DstMAC == nil {
		return p.host.routeDatagram(payload, d)
	}
	d.SrcMAC = p.host.MAC()
	return p.host.link.WriteFrame(appendDatagram(nil, payload, d))
}

// routeDatagram sends a datagram through the host's IP layer.
func (h *Host) routeDatagram(payload []byte, d Datagram) error {
	route, err := h.stack.FindRoute(nicID, stackAddr(d.Src.Addr()), stackAddr(d.Dst.Addr()), header.IPv4ProtocolNumber, false)
	if err != nil {
		return sysError(err)
	}
	defer route.Release()
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{
		ReserveHeaderBytes: int(route.MaxHeaderLength()) + header.UDPMinimumSize,
		Payload:            buffer.MakeWithData(payload),
	})
	defer pkt.DecRef()
	pkt.TransportProtocolNumber = udp.ProtocolNumber
	encodeUDP(pkt.TransportHeader().Push(header.UDPMinimumSize), payload, d)
	return sysError(route.WritePacket(stack.NetworkHeaderParams{Protocol: udp.ProtocolNumber, TTL: route.DefaultTTL()}, pkt))
}

// addr4 returns the host's first IPv4 address, or 0.0.0.0.
func (h *Host) addr4() netip.Addr {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, a := range h.addrs {
		if a.Addr().Is4() {
			return a.Addr()
		}
	}
	return netip.IPv4Unspecified()
}

// ReadFrom implements net.PacketConn; the address is a *net.UDPAddr.
func (p *DatagramPort) ReadFrom(buf []byte) (int, net.Addr, error) {
	n, d, err := p.ReadDatagram(buf)
	if err != nil {
		return 0, nil, err
	}
	return n, net.UDPAddrFromAddrPort(d.Src), nil
}

// WriteTo implements net.PacketConn for a *net.UDPAddr; see WriteDatagram.
func (p *DatagramPort) WriteTo(payload []byte, addr net.Addr) (int, error) {
	to, err := udpAddrPort(addr)
	if err != nil {
		return 0, p.opError("write", addr, err)
	}
	if err := p.WriteDatagram(payload, Datagram{Dst: to}); err != nil {
		return 0, err
	}
	return len(payload), nil
}

// LocalAddr implements net.PacketConn: the address that WriteDatagram sends from.
func (p *DatagramPort) LocalAddr() net.Addr {
	return net.UDPAddrFromAddrPort(netip.AddrPortFrom(p.host.addr4(), p.port))
}

// Close implements net.PacketConn.
func (p *DatagramPort) Close() error {
	err := p.opError("close", nil, net.ErrClosed)
	p.once.Do(func() {
		p.host.portsMu.Lock()
		defer p.host.portsMu.Unlock()
		delete(p.host.ports, p.port)
		close(p.done)
		err = nil
	})
	return err
}

// SetDeadline implements net.PacketConn. Writing never waits.
func (p *DatagramPort) SetDeadline(t time.Time) error { return p.SetReadDeadline(t) }

// SetReadDeadline implements net.PacketConn.
func (p *DatagramPort) SetReadDeadline(t time.Time) error {
	p.readDeadline.set(t)
	return nil
}

// SetWriteDeadline implements net.PacketConn and does nothing.
func (p *DatagramPort) SetWriteDeadline(time.Time) error { return nil }

func (p *DatagramPort) closed() error {
	switch {
	case isClosed(p.done):
		return net.ErrClosed
	case isClosed(p.host.done):
		return p.host.cause
	}
	return nil
}

func (p *DatagramPort) opError(op string, to net.Addr, err error) error {
	return &net.OpError{Op: op, Net: "udp", Source: p.LocalAddr(), Addr: to, Err: err}
}
