package dhcp

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"pxe/boot"
	"pxe/dhcp/lease"
)

// Request is a client's message and how it came.
type Request struct {
	Message  *Message
	Src, Dst netip.AddrPort
	// Local is our address on the wire that it came by; the zero Addr means the
	// first of the Config's Servers.
	Local netip.Addr
	// Boot is set for a message to the boot service (port 4011).
	Boot bool
}

// Decision is what a server makes of a request.
type Decision struct {
	// Reply is nil when there is none; the last event then says why.
	Reply *Message
	// Local is the address that the reply is sent from.
	Local netip.Addr
	// Unpadded replies are sent as short as they are.
	Unpadded bool
	// Durable replies promise a lease: they may leave only after the store has
	// synced.
	Durable bool
	// Probe is set with the OFFER of an address that is new to the client: before
	// it leaves, somebody should look whether the address is in use.
	Probe *Probe
	// Events tell what happened; the last one is the outcome.
	Events []Event
}

// exchange is one request on its way to a decision.
type exchange struct {
	s       *Server
	req     Request
	m       *Message
	machine boot.Machine
	now     time.Time
	events  []Event

	local    netip.Addr // our address for this client
	serverID netip.Addr // the same, or as the relay wants it
	host     *Host      // nil: not a configured one
	client   lease.Client
	wire     []int // the subnets that it may get an address of
	subnet   *Subnet
	pool     *lease.Pool
	told     told
	chosen   choice
}

// Decide answers a request, or says why there is no answer. It touches no
// network and no disk. It is not safe for concurrent use; Serve locks.
func (s *Server) Decide(req Request, now time.Time) Decision {
	x := &exchange{s: s, req: req, m: req.Message, now: now, local: cmp.Or(req.Local, s.cfg.Servers[0])}
	if slices.Contains(s.cfg.Servers, req.Dst.Addr()) {
		x.local = req.Dst.Addr() // the one that the client knows us by
	}
	x.serverID = x.local
	x.host = s.hostOf(x.m)
	var err error
	x.machine, err = Classify(req.Message)
	switch {
	case x.m.Op != OpRequest:
		return x.ignore("a server's message, not a client's")
	case x.fromUs():
		return x.ignore("our own message")
	case err != nil:
		return x.ignore(err.Error())
	case x.m.Type() == TypeBOOTP && x.m.Options.Has(OptionMessageType):
		return x.ignore(noMessageType(x.m.Options.Get(OptionMessageType)))
	case req.Boot || x.bootItem():
		return x.bootService()
	case s.cfg.Proxy:
		return x.proxy()
	}
	return x.serve()
}

// noMessageType says what is wrong with an option 53 that does not make its
// message one of DHCP, nor one of BOOTP.
func noMessageType(value []byte) string {
	if len(value) == 1 {
		return fmt.Sprintf("option 53 says message type %d, which there is not", value[0])
	}
	return fmt.Sprintf("option 53, the message type, has %d bytes in place of one", len(value))
}

// fromUs recognises a message that this server, or a search of it for others,
// sent. One that a relay on this machine forwarded is a client's.
func (x *exchange) fromUs() bool {
	if mac, ok := x.s.searches[x.m.XID]; ok && mac == x.m.CHAddr.String() {
		return true
	}
	return slices.Contains(x.s.cfg.Servers, x.req.Src.Addr()) && x.req.Src.Port() == x.req.Dst.Port() && !x.m.Relayed()
}

// unicast reports whether the client itself wrote to an address of ours: how
// RENEWING differs from REBINDING (RFC 2131 4.3.2).
func (c *Config) unicast(r Request) bool {
	return slices.Contains(c.Servers, r.Dst.Addr()) && !r.Message.Relayed()
}

// serve answers as a DHCP server.
func (x *exchange) serve() Decision {
	info := relayInfoOf(x.m)
	i, ok := x.s.cfg.subnetOf(x.req, info, x.local)
	if !ok {
		return x.ignore("not from a subnet that is served")
	}
	x.wire = x.s.networks[i]
	if isSet(info.serverID) {
		x.serverID = info.serverID
	}
	x.client = lease.Client{Key: keyOf(x.m, x.s.cfg.ByClientID), Name: cString(x.m.Options.Get(OptionHostName))}
	if x.host != nil {
		x.client.Name = x.host.Name
	}
	x.client.Name = x.client.Name[:min(len(x.client.Name), 255)]
	x.use(i)
	if reason, yes := x.ignored(); yes && !x.answeredElsewhere() {
		return x.ignore(reason)
	}
	if _, had := x.leaseOf(); x.s.cfg.BootOnly && !had && x.host == nil && !x.client.Fixed.IsValid() && !x.isBootClient() {
		return x.ignore("not a boot client, nor one that was")
	}
	x.noteSystem()
	switch t := x.m.Type(); t {
	case TypeBOOTP:
		return x.bootp()
	case TypeDiscover:
		return x.discover()
	case TypeRequest:
		return x.request()
	case TypeDecline:
		return x.decline()
	case TypeRelease:
		return x.release()
	case TypeInform:
		return x.inform()
	default:
		return x.ignore(t.String() + " is not for a DHCP server")
	}
}

// discover offers an address (RFC 2131 4.3.1). Nothing is promised yet, so the
// offer need not be durable.
func (x *exchange) discover() Decision {
	want, _ := x.m.Options.Addr(OptionRequestedAddress)
	addr, ok, err := x.offer(want)
	switch {
	case err != nil:
		// An OFFER without an address would look like a proxy's to EDK2.
		reason := fmt.Sprintf("%v in %s; it needs a larger range, or a shorter lease time", err, x.subnet.Prefix)
		return x.done(Event{Kind: EventExhausted, Reason: reason})
	case !ok:
		return x.ignore("no range is for this client")
	}
	d := x.give(EventOffer, TypeOffer, addr)
	// "The server SHOULD probe the reused address before allocating" (RFC 2131
	// 3.1), which it can on its own wire alone. Who had the address answers too.
	if !x.m.Relayed() && !x.known(addr) {
		d.Probe = &Probe{addr, x}
	}
	return d
}

