package dhcp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Prober asks a network whether somebody uses an address already: by ARP, see
// ARP, or in a test as the test wants it. It has to be safe for concurrent use.
//
// A Conn that is a Prober too has new addresses probed before they are offered
// on it.
type Prober interface {
	// Probe returns who has the address, or nil if nobody answers in the time
	// that the Prober takes for it. The client for whom the address is meant does
	// not count. It ends early, with an error, when the context does.
	Probe(ctx context.Context, addr netip.Addr, client net.HardwareAddr) (holder net.HardwareAddr, err error)
}

const (
	// probeTime is how long an OFFER waits in all for probes: EDK2 and BIOS ROMs
	// gather offers for four seconds, other clients often take the first.
	probeTime = 500 * time.Millisecond
	// probeTries is how many addresses that are in use one DISCOVER finds. The
	// next one goes on from there.
	probeTries = 5
	// probeValid is how long an address counts as free after a probe.
	probeValid = 30 * time.Second
	// probesAtOnce is how many OFFERs may wait; one more leaves unprobed.
	probesAtOnce = 256
)

// Probe is an address that nobody should have when its OFFER leaves.
type Probe struct {
	Addr netip.Addr
	x    *exchange
}

// conflict sets the address aside, as somebody has it.
func (p *Probe) conflict(holder net.HardwareAddr, now time.Time) Event {
	for i := range p.x.s.cfg.Subnets { // which may be others than when the probe began
		// An error means another pool's address, or that the client took it.
		_ = p.x.s.leases.Pool(i).SetAside(p.x.client.Key, p.Addr, now)
	}
	return p.event(Event{Kind: EventConflict, Addr: p.Addr, Holder: holder}, now)
}

func (p *Probe) event(e Event, now time.Time) Event {
	e = p.x.describe(e)
	e.Time = now
	return e
}

// probing is the probes of one port.
type probing struct {
	prober Prober // nil: nothing is probed
	s      *Server
	p      *port
	ctx    context.Context
	runs   sync.WaitGroup

	mu      sync.Mutex
	waiting map[netip.Addr]offerWaiting // by the address that is being probed
	free    map[netip.Addr]time.Time    // when a probe found nobody
	freed   []netip.Addr                // the keys of free, the oldest first
}

// offerWaiting is the client's latest request, and what it waits for.
type offerWaiting struct {
	req   Request
	probe *Probe
}

func newProbing(ctx context.Context, s *Server, p *port) *probing {
	prober, _ := p.Conn.(Prober)
	return &probing{
		prober: prober, s: s, p: p, ctx: ctx,
		waiting: make(map[netip.Addr]offerWaiting), free: make(map[netip.Addr]time.Time),
	}
}

// hold reports whether a decision has to wait for a probe, and starts that
// unless it is under way. When the probe is over, the request is decided anew.
func (b *probing) hold(req Request, d *Decision, now time.Time) bool {
	if d.Probe == nil || b.prober == nil {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	addr := d.Probe.Addr
	if b.isFree(addr, now) {
		return false
	}
	_, asked := b.waiting[addr]
	if !asked && len(b.waiting) >= probesAtOnce {
		d.unprobed(fmt.Errorf("%d probes are under way", probesAtOnce))
		return false
	}
	b.waiting[addr] = offerWaiting{req, d.Probe}
	if !asked {
		b.runs.Go(func() { b.run(addr, req.Message.CHAddr) })
	}
	return true
}

// isFree reports whether the address was found free a short while ago.
func (b *probing) isFree(addr netip.Addr, now time.Time) bool {
	for len(b.freed) > 0 && now.Sub(b.free[b.freed[0]]) >= probeValid {
		delete(b.free, b.freed[0])
		b.freed = b.freed[1:]
	}
	_, ok := b.free[addr]
	return ok
}

var errProbeTime = fmt.Errorf("no verdict in %s", probeTime)

// run probes an address, and while somebody has it the next one that the client
// would get. Then the OFFER leaves.
func (b *probing) run(addr netip.Addr, client net.HardwareAddr) {
	ctx, cancel := context.WithTimeout(b.ctx, probeTime)
	defer cancel()
	for try := 1; ; try++ {
		holder, err := b.prober.Probe(ctx, addr, client)
		if b.ctx.Err() != nil {
			return // the server ends
		}
		if errors.Is(err, context.DeadlineExceeded) {
			err = errProbeTime
		}
		now := b.s.time()
		w := b.end(addr, holder == nil && err == nil, now)
		if holder != nil {
			b.s.conflict(w.probe, holder, now)
			if try == probeTries {
				reason := fmt.Sprintf("%d addresses in a row are in use by others; the next DISCOVER tries more", probeTries)
				b.s.emit(w.probe.event(Event{Kind: EventIgnored, Reason: reason}, now))
				return
			}
		}
		d := b.s.decide(w.req, now)
		switch {
		case holder == nil && err != nil:
			d.unprobed(err)
		case b.again(d.Probe, w.req, now):
			addr = d.Probe.Addr
			continue
		}
		b.s.answer(b.p, outcome{d, w.req.Dst.Port()})
		return
	}
}

// end takes what waited for an address, and notes whether that is free.
func (b *probing) end(addr netip.Addr, free bool, now time.Time) offerWaiting {
	b.mu.Lock()
	defer b.mu.Unlock()
	w := b.waiting[addr]
	delete(b.waiting, addr)
	if free && !b.isFree(addr, now) {
		b.free[addr] = now
		b.freed = append(b.freed, addr)
	}
	return w
}

// again makes the request wait for another address; it returns false where that
// needs no probe.
func (b *probing) again(probe *Probe, req Request, now time.Time) bool {
	if probe == nil {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, asked := b.waiting[probe.Addr]; asked || b.isFree(probe.Addr, now) {
		return false
	}
	b.waiting[probe.Addr] = offerWaiting{req, probe}
	return true
}

// unprobed notes that the OFFER leaves without a probe's verdict.
func (d *Decision) unprobed(err error) {
	last := len(d.Events) - 1
	e := d.Events[last]
	e.Kind, e.Path, e.File, e.Lease, e.Err = EventUnprobed, Path{}, "", 0, err
	d.Events = slices.Insert(d.Events, last, e)
}
