package wire_test

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"pxe/wire"
)

var (
	addrPort = netip.MustParseAddrPort
	sameAddr = cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })
)

func listenDHCP(t *testing.T, h *wire.Host, port uint16) *wire.DatagramPort {
	t.Helper()
	p, err := h.ListenDHCP(port)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func readDatagram(t *testing.T, p *wire.DatagramPort) (string, wire.Datagram) {
	t.Helper()
	buf := make([]byte, 2048)
	n, d, err := p.ReadDatagram(buf)
	if err != nil {
		t.Fatal(err)
	}
	return string(buf[:n]), d
}

// The four messages of DHCP, between a server and a client that has no
// address until the last.
func TestDHCPExchange(t *testing.T) {
	l := newLAN(t)
	serverHost, _ := l.host(1, "10.0.0.1/24")
	clientHost, _ := l.host(2)
	l.host(3, "10.0.0.3/24") // hears the broadcasts and has no business with them
	server, client := listenDHCP(t, serverHost, 67), listenDHCP(t, clientHost, 68)
	if got := client.LocalAddr().String(); got != "0.0.0.0:68" {
		t.Errorf("client's LocalAddr is %s", got)
	}
	var icmp int
	l.Tap(func(_ time.Time, f []byte) {
		if gopacket.NewPacket(f, layers.LayerTypeEthernet, gopacket.Default).Layer(layers.LayerTypeICMPv4) != nil {
			icmp++
		}
	})

	if _, err := client.WriteTo([]byte("discover"), &net.UDPAddr{IP: net.IPv4bcast, Port: 67}); err != nil {
		t.Fatal(err)
	}
	payload, from := readDatagram(t, server)
	want := wire.Datagram{
		Src: addrPort("0.0.0.0:68"), Dst: addrPort("255.255.255.255:67"), SrcMAC: mac(2), DstMAC: mac(0xff),
	}
	if diff := cmp.Diff(want, from, sameAddr); diff != "" || payload != "discover" {
		t.Errorf("%q (-want +got):\n%s", payload, diff)
	}

	// To the address that is offered, in a frame to the client's MAC: it must
	// arrive although the client does not have it.
	if err := server.WriteDatagram([]byte("offer"), wire.Datagram{Dst: addrPort("10.0.0.50:68"), DstMAC: from.SrcMAC}); err != nil {
		t.Fatal(err)
	}
	payload, from = readDatagram(t, client)
	want = wire.Datagram{
		Src: addrPort("10.0.0.1:67"), Dst: addrPort("10.0.0.50:68"), SrcMAC: mac(1), DstMAC: mac(2),
	}
	if diff := cmp.Diff(want, from, sameAddr); diff != "" || payload != "offer" {
		t.Errorf("%q (-want +got):\n%s", payload, diff)
	}

	if _, err := client.WriteTo([]byte("request"), &net.UDPAddr{IP: net.IPv4bcast, Port: 67}); err != nil {
		t.Fatal(err)
	}
	readDatagram(t, server)
	if err := server.WriteDatagram([]byte("ack"), wire.Datagram{Dst: addrPort("255.255.255.255:68")}); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 10)
	n, addr, err := client.ReadFrom(buf)
	if err != nil || string(buf[:n]) != "ack" || addr.String() != "10.0.0.1:67" {
		t.Errorf("%q from %v, %v", buf[:n], addr, err)
	}

	// Now with its address, by ARP.
	if err := clientHost.Configure(netip.MustParsePrefix("10.0.0.50/24"), netip.Addr{}); err != nil {
		t.Fatal(err)
	}
	if got := client.LocalAddr().String(); got != "10.0.0.50:68" {
		t.Errorf("client's LocalAddr is now %s", got)
	}
	if _, err := client.WriteTo([]byte("renew"), addr); err != nil {
		t.Fatal(err)
	}
	payload, from = readDatagram(t, server)
	want = wire.Datagram{
		Src: addrPort("10.0.0.50:68"), Dst: addrPort("10.0.0.1:67"), SrcMAC: mac(2), DstMAC: mac(1),
	}
	if diff := cmp.Diff(want, from, sameAddr); diff != "" || payload != "renew" {
		t.Errorf("%q (-want +got):\n%s", payload, diff)
	}
	if _, err := server.WriteTo([]byte("ack"), net.UDPAddrFromAddrPort(from.Src)); err != nil {
		t.Fatal(err)
	}
	if payload, _ := readDatagram(t, client); payload != "ack" {
		t.Errorf("client got %q", payload)
	}
	if icmp != 0 {
		t.Errorf("%d ICMP errors on the wire", icmp)
	}
}

