package dhcp

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pxe/dhcp/lease"
)

const squatterMAC = "52:54:00:66:66:66"

// fakeProber is a network on which some addresses are taken.
type fakeProber struct {
	wait time.Duration // until it answers
	err  error

	mu     sync.Mutex
	taken  map[netip.Addr]bool
	all    bool // every address is
	probed []netip.Addr
	now    int
	most   int // at the same time
}

func (f *fakeProber) Probe(ctx context.Context, addr netip.Addr, client net.HardwareAddr) (net.HardwareAddr, error) {
	f.mu.Lock()
	f.probed = append(f.probed, addr)
	f.now++
	f.most = max(f.most, f.now)
	taken := f.taken[addr] || f.all
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		f.now--
		f.mu.Unlock()
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(f.wait):
	}
	if taken {
		return mac(squatterMAC), nil
	}
	return nil, f.err
}

// probingServer serves on a connection that probes. Everything but the cleanup
// happens at the bubble's time.
type probingServer struct {
	*Server
	*testConn
	*fakeProber
	t     *testing.T
	begin time.Time
	end   func()

	mu     sync.Mutex
	events []Event
}

func serveProbing(t *testing.T, cfg Config, prober *fakeProber) *probingServer {
	t.Helper()
	store, err := lease.Open("", cfg.Pools(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(cfg, store)
	if err != nil {
		t.Fatal(err)
	}
	p := &probingServer{Server: s, testConn: newTestConn(), fakeProber: prober, t: t, begin: time.Now()}
	s.OnEvent = func(e Event) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.events = append(p.events, e)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	conn := struct {
		Conn
		Prober
	}{p.testConn, prober}
	go func() { done <- s.Serve(ctx, conn, toServer.Addr()) }()
	p.end = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	t.Cleanup(p.end)
	return p
}

// discover sends the DISCOVER of a client that wishes for an address; "" wishes
// for none.
func (p *probingServer) discover(client byte, wish string) {
	m := ask(TypeDiscover)
	m.CHAddr[5] = client
	if wish != "" {
		m.Options = append(m.Options, optAddr(OptionRequestedAddress, wish))
	}
	p.in <- datagram(m)
}

// offer waits for an OFFER and returns its address and when it left.
func (p *probingServer) offer() (netip.Addr, time.Duration) {
	p.t.Helper()
	select {
	case d := <-p.written:
		m, err := Parse(d.Payload)
		if err != nil || m.Type() != TypeOffer {
			p.t.Fatalf("got %v, %v, want an OFFER", m, err)
		}
		return m.YIAddr, time.Since(p.begin)
	case <-time.After(time.Minute):
		p.t.Fatal("no OFFER")
		panic("unreachable")
	}
}

func (p *probingServer) kinds() []EventKind {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return kinds(p.events)
}

func TestProbeBeforeOffer(t *testing.T) {
	const wait = 300 * time.Millisecond
	tests := []struct {
		name   string
		prober fakeProber
		try    func(p *probingServer)
		want   time.Duration // until the OFFER of .150
		events []EventKind
		probed []string
	}{
		{
			"nobody has it", fakeProber{wait: wait},
			func(p *probingServer) { p.discover(1, "192.168.122.150") },
			wait, []EventKind{EventOffer}, []string{"192.168.122.150"},
		},
		{
			"the same DISCOVER again meanwhile", fakeProber{wait: wait},
			func(p *probingServer) {
				for range 3 {
					p.discover(1, "192.168.122.150")
					time.Sleep(wait / 4)
				}
			},
			wait, []EventKind{EventOffer}, []string{"192.168.122.150"},
		},
		{
			"found free a short while ago", fakeProber{wait: wait},
			func(p *probingServer) {
				p.discover(1, "192.168.122.150")
				p.offer()
				time.Sleep(probeValid - time.Millisecond)
				p.discover(1, "192.168.122.150")
			},
			wait + probeValid - time.Millisecond, []EventKind{EventOffer, EventOffer}, []string{"192.168.122.150"},
		},
		{
			"found free long ago", fakeProber{wait: wait},
			func(p *probingServer) {
				p.discover(1, "192.168.122.150")
				p.offer()
				time.Sleep(probeValid)
				p.discover(1, "192.168.122.150")
			},
			wait + probeValid + wait, []EventKind{EventOffer, EventOffer}, []string{"192.168.122.150", "192.168.122.150"},
		},
		{
			"its own from before", fakeProber{wait: wait, all: true},
			func(p *probingServer) {
				p.Server.mu.Lock()
				defer p.Server.mu.Unlock()
				c := lease.Client{Key: keyOf(with(ask(TypeDiscover), func(m *Message) { m.CHAddr[5] = 1 }), false)}
				if err := p.leases.Pool(0).Commit(c, addr("192.168.122.150"), time.Second, time.Now().Add(-time.Hour)); err != nil {
					p.t.Error(err)
				}
				p.discover(1, "")
			},
			0, []EventKind{EventOffer}, nil,
		},
		{
			"a probe that fails", fakeProber{wait: wait, err: errors.New("network is down")},
			func(p *probingServer) { p.discover(1, "192.168.122.150") },
			wait, []EventKind{EventUnprobed, EventOffer}, []string{"192.168.122.150"},
		},
		{
			"a probe without end", fakeProber{wait: time.Hour},
			func(p *probingServer) { p.discover(1, "192.168.122.150") },
			probeTime, []EventKind{EventUnprobed, EventOffer}, []string{"192.168.122.150"},
		},
	}
	for i := range tests {
		tt := &tests[i]
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := serveProbing(t, classic(), &tt.prober)
				tt.try(p)
				got, after := p.offer()
				if got != addr("192.168.122.150") || after != tt.want {
					t.Errorf("%s is offered after %s, want 192.168.122.150 after %s", got, after, tt.want)
				}
				if diff := cmp.Diff(tt.events, p.kinds()); diff != "" {
					t.Errorf("events (-want +got):\n%s", diff)
				}
				var probed []string
				for _, a := range p.probed {
					probed = append(probed, a.String())
				}
				if !slices.Equal(probed, tt.probed) {
					t.Errorf("probed %v, want %v", probed, tt.probed)
				}
			})
		})
	}
}

