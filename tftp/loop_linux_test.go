package tftp

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pxe/wire"
)

// Many clients at once, through a network that loses: each gets the whole file.
func TestLoopManyClients(t *testing.T) {
	content := files{"f": pattern(200_000)}
	server, _ := serveLoopback(t, "127.0.0.1:0", &Server{Source: content, OnEvent: nil})
	want := sha256.Sum256(content["f"])
	var clients sync.WaitGroup
	for i := range 50 {
		relay := newRelay(t, server, wire.Faults{Loss: .05, Seed: uint64(i)})
		clients.Go(func() {
			var got bytes.Buffer
			c := &Client{Timeout: 200 * time.Millisecond}
			_, err := c.Get(t.Context(), Request{Server: relay.addr, Name: "f", Options: options("blksize", 1024, "windowsize", 1+i%8)}, &got)
			if sum := sha256.Sum256(got.Bytes()); err != nil || sum != want {
				t.Errorf("client %d: %d bytes, %v", i, got.Len(), err)
			}
		})
	}
	clients.Wait()
}

// relay carries packets between one client and a server, as a router with address
// translation does, over a bad path.
type relay struct {
	faults wire.Faults
	addr   netip.AddrPort // for the client to ask

	mu           sync.Mutex // guards the fields below
	chance       *rand.Rand
	client, peer netip.AddrPort
	up, down     int // packets that the client and the server have sent
}

func newRelay(t *testing.T, server netip.AddrPort, faults wire.Faults) *relay {
	var sockets [2]*net.UDPConn
	for i := range sockets {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		sockets[i] = c
	}
	inside, outside := sockets[0], sockets[1]
	r := &relay{faults: faults, addr: addrPort(inside.LocalAddr()), chance: rand.New(rand.NewPCG(faults.Seed, 2)), peer: server}
	go r.carry(inside, outside, &r.client, &r.peer, &r.up)
	go r.carry(outside, inside, &r.peer, &r.client, &r.down)
	return r
}

func (r *relay) carry(from, to *net.UDPConn, here, there *netip.AddrPort, count *int) {
	buf := make([]byte, 2048)
	for {
		n, addr, err := from.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		r.mu.Lock()
		*here = addr
		*count++
		dst, copies := *there, 1
		if r.chance.Float64() < r.faults.Loss {
			copies = 0
		} else if r.chance.Float64() < r.faults.Duplicate {
			copies = 2
		}
		delay := r.faults.Delay
		if r.chance.Float64() < r.faults.Reorder {
			delay += 10 * ms
		}
		r.mu.Unlock()
		for range copies {
			if delay == 0 {
				_, _ = to.WriteToUDPAddrPort(buf[:n], dst)
				continue
			}
			packet := bytes.Clone(buf[:n])
			time.AfterFunc(delay, func() { _, _ = to.WriteToUDPAddrPort(packet, dst) })
		}
	}
}

// Both drivers, and real sockets, over every kind of bad path at once.
func TestLoopbackBadPaths(t *testing.T) {
	for driver, listen := range drivers {
		t.Run(driver, func(t *testing.T) {
			t.Parallel() // it mostly waits
			sink := new(memorySink)
			content := files{"512": pattern(24*512 + 7), "1468": pattern(24 * 1468)}
			server, _ := serveLoopback(t, "127.0.0.1:0", &Server{Source: content, Sink: sink, ListenPacket: listen})
			var clients sync.WaitGroup
			for _, loss := range []float64{.01, .05, .2} {
				for _, blockSize := range []int{512, 1468} {
					for _, window := range []int{1, 4, 16} {
						faults := wire.Faults{Loss: loss, Duplicate: .1, Reorder: .1, Delay: 20 * ms, Seed: uint64(window)}
						clients.Go(func() { relayedGet(t, newRelay(t, server, faults), content, blockSize, window) })
						clients.Go(func() { relayedPut(t, newRelay(t, server, faults), content, sink, blockSize, window) })
					}
				}
			}
			clients.Wait()
		})
	}
}

func relayedGet(t *testing.T, r *relay, content files, blockSize, window int) {
	name := fmt.Sprint(blockSize)
	var got bytes.Buffer
	transfer, err := new(Client).Get(t.Context(), Request{
		Server: r.addr, Name: name, Options: options("blksize", blockSize, "windowsize", window),
	}, &got)
	r.check(t, transfer, err, got.Bytes(), content[name], &r.down)
}

func relayedPut(t *testing.T, r *relay, content files, sink *memorySink, blockSize, window int) {
	want := content[fmt.Sprint(blockSize)]
	name := fmt.Sprint(r.faults.Loss, blockSize, window)
	transfer, err := new(Client).Put(t.Context(), Request{
		Server: r.addr, Name: name, Options: options("blksize", blockSize, "windowsize", window),
	}, bytes.NewReader(want), int64(len(want)))
	got, _ := sink.got(name)
	r.check(t, transfer, err, []byte(got), want, &r.up)
}

