package dhcp

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"pxe/dhcp/lease"
	"pxe/dhcp/once"
)

// Server answers DHCP clients. Make one with New.
//
// One server may serve several ports and interfaces at the same time: Serve and
// ServeBoot hold its lock around Decide and around the store, never while they
// read or send. Nobody else may use the store meanwhile.
type Server struct {
	// OnEvent is told of everything that happens, by the goroutine that serves,
	// so by several at a time if several ports are served, or if it watches for
	// other servers. It is called when the replies are out, but the next requests
	// wait until it returns. nil: nobody is told.
	OnEvent func(Event)
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Limits drop what is too much; nil means that nothing is.
	Limits *Limits
	// Once knows the machines of Settings.Once; nil: they are like others.
	Once *once.Store

	mu       sync.Mutex // guards Once and what follows
	cfg      Config
	hosts    map[string]*Host // by MAC
	byID     map[string]*Host // by client identifier
	networks [][]int          // of Config.networks
	leases   *lease.Store
	low      map[int]bool // subnets with few addresses left
	// searches are those under way for other servers: the MAC by the XID.
	searches map[uint32]string
	counts   [eventKinds]atomic.Uint64
}

// New makes a server. The store holds the pools of cfg.Pools; a proxy needs
// none. The error is that of cfg.Validate.
func New(cfg Config, leases *lease.Store) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Server{leases: leases, searches: make(map[uint32]string)}
	s.configure(cfg)
	return s, nil
}

func (s *Server) configure(cfg Config) {
	s.cfg, s.networks, s.low = cfg, cfg.networks(), make(map[int]bool)
	s.hosts, s.byID = make(map[string]*Host, len(cfg.Hosts)), make(map[string]*Host)
	for i := range s.cfg.Hosts {
		if h := &s.cfg.Hosts[i]; len(h.MAC) > 0 {
			s.hosts[string(h.MAC)] = h
		} else {
			s.byID[string(h.ClientID)] = h
		}
	}
}

// hostOf is the configured host that sent a message; nil: none did.
func (s *Server) hostOf(m *Message) *Host {
	if h := s.hosts[string(m.CHAddr)]; h != nil || len(s.byID) == 0 {
		return h
	}
	return s.byID[string(m.Options.Get(OptionClientID))]
}

// Serve answers on a DHCP port until the context ends, and then returns nil, or
// until the connection fails. Local is our address on the connection's wire, one
// of the Config's Servers.
func (s *Server) Serve(ctx context.Context, conn Conn, local netip.Addr) error {
	return s.serve(ctx, &port{Conn: conn, local: local})
}

// ServeBoot answers on the port of the PXE boot service, 4011, like Serve.
func (s *Server) ServeBoot(ctx context.Context, conn Conn, local netip.Addr) error {
	return s.serve(ctx, &port{Conn: conn, local: local, boot: true})
}

// Count is how many events of a kind there were since the start.
func (s *Server) Count(kind EventKind) uint64 { return s.counts[kind].Load() }

const (
	batchSize   = 64   // requests that share one sync of the leases
	maxDatagram = 2048 // more than fits a frame
)

// port is a connection that is being served.
type port struct {
	Conn
	local    netip.Addr
	boot     bool
	outcomes []outcome // of the batch
	probing  *probing

	sending sync.Mutex // guards what follows, and Write
	buf     []byte     // for the reply
}

// outcome is a decision, and the port that the client wrote to.
type outcome struct {
	Decision
	port uint16
}

