package wire

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
)

// maxLinkFrame is the longest frame that a host takes from its link: a real
// interface merges segments into packets of 64 KiB.
const maxLinkFrame = headerSize + tagSize + 1<<16

// socketBuffer is how many bytes of datagrams wait for their reader: a window
// of 64 blocks of 65464 bytes (RFC 7440) fits.
const socketBuffer = 4 << 20

// HostConfig says who a host is. The zero value is a host with a random MAC and
// no address, as a machine that has just been switched on.
type HostConfig struct {
	// MAC is the hardware address; nil means a random one of the locally
	// administered.
	MAC net.HardwareAddr
	// Addrs are the host's addresses with the prefix of their network. With an
	// IPv6 one among them the host speaks IPv6.
	Addrs []netip.Prefix
	// Gateway is the way to all other networks; the zero value means none.
	Gateway netip.Addr
	// NoTCP makes a host that answers no TCP and starts no goroutine: for
	// thousands of clients in one process, and for a testing/synctest bubble,
	// whose time would stand still while the stack's TCP workers wait.
	NoTCP bool
}

// A Host is a network host of its own on a link: it answers ARP and ping and
// has sockets like those of package net.
type Host struct {
	mac   hwaddr
	link  Link
	nic   *nic
	stack *stack.Stack

	readers sync.WaitGroup
	once    sync.Once
	cause   error         // why it is down; set before done is closed
	done    chan struct{} // closed when it is down

	mu    sync.Mutex // guards addrs and the stack's configuration
	addrs []netip.Prefix

	portsMu sync.RWMutex
	ports   map[uint16]*DatagramPort

	closing sync.Once
}

// NewHost plugs a host into a link. The link is the host's from then on, and
// closed with it, or at once when this fails.
func NewHost(link Link, cfg HostConfig) (*Host, error) {
	mac, err := hostMAC(cfg.MAC)
	if err != nil {
		link.Close()
		return nil, err
	}
	h := &Host{
		mac: mac, link: link, nic: newNIC(link, mac),
		done: make(chan struct{}), ports: map[uint16]*DatagramPort{},
	}
	if err := h.start(cfg); err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

// hostMAC checks a configured hardware address, or draws one.
func hostMAC(mac net.HardwareAddr) (hwaddr, error) {
	if mac == nil {
		var a hwaddr
		rand.Read(a[:])    // never fails
		a[0] = a[0]&^1 | 2 // one card's, locally administered
		return a, nil
	}
	if len(mac) != len(hwaddr{}) || !hwaddr(mac).unicast() {
		return hwaddr{}, fmt.Errorf("wire: %q is not the address of one Ethernet card", mac.String())
	}
	return hwaddr(mac), nil
}

func (h *Host) start(cfg HostConfig) error {
	opts := stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{arp.NewProtocol, ipv4.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{udp.NewProtocol, icmp.NewProtocol4},
		HandleLocal:        true,
	}
	if !cfg.NoTCP {
		// With Reno: the window of this stack's CUBIC can shrink to nothing after a
		// timeout on a fast wire, and then the connection stands still for ever.
		opts.TransportProtocols = append(opts.TransportProtocols, tcp.NewProtocol)
	}
	for _, a := range cfg.Addrs {
		if a.Addr().Is6() {
			opts.NetworkProtocols = append(opts.NetworkProtocols, ipv6.NewProtocol)
			opts.TransportProtocols = append(opts.TransportProtocols, icmp.NewProtocol6)
			break
		}
	}
	h.stack = stack.New(opts)
	h.stack.SetOption(tcpip.ReceiveBufferSizeOption{Min: 4 << 10, Default: socketBuffer, Max: socketBuffer})
	if err := h.stack.CreateNIC(nicID, h.nic); err != nil {
		return fmt.Errorf("wire: host: %w", sysError(err))
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.configure(cfg.Addrs, cfg.Gateway); err != nil {
		return err
	}
	if p, ok := h.link.(*Port); ok {
		p.handle(h.receive)
		return nil
	}
	h.readers.Go(h.read)
	return nil
}

// MAC returns the host's hardware address.
func (h *Host) MAC() net.HardwareAddr { return h.mac[:] }

// Addrs returns the host's addresses, the first one first.
func (h *Host) Addrs() []netip.Prefix {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]netip.Prefix(nil), h.addrs...)
}

