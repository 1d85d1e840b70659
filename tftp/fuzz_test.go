package tftp

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"strings"
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

// Whatever a server is sent, it sends only pieces of its file, not too many,
// and in the end it is idle.
func FuzzServer(f *testing.F) {
	f.Add(steps(toRequests, rrq("f"), toTransfer, ack(1), toTransfer, ack(2), toTransfer, ack(3)))
	f.Add(steps(toRequests, rrq("f", "tsize", 0, "blksize", 8, "windowsize", 4), toTransfer, ack(0), toTransfer, ack(2), toTransfer, ack(2), wait|toTransfer, ack(6)))
	f.Add(steps(toRequests, rrq("f", "tsize", 0), toTransfer, fault(CodeOption), toRequests, rrq("f", "blksize", 1468)))
	f.Add(steps(toRequests, rrq("f"), toRequests, rrq("f"), toRequests, rrq("f", "tsize", 0), fromOther|toTransfer, ack(1), wait, rrq("f")))
	f.Add(steps(toRequests, Packet{Op: OpRRQ, Name: "f", Mode: "netascii"}, toTransfer, ack(1)))
	f.Add(steps(toRequests, Packet{Op: OpWRQ, Name: "f", Mode: "octet"}, toRequests, rrq("../f"), toRequests, data(1, 3), toRequests, fault(CodeUndefined)))
	content := pattern(2000)
	converted := []byte(strings.NewReplacer("\r", "\r\x00", "\n", "\r\n").Replace(string(content)))
	f.Fuzz(func(t *testing.T, input []byte) {
		if len(input) > 2000 {
			return
		}
		inLab(t, tftptest.Faults{}, &Server{Source: files{"f": content}, MaxTransfers: 8}, func(l *lab) {
			peers := [2]*peer{l.peer(), l.peer()}
			last := l.server
			received := 0
			// collect takes what has come so far.
			collect := func(p *peer) {
				synctest.Wait()
				b := make([]byte, 1<<16)
				for {
					_ = p.conn.SetReadDeadline(time.Now().Add(1))
					n, from, err := p.conn.ReadFrom(b)
					if err != nil {
						return
					}
					received++
					packet, err := Parse(b[:n])
					if err != nil {
						l.t.Fatalf("the server sent %x: %v", b[:n], err)
					}
					last = addrPort(from)
					if packet.Op == OpDATA && !bytes.Contains(content, packet.Data) && !bytes.Contains(converted, packet.Data) {
						l.t.Fatalf("DATA %d is no piece of the file", packet.Block)
					}
				}
			}
			sent := 0
			script(input, func(what byte, packet []byte) {
				if what&wait != 0 {
					time.Sleep(2 * time.Second) // of the bubble
				}
				p, to := peers[what&fromOther/fromOther], l.server
				if what&toTransfer != 0 {
					to = last
				}
				p.sendBytes(to, packet)
				sent++
				collect(p)
			})
			time.Sleep(3 * time.Minute) // of the bubble: past all patience
			for _, p := range peers {
				collect(p)
			}
			// Every packet starts a window of 64 at most, and patience allows some
			// 50 resends of it.
			if received > 64*51*(sent+1) {
				l.t.Fatalf("%d packets were answered by %d", sent, received)
			}
			before := l.network.Sent()
			time.Sleep(10 * time.Minute) // of the bubble
			if after := l.network.Sent(); after != before {
				l.t.Fatalf("%d packets from a server that should be idle", after-before)
			}
		})
	})
}

// Whatever a client is sent, it ends in time, has written what it says, and
// believes no stranger.
func FuzzClient(f *testing.F) {
	f.Add(steps(0, oackPacket(options("blksize", 8, "tsize", 10)), 0, data(1, 8), 0, data(2, 2)))
	f.Add(steps(0, data(1, 512), 0, data(1, 512), fromOther, data(2, 1), 0, data(2, 0)))
	f.Add(steps(0, oackPacket(options("blksize", 8, "windowsize", 4)), 0, data(1, 8), 0, data(3, 8), 0, data(2, 8), wait, data(3, 8)))
	f.Add(steps(0, oackPacket(options("windowsize", 5))))
	f.Add(steps(0, fault(CodeNotFound)))
	f.Add(steps(fromOther, data(1, 5), fromOther, fault(CodeUndefined)))
	f.Fuzz(func(t *testing.T, input []byte) {
		if len(input) > 5000 {
			return
		}
		steps := 0
		script(input, func(byte, []byte) { steps++ })
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
			var got bytes.Buffer
			start := time.Now()
			c := Client{ListenPacket: l.client.ListenPacket}
			transfer, err := c.Get(l.t.Context(), Request{
				Server: l.server, Name: "f", Options: options("tsize", 0, "blksize", 64, "windowsize", 4), Limit: 1000,
			}, &got)
			if int64(got.Len()) != transfer.Bytes || got.Len() > 1000 {
				l.t.Fatalf("%d bytes were written, of a transfer of %d, with a limit of 1000", got.Len(), transfer.Bytes)
			}
			if err == nil && transfer.Size >= 0 && !transfer.Partial && transfer.Size != transfer.Bytes {
				l.t.Fatalf("%d bytes of a file of %d, and no error", transfer.Bytes, transfer.Size)
			}
			if transfer.Peer.IsValid() && transfer.Peer.Addr() != l.server.Addr() {
				l.t.Fatalf("%v was believed", transfer.Peer)
			}
			if d := time.Since(start); d > time.Duration(steps)*2*time.Second+40*time.Second {
				l.t.Fatalf("took %v for %d packets", d, steps)
			}
		})
	})
}
