package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// receiveBuffer is asked of the kernel for frames that wait, in bytes: a window
// of TCP.
const receiveBuffer = 4 << 20

// packetSocket is a packet(7) socket on one interface.
type packetSocket struct {
	name string
	mtu  int
	file *os.File
	conn syscall.RawConn
	shut atomic.Bool // by Close: the error of conn does not tell

	reading sync.Mutex // guards what follows
	buf     []byte
	control []byte
	pending [][]byte // frames of a merged one that are yet to be read
}

// OpenInterface opens an Ethernet interface as a [Link]: every frame that
// arrives there, for whichever address, and none of those that leave. It needs
// CAP_NET_RAW.
//
// A host on it has its own MAC and is a stranger on the segment, so the
// interface needs no address. Two things follow from how Linux works: the machine's
// own stack on that very interface does not hear what is sent here (give it
// the other end of a veth pair instead), and a wireless access point may refuse
// the foreign MAC.
//
// A frame may be longer than the MTU: the kernel merges TCP segments into
// packets of up to 64 KiB.
func OpenInterface(name string) (Link, error) {
	l, err := openInterface(name)
	if err != nil {
		return nil, fmt.Errorf("wire: interface %s: %w", name, err)
	}
	return l, nil
}

func openInterface(name string) (*packetSocket, error) {
	iface, err := net.InterfaceByName(name)
	if err != nil {
		return nil, err
	}
	if len(iface.HardwareAddr) != len(hwaddr{}) {
		return nil, errors.New("is not an Ethernet interface")
	}
	if iface.Flags&net.FlagUp == 0 {
		return nil, syscall.ENETDOWN
	}
	// Without a protocol nothing arrives before the socket is bound to its interface.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		if errors.Is(err, os.ErrPermission) {
			return nil, fmt.Errorf("raw frames need CAP_NET_RAW: %w", err)
		}
		return nil, os.NewSyscallError("socket", err)
	}
	l := &packetSocket{
		name: name, mtu: iface.MTU, file: os.NewFile(uintptr(fd), "packet:"+name),
		buf: make([]byte, vnetHeaderSize+maxLinkFrame), control: make([]byte, 128),
	}
	err = setupPacketSocket(fd, iface.Index)
	if err == nil {
		l.conn, err = l.file.SyscallConn()
	}
	if err != nil {
		l.file.Close()
		return nil, err
	}
	return l, nil
}

func setupPacketSocket(fd, index int) error {
	for _, opt := range []struct {
		name string
		id   int
	}{
		{"PACKET_VNET_HDR", unix.PACKET_VNET_HDR}, // what offloading left undone
		{"PACKET_AUXDATA", unix.PACKET_AUXDATA},   // the VLAN tag, which is taken out
	} {
		if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, opt.id, 1); err != nil {
			return os.NewSyscallError("setsockopt "+opt.name, err)
		}
	}
	// Before Linux 4.20 outgoing frames are sorted out in receive alone.
	unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1)
	// More than net.core.rmem_max takes CAP_NET_ADMIN.
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, receiveBuffer) != nil {
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBuffer)
	}
	addr := &unix.SockaddrLinklayer{Protocol: networkOrder(unix.ETH_P_ALL), Ifindex: index}
	if err := unix.Bind(fd, addr); err != nil {
		return os.NewSyscallError("bind", err)
	}
	mreq := &unix.PacketMreq{Ifindex: int32(index), Type: unix.PACKET_MR_PROMISC}
	err := unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, mreq)
	return os.NewSyscallError("setsockopt PACKET_MR_PROMISC", err)
}

func networkOrder(v uint16) uint16 {
	return binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, v))
}

// MTU implements [Link].
func (l *packetSocket) MTU() int { return l.mtu }

// Close implements [Link].
func (l *packetSocket) Close() error {
	l.shut.Store(true)
	return l.file.Close()
}

