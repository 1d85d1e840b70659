package dhcp

import (
	"net/netip"
	"time"
)

// The two wires of the model.
const (
	wireLocal = iota // with the server
	wireFar          // behind the relay
)

// transit is how a datagram fares on the way: each of the delays is that of one
// copy that arrives. Later ones overtake earlier ones.
func (m *model) transit() (delays []time.Duration) {
	quick := func() time.Duration { return time.Duration(1+m.rng.IntN(20)) * time.Millisecond }
	if m.calm {
		return []time.Duration{quick()}
	}
	switch n := m.rng.IntN(20); {
	case n < 2:
		return nil
	case n == 2:
		return []time.Duration{quick(), quick()}
	case n == 3:
		return []time.Duration{quick(), time.Duration(m.rng.IntN(40_000)) * time.Millisecond}
	case n == 4:
		return []time.Duration{time.Duration(m.rng.IntN(9_000)) * time.Millisecond}
	}
	return []time.Duration{quick()}
}

// toServer carries a client's message: by broadcast or to the server alone.
func (m *model) toServer(c *modelClient, msg *Message, unicast bool) {
	d := Datagram{Src: fromZero, Dst: toAll}
	if isSet(msg.CIAddr) {
		d.Src = netip.AddrPortFrom(msg.CIAddr, ClientPort)
	}
	switch {
	case unicast:
		d.Dst = toServer
	case c.wire == wireFar: // the relay passes it on
		msg.GIAddr, msg.Hops = modelRelay, 1
		d.Src, d.Dst = netip.AddrPortFrom(modelRelay, ServerPort), toServer
	}
	d.Payload = msg.Append(nil)
	for _, delay := range m.transit() {
		m.after(delay, func() { m.server.arrive(d) })
	}
}

// toClient carries a reply to whoever hears it: by its address the client that
// uses it, by the wire one that is plugged in there.
func (m *model) toClient(d Datagram, msg *Message, g *modelGrant) {
	for _, delay := range m.transit() {
		m.after(delay, func() {
			for _, c := range m.clients {
				hears := c.wire == wireLocal
				switch {
				case d.Dst.Addr() == modelRelay:
					hears = c.wire == wireFar
				case d.DstMAC == nil && d.Dst.Addr() != broadcastAddr:
					hears = c.addr == d.Dst.Addr()
				}
				if hears && string(c.mac) == string(msg.CHAddr) {
					c.receive(msg, g)
				}
			}
		})
	}
}
