package tftp

import (
	"errors"
	"net/netip"
	"sync"
	"testing"
	"time"
)

func addrPortOf(addr string, port uint16) netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr(addr), port)
}

func TestLimitsPerSource(t *testing.T) {
	l := &Limits{PerSource: 2}
	now := time.Now()
	admit := func(addr string, port uint16, want error) func() {
		t.Helper()
		release, err := l.Admit(addrPortOf(addr, port), now)
		if !errors.Is(err, want) || (release == nil) != (want != nil) {
			t.Fatalf("%s port %d: %v, want %v", addr, port, err, want)
		}
		return release
	}
	first := admit("192.0.2.7", 1, nil)
	second := admit("::ffff:192.0.2.7", 2, nil)
	admit("192.0.2.7", 3, ErrSource)
	other := admit("192.0.2.8", 1, nil)
	first()
	first() // again, which must not count
	third := admit("192.0.2.7", 3, nil)
	admit("192.0.2.7", 4, ErrSource)
	for _, release := range []func(){second, third, other} {
		release()
	}
	if len(l.running) != 0 {
		t.Errorf("%d addresses are remembered that have no transfer", len(l.running))
	}
}

func TestLimitsRate(t *testing.T) {
	l := &Limits{PerSource: 1, Rate: 3, Window: 2 * time.Second}
	start := time.Now()
	for _, tt := range []struct {
		after  time.Duration
		client string
		want   error
	}{
		{0, "192.0.2.1", nil},
		{0, "192.0.2.1", ErrSource}, // does not count for the rate
		{500 * ms, "192.0.2.2", nil},
		{500 * ms, "192.0.2.3", nil},
		{600 * ms, "192.0.2.4", ErrRate},
		{1999 * ms, "192.0.2.4", ErrRate},
		{2000 * ms, "192.0.2.4", nil},
		{2000 * ms, "192.0.2.5", nil},
		{3999 * ms, "192.0.2.6", nil},
		{3999 * ms, "192.0.2.7", ErrRate},
		{9000 * ms, "192.0.2.7", nil},
		{-time.Hour, "192.0.2.8", nil}, // the clock was set
	} {
		if _, err := l.Admit(addrPortOf(tt.client, 1), start.Add(tt.after)); !errors.Is(err, tt.want) {
			t.Errorf("%s after %v: %v, want %v", tt.client, tt.after, err, tt.want)
		}
	}
}

func TestLimitsZero(t *testing.T) {
	var l Limits
	for range 1000 {
		if _, err := l.Admit(addrPortOf("192.0.2.1", 1), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
}

// As many are let in as may, whoever comes at the same time.
func TestLimitsConcurrent(t *testing.T) {
	l := &Limits{PerSource: 11}
	var wait sync.WaitGroup
	var mu sync.Mutex
	in, most, refused := 0, 0, 0
	for range 16 {
		wait.Go(func() {
			for range 500 {
				release, err := l.Admit(addrPortOf("192.0.2.1", 1), time.Time{})
				mu.Lock()
				if err != nil {
					refused++
					mu.Unlock()
					continue
				}
				in++
				most = max(most, in)
				mu.Unlock()
				mu.Lock()
				in--
				mu.Unlock()
				release()
			}
		})
	}
	wait.Wait()
	if most > 11 || len(l.running) != 0 {
		t.Errorf("%d at once, %d left behind, %d refused", most, len(l.running), refused)
	}
}
