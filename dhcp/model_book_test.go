package dhcp

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"pxe/dhcp/lease"
)

// modelBook is what clients were told, and what follows from it:
//
//   - no address is believed to be theirs by two clients at a time,
//   - none is offered or given to anybody while it is promised to another client,
//     is kept for one, or rests because a client found it in use,
//   - what was acknowledged is in the leases after every start,
//   - a client that asks for the address that it was promised is granted it.
//
// Promises are kept by the server's clock, which may jump; see modelGrant.
type modelBook struct {
	m        *model
	promises map[netip.Addr]modelPromise
	resting  map[netip.Addr]modelRest
	offers   map[netip.Addr]modelOffer
	kept     map[netip.Addr]modelKept
	grants   []*modelGrant
}

// modelPromise is an ACK that was sent.
type modelPromise struct {
	c       *modelClient
	expires time.Time // zero: never
}

func (p modelPromise) holds(now time.Time) bool {
	return p.c != nil && (p.expires.IsZero() || now.Before(p.expires))
}

// modelRest is an address in quarantine. It is sure once it was synced.
type modelRest struct {
	until time.Time
	sure  bool
}

// modelOffer is an OFFER that was sent.
type modelOffer struct {
	c  *modelClient
	at time.Time
}

// modelKept is a reservation by hand.
type modelKept struct {
	c    *modelClient
	sure bool
}

// modelGrant is an ACK on its way to its client, and what is left of it. The
// server's clock may jump ahead, by which a lease is over sooner than its client
// knows; and a message of the client may arrive late and end the lease that it got
// since. Nobody can help either.
type modelGrant struct {
	c       *modelClient
	addr    netip.Addr
	lease   time.Duration
	forEver bool
	ahead   time.Duration // the most that the server's clock was, since
	cut     time.Duration // by so much the lease is shorter
	ended   bool
	noted   bool // among the promises
}

func newModelBook(m *model) *modelBook {
	return &modelBook{
		m:        m,
		promises: make(map[netip.Addr]modelPromise),
		resting:  make(map[netip.Addr]modelRest),
		offers:   make(map[netip.Addr]modelOffer),
		kept:     make(map[netip.Addr]modelKept),
	}
}

// grant notes a reply that gives an address, as it leaves.
func (b *modelBook) grant(c *modelClient, msg *Message) *modelGrant {
	seconds, ok := msg.Options.Uint32(OptionLeaseTime)
	g := &modelGrant{
		c: c, addr: msg.YIAddr, lease: time.Duration(seconds) * time.Second, forEver: !ok,
		ahead: b.m.server.ahead,
	}
	b.grants = append(b.grants, g)
	return g
}

// jumped is the server's clock having been set forward.
func (b *modelBook) jumped() {
	for _, g := range b.grants {
		if more := b.m.server.ahead - g.ahead; more > 0 {
			g.cut += more
			g.ahead += more
		}
	}
}

// lapse forgets what is over by the server's clock, before that is set back: the
// address may be somebody else's by now.
func (b *modelBook) lapse() {
	now := b.m.server.clock()
	maps.DeleteFunc(b.promises, func(_ netip.Addr, p modelPromise) bool { return !p.holds(now) })
	maps.DeleteFunc(b.resting, func(_ netip.Addr, r modelRest) bool { return !now.Before(r.until) })
}

// outcomes are the events with which the decisions of a batch end.
func outcomes(events []Event) []Event {
	var all []Event
	for _, e := range events {
		switch e.Kind {
		case EventOffer, EventAck, EventNak, EventInform, EventBOOTP, EventRelease, EventDecline, EventIgnored, EventExhausted, EventSend:
			all = append(all, e)
		}
	}
	return all
}

// settle goes through what came of a batch of messages, in their order.
func (b *modelBook) settle(batch []Datagram, events []Event, sent []*modelGrant, crashed bool) {
	done := outcomes(events)
	for i, e := range done {
		c := b.m.clientOf(e.Machine.MAC)
		b.m.note("  %s of client %d: %s %s %s", e.Type, c.n, e.Kind, e.Addr, e.Reason)
		if len(done) == len(batch) {
			b.deserved(c, batch[i], e)
		}
		b.came(c, e, sent)
	}
	for _, g := range sent { // what left, but of which no event tells
		if !g.noted {
			b.promise(g)
		}
	}
	failed := slices.ContainsFunc(events, func(e Event) bool { return e.Kind == EventJournal })
	if failed {
		b.m.counts["failed write"]++
	}
	if failed || crashed {
		b.begunAnew(batch)
	} else {
		b.synced()
	}
}