// give replies with an address, as an OFFER or an ACK: both tell the same.
func (x *exchange) give(kind EventKind, t MessageType, addr netip.Addr) Decision {
	ttl := x.leaseTime()
	reply := x.newReply()
	reply.YIAddr = addr
	if t == TypeAck && !x.m.Options.Has(OptionServerID) {
		reply.CIAddr = x.m.CIAddr // the client has the address already
	}
	file := x.fill(reply, t, ttl)
	return x.answer(reply, Event{Kind: kind, Addr: addr, File: file, Rule: x.chosen.rule, Lease: ttl})
}

// leaseTime is what the client gets: by its wish in option 51, or by default.
func (x *exchange) leaseTime() time.Duration {
	seconds, asked := x.m.Options.Uint32(OptionLeaseTime)
	return x.subnet.leaseTime(seconds, asked, x.told.Settings)
}

// bootp answers a client of RFC 951, which keeps its address for ever: only
// one that is configured gets any, unless the subnet says otherwise.
func (x *exchange) bootp() Decision {
	addr, ok, err := x.offer(netip.Addr{})
	switch {
	case err != nil:
		return x.done(Event{Kind: EventExhausted, Reason: fmt.Sprintf("%v in %s", err, x.subnet.Prefix)})
	case !ok:
		return x.ignore("a BOOTP client that is not a configured host")
	}
	if err := x.pool.Commit(x.client, addr, -1, x.now); err != nil {
		return x.ignore(fmt.Sprintf("a BOOTP client whose address %s is not free: %v", addr, err))
	}
	reply := x.newReply()
	reply.YIAddr = addr
	file := x.fill(reply, TypeBOOTP, 0)
	d := x.answer(reply, Event{Kind: EventBOOTP, Addr: addr, File: file, Rule: x.chosen.rule})
	d.Durable = true
	return d
}

// release ends a lease (RFC 2131 4.3.4). Some clients leave out option 54.
func (x *exchange) release() Decision {
	if id, ok := x.m.Options.Addr(OptionServerID); ok && !x.isUs(id) {
		return x.ignore(fmt.Sprintf("a release to server %s", id))
	}
	x.place(x.m.CIAddr)
	if err := x.pool.Release(x.client.Key, x.m.CIAddr, x.now); err != nil {
		return x.ignore(fmt.Sprintf("release of %s: %v", x.m.CIAddr, err))
	}
	return x.done(Event{Kind: EventRelease, Addr: x.m.CIAddr})
}

// decline takes an address out of service (RFC 2131 4.3.3). EDK2 declines for
// another reason too: a subnet mask that is missing, or an ACK with another
// address or server than its OFFER.
func (x *exchange) decline() Decision {
	addr, ok := x.m.Options.Addr(OptionRequestedAddress)
	if id, named := x.m.Options.Addr(OptionServerID); named && !x.isUs(id) {
		return x.ignore(fmt.Sprintf("declines what server %s gave", id))
	}
	if !ok {
		return x.ignore("declines no address")
	}
	reason := "the client found the address in use, or OFFER and ACK to contradict each other"
	x.place(addr)
	err := x.pool.Decline(x.client.Key, addr, x.now)
	switch {
	case errors.Is(err, lease.ErrDeclinedTooMany):
		reason += "; not set aside, as the client declined too many already"
	case err != nil:
		return x.ignore(fmt.Sprintf("decline of %s: %v", addr, err))
	}
	return x.done(Event{Kind: EventDecline, Addr: addr, Reason: reason})
}

// inform tells the parameters to a client that has an address from elsewhere
// (RFC 2131 4.3.5): no lease is looked up, made or mentioned.
func (x *exchange) inform() Decision {
	if !isSet(x.m.CIAddr) && !x.m.Relayed() && !isSet(x.req.Src.Addr()) {
		return x.ignore("an INFORM from no address")
	}
	x.place(x.m.CIAddr)
	reply := x.newReply()
	reply.CIAddr = x.m.CIAddr
	file := x.fill(reply, TypeAck, 0)
	if reply.Relayed() {
		reply.Flags |= FlagBroadcast // the relay cannot know the client's address
	}
	return x.answer(reply, Event{Kind: EventInform, Addr: x.m.CIAddr, File: file, Rule: x.chosen.rule})
}

// isUs reports whether option 54 names this server.
func (x *exchange) isUs(id netip.Addr) bool {
	return id == x.serverID || slices.Contains(x.s.cfg.Servers, id)
}

func (x *exchange) ignore(reason string) Decision {
	return x.done(Event{Kind: EventIgnored, Reason: reason})
}

func (x *exchange) answer(reply *Message, e Event) Decision {
	e.Path = Route(reply, x.req)
	d := x.done(e)
	d.Reply, d.Local, d.Unpadded = reply, x.local, !x.has(QuirkPad300)
	return d
}

// done ends the exchange with its outcome.
func (x *exchange) done(e Event) Decision {
	return Decision{Events: append(slices.Clip(x.events), x.describe(e))}
}

// warn notes something beside the outcome.
func (x *exchange) warn(e Event) { x.events = append(x.events, x.describe(e)) }

func (x *exchange) describe(e Event) Event {
	e.Time, e.Machine, e.Type, e.Name = x.now, x.machine, x.m.Type(), x.client.Name
	if x.m.Relayed() {
		e.Relay = x.m.GIAddr
	}
	return e
}
