package lease

import "time"

// Reconfigure makes the pools anew, as Open would from the journal: a lease that
// has no place in them stays among those that are kept until they end, and one
// of those that has a place again gets it. Offers stay where their address is
// still to be had. On an error, one of New, nothing has changed.
//
// Pools from before are of no use any more. Nobody may use them or the store
// meanwhile.
func (s *Store) Reconfigure(pools []Config, now time.Time) error {
	next, err := s.Copy(pools, now)
	if err != nil {
		return err
	}
	s.pools, s.strangers = next.pools, next.strangers
	s.reservations, s.reservedFor = next.reservations, next.reservedFor
	s.record()
	return nil
}

// Copy is a store in memory with these pools, and the leases and offers that have a
// place in them, as Reconfigure would have it. What is done to it is nothing to s.
func (s *Store) Copy(pools []Config, now time.Time) (*Store, error) {
	next := newStore()
	if err := next.makePools(pools); err != nil {
		return nil, err
	}
	for _, l := range s.Leases(now) {
		next.restore(l)
	}
	for _, p := range s.pools {
		for _, e := range p.offered {
			next.holdAgain(e, now.Unix())
		}
	}
	return next, nil
}

// holdAgain keeps an offer of another store, unless its address is gone or
// somebody else's.
func (s *Store) holdAgain(e *entry, now int64) {
	for _, p := range s.pools {
		if c := (Client{Key: e.key, Name: e.name}); p.mayHave(c, e.addr, now) {
			p.holdFor(c, e.addr, e.until)
			return
		}
	}
}