// came is what came of one message.
func (b *modelBook) came(c *modelClient, e Event, sent []*modelGrant) {
	switch e.Kind {
	case EventOffer:
		b.given(c, e)
		b.offered(c, e.Addr)
	case EventAck, EventBOOTP:
		b.given(c, e)
		i := slices.IndexFunc(sent, func(g *modelGrant) bool { return g.c == c && g.addr == e.Addr && !g.noted })
		if i < 0 {
			b.m.fail("%s of %s to client %d was told of, but not sent", e.Kind, e.Addr, c.n)
			return
		}
		b.promise(sent[i])
	case EventNak:
		b.m.counts["NAK"]++
	case EventInform:
		b.m.counts["INFORM"]++
	case EventIgnored:
		if strings.HasPrefix(e.Reason, "the client took the offer of") {
			maps.DeleteFunc(b.offers, func(_ netip.Addr, o modelOffer) bool { return o.c == c })
		}
	case EventRelease, EventDecline:
		b.ended(c, e)
		for _, g := range sent { // before or after it in the batch: nobody knows what is left
			g.noted = g.noted || b.m.server.crashed && g.c == c && g.addr == e.Addr
		}
	}
}

// begunAnew is about clients that asked for offers and took one, and so no longer
// have what they were promised, but may not have heard of what they have now.
func (b *modelBook) begunAnew(batch []Datagram) {
	for _, d := range batch {
		msg, err := Parse(d.Payload)
		if err == nil && msg.Options.Has(OptionServerID) {
			a, _ := msg.Options.Addr(OptionRequestedAddress)
			if c := b.m.clientOf(msg.CHAddr); b.promises[a].c == c && b.offers[a].c == c {
				b.over(c, a)
			}
		}
	}
}

// over is the end of what a client was promised about an address.
func (b *modelBook) over(c *modelClient, a netip.Addr) {
	if b.promises[a].c == c {
		delete(b.promises, a)
	}
	for _, g := range b.grants {
		g.ended = g.ended || g.c == c && g.addr == a
	}
}

// synced is all that happened being on the disk.
func (b *modelBook) synced() {
	for a, r := range b.resting {
		r.sure = true
		b.resting[a] = r
	}
	for a, k := range b.kept {
		k.sure = true
		b.kept[a] = k
	}
}

// promise is an ACK that left.
func (b *modelBook) promise(g *modelGrant) {
	g.noted = true
	b.m.counts["ACK"]++
	p := modelPromise{c: g.c, expires: b.m.server.clock().Add(g.lease)}
	if g.forEver {
		b.m.counts["BOOTP"]++
		p.expires = time.Time{}
	}
	if before := b.promises[g.addr]; before.c != nil && before.c != g.c {
		b.m.counts["next client"]++
	}
	if b.offers[g.addr].c == g.c { // it began anew
		b.over(g.c, g.addr)
		g.ended = false
	}
	b.promises[g.addr] = p
	delete(b.offers, g.addr)
}

// ended is a lease or an offer that its client ended by a message, be it an old
// one.
func (b *modelBook) ended(c *modelClient, e Event) {
	b.over(c, e.Addr)
	delete(b.offers, e.Addr)
	if e.Kind == EventRelease {
		b.m.counts["RELEASE"]++
		return
	}
	b.m.counts["DECLINE"]++
	if !strings.Contains(e.Reason, "too many") {
		b.resting[e.Addr] = modelRest{until: b.m.server.clock().Add(lease.DefaultQuarantine)}
	}
}

// edited is a reservation that was made or ended.
func (b *modelBook) edited(e lease.Edit, c *modelClient, sure bool) {
	if e.Do == lease.EditReserve {
		b.kept[e.Addr] = modelKept{c, sure}
	} else {
		delete(b.kept, e.Addr)
	}
	if sure {
		b.synced()
	}
}

// crashed forgets what was not on the disk.
func (b *modelBook) crashed() {
	for a, r := range b.resting {
		if !r.sure {
			delete(b.resting, a)
		}
	}
}

// key is that of the client's leases.
func (b *modelBook) key(c *modelClient) lease.Key {
	return keyOf(c.message(TypeDiscover), b.m.server.cfg.ByClientID)
}
