package dhcp

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"pxe/dhcp/lease"
)

// modelServerState is the machine of the server: its clock, its disk, and the
// server while that runs. To the server it is the network too.
type modelServerState struct {
	m     *model
	disk  *modelDisk
	cfg   Config
	ahead time.Duration // of the server's clock before the true time

	server *Server // nil: does not run
	store  *lease.Store
	port   *port
	inbox  []Datagram
	// Of the batch that is being answered.
	events []Event
	sent   []*modelGrant

	crashIn   int // so many operations until the machine stops; 0: it does not
	crashed   bool
	fullUntil time.Time // until then writes fail
}

func newModelServer(m *model) *modelServerState {
	s := &modelServerState{m: m}
	s.disk = newModelDisk(m.rng, s.strike)
	s.cfg = s.config()
	s.cfg.ByClientID = m.rng.IntN(3) == 0
	return s
}

// config is the network of the moment: how large the ranges are, who is a host,
// how long leases last. In the calm there is room for everybody.
func (s *modelServerState) config() Config {
	rng := s.m.rng
	span := func(first netip.Addr, most int) []lease.Range {
		r := lease.Range{First: forward(first, rng.IntN(4))}
		r.Last = forward(r.First, 2+rng.IntN(most))
		if s.m.calm {
			r.Last = forward(r.First, 60)
		}
		return []lease.Range{r}
	}
	cfg := Config{
		Servers: []netip.Addr{modelServer},
		Subnets: []Subnet{
			{Prefix: netip.MustParsePrefix("192.168.122.0/24"), Ranges: span(addr("192.168.122.10"), 8), Router: modelServer},
			{Prefix: netip.MustParsePrefix("10.1.0.0/16"), Ranges: span(addr("10.1.1.0"), 6), Router: modelRelay},
		},
		Authoritative: rng.IntN(2) == 0,
		ByClientID:    s.cfg.ByClientID,
	}
	for i := range cfg.Subnets {
		sub := &cfg.Subnets[i]
		sub.LeaseTime = time.Duration(2+rng.IntN(8)) * time.Minute
		sub.MaxLeaseTime = 3 * sub.LeaseTime
		sub.BOOTP = rng.IntN(4) == 0
	}
	for n, addrs := range [][]netip.Addr{{addr("192.168.122.12"), addr("10.1.1.2")}, {addr("192.168.122.200")}} {
		if rng.IntN(2) == 0 {
			cfg.Hosts = append(cfg.Hosts, Host{MAC: modelMAC(n), Addrs: addrs})
		}
	}
	return cfg
}

// forward is the address so many further on.
func forward(a netip.Addr, n int) netip.Addr {
	for range n {
		a = a.Next()
	}
	return a
}

func (s *modelServerState) clock() time.Time { return s.m.now.Add(s.ahead) }

var (
	errModelCrash = errors.New("the machine has stopped")
	errModelFull  = errors.New("no space left on device")
)

// operation counts towards a crash. After one nothing happens any more.
func (s *modelServerState) operation() error {
	if s.crashIn > 0 {
		s.crashIn--
		s.crashed = s.crashed || s.crashIn == 0
	}
	if s.crashed {
		return errModelCrash
	}
	return nil
}

// strike is that of the disk.
func (s *modelServerState) strike() error {
	if err := s.operation(); err != nil {
		return err
	}
	if s.m.now.Before(s.fullUntil) && s.m.rng.IntN(3) > 0 {
		return errModelFull
	}
	return nil
}

// start opens the leases and serves, or tries it again later.
func (s *modelServerState) start() {
	if s.server != nil {
		return
	}
	store, err := lease.OpenOn(s.disk, "/leases", s.cfg.Pools(), s.clock())
	switch {
	case s.crashed:
		s.m.counts["crash at start"]++
		s.crash()
		return
	case errors.Is(err, errModelFull):
		s.m.after(5*time.Second, s.start)
		return
	case err != nil:
		s.m.fail("the server does not start: %v", err)
		return
	}
	server, err := New(s.cfg, store)
	if err != nil {
		s.m.fail("%v", err)
		return
	}
	s.m.note("the server starts, its clock %s ahead", s.ahead)
	server.Now = s.clock
	server.OnEvent = func(e Event) { s.events = append(s.events, e) }
	s.server, s.store = server, store
	s.port = &port{Conn: s, local: modelServer}
	s.port.probing = newProbing(context.Background(), server, s.port)
	s.m.book.started(store)
}

// arrive is a datagram at the server, which takes what comes within a moment as
// one batch.
func (s *modelServerState) arrive(d Datagram) {
	if s.server == nil {
		return
	}
	if s.inbox = append(s.inbox, d); len(s.inbox) == 1 {
		s.m.after(time.Duration(s.m.rng.IntN(100))*time.Millisecond, s.answer)
	}
}

func (s *modelServerState) answer() {
	if s.server == nil || len(s.inbox) == 0 {
		return
	}
	batch := s.inbox[:min(len(s.inbox), batchSize)]
	s.inbox = nil
	s.events, s.sent = nil, nil
	s.m.counts["message"] += len(batch)
	s.server.handle(s.port, batch, s.clock())
	s.m.book.settle(batch, s.events, s.sent, s.crashed)
	if s.crashed {
		s.crash()
	}
}

