package dhcp

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// rawSocket sends and receives packets of one protocol in frames of one
// interface, below the system's IP stack (AF_PACKET). It needs CAP_NET_RAW.
type rawSocket struct {
	*os.File
	iface    *net.Interface
	protocol uint16 // in network byte order, as packet sockets want it
}

// openRaw opens a socket that receives nothing until it is given a filter.
// protocol is an EtherType.
func openRaw(iface *net.Interface, protocol uint16) (*rawSocket, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("packet socket on %s: %w", iface.Name, err)
	}
	network := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, protocol))
	return &rawSocket{os.NewFile(uintptr(fd), "packet socket on "+iface.Name), iface, network}, nil
}

// control runs a system call on the socket's descriptor.
func (r *rawSocket) control(call func(fd int) error) error {
	c, err := r.SyscallConn()
	if err != nil {
		return err
	}
	if cerr := c.Control(func(fd uintptr) { err = call(int(fd)) }); cerr != nil {
		return cerr
	}
	return err
}

func (r *rawSocket) send(packet []byte, to net.HardwareAddr) error {
	ll := &unix.SockaddrLinklayer{Protocol: r.protocol, Ifindex: r.iface.Index, Halen: uint8(len(to))}
	copy(ll.Addr[:], to)
	err := r.control(func(fd int) error { return unix.Sendto(fd, packet, 0, ll) })
	if err != nil {
		return fmt.Errorf("send a frame to %s on %s: %w", to, r.iface.Name, err)
	}
	return nil
}

// udpFilter lets UDP datagrams to a port pass.
func udpFilter(port uint16) []bpf.Instruction {
	return []bpf.Instruction{
		bpf.LoadAbsolute{Off: 9, Size: 1}, // protocol
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: protoUDP, SkipTrue: 5},
		bpf.LoadAbsolute{Off: 6, Size: 2}, // flags and fragment offset
		bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: 0x1fff, SkipTrue: 3},
		bpf.LoadMemShift{Off: 0},          // X = header length
		bpf.LoadIndirect{Off: 2, Size: 2}, // destination port
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(port), SkipTrue: 1},
		bpf.RetConstant{Val: 0},
		bpf.RetConstant{Val: 0xffff},
	}
}

// receive starts the reception of what the filter lets pass. It is in place
// before the first packet can arrive.
func (r *rawSocket) receive(instructions []bpf.Instruction) error {
	filter, err := bpf.Assemble(instructions)
	if err != nil {
		return err
	}
	program := make([]unix.SockFilter, len(filter))
	for i, f := range filter {
		program[i] = unix.SockFilter{Code: f.Op, Jt: f.Jt, Jf: f.Jf, K: f.K}
	}
	err = r.control(func(fd int) error {
		prog := &unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
		if err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, prog); err != nil {
			return err
		}
		return unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: r.protocol, Ifindex: r.iface.Index})
	})
	if err != nil {
		return fmt.Errorf("receive on %s: %w", r.iface.Name, err)
	}
	return nil
}

// RawSocket is a Conn without an IP stack: it receives what is sent to a UDP
// port of anybody on the interface, and sends from any address. It does not
// bind the port, which another process may have.
type RawSocket struct {
	raw *rawSocket
}

var _ Conn = (*RawSocket)(nil)

// ListenRaw opens a raw socket. It needs CAP_NET_RAW: without it the error
// wraps fs.ErrPermission.
func ListenRaw(ifname string, port uint16) (*RawSocket, error) {
	iface, err := net.InterfaceByName(ifname)
	if err != nil {
		return nil, fmt.Errorf("interface %s: %w", ifname, err)
	}
	raw, err := openRaw(iface, unix.ETH_P_IP)
	if err != nil {
		return nil, err
	}
	if err := raw.receive(udpFilter(port)); err != nil {
		raw.Close()
		return nil, err
	}
	return &RawSocket{raw}, nil
}

// Close ends ReadBatch with os.ErrClosed.
func (s *RawSocket) Close() error { return s.raw.Close() }

// SetReadDeadline implements Conn.
func (s *RawSocket) SetReadDeadline(t time.Time) error { return s.raw.SetReadDeadline(t) }

// ReadBatch implements Conn, a datagram at a time.
func (s *RawSocket) ReadBatch(ds []Datagram) (int, error) {
	for {
		buf := ds[0].Payload[:cap(ds[0].Payload)]
		n, err := s.raw.Read(buf)
		if err != nil {
			return 0, err
		}
		if d, err := parsePacket(buf[:n]); err == nil {
			ds[0].Payload = buf[:copy(buf, d.Payload)]
			ds[0].Src, ds[0].Dst = d.Src, d.Dst
			return 1, nil
		}
	}
}

// Write implements Conn. It needs DstMAC, as it asks nobody by ARP.
func (s *RawSocket) Write(d Datagram) error {
	return s.raw.send(appendPacket(nil, d), d.DstMAC)
}
