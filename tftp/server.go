package tftp

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

// What the zero values of a Server's fields stand for.
const (
	DefaultMaxWindow    = 64 // blocks
	DefaultMaxTransfers = 4096
	DefaultTimeout      = 500 * time.Millisecond
	DefaultRetries      = 6
)

// Server gives the files of a Source away, and takes some if it is to. Only Source is needed: the zero
// value of every other field stands for a sensible default. It must not be
// copied, and its fields must not change, once Serve runs; Serve may run on
// several sockets at once, one for each address for example.
type Server struct {
	Source Source
	// Sink takes the files that clients send. nil: none are taken.
	Sink Sink
	// Rewrite turns a name as the client wrote it, without rubbish behind, into
	// the one to look for; op is OpRRQ or OpWRQ. Its errors become ERROR packets,
	// as those of a Source do. nil: names are taken as they are.
	Rewrite func(name string, op Op, client netip.Addr) (string, error)

	// ListenPacket opens the socket of each transfer, on the address that was
	// asked and port 0. nil: a UDP socket of this host.
	ListenPacket ListenFunc
	// MTU tells the IP MTU of the way from local to client, 0 if unknown; blocks
	// are kept so small that their packets fit. nil: on Linux, and without
	// ListenPacket, what the kernel knows of the route; otherwise unknown.
	MTU func(local, client netip.Addr) int
	// SinglePort sends the files from the port of the requests, and not each from
	// one of its own as RFC 1350 section 4 has it: for NAT and containers that let
	// nothing else through. It is slower, and clients that go away are noticed
	// later. ListenPacket is not used then.
	SinglePort bool

	// MaxBlockSize (bytes) and MaxWindow (blocks) limit what a client gets.
	// 0: 65464 and 64.
	MaxBlockSize, MaxWindow int
	// Timeout is what a resend waits for while the round trip is not known, but
	// the first comes after a quarter of it: on a bad cable, which loses one packet
	// and not two, that is most of the waiting. Afterwards the round trip decides.
	// 0: 500 ms.
	Timeout time.Duration
	// Retries is the number of resends, at doubled intervals of up to 8 s, after
	// which a client that never answered is given up; whatever it asked for, it
	// gets no more of them. A client that falls silent later gets the same time,
	// with the defaults 31 s, but more resends. 0: 6.
	Retries int
	// IdleTimeout is how long a client may be silent, whatever Timeout, Retries
	// and its timeout option say. 0: they do.
	IdleTimeout time.Duration
	// MaxDuration is how long a transfer may take in all. 0: as long as it moves.
	MaxDuration time.Duration
	// Pace limits what all transfers together may send. nil: nothing does.
	Pace *Pace
	// MaxTransfers is how many requests a Serve answers at the same time. What
	// comes above takes the place of the oldest transfer whose client has not
	// answered yet (ErrCrowdedOut), or is dropped where all have (ErrBusy): clients
	// ask again. 0: 4096.
	MaxTransfers int

	// Admit is asked before a request is answered; it returns what to call when
	// that is over. A request that it refuses by an *Error gets that as its
	// answer, by any other error none. nil: whoever asks is answered. Limits has
	// one.
	Admit func(client netip.AddrPort, now time.Time) (release func(), err error)

	// OnEvent is told how each request ended; nil: nobody is. Calls do not
	// overlap. A slow one holds up nothing but the next: when more than 16,384
	// events wait, those that come are counted in Event.Missed and forgotten.
	OnEvent func(Event)

	eventMu sync.Mutex // held while OnEvent runs
}

// emit calls OnEvent, which is not nil.
func (s *Server) emit(e Event) {
	s.eventMu.Lock()
	defer s.eventMu.Unlock()
	s.OnEvent(e)
}

// Serve answers the requests that come to conn, until ctx ends: then it returns
// nil. Running transfers are ended, their clients told. The error is otherwise
// that of conn. Serve does not close conn, but sets its read deadline.
func (s *Server) Serve(ctx context.Context, conn net.PacketConn) error {
	d := newDoor(conn)
	if err := conn.SetReadDeadline(time.Time{}); err != nil {
		return fmt.Errorf("tftp: read requests: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(past()) })
	defer stop()
	f := &front{server: s, door: d, told: newTeller(s), running: make(map[netip.AddrPort]*request)}
	defer f.told.stop()
	udp, ofHost := conn.(*net.UDPConn)
	switch {
	case ofHost && s.SinglePort:
		sendsTransfers(udp)
	case ofHost && s.ListenPacket == nil:
		f.loops = newLoops()
		defer f.loops.stop()
	}
	requests, cancel := context.WithCancelCause(ctx)
	defer f.wait.Wait()
	defer cancel(errStopped)

	size := maxOptions + 2
	if s.SinglePort { // the blocks of uploads come here too: one that is cut off looks like the last
		size = headerSize + MaxBlockSize + 1
	}
	buf := make([]byte, size)
	for failures := 0; ; {
		n, client, local, err := d.receive(buf)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			failures = 0
			f.datagram(requests, buf[:n], client, local)
		case errors.Is(err, net.ErrClosed), failures == maxFailures:
			return fmt.Errorf("tftp: read requests: %w", err)
		default:
			// An interface that goes down, a packet filter, an ICMP error:
			// mostly over in a moment, but not to be waited for in a circle.
			failures++
			sleep(ctx, time.Duration(failures)*failurePause)
		}
	}
}

// Errors of the request socket: how many in a row end Serve, and the pause
// after the first.
const (
	maxFailures  = 20
	failurePause = 10 * time.Millisecond
)

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// front sorts what comes to one request socket.
type front struct {
	server *Server
	door   *door
	told   *teller
	loops  *loops         // nil: the portable driver
	wait   sync.WaitGroup // one for each running request
	half   halfOpen

	mu      sync.Mutex // guards running
	running map[netip.AddrPort]*request
}

// datagram looks at what came. Only what starts with the opcode of a request
// can lead to an answer.
func (f *front) datagram(ctx context.Context, b []byte, client netip.AddrPort, local localAddr) {
	if f.server.SinglePort && !isRequest(b) && f.deliver(b, client) {
		return
	}
	p, err := Parse(b)
	r := &request{
		server: f.server, loops: f.loops, half: &f.half, packet: p, malformed: err, text: string(b),
		client: client, local: local.addr, arrived: time.Now(),
	}
	if f.server.SinglePort {
		r.port = newPortConn(f.door, client, local.addr)
	}
	switch {
	case !isRequest(b):
		if err == nil {
			err = fmt.Errorf("%w: %v at the request port", ErrMalformed, p.Op)
		}
		f.told.tell(r.event(EventMalformed, err))
	case local.broadcast:
		// RFC 1123 section 4.2.3.4.
		f.told.tell(r.event(EventDropped, errBroadcast))
	default:
		f.request(ctx, r)
	}
}

// deliver hands a packet to the transfer of a client, if there is one.
func (f *front) deliver(b []byte, client netip.AddrPort) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.running[client]
	if r == nil {
		return false
	}
	r.port.deliver(b)
	return true
}