// Configure replaces the host's IPv4 addresses by one, and its gateway, as
// DHCP has a client do. The zero prefix leaves it without an address, the zero gateway
// without a way out.
func (h *Host) Configure(prefix netip.Prefix, gateway netip.Addr) error {
	if prefix.IsValid() && !prefix.Addr().Is4() || gateway.IsValid() && !gateway.Is4() {
		return fmt.Errorf("wire: configure %v, gateway %v: not IPv4", prefix, gateway)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	var addrs []netip.Prefix
	if prefix.IsValid() {
		addrs = append(addrs, prefix)
	}
	for _, a := range h.addrs {
		if a.Addr().Is6() {
			addrs = append(addrs, a)
		}
	}
	return h.configure(addrs, gateway)
}

// configure gives the host these addresses and no others. The caller holds mu.
func (h *Host) configure(addrs []netip.Prefix, gateway netip.Addr) error {
	for _, a := range addrs {
		if !a.IsValid() || a.Addr().IsUnspecified() || a.Addr().IsMulticast() || a.Addr() == broadcast {
			return fmt.Errorf("wire: %v is not an address of a host with its prefix", a)
		}
	}
	if isClosed(h.done) {
		return fmt.Errorf("wire: configure: %w", h.cause)
	}
	for _, a := range h.addrs {
		h.stack.RemoveAddress(nicID, stackAddr(a.Addr()))
	}
	h.addrs = nil
	var table []tcpip.Route
	for _, a := range addrs {
		p := tcpip.ProtocolAddress{Protocol: protocol(a.Addr()), AddressWithPrefix: stackPrefix(a)}
		if err := h.stack.AddProtocolAddress(nicID, p, stack.AddressProperties{}); err != nil {
			return fmt.Errorf("wire: address %v: %w", a, sysError(err))
		}
		h.addrs = append(h.addrs, a)
		table = append(table, tcpip.Route{Destination: p.AddressWithPrefix.Subnet(), NIC: nicID})
	}
	if gateway.IsValid() {
		all := header.IPv4EmptySubnet
		if gateway.Is6() {
			all = header.IPv6EmptySubnet
		}
		table = append(table, tcpip.Route{Destination: all, Gateway: stackAddr(gateway), NIC: nicID})
	}
	h.stack.SetRouteTable(table)
	return nil
}

// read takes frames from a link that is no port of a switch.
func (h *Host) read() {
	buf := make([]byte, maxLinkFrame)
	for {
		n, err := h.link.ReadFrame(buf)
		switch {
		case errors.Is(err, io.ErrShortBuffer):
		case err != nil:
			h.down(fmt.Errorf("wire: link: %w", err))
			return
		default:
			h.receive(buf[:n])
		}
	}
}

// receive takes a frame in, if it is for this host.
func (h *Host) receive(frame []byte) {
	if len(frame) < headerSize || isClosed(h.done) {
		return
	}
	if dst := hwaddr(frame[:6]); dst != h.mac && dst[0]&1 == 0 {
		return // flooded, or seen by a promiscuous interface
	}
	switch header.Ethernet(frame).Type() {
	case ipv4.ProtocolNumber:
		if !h.offer(frame) {
			h.nic.receive(frame)
		}
	case arp.ProtocolNumber, ipv6.ProtocolNumber:
		h.nic.receive(frame)
	}
}

// down ends all waiting for good, with the error that sockets then return.
func (h *Host) down(cause error) {
	h.once.Do(func() {
		h.cause = cause
		close(h.done)
	})
}

// Close takes the host off the network: connections are reset, everything that
// waits returns net.ErrClosed, and no goroutine of the host is left. It closes the link.
func (h *Host) Close() error {
	h.down(net.ErrClosed)
	var err error
	h.closing.Do(func() {
		h.stack.Close() // while it can still send its resets
		err = h.link.Close()
		h.readers.Wait()
		if p := h.stack.TransportProtocolInstance(tcp.ProtocolNumber); p != nil {
			p.Wait()
		}
		// A worker may have accepted a connection meanwhile, and Wait would wait
		// for it.
		h.stack.Close()
		h.stack.Wait()
	})
	return err
}
