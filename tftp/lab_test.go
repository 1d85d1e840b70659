package tftp

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pxe/tftp/tftptest"
)

// files is a Source in memory.
type files map[string][]byte

func (f files) Open(name string, _ netip.AddrPort) (File, error) {
	if b, ok := f[name]; ok {
		return Bytes(b), nil
	}
	return nil, fs.ErrNotExist
}

// lab is a server on a network in memory. All of it lives in a synctest bubble:
// the clock moves only when everybody waits.
type lab struct {
	t       *testing.T
	network *tftptest.Network
	client  tftptest.Host
	server  netip.AddrPort
	stop    func() error // ends the server, and returns what Serve did

	mu     sync.Mutex // guards events
	events []Event
}

// inLab runs f with a server of these files.
func inLab(t *testing.T, faults tftptest.Faults, server *Server, f func(*lab)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		network := tftptest.NewNetwork(faults)
		host := network.Host("192.0.2.1")
		l := &lab{t: t, network: network, client: network.Host("192.0.2.2"), server: netip.MustParseAddrPort("192.0.2.1:69")}
		conn, err := host.ListenPacket(t.Context(), "udp", ":69")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		server.ListenPacket = host.ListenPacket
		server.OnEvent = func(e Event) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.events = append(l.events, e)
		}
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- server.Serve(ctx, conn) }()
		l.stop = sync.OnceValue(func() error {
			cancel()
			return <-served
		})
		defer l.stop()
		f(l)
	})
}

// event waits until there is one event more than before was seen, and returns
// it.
func (l *lab) event() Event {
	l.t.Helper()
	deadline := time.Now().Add(5 * time.Minute)
	for time.Now().Before(deadline) {
		synctest.Wait()
		l.mu.Lock()
		if len(l.events) > 0 {
			e := l.events[0]
			l.events = l.events[1:]
			l.mu.Unlock()
			return e
		}
		l.mu.Unlock()
		time.Sleep(time.Second) // of the bubble
	}
	l.t.Fatal("no event")
	return Event{}
}

// noEvent fails the test if something happened that event has not returned.
func (l *lab) noEvent() {
	l.t.Helper()
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.events) > 0 {
		l.t.Errorf("unexpected event %+v", l.events[0])
	}
}

// peer is a socket of the client's host, to say things no Client would say.
type peer struct {
	t    *testing.T
	conn net.PacketConn
}

func (l *lab) peer() *peer {
	l.t.Helper()
	conn, err := l.client.ListenPacket(l.t.Context(), "udp", ":0")
	if err != nil {
		l.t.Fatal(err)
	}
	return &peer{l.t, conn}
}

func (p *peer) send(to netip.AddrPort, packet Packet) { p.sendBytes(to, packet.Append(nil)) }

func (p *peer) sendBytes(to netip.AddrPort, b []byte) {
	p.t.Helper()
	if _, err := p.conn.WriteTo(b, net.UDPAddrFromAddrPort(to)); err != nil {
		p.t.Fatal(err)
	}
}

// receive waits 100 ms for a packet; the zero Packet means that none came.
func (p *peer) receive() (Packet, netip.AddrPort) {
	p.t.Helper()
	_ = p.conn.SetReadDeadline(time.Now().Add(100 * ms))
	b := make([]byte, 1<<16)
	n, from, err := p.conn.ReadFrom(b)
	if err != nil {
		return Packet{}, netip.AddrPort{}
	}
	packet, err := Parse(b[:n])
	if err != nil {
		p.t.Fatalf("received %x: %v", b[:n], err)
	}
	return packet, addrPort(from)
}

// expect receives a packet and checks it against summary's words; "" expects
// silence.
func (p *peer) expect(want string) netip.AddrPort {
	p.t.Helper()
	packet, from := p.receive()
	got := ""
	if packet.Op != 0 {
		got = summary(packet)
	}
	if got != want {
		p.t.Fatalf("received [%s], want [%s]", got, want)
	}
	return from
}

func rrq(name string, asked ...any) Packet {
	return Packet{Op: OpRRQ, Name: name, Mode: "octet", Options: options(asked...)}
}

// countingNetwork counts sockets, and has none.
type countingNetwork int

func (n *countingNetwork) listen(context.Context, string, string) (net.PacketConn, error) {
	*n++
	return nil, errors.New("no network")
}

// listenAndServe serves on an address of this host until the test ends.
func listenAndServe(t testing.TB, address string, s *Server) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenPacket("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, conn) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
		conn.Close()
	})
	return addrPort(conn.LocalAddr())
}