// TestHostsAndRelayedClientsAreNotProbed has the two that get an address which
// is not in question, or on a wire that is not ours.
func TestHostsAndRelayedClientsAreNotProbed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := serveProbing(t, fullConfig(), &fakeProber{all: true})
		p.in <- datagram(with(ask(TypeDiscover), func(m *Message) { m.CHAddr = mac(hostMAC) }))
		if got, _ := p.offer(); got != addr("192.168.122.7") {
			t.Errorf("the host is offered %s", got)
		}
		p.in <- datagram(with(ask(TypeDiscover), func(m *Message) { m.GIAddr = addr("10.1.0.1") }))
		p.offer()
		if len(p.probed) > 0 {
			t.Errorf("probed %v", p.probed)
		}
	})
}

// TestConflict has somebody on the address that the client would get: it is set
// aside, and the client gets another one at once.
func TestConflict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := serveProbing(t, classic(), &fakeProber{
			wait: 200 * time.Millisecond, taken: map[netip.Addr]bool{addr("192.168.122.150"): true},
		})
		p.discover(1, "192.168.122.150")
		got, after := p.offer()
		if got == addr("192.168.122.150") || after != 400*time.Millisecond {
			t.Errorf("%s is offered after %s", got, after)
		}
		if diff := cmp.Diff([]EventKind{EventConflict, EventOffer}, p.kinds()); diff != "" {
			t.Fatalf("events (-want +got):\n%s", diff)
		}
		e := p.events[0]
		if e.Addr != addr("192.168.122.150") || e.Holder.String() != squatterMAC || e.Machine.MAC.String() != "52:54:00:12:34:01" || !e.Warning() ||
			!e.Time.Equal(p.begin.Add(200*time.Millisecond)) {
			t.Errorf("event %+v", e)
		}
		p.discover(2, "192.168.122.150")
		if got, _ := p.offer(); got == addr("192.168.122.150") {
			t.Error("another client is offered the address")
		}
	})
}

// TestConflictsEverywhere has a network on which everything is in use, as behind
// a router that answers for all: the tries of one DISCOVER end, and the next one
// goes on.
func TestConflictsEverywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := serveProbing(t, classic(), &fakeProber{wait: time.Millisecond, all: true})
		p.discover(1, "")
		want := append(slices.Repeat([]EventKind{EventConflict}, probeTries), EventIgnored)
		time.Sleep(probeTime)
		if diff := cmp.Diff(want, p.kinds()); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		p.fakeProber.mu.Lock()
		p.all = false
		p.fakeProber.mu.Unlock()
		p.discover(1, "")
		if got, _ := p.offer(); slices.Contains(p.probed[:probeTries], got) {
			t.Errorf("offered %s, which is in use", got)
		}
	})
}

