package lease

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"
)

// Why an address cannot be reserved, or its reservation not be ended.
var (
	// ErrNotServed: the address is in no subnet of the pools.
	ErrNotServed = errors.New("no subnet that is served has this address")
	// ErrConfigured: the configuration gives the address to a host.
	ErrConfigured = errors.New("the configuration reserves this address")
	// ErrExcluded: nobody gets the address.
	ErrExcluded = errors.New("this is the address of a router, a server or the network itself")
	// ErrReserved: the address is another client's, or the client has another.
	ErrReserved = errors.New("reserved already")
	// ErrNotUnicast: the address is none that a machine can have.
	ErrNotUnicast = errors.New("not an address that a machine can have")
	// ErrNoMachine: the hardware address is that of a group, or zero.
	ErrNoMachine = errors.New("the hardware address is no machine's")
	// ErrNotReserved: nobody reserved the address.
	ErrNotReserved = errors.New("no such reservation")
)

// Reserve keeps an address of a subnet, in its ranges or not, for one client: no
// other is given it from now on, until Unreserve, and the client is to name it as
// its Client.Fixed (see Pool.Reservation). It is kept in the journal, apart from
// the leases on the address, as opposed to the Reserved of a Config.
//
// A client has one such address. Who holds the address now keeps it until its
// lease or quarantine ends, and is returned; the zero Lease is nobody. The error
// is ErrNotServed, ErrNotUnicast, ErrNoMachine, ErrConfigured, ErrExcluded or
// ErrReserved.
//
// A store without pools, which cannot know what is served, refuses only what
// other reservations forbid. One that turns out to have no place in the pools is
// kept, and of no effect.
func (s *Store) Reserve(key Key, name string, addr netip.Addr, now time.Time) (holder Lease, err error) {
	if err := s.sensible(key, addr); err != nil {
		return Lease{}, err
	}
	if l, ok := s.reservations[addr]; ok && l.Key != key {
		return Lease{}, fmt.Errorf("%s: %w, for %s", addr, ErrReserved, l.Key.client())
	}
	if had, ok := s.reservedFor[key]; ok && had != addr {
		return Lease{}, fmt.Errorf("%s for %s: %w", had, key.client(), ErrReserved)
	}
	p, n := s.home(addr), number(addr)
	switch {
	case p != nil && p.reserved[n]:
		return Lease{}, fmt.Errorf("%s: %w", addr, ErrConfigured)
	case p != nil && p.space.closed[n] && !p.byHand(n):
		return Lease{}, fmt.Errorf("%s: %w", addr, ErrExcluded)
	}
	l := Lease{Addr: addr, Key: key, Name: name, State: Reserved}
	s.setReservation(l)
	s.note(l)
	if held, ok := s.at(addr); ok && held.Key != key && !held.Expired(now) {
		return held, nil
	}
	return Lease{}, nil
}

