package tftp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// The sockets of this host, and what only they can do.

// serveLoopback serves on an address until the test ends, and returns the
// address with the events.
func serveLoopback(t *testing.T, address string, s *Server) (netip.AddrPort, <-chan Event) {
	events := make(chan Event, 100)
	s.OnEvent = func(e Event) { events <- e }
	return listenAndServe(t, address, s), events
}

// drivers are the ways in which a Server uses sockets of this host.
var drivers = map[string]ListenFunc{"loop": nil, "portable": listenHost}

func TestLoopback(t *testing.T) {
	for driver, listen := range drivers {
		for _, address := range []string{"127.0.0.1:0", "[::1]:0", "0.0.0.0:0", "[::]:0"} {
			t.Run(driver+" "+address, func(t *testing.T) { testLoopback(t, address, listen) })
		}
	}
}

func testLoopback(t *testing.T, address string, listen ListenFunc) {
	testLoopbackServer(t, address, &Server{ListenPacket: listen})
}

// The answers of a shared port come from the address that was asked.
func TestLoopbackSinglePort(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0", "0.0.0.0:0", "[::]:0"} {
		t.Run(address, func(t *testing.T) { testLoopbackServer(t, address, &Server{SinglePort: true}) })
	}
}

func testLoopbackServer(t *testing.T, address string, s *Server) {
	content := files{"f": pattern(1 << 20)}
	s.Source = content
	bound, events := serveLoopback(t, address, s)
	asked := []netip.Addr{bound.Addr()}
	switch bound.Addr() {
	case netip.IPv4Unspecified():
		asked = []netip.Addr{netip.MustParseAddr("127.0.0.5")}
	case netip.IPv6Unspecified(): // takes both families
		asked = []netip.Addr{netip.MustParseAddr("127.0.0.6"), netip.IPv6Loopback()}
	}
	for _, addr := range asked {
		server := netip.AddrPortFrom(addr, bound.Port())
		for _, window := range []int{1, 16} {
			var got bytes.Buffer
			transfer, err := new(Client).Get(t.Context(), Request{
				Server: server, Name: "f", Options: options("blksize", 1468, "windowsize", window),
			}, &got)
			if err != nil || !bytes.Equal(got.Bytes(), content["f"]) {
				t.Fatalf("window %d: %v, %d bytes", window, err, got.Len())
			}
			// Several addresses lead here: the answer came from the one asked.
			if transfer.Peer.Addr() != server.Addr() || (transfer.Peer.Port() == server.Port()) != s.SinglePort {
				t.Errorf("window %d: %v was asked, %v answered", window, server, transfer.Peer)
			}
			if e := <-events; e.Kind != EventDone || e.Local != server.Addr() {
				t.Errorf("window %d: event %+v", window, e)
			}
		}
	}
}

// No socket that sends a file forbids routers to cut its packets up, for a path whose
// MTU is smaller than that of our interface.
func TestLoopbackFragments(t *testing.T) {
	for _, tt := range []struct {
		addr             netip.Addr
		level, opt, want int
	}{
		{netip.MustParseAddr("127.0.0.1"), unix.SOL_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DONT},
		{netip.IPv6Loopback(), unix.SOL_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_DONT},
	} {
		check := func(kind string, fd int) {
			if got, err := unix.GetsockoptInt(fd, tt.level, tt.opt); err != nil || got != tt.want {
				t.Errorf("%v, %s: MTU discovery is %d, %v; want %d", tt.addr, kind, got, err, tt.want)
			}
		}
		loop, err := listenSocket(tt.addr, tt.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer loop.Close()
		check("loop", loop.fd)
		portable, err := listen(t.Context(), nil, tt.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer portable.Close()
		control(portable.PacketConn.(*net.UDPConn), func(fd int) { check("portable", fd) })
		single, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(tt.addr, 0)))
		if err != nil {
			t.Fatal(err)
		}
		defer single.Close()
		sendsTransfers(single)
		control(single, func(fd int) { check("single port", fd) })
	}
}

