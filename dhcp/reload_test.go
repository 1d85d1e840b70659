package dhcp

import (
	"errors"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pxe/dhcp/lease"
)

// moved is the classic network with its range elsewhere, and another file.
func moved() Config {
	cfg := classic()
	cfg.Subnets[0].Ranges = []lease.Range{{First: addr("192.168.122.10"), Last: addr("192.168.122.50")}}
	cfg.Boot.File = "lpxelinux.0"
	return cfg
}

func mustReload(t testing.TB, s *Server, cfg Config) {
	t.Helper()
	if err := s.Reload(cfg); err != nil {
		t.Fatal(err)
	}
}

// TestReload replaces the range, and brings it back.
func TestReload(t *testing.T) {
	s := newServer(t, classic())
	s.Now = func() time.Time { return testStart }
	had := bound(t, s, ask(TypeDiscover, biosOptions()...))
	renew := with(ask(TypeRequest), func(m *Message) { m.CIAddr = had })
	renewing := Request{Message: renew, Src: netip.AddrPortFrom(had, 68), Dst: toServer}

	mustReload(t, s, moved())
	if d := s.Decide(renewing, testStart); d.Reply == nil || d.Reply.Type() != TypeNak {
		t.Errorf("an address that is not given out any more is renewed: %+v", outcomeOf(d))
	}
	d := offered(t, s, ask(TypeDiscover, biosOptions()...))
	if a := d.Reply.YIAddr; a.Compare(addr("192.168.122.50")) > 0 || d.Reply.File != "lpxelinux.0" {
		t.Errorf("offered %s and %s", a, d.Reply.File)
	}

	mustReload(t, s, classic())
	if d := s.Decide(renewing, testStart); d.Reply == nil || d.Reply.Type() != TypeAck || d.Reply.YIAddr != had {
		t.Errorf("the lease of %s is gone: %+v", had, outcomeOf(d))
	}
}

// TestReloadRefused leaves everything as it is.
func TestReloadRefused(t *testing.T) {
	s := newServer(t, classic())
	had := bound(t, s, ask(TypeDiscover))
	for name, change := range map[string]func(*Config){
		"unsound":      func(c *Config) { c.Subnets[0].Router = addr("10.0.0.1") },
		"other server": func(c *Config) { c.Servers = []netip.Addr{addr("192.168.122.2")} },
		"proxy":        func(c *Config) { c.Proxy = true },
	} {
		cfg := moved()
		change(&cfg)
		var fault *ConfigError
		if err := s.Reload(cfg); !errors.As(err, &fault) || fault.Hint == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if d := offered(t, s, ask(TypeDiscover)); d.Reply.YIAddr != had {
		t.Errorf("offered %s, want %s", d.Reply.YIAddr, had)
	}
}

func TestReloadProxy(t *testing.T) {
	cfg := classic()
	cfg.Proxy = true
	s, err := New(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Boot.File = "other.0"
	mustReload(t, s, cfg)
	d := s.Decide(Request{Message: ask(TypeDiscover, biosOptions()...), Src: fromZero, Dst: toAll}, testStart)
	if d.Reply == nil || d.Reply.File != "other.0" {
		t.Errorf("%+v", outcomeOf(d))
	}
}

// TestReloadWhileServing serves clients on two ports, with the configuration
// being replaced all the time: each is answered by one or the other, and after
// the last change each has its address.
func TestReloadWhileServing(t *testing.T) {
	s, conn, _ := serving(t, classic(), "")
	s.OnEvent = func(Event) {}
	wide := classic()
	wide.Hosts = []Host{{MAC: mac(hostMAC), Addrs: []netip.Addr{addr("192.168.122.7")}}}
	wide.Subnets = append(wide.Subnets, Subnet{
		Prefix: netip.MustParsePrefix("10.1.0.0/16"), Ranges: []lease.Range{{First: addr("10.1.1.0"), Last: addr("10.1.1.255")}},
	})
	ends := make(chan struct{})
	var reloading sync.WaitGroup
	reloading.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-ends:
				return
			default:
				if err := s.Reload([]Config{classic(), wide}[i%2]); err != nil {
					t.Error(err)
				}
			}
		}
	})
	addrs := make(map[netip.Addr]bool)
	for n := range byte(60) {
		client := func(m *Message) { m.CHAddr[5] = n }
		conn.in <- datagram(with(ask(TypeDiscover, biosOptions()...), client))
		offer := written(t, conn)
		conn.in <- datagram(with(ask(TypeRequest, optAddr(OptionServerID, "192.168.122.1"), addrOption(OptionRequestedAddress, offer.YIAddr)), client))
		if ack := written(t, conn); ack.Type() != TypeAck || ack.YIAddr != offer.YIAddr || ack.File != "pxelinux.0" {
			t.Errorf("client %d got %s of %s", n, ack.Type(), ack.YIAddr)
		}
		addrs[offer.YIAddr] = true
	}
	close(ends)
	reloading.Wait()
	if leases := s.leases.Leases(time.Now()); len(addrs) != 60 || len(leases) != 60 {
		t.Errorf("%d addresses and %d leases, want 60", len(addrs), len(leases))
	}
	if s.Count(EventAck) != 60 {
		t.Errorf("counted %d ACKs, want 60", s.Count(EventAck))
	}
}

func written(t *testing.T, conn *testConn) *Message {
	t.Helper()
	m, err := Parse((<-conn.written).Payload)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestReloadDuringProbe lets a probe find somebody on an address that has moved
// to another pool in the meantime: it is set aside there, and the client offered
// what the new configuration has.
func TestReloadDuringProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := serveProbing(t, classic(), &fakeProber{wait: 100 * time.Millisecond, taken: map[netip.Addr]bool{addr("192.168.122.150"): true}})
		defer p.end()
		p.discover(1, "192.168.122.150")
		synctest.Wait()
		next := classic()
		next.Subnets = append([]Subnet{{Prefix: netip.MustParsePrefix("10.1.0.0/16"), Ranges: []lease.Range{{First: addr("10.1.1.0"), Last: addr("10.1.1.255")}}}}, next.Subnets...)
		mustReload(t, p.Server, next)
		if got, _ := p.offer(); got == addr("192.168.122.150") || !next.Subnets[1].Prefix.Contains(got) {
			t.Errorf("offered %s", got)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		if l, ok := p.leases.Pool(1).At(addr("192.168.122.150")); !ok || l.State != lease.Declined {
			t.Errorf("the address in use is %+v", l)
		}
	})
}
