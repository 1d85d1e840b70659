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
// else the one that has been expired for the longest time. A fresh address is
// looked for from a point that depends on the key alone, so that a client tends
// to get its address again even from a server that lost its leases.
//
// Asking again within the hold gives the same address. A reservation that
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
	if e, ok := p.bound.head(now); ok {
		return e.addr, true
	}
	return 0, false
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
		e.until = max(e.expires, until)
		p.requeue(e)
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
	e.until = e.expires
	p.requeue(e)
}

// expire makes the addresses fresh whose offers and quarantines have ended.
func (p *Pool) expire(now int64) {
	for {
		e, ok := p.temporary.head(now)
		if !ok {
			return
		}
		p.remove(e)
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
		p.declined[e.key]++
	} else {
		p.byKey[e.key] = e
	}
	e.at = -1
	if i, ok := p.space.index(e.addr); ok {
		p.space.mark(i, false)
		heap.Push(p.queueOf(e), e)
	}
}

// remove forgets an entry; its address is fresh again if it is for everybody.
func (p *Pool) remove(e *entry) {
	delete(p.byAddr, e.addr)
	if p.byKey[e.key] == e {
		delete(p.byKey, e.key)
	}
	if e.state == Declined {
		if p.declined[e.key]--; p.declined[e.key] <= 0 {
			delete(p.declined, e.key)
		}
	}
	if e.at >= 0 {
		heap.Remove(p.queueOf(e), int(e.at))
	}
	if i, ok := p.space.index(e.addr); ok {
		p.space.mark(i, true)
	}
}

// requeue moves an entry to its place after its time has changed.
func (p *Pool) requeue(e *entry) {
	if e.at >= 0 {
		heap.Fix(p.queueOf(e), int(e.at))
	}
}

// queueOf is the queue for an entry's state. Reserved addresses are in none:
// they are never looked for.
func (p *Pool) queueOf(e *entry) *queue {
	if e.state == Held || e.state == Declined {
		return &p.temporary
	}
	return &p.bound
}