// TestSlowConflict uses the time up with the first address: the OFFER of the
// second leaves all the same.
func TestSlowConflict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := serveProbing(t, classic(), &fakeProber{
			wait: 300 * time.Millisecond, taken: map[netip.Addr]bool{addr("192.168.122.150"): true},
		})
		p.discover(1, "192.168.122.150")
		if got, after := p.offer(); got == addr("192.168.122.150") || after != probeTime {
			t.Errorf("%s is offered after %s", got, after)
		}
		if diff := cmp.Diff([]EventKind{EventConflict, EventUnprobed, EventOffer}, p.kinds()); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

// TestProbesDoNotHoldUpOthers answers an INFORM, and another client's DISCOVER,
// while the first one waits.
func TestProbesDoNotHoldUpOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := serveProbing(t, classic(), &fakeProber{wait: 300 * time.Millisecond})
		p.discover(1, "")
		synctest.Wait()
		p.in <- datagram(with(ask(TypeInform), func(m *Message) { m.CIAddr = addr("192.168.122.9") }))
		if m, err := Parse((<-p.written).Payload); err != nil || m.Type() != TypeAck || time.Since(p.begin) != 0 {
			t.Errorf("got %v, %v after %s, want an ACK at once", m, err, time.Since(p.begin))
		}
		p.discover(2, "")
		first, after := p.offer()
		second, after2 := p.offer()
		if first == second || after != 300*time.Millisecond || after2 != after {
			t.Errorf("%s after %s, %s after %s", first, after, second, after2)
		}
	})
}

// TestProbeFlood has more new clients than probes may be under way.
func TestProbeFlood(t *testing.T) {
	const clients = 2 * probesAtOnce
	synctest.Test(t, func(t *testing.T) {
		cfg := classic()
		cfg.Subnets[0].Prefix = netip.MustParsePrefix("192.168.0.0/16")
		cfg.Subnets[0].Ranges = []lease.Range{{First: addr("192.168.1.0"), Last: addr("192.168.9.255")}}
		p := serveProbing(t, cfg, &fakeProber{wait: 300 * time.Millisecond})
		p.onWrite = func(Datagram) error { return nil }
		for n := range clients {
			m := ask(TypeDiscover)
			m.CHAddr[4], m.CHAddr[5] = byte(n>>8), byte(n)
			p.in <- datagram(m)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if offers, unprobed := p.Count(EventOffer), p.Count(EventUnprobed); offers != clients || unprobed != clients-probesAtOnce {
			t.Errorf("%d OFFERs, %d of them unprobed, want %d and %d", offers, unprobed, clients, clients-probesAtOnce)
		}
		if p.most != probesAtOnce {
			t.Errorf("%d probes at once, want %d", p.most, probesAtOnce)
		}
		for _, e := range p.events {
			if e.Kind == EventUnprobed && (!e.Addr.IsValid() || !strings.Contains(e.Err.Error(), "256 probes")) {
				t.Fatalf("event %+v", e)
			}
		}
	})
}

// TestEndWhileProbing ends the server: no probe outlives it, no OFFER leaves.
func TestEndWhileProbing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := serveProbing(t, classic(), &fakeProber{wait: 300 * time.Millisecond, all: true})
		p.discover(1, "")
		synctest.Wait()
		p.end()
		if p.now != 0 || len(p.written) != 0 || len(p.events) != 0 || len(p.probed) != 1 {
			t.Errorf("%d of %d probes are under way, %d replies, events %v", p.now, len(p.probed), len(p.written), p.events)
		}
	})
}

// TestTakenWhileProbing has a client that takes its address, which it remembers,
// while an OFFER of it waits: it is not set aside, whoever else answers.
func TestTakenWhileProbing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := serveProbing(t, classic(), &fakeProber{wait: 300 * time.Millisecond, all: true})
		p.discover(1, "192.168.122.150")
		synctest.Wait()
		m := ask(TypeRequest, optAddr(OptionServerID, "192.168.122.1"), optAddr(OptionRequestedAddress, "192.168.122.150"))
		m.CHAddr[5] = 1
		p.in <- datagram(m)
		<-p.written // the ACK
		if got, _ := p.offer(); got != addr("192.168.122.150") {
			t.Errorf("offered %s, and the client has 192.168.122.150", got)
		}
		p.end()
		if l, _ := p.leases.Pool(0).At(addr("192.168.122.150")); l.State != lease.Bound {
			t.Errorf("the lease is %s", l.State)
		}
	})
}
