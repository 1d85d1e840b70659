package lease

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"testing"
	"time"
)

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

// BenchmarkOpen is the start of a server with that many leases.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "leases")
	cfg := Config{Subnet: netip.MustParsePrefix("10.0.0.0/8"), Ranges: []Range{{addr("10.0.0.1"), addr("10.2.0.0")}}}
	s := openStore(b, path, cfg)
	for n := range 100_000 {
		c := Client{Key: Key(fmt.Sprintf("\x01%06d", n))}
		mustCommit(b, s.Pool(0), c, mustOffer(b, s.Pool(0), c, "", start), start)
	}
	mustClose(b, s)
	b.ReportAllocs()
	for b.Loop() {
		mustClose(b, openStore(b, path, cfg))
	}
}

// BenchmarkSync is a group of commits made durable.
func BenchmarkSync(b *testing.B) {
	for _, group := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("group=%d", group), func(b *testing.B) {
			s := openStore(b, filepath.Join(b.TempDir(), "leases"), testConfig("192.0.2.10", "192.0.2.99"))
			defer s.Close()
			for b.Loop() {
				for n := range group {
					mustCommit(b, s.Pool(0), client(n), address(number(addr("192.0.2.10"))+uint32(n)), start)
				}
				mustSync(b, s, start)
			}
			b.ReportMetric(float64(b.N*group)/b.Elapsed().Seconds(), "leases/s")
		})
	}
}