func (s *Server) serve(ctx context.Context, p *port) error {
	stop := context.AfterFunc(ctx, func() { p.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	// A context of its own: whether the one above has ended tells why a read
	// does, and this one ends a moment later.
	probes, cancel := context.WithCancel(ctx)
	p.probing = newProbing(probes, s, p)
	defer p.probing.runs.Wait()
	defer cancel()
	batch := make([]Datagram, batchSize)
	for i := range batch {
		batch[i].Payload = make([]byte, maxDatagram)
	}
	for {
		n, err := p.ReadBatch(batch)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read requests: %w", err)
		}
		s.handle(p, batch[:n], s.time())
	}
}

func (s *Server) time() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// handle answers a batch, then tells what happened in it: no reply waits for
// whoever listens. All leases that it grants go to the disk with one sync;
// replies that grant none do not wait for it.
func (s *Server) handle(p *port, batch []Datagram, now time.Time) {
	p.outcomes = p.outcomes[:0]
	s.refreshOnce(now)
	for _, d := range batch {
		if decision, ok := s.take(p, d, now); ok {
			p.outcomes = append(p.outcomes, outcome{decision, d.Dst.Port()})
		}
	}
	for _, o := range p.outcomes {
		if !o.Durable {
			s.send(p, o)
		}
	}
	err := s.sync(now)
	for _, o := range p.outcomes {
		if o.Durable && err == nil {
			s.send(p, o)
		}
	}
	if err != nil {
		s.emit(Event{Time: now, Kind: EventJournal, Err: err})
	}
	for _, o := range p.outcomes {
		if !o.Durable || err == nil {
			s.emit(o.Events...)
		}
	}
	s.watchPools(now)
}

// take decides a datagram; ok is false when the decision comes later, by itself.
func (s *Server) take(p *port, d Datagram, now time.Time) (decision Decision, ok bool) {
	dropped := func(e Event) (Decision, bool) {
		e.Time = now
		return Decision{Events: []Event{e}}, true
	}
	if !s.Limits.allowAny(now) {
		return dropped(Event{Kind: EventLimited, Reason: "too many messages in total"})
	}
	m, err := Parse(d.Payload)
	if err != nil {
		return dropped(Event{Kind: EventMalformed, Err: fmt.Errorf("from %s: %w", d.Src, err)})
	}
	if !s.Limits.allow(m, now) {
		machine, _ := Classify(m) // an error is no news of a message that is dropped
		return dropped(Event{Kind: EventLimited, Type: m.Type(), Machine: machine, Reason: "too many messages of this client"})
	}
	req := Request{Message: m, Src: d.Src, Dst: d.Dst, Local: p.local, Boot: p.boot}
	decision = s.decide(req, now)
	return decision, !p.probing.hold(req, &decision, now)
}

func (s *Server) decide(req Request, now time.Time) Decision {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Decide(req, now)
}

// answer carries out a decision on its own.
func (s *Server) answer(p *port, o outcome) {
	s.send(p, o)
	s.emit(o.Events...)
}

// conflict sets an address aside that somebody has.
func (s *Server) conflict(probe *Probe, holder net.HardwareAddr, now time.Time) {
	s.mu.Lock()
	e := probe.conflict(holder, now)
	s.mu.Unlock()
	s.emit(e)
}

func (s *Server) sync(now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Once != nil {
		if err := s.Once.Sync(); err != nil {
			return fmt.Errorf("one-time boots: %w", err)
		}
	}
	if s.leases == nil {
		return nil
	}
	return s.leases.Sync(now)
}

// refreshOnce takes note of machines that were armed beside the server.
func (s *Server) refreshOnce(now time.Time) {
	if s.Once == nil {
		return
	}
	s.mu.Lock()
	err := s.Once.Refresh()
	s.mu.Unlock()
	if err != nil {
		s.emit(Event{Time: now, Kind: EventJournal, Err: fmt.Errorf("one-time boots: %w", err)})
	}
}

// send sends the reply of a decision, if it has one. A failure becomes the
// decision's outcome.
func (s *Server) send(p *port, o outcome) {
	if o.Reply == nil {
		return
	}
	e := &o.Events[len(o.Events)-1]
	p.sending.Lock()
	defer p.sending.Unlock()
	p.buf = o.Reply.Append(p.buf[:0])
	if !o.Unpadded {
		p.buf = Pad(p.buf)
	}
	err := p.Write(Datagram{
		Payload: p.buf,
		Src:     netip.AddrPortFrom(o.Local, o.port),
		Dst:     e.Path.To,
		DstMAC:  e.Path.MAC,
	})
	if err != nil {
		e.Kind, e.Err = EventSend, fmt.Errorf("%s to %s: %w", o.Reply.Type(), e.Path.To, err)
	}
}

func (s *Server) emit(events ...Event) {
	for _, e := range events {
		s.counts[e.Kind].Add(1)
		if s.OnEvent != nil {
			s.OnEvent(e)
		}
	}
}
