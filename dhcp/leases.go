package dhcp

import (
	"fmt"
	"net"
	"net/netip"
	"time"

	"pxe/dhcp/lease"
)

// KeyOfMAC is whose lease that of an Ethernet machine is, but for servers with
// Config.ByClientID.
func KeyOfMAC(mac net.HardwareAddr) lease.Key {
	return lease.Key(append([]byte{HTypeEthernet}, mac...))
}

// EditLeases makes changes to the leases, between two messages of clients. The
// error is that of lease.Store.Sync: nothing that was done is durable then, so
// that it may be lost when the server ends.
func (s *Server) EditLeases(edits []lease.Edit) ([]lease.Outcome, error) {
	now := s.time()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.edit(s.leases, edits, now), s.leases.Sync(now)
}

// CopyLeases is a copy of the leases in memory, for TryEdits.
func (s *Server) CopyLeases() (*lease.Store, error) {
	now := s.time()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.leases.Copy(s.cfg.Pools(), now)
}

// TryEdits makes changes to a copy alone, and tells what would come of them.
func (s *Server) TryEdits(of *lease.Store, edits []lease.Edit) []lease.Outcome {
	now := s.time()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.edit(of, edits, now)
}

func (s *Server) edit(leases *lease.Store, edits []lease.Edit, now time.Time) []lease.Outcome {
	outcomes := make([]lease.Outcome, len(edits))
	for i, e := range edits {
		if err := s.editable(e); err != nil {
			outcomes[i].Error = err.Error()
			continue
		}
		outcomes[i] = leases.Apply(e, now)
	}
	return outcomes
}

// editable refuses a reservation for a host that the configuration gives another
// address there, as that one would go before.
func (s *Server) editable(e lease.Edit) error {
	if e.Do != lease.EditReserve || len(e.Key) == 0 {
		return nil
	}
	h := s.hosts[string(e.Key[1:])]
	i, ok := s.cfg.subnetWith(e.Addr)
	if h == nil || !ok {
		return nil
	}
	if own := h.in(s.cfg.Subnets[i].Prefix); own.IsValid() {
		return fmt.Errorf("%s: the configuration gives the client %s", e.Addr, own)
	}
	return nil
}

// VoidReservations are those of lease.Store.Reserve that the configuration leaves
// no place for.
func (s *Server) VoidReservations() []lease.Lease {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.leases == nil {
		return nil
	}
	_, void := s.leases.Reservations()
	return void
}

// LeasesOutside is how many leases that have not ended are on addresses that are not
// served. They are kept until they end.
func (s *Server) LeasesOutside() int {
	now := s.time()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.leases == nil {
		return 0
	}
	return s.leases.Outside(now)
}

// PoolUse is how much of a subnet's addresses is in use.
type PoolUse struct {
	Subnet netip.Prefix
	Taken  int // leased, offered or in quarantine
	Size   int
}

// PoolsInUse tells of all subnets with ranges, in the order of the configuration;
// subnets with the same network count as one. A proxy has none.
func (s *Server) PoolsInUse(now time.Time) []PoolUse {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.leases == nil {
		return nil
	}
	var all []PoolUse
	at := make(map[netip.Prefix]int)
	for i := range s.cfg.Subnets {
		pool := s.leases.Pool(i)
		j, ok := at[pool.Subnet()]
		if !ok {
			j = len(all)
			at[pool.Subnet()] = j
			all = append(all, PoolUse{Subnet: pool.Subnet()})
		}
		all[j].Taken += pool.Taken(now)
		all[j].Size += pool.Size()
	}
	return all
}
