package tftp

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Why a request came to its end from this side.
var (
	errBroadcast  = errors.New("a request to a broadcast address")
	errRestarted  = errors.New("the client was restarted and asks again")
	errStopped    = errors.New("the server was stopped")
	errSuperseded = errors.New("the client asks for something else from the same port")
	errTooLong    = errors.New("the transfer takes longer than any may")
)

// request is one request being answered, from the first look at the name to the
// end of the transfer, in a goroutine of its own.
type request struct {
	server    *Server
	loops     *loops // nil: the portable driver
	half      *halfOpen
	packet    Packet
	malformed error  // why packet is no good
	text      string // the datagram, to know a copy of it
	client    netip.AddrPort
	local     netip.Addr // the address that was asked; the zero value if unknown
	port      *portConn  // the one that all share; nil: each transfer has its own
	arrived   time.Time
	cancel    context.CancelCauseFunc
	release   func() // gives back what Admit gave; may be called again

	mu      sync.Mutex // guards carrier, for again
	carrier carrier    // nil until the transfer runs

	// dally does what is left to do when the request is answered and told of; nil:
	// nothing is. It is set by serve.
	dally func(ctx context.Context)
}

func (r *request) event(kind EventKind, err error) Event {
	return Event{
		Kind: kind, Err: err, Time: r.arrived, Client: r.client, Local: r.local,
		Upload: r.packet.Op == OpWRQ,
		File:   r.packet.Name, Mode: r.packet.Mode, Options: r.packet.Options, Size: -1,
	}
}

// serve answers the request and tells how that ended.
func (r *request) serve(ctx context.Context) Event {
	e := r.event(EventFailed, nil)
	ctx, cancel := r.server.limited(ctx)
	defer cancel()
	if text, err := r.check(); err != nil {
		r.refuse(ctx, &e, err)
	} else if r.packet.Op == OpWRQ {
		r.take(ctx, &e, text)
	} else {
		r.give(ctx, &e, text)
	}
	e.Duration = time.Since(r.arrived)
	return e
}

// check reports whether the request is for text (netascii), if it is one that can
// be answered.
func (r *request) check() (text bool, err error) {
	switch {
	case r.malformed != nil:
		return false, fmt.Errorf("%w: %w", &Error{CodeIllegal, "malformed request"}, r.malformed)
	case strings.EqualFold(r.packet.Mode, "netascii"):
		return true, nil
	case strings.EqualFold(r.packet.Mode, "octet"):
		return false, nil
	}
	return false, &Error{CodeIllegal, "unknown mode"}
}

// give sends the file, or an ERROR before any OACK. It sets e.Kind and e.Err and
// what else there is to tell.
func (r *request) give(ctx context.Context, e *Event, text bool) {
	file, err := r.open(e, text)
	if err != nil {
		r.refuse(ctx, e, err)
		return
	}
	defer file.Close()
	e.Size = file.Size()
	agreed, oack, err := negotiate(r.packet.Options, file.Size(), r.limits())
	if err != nil {
		r.refuse(ctx, e, err)
		return
	}
	e.BlockSize, e.Window = agreed.blockSize, agreed.window
	c, err := r.newCarrier(ctx, agreed, MayWait(file))
	if err != nil {
		e.Kind, e.Err = EventDropped, fmt.Errorf("open a socket for the transfer: %w", err)
		return
	}
	defer c.Close()
	s := newSender(file, file.Size(), agreed, oack, r.server.timer(agreed))
	err = r.run(ctx, c, paced(r.server.Pace, s))
	e.Bytes, e.Blocks, e.Retransmits = s.delivered(), max(s.base, 0), s.retransmits
	r.judge(e, s, err)
}

// maxBatch bounds the bytes that go out by one system call. The kernel cuts a
// batch into 64 packets at most; DefaultBlockSize, below which nothing is
// batched, keeps to that, and makes an ERROR no larger than the blocks around
// it.
const maxBatch = 32 << 10

// newCarrier opens the socket of a transfer, which gets a goroutine of its own if
// its file may let it wait.
func (r *request) newCarrier(ctx context.Context, agreed terms, mayWait bool) (carrier, error) {
	batch := 0
	if agreed.window > 1 && agreed.blockSize >= DefaultBlockSize {
		batch = min(agreed.window*(headerSize+agreed.blockSize), maxBatch)
	}
	if r.loops != nil && !mayWait {
		return r.loops.host(r.local, r.client, batch)
	}
	c, err := r.listen(ctx)
	if err != nil {
		return nil, err
	}
	d := newDriver(c, r.client, true, maxOptions, max(headerSize+agreed.blockSize, batch))
	d.batch = batch
	return d, nil
}

// listen opens the socket of the answer.
func (r *request) listen(ctx context.Context) (conn, error) {
	if r.port != nil {
		return newConn(r.port), nil
	}
	return listen(ctx, r.server.ListenPacket, r.local)
}

