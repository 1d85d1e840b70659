package dhcp

import (
	"net/netip"
	"slices"
)

// Reload goes on with another configuration, from one message to the next:
// leases, the counts of events, searches and probes go on, and offers as far as
// their addresses are still to be had. A lease of an address that nobody can
// have any more is kept until it ends, and is there again if the address comes
// back.
//
// The Servers and Proxy cannot change, as sockets belong to them. On an error,
// that of cfg.Validate, everything is as it was.
func (s *Server) Reload(cfg Config) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	now := s.time()
	s.mu.Lock()
	defer s.mu.Unlock()
	const why, hint = "cannot change while the server runs", "start it anew"
	switch {
	case !slices.Equal(cfg.Servers, s.cfg.Servers):
		return &ConfigError{Field: "server address", Problem: why, Hint: hint}
	case cfg.Proxy != s.cfg.Proxy:
		return &ConfigError{Field: "proxy", Problem: why, Hint: hint}
	}
	if s.leases != nil {
		if err := s.leases.Reconfigure(cfg.Pools(), now); err != nil {
			return err
		}
	}
	s.configure(cfg)
	return nil
}

// servers are our addresses, for those who do not hold the lock.
func (s *Server) servers() []netip.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cfg.Servers
}
