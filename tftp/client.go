package tftp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

// maxRequest bounds what a Client sends, in bytes (RFC 2347 section 1).
const maxRequest = 512

// Client asks TFTP servers for files. The zero value works. It is safe for
// concurrent use.
type Client struct {
	// ListenPacket opens the socket of each transfer. nil: a UDP socket of this
	// host, which also reports ICMP "port unreachable" (syscall.ECONNREFUSED).
	ListenPacket ListenFunc
	// Timeout and Retries say when to ask again and when to give up, as those of
	// Server do. 0: 1 s and 5, together 31 s.
	Timeout time.Duration
	Retries int
}

// Request is one file to ask for, in octet mode.
type Request struct {
	Server netip.AddrPort
	Name   string // goes out as it is
	// Options go out exactly so: these, with these values, in this order.
	Options []Option
	// Limit ends the transfer after so many bytes, telling the server so by
	// ERROR 0. 0: the whole file. Put does not look at it.
	Limit int64
	// Waits are a firmware's: how long to wait after each try for the answer,
	// and to give up after the last; the count begins anew with every answer.
	// nil: Client.Timeout and Client.Retries.
	Waits []time.Duration
	// Port is the local port, or the first that is free above it. 0: any.
	Port uint16
	// NeedOACK makes DATA in place of an OACK an ErrProtocol: GRUB does not know
	// what to do with it. Put does not look at it.
	NeedOACK bool
	// Progress is called for each block, with the bytes so far and the size of
	// the whole, -1 while it is not known. nil: nobody is.
	Progress func(done, total int64)
}

// Transfer is what became of a Request, whole or not.
type Transfer struct {
	Asked       []Option // the options of the request
	Bytes       int64    // written; for Put: acknowledged
	Size        int64    // of the file as the server told it (tsize), -1 if it did not
	BlockSize   int      // bytes
	Window      int      // blocks
	Options     []Option // the server's OACK; nil when it answered without
	Blocks      int64
	Retransmits int64 // packets sent again
	Duration    time.Duration
	Peer        netip.AddrPort // where the answers came from; the port is that of the transfer
	Partial     bool           // Limit ended it before the end of the file
}

// Get fetches a file and writes it to w block by block. When it returns nil, w
// has the whole file, or as much of it as Limit allows. Otherwise w has its
// beginning, and the error is or wraps
//   - an *Error that the server sent (errors.Is: fs.ErrNotExist for code 1,
//     fs.ErrPermission for code 2),
//   - ErrNoAnswer or ErrStalled (both are ErrTimeout),
//   - ECONNREFUSED when nobody listens, ErrGone when nobody does any more,
//   - ErrProtocol, ErrSize,
//   - the cause of ctx; the server is told that nobody wants the rest,
//   - an error of w, of the socket, or about req itself.
//
// An OACK is checked as EDK2 and PXELINUX do: an option that was not asked for,
// a larger block or window, another timeout are refused with ERROR 8.
func (c *Client) Get(ctx context.Context, req Request, w io.Writer) (Transfer, error) {
	t, err := c.transfer(ctx, req, w, false)
	if err != nil {
		err = fmt.Errorf("tftp: get %q from %v: %w", req.Name, req.Server, err)
	}
	return t, err
}

// Size asks how long a file is, as EDK2 does before it boots one: it asks for
// the file, and ends the transfer by ERROR 8 after the OACK. Options without
// tsize get it added in front. The error is as for Get; ErrNoSize says that the
// server answered and did not tell the size.
func (c *Client) Size(ctx context.Context, req Request) (Transfer, error) {
	if _, ok := findOption(req.Options, optSize); !ok {
		req.Options = append([]Option{{optSize, "0"}}, req.Options...)
	}
	t, err := c.transfer(ctx, req, io.Discard, true)
	if err != nil {
		err = fmt.Errorf("tftp: size of %q on %v: %w", req.Name, req.Server, err)
	}
	return t, err
}

