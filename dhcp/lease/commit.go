package lease

import (
	"net/netip"
	"time"
)

// Commit binds the address to the client for ttl (negative: for ever) from now.
// It needs no offer: a client that comes back after the server lost its memory
// gets its address if that is free.
//
// A lease that the client has there ends sooner by it only if it was offered the
// address since, as whoever asks for offers has no lease any more (RFC 2131 4.4.1):
// an old message that arrives again takes nothing away.
//
// The error is ErrNotInPool, ErrInUse, or ErrOtherAddress for a client that
// holds another address here or whose own reservation is free.
func (p *Pool) Commit(c Client, addr netip.Addr, ttl time.Duration, now time.Time) error {
	if !addr.Is4() {
		return ErrNotInPool
	}
	t, n := now.Unix(), number(addr)
	p.expire(t)
	if !p.admits(c, n) {
		return ErrNotInPool
	}
	e := p.byAddr[n]
	if !e.openTo(c.Key, t) {
		return ErrInUse
	}
	if p.hasAnother(c, n, t) {
		return ErrOtherAddress
	}
	expires := deadline(now, ttl)
	if e != nil && e.key == c.Key && e.state == Bound && !e.anew {
		expires = max(expires, e.expires)
	}
	bound := &entry{addr: n, state: Bound, key: c.Key, name: c.Name, expires: expires, until: expires}
	p.put(bound)
	p.record(bound)
	return nil
}

// Renew is Commit for a client that may have the address in use, whatever it was
// offered. It may never hear that its lease ends sooner, and would go on with an
// address that is somebody else's by then.
func (p *Pool) Renew(c Client, addr netip.Addr, ttl time.Duration, now time.Time) error {
	if e, err := p.held(c.Key, addr); err == nil {
		e.anew = false
	}
	return p.Commit(c, addr, ttl, now)
}

// hasAnother reports whether an address other than addr is the client's: its
// reservation, if that is to be had, or what it holds now, unless it has a lease on
// addr as well. That happens when a configuration took an address from its client
// and gave it back; which of the two the client uses it knows alone.
func (p *Pool) hasAnother(c Client, addr uint32, now int64) bool {
	if c.Fixed.Is4() {
		fixed := number(c.Fixed)
		if fixed == addr {
			return false
		}
		if p.byAddr[fixed].openTo(c.Key, now) {
			return true
		}
	}
	if e, err := p.held(c.Key, address(addr)); err == nil && e.state == Bound && e.until > now {
		return false
	}
	e := p.byKey[c.Key]
	return e != nil && e.addr != addr && e.until > now
}

// Release ends the binding of an address. The client gets the address again if
// it asks before anybody needs it. The error is ErrNotHeld.
func (p *Pool) Release(key Key, addr netip.Addr, now time.Time) error {
	e, err := p.held(key, addr)
	if err != nil {
		return err
	}
	if e.state == Held {
		p.remove(e)
		return nil
	}
	p.release(e, now)
	return nil
}

func (p *Pool) release(e *entry, now time.Time) {
	end := min(e.expires, now.Unix())
	p.reschedule(e, end, end)
	e.state = Released
	p.record(e)
}

// Decline puts an address that the client found in use into quarantine. The
// error is ErrNotHeld, or ErrDeclinedTooMany when the client only loses the
// address, which others may then get.
func (p *Pool) Decline(key Key, addr netip.Addr, now time.Time) error {
	e, err := p.held(key, addr)
	if err != nil {
		return err
	}
	if p.declines[key] >= p.maxDeclined {
		if e.state == Held {
			p.remove(e)
		} else {
			p.release(e, now)
		}
		return ErrDeclinedTooMany
	}
	p.setAside(e, key, now)
	return nil
}

// SetAside puts an address that was offered to a client, and that somebody else
// turned out to use, into quarantine. The client has no part in it: it does not
// count among those that it declined. The error is ErrNotHeld, for a lease as
// well.
func (p *Pool) SetAside(key Key, addr netip.Addr, now time.Time) error {
	e, err := p.held(key, addr)
	if err != nil {
		return err
	}
	if e.state != Held {
		return ErrNotHeld
	}
	p.setAside(e, "", now)
	return nil
}

// setAside puts the address of an entry into quarantine, at the expense of key.
func (p *Pool) setAside(e *entry, key Key, now time.Time) {
	until := deadline(now, p.quarantine)
	bad := &entry{addr: e.addr, state: Declined, key: key, name: e.name, expires: until, until: until}
	p.put(bad)
	p.record(bad)
}

// held is the entry of an address that the client was offered or has.
func (p *Pool) held(key Key, addr netip.Addr) (*entry, error) {
	if addr.Is4() {
		if e := p.byAddr[number(addr)]; e != nil && e.key == key && e.state != Declined {
			return e, nil
		}
	}
	return nil, ErrNotHeld
}

func (p *Pool) record(e *entry) {
	if p.changed != nil {
		p.changed(e.lease())
	}
}

// restore puts back a lease from the journal. It reports whether the address
// has a place in this pool as it is configured now.
func (p *Pool) restore(l Lease) bool {
	if !p.Has(l.Addr) {
		return false
	}
	unix := unixOf(l.Expires)
	p.put(&entry{addr: number(l.Addr), state: l.State, key: l.Key, name: l.Name, expires: unix, until: unix})
	return true
}

// durable calls yield for every lease that the journal has to keep.
func (p *Pool) durable(yield func(Lease)) {
	for _, e := range p.byAddr {
		if e.state != Held {
			yield(e.lease())
		}
	}
}
