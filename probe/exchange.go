package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"pxe/dhcp"
)

// exchange is one transaction with DHCP or boot servers over one port.
type exchange struct {
	conn net.PacketConn
	id   identity
	xid  uint32
	stop func() bool
}

// newExchange takes the conn; its reads end when ctx does.
func newExchange(ctx context.Context, conn net.PacketConn, id identity) *exchange {
	stop := context.AfterFunc(ctx, func() { conn.SetReadDeadline(time.Unix(1, 0)) })
	return &exchange{conn: conn, id: id, xid: newXID(), stop: stop}
}

func (x *exchange) close() {
	x.stop()
	x.conn.Close()
}

// send writes one message to a server, or to all by broadcast.
func (x *exchange) send(payload []byte, to netip.AddrPort) error {
	if _, err := x.conn.WriteTo(payload, net.UDPAddrFromAddrPort(to)); err != nil {
		return fmt.Errorf("send to %v: %w", to, err)
	}
	return nil
}

// errSilent is a deadline that passed without an answer.
var errSilent = errors.New("no answer")

// receive waits for the next answer to this transaction and hardware address,
// as every firmware checks; other datagrams are not for us.
func (x *exchange) receive(ctx context.Context, deadline time.Time) (*dhcp.Reply, netip.Addr, error) {
	if err := x.conn.SetReadDeadline(deadline); err != nil {
		return nil, netip.Addr{}, err
	}
	buf := make([]byte, 65536)
	for {
		if err := ctx.Err(); err != nil { // after the deadline is set: the end of ctx sets another
			return nil, netip.Addr{}, err
		}
		n, from, err := x.conn.ReadFrom(buf)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			if err := ctx.Err(); err != nil {
				return nil, netip.Addr{}, err
			}
			return nil, netip.Addr{}, errSilent
		}
		if err != nil {
			return nil, netip.Addr{}, err
		}
		reply, err := dhcp.ParseReply(buf[:n])
		if err != nil || reply.Op != dhcp.OpReply || reply.XID != x.xid || string(reply.CHAddr) != string(x.id.mac) {
			continue
		}
		return reply, senderOf(from), nil
	}
}

// senderOf is the IP address of a packet's sender, the zero Addr if it has none.
func senderOf(a net.Addr) netip.Addr {
	if udp, ok := a.(*net.UDPAddr); ok {
		return udp.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}

// broadcast is where clients without an address send.
func broadcast() netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{255, 255, 255, 255}), dhcp.ServerPort)
}
