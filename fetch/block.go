package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"time"

	"pxe/tftp"
)

// BlockOutcome is what became of the first block of a file that was asked for in
// blocks of some size.
type BlockOutcome string

// The outcomes.
const (
	BlockWhole  BlockOutcome = "whole"
	BlockPieces BlockOutcome = "pieces" // the IP packet came in fragments
	BlockLost   BlockOutcome = "lost"
)

// BlockTry is one size that was tried.
type BlockTry struct {
	Asked    int // bytes
	Granted  int // bytes: what the server made of it
	Outcome  BlockOutcome
	Fragment int // bytes of the largest fragment, IP header included; 0 when there were none
}

// BlockReport is what FindBlock found.
type BlockReport struct {
	// Largest is the largest block that comes whole, in bytes; 0: not even the
	// 512 of RFC 1350.
	Largest int
	// MTU is the size of the IP packet that Largest comes in, in bytes. It is
	// that of the path when the path is the limit.
	MTU int
	// Limit is what rules out larger blocks.
	Limit BlockLimit
	// Beyond is what becomes of larger blocks when the path is the limit.
	Beyond BlockOutcome
	Tries  []BlockTry // in order
}

// BlockLimit is what rules out larger blocks.
type BlockLimit string

// The limits.
const (
	LimitPath     BlockLimit = "path"
	LimitServer   BlockLimit = "server"   // it grants no more
	LimitFile     BlockLimit = "file"     // it has no more bytes to try with
	LimitProtocol BlockLimit = "protocol" // there are no larger blocks (RFC 2348)
)

// blockTries is how often a block is waited for: the server sends it again each
// time that it hears nothing, or the same ACK.
const blockTries = 3

// FindBlock finds the largest TFTP block that comes through from a server
// unfragmented, by asking for a file in blocks of one size after the other and
// taking only the first. A block in fragments counts as one that does not come
// through: much firmware cannot put them together. Fragments are seen on the
// host's own network only, and on Linux. BlockSize, Window and As of the Request
// do not count.
//
// Each of at most twenty sizes takes at most six seconds. onTry, when not nil,
// is told of each.
func (c *Client) FindBlock(ctx context.Context, req Request, onTry func(BlockTry)) (BlockReport, error) {
	req.As = Firmware{}
	j, err := c.newJob(ctx, req)
	if err != nil {
		return BlockReport{}, err
	}
	defer j.stop()
	t, ok := j.transport.(*tftpTransport)
	if !ok {
		return BlockReport{}, j.failed(fmt.Errorf("%w: only TFTP has blocks", ErrBadURL))
	}
	s := blockSearch{job: j, tftp: t, onTry: onTry}
	if s.server, err = t.resolve(j); err == nil {
		err = s.run()
	}
	return s.report, j.failed(err)
}

// blockSearch is one run of FindBlock.
type blockSearch struct {
	*job
	tftp   *tftpTransport
	server netip.AddrPort
	onTry  func(BlockTry)
	wait   time.Duration // for one answer; 0 while the round trip is not known
	size   int64         // of the file, -1 when not known
	report BlockReport
}

// overhead is what an IP packet carries beside the block (RFC 791, 8200, 768,
// 1350).
func (s *blockSearch) overhead() int {
	if s.server.Addr().Is4() {
		return 20 + 8 + 4
	}
	return 40 + 8 + 4
}

func (s *blockSearch) run() error {
	first, err := s.try(tftp.DefaultBlockSize)
	switch {
	case err != nil:
		return err
	case first.Outcome != BlockWhole:
		s.report.Limit, s.report.Beyond = LimitPath, first.Outcome
		return nil
	}
	most := tftp.MaxBlockSize
	if s.size >= 0 {
		most = int(min(int64(most), s.size))
	}
	top, err := s.try(most)
	if err != nil {
		return err
	}
	if top.Outcome == BlockWhole {
		switch {
		case top.Granted < top.Asked:
			s.report.Limit = LimitServer
		case most == tftp.MaxBlockSize:
			s.report.Limit = LimitProtocol
		default:
			s.report.Limit = LimitFile
		}
		return nil
	}
	s.report.Limit = LimitPath
	// An Ethernet's largest and one more, before anything else: most often that
	// is the end of it. Then halves.
	ethernet := 1500 - s.overhead()
	for next := []int{ethernet, ethernet + 1}; ; {
		good, bad := s.report.Largest, s.firstBad()
		if bad-good <= 1 {
			return nil
		}
		size := (good + bad) / 2
		for len(next) > 0 && (next[0] <= good || next[0] >= bad) {
			next = next[1:]
		}
		if len(next) > 0 {
			size = next[0]
		}
		t, err := s.try(size)
		if err != nil {
			return err
		}
		if t.Outcome == BlockWhole && t.Granted < size {
			s.report.Limit = LimitServer
			return nil
		}
	}
}

