package lease

import (
	"errors"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func mustReserve(t *testing.T, s *Store, c Client, a string) {
	t.Helper()
	if holder, err := s.Reserve(c.Key, c.Name, addr(a), start); err != nil || holder != (Lease{}) {
		t.Fatalf("reserve %s: held by %+v, %v", a, holder, err)
	}
}

// reserved is the client as a server asks for it.
func reserved(s *Store, n int) Client {
	c := client(n)
	c.Fixed, _ = s.Pool(0).Reservation(c.Key)
	return c
}

// TestReserve keeps an address inside and one outside of the ranges for two
// clients: over what others ask for, the end of a lease, new pools and restarts.
func TestReserve(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leases")
	cfg := testConfig("192.0.2.10", "192.0.2.11")
	s := openStore(t, path, cfg)
	mustReserve(t, s, client(1), "192.0.2.10")
	mustReserve(t, s, client(2), "192.0.2.200")
	mustReserve(t, s, client(2), "192.0.2.200") // once more is no fault

	want := []Lease{
		{Addr: addr("192.0.2.10"), Key: client(1).Key, Name: client(1).Name, State: Reserved},
		{Addr: addr("192.0.2.200"), Key: client(2).Key, Name: client(2).Name, State: Reserved},
	}
	now := start
	for _, step := range []struct {
		name string
		do   func()
	}{
		{"at once", func() {}},
		{"after a restart", func() { mustClose(t, s); s = openStore(t, path, cfg) }},
		{"in new pools", func() { mustReconfigure(t, s, now, cfg) }},
		{"in a rewritten journal", func() {
			if err := s.rewrite(now); err != nil {
				t.Fatal(err)
			}
			mustClose(t, s)
			s = openStore(t, path, cfg)
		}},
		{"when the leases are over", func() { now = now.Add(24 * time.Hour) }},
	} {
		step.do()
		if all, void := s.Reservations(); len(void) > 0 || cmp.Diff(want, all, cmpAddr) != "" {
			t.Fatalf("%s: reservations %+v, void %+v", step.name, all, void)
		}
		p := s.Pool(0)
		for n, a := range map[int]string{1: "192.0.2.10", 2: "192.0.2.200"} {
			if err := p.Commit(client(3), addr(a), time.Hour, now); !errors.Is(err, ErrNotInPool) {
				t.Errorf("%s: another client takes %s: %v", step.name, a, err)
			}
			if got := mustOffer(t, p, reserved(s, n), "", now); got != addr(a) {
				t.Errorf("%s: client %d gets %s, want %s", step.name, n, got, a)
			}
			if err := p.Commit(reserved(s, n), addr(a), time.Hour, now); err != nil {
				t.Errorf("%s: %v", step.name, err)
			}
		}
		if got := mustOffer(t, p, client(3), "192.0.2.10", now); got != addr("192.0.2.11") {
			t.Errorf("%s: another client gets %s", step.name, got)
		}
		if _, err := p.Offer(client(4), addr("192.0.2.10"), now); !errors.Is(err, ErrExhausted) {
			t.Errorf("%s: one client too many: %v", step.name, err)
		}
		if p.Size() != 1 {
			t.Errorf("%s: %d addresses for everybody, want 1", step.name, p.Size())
		}
		mustSync(t, s, now)
		check(t, p)
	}
	mustClose(t, s)
}

func TestReserveRefuses(t *testing.T) {
	cfg := testConfig("192.0.2.10", "192.0.2.99")
	cfg.Reserved = []netip.Addr{addr("192.0.2.50")}
	s := openStore(t, "", cfg)
	mustReserve(t, s, client(1), "192.0.2.10")
	for _, tt := range []struct {
		name string
		n    int
		addr string
		want error
	}{
		{"another client's", 2, "192.0.2.10", ErrReserved},
		{"a second one", 1, "192.0.2.11", ErrReserved},
		{"a configured host's", 2, "192.0.2.50", ErrConfigured},
		{"the router's", 2, "192.0.2.1", ErrExcluded},
		{"the broadcast address", 2, "192.0.2.255", ErrExcluded},
		{"another network", 2, "198.51.100.1", ErrNotServed},
		{"not IPv4", 2, "2001:db8::1", ErrNotServed},
	} {
		if _, err := s.Reserve(client(tt.n).Key, "", addr(tt.addr), start); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	if all, _ := s.Reservations(); len(all) != 1 {
		t.Errorf("reservations are %+v", all)
	}
	if _, err := s.Unreserve(addr("192.0.2.11")); !errors.Is(err, ErrNotReserved) {
		t.Errorf("unreserve: %v", err)
	}
	check(t, s.Pool(0))
}

// TestReserveWhatIsHeld leaves an address to its holder until its lease ends, and
// renews it no more.
func TestReserveWhatIsHeld(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leases")
	cfg := testConfig("192.0.2.10", "192.0.2.12")
	s := openStore(t, path, cfg)
	mustCommit(t, s.Pool(0), client(1), addr("192.0.2.10"), start)
	held, _ := s.Pool(0).At(addr("192.0.2.10"))
	holder, err := s.Reserve(client(2).Key, "", addr("192.0.2.10"), start)
	if err != nil || holder != held {
		t.Fatalf("the holder is %+v, %v; want %+v", holder, err, held)
	}
	mustClose(t, s)
	s = openStore(t, path, cfg)
	defer s.Close()
	p := s.Pool(0)
	if err := p.Commit(client(1), addr("192.0.2.10"), time.Hour, start); !errors.Is(err, ErrNotInPool) {
		t.Errorf("the holder renews: %v", err)
	}
	for _, step := range []struct {
		now  time.Time
		want bool
	}{{held.Expires.Add(-time.Second), false}, {held.Expires, true}} {
		if got := mustOffer(t, p, reserved(s, 2), "", step.now); (got == addr("192.0.2.10")) != step.want {
			t.Errorf("%s before the end its client gets %s", held.Expires.Sub(step.now), got)
		}
	}
	check(t, p)
}

// TestUnreserve gives addresses back to everybody; a lease on one outside of the
// ranges is kept until it ends, and found again by the next reservation.
func TestUnreserve(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leases")
	cfg := testConfig("192.0.2.10", "192.0.2.11")
	s := openStore(t, path, cfg)
	for n, a := range map[int]string{1: "192.0.2.10", 2: "192.0.2.200", 3: "192.0.2.11"} {
		mustReserve(t, s, client(n), a)
		if n < 3 {
			mustCommit(t, s.Pool(0), reserved(s, n), addr(a), start)
		}
	}
	for _, a := range []string{"192.0.2.10", "192.0.2.200", "192.0.2.11"} {
		if l, err := s.Unreserve(addr(a)); err != nil || l.Addr != addr(a) || l.State != Reserved {
			t.Fatalf("unreserve %s: %+v, %v", a, l, err)
		}
	}
	check(t, s.Pool(0))
	for range 2 {
		p := s.Pool(0)
		if all, _ := s.Reservations(); len(all) > 0 {
			t.Errorf("there is still %+v", all)
		}
		if err := p.Commit(client(4), addr("192.0.2.10"), time.Hour, start); !errors.Is(err, ErrInUse) {
			t.Errorf("the lease went with the reservation: %v", err)
		}
		if err := p.Commit(client(4), addr("192.0.2.200"), time.Hour, start); !errors.Is(err, ErrNotInPool) {
			t.Errorf("an address outside of the ranges: %v", err)
		}
		if got := mustOffer(t, p, client(4), "192.0.2.11", start); got != addr("192.0.2.11") {
			t.Errorf("got %s", got)
		}
		p.Withdraw(client(4).Key)
		mustClose(t, s)
		s = openStore(t, path, cfg)
	}
	defer s.Close()
	if holder, err := s.Reserve(client(5).Key, "", addr("192.0.2.200"), start); err != nil || holder.Key != client(2).Key {
		t.Errorf("the holder is %+v, %v", holder, err)
	}
	if _, err := s.Pool(0).Offer(reserved(s, 5), addr("192.0.2.10"), start); err != nil {
		t.Error(err)
	}
	check(t, s.Pool(0))
}

// TestReservationsWithoutPlace are kept, as the configuration may come back.
func TestReservationsWithoutPlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leases")
	s, err := Open(path, nil, start)
	if err != nil {
		t.Fatal(err)
	}
	mustReserve(t, s, client(1), "192.0.2.50")
	mustReserve(t, s, client(2), "198.51.100.1")
	mustReserve(t, s, client(3), "192.0.2.1")
	mustClose(t, s)

	cfg := testConfig("192.0.2.10", "192.0.2.99")
	cfg.Reserved = []netip.Addr{addr("192.0.2.50")}
	s = openStore(t, path, cfg)
	defer s.Close()
	if all, void := s.Reservations(); len(all) != 3 || len(void) != 3 {
		t.Errorf("reservations %+v, void %+v", all, void)
	}
	host := client(9)
	host.Fixed = addr("192.0.2.50")
	mustCommit(t, s.Pool(0), host, host.Fixed, start)
	cfg.Reserved = nil
	mustReconfigure(t, s, start, cfg)
	if a, ok := s.Pool(0).Reservation(client(1).Key); !ok || a != addr("192.0.2.50") {
		t.Errorf("in force is %v, %v", a, ok)
	}
}
