package lease

import (
	"errors"
	"net/netip"
	"testing"
	"time"
)

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

// TestLeaseIsNotCutShort checks that only a client that began anew, by a DISCOVER,
// gets a lease that ends sooner: of others, the ACK that says so may be lost, and
// they go on by the one before.
func TestLeaseIsNotCutShort(t *testing.T) {
	a := addr("192.0.2.10")
	commit := func(p *Pool, ttl time.Duration) error { return p.Commit(client(1), a, ttl, start) }
	renew := func(p *Pool, ttl time.Duration) error { return p.Renew(client(1), a, ttl, start) }
	tests := []struct {
		name    string
		offered bool
		bind    func(p *Pool, ttl time.Duration) error
		first   time.Duration
		ttl     time.Duration
		want    time.Duration // negative: for ever
	}{
		{"renewed for longer", false, renew, time.Hour, 2 * time.Hour, 2 * time.Hour},
		{"renewed for less", false, renew, time.Hour, time.Minute, time.Hour},
		{"renewed, held for ever", false, renew, -1, time.Minute, -1},
		{"renewed after an offer", true, renew, time.Hour, time.Minute, time.Hour},
		{"an old REQUEST", false, commit, time.Hour, time.Minute, time.Hour},
		{"begun anew", true, commit, time.Hour, time.Minute, time.Minute},
		{"begun anew after BOOTP", true, commit, -1, time.Minute, time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPool(t, testConfig("192.0.2.10", "192.0.2.99"))
			if err := commit(p, tt.first); err != nil {
				t.Fatal(err)
			}
			if tt.offered {
				mustOffer(t, p, client(1), "", start)
			}
			if err := tt.bind(p, tt.ttl); err != nil {
				t.Fatal(err)
			}
			want := start.Add(tt.want)
			if tt.want < 0 {
				want = time.Time{}
			}
			if l, _ := p.At(a); !l.Expires.Equal(want) {
				t.Errorf("expires %s, want %s", l.Expires, want)
			}
			check(t, p)
		})
	}
}

// TestTwoLeases checks that a client that has two leases may renew either: the
// configuration took the address of the longer one away, and gave it back.
func TestTwoLeases(t *testing.T) {
	all, less := testConfig("192.0.2.10", "192.0.2.99"), testConfig("192.0.2.50", "192.0.2.99")
	s, err := Open("", []Config{all}, start)
	if err != nil {
		t.Fatal(err)
	}
	bind := func(a string, ttl time.Duration) {
		t.Helper()
		if err := s.Pool(0).Commit(client(1), addr(a), ttl, start); err != nil {
			t.Fatal(err)
		}
	}
	reconfigure := func(cfg Config) {
		t.Helper()
		if err := s.Reconfigure([]Config{cfg}, start); err != nil {
			t.Fatal(err)
		}
	}
	bind("192.0.2.10", 2*time.Hour)
	reconfigure(less)
	bind("192.0.2.50", time.Hour)
	reconfigure(all)
	for _, a := range []string{"192.0.2.50", "192.0.2.10", "192.0.2.50"} {
		if err := s.Pool(0).Renew(client(1), addr(a), time.Hour, start); err != nil {
			t.Errorf("renewal of %s: %v", a, err)
		}
	}
	if err := s.Pool(0).Commit(client(1), addr("192.0.2.60"), time.Hour, start); !errors.Is(err, ErrOtherAddress) {
		t.Errorf("a third one: %v, want ErrOtherAddress", err)
	}
	check(t, s.Pool(0))
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
	if len(p.declined) != DefaultMaxDeclined {
		t.Errorf("%d addresses in quarantine, want %d", len(p.declined), DefaultMaxDeclined)
	}
	check(t, p)
	later := start.Add(DefaultQuarantine)
	if err := p.Decline(client(1).Key, mustOffer(t, p, client(1), "", later), later); err != nil {
		t.Errorf("after the quarantine: %v", err)
	}
}

// TestSetAside takes offers from clients without their doing: as often as it
// may be, they may still decline, and nobody gets the address.
func TestSetAside(t *testing.T) {
	p := newPool(t, testConfig("192.0.2.10", "192.0.2.39"))
	for range 2 * DefaultMaxDeclined {
		a := mustOffer(t, p, client(1), "", start)
		if err := p.SetAside(client(1).Key, a, start); err != nil {
			t.Fatal(err)
		}
		if l, ok := p.At(a); !ok || l.State != Declined || l.Key != "" || !l.Expires.Equal(start.Add(DefaultQuarantine)) {
			t.Errorf("%s is %+v", a, l)
		}
		if err := p.Commit(client(1), a, time.Hour, start); !errors.Is(err, ErrInUse) {
			t.Errorf("a commit of it: %v, want ErrInUse", err)
		}
		check(t, p)
	}
	a := mustOffer(t, p, client(1), "", start)
	if err := p.Decline(client(1).Key, a, start); err != nil {
		t.Errorf("a decline after that: %v", err)
	}
	a = mustOffer(t, p, client(1), "", start)
	mustCommit(t, p, client(1), a, start)
	for _, key := range []Key{client(1).Key, client(2).Key} {
		if err := p.SetAside(key, a, start); !errors.Is(err, ErrNotHeld) {
			t.Errorf("a lease of 1 for %q: %v, want ErrNotHeld", key, err)
		}
	}
	if left := p.Taken(start.Add(DefaultQuarantine)); left != 1 {
		t.Errorf("%d are taken after the quarantine, want the lease alone", left)
	}
}
