package dhcp

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"time"
)

// When Watch looks for other servers: for the first time when a network that
// came up together with this server is ready, switches with spanning tree among
// it, then rarely, as every search makes other servers set an address aside.
const (
	WatchStart    = time.Minute
	WatchInterval = 5 * time.Minute
)

// Watch looks for other DHCP servers while this one serves, as FindServers does,
// until the context ends. One that it finds is told as EventForeignServer, and
// again only if it was not there in between; a search that fails is told as
// EventSearch. Nobody else may use the connection meanwhile.
//
// This server does not answer its own searches, on whatever interface it sees
// them: two of its interfaces may be on one wire.
func (s *Server) Watch(ctx context.Context, conn Conn, mac net.HardwareAddr, port uint16) {
	told := make(map[netip.Addr]bool)
	for wait := WatchStart; sleep(ctx, wait); wait = WatchInterval {
		found, err := s.search(ctx, conn, mac, port)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			s.emit(Event{Time: s.time(), Kind: EventSearch, Err: err})
			continue
		}
		now := make(map[netip.Addr]bool)
		for _, f := range found {
			if slices.Contains(s.servers(), f.Server) {
				continue // a question of ours that came back to us
			}
			now[f.Server] = true
			if !told[f.Server] {
				s.emit(Event{Time: s.time(), Kind: EventForeignServer, Server: f.Server, Addr: f.Offered, File: f.File})
			}
		}
		told = now
	}
}

func (s *Server) search(ctx context.Context, conn Conn, mac net.HardwareAddr, port uint16) ([]Found, error) {
	query := searchQuery(mac)
	s.mu.Lock()
	s.searches[query.XID] = mac.String()
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.searches, query.XID)
		s.mu.Unlock()
	}()
	return findServers(ctx, conn, query, port)
}

// sleep waits; it returns false when the context ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
