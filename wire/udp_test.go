package wire_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"pxe/wire"
)

// echo answers every datagram with itself until the socket closes.
func echo(c net.PacketConn) {
	buf := make([]byte, 1<<16)
	for {
		n, from, err := c.ReadFrom(buf)
		if err != nil {
			return
		}
		c.WriteTo(buf[:n], from)
	}
}

// ask sends a datagram and returns the answer.
func ask(t *testing.T, c net.PacketConn, to, question string) (answer string, from net.Addr) {
	t.Helper()
	if _, err := c.WriteTo([]byte(question), net.UDPAddrFromAddrPort(netip.MustParseAddrPort(to))); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 1<<16)
	n, from, err := c.ReadFrom(buf)
	if err != nil {
		t.Fatal(err)
	}
	return string(buf[:n]), from
}

func TestUDPEcho(t *testing.T) {
	l := newLAN(t)
	a, _ := l.host(1, "10.0.0.1/24")
	b, _ := l.host(2, "10.0.0.2/24")
	var kinds []string
	l.Tap(func(_ time.Time, f []byte) {
		p := gopacket.NewPacket(f, layers.LayerTypeEthernet, gopacket.Default)
		kinds = append(kinds, fmt.Sprintf("%v > %v %v", p.LinkLayer().LinkFlow().Src(), p.LinkLayer().LinkFlow().Dst(), p.Layers()[1].LayerType()))
	})
	server := listenPacket(t, a, "10.0.0.1:69")
	go echo(server)
	client := listenPacket(t, b, ":0")
	got, from := ask(t, client, "10.0.0.1:69", "hello")
	if got != "hello" || from.String() != "10.0.0.1:69" {
		t.Errorf("answer %q from %v", got, from)
	}
	if _, ok := from.(*net.UDPAddr); !ok {
		t.Errorf("sender is a %T, want *net.UDPAddr", from)
	}
	want := []string{
		"02:00:00:00:00:02 > ff:ff:ff:ff:ff:ff ARP",
		"02:00:00:00:00:01 > 02:00:00:00:00:02 ARP",
		"02:00:00:00:00:02 > 02:00:00:00:00:01 IPv4",
		"02:00:00:00:00:01 > 02:00:00:00:00:02 IPv4",
	}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Errorf("on the wire (-want +got):\n%s", diff)
	}
}

func TestLocalAddr(t *testing.T) {
	h, _ := newLAN(t).host(1, "10.0.0.1/24", "10.0.0.9/24", "fe80::1/64")
	for _, test := range []struct{ network, address, want string }{
		{"udp", ":69", "0.0.0.0:69"},
		{"udp4", "0.0.0.0:70", "0.0.0.0:70"},
		{"udp", "10.0.0.9:71", "10.0.0.9:71"},
		{"udp6", ":69", "[::]:69"},
		{"udp", "[fe80::1]:70", "[fe80::1]:70"},
	} {
		c, err := h.ListenPacket(t.Context(), test.network, test.address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if got := c.LocalAddr().String(); got != test.want {
			t.Errorf("%s %s: LocalAddr %s, want %s", test.network, test.address, got, test.want)
		}
	}
	c := listenPacket(t, h, ":0")
	if a := c.LocalAddr().(*net.UDPAddr); a.IP == nil || a.Port == 0 {
		t.Errorf("LocalAddr of :0 is %v, want an IP and a port", a)
	}
	if got := dial(t, h, "udp", "10.0.0.2:69").LocalAddr().(*net.UDPAddr).IP.String(); got != "10.0.0.1" {
		t.Errorf("LocalAddr of a connected socket is %v, want 10.0.0.1", got)
	}
}

func TestListenErrors(t *testing.T) {
	h, _ := newLAN(t).host(1, "10.0.0.1/24")
	listenPacket(t, h, "10.0.0.1:69")
	listen(t, h, ":80")
	for _, test := range []struct {
		network, address string
		want             string
		is               error
	}{
		{"udp", "10.0.0.1:69", "listen udp 10.0.0.1:69: address already in use", syscall.EADDRINUSE},
		{"tcp", ":80", "address already in use", syscall.EADDRINUSE},
		{"udp", "10.0.0.2:69", "cannot assign requested address", syscall.EADDRNOTAVAIL},
		{"udp6", ":69", "address family not supported", syscall.EAFNOSUPPORT},
		{"udp", "pxe.example:69", "not an IP address, and names are not resolved on this network", nil},
		{"udp", "10.0.0.1", "missing port", nil},
		{"udp", ":http", "port is not a number", nil},
		{"udp", ":65536", "port is not a number", nil},
		{"udp6", "10.0.0.1:1", "not an address for udp6", nil},
		{"udp4", "[fe80::1]:1", "not an address for udp4", nil},
		{"ip", "10.0.0.1:1", "unknown network ip", nil},
	} {
		var err error
		if strings.HasPrefix(test.network, "tcp") {
			_, err = h.Listen(test.network, test.address)
		} else {
			_, err = h.ListenPacket(t.Context(), test.network, test.address)
		}
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s %s: %v, want %q", test.network, test.address, err, test.want)
		}
		if test.is != nil && !errors.Is(err, test.is) {
			t.Errorf("%s %s: %v is not %v", test.network, test.address, err, test.is)
		}
	}
}