// WriteFrame implements [Link]. A frame for which the kernel has no room is lost.
func (l *packetSocket) WriteFrame(frame []byte) error {
	if len(frame) < headerSize || len(frame) > headerSize+tagSize+l.mtu {
		return fmt.Errorf("wire: interface %s: %d bytes: %w", l.name, len(frame), ErrFrameSize)
	}
	var done [vnetHeaderSize]byte // nothing is left to the network card
	parts := [][]byte{done[:], frame}
	var err error
	waitErr := l.conn.Write(func(fd uintptr) bool {
		_, err = unix.Writev(int(fd), parts)
		return err != unix.EAGAIN && err != unix.EINTR
	})
	switch {
	case waitErr != nil:
		return l.closed(waitErr)
	case err == unix.ENOBUFS:
		return nil
	case err != nil:
		return fmt.Errorf("wire: interface %s: %w", l.name, os.NewSyscallError("write", err))
	}
	return nil
}

// ReadFrame implements [Link].
func (l *packetSocket) ReadFrame(buf []byte) (int, error) {
	l.reading.Lock()
	defer l.reading.Unlock()
	for len(l.pending) == 0 {
		if err := l.receive(); err != nil {
			return 0, err
		}
	}
	frame := l.pending[0]
	l.pending = l.pending[1:]
	n := copy(buf, frame)
	if n < len(frame) {
		return n, io.ErrShortBuffer
	}
	return n, nil
}

// receive waits for a packet of the socket and makes frames of it: one as a
// rule, none when it is to be ignored.
func (l *packetSocket) receive() error {
	var (
		n, oobn, flags int
		from           unix.Sockaddr
		err            error
	)
	waitErr := l.conn.Read(func(fd uintptr) bool {
		n, oobn, flags, from, err = unix.Recvmsg(int(fd), l.buf, l.control, 0)
		return err != unix.EAGAIN && err != unix.EINTR
	})
	switch {
	case waitErr != nil:
		return l.closed(waitErr)
	case err == unix.ENETDOWN || err == unix.EINVAL:
		return nil // it may come up again; or it was a packet that no vnet header describes
	case err != nil:
		return fmt.Errorf("wire: interface %s: %w", l.name, os.NewSyscallError("recvmsg", err))
	}
	if sll, ok := from.(*unix.SockaddrLinklayer); ok && sll.Pkttype == unix.PACKET_OUTGOING {
		return nil
	}
	if flags&unix.MSG_TRUNC != 0 || n < vnetHeaderSize+headerSize {
		return nil
	}
	frames := parseVnetHeader(l.buf).finish(l.buf[vnetHeaderSize:n])
	if tag := vlanTag(l.control[:oobn]); tag != nil {
		for i, f := range frames {
			frames[i] = insertTag(f, tag)
		}
	}
	l.pending = frames
	return nil
}

func (l *packetSocket) closed(err error) error {
	if l.shut.Load() {
		return net.ErrClosed
	}
	return fmt.Errorf("wire: interface %s: %w", l.name, err)
}

// vlanTag returns the four bytes of the 802.1Q tag that the kernel or the card
// took out of a frame, or nil.
func vlanTag(control []byte) []byte {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return nil
	}
	for _, m := range messages {
		var aux unix.TpacketAuxdata
		if m.Header.Level != unix.SOL_PACKET || m.Header.Type != unix.PACKET_AUXDATA || len(m.Data) < int(unsafe.Sizeof(aux)) {
			continue
		}
		aux = *(*unix.TpacketAuxdata)(unsafe.Pointer(&m.Data[0]))
		if aux.Status&unix.TP_STATUS_VLAN_VALID == 0 {
			return nil
		}
		id := uint16(unix.ETH_P_8021Q)
		if aux.Status&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
			id = aux.Vlan_tpid
		}
		return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, id), aux.Vlan_tci)
	}
	return nil
}

// insertTag puts a VLAN tag back, so that a frame of another network is not taken for one
// of this.
func insertTag(frame, tag []byte) []byte {
	out := make([]byte, 0, len(frame)+len(tag))
	out = append(out, frame[:12]...)
	out = append(out, tag...)
	return append(out, frame[12:]...)
}
