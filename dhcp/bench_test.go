package dhcp

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"pxe/dhcp/lease"
)

// BenchmarkExchange is the server's part of four-way exchanges with leases made
// durable, so many clients at the same time: from datagram to datagram, without
// the network.
func BenchmarkExchange(b *testing.B) {
	for _, clients := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			benchmarkExchange(b, clients, 0)
		})
	}
}

// BenchmarkExchangeAmong is the same beside so many leases of others.
func BenchmarkExchangeAmong(b *testing.B) {
	for _, leases := range []int{100, 10_000, 100_000} {
		b.Run(fmt.Sprintf("leases=%d", leases), func(b *testing.B) {
			benchmarkExchange(b, batchSize, leases)
		})
	}
}

func benchmarkExchange(b *testing.B, clients, others int) {
	cfg := classic()
	cfg.Servers = []netip.Addr{addr("10.0.0.1")}
	cfg.Subnets[0].Prefix = netip.MustParsePrefix("10.0.0.0/8")
	cfg.Subnets[0].Router = cfg.Servers[0]
	cfg.Subnets[0].Ranges = []lease.Range{{First: addr("10.1.0.0"), Last: addr("10.3.255.255")}}
	store, err := lease.Open(filepath.Join(b.TempDir(), "leases"), cfg.Pools(), testStart)
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	s, err := New(cfg, store)
	if err != nil {
		b.Fatal(err)
	}
	now := testStart
	for n := range others {
		c := lease.Client{Key: lease.Key(fmt.Sprintf("other %d", n))}
		a, err := store.Pool(0).Offer(c, netip.Addr{}, now)
		if err != nil {
			b.Fatal(err)
		}
		if err := store.Pool(0).Commit(c, a, time.Hour, now); err != nil {
			b.Fatal(err)
		}
	}
	if err := store.Sync(now); err != nil {
		b.Fatal(err)
	}

	var sent []Datagram
	p := &port{Conn: newTestConn()}
	p.probing = newProbing(b.Context(), s, p)
	p.Conn.(*testConn).onWrite = func(d Datagram) error { sent = append(sent, d); return nil }
	batch := make([]Datagram, clients)
	b.ReportAllocs()
	first := 0 // every round has new clients, in a pool that does not run out
	for b.Loop() {
		first = (first + clients) % 100_000
		sent = sent[:0]
		for i := range batch {
			batch[i] = datagram(benchClient(TypeDiscover, first+i))
		}
		s.handle(p, batch, now)
		for i, d := range sent {
			offer, err := Parse(d.Payload)
			if err != nil {
				b.Fatal(err)
			}
			m := benchClient(TypeRequest, first+i)
			m.Options = append(m.Options, addrOption(OptionServerID, cfg.Servers[0]), addrOption(OptionRequestedAddress, offer.YIAddr))
			batch[i] = datagram(m)
		}
		sent = sent[:0]
		s.handle(p, batch, now)
		if len(sent) != clients {
			b.Fatalf("%d ACKs for %d clients", len(sent), clients)
		}
	}
	b.ReportMetric(float64(b.N*clients)/b.Elapsed().Seconds(), "exchanges/s")
}

func benchClient(t MessageType, n int) *Message {
	return with(ask(t, biosOptions()...), func(m *Message) {
		m.CHAddr[3], m.CHAddr[4], m.CHAddr[5] = byte(n>>16), byte(n>>8), byte(n)
	})
}
