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
	p := newPool(t, testConfig("192.0.2.10", "192.0.2.10"))
	mustOffer(t, p, client(1), "", start)
	if _, err := p.Offer(client(2), netip.Addr{}, start.Add(59*time.Second)); !errors.Is(err, ErrExhausted) {
		t.Errorf("within the hold: %v, want ErrExhausted", err)
	}
	mustOffer(t, p, client(2), "", start.Add(time.Minute))
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

func TestCommitRefuses(t *testing.T) {
	cfg := testConfig("192.0.2.10", "192.0.2.99")
	cfg.Reserved = []netip.Addr{addr("192.0.2.50"), addr("192.0.2.200")}
	fixed := client(1)
	fixed.Fixed = addr("192.0.2.200")
	tests := []struct {
		name   string
		before func(p *Pool)
		client Client
		addr   string
		want   error
	}{
		{"outside of the ranges", nil, client(1), "192.0.2.100", ErrNotInPool},
		{"the router's", nil, client(1), "192.0.2.1", ErrNotInPool},
		{"reserved for another", nil, client(1), "192.0.2.50", ErrNotInPool},
		{"not IPv4", nil, client(1), "::1", ErrNotInPool},
		{"bound to another", func(p *Pool) { p.Commit(client(2), addr("192.0.2.10"), time.Hour, start) }, client(1), "192.0.2.10", ErrInUse},
		{"offered to another", func(p *Pool) { p.Offer(client(2), addr("192.0.2.10"), start) }, client(1), "192.0.2.10", ErrInUse},
		{"in quarantine", func(p *Pool) {
			p.Offer(client(1), addr("192.0.2.10"), start)
			p.Decline(client(1).Key, addr("192.0.2.10"), start)
		}, client(1), "192.0.2.10", ErrInUse},
		{"offered something else", func(p *Pool) { p.Offer(client(1), addr("192.0.2.10"), start) }, client(1), "192.0.2.11", ErrOtherAddress},
		{"bound to something else", func(p *Pool) { p.Commit(client(1), addr("192.0.2.10"), time.Hour, start) }, client(1), "192.0.2.11", ErrOtherAddress},
		{"has a reservation", nil, fixed, "192.0.2.10", ErrOtherAddress},
		{"its reservation is taken", func(p *Pool) {
			other := client(2)
			other.Fixed = addr("192.0.2.200")
			p.Commit(other, addr("192.0.2.200"), time.Hour, start)
		}, fixed, "192.0.2.10", nil},
		{"never offered, but free", nil, client(1), "192.0.2.10", nil},
		{"expired for another", func(p *Pool) { p.Commit(client(2), addr("192.0.2.10"), time.Second, start.Add(-time.Hour)) }, client(1), "192.0.2.10", nil},
		{"its own, expired", func(p *Pool) { p.Commit(client(1), addr("192.0.2.10"), time.Second, start.Add(-time.Hour)) }, client(1), "192.0.2.10", nil},
		{"expired on something else", func(p *Pool) { p.Commit(client(1), addr("192.0.2.11"), time.Second, start.Add(-time.Hour)) }, client(1), "192.0.2.10", nil},
		{"its reservation", nil, fixed, "192.0.2.200", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPool(t, cfg)
			if tt.before != nil {
				tt.before(p)
			}
			if err := p.Commit(tt.client, addr(tt.addr), time.Hour, start); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			check(t, p)
		})
	}
}

// TestCommitRoundsUp checks that a lease never ends before the client's own.
func TestCommitRoundsUp(t *testing.T) {
	p := newPool(t, testConfig("192.0.2.10", "192.0.2.99"))
	now := start.Add(300 * time.Millisecond)
	if err := p.Commit(client(1), addr("192.0.2.10"), time.Hour, now); err != nil {
		t.Fatal(err)
	}
	l, _ := p.Lookup(client(1).Key)
	if want := start.Add(time.Hour + time.Second); !l.Expires.Equal(want) {
		t.Errorf("expires %s, want %s", l.Expires, want)
	}
	if err := p.Commit(client(2), addr("192.0.2.11"), -1, now); err != nil {
		t.Fatal(err)
	}
	if l, _ := p.Lookup(client(2).Key); !l.Expires.IsZero() || l.Expired(now.AddDate(100, 0, 0)) {
		t.Errorf("a lease without end expires %s", l.Expires)
	}
}

