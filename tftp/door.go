package tftp

import (
	"net"
	"net/netip"
)

// requestBuffer is the receive buffer that the request socket asks for, in
// bytes: a rack that is powered on asks in one instant, and every request that
// the kernel drops costs its machine a second or more.
const requestBuffer = 4 << 20

// door is the socket to which requests come.
type door struct {
	conn
	udp   *net.UDPConn // not nil where each packet tells where it was sent to
	local netip.Addr   // otherwise they are all for this one, or it is not known
}

// localAddr is where a request was sent to.
type localAddr struct {
	addr      netip.Addr // our own; the zero value if unknown
	broadcast bool       // it went to a broadcast or multicast address
}

func newDoor(pc net.PacketConn) *door {
	d := &door{conn: newConn(pc)}
	if addr := addrPort(pc.LocalAddr()).Addr(); !addr.IsUnspecified() {
		d.local = addr
	}
	if udp, ok := pc.(*net.UDPConn); ok {
		growBuffer(udp, requestBuffer)
		if !d.local.IsValid() && tellDestinations(udp) {
			d.udp = udp
		}
	}
	return d
}

// receive waits for a datagram.
func (d *door) receive(b []byte) (n int, client netip.AddrPort, local localAddr, err error) {
	if d.udp == nil {
		n, client, err = d.read(b)
		return n, client, localAddr{addr: d.local}, err
	}
	var oob [128]byte
	n, oobn, _, client, err := d.udp.ReadMsgUDPAddrPort(b, oob[:])
	if err != nil {
		return n, client, localAddr{}, err
	}
	return n, unmap(client), destination(oob[:oobn]), nil
}
