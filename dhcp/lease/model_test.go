package lease

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"testing"
	"time"
)

// promise is what the model knows a client to have been told.
type promise struct {
	key     Key
	expires time.Time
}

// model drives a store with clients that behave in every way, and restarts it
// in every way, while it keeps book of the leases that were acknowledged.
type model struct {
	t        *testing.T
	rng      *rand.Rand
	path     string
	cfg      Config
	store    *Store
	now      time.Time
	offered  map[Key]netip.Addr
	promised map[netip.Addr]promise // synced, so acknowledged
	unsynced map[netip.Addr]promise
	reserved map[netip.Addr]Key
}

// TestModel checks that, whatever clients do and however often the server is
// ended or killed, no address is held by two clients, and no acknowledged lease
// is forgotten before its time.
func TestModel(t *testing.T) {
	for seed := range uint64(30) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			cfg := testConfig("192.0.2.10", "192.0.2.17")
			cfg.Reserved = []netip.Addr{addr("192.0.2.12"), addr("192.0.2.200")}
			m := &model{
				t: t, rng: rand.New(rand.NewPCG(seed, 1)), cfg: cfg, now: start,
				path:     filepath.Join(t.TempDir(), "leases"),
				offered:  make(map[Key]netip.Addr),
				promised: make(map[netip.Addr]promise),
				unsynced: make(map[netip.Addr]promise),
				reserved: make(map[netip.Addr]Key),
			}
			m.open()
			for range 600 {
				m.step()
				check(t, m.store.Pool(0))
			}
			if err := m.store.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func (m *model) open() {
	var err error
	if m.store, err = Open(m.path, []Config{m.cfg}, m.now); err != nil {
		m.t.Fatal(err)
	}
}

func (m *model) client() Client {
	n := m.rng.IntN(14)
	c := client(n)
	if n < len(m.cfg.Reserved) {
		c.Fixed = m.cfg.Reserved[n]
	} else if a, ok := m.store.Pool(0).Reservation(c.Key); ok {
		c.Fixed = a
	}
	return c
}

func (m *model) anyAddr() netip.Addr {
	if m.rng.IntN(10) == 0 {
		return addr("192.0.2.200")
	}
	return address(number(addr("192.0.2.9")) + m.rng.Uint32N(12)) // some outside of the ranges
}

func (m *model) step() {
	p, c := m.store.Pool(0), m.client()
	switch m.rng.IntN(12) {
	case 0, 1:
		if a, err := p.Offer(c, m.anyAddr(), m.now); err == nil {
			m.free(a, c.Key)
			m.offered[c.Key] = a
		}
	case 2, 3:
		m.commit(c, m.offered[c.Key])
	case 4:
		m.commit(c, m.anyAddr())
	case 5:
		a := m.anyAddr()
		if p.Release(c.Key, a, m.now) == nil {
			delete(m.promised, a)
			delete(m.unsynced, a)
		}
	case 6:
		a := m.anyAddr()
		if err := p.Decline(c.Key, a, m.now); err != ErrNotHeld {
			delete(m.promised, a)
			delete(m.unsynced, a)
		}
	case 7:
		if m.rng.IntN(2) == 0 {
			p.Withdraw(c.Key)
		} else if a := m.anyAddr(); p.SetAside(c.Key, a, m.now) == nil {
			m.free(a, c.Key) // only what is on offer
		}
	case 8: // a server syncs before it waits
		m.sync()
		m.now = m.now.Add(time.Duration(m.rng.IntN(90)) * time.Second)
	case 9:
		m.restart()
	case 10:
		m.reconfigure()
	case 11:
		m.reserve(c)
	}
}

// reserve keeps an address for a client, or no more. Nobody loses a lease by it.
func (m *model) reserve(c Client) {
	a := m.anyAddr()
	if m.rng.IntN(2) == 0 {
		if _, err := m.store.Unreserve(a); err == nil {
			delete(m.reserved, a)
		}
	} else if _, err := m.store.Reserve(c.Key, c.Name, a, m.now); err == nil {
		m.reserved[a] = c.Key
	}
	m.sync()
	m.remembers()
}

// reconfigure takes half of the addresses away, and gives them back.
func (m *model) reconfigure() {
	half := testConfig("192.0.2.10", "192.0.2.13")
	for _, cfg := range []Config{half, m.cfg} {
		if err := m.store.Reconfigure([]Config{cfg}, m.now); err != nil {
			m.t.Fatal(err)
		}
		check(m.t, m.store.Pool(0))
	}
	m.sync()
	m.remembers()
}

func (m *model) commit(c Client, a netip.Addr) {
	ttl := time.Duration(1+m.rng.IntN(600)) * time.Second
	if m.store.Pool(0).Commit(c, a, ttl, m.now) == nil {
		m.free(a, c.Key)
		m.unsynced[a] = promise{c.Key, m.now.Add(ttl)}
	}
}

// free fails the test when somebody else was promised the address, or it is
// kept for somebody else.
func (m *model) free(a netip.Addr, key Key) {
	if other, ok := m.reserved[a]; ok && other != key {
		m.t.Fatalf("%s goes to %q, but is reserved for %q", a, key, other)
	}
	for _, book := range []map[netip.Addr]promise{m.promised, m.unsynced} {
		if p, ok := book[a]; ok && p.key != key && m.now.Before(p.expires) {
			m.t.Fatalf("%s goes to %q, but %q has it for %s more", a, key, p.key, p.expires.Sub(m.now))
		}
	}
}

func (m *model) restart() {
	if m.rng.IntN(2) == 0 { // killed, with commits that nobody was told of
		m.store.lock.Close()
		m.store.journal.file.Close()
		clear(m.unsynced)
	} else {
		if err := m.store.Close(); err != nil {
			m.t.Fatal(err)
		}
		m.acknowledge()
	}
	clear(m.offered)
	m.open()
	m.remembers()
}

// remembers fails the test when the store forgot what a client was promised.
func (m *model) remembers() {
	for a, p := range m.promised {
		l, ok := m.store.at(a)
		if m.now.Before(p.expires) && (!ok || l.Key != p.key || l.Expires.Before(p.expires)) {
			m.t.Fatalf("%q was promised %s until %s, the store has %+v", p.key, a, p.expires, l)
		}
	}
}

func (m *model) sync() {
	if err := m.store.Sync(m.now); err != nil {
		m.t.Fatal(err)
	}
	m.acknowledge()
}

func (m *model) acknowledge() {
	for a, p := range m.unsynced {
		m.promised[a] = p
	}
	clear(m.unsynced)
}
