package tftp

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"path"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pxe/tftp/tftptest"
)

// Whatever happens to the packets between the two machines, the client holds a
// beginning of the file, and all of it if it says so; and it ends.
func FuzzConversation(f *testing.F) {
	f.Add([]byte{}, uint16(100), uint8(0), uint8(0))
	f.Add([]byte{0xff, 0xff, 0, 0xff, 0x31, 0x50, 0}, uint16(4000), uint8(1), uint8(4))
	f.Add(bytes.Repeat([]byte{0xff, 0x00}, 30), uint16(100), uint8(3), uint8(2))
	f.Add(bytes.Repeat([]byte{0x31, 0x55, 0xff}, 30), uint16(999), uint8(7), uint8(5))
	f.Add(append(bytes.Repeat([]byte{0xff}, 9), make([]byte, 200)...), uint16(999), uint8(0), uint8(3))
	f.Fuzz(func(t *testing.T, schedule []byte, size uint16, block, window uint8) {
		next := 0
		fate := func() byte {
			if next++; next <= len(schedule) {
				return schedule[next-1]
			}
			return 0xff
		}
		content := pattern(int(size))
		got := simulated{
			content: content,
			options: options("tsize", 0, "blksize", 8+int(block), "windowsize", 1+int(window)%16),
			link:    link{delay: ms, fate: fate},
		}.run()
		if !bytes.HasPrefix(content, got.got) {
			t.Fatal("what arrived is no beginning of the file")
		}
		err := got.client.Err()
		if err == nil && len(got.got) != len(content) {
			t.Fatalf("%d of %d bytes, and no error", len(got.got), len(content))
		}
		if err != nil && !errors.Is(err, ErrTimeout) {
			t.Fatalf("client: %v", err)
		}
		// No more than patience without progress, and every loss is scheduled.
		if most := time.Duration(len(schedule)+2) * 33 * time.Second; got.duration > most {
			t.Fatalf("took %v, want at most %v", got.duration, most)
		}
	})
}

// script cuts fuzz input into steps: a byte that says what to do, a length, and
// so many bytes of a packet.
func script(b []byte, do func(what byte, packet []byte)) {
	for len(b) >= 2 {
		n := min(int(b[1]), len(b)-2)
		do(b[0], b[2:2+n])
		b = b[2+n:]
	}
}

// steps is the inverse of script, for seeds.
func steps(pairs ...any) (b []byte) {
	for i := 0; i < len(pairs); i += 2 {
		packet := pairs[i+1].(Packet).Append(nil)
		b = append(b, byte(pairs[i].(int)), byte(len(packet)))
		b = append(b, packet...)
	}
	return b
}

// What a hostile step does, besides its packet.
const (
	toRequests = 0 // else to the transfer that answered last
	toTransfer = 1
	fromOther  = 2  // from another port
	wait       = 32 // two seconds first
)

