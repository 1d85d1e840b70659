package dhcp

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"
)

// Socket is a Conn of the operating system: a UDP socket on one interface, and
// beside it a packet socket for replies to clients that have no address yet.
type Socket struct {
	iface *net.Interface
	udp   *net.UDPConn
	batch *ipv4.PacketConn
	msgs  []ipv4.Message

	raw    *rawSocket
	rawErr error
	packet []byte
}

var _ Conn = (*Socket)(nil)

// Listen opens a UDP port on an interface; port 0 takes any. A port that
// another process has is an error (EADDRINUSE), never shared with it. Ports
// below 1024 need CAP_NET_BIND_SERVICE.
//
// Without CAP_NET_RAW the socket still works, but what should reach one client
// without an address goes to all by broadcast; see RawError.
//
// A Socket may be read by one goroutine and written by one goroutine at a time.
func Listen(ifname string, port uint16) (*Socket, error) {
	iface, err := net.InterfaceByName(ifname)
	if err != nil {
		return nil, fmt.Errorf("interface %s: %w", ifname, err)
	}
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error { return configure(c, ifname) }}
	pc, err := config.ListenPacket(context.Background(), "udp4", netip.AddrPortFrom(netip.IPv4Unspecified(), port).String())
	if err != nil {
		return nil, err
	}
	s := &Socket{iface: iface, udp: pc.(*net.UDPConn), batch: ipv4.NewPacketConn(pc)}
	if err := s.batch.SetControlMessage(ipv4.FlagDst|ipv4.FlagInterface, true); err != nil {
		pc.Close()
		return nil, fmt.Errorf("interface %s: IP_PKTINFO: %w", ifname, err)
	}
	s.raw, s.rawErr = openRaw(iface, unix.ETH_P_IP)
	return s, nil
}

// receiveBuffer holds the requests that arrive while the disk is busy: a few
// thousand.
const receiveBuffer = 4 << 20

// configure binds the socket to the interface before it gets its port, so that
// a server on another interface of this machine is no conflict.
func configure(c syscall.RawConn, ifname string) error {
	var err error
	control := func(fd uintptr) {
		err = unix.BindToDevice(int(fd), ifname)
		if unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, receiveBuffer) != nil {
			// Without CAP_NET_ADMIN the system's limit applies.
			_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBuffer)
		}
	}
	if cerr := c.Control(control); cerr != nil {
		return cerr
	}
	if err != nil {
		return fmt.Errorf("bind to interface %s: %w", ifname, err)
	}
	return nil
}

// LocalAddr is 0.0.0.0 and the port.
func (s *Socket) LocalAddr() netip.AddrPort { return s.udp.LocalAddr().(*net.UDPAddr).AddrPort() }

// RawError tells why clients without an address cannot be reached by unicast;
// nil when they can. It wraps fs.ErrPermission without CAP_NET_RAW.
func (s *Socket) RawError() error { return s.rawErr }

// Close ends ReadBatch with net.ErrClosed.
func (s *Socket) Close() error {
	if s.raw != nil {
		s.raw.Close()
	}
	return s.udp.Close()
}

// SetReadDeadline implements Conn.
func (s *Socket) SetReadDeadline(t time.Time) error { return s.udp.SetReadDeadline(t) }

// ReadBatch implements Conn, with one system call.
func (s *Socket) ReadBatch(ds []Datagram) (int, error) {
	for len(s.msgs) < len(ds) {
		s.msgs = append(s.msgs, ipv4.Message{Buffers: make([][]byte, 1), OOB: ipv4.NewControlMessage(ipv4.FlagDst | ipv4.FlagInterface)})
	}
	msgs := s.msgs[:len(ds)]
	for i := range msgs {
		msgs[i].Buffers[0] = ds[i].Payload[:cap(ds[i].Payload)]
	}
	n, err := s.batch.ReadBatch(msgs, 0)
	if err != nil {
		return 0, err
	}
	port := s.LocalAddr().Port()
	for i, m := range msgs[:n] {
		ds[i].Payload = m.Buffers[0][:m.N]
		ds[i].Src = unmap(m.Addr.(*net.UDPAddr).AddrPort())
		ds[i].Dst = netip.AddrPortFrom(destination(m.OOB[:m.NN]), port)
	}
	return n, nil
}

func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// destination is the address that a datagram was sent to (IP_PKTINFO).
func destination(oob []byte) netip.Addr {
	var cm ipv4.ControlMessage
	if cm.Parse(oob) != nil {
		return netip.Addr{}
	}
	a, _ := netip.AddrFromSlice(cm.Dst)
	return a.Unmap()
}

// Write implements Conn.
func (s *Socket) Write(d Datagram) error {
	if toOne := len(d.DstMAC) == 6 && d.DstMAC[0]&1 == 0; toOne {
		if s.raw != nil {
			s.packet = appendPacket(s.packet[:0], d)
			return s.raw.send(s.packet, d.DstMAC)
		}
		// "If unicasting is not possible, the message MAY be sent as an IP
		// broadcast" (RFC 2131 4.1).
		d.Dst = netip.AddrPortFrom(broadcastAddr, d.Dst.Port())
	}
	info := &unix.Inet4Pktinfo{Ifindex: int32(s.iface.Index)}
	if isSet(d.Src.Addr()) {
		info.Spec_dst = d.Src.Addr().As4()
	}
	_, _, err := s.udp.WriteMsgUDPAddrPort(d.Payload, unix.PktInfo4(info), d.Dst)
	return err
}
