package wire

import (
	"sync"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// nicID is the only network card of a host's stack.
const nicID tcpip.NICID = 1

// nic is the network card of a Host: it turns packets of the stack into
// frames of the link and back.
type nic struct {
	link       Link
	mac        tcpip.LinkAddress
	dispatcher atomic.Pointer[stack.NetworkDispatcher]
	frames     sync.Pool // of *[]byte, as long as a frame may be
}

var _ stack.LinkEndpoint = (*nic)(nil)

func newNIC(link Link, mac hwaddr) *nic {
	n := &nic{link: link, mac: tcpip.LinkAddress(mac[:])}
	size := headerSize + link.MTU()
	n.frames.New = func() any { b := make([]byte, size); return &b }
	return n
}

// receive hands a frame of at least headerSize bytes to the stack.
func (n *nic) receive(frame []byte) {
	to := n.dispatcher.Load()
	if to == nil {
		return
	}
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(frame)})
	defer pkt.DecRef()
	n.ParseHeader(pkt)
	if frame[0]&1 != 0 {
		pkt.PktType = tcpip.PacketBroadcast // an ARP reply to all confirms nothing
	}
	(*to).DeliverNetworkPacket(header.Ethernet(frame).Type(), pkt)
}

// WritePackets sends packets whose link header AddHeader has written.
func (n *nic) WritePackets(pkts stack.PacketBufferList) (int, tcpip.Error) {
	buf := n.frames.Get().(*[]byte)
	defer n.frames.Put(buf)
	for i, pkt := range pkts.AsSlice() {
		length := 0
		views, skip := pkt.AsViewList()
		for v := views.Front(); v != nil; v = v.Next() {
			part := v.AsSlice()
			if skip >= len(part) {
				skip -= len(part)
				continue
			}
			length += copy((*buf)[length:], part[skip:])
			skip = 0
		}
		if n.link.WriteFrame((*buf)[:length]) != nil {
			return i, &tcpip.ErrNoNet{}
		}
	}
	return pkts.Len(), nil
}

// AddHeader writes the Ethernet header of a packet.
func (n *nic) AddHeader(pkt *stack.PacketBuffer) {
	header.Ethernet(pkt.LinkHeader().Push(headerSize)).Encode(&header.EthernetFields{
		SrcAddr: n.mac,
		DstAddr: pkt.EgressRoute.RemoteLinkAddress,
		Type:    pkt.NetworkProtocolNumber,
	})
}

// ParseHeader tells the Ethernet header of a packet from its payload.
func (n *nic) ParseHeader(pkt *stack.PacketBuffer) bool {
	_, ok := pkt.LinkHeader().Consume(headerSize)
	return ok
}

// Attach is called with nil when the stack ends.
func (n *nic) Attach(d stack.NetworkDispatcher) {
	if d == nil {
		n.dispatcher.Store(nil)
		return
	}
	n.dispatcher.Store(&d)
}

// IsAttached implements stack.NetworkLinkEndpoint, as do the methods below.
func (n *nic) IsAttached() bool                        { return n.dispatcher.Load() != nil }
func (n *nic) MTU() uint32                             { return uint32(n.link.MTU()) }
func (n *nic) SetMTU(uint32)                           {}
func (n *nic) MaxHeaderLength() uint16                 { return headerSize }
func (n *nic) LinkAddress() tcpip.LinkAddress          { return n.mac }
func (n *nic) SetLinkAddress(tcpip.LinkAddress)        {}
func (n *nic) ARPHardwareType() header.ARPHardwareType { return header.ARPHardwareEther }
func (n *nic) Capabilities() stack.LinkEndpointCapabilities {
	return stack.CapabilityResolutionRequired
}
func (n *nic) Wait()                   {}
func (n *nic) Close()                  {}
func (n *nic) SetOnCloseAction(func()) {}