// Whatever a server is sent, it looks for clean names only, sends only pieces of
// its files and not too many, least of all to those who have answered nothing, and
// in the end it is idle and holds nothing open.
func FuzzServer(f *testing.F) {
	f.Add(steps(toRequests, rrq("f"), toTransfer, ack(1), toTransfer, ack(2), toTransfer, ack(3)), false)
	f.Add(steps(toRequests, rrq("f", "tsize", 0, "blksize", 8, "windowsize", 4), toTransfer, ack(0), toTransfer, ack(2), toTransfer, ack(2), wait|toTransfer, ack(6)), false)
	f.Add(steps(toRequests, rrq("f", "tsize", 0), toTransfer, fault(CodeOption), toRequests, rrq("f", "blksize", 1468)), false)
	f.Add(steps(toRequests, rrq("f"), toRequests, rrq("f"), toRequests, rrq("f", "tsize", 0), fromOther|toTransfer, ack(1), wait, rrq("f")), true)
	f.Add(steps(toRequests, Packet{Op: OpRRQ, Name: "f", Mode: "netascii"}, toTransfer, ack(1)), false)
	f.Add(steps(toRequests, rrq("../f"), toRequests, data(1, 3), toRequests, fault(CodeUndefined)), false)
	f.Add(steps(toRequests, rrq("f", "timeout", 1, "windowsize", 64), fromOther, rrq("f"), wait, rrq("f")), true)
	f.Add(steps(toRequests, rrq("f", "timeout", 1)), false)
	f.Add(steps(toRequests, wrq("new"), toTransfer, data(1, 200)), false)
	f.Add(steps(toRequests, wrq("new", "blksize", 8, "windowsize", 2, "tsize", 11), toTransfer, data(1, 8), toTransfer, data(2, 3), wait|toTransfer, data(2, 3)), false)
	f.Add(steps(toRequests, wrq("new", "blksize", 8), toTransfer, data(1, 8), toRequests, wrq("new", "blksize", 8), wait|toTransfer, data(2, 9)), true)
	text := wrq("../text")
	text.Mode = "netascii"
	f.Add(steps(toRequests, text, toRequests, wrq("f"), toTransfer, data(1, 0)), false)
	content := pattern(2000)
	converted := []byte(strings.NewReplacer("\r", "\r\x00", "\n", "\r\n").Replace(string(content)))
	f.Fuzz(func(t *testing.T, input []byte, singlePort bool) {
		if len(input) > 2000 {
			return
		}
		tree := &guardedTree{t: t, files: files{"f": content}}
		server := &Server{Source: tree, Sink: tree, MaxTransfers: 8, SinglePort: singlePort}
		inLab(t, tftptest.Faults{}, server, func(l *lab) {
			peers := [2]*hostilePeer{{peer: l.peer()}, {peer: l.peer()}}
			last := l.server
			collect := func(p *hostilePeer) {
				synctest.Wait()
				p.collect(func(from netip.AddrPort, packet Packet) {
					last = from
					if packet.Op == OpDATA && !bytes.Contains(content, packet.Data) && !bytes.Contains(converted, packet.Data) {
						t.Fatalf("DATA %d is no piece of the file", packet.Block)
					}
				})
			}
			script(input, func(what byte, packet []byte) {
				if what&wait != 0 {
					time.Sleep(2 * time.Second) // of the bubble
				}
				p, to := peers[what&fromOther/fromOther], l.server
				if what&toTransfer != 0 {
					to = last
				}
				p.say(to, packet)
				collect(p)
			})
			time.Sleep(3 * time.Minute) // of the bubble: past all patience
			for _, p := range peers {
				collect(p)
				p.judge(t)
			}
			before := l.network.Sent()
			time.Sleep(10 * time.Minute) // of the bubble
			if after := l.network.Sent(); after != before {
				t.Fatalf("%d packets from a server that should be idle", after-before)
			}
			tree.idle()
		})
	})
}

// hostilePeer counts what it says and what it hears.
type hostilePeer struct {
	*peer
	requests, others int // packets sent
	longest          int // bytes of a request
	packets, bytes   int // received
}

func (p *hostilePeer) say(to netip.AddrPort, packet []byte) {
	if isRequest(packet) {
		p.requests++
		p.longest = max(p.longest, len(packet))
	} else {
		p.others++
	}
	p.sendBytes(to, packet)
}

// collect takes what has come so far.
func (p *hostilePeer) collect(heard func(from netip.AddrPort, packet Packet)) {
	b := make([]byte, 1<<16)
	for {
		_ = p.conn.SetReadDeadline(time.Now().Add(1))
		n, from, err := p.conn.ReadFrom(b)
		if err != nil {
			return
		}
		p.packets++
		p.bytes += n
		packet, err := Parse(b[:n])
		if err != nil {
			p.t.Fatalf("the server sent %x: %v", b[:n], err)
		}
		heard(addrPort(from), packet)
	}
}

