package tftp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
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
	// ERROR 0. 0: the whole file.
	Limit int64
	// Progress is called for each block, with the bytes so far and the size that
	// the server told, -1 if it did not. nil: nobody is.
	Progress func(done, total int64)
}

// Transfer is what became of a Request, whole or not.
type Transfer struct {
	Bytes       int64    // written
	Size        int64    // of the file as the server told it (tsize), -1 if it did not
	BlockSize   int      // bytes
	Window      int      // blocks
	Options     []Option // the server's OACK; nil when it answered with DATA
	Blocks      int64
	Retransmits int64 // requests and ACKs sent again
	Duration    time.Duration
	Peer        netip.AddrPort // where the answers came from; the port is that of the transfer
	Partial     bool           // Limit ended it before the end of the file
}

// Get fetches a file and writes it to w block by block. When it returns nil, w
// has the whole file, or as much of it as Limit allows. Otherwise w has its
// beginning, and the error is or wraps
//   - an *Error that the server sent (errors.Is: fs.ErrNotExist for code 1,
//     fs.ErrPermission for code 2),
//   - ErrNoAnswer or ErrStalled (both are ErrTimeout), or ECONNREFUSED,
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
func (c *Client) Size(ctx context.Context, req Request) (int64, error) {
	if _, ok := findOption(req.Options, optSize); !ok {
		req.Options = append([]Option{{optSize, "0"}}, req.Options...)
	}
	t, err := c.transfer(ctx, req, io.Discard, true)
	if err != nil {
		return t.Size, fmt.Errorf("tftp: size of %q on %v: %w", req.Name, req.Server, err)
	}
	return t.Size, nil
}

func (c *Client) transfer(ctx context.Context, req Request, w io.Writer, probe bool) (Transfer, error) {
	start := time.Now()
	result := Transfer{Size: -1}
	p, err := req.packet()
	if err != nil {
		return result, err
	}
	if err := context.Cause(ctx); err != nil {
		return result, err
	}
	any := netip.IPv4Unspecified()
	if req.Server.Addr().Is6() {
		any = netip.IPv6Unspecified()
	}
	conn, err := listen(ctx, c.ListenPacket, any)
	if err != nil {
		return result, fmt.Errorf("open a socket: %w", err)
	}
	defer conn.Close()

	r := newReceiver(p, w, c.timer())
	r.probe, r.limit, r.onBlock = probe, req.Limit, req.Progress
	d := newDriver(conn, req.Server, false, headerSize+req.blockSize(), maxRequest)
	err = d.run(ctx, r)
	switch {
	case err == nil:
		err = d.explain(r.Err())
	case ctx.Err() != nil && d.latched:
		d.tell(&Error{CodeUndefined, "the client was stopped"})
	}
	result = Transfer{
		Bytes: r.bytes, Size: r.size, BlockSize: r.agreed.blockSize, Window: r.agreed.window, Options: r.answered,
		Blocks: r.next - 1, Retransmits: r.retransmits, Duration: time.Since(start), Partial: r.partial,
	}
	if d.latched {
		result.Peer = d.peer
	}
	return result, err
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

// packet is the RRQ, if what is asked for can be written in one.
func (req Request) packet() (Packet, error) {
	p := Packet{Op: OpRRQ, Name: req.Name, Mode: "octet", Options: req.Options}
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
