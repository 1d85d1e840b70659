package dhcp

import (
	"fmt"
	"net"
	"net/netip"
	"time"
)

// clientState is one of RFC 2131 figure 5, or beside it.
type clientState uint8

const (
	clientOff clientState = iota // has no power, or sleeps
	clientSelecting
	clientRequesting
	clientBound
	clientRenewing
	clientRebinding
	clientRebooting
	clientBooting   // by BOOTP
	clientElsewhere // has an address of another server
	clientWaiting   // after a DECLINE
)

func (s clientState) String() string {
	return [...]string{
		"off", "selecting", "requesting", "bound", "renewing", "rebinding", "rebooting", "asking by BOOTP", "elsewhere", "waiting",
	}[s]
}

// modelClient is a client as RFC 2131 section 4.4 wants it, whose user is of no
// such order: it is switched off, moved, wiped and told to release what it no
// longer has.
type modelClient struct {
	m     *model
	n     int
	mac   net.HardwareAddr
	wire  int
	flags uint16
	wish  uint32 // the lease time that it asks for, in seconds; 0: none

	state   clientState
	timer   int // the number of the latest; others are void
	tries   int
	xid     uint32
	began   time.Time  // when the REQUEST first left: a lease is counted from there
	offered netip.Addr // and by whom
	by      netip.Addr

	addr netip.Addr // what its interface has
	// What it was granted, and believes to have although it may be off.
	grant       *modelGrant
	since       time.Time
	t1, t2, end time.Time
	old         netip.Addr // what it had before
	lost        time.Time  // until then
}

func modelMAC(n int) net.HardwareAddr { return net.HardwareAddr{0x52, 0x54, 0, 0, 1, byte(n)} }

func (m *model) clientOf(mac net.HardwareAddr) *modelClient { return m.clients[mac[5]] }

func newModelClient(m *model, n int) *modelClient {
	c := &modelClient{m: m, n: n, mac: modelMAC(n)}
	if n > modelClients/2 {
		c.wire = wireFar
	}
	if m.rng.IntN(2) == 0 {
		c.flags = FlagBroadcast
	}
	m.after(time.Duration(m.rng.IntN(60_000))*time.Millisecond, c.discover)
	return c
}

// believes reports whether the client takes the address for its own, as it may.
func (c *modelClient) believes(a netip.Addr) bool {
	g := c.grant
	return g != nil && g.addr == a && !g.ended && (g.forEver || c.m.now.Before(c.since.Add(g.lease-g.cut)))
}

// enter changes the state, and does something there unless it changes before.
func (c *modelClient) enter(s clientState, after time.Duration, do func()) {
	c.state = s
	c.timer++
	timer := c.timer
	c.m.after(after, func() {
		if c.timer == timer {
			do()
		}
	})
}

func (c *modelClient) newExchange() {
	c.xid, c.tries, c.began = c.m.rng.Uint32(), 0, c.m.now
}

// forget is the client without any memory of an address.
func (c *modelClient) forget() {
	if isSet(c.addr) {
		c.old, c.lost = c.addr, c.m.now
	}
	c.grant, c.addr = nil, netip.Addr{}
}

func (c *modelClient) message(t MessageType, opts ...RawOption) *Message {
	m := &Message{Op: OpRequest, HType: HTypeEthernet, XID: c.xid, Flags: c.flags, CHAddr: c.mac}
	if t != TypeBOOTP {
		m.Options = Options{byteOption(OptionMessageType, byte(t))}
	}
	m.Options = append(m.Options, opts...)
	if c.n%2 == 0 {
		m.Options = append(m.Options, RawOption{OptionClientID, fmt.Appendf(nil, "\xffclient %d", c.n)})
	}
	if c.wish > 0 && t != TypeBOOTP {
		m.Options = append(m.Options, uint32Option(OptionLeaseTime, c.wish))
	}
	return m
}