// To another network a datagram goes through the gateway, as a reply to a relay does.
func TestDatagramThroughGateway(t *testing.T) {
	l := newLAN(t)
	router, _ := l.host(9, "10.0.0.254/24")
	server := l.plug(l.Port("server"), wire.HostConfig{
		MAC: mac(1), Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/24"), netip.MustParsePrefix("10.0.0.2/24")},
		Gateway: netip.MustParseAddr("10.0.0.254"),
	})
	relay, port := listenDHCP(t, router, 67), listenDHCP(t, server, 67)
	err := port.WriteDatagram([]byte("offer"), wire.Datagram{Src: addrPort("10.0.0.2:0"), Dst: addrPort("192.168.5.1:67")})
	if err != nil {
		t.Fatal(err)
	}
	payload, from := readDatagram(t, relay)
	want := wire.Datagram{Src: addrPort("10.0.0.2:67"), Dst: addrPort("192.168.5.1:67"), SrcMAC: mac(1), DstMAC: mac(9)}
	if diff := cmp.Diff(want, from, sameAddr); diff != "" || payload != "offer" {
		t.Errorf("%q (-want +got):\n%s", payload, diff)
	}
}

func TestDatagramErrors(t *testing.T) {
	l := newLAN(t)
	h, _ := l.host(1, "10.0.0.1/24")
	homeless, _ := l.host(2)
	p, q := listenDHCP(t, h, 67), listenDHCP(t, homeless, 68)
	if _, err := h.ListenDHCP(67); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a second one: %v, want %v", err, syscall.EADDRINUSE)
	}
	if _, err := h.ListenDHCP(0); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("port 0: %v, want %v", err, syscall.EINVAL)
	}
	for _, test := range []struct {
		name string
		port *wire.DatagramPort
		size int
		to   wire.Datagram
		want error
	}{
		{"largest", p, 1472, wire.Datagram{Dst: addrPort("255.255.255.255:68")}, nil},
		{"too large", p, 1473, wire.Datagram{Dst: addrPort("255.255.255.255:68")}, syscall.EMSGSIZE},
		{"no destination", p, 1, wire.Datagram{}, syscall.EINVAL},
		{"no port", p, 1, wire.Datagram{Dst: addrPort("10.0.0.2:0")}, syscall.EINVAL},
		{"IPv6", p, 1, wire.Datagram{Dst: addrPort("[fe80::1]:547")}, syscall.EINVAL},
		{"half a MAC", p, 1, wire.Datagram{Dst: addrPort("10.0.0.2:68"), DstMAC: mac(2)[:3]}, syscall.EINVAL},
		{"IPv4 in IPv6", p, 1, wire.Datagram{Dst: addrPort("[::ffff:255.255.255.255]:68")}, nil},
		{"no route", p, 1, wire.Datagram{Dst: addrPort("192.168.1.1:68")}, syscall.EHOSTUNREACH},
		{"no address", q, 1, wire.Datagram{Dst: addrPort("10.0.0.1:67")}, syscall.EHOSTUNREACH},
		{"source of another", p, 1, wire.Datagram{Src: addrPort("10.0.0.9:67"), Dst: addrPort("10.0.0.2:68")}, syscall.EHOSTUNREACH},
	} {
		if err := test.port.WriteDatagram(make([]byte, test.size), test.to); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
	if _, err := p.WriteTo(nil, &net.TCPAddr{}); err == nil {
		t.Error("WriteTo took a TCP address")
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	_, _, readErr := p.ReadDatagram(make([]byte, 1))
	for op, err := range map[string]error{
		"read": readErr, "write": p.WriteDatagram(nil, wire.Datagram{Dst: addrPort("255.255.255.255:68")}), "close": p.Close(),
	} {
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s after Close: %v, want net.ErrClosed", op, err)
		}
	}
	listenDHCP(t, h, 67) // free again
}

// Only with a DatagramPort open is the host quiet about its port; all other
// sockets go on as before.
func TestDatagramPortIsReachable(t *testing.T) {
	a, b := twoHosts(t)
	c := dial(t, b, "udp", "10.0.0.1:67")
	p := listenDHCP(t, a, 67)
	go echo(listenPacket(t, a, ":69"))
	c.Write([]byte("one"))
	if got, _ := readDatagram(t, p); got != "one" {
		t.Errorf("got %q", got)
	}
	if got, _ := ask(t, listenPacket(t, b, ":0"), "10.0.0.1:69", "tftp"); got != "tftp" {
		t.Errorf("socket beside it: %q", got)
	}
	p.Close()
	c.Write([]byte("two"))
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("after Close: %v, want %v", err, syscall.ECONNREFUSED)
	}
}

// A flood is bounded and counted.
func TestDatagramPortOverflow(t *testing.T) {
	l := newLAN(t)
	h, _ := l.host(1)
	p := listenDHCP(t, h, 67)
	sender := listenDHCP(t, l.plug(l.Port("flood"), wire.HostConfig{}), 68)
	for range 3000 {
		if err := sender.WriteDatagram([]byte("x"), wire.Datagram{Dst: addrPort("255.255.255.255:67")}); err != nil {
			t.Fatal(err)
		}
	}
	got := uint64(0)
	for p.SetDeadline(time.Now().Add(time.Hour)); got+p.Dropped() < 3000; got++ {
		readDatagram(t, p)
	}
	if got == 0 || p.Dropped() == 0 {
		t.Errorf("%d read, %d dropped of 3000", got, p.Dropped())
	}
	p.SetReadDeadline(time.Unix(1, 0))
	if _, _, err := p.ReadDatagram(nil); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("one more: %v", err)
	}
}
