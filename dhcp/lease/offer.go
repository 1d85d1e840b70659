package lease

import (
	"container/heap"
	"hash/fnv"
	"net/netip"
	"time"
)

// Offer chooses an address for a client and holds it for a while. The choice is
// that of RFC 2131 4.3.1: the reservation, else the address that the client has
// or had, else the one that it wants (the zero Addr: none), else a fresh one,
// else the one that has been expired for the longest time, else the oldest offer
// that its client does not seem to want. A fresh address is looked for from a
// point that depends on the key alone, so that a client tends to get its address
// again even from a server that lost its leases.
//
// Asking again within the hold gives the same address, unless the pool ran out in
// between: then an offer counts for only ten seconds. A reservation that
// another client still holds is passed over. The error is ErrExhausted.
func (p *Pool) Offer(c Client, want netip.Addr, now time.Time) (netip.Addr, error) {
	t := now.Unix()
	p.expire(t)
	addr, ok := p.choose(c, want, t)
	if !ok {
		return netip.Addr{}, ErrExhausted
	}
	p.holdFor(c, addr, deadline(now, p.hold))
	return address(addr), nil
}

func (p *Pool) choose(c Client, want netip.Addr, now int64) (addr uint32, ok bool) {
	if c.Fixed.Is4() && p.mayHave(c, number(c.Fixed), now) {
		return number(c.Fixed), true
	}
	if e := p.byKey[c.Key]; e != nil && p.mayHave(c, e.addr, now) {
		return e.addr, true
	}
	if want.Is4() && p.mayHave(c, number(want), now) {
		return number(want), true
	}
	if i, ok := p.space.nextFresh(startOf(c.Key, p.space.size)); ok {
		return p.space.at(i), true
	}
	if e, ok := p.ended.head(now); ok {
		return e.addr, true
	}
	return p.abandoned(now)
}

// patience is how old an offer has to be before it goes to another client when
// no address is free: every client sends its REQUEST sooner, EDK2 the latest,
// after the 4 or 8 seconds for which it gathers offers. Without it a handful of
// DISCOVERs could block a small pool for as long as offers are held.
const patience = 10 * time.Second

// abandoned is the oldest offer, if it is that old.
func (p *Pool) abandoned(now int64) (addr uint32, ok bool) {
	if len(p.offered) == 0 {
		return 0, false
	}
	e := p.offered[0]
	made := e.until - int64(p.hold/time.Second)
	return e.addr, made+int64(patience/time.Second) <= now && (e.state == Held || e.expires <= now)
}

// mayHave reports whether the address is one that the client could get, and
// nobody else has it.
func (p *Pool) mayHave(c Client, addr uint32, now int64) bool {
	return p.admits(c, addr) && p.byAddr[addr].openTo(c.Key, now)
}

// admits reports whether the address is for everybody or the client's own.
func (p *Pool) admits(c Client, addr uint32) bool {
	if c.Fixed.Is4() && number(c.Fixed) == addr {
		return true
	}
	_, ok := p.space.index(addr)
	return ok
}

// startOf is where the search for a fresh address begins for a key: the same
// place in every process.
func startOf(key Key, size int) int {
	if size == 0 {
		return 0
	}
	h := fnv.New64a()
	h.Write([]byte(key))
	return int(h.Sum64() % uint64(size))
}

// holdFor keeps the address for the client until the given time. A binding of
// the client stays what it is.
func (p *Pool) holdFor(c Client, addr uint32, until int64) {
	e := p.byAddr[addr]
	if e != nil && e.key == c.Key && (e.state == Bound || e.state == Released) {
		p.reschedule(e, e.expires, max(e.expires, until))
		e.anew = true
		p.byKey[c.Key] = e
		return
	}
	p.put(&entry{addr: addr, state: Held, key: c.Key, name: c.Name, expires: until, until: until})
}

// Withdraw ends the offer to a client that took another server's. A binding
// that the client has here stays (RFC 2131 3.1).
func (p *Pool) Withdraw(key Key) {
	e := p.byKey[key]
	if e == nil {
		return
	}
	if e.state == Held {
		p.remove(e)
		return
	}
	p.reschedule(e, e.expires, e.expires)
}

// expire ends what is over: offers and quarantines leave their address fresh,
// leases are kept as ended ones.
func (p *Pool) expire(now int64) {
	for _, q := range []*queue{&p.offered, &p.declined, &p.bound} {
		for e, ok := q.head(now); ok; e, ok = q.head(now) {
			if e.state == Held || e.state == Declined {
				p.remove(e)
				continue
			}
			p.dequeue(e)
			e.ended = true
			p.enqueue(e)
		}
	}
}

// put makes e the entry of its address, in place of any that was there, and of
// its client.
func (p *Pool) put(e *entry) {
	if old := p.byAddr[e.addr]; old != nil {
		p.remove(old)
	}
	p.byAddr[e.addr] = e
	if e.state == Declined {
		p.declines[e.key]++
	} else {
		p.byKey[e.key] = e
	}
	e.at = -1
	if i, ok := p.space.index(e.addr); ok {
		p.space.mark(i, false)
		p.enqueue(e)
	}
}

// remove forgets an entry; its address is fresh again if it is for everybody.
func (p *Pool) remove(e *entry) {
	delete(p.byAddr, e.addr)
	if p.byKey[e.key] == e {
		delete(p.byKey, e.key)
	}
	if e.state == Declined {
		if p.declines[e.key]--; p.declines[e.key] <= 0 {
			delete(p.declines, e.key)
		}
	}
	if e.at >= 0 {
		p.dequeue(e)
	}
	if i, ok := p.space.index(e.addr); ok {
		p.space.mark(i, true)
	}
}

// reschedule changes the times of an entry, and its queue with them. Reserved
// addresses are in none: they are never looked for.
func (p *Pool) reschedule(e *entry, expires, until int64) {
	queued := e.at >= 0
	if queued {
		p.dequeue(e)
	}
	e.expires, e.until, e.ended = expires, until, false
	if queued {
		p.enqueue(e)
	}
}

func (p *Pool) enqueue(e *entry) { heap.Push(p.queueOf(e), e) }
func (p *Pool) dequeue(e *entry) { heap.Remove(p.queueOf(e), int(e.at)) }

// queueOf is the queue for an entry as it is.
func (p *Pool) queueOf(e *entry) *queue {
	switch {
	case e.state == Declined:
		return &p.declined
	case e.ended:
		return &p.ended
	case e.state == Held, e.until > e.expires:
		return &p.offered
	}
	return &p.bound
}