// run carries the file.
func (r *request) run(ctx context.Context, c carrier, m machine) error {
	r.mu.Lock()
	r.carrier = c
	r.mu.Unlock()
	defer r.half.end(r.half.begin(r, c))
	switch err := c.run(ctx, m); {
	case err == nil:
		return c.explain(m.Err())
	case errors.Is(err, errSuperseded), errors.Is(err, ErrCrowdedOut):
		// Silently: the client would take an ERROR for the answer to its new
		// request, or never asked.
		return err
	case ctx.Err() == nil:
		return err
	case c.lastWords(m, err) == nil:
		return c.explain(m.Err())
	}
	end := errStopped
	if cause := context.Cause(ctx); errors.Is(cause, errTooLong) {
		end = cause
	}
	c.tell(&Error{CodeUndefined, end.Error()})
	return end
}

// again tells the running transfer that its request has come once more.
func (r *request) again() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.carrier != nil {
		r.carrier.forward(Packet{Op: r.packet.Op})
	}
}

// judge says what kind of end it was that s came to with err.
func (r *request) judge(e *Event, s *sender, err error) {
	var fault *Error
	byClient := errors.As(err, &fault)
	_, sizeAsked := findOption(r.packet.Options, optSize)
	probe := sizeAsked && !s.answered()
	e.Kind, e.Err = EventFailed, err
	switch {
	case err == nil:
		e.Kind = EventDone
	case probe && (errors.Is(err, errSuperseded) || byClient && (fault.Code == CodeOption || fault.Code == CodeUndefined)):
		e.Kind, e.Err = EventSizeProbe, nil
	case byClient && fault.Code == CodeUndefined:
		e.Kind, e.Err = EventClosed, nil
		e.note(fault.Message)
	case s.allSent() && (errors.Is(err, ErrTimeout) || isRefusal(err)):
		// The end of dallying (RFC 1350 section 6): nobody is there any more to
		// whom the last block could be sent again.
		e.Kind, e.Err = EventDone, nil
		e.Bytes, e.Blocks = e.Size, s.last
		e.note("the last ACK is missing")
	}
}

// limits is what this client gets at most.
func (r *request) limits() limits {
	most := limits{r.server.maxBlockSize(), r.server.maxWindow()}
	if _, ok := findOption(r.packet.Options, optBlockSize); ok {
		mtu := r.server.mtu(r.local, r.client)
		most.blockSize = blockLimit(most.blockSize, mtu, r.client.Addr().Is6())
	}
	return most
}

// open finds the file that was asked for, as text or as it is.
func (r *request) open(e *Event, text bool) (File, error) {
	name, err := r.name(e)
	if err != nil {
		return nil, err
	}
	file, err := r.server.Source.Open(name, r.client)
	if err != nil || !text {
		return file, err
	}
	converted, err := newNetASCIIFile(file)
	if err != nil {
		file.Close()
		return nil, err
	}
	return converted, nil
}

// name is the clean name of the file that was asked for.
func (r *request) name(e *Event) (string, error) {
	asked, note := trimName(r.packet.Name)
	e.note(note)
	name := asked
	if rewrite := r.server.Rewrite; rewrite != nil {
		var err error
		if name, err = rewrite(name, r.packet.Op, r.client.Addr()); err != nil {
			return "", err
		}
	}
	clean, _, err := CleanName(name)
	if err == nil && r.packet.Op == OpWRQ && namesFolder(name) {
		return "", &Error{CodeAccess, "the name of a folder, not of a file"}
	}
	if err == nil {
		e.File = clean
		if name != asked {
			e.Asked = asked
		}
	}
	return clean, err
}

// refuse answers with an ERROR. The client learns the code and the name that
// was looked for, never how things are called on this host.
func (r *request) refuse(ctx context.Context, e *Event, err error) {
	fault := faultFor(err, e.File)
	e.Kind, e.Err = EventRefused, err
	switch {
	case r.malformed != nil:
		e.Kind = EventMalformed
	case fault.Code == CodeNotFound:
		e.Err = fault
	case !errors.As(err, new(*Error)):
		e.Err = fmt.Errorf("%w: %w", fault, err)
	}
	c, err := r.listen(ctx)
	if err != nil {
		e.Kind, e.Err = EventDropped, fmt.Errorf("open a socket for an error: %w", err)
		return
	}
	defer c.Close()
	p := Packet{Op: OpERROR, Code: fault.Code, Message: fault.Message}
	if err := c.write(p.Append(nil), r.client); err != nil {
		e.Err = fmt.Errorf("%w (not sent: %w)", e.Err, err)
	}
}

// faultFor is the ERROR for a file that could not be opened.
func faultFor(err error, name string) *Error {
	var fault *Error
	switch {
	case errors.As(err, &fault):
		return fault
	case errors.Is(err, fs.ErrNotExist):
		return &Error{CodeNotFound, "file not found: " + name}
	case errors.Is(err, fs.ErrPermission):
		return &Error{CodeAccess, "access denied: " + name}
	}
	return &Error{CodeUndefined, "the file could not be opened"}
}
