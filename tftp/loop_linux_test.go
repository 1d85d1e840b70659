package tftp

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Many clients at once, through a network that loses: each gets the whole file.
func TestLoopManyClients(t *testing.T) {
	content := files{"f": pattern(200_000)}
	server, _ := serveLoopback(t, "127.0.0.1:0", &Server{Source: content, OnEvent: nil})
	want := sha256.Sum256(content["f"])
	var clients sync.WaitGroup
	for i := range 50 {
		relay := lossyRelay(t, server, uint64(i))
		clients.Go(func() {
			var got bytes.Buffer
			c := &Client{Timeout: 200 * time.Millisecond}
			_, err := c.Get(t.Context(), Request{Server: relay, Name: "f", Options: options("blksize", 1024, "windowsize", 1+i%8)}, &got)
			if sum := sha256.Sum256(got.Bytes()); err != nil || sum != want {
				t.Errorf("client %d: %d bytes, %v", i, got.Len(), err)
			}
		})
	}
	clients.Wait()
}

// lossyRelay carries packets between one client and a server, as a router with
// address translation does, and loses one in twenty.
func lossyRelay(t *testing.T, server netip.AddrPort, seed uint64) netip.AddrPort {
	inside, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	outside, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { inside.Close(); outside.Close() })
	var mu sync.Mutex
	chance := rand.New(rand.NewPCG(seed, 2))
	client, peer := netip.AddrPort{}, server
	carry := func(from, to *net.UDPConn, there, back *netip.AddrPort) {
		buf := make([]byte, 2048)
		for {
			n, addr, err := from.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			mu.Lock()
			*back = addr
			lost, dst := chance.IntN(20) == 0, *there
			mu.Unlock()
			if !lost {
				_, _ = to.WriteToUDPAddrPort(buf[:n], dst)
			}
		}
	}
	go carry(inside, outside, &peer, &client)
	go carry(outside, inside, &client, &peer)
	return addrPort(inside.LocalAddr())
}

// What a socket has no room for goes out when there is some again.
func TestExchangeFullSocket(t *testing.T) {
	for _, gso := range []bool{true, false} {
		content := pattern(10 * 512)
		s := newSender(bytes.NewReader(content), int64(len(content)), terms{blockSize: 512, window: 16}, nil, newTimer(time.Second, 3, senderFloor))
		socket := &tightSocket{room: 3, gso: gso}
		x := &exchange{socket: socket, peer: netip.MustParseAddrPort("192.0.2.1:1"), latched: true, batch: 4 * 516}
		s.Start(epoch)
		for {
			if err := x.flush(epoch, s); err != nil {
				t.Fatal(err)
			}
			if !x.full {
				break
			}
			x.full, socket.room = false, 3
		}
		var got []byte
		for i, p := range socket.packets {
			d, err := Parse(p)
			if err != nil || int(d.Block) != i+1 {
				t.Fatalf("gso %v: packet %d is %v of block %d, %v", gso, i, d.Op, d.Block, err)
			}
			got = append(got, d.Data...)
		}
		if !bytes.Equal(got, content) || s.retransmits != 0 {
			t.Errorf("gso %v: %d bytes in %d packets, %d of them again", gso, len(got), len(socket.packets), s.retransmits)
		}
	}
}

// tightSocket takes so many writes and is full then.
type tightSocket struct {
	socket
	room    int
	gso     bool
	cut     int
	packets [][]byte
}

func (s *tightSocket) segment(size int) bool { s.cut = size; return s.gso }

func (s *tightSocket) write(b []byte, _ netip.AddrPort) error {
	if s.room == 0 {
		return unix.EAGAIN
	}
	s.room--
	for size := max(s.cut, 1); len(b) > 0; {
		n := len(b)
		if s.gso && s.cut > 0 {
			n = min(size, n)
		}
		s.packets = append(s.packets, bytes.Clone(b[:n]))
		b = b[n:]
	}
	return nil
}

// A transfer that its context ends gives its socket back, and the loop goes on
// with the others.
func TestLoopEndsTransfers(t *testing.T) {
	ls := newLoops()
	if ls == nil {
		t.Fatal("no loops")
	}
	defer ls.stop()
	client := closedPort(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("enough")
	var wait sync.WaitGroup
	for i := range 10 {
		c, err := ls.host(netip.MustParseAddr("127.0.0.1"), netip.AddrPortFrom(netip.MustParseAddr(fmt.Sprintf("127.1.0.%d", i+1)), client.Port()), 0)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		m := &silent{started: make(chan struct{})}
		wait.Go(func() {
			if err := c.run(ctx, m); !errors.Is(err, cause) {
				t.Errorf("%v, want %v", err, cause)
			}
		})
		<-m.started
	}
	cancel(cause)
	wait.Wait()
}

// silent is a machine that waits for an hour.
type silent struct {
	started chan struct{}
	until   time.Time
}

func (m *silent) Start(now time.Time) {
	m.until = now.Add(time.Hour)
	close(m.started)
}
func (m *silent) Packet(time.Time, Packet)                        {}
func (m *silent) Tick(time.Time)                                  {}
func (m *silent) Deadline() time.Time                             { return m.until }
func (m *silent) AppendNext(_ time.Time, b []byte) ([]byte, bool) { return b, false }
func (m *silent) Done() bool                                      { return false }
func (m *silent) Err() error                                      { return nil }
