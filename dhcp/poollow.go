package dhcp

import (
	"fmt"
	"time"
)

// A pool is low when more than nine tenths of its addresses are taken, until
// less than eight are: one that wavers about its limit is told of once.
const (
	lowAbove = 0.9
	lowUntil = 0.8
)

// watchPools tells of pools that have become low.
func (s *Server) watchPools(now time.Time) {
	if s.leases == nil {
		return
	}
	var events []Event
	s.mu.Lock()
	for i := range s.cfg.Subnets {
		pool, prefix := s.leases.Pool(i), s.cfg.Subnets[i].Prefix
		taken, size := pool.Taken(now), pool.Size()
		share := float64(taken) / float64(size) // no number for an empty pool, which is never low
		switch {
		case share < lowUntil:
			delete(s.low, i)
		case share > lowAbove && !s.low[i]:
			s.low[i] = true
			reason := fmt.Sprintf("%d of %d addresses of %s are taken; a larger range or a shorter lease time leaves more", taken, size, prefix)
			events = append(events, Event{Time: now, Kind: EventPoolLow, Reason: reason, Taken: taken, Size: size})
		}
	}
	s.mu.Unlock()
	s.emit(events...)
}