func isRequest(b []byte) bool {
	if len(b) < 2 {
		return false
	}
	op := Op(binary.BigEndian.Uint16(b))
	return op == OpRRQ || op == OpWRQ
}

// request starts to answer r, if it may enter.
func (f *front) request(ctx context.Context, r *request) {
	ctx, r.cancel = context.WithCancelCause(ctx)
	if ok, err := f.enter(r); !ok {
		r.cancel(nil)
		if err != nil {
			f.told.tell(r.event(EventDropped, err))
		}
		return
	}
	release, err := f.server.admit(r)
	if err == nil && !f.makeRoom(r.arrived) {
		release()
		err = ErrBusy
	}
	if err != nil && !errors.As(err, new(*Error)) {
		r.cancel(nil)
		f.leave(r)
		f.told.tell(r.event(EventDropped, err))
		return
	}
	if err == nil {
		r.release = sync.OnceFunc(release)
	}
	f.wait.Go(func() {
		e := r.event(EventRefused, err)
		if err != nil {
			r.refuse(ctx, &e, err)
		} else {
			e = r.serve(ctx)
			r.release()
		}
		if r.dally != nil {
			// Whoever waits for the file need not wait for this too.
			f.told.tell(e)
			r.dally(ctx)
		}
		r.cancel(nil)
		f.leave(r)
		if r.dally == nil {
			f.told.tell(e)
		}
	})
}

// enter adds r to the running requests. A copy of one that is being answered
// does not enter (RFC 1123 section 4.2.3.1): that one is told. A client that
// asks for something else from the same port has given up what it asked for
// before. The error is ErrBusy when there is no room, and none can be made.
func (f *front) enter(r *request) (ok bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	old := f.running[r.client]
	switch {
	case old != nil && old.text == r.text:
		old.again()
		return false, nil
	case old != nil:
		old.cancel(errSuperseded)
		if old.release != nil {
			old.release() // now, for r to be admitted in its place
		}
	case len(f.running) >= f.server.maxTransfers() && f.half.oldest(r.arrived, false) == nil:
		return false, ErrBusy
	}
	f.running[r.client] = r
	return true, nil
}

// makeRoom ends half-open transfers until no more requests run than may, now that
// the newest of them is admitted. It reports whether that was possible.
func (f *front) makeRoom(now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.running) > f.server.maxTransfers() {
		old := f.half.oldest(now, true)
		if old == nil {
			return false
		}
		old.cancel(ErrCrowdedOut)
		if f.running[old.client] == old {
			delete(f.running, old.client)
		}
	}
	return true
}

func (f *front) leave(r *request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.running[r.client] == r {
		delete(f.running, r.client)
	}
}

func (s *Server) admit(r *request) (release func(), err error) {
	if s.Admit == nil {
		return func() {}, nil
	}
	return s.Admit(r.client, r.arrived)
}

func (s *Server) maxBlockSize() int {
	if s.MaxBlockSize <= 0 {
		return MaxBlockSize
	}
	return min(max(s.MaxBlockSize, MinBlockSize), MaxBlockSize)
}

func (s *Server) maxWindow() int {
	if s.MaxWindow <= 0 {
		return DefaultMaxWindow
	}
	return min(s.MaxWindow, maxWindow)
}

func (s *Server) maxTransfers() int {
	if s.MaxTransfers <= 0 {
		return DefaultMaxTransfers
	}
	return s.MaxTransfers
}

func (s *Server) timer(agreed terms) timer {
	first, retries := s.Timeout, s.Retries
	if first <= 0 {
		first = DefaultTimeout
	}
	if retries <= 0 {
		retries = DefaultRetries
	}
	t := newTimer(first, retries, senderFloor)
	t.early = first / 4
	if s.IdleTimeout > 0 {
		t.giveUpAfter(s.IdleTimeout)
	}
	t.agree(agreed.interval)
	t.tries = retries
	return t
}

// limited ends ctx when a transfer has taken too long.
func (s *Server) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.MaxDuration <= 0 {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, s.MaxDuration, errTooLong)
}

func (s *Server) mtu(local netip.Addr, client netip.AddrPort) int {
	switch {
	case s.MTU != nil:
		return s.MTU(local, client.Addr())
	case s.ListenPacket == nil:
		return routeMTU(local, client)
	}
	return 0
}