func (c *modelClient) send(m *Message, unicast bool) {
	if c.m.tell {
		a, ok := m.Options.Addr(OptionRequestedAddress)
		if !ok {
			a = m.CIAddr
		}
		c.m.note("client %d, %s: %s %s", c.n, c.state, m.Type(), a)
	}
	c.m.toServer(c, m, unicast)
}

// backoff is RFC 2131 4.1: 4 seconds, doubled each time, and something of chance.
func (c *modelClient) backoff() time.Duration {
	return (4*time.Second)<<c.tries + time.Duration(c.m.rng.IntN(2000)-1000)*time.Millisecond
}

// discover begins anew, in INIT.
func (c *modelClient) discover() {
	c.forget()
	c.newExchange()
	c.sendDiscover()
}

func (c *modelClient) sendDiscover() {
	if c.tries == 4 {
		c.newExchange()
	}
	msg := c.message(TypeDiscover)
	if isSet(c.old) && c.n%3 == 0 {
		msg.Options = append(msg.Options, addrOption(OptionRequestedAddress, c.old))
	}
	c.enter(clientSelecting, c.backoff(), c.sendDiscover)
	c.tries++
	c.send(msg, false)
}

// request takes an offer, or that of another server.
func (c *modelClient) request() {
	if c.tries == 4 {
		c.discover()
		return
	}
	c.enter(clientRequesting, c.backoff(), c.request)
	c.tries++
	c.send(c.message(TypeRequest, addrOption(OptionServerID, c.by), addrOption(OptionRequestedAddress, c.offered)), false)
}

// reboot is INIT-REBOOT: the client asks whether it may go on with its address. It
// may without an answer (RFC 2131 3.2, 4.).
func (c *modelClient) reboot() {
	if c.grant == nil {
		c.discover()
		return
	}
	c.addr = netip.Addr{}
	c.newExchange()
	c.sendReboot()
}

func (c *modelClient) sendReboot() {
	switch {
	case c.tries == 3 && c.m.now.Before(c.end) && c.n%2 == 0:
		c.addr = c.grant.addr
		c.bound()
		return
	case c.tries == 3:
		c.discover()
		return
	}
	c.enter(clientRebooting, c.backoff(), c.sendReboot)
	c.tries++
	c.send(c.message(TypeRequest, addrOption(OptionRequestedAddress, c.grant.addr)), false)
}

// bound waits for the next thing to do about the lease.
func (c *modelClient) bound() {
	if c.grant.forEver {
		c.enter(clientBound, 24*time.Hour, func() {})
		return
	}
	c.enter(clientBound, max(0, c.t1.Sub(c.m.now)), func() {
		c.newExchange()
		c.renew()
	})
}

func (c *modelClient) renew() {
	left := c.t2.Sub(c.m.now)
	if left <= 0 {
		c.newExchange()
		c.rebind()
		return
	}
	c.enter(clientRenewing, min(left, max(left/2, 5*time.Second)), c.renew)
	c.send(c.claim(), true)
}

func (c *modelClient) rebind() {
	left := c.end.Sub(c.m.now)
	if left <= 0 {
		c.m.counts["end of a lease"]++
		c.discover()
		return
	}
	c.enter(clientRebinding, min(left, max(left/2, 5*time.Second)), c.rebind)
	c.send(c.claim(), false)
}

// claim is the REQUEST of a client that has its address in use.
func (c *modelClient) claim() *Message {
	m := c.message(TypeRequest)
	m.CIAddr = c.addr
	return m
}

// bootp is a client of RFC 951.
func (c *modelClient) bootp() {
	if c.tries == 3 {
		c.discover()
		return
	}
	c.enter(clientBooting, c.backoff(), c.bootp)
	c.tries++
	c.send(c.message(TypeBOOTP), false)
}