// sensible refuses what no machine can have, or be. 127.0.0.0/8 is for a server that
// serves it, for a test, alone.
func (s *Store) sensible(key Key, addr netip.Addr) error {
	switch p := s.home(addr); {
	case !addr.Is4():
		return fmt.Errorf("%s: %w", addr, ErrNotServed)
	case addr.IsMulticast(), addr.As4()[0] == 0, addr == broadcast, addr.IsLoopback() && p == nil:
		return fmt.Errorf("%s: %w", addr, ErrNotUnicast)
	case p == nil && len(s.pools) > 0:
		return fmt.Errorf("%s: %w", addr, ErrNotServed)
	case !key.machine():
		return fmt.Errorf("%s for %s: %w", addr, key.client(), ErrNoMachine)
	}
	return nil
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// Unreserve ends a reservation, which is returned. A lease on the address stays
// until it ends. The error is ErrNotReserved.
func (s *Store) Unreserve(addr netip.Addr) (Lease, error) {
	l, ok := s.reservations[addr]
	if !ok {
		return Lease{}, fmt.Errorf("%s: %w", addr, ErrNotReserved)
	}
	s.dropReservation(addr)
	end := l
	end.State = unreserved
	s.note(end)
	return l, nil
}

// setReservation puts a reservation in force where it has a place, in the order
// of the journal: a later one goes before an earlier one.
func (s *Store) setReservation(l Lease) {
	if had, ok := s.reservedFor[l.Key]; ok && had != l.Addr {
		s.dropReservation(had)
	}
	if old, ok := s.reservations[l.Addr]; ok && old.Key != l.Key {
		s.dropReservation(l.Addr)
	}
	s.reservations[l.Addr], s.reservedFor[l.Key] = l, l.Addr
	p := s.home(l.Addr)
	if p == nil {
		return
	}
	p.reserve(number(l.Addr), l.Key)
	if held, ok := s.strangers[l.Addr]; ok && p.restore(held) {
		delete(s.strangers, l.Addr)
	}
}

func (s *Store) dropReservation(addr netip.Addr) {
	l, ok := s.reservations[addr]
	if !ok {
		return
	}
	delete(s.reservedFor, l.Key)
	delete(s.reservations, addr)
	if p := s.home(addr); p != nil {
		if held, out := p.unreserve(number(addr)); out {
			s.strangers[addr] = held
		}
	}
}

// home is the pool that an address belongs to: of several with its subnet the one
// that has it in its ranges. nil: none does.
func (s *Store) home(addr netip.Addr) *Pool {
	var home *Pool
	for _, p := range s.pools {
		switch {
		case !p.subnet.Contains(addr):
		case p.Has(addr):
			return p
		case home == nil:
			home = p
		}
	}
	return home
}

// at is the lease on an address, wherever it is kept.
func (s *Store) at(addr netip.Addr) (Lease, bool) {
	if p := s.home(addr); p != nil {
		if l, ok := p.At(addr); ok {
			return l, true
		}
	}
	l, ok := s.strangers[addr]
	return l, ok
}

// note has the journal told of what was not done by a pool.
func (s *Store) note(l Lease) {
	if s.journal != nil {
		s.journal.append(l)
	}
}

// Reservations are all of Reserve, by address. Void are those of them that have no
// place in the pools.
func (s *Store) Reservations() (all, void []Lease) {
	for _, addr := range slices.SortedFunc(maps.Keys(s.reservations), netip.Addr.Compare) {
		l := s.reservations[addr]
		all = append(all, l)
		if p := s.home(addr); p == nil || !p.byHand(number(addr)) {
			void = append(void, l)
		}
	}
	return all, void
}

// Reservation is the address that Store.Reserve keeps for a client in this pool.
func (p *Pool) Reservation(key Key) (netip.Addr, bool) {
	n, ok := p.reservation[key]
	if !ok {
		return netip.Addr{}, false
	}
	return address(n), true
}

// byHand reports whether the address is one of Store.Reserve.
func (p *Pool) byHand(n uint32) bool {
	_, ok := p.reservedFor[n]
	return ok
}

// reserve takes an address out of what is for everybody, unless it was out of it
// before. What is there stays until it ends, in no queue.
func (p *Pool) reserve(n uint32, key Key) {
	if p.space.closed[n] {
		return
	}
	if i, ok := p.space.index(n); ok {
		p.space.mark(i, false)
		if e := p.byAddr[n]; e != nil {
			p.dequeue(e)
		}
	}
	p.space.closed[n] = true
	p.reservedFor[n], p.reservation[key] = key, n
}

// unreserve makes of an address again what the ranges make of it. The lease of one
// outside of them, which has no place here any more, is returned.
func (p *Pool) unreserve(n uint32) (l Lease, out bool) {
	key, ok := p.reservedFor[n]
	if !ok {
		return Lease{}, false
	}
	delete(p.reservedFor, n)
	delete(p.reservation, key)
	delete(p.space.closed, n)
	e := p.byAddr[n]
	i, open := p.space.index(n)
	switch {
	case open && e == nil:
		p.space.mark(i, true)
	case open:
		p.enqueue(e)
	case e != nil:
		p.remove(e)
		return e.lease(), e.state != Held
	}
	return Lease{}, false
}