// A block is as large as the way to the client carries in one packet.
func TestLoopbackMTU(t *testing.T) {
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	server, _ := serveLoopback(t, "127.0.0.1:0", &Server{Source: files{"f": pattern(100)}})
	got, err := new(Client).Get(t.Context(), Request{Server: server, Name: "f", Options: options("blksize", 65464)}, io.Discard)
	if want := min(lo.MTU-overheadIPv4, MaxBlockSize); err != nil || got.BlockSize != want {
		t.Errorf("block size %d, error %v; want %d", got.BlockSize, err, want)
	}
	if mtu, want := routeMTU(netip.Addr{}, server), min(lo.MTU, 65535); mtu != want {
		t.Errorf("MTU of the way to %v: %d, want %d", server, mtu, want)
	}
}

// closedPort is a port of this host where nobody listens.
func closedPort(t *testing.T) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return addrPort(conn.LocalAddr())
}

// A host without a TFTP server says so, and a client need not wait.
func TestLoopbackRefused(t *testing.T) {
	start := time.Now()
	server := closedPort(t)
	_, err := new(Client).Get(t.Context(), Request{Server: server, Name: "f"}, io.Discard)
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("error %v, want ECONNREFUSED", err)
	}
	if want := fmt.Sprintf("tftp: get \"f\" from %v: connection refused", server); err == nil || err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("took %v", d)
	}
}

// A server that ends in mid-transfer was there.
func TestLoopbackGone(t *testing.T) {
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer server.Close()
		_, client, err := server.ReadFrom(make([]byte, 1000))
		if err == nil {
			_, _ = server.WriteTo(data(1, 512).Append(nil), client)
		}
	}()
	got, err := new(Client).Get(t.Context(), Request{Server: addrPort(server.LocalAddr()), Name: "f"}, io.Discard)
	if !errors.Is(err, ErrGone) || errors.Is(err, syscall.ECONNREFUSED) || got.Bytes != 512 {
		t.Errorf("error %v after %d bytes, want ErrGone after 512", err, got.Bytes)
	}
}

// A stranger's closed port is not the server's.
func TestLoopbackStrangerRefuses(t *testing.T) {
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	type result struct {
		Transfer
		error
	}
	done := make(chan result)
	go func() {
		transfer, err := new(Client).Get(t.Context(), Request{Server: addrPort(server.LocalAddr()), Name: "f"}, io.Discard)
		done <- result{transfer, err}
	}()
	buf := make([]byte, 1500)
	_, client, err := server.ReadFrom(buf)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := net.ListenPacket("udp", "127.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stranger.WriteTo(data(1, 512).Append(nil), client); err != nil {
		t.Fatal(err)
	}
	stranger.Close() // the ERROR 5 meets a closed port
	for _, p := range []Packet{data(1, 512), data(2, 0)} {
		if _, err := server.WriteTo(p.Append(nil), client); err != nil {
			t.Fatal(err)
		}
		for {
			n, _, err := server.ReadFrom(buf)
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := Parse(buf[:n]); got.Op == OpACK && got.Block == p.Block {
				break
			}
		}
	}
	if r := <-done; r.error != nil || r.Bytes != 512 {
		t.Errorf("%+v", r)
	}
}

// A client whose socket is gone ends its transfer at once.
func TestLoopbackClientGone(t *testing.T) {
	for driver, listen := range drivers {
		t.Run(driver, func(t *testing.T) { testClientGone(t, listen) })
	}
}

