package lease

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func testConfig(ranges ...string) Config {
	cfg := Config{Subnet: netip.MustParsePrefix("192.0.2.0/24"), Excluded: []netip.Addr{addr("192.0.2.1")}}
	for i := 0; i < len(ranges); i += 2 {
		cfg.Ranges = append(cfg.Ranges, Range{addr(ranges[i]), addr(ranges[i+1])})
	}
	return cfg
}

func newPool(t testing.TB, cfg Config) *Pool {
	t.Helper()
	p, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func client(n int) Client { return Client{Key: Key(fmt.Sprintf("client %d", n))} }

// check verifies that every address of the ranges is in exactly one place.
func check(t testing.TB, p *Pool) {
	t.Helper()
	fresh := 0
	for i := range p.space.size {
		n := p.space.at(i)
		free := p.space.fresh[i/64]&(1<<(i%64)) != 0
		e := p.byAddr[n]
		if _, open := p.space.index(n); !open {
			if free {
				t.Errorf("%s is fresh but not for everybody", address(n))
			}
			continue
		}
		if free {
			fresh++
		}
		if free != (e == nil) {
			t.Errorf("%s: fresh %v, entry %v", address(n), free, e)
		}
		if e != nil && (e.at < 0 || (*p.queueOf(e))[e.at] != e) {
			t.Errorf("%s is not in its queue", address(n))
		}
	}
	if fresh != p.space.left {
		t.Errorf("%d fresh addresses, counted %d", fresh, p.space.left)
	}
	for key, e := range p.byKey {
		if e.key != key || p.byAddr[e.addr] != e {
			t.Errorf("client %q points to an entry that is not its own", key)
		}
	}
}

func mustOffer(t testing.TB, p *Pool, c Client, want string, now time.Time) netip.Addr {
	t.Helper()
	var w netip.Addr
	if want != "" {
		w = addr(want)
	}
	a, err := p.Offer(c, w, now)
	if err != nil {
		t.Fatalf("offer to %q: %v", c.Key, err)
	}
	return a
}

func mustCommit(t testing.TB, p *Pool, c Client, a netip.Addr, now time.Time) {
	t.Helper()
	if err := p.Commit(c, a, time.Hour, now); err != nil {
		t.Fatalf("commit %s to %q: %v", a, c.Key, err)
	}
}

func TestOfferNeverGivesWhatIsNotForEverybody(t *testing.T) {
	cfg := testConfig("192.0.2.0", "192.0.2.7", "192.0.2.250", "192.0.2.255")
	cfg.Reserved = []netip.Addr{addr("192.0.2.3")}
	p := newPool(t, cfg)
	var got []string
	for n := range p.Size() {
		got = append(got, mustOffer(t, p, client(n), "", start).String())
	}
	slices.Sort(got)
	want := []string{"192.0.2.2", "192.0.2.250", "192.0.2.251", "192.0.2.252", "192.0.2.253", "192.0.2.254",
		"192.0.2.4", "192.0.2.5", "192.0.2.6", "192.0.2.7"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if _, err := p.Offer(client(99), netip.Addr{}, start); !errors.Is(err, ErrExhausted) {
		t.Errorf("one more offer: %v, want ErrExhausted", err)
	}
	check(t, p)
}

// TestOfferPrefers walks through the order of RFC 2131 4.3.1.
func TestOfferPrefers(t *testing.T) {
	cfg := testConfig("192.0.2.10", "192.0.2.99")
	cfg.Reserved = []netip.Addr{addr("192.0.2.200")}
	fixed := client(1)
	fixed.Fixed = addr("192.0.2.200")
	tests := []struct {
		name   string
		before func(p *Pool)
		client Client
		want   string
		expect string
	}{
		{"the reservation over everything", func(p *Pool) { p.Commit(client(1), addr("192.0.2.20"), time.Hour, start) }, fixed, "192.0.2.30", "192.0.2.200"},
		{"the binding over the wish", func(p *Pool) { p.Commit(client(1), addr("192.0.2.20"), time.Hour, start) }, client(1), "192.0.2.30", "192.0.2.20"},
		{"an expired binding over the wish", func(p *Pool) { p.Commit(client(1), addr("192.0.2.20"), time.Second, start.Add(-time.Hour)) }, client(1), "192.0.2.30", "192.0.2.20"},
		{"a released binding over the wish", func(p *Pool) {
			p.Commit(client(1), addr("192.0.2.20"), time.Hour, start)
			p.Release(client(1).Key, addr("192.0.2.20"), start)
		}, client(1), "192.0.2.30", "192.0.2.20"},
		{"the wish over any other", func(*Pool) {}, client(1), "192.0.2.30", "192.0.2.30"},
		{"the wish even if it was another's once", func(p *Pool) {
			p.Commit(client(2), addr("192.0.2.30"), time.Second, start.Add(-time.Hour))
		}, client(1), "192.0.2.30", "192.0.2.30"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPool(t, cfg)
			tt.before(p)
			if got := mustOffer(t, p, tt.client, tt.want, start); got != addr(tt.expect) {
				t.Errorf("offered %s, want %s", got, tt.expect)
			}
			check(t, p)
		})
	}
}

// TestOfferRefusesWish checks that a wish for what the client may not have
// gives it another address.
func TestOfferRefusesWish(t *testing.T) {
	cfg := testConfig("192.0.2.10", "192.0.2.19")
	cfg.Reserved = []netip.Addr{addr("192.0.2.11")}
	p := newPool(t, cfg)
	mustCommit(t, p, client(2), addr("192.0.2.12"), start)
	for _, wish := range []string{"192.0.2.1", "192.0.2.11", "192.0.2.12", "192.0.2.99", "198.51.100.1", "::1"} {
		if got := mustOffer(t, p, client(1), wish, start); got == addr(wish) {
			t.Errorf("got the wish %s", wish)
		}
	}
}

func TestOfferIsTheSameAgain(t *testing.T) {
	p := newPool(t, testConfig("192.0.2.10", "192.0.2.99"))
	first := mustOffer(t, p, client(1), "", start)
	if again := mustOffer(t, p, client(1), "", start.Add(30*time.Second)); again != first {
		t.Errorf("a repeated DISCOVER gets %s after %s", again, first)
	}
}

func TestOfferIsTheSameFromAnEmptyPool(t *testing.T) {
	cfg := testConfig("192.0.2.10", "192.0.2.99")
	first := mustOffer(t, newPool(t, cfg), client(1), "", start)
	if again := mustOffer(t, newPool(t, cfg), client(1), "", start); again != first {
		t.Errorf("a pool that lost its leases offers %s, was %s", again, first)
	}
}

func TestOfferEnds(t *testing.T) {
	p := newPool(t, testConfig("192.0.2.10", "192.0.2.11"))
	mustOffer(t, p, client(1), "192.0.2.10", start)
	if got := mustOffer(t, p, client(2), "192.0.2.10", start.Add(59*time.Second)); got == addr("192.0.2.10") {
		t.Error("within the hold another client gets it")
	}
	mustOffer(t, p, client(3), "192.0.2.10", start.Add(time.Minute))
	check(t, p)
}

// TestOldestExpiredIsTakenLast checks that affinity holds as long as it can:
// fresh addresses go first, then the one that has been expired for longest.
func TestOldestExpiredIsTakenLast(t *testing.T) {
	p := newPool(t, testConfig("192.0.2.10", "192.0.2.12"))
	p.Commit(client(1), addr("192.0.2.10"), 2*time.Second, start)
	p.Commit(client(2), addr("192.0.2.11"), time.Second, start)
	later := start.Add(time.Hour)
	for i, want := range []string{"192.0.2.12", "192.0.2.11", "192.0.2.10"} {
		if got := mustOffer(t, p, client(10+i), "", later); got != addr(want) {
			t.Errorf("offer %d is %s, want %s", i, got, want)
		}
	}
	check(t, p)
}

// TestScanDoesNotCostAffinity checks that offers nobody takes leave the
// addresses of expired clients alone.
func TestScanDoesNotCostAffinity(t *testing.T) {
	p := newPool(t, testConfig("192.0.2.10", "192.0.2.12"))
	p.Commit(client(1), addr("192.0.2.10"), time.Second, start)
	now := start.Add(time.Hour)
	for n := range 50 {
		mustOffer(t, p, client(100+n), "", now)
		now = now.Add(40 * time.Second)
	}
	if got := mustOffer(t, p, client(1), "", now); got != addr("192.0.2.10") {
		t.Errorf("the client comes back to %s", got)
	}
}

func TestReservationInUseByAnother(t *testing.T) {
	cfg := testConfig("192.0.2.10", "192.0.2.19")
	cfg.Reserved = []netip.Addr{addr("192.0.2.200")}
	p := newPool(t, cfg)
	other, fixed := client(2), client(1)
	other.Fixed, fixed.Fixed = addr("192.0.2.200"), addr("192.0.2.200")
	mustCommit(t, p, other, addr("192.0.2.200"), start)
	if got := mustOffer(t, p, fixed, "", start); got == fixed.Fixed {
		t.Error("two clients have the reservation")
	}
	if got := mustOffer(t, p, fixed, "", start.Add(2*time.Hour)); got != fixed.Fixed {
		t.Errorf("offered %s when the reservation is free again", got)
	}
	check(t, p)
}

func TestNewRefuses(t *testing.T) {
	tests := []struct {
		name   string
		ranges []Range
	}{
		{"backwards", []Range{{addr("192.0.2.9"), addr("192.0.2.1")}}},
		{"overlapping", []Range{{addr("192.0.2.1"), addr("192.0.2.9")}, {addr("192.0.2.9"), addr("192.0.2.20")}}},
		{"IPv6", []Range{{addr("2001:db8::1"), addr("2001:db8::9")}}},
		{"not set", []Range{{}}},
		{"everything", []Range{{addr("0.0.0.0"), addr("255.255.255.255")}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := New(Config{Subnet: netip.MustParsePrefix("192.0.2.0/24"), Ranges: tt.ranges}); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestEmptyPool(t *testing.T) {
	p := newPool(t, testConfig())
	if _, err := p.Offer(client(1), netip.Addr{}, start); !errors.Is(err, ErrExhausted) {
		t.Errorf("got %v, want ErrExhausted", err)
	}
}

// TestAbandonedOffersGoToOthers has a full pool of offers: young ones are kept,
// of those that nobody took the oldest goes first, and what is leased never.
func TestAbandonedOffersGoToOthers(t *testing.T) {
	p := newPool(t, testConfig("192.0.2.10", "192.0.2.13"))
	mustCommit(t, p, client(0), addr("192.0.2.10"), start)
	// An ended lease that is on offer again is an offer like the others.
	p.Commit(client(1), addr("192.0.2.11"), time.Second, start.Add(-time.Hour))
	mustOffer(t, p, client(1), "", start)
	mustOffer(t, p, client(2), "192.0.2.12", start.Add(time.Second))
	mustOffer(t, p, client(3), "192.0.2.13", start.Add(2*time.Second))
	mustOffer(t, p, client(2), "", start.Add(3*time.Second)) // asks again
	check(t, p)
	if a, err := p.Offer(client(4), netip.Addr{}, start.Add(9*time.Second)); !errors.Is(err, ErrExhausted) {
		t.Errorf("offers of 7 to 9 seconds: %s, %v, want ErrExhausted", a, err)
	}
	now := start.Add(13 * time.Second)
	for i, want := range []string{"192.0.2.11", "192.0.2.13", "192.0.2.12"} {
		if got := mustOffer(t, p, client(5+i), "", now); got != addr(want) {
			t.Errorf("offer %d is %s, want %s", i, got, want)
		}
	}
	if a, err := p.Offer(client(8), netip.Addr{}, now); !errors.Is(err, ErrExhausted) {
		t.Errorf("all are young again: %s, %v, want ErrExhausted", a, err)
	}
	if err := p.Commit(client(2), addr("192.0.2.12"), time.Hour, now); !errors.Is(err, ErrInUse) {
		t.Errorf("the client that waited too long: %v, want ErrInUse", err)
	}
	check(t, p)
}

// TestTaken counts what becomes of three addresses and of one that is reserved.
func TestTaken(t *testing.T) {
	cfg := testConfig("192.0.2.10", "192.0.2.13")
	cfg.Reserved = []netip.Addr{addr("192.0.2.13")}
	p := newPool(t, cfg)
	fixed := Client{Key: "fixed", Fixed: addr("192.0.2.13")}
	now := start
	want := func(what string, n int) {
		t.Helper()
		if got := p.Taken(now); got != n {
			t.Errorf("%s: %d are taken, want %d", what, got, n)
		}
		check(t, p)
	}
	want("empty", 0)
	mustCommit(t, p, fixed, fixed.Fixed, now)
	want("the reservation is for one alone", 0)
	mustOffer(t, p, client(1), "192.0.2.10", now)
	want("an offer", 1)
	mustCommit(t, p, client(1), addr("192.0.2.10"), now)
	want("its lease", 1)
	mustOffer(t, p, client(1), "", now)
	want("the lease offered again", 1)
	mustOffer(t, p, client(2), "192.0.2.11", now)
	p.Decline(client(2).Key, addr("192.0.2.11"), now)
	want("a quarantine", 2)
	now = now.Add(time.Hour)
	want("all have ended", 0)
	mustOffer(t, p, client(1), "", now)
	want("the ended lease is offered again", 1)
	p.Withdraw(client(1).Key)
	want("withdrawn", 0)
	mustCommit(t, p, client(1), addr("192.0.2.10"), now)
	if err := p.Release(client(1).Key, addr("192.0.2.10"), now); err != nil {
		t.Fatal(err)
	}
	want("released", 0)
}
