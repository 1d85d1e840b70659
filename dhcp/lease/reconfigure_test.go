package lease

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func mustReconfigure(t *testing.T, s *Store, now time.Time, cfgs ...Config) {
	t.Helper()
	if err := s.Reconfigure(cfgs, now); err != nil {
		t.Fatal(err)
	}
	for _, p := range s.pools {
		check(t, p)
	}
}

// TestReconfigure takes a range away and gives it back: every lease is still
// there, in the meantime for the next start too.
func TestReconfigure(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leases")
	wide, narrow := testConfig("192.0.2.10", "192.0.2.99"), testConfig("192.0.2.50", "192.0.2.99")
	s := openStore(t, path, wide)
	mustCommit(t, s.Pool(0), client(1), addr("192.0.2.10"), start)
	mustCommit(t, s.Pool(0), client(2), addr("192.0.2.60"), start)
	mustCommit(t, s.Pool(0), client(3), addr("192.0.2.61"), start)
	if err := s.Pool(0).Decline(client(3).Key, addr("192.0.2.61"), start); err != nil {
		t.Fatal(err)
	}
	want := s.Leases(start)

	mustReconfigure(t, s, start, narrow)
	if _, has := s.Pool(0).At(addr("192.0.2.10")); has || s.Pool(0).Taken(start) != 2 {
		t.Errorf("a lease in a range that is gone, or not two of those that stay: %d", s.Pool(0).Taken(start))
	}
	mustCommit(t, s.Pool(0), client(4), addr("192.0.2.70"), start) // written by the same journal
	mustSync(t, s, start)
	mustClose(t, s)
	s = openStore(t, path, narrow)
	defer s.Close()
	mustReconfigure(t, s, start, wide)
	if err := s.Pool(0).Release(client(4).Key, addr("192.0.2.70"), start); err != nil {
		t.Error(err)
	}
	got := s.Leases(start)
	if diff := cmp.Diff(want, got[1:], cmpAddr); diff != "" { // the one that was released has ended first
		t.Errorf("leases (-before +after):\n%s", diff)
	}
	if l, ok := s.Pool(0).Lookup(client(1).Key); !ok || l.Addr != addr("192.0.2.10") {
		t.Errorf("client 1 has %+v", l)
	}
}

// TestReconfigureOffers keeps what is on offer, where it can still be had.
func TestReconfigureOffers(t *testing.T) {
	now := start
	s := openStore(t, "", testConfig("192.0.2.10", "192.0.2.12"))
	ended := client(3)
	if err := s.Pool(0).Commit(ended, addr("192.0.2.12"), time.Minute, now); err != nil {
		t.Fatal(err)
	}
	now = now.Add(2 * time.Minute)
	mustOffer(t, s.Pool(0), client(1), "192.0.2.10", now)
	mustOffer(t, s.Pool(0), client(2), "192.0.2.11", now)
	if got := mustOffer(t, s.Pool(0), ended, "", now); got != addr("192.0.2.12") {
		t.Fatal(got)
	}
	mustReconfigure(t, s, now, testConfig("192.0.2.11", "192.0.2.13"))
	for _, a := range []string{"192.0.2.11", "192.0.2.12"} {
		if err := s.Pool(0).Commit(client(9), addr(a), time.Hour, now); err != ErrInUse {
			t.Errorf("%s, which is on offer to another: %v", a, err)
		}
	}
	if got := mustOffer(t, s.Pool(0), client(1), "", now); got != addr("192.0.2.13") {
		t.Errorf("the client whose offer is gone is offered %s", got)
	}
	if taken := s.Pool(0).Taken(now); taken != 3 {
		t.Errorf("%d addresses are taken, want 3", taken)
	}
}

// TestReconfigureMoves takes leases along from one subnet's list to another's.
func TestReconfigureMoves(t *testing.T) {
	a, b := testConfig("192.0.2.10", "192.0.2.19"), testConfig("192.0.2.20", "192.0.2.29")
	s := openStore(t, "", a, b)
	mustCommit(t, s.Pool(1), client(1), addr("192.0.2.20"), start)
	mustReconfigure(t, s, start, b)
	if _, has := s.Pool(0).At(addr("192.0.2.20")); !has {
		t.Error("the lease is gone")
	}
}

func TestReconfigureRefused(t *testing.T) {
	s := openStore(t, "", testConfig("192.0.2.10", "192.0.2.19"))
	mustCommit(t, s.Pool(0), client(1), addr("192.0.2.10"), start)
	before := s.Pool(0)
	if err := s.Reconfigure([]Config{testConfig("192.0.2.10", "192.0.2.19"), testConfig("192.0.2.9", "192.0.2.1")}, start); err == nil {
		t.Error("a range that runs backwards is taken")
	}
	if s.Pool(0) != before || len(s.pools) != 1 {
		t.Error("the store has changed")
	}
}