// Write is a reply that leaves.
func (s *modelServerState) Write(d Datagram) error {
	if err := s.operation(); err != nil {
		return err
	}
	msg, err := Parse(d.Payload)
	if err != nil {
		s.m.fail("a reply that does not parse: %v", err)
		return nil
	}
	c := s.m.clientOf(msg.CHAddr)
	s.m.note("server to client %d: %s %s", c.n, msg.Type(), msg.YIAddr)
	var g *modelGrant
	if t := msg.Type(); isSet(msg.YIAddr) && (t == TypeAck || t == TypeBOOTP) {
		g = s.m.book.grant(c, msg)
		s.sent = append(s.sent, g)
	}
	if msg.Type() == TypeAck && !isSet(msg.YIAddr) && msg.Options.Has(OptionLeaseTime) {
		s.m.fail("an answer to INFORM tells client %d of a lease", c.n)
	}
	s.m.toClient(d, msg, g)
	return nil
}

func (s *modelServerState) ReadBatch([]Datagram) (int, error) { return 0, errModelCrash }
func (s *modelServerState) SetReadDeadline(time.Time) error   { return nil }

// disturb does something to the server.
func (s *modelServerState) disturb() {
	rng := s.m.rng
	switch n := rng.IntN(40); {
	case n < 4:
		s.ahead += time.Duration(rng.ExpFloat64()*120) * time.Second
		s.m.counts["clock jump"]++
		s.m.book.jumped()
		s.m.note("the server's clock is %s ahead", s.ahead)
	case n < 8:
		s.m.book.lapse()
		s.ahead -= time.Duration(rng.IntN(30_000)) * time.Millisecond
		s.m.note("the server's clock is %s ahead", s.ahead)
	case s.server == nil:
	case n < 15:
		s.reload(s.config())
	case n < 20:
		s.crash()
	case n < 29:
		s.crashIn = 1 + rng.IntN(8)
	case n < 32:
		s.stop()
	case n < 34:
		s.fullUntil = s.m.now.Add(time.Duration(rng.IntN(120)) * time.Second)
	default:
		s.edit()
	}
}

func (s *modelServerState) relax() {
	s.crashIn, s.fullUntil = 0, time.Time{}
	s.cfg = s.config()
	if s.server != nil {
		s.reload(s.cfg)
	}
	s.start()
}

func (s *modelServerState) reload(cfg Config) {
	s.m.counts["reload"]++
	s.m.note("reload: ranges %s and %s, %d hosts", cfg.Subnets[0].Ranges, cfg.Subnets[1].Ranges, len(cfg.Hosts))
	if err := s.server.Reload(cfg); err != nil {
		s.m.fail("reload: %v", err)
	}
	s.cfg = cfg
	clear(s.m.book.offers) // of an address that is gone; others stay
}

// crash ends the server without a warning: by SIGKILL, or by a loss of power.
func (s *modelServerState) crash() {
	if s.m.rng.IntN(2) == 0 {
		s.m.note("the server is killed")
		s.m.counts["kill"]++
		s.disk.kill()
	} else {
		s.m.note("the server loses its power")
		s.m.counts["loss of power"]++
		s.disk.cut()
	}
	s.m.book.crashed()
	s.ended()
}

// stop ends the server in order. What cannot be written then is lost.
func (s *modelServerState) stop() {
	err := s.store.Close()
	if err != nil || s.crashed {
		s.crash()
		return
	}
	s.m.note("the server stops")
	s.m.counts["stop"]++
	s.disk.kill()
	s.ended()
}

// ended is the server being away, for a while.
func (s *modelServerState) ended() {
	s.server, s.store, s.inbox = nil, nil, nil
	s.crashIn, s.crashed = 0, false
	clear(s.m.book.offers)
	down := time.Duration(s.m.rng.IntN(90)) * time.Second
	if s.m.rng.IntN(4) == 0 {
		s.crashIn = 1 + s.m.rng.IntN(6) // while it starts again
	}
	s.m.after(down, s.start)
}

// edit keeps an address for a client, or no more.
func (s *modelServerState) edit() {
	sub := s.cfg.Subnets[s.m.rng.IntN(2)]
	a := forward(sub.Ranges[0].First, s.m.rng.IntN(10))
	c := s.m.clients[s.m.rng.IntN(len(s.m.clients))]
	e := lease.Edit{Do: lease.EditReserve, Addr: a, Key: KeyOfMAC(c.mac)}
	if s.m.rng.IntN(3) == 0 {
		e = lease.Edit{Do: lease.EditUnreserve, Addr: a}
	}
	outcomes, err := s.server.EditLeases([]lease.Edit{e})
	s.m.note("%s %s for client %d: %q, %v", e.Do, a, c.n, outcomes[0].Error, err)
	if outcomes[0].Error == "" {
		s.m.counts["reservation"]++
		s.m.book.edited(e, c, err == nil)
	}
	if s.crashed {
		s.crash()
	}
}