// receive is a server's reply that reaches the client. What answers no question of
// this moment is passed over.
func (c *modelClient) receive(msg *Message, g *modelGrant) {
	if c.state == clientOff || msg.XID != c.xid {
		return
	}
	awaits := c.state == clientRequesting || c.state == clientRenewing || c.state == clientRebinding || c.state == clientRebooting
	switch t := msg.Type(); {
	case t == TypeOffer && c.state == clientSelecting:
		c.offered = msg.YIAddr
		c.by, _ = msg.Options.Addr(OptionServerID)
		c.tries, c.began = 0, c.m.now
		if !c.m.calm && c.m.rng.IntN(12) == 0 {
			c.by = modelServer.Next()
			c.request()
			c.enter(clientElsewhere, time.Minute, c.discover)
			return
		}
		c.request()
	case t == TypeAck && awaits, t == TypeBOOTP && c.state == clientBooting:
		c.accept(msg, g)
	case t == TypeNak && awaits:
		c.m.note("client %d is refused", c.n)
		c.discover()
	}
}

// accept has the address of an ACK, unless somebody else uses it.
func (c *modelClient) accept(msg *Message, g *modelGrant) {
	fresh := c.state == clientRequesting || c.state == clientRebooting
	if c.state == clientRenewing || c.state == clientRebinding {
		c.m.counts["renewal"]++
	}
	if fresh && c.m.now.Before(c.m.squatters[msg.YIAddr]) {
		c.decline(msg.YIAddr)
		return
	}
	t1, _ := msg.Options.Uint32(OptionRenewalTime)
	t2, _ := msg.Options.Uint32(OptionRebindingTime)
	c.addr, c.grant, c.since = msg.YIAddr, g, c.began
	c.t1 = c.began.Add(time.Duration(t1) * time.Second)
	c.t2 = c.began.Add(time.Duration(t2) * time.Second)
	c.end = c.began.Add(g.lease)
	c.m.note("client %d has %s for %s", c.n, c.addr, g.lease)
	c.m.book.believed(c)
	c.bound()
}

func (c *modelClient) decline(a netip.Addr) {
	c.forget()
	c.old = a
	c.newExchange()
	c.enter(clientWaiting, 10*time.Second, c.discover)
	c.send(c.message(TypeDecline, addrOption(OptionServerID, modelServer), addrOption(OptionRequestedAddress, a)), false)
}

func (c *modelClient) release(a netip.Addr) {
	msg := c.message(TypeRelease, addrOption(OptionServerID, modelServer))
	msg.CIAddr, msg.XID = a, c.m.rng.Uint32()
	c.send(msg, true)
}

// disturb is the user.
func (c *modelClient) disturb() {
	rng := c.m.rng
	up := c.state == clientBound || c.state == clientRenewing || c.state == clientRebinding
	pause := time.Duration(rng.IntN(120)) * time.Second
	switch n := rng.IntN(20); {
	case n < 3 && isSet(c.old) && c.old != c.addr: // by a script that runs late
		c.release(c.old)
	case n < 6 && up:
		c.release(c.addr)
		c.forget()
		c.enter(clientOff, pause, c.discover)
	case n < 9: // sleeps, or is switched off and on
		c.enter(clientOff, pause*time.Duration(1+rng.IntN(8)), c.reboot)
	case n < 11:
		c.enter(clientOff, pause, c.discover)
		c.forget()
	case n < 13:
		c.forget()
		c.newExchange()
		c.bootp()
	case n < 15: // to the other wire
		c.wire = wireLocal + wireFar - c.wire
		c.reboot()
	case n == 15 && up: // as EDK2 does without finding anybody
		c.decline(c.addr)
	case n < 18 && up:
		msg := c.message(TypeInform)
		msg.CIAddr, msg.XID = c.addr, rng.Uint32()
		c.send(msg, false)
	case n == 18:
		c.wish = uint32(60 * rng.IntN(20))
	}
}

// relax is the user going away.
func (c *modelClient) relax() {
	c.wish = 0
	if c.grant == nil || c.grant.forEver || c.state == clientOff {
		c.discover()
	}
}