func testClientGone(t *testing.T, listen ListenFunc) {
	server, events := serveLoopback(t, "127.0.0.1:0", &Server{Source: files{"f": pattern(1000)}, ListenPacket: listen})
	client, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 1500)
	if _, err := client.WriteTo(rrq("f").Append(nil), net.UDPAddrFromAddrPort(server)); err != nil {
		t.Fatal(err)
	}
	_, tid, err := client.ReadFrom(buf)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.WriteTo(ack(1).Append(nil), tid); err != nil {
		t.Fatal(err)
	}
	client.Close() // DATA 2 or its copy meets a closed port
	select {
	case e := <-events:
		if e.Kind != EventDone || e.Note == "" {
			t.Errorf("event %v with %v, want done without the last ACK", e.Kind, e.Err)
		}
	case <-time.After(20 * time.Second):
		t.Error("the server waits for a client that is gone")
	}
}

// What a client says before it closes its port counts, though the ICMP error
// about a packet under way to it is reported first.
func TestLoopbackLastWords(t *testing.T) {
	for _, window := range []int{1, 4} {
		client, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		conn, err := listen(t.Context(), nil, netip.MustParseAddr("127.0.0.1"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := client.WriteTo(fault(CodeUndefined).Append(nil), conn.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		client.Close()
		s := newSender(bytes.NewReader(pattern(5000)), 5000, terms{blockSize: 512, window: window}, nil, new(Server).timer(plainTerms()))
		err = newDriver(conn, addrPort(client.LocalAddr()), true, maxOptions, headerSize+512).run(t.Context(), s)
		var said *Error
		if err != nil || !errors.As(s.Err(), &said) {
			t.Errorf("window %d: error %v, the transfer's %v; want the client's", window, err, s.Err())
		}
	}
}

// Without anything wrong, Serve ends when its socket does.
func TestServeClosedSocket(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if err := new(Server).Serve(t.Context(), conn); !errors.Is(err, net.ErrClosed) {
		t.Errorf("error %v, want net.ErrClosed", err)
	}
}

// brokenConn fails every read, as the socket of an interface that is gone may.
type brokenConn struct {
	net.PacketConn
	reads int
}

func (c *brokenConn) ReadFrom([]byte) (int, net.Addr, error) {
	c.reads++
	return 0, nil, syscall.ENETDOWN
}
func (c *brokenConn) LocalAddr() net.Addr             { return &net.UDPAddr{} }
func (c *brokenConn) SetReadDeadline(time.Time) error { return nil }

// A socket that only fails is not asked for ever, nor in a hurry.
func TestServeBrokenSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn, start := &brokenConn{}, time.Now()
		err := new(Server).Serve(t.Context(), conn)
		if !errors.Is(err, syscall.ENETDOWN) || conn.reads != maxFailures+1 {
			t.Errorf("error %v after %d reads", err, conn.reads)
		}
		if d := time.Since(start); d < time.Second {
			t.Errorf("given up after %v", d)
		}
	})
}

// The kernel tells where a packet went: to us, to our link-local address of one
// interface, or to everybody.
func TestDestination(t *testing.T) {
	four := func(ours, dst string) []byte {
		return unix.PktInfo4(&unix.Inet4Pktinfo{
			Ifindex: 1, Spec_dst: netip.MustParseAddr(ours).As4(), Addr: netip.MustParseAddr(dst).As4(),
		})
	}
	six := func(dst string) []byte {
		return unix.PktInfo6(&unix.Inet6Pktinfo{Ifindex: 7, Addr: netip.MustParseAddr(dst).As16()})
	}
	for _, tt := range []struct {
		name      string
		oob       []byte
		want      string
		broadcast bool
	}{
		{"IPv4", four("192.0.2.1", "192.0.2.1"), "192.0.2.1", false},
		{"IPv4 to everybody", four("192.0.2.1", "192.0.2.255"), "192.0.2.1", true},
		{"IPv4 before we asked", four("0.0.0.0", "192.0.2.1"), "192.0.2.1", false},
		{"IPv6", six("2001:db8::1"), "2001:db8::1", false},
		{"IPv6 of one interface", six("fe80::1"), "fe80::1%7", false},
		{"IPv6 to everybody", six("ff02::1"), "ff02::1", true},
		{"IPv4 at a socket for both", six("::ffff:192.0.2.1"), "192.0.2.1", false},
		{"nothing", nil, "invalid IP", false},
		{"rubbish", []byte("rubbish that is no control message"), "invalid IP", false},
	} {
		if got := destination(tt.oob); got.addr.String() != tt.want || got.broadcast != tt.broadcast {
			t.Errorf("%s: %v, broadcast %v", tt.name, got.addr, got.broadcast)
		}
	}
}