func TestReleaseKeepsTheAddressForItsClient(t *testing.T) {
	p := newPool(t, testConfig("192.0.2.10", "192.0.2.11"))
	mustCommit(t, p, client(1), addr("192.0.2.10"), start)
	if err := p.Release(client(2).Key, addr("192.0.2.10"), start); !errors.Is(err, ErrNotHeld) {
		t.Errorf("release by another client: %v, want ErrNotHeld", err)
	}
	if err := p.Release(client(1).Key, addr("192.0.2.10"), start); err != nil {
		t.Fatal(err)
	}
	if got := mustOffer(t, p, client(2), "", start); got != addr("192.0.2.11") {
		t.Errorf("another client gets %s while a fresh address is left", got)
	}
	if got := mustOffer(t, p, client(1), "", start); got != addr("192.0.2.10") {
		t.Errorf("the client comes back to %s", got)
	}
	check(t, p)
}

func TestWithdraw(t *testing.T) {
	p := newPool(t, testConfig("192.0.2.10", "192.0.2.10"))
	mustOffer(t, p, client(1), "", start)
	p.Withdraw(client(1).Key)
	mustOffer(t, p, client(2), "", start)

	p = newPool(t, testConfig("192.0.2.10", "192.0.2.10"))
	mustCommit(t, p, client(1), addr("192.0.2.10"), start)
	p.Withdraw(client(1).Key)
	p.Withdraw(client(3).Key)
	if _, err := p.Offer(client(2), netip.Addr{}, start); !errors.Is(err, ErrExhausted) {
		t.Errorf("the binding went with the offer: %v", err)
	}
	check(t, p)
}

func TestDeclineQuarantine(t *testing.T) {
	p := newPool(t, testConfig("192.0.2.10", "192.0.2.10"))
	a := mustOffer(t, p, client(1), "", start)
	if err := p.Decline(client(2).Key, a, start); !errors.Is(err, ErrNotHeld) {
		t.Errorf("decline by another client: %v, want ErrNotHeld", err)
	}
	if err := p.Decline(client(1).Key, a, start); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Offer(client(1), a, start.Add(DefaultQuarantine-time.Second)); !errors.Is(err, ErrExhausted) {
		t.Errorf("within the quarantine: %v, want ErrExhausted", err)
	}
	mustOffer(t, p, client(1), "", start.Add(DefaultQuarantine))
	check(t, p)
}

// TestDeclineIsCapped checks that a client that declines whatever it gets
// cannot empty the pool.
func TestDeclineIsCapped(t *testing.T) {
	p := newPool(t, testConfig("192.0.2.10", "192.0.2.99"))
	for n := range 50 {
		a := mustOffer(t, p, client(1), "", start)
		if n%2 == 0 {
			mustCommit(t, p, client(1), a, start)
		}
		err := p.Decline(client(1).Key, a, start)
		if capped := n >= DefaultMaxDeclined; capped != errors.Is(err, ErrDeclinedTooMany) {
			t.Errorf("decline %d: %v", n+1, err)
		}
	}
	if len(p.temporary) != DefaultMaxDeclined {
		t.Errorf("%d addresses in quarantine, want %d", len(p.temporary), DefaultMaxDeclined)
	}
	check(t, p)
	later := start.Add(DefaultQuarantine)
	if err := p.Decline(client(1).Key, mustOffer(t, p, client(1), "", later), later); err != nil {
		t.Errorf("after the quarantine: %v", err)
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

// BenchmarkExchange is the pool's part of a four-way exchange for a new client,
// in a pool of the given number of leases.
func BenchmarkExchange(b *testing.B) {
	for _, leases := range []int{100, 1000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("leases=%d", leases), func(b *testing.B) {
			p := fullPool(b, leases)
			now := start.Add(2 * time.Hour) // every lease has expired
			for n := 0; b.Loop(); n++ {
				c := client(leases + n)
				a, err := p.Offer(c, netip.Addr{}, now)
				if err != nil {
					b.Fatal(err)
				}
				if err := p.Commit(c, a, time.Millisecond, now); err != nil {
					b.Fatal(err)
				}
				now = now.Add(time.Second)
			}
		})
	}
}

// fullPool has as many leases as addresses.
func fullPool(tb testing.TB, leases int) *Pool {
	first := addr("10.0.0.1")
	p := newPool(tb, Config{
		Subnet: netip.MustParsePrefix("10.0.0.0/8"),
		Ranges: []Range{{first, address(number(first) + uint32(leases) - 1)}},
	})
	for n := range leases {
		a := mustOffer(tb, p, client(n), "", start)
		mustCommit(tb, p, client(n), a, start)
	}
	return p
}