// judge checks that the peer was not sent too much. A request alone, which may be
// somebody else's, has its first packet sent and six copies; an answer has a window
// of 64 sent at most, and patience allows some 50 resends of it.
func (p *hostilePeer) judge(t *testing.T) {
	if p.others == 0 && (p.packets > 7*p.requests || p.bytes > 7*p.requests*(516+p.longest)) {
		t.Fatalf("%d requests were answered by %d packets of %d bytes", p.requests, p.packets, p.bytes)
	}
	if most := 7*p.requests + 64*51*p.others; p.packets > most {
		t.Fatalf("%d requests and %d answers were answered by %d packets", p.requests, p.others, p.packets)
	}
}

// guardedTree is a Source and a Sink that look at the names that they are asked for,
// and count what is open.
type guardedTree struct {
	t     *testing.T
	files files
	sink  memorySink
	open  atomic.Int64
}

func (g *guardedTree) check(name string) {
	if !filepath.IsLocal(name) || path.Clean(name) != name || name == "." || strings.ContainsAny(name, "\\\x00\n\r") {
		g.t.Errorf("asked for %q", name)
	}
}

func (g *guardedTree) Open(name string, client netip.AddrPort) (File, error) {
	g.check(name)
	file, err := g.files.Open(name, client)
	if err != nil {
		return nil, err
	}
	g.open.Add(1)
	return &guardedFile{File: file, open: &g.open}, nil
}

func (g *guardedTree) Create(name string, client netip.AddrPort, size int64) (Upload, error) {
	g.check(name)
	return g.sink.Create(name, client, size)
}

// idle fails the test if something is open.
func (g *guardedTree) idle() {
	g.sink.left(g.t)
	if n := g.open.Load(); n != 0 {
		g.t.Errorf("%d files are open", n)
	}
}

type guardedFile struct {
	File
	open *atomic.Int64
}

func (f *guardedFile) Close() error {
	f.open.Add(-1)
	return f.File.Close()
}

// Whatever a client is sent, it ends in time and believes no stranger. What it has
// written is what an in-order reading of the server's packets gives, all of it if it
// says so; what it has sent was acknowledged.
func FuzzClient(f *testing.F) {
	f.Add(steps(0, oackPacket(options("blksize", 8, "tsize", 10)), 0, data(1, 8), 0, data(2, 2)), false)
	f.Add(steps(0, data(1, 512), 0, data(1, 512), fromOther, data(2, 1), 0, data(2, 0)), false)
	f.Add(steps(0, oackPacket(options("blksize", 8, "windowsize", 4)), 0, data(1, 8), 0, data(3, 8), 0, data(2, 8), wait, data(3, 8)), false)
	f.Add(steps(0, oackPacket(options("windowsize", 5))), false)
	f.Add(steps(0, fault(CodeNotFound)), false)
	f.Add(steps(fromOther, data(1, 5), fromOther, fault(CodeUndefined)), false)
	f.Add(steps(0, oackPacket(options("blksize", 64, "windowsize", 2)), 0, ack(2), 0, ack(2), wait, ack(3), 0, ack(5)), true)
	f.Add(steps(0, ack(0), fromOther, ack(1), 0, ack(1), 0, ack(0)), true)
	f.Add(steps(wait, oackPacket(options("blksize", 32)), 0, oackPacket(options("blksize", 32)), 0, ack(1), 0, fault(CodeDiskFull)), true)
	f.Fuzz(func(t *testing.T, input []byte, put bool) {
		if len(input) > 5000 {
			return
		}
		asked := options("tsize", 0, "blksize", 64, "windowsize", 4)
		if put {
			asked[0].Value = "300"
		}
		var said [][]byte // by the server
		steps := 0
		script(input, func(what byte, packet []byte) {
			if steps++; what&fromOther == 0 {
				said = append(said, packet)
			}
		})
		scripted(t, func(l *lab, s *peer, _ Packet, client netip.AddrPort) {
			other, err := l.network.Host("192.0.2.77").ListenPacket(l.t.Context(), "udp", ":0")
			if err != nil {
				l.t.Error(err)
				return
			}
			script(input, func(what byte, packet []byte) {
				if what&wait != 0 {
					time.Sleep(2 * time.Second) // of the bubble
				}
				conn := s.conn
				if what&fromOther != 0 {
					conn = other
				}
				_, _ = conn.WriteTo(packet, net.UDPAddrFromAddrPort(client))
				synctest.Wait()
			})
		}, func(l *lab) {
			start := time.Now()
			c := Client{ListenPacket: l.client.ListenPacket}
			req := Request{Server: l.server, Name: "f", Options: asked, Limit: 1000}
			var transfer Transfer
			if put {
				transfer = putHostile(l.t, &c, req, said)
			} else {
				transfer = getHostile(l.t, &c, req, said)
			}
			if transfer.Peer.IsValid() && transfer.Peer.Addr() != l.server.Addr() {
				l.t.Fatalf("%v was believed", transfer.Peer)
			}
			if d := time.Since(start); d > time.Duration(steps)*2*time.Second+40*time.Second {
				l.t.Fatalf("took %v for %d packets", d, steps)
			}
			// A window for each packet that may be an answer, and 40 resends of it.
			if sent := l.network.Sent(); sent > steps+4*40*(steps+2) {
				l.t.Fatalf("%d packets, in answer to %d", sent-steps, steps)
			}
		})
	})
}