// What went to everybody is not answered (RFC 1123 section 4.2.3.4).
func TestLoopbackBroadcast(t *testing.T) {
	server, events := serveLoopback(t, "0.0.0.0:0", &Server{Source: files{"f": nil}})
	port := server.Port()
	server = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)
	if _, err := new(Client).Get(t.Context(), Request{Server: server, Name: "f"}, io.Discard); err != nil {
		t.Fatal(err)
	}
	<-events
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	everybody := netip.AddrPortFrom(netip.MustParseAddr("127.255.255.255"), port)
	if _, err := conn.WriteTo(rrq("f").Append(nil), net.UDPAddrFromAddrPort(everybody)); err != nil {
		t.Fatal(err)
	}
	if e := <-events; e.Kind != EventDropped || !errors.Is(e.Err, errBroadcast) {
		t.Errorf("event %v with %v", e.Kind, e.Err)
	}
}

// The loops of this host keep to it too: 300 KB at 1 MB/s.
func TestPaceOnLoopback(t *testing.T) {
	for driver, listen := range drivers {
		server := listenAndServe(t, "127.0.0.1:0", &Server{Source: files{"f": pattern(300_000)}, ListenPacket: listen, Pace: &Pace{Rate: 1_000_000}})
		start := time.Now()
		got, err := new(Client).Get(t.Context(), Request{Server: server, Name: "f", Options: options("blksize", 1468, "windowsize", 16)}, io.Discard)
		if took := time.Since(start); err != nil || got.Bytes != 300_000 || took < 280*time.Millisecond {
			t.Errorf("%s: %+v in %v, %v", driver, got, took, err)
		}
	}
}

// forwardPort passes packets on as the port forwarding of a container does: what
// comes back from another port than the one that was asked is lost.
func forwardPort(t *testing.T, server netip.AddrPort) netip.AddrPort {
	front, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	wait.Go(func() {
		ways := make(map[netip.AddrPort]*net.UDPConn)
		defer func() {
			for _, way := range ways {
				way.Close()
			}
		}()
		for b := make([]byte, 1<<16); ; {
			n, client, err := front.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			way := ways[client]
			if way == nil {
				if way, err = net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(server)); err != nil {
					t.Error(err)
					return
				}
				ways[client] = way
				wait.Go(func() {
					for b := make([]byte, 1<<16); ; {
						n, err := way.Read(b)
						if errors.Is(err, net.ErrClosed) {
							return
						}
						_, _ = front.WriteToUDPAddrPort(b[:n], client)
					}
				})
			}
			_, _ = way.Write(b[:n])
		}
	})
	t.Cleanup(func() {
		front.Close()
		wait.Wait()
	})
	return addrPort(front.LocalAddr())
}

// Behind port forwarding a client gets its files from a single port only.
func TestLoopbackForwarded(t *testing.T) {
	content := pattern(50_000)
	for _, single := range []bool{false, true} {
		server := listenAndServe(t, "127.0.0.1:0", &Server{Source: files{"f": content}, SinglePort: single, Timeout: 100 * ms, Retries: 1})
		c := Client{Timeout: 100 * ms, Retries: 1}
		var got bytes.Buffer
		_, err := c.Get(t.Context(), Request{Server: forwardPort(t, server), Name: "f", Options: options("windowsize", 4)}, &got)
		if single && (err != nil || !bytes.Equal(got.Bytes(), content)) || !single && err == nil {
			t.Errorf("single port %v: %d bytes, %v", single, got.Len(), err)
		}
	}
}