// check looks at what became of a transfer; sent are the packets of the end that
// has the file.
func (r *relay) check(t *testing.T, transfer Transfer, err error, got, want []byte, sent *int) {
	t.Helper()
	if errors.Is(err, ErrNoAnswer) && r.faults.Loss >= .2 && len(got) == 0 {
		return
	}
	name := fmt.Sprintf("%+v, blksize %d, window %d", r.faults, transfer.BlockSize, transfer.Window)
	if err != nil || sha256.Sum256(got) != sha256.Sum256(want) {
		t.Errorf("%s: %v, %d of %d bytes", name, err, len(got), len(want))
		return
	}
	blocks := len(want)/transfer.BlockSize + 1
	if most := mostTime(blocks, r.faults); transfer.Duration > most {
		t.Errorf("%s: took %v, want at most %v", name, transfer.Duration, most)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	// With the end of the file again, if its last ACK was lost.
	if most := mostPackets(blocks, transfer.Window, r.faults) + 36*transfer.Window; *sent > most {
		t.Errorf("%s: %d packets, want at most %d", name, *sent, most)
	}
}

// A client that acknowledges at once, all the time, keeps nobody else waiting.
func TestLoopFastClient(t *testing.T) {
	content := files{"f": pattern(5000)}
	source := SourceFunc(func(name string, client netip.AddrPort) (File, error) {
		if name == "endless" {
			return endless{}, nil
		}
		return content.Open(name, client)
	})
	server, _ := serveLoopback(t, "127.0.0.1:0", &Server{Source: source})
	ctx, cancel := context.WithCancelCause(t.Context())
	running, over := make(chan struct{}), make(chan error, 1)
	go func() {
		req := Request{Server: server, Name: "endless", Options: options("blksize", 1024)}
		begun := sync.OnceFunc(func() { close(running) })
		req.Progress = func(done, _ int64) {
			if done > 1<<20 {
				begun()
			}
		}
		_, err := new(Client).Get(ctx, req, io.Discard)
		over <- err
	}()
	<-running
	var got bytes.Buffer
	_, err := new(Client).Get(t.Context(), Request{Server: server, Name: "f"}, &got)
	if err != nil || !bytes.Equal(got.Bytes(), content["f"]) {
		t.Errorf("the other client: %d bytes, %v", got.Len(), err)
	}
	enough := errors.New("enough")
	cancel(enough)
	if err := <-over; !errors.Is(err, enough) {
		t.Errorf("the fast client: %v", err)
	}
}

// endless is a file of many zeros.
type endless struct{}

func (endless) Size() int64  { return 1 << 40 }
func (endless) Close() error { return nil }
func (endless) ReadAt(b []byte, _ int64) (int, error) {
	clear(b)
	return len(b), nil
}

// Files that say that they may wait hold up no others.
func TestLoopWaitingFiles(t *testing.T) {
	entered, hung := make(chan struct{}, 100), make(chan struct{})
	content := pattern(5000)
	server, _ := serveLoopback(t, "127.0.0.1:0", &Server{Source: SourceFunc(func(name string, _ netip.AddrPort) (File, error) {
		if name == "remote" {
			return remoteFile{Bytes(content), entered, hung}, nil
		}
		return Bytes(content), nil
	})})
	get := func(name string) {
		var got bytes.Buffer
		_, err := new(Client).Get(t.Context(), Request{Server: server, Name: name, Options: options("blksize", 1024)}, &got)
		if err != nil || !bytes.Equal(got.Bytes(), content) {
			t.Errorf("%s: %v, %d bytes", name, err, got.Len())
		}
	}
	var remote sync.WaitGroup
	for range 2 * maxLoops {
		remote.Go(func() { get("remote") })
		<-entered
	}
	for range 2 * maxLoops {
		get("local")
	}
	close(hung)
	remote.Wait()
}

// remoteFile is a file of a server that hangs.
type remoteFile struct {
	File
	entered, hung chan struct{}
}

func (f remoteFile) MayWait() bool { return true }

func (f remoteFile) ReadAt(p []byte, off int64) (int, error) {
	f.entered <- struct{}{}
	<-f.hung
	return f.File.ReadAt(p, off)
}

// Which files those are, by what statfs(2) says of where they are.
func TestIsRemote(t *testing.T) {
	for name, want := range map[string]bool{"nfs": true, "cifs": true, "smb2": true, "fuse": true, "ext4": false, "tmpfs": false} {
		magic := map[string]uint32{
			"nfs": 0x6969, "cifs": 0xff534d42, "smb2": 0xfe534d42, "fuse": 0x65735546, "ext4": 0xef53, "tmpfs": 0x01021994,
		}[name]
		if got := isRemoteType(magic); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	f, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var info unix.Statfs_t
	if err := unix.Statfs(f.Name(), &info); err != nil {
		t.Fatal(err)
	}
	if got, want := isRemote(f), isRemoteType(uint32(info.Type)); got != want {
		t.Errorf("the folder for temporary files: %v, want %v", got, want)
	}
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