// firstBad is the smallest block that is known not to come whole. Fragments
// tell more than the size that was tried: they are as large as the path allows,
// but for a rest of less than 8 bytes (RFC 791 section 2.3).
func (s *blockSearch) firstBad() int {
	bad := tftp.MaxBlockSize + 1
	for _, t := range s.report.Tries {
		if t.Outcome != BlockWhole {
			bad = min(bad, t.Granted)
		}
		if t.Fragment > 0 {
			bad = min(bad, t.Fragment+8-s.overhead())
		}
	}
	return bad
}

// try asks for the first block of a size. What it learns is in the report.
func (s *blockSearch) try(size int) (BlockTry, error) {
	s.silence.resume()
	var seen fragments
	client := s.tftp.newClient(s.job)
	if client.ListenPacket == nil {
		client.ListenPacket = seen.listen
	}
	req := tftp.Request{
		Server: s.server, Name: s.tftp.name, Limit: int64(size),
		Options: options("tsize", "0", "blksize", strconv.Itoa(size)),
	}
	for range blockTries {
		if s.wait > 0 {
			req.Waits = append(req.Waits, s.wait)
		}
	}
	got, err := client.Get(s.ctx, req, io.Discard)
	t := BlockTry{Asked: size, Granted: got.BlockSize, Outcome: BlockWhole, Fragment: seen.largest}
	switch {
	case errors.Is(err, tftp.ErrStalled) && got.Bytes == 0:
		t.Outcome = BlockLost
	case err != nil:
		return t, unwrapTFTP(err)
	case got.Bytes < int64(got.BlockSize):
		return t, fmt.Errorf("the file has %d bytes, too few for a block of %d: name a larger one", got.Bytes, got.BlockSize)
	case t.Fragment > 0:
		t.Outcome = BlockPieces
	}
	if s.wait == 0 {
		s.size = got.Size
		// Two round trips: request and answer, ACK and block.
		s.wait = min(max(2*got.Duration, 200*time.Millisecond), 2*time.Second)
	}
	s.report.Tries = append(s.report.Tries, t)
	if t.Outcome != BlockWhole {
		s.report.Beyond = t.Outcome
	} else if t.Granted > s.report.Largest {
		s.report.Largest, s.report.MTU = t.Granted, t.Granted+s.overhead()
	}
	if s.onTry != nil {
		s.onTry(t)
	}
	return t, nil
}

// fragments watches a socket for the largest fragment that a datagram came in.
type fragments struct{ largest int }

// listen opens a socket of this host for the family of address.
func (f *fragments) listen(ctx context.Context, _, address string) (net.PacketConn, error) {
	network := "udp6"
	if a, err := netip.ParseAddrPort(address); err == nil && a.Addr().Is4() {
		network = "udp4"
	}
	pc, err := new(net.ListenConfig).ListenPacket(ctx, network, address)
	if err != nil {
		return nil, err
	}
	udp := pc.(*net.UDPConn)
	if !tellFragments(udp) {
		return udp, nil
	}
	return fragmentConn{udp, f}, nil
}

// fragmentConn is a socket that notes fragments.
type fragmentConn struct {
	*net.UDPConn
	seen *fragments
}

// ReadFromUDPAddrPort is that of net.UDPConn.
func (c fragmentConn) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	var oob [128]byte
	n, oobn, _, from, err := c.ReadMsgUDPAddrPort(b, oob[:])
	c.seen.largest = max(c.seen.largest, fragmentSize(oob[:oobn]))
	return n, from, err
}