func TestPortUnreachable(t *testing.T) {
	_, b := twoHosts(t)
	c := dial(t, b, "udp", "10.0.0.1:69")
	got := make(chan error)
	go func() {
		_, err := c.Read(make([]byte, 10)) // it may wait before the answer comes
		got <- err
	}()
	if _, err := c.Write([]byte("anybody?")); err != nil {
		t.Fatal(err)
	}
	if err := <-got; !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("Read: %v, want %v", err, syscall.ECONNREFUSED)
	}
}

// A datagram beyond the MTU travels in fragments, and no frame is too long.
func TestMTU(t *testing.T) {
	l := newLAN(t)
	a, _ := l.host(1, "10.0.0.1/24")
	b, _ := l.host(2, "10.0.0.2/24")
	longest, frames := 0, 0
	l.Tap(func(_ time.Time, f []byte) { longest, frames = max(longest, len(f)), frames+1 })
	go echo(listenPacket(t, a, ":69"))
	client := listenPacket(t, b, ":0")
	for _, test := range []struct{ size, frames int }{{0, 2}, {1, 2}, {1472, 2}, {1473, 4}, {65464 + 4, 90}} {
		question := strings.Repeat("x", test.size)
		ask(t, client, "10.0.0.1:69", "") // ARP is done
		before := frames
		if got, _ := ask(t, client, "10.0.0.1:69", question); got != question {
			t.Errorf("%d bytes came back as %d", len(question), len(got))
		}
		if got := frames - before; got != test.frames {
			t.Errorf("%d bytes and back took %d frames, want %d", test.size, got, test.frames)
		}
	}
	if longest != 1514 {
		t.Errorf("longest frame is %d bytes, want 1514", longest)
	}
	_, err := client.WriteTo(make([]byte, 65508), &net.UDPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 69})
	if !errors.Is(err, syscall.EMSGSIZE) {
		t.Errorf("65508 bytes: %v, want %v", err, syscall.EMSGSIZE)
	}
}

func TestBroadcast(t *testing.T) {
	l := newLAN(t)
	a, _ := l.host(1, "10.0.0.1/24")
	for _, to := range []net.IP{net.IPv4bcast, net.IPv4(10, 0, 0, 255)} {
		b, _ := l.host(2, "10.0.0.2/24")
		c, _ := l.host(3, "10.0.0.3/24")
		var servers []net.PacketConn
		for _, h := range []*wire.Host{b, c} {
			servers = append(servers, listenPacket(t, h, ":69"))
		}
		client := listenPacket(t, a, ":0")
		if _, err := client.WriteTo([]byte("all"), &net.UDPAddr{IP: to, Port: 69}); err != nil {
			t.Fatal(err)
		}
		for _, s := range servers {
			buf := make([]byte, 10)
			n, from, err := s.ReadFrom(buf)
			if err != nil || string(buf[:n]) != "all" || from.String() != client.LocalAddr().String() && from.(*net.UDPAddr).IP.String() != "10.0.0.1" {
				t.Errorf("to %v: %q from %v, %v", to, buf[:n], from, err)
			}
		}
		b.Close()
		c.Close()
	}
}

// A host with several addresses answers from the one a socket is bound to.
func TestSeveralAddresses(t *testing.T) {
	l := newLAN(t)
	a, _ := l.host(1, "10.0.0.1/24", "10.0.0.7/24", "192.168.5.1/24")
	b, _ := l.host(2, "10.0.0.2/24", "192.168.5.2/24")
	client := listenPacket(t, b, ":0")
	for _, at := range []string{"10.0.0.1:69", "10.0.0.7:69", "192.168.5.1:69"} {
		go echo(listenPacket(t, a, at))
		if got, from := ask(t, client, at, "hello"); got != "hello" || from.String() != at {
			t.Errorf("asked %s, %q came from %v", at, got, from)
		}
	}
	want := []string{"10.0.0.1/24", "10.0.0.7/24", "192.168.5.1/24"}
	if diff := cmp.Diff(want, strings.Fields(strings.Trim(fmt.Sprint(a.Addrs()), "[]"))); diff != "" {
		t.Errorf("Addrs (-want +got):\n%s", diff)
	}
}

func TestIPv6(t *testing.T) {
	l := newLAN(t)
	a, _ := l.host(1, "fe80::1/64", "fd00::1/64")
	b, _ := l.host(2, "fe80::2/64", "fd00::2/64")
	for _, at := range []string{"[fe80::1]:69", "[fd00::1]:69"} {
		server, err := a.ListenPacket(t.Context(), "udp6", at)
		if err != nil {
			t.Fatal(err)
		}
		go echo(server)
		c := dial(t, b, "udp", at)
		buf := make([]byte, 10)
		if _, err := c.Write([]byte("six")); err != nil {
			t.Fatal(err)
		}
		if n, err := c.Read(buf); err != nil || string(buf[:n]) != "six" {
			t.Errorf("%s: %q, %v", at, buf[:n], err)
		}
		server.Close()
	}
}