func getHostile(t *testing.T, c *Client, req Request, said [][]byte) Transfer {
	var got bytes.Buffer
	transfer, err := c.Get(t.Context(), req, &got)
	want := inOrder(said, req.Options)
	want = want[:min(len(want), int(req.Limit))]
	switch {
	case int64(got.Len()) != transfer.Bytes:
		t.Fatalf("%d bytes were written, of a transfer of %d", got.Len(), transfer.Bytes)
	case !bytes.HasPrefix(want, got.Bytes()):
		t.Fatalf("wrote %x, which is not in order: %x", got.Bytes(), want)
	case err == nil && !bytes.Equal(want, got.Bytes()):
		t.Fatalf("%d bytes of %d, and no error", got.Len(), len(want))
	case err == nil && transfer.Size >= 0 && !transfer.Partial && transfer.Size != transfer.Bytes:
		t.Fatalf("%d bytes of a file of %d, and no error", transfer.Bytes, transfer.Size)
	}
	return transfer
}

// inOrder is the file that a server sends by these packets, as far as it goes, read
// without a window, without a clock and without a limit.
func inOrder(said [][]byte, asked []Option) (file []byte) {
	blockSize, next, answered := DefaultBlockSize, uint16(1), false
	for _, b := range said {
		p, err := Parse(b)
		switch {
		case err != nil:
		case p.Op == OpERROR:
			return file
		case p.Op == OpOACK && !answered:
			agreed, _, err := accept(asked, p.Options)
			if err != nil {
				return file
			}
			blockSize, answered = agreed.blockSize, true
		case p.Op == OpDATA && p.Block == next:
			if len(p.Data) > blockSize {
				return file
			}
			file = append(file, p.Data...)
			if len(p.Data) < blockSize {
				return file
			}
			next, answered = next+1, true
		}
	}
	return file
}

func putHostile(t *testing.T, c *Client, req Request, said [][]byte) Transfer {
	transfer, err := c.Put(t.Context(), req, bytes.NewReader(pattern(300)), 300)
	acknowledged := false
	for _, b := range said {
		p, err := Parse(b)
		acknowledged = acknowledged || err == nil && p.Op == OpACK && transfer.BlockSize > 0 && int(p.Block) == 300/transfer.BlockSize+1
	}
	if err == nil && (!acknowledged || transfer.Bytes != 300) {
		t.Fatalf("%d bytes, and no error; the last block was acknowledged: %v", transfer.Bytes, acknowledged)
	}
	return transfer
}