func (c *Client) transfer(ctx context.Context, req Request, w io.Writer, probe bool) (Transfer, error) {
	start := time.Now()
	p, err := req.packet(OpRRQ)
	if err != nil {
		return Transfer{Asked: req.Options, Size: -1}, err
	}
	r := newReceiver(p, w, req.timer(c))
	r.probe, r.needOACK, r.limit, r.onBlock = probe, req.NeedOACK, req.Limit, req.Progress
	peer, err := c.run(ctx, req, r, headerSize+req.blockSize(), maxRequest)
	return Transfer{
		Asked: req.Options, Bytes: r.bytes, Size: r.size, BlockSize: r.agreed.blockSize, Window: r.agreed.window, Options: r.answered,
		Blocks: r.next - 1, Retransmits: r.retransmits, Duration: time.Since(start), Peer: peer, Partial: r.partial,
	}, err
}

// run drives m on a socket of its own, for packets of at most so many bytes to
// read and to write. The peer is who answered, if anybody.
func (c *Client) run(ctx context.Context, req Request, m machine, readSize, writeSize int) (peer netip.AddrPort, err error) {
	if err := context.Cause(ctx); err != nil {
		return peer, err
	}
	conn, err := c.listen(ctx, req)
	if err != nil {
		return peer, fmt.Errorf("open a socket: %w", err)
	}
	defer conn.Close()
	d := newDriver(conn, req.Server, false, readSize, writeSize)
	err = d.run(ctx, m)
	switch {
	case err == nil:
		err = d.explain(m.Err())
		if errors.Is(err, ErrStalled) {
			// It may be sending still what does not get through.
			d.tell(&Error{CodeUndefined, "the client gave up"})
		}
	case isRefusal(err) && d.latched:
		err = ErrGone
	case ctx.Err() != nil && d.latched:
		d.tell(&Error{CodeUndefined, "the client was stopped"})
	}
	if d.latched {
		peer = d.peer
	}
	return peer, err
}

// portTries is how many ports above Request.Port may be taken: a firmware has
// the whole machine for itself, and here thousands may play one.
const portTries = 4096

// listen opens the socket of a transfer.
func (c *Client) listen(ctx context.Context, req Request) (conn, error) {
	any := netip.IPv4Unspecified()
	if req.Server.Addr().Is6() {
		any = netip.IPv6Unspecified()
	}
	open := c.ListenPacket
	if open == nil {
		open = listenHost
	}
	last := min(int(req.Port)+portTries, 65535)
	for port := int(req.Port); ; port++ {
		pc, err := open(ctx, "udp", netip.AddrPortFrom(any, uint16(port)).String())
		switch {
		case err == nil:
			return newConn(pc), nil
		case req.Port == 0 || port == last || !errors.Is(err, syscall.EADDRINUSE):
			return conn{}, err
		}
	}
}

func (c *Client) timer() timer {
	first, retries := c.Timeout, c.Retries
	if first <= 0 {
		first = clientTimeout
	}
	if retries <= 0 {
		retries = clientRetries
	}
	return newTimer(first, retries, receiverFloor)
}

// timer is that of the firmware, if it has one.
func (req Request) timer(c *Client) timer {
	if req.Waits != nil {
		return newScheduleTimer(req.Waits)
	}
	return c.timer()
}

// packet is the RRQ or WRQ, if what is asked for can be written in one.
func (req Request) packet(op Op) (Packet, error) {
	p := Packet{Op: op, Name: req.Name, Mode: "octet", Options: req.Options}
	if !req.Server.IsValid() || req.Server.Addr().IsUnspecified() || req.Server.Port() == 0 {
		return p, fmt.Errorf("%v is no server's address", req.Server)
	}
	if req.Name == "" {
		return p, errors.New("no file name")
	}
	text := req.Name
	for _, o := range req.Options {
		if o.Name == "" {
			return p, fmt.Errorf("an option without a name: %q", o.Value)
		}
		text += o.Name + o.Value
	}
	if strings.Contains(text, "\x00") {
		return p, errors.New("a NUL in the file name or an option")
	}
	if n := len(p.Append(nil)); n > maxRequest {
		return p, fmt.Errorf("the request would be %d bytes long: at most %d are allowed", n, maxRequest)
	}
	return p, nil
}

// blockSize is the largest block that the server can send within the rules.
func (req Request) blockSize() int {
	largest := DefaultBlockSize
	if v, ok := findOption(req.Options, optBlockSize); ok {
		if n, err := (Option{optBlockSize, v}).number(MinBlockSize, MaxBlockSize); err == nil {
			largest = max(largest, int(n))
		}
	}
	return largest
}
