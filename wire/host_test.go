package wire_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
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

func TestDialErrors(t *testing.T) {
	_, h := twoHosts(t)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		ctx              context.Context
		network, address string
		want             error
		text             string
	}{
		{t.Context(), "tcp", "10.0.0.1:80", syscall.ECONNREFUSED, "wire: dial tcp 10.0.0.1:80: connection refused"},
		{t.Context(), "tcp", "192.168.1.1:80", syscall.EHOSTUNREACH, "no route to host"},
		{cancelled, "tcp", "10.0.0.1:80", context.Canceled, ""},
		{cancelled, "udp", "10.0.0.1:80", context.Canceled, ""},
		{t.Context(), "tcp", "boot.example:80", nil, "names are not resolved on this network"},
		{t.Context(), "unix", "/run/x", nil, "unknown network unix"},
	} {
		_, err := h.DialContext(test.ctx, test.network, test.address)
		if err == nil || !strings.Contains(err.Error(), test.text) || test.want != nil && !errors.Is(err, test.want) {
			t.Errorf("dial %s %s: %v, want %v, %q", test.network, test.address, err, test.want, test.text)
		}
	}
}

// A dial that nobody answers ends with its context.
func TestDialCancel(t *testing.T) {
	l := newLAN(t)
	h, _ := l.host(1, "10.0.0.1/24")
	ctx, cancel := context.WithCancel(t.Context())
	l.Tap(func(time.Time, []byte) { cancel() }) // it is asking for the address
	if _, err := h.DialContext(ctx, "tcp", "10.0.0.2:80"); !errors.Is(err, context.Canceled) {
		t.Errorf("dial: %v, want %v", err, context.Canceled)
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

// A client becomes a host when DHCP has told it who it is, and no longer.
func TestConfigure(t *testing.T) {
	l := newLAN(t)
	server, _ := l.host(1, "10.0.0.1/24")
	router, _ := l.host(2, "10.0.0.254/24", "192.168.5.1/24")
	go echo(listenPacket(t, server, ":69"))
	go echo(listenPacket(t, router, "192.168.5.1:69"))
	h, _ := l.host(3)
	to := func(address string) error {
		c, err := h.DialContext(t.Context(), "udp", address)
		if err != nil {
			return err
		}
		defer c.Close()
		if _, err := c.Write([]byte("x")); err != nil {
			return err
		}
		_, err = c.Read(make([]byte, 10))
		return err
	}
	if err := to("10.0.0.1:69"); err == nil {
		t.Error("a host without an address reached another")
	}
	prefix, gateway := netip.MustParsePrefix("10.0.0.50/24"), netip.MustParseAddr("10.0.0.254")
	if err := h.Configure(prefix, gateway); err != nil {
		t.Fatal(err)
	}
	if err := to("10.0.0.1:69"); err != nil {
		t.Errorf("configured: %v", err)
	}
	if err := to("192.168.5.1:69"); err != nil {
		t.Errorf("through the gateway: %v", err)
	}
	if err := h.Configure(netip.MustParsePrefix("10.0.0.51/24"), netip.Addr{}); err != nil {
		t.Fatal(err)
	}
	c := listenPacket(t, h, ":68")
	echoed, _ := ask(t, c, "10.0.0.1:69", "x")
	if echoed != "x" {
		t.Errorf("reconfigured: %q", echoed)
	}
	if err := to("192.168.5.1:69"); !errors.Is(err, syscall.EHOSTUNREACH) {
		t.Errorf("without the gateway: %v, want %v", err, syscall.EHOSTUNREACH)
	}
	if err := h.Configure(netip.Prefix{}, netip.Addr{}); err != nil {
		t.Fatal(err)
	}
	if err := to("10.0.0.1:69"); err == nil || len(h.Addrs()) != 0 {
		t.Errorf("after its address was removed: %v, %v", err, h.Addrs())
	}
}

func TestConfigErrors(t *testing.T) {
	sw := wire.NewSwitch()
	for _, test := range []struct {
		cfg  wire.HostConfig
		want string
	}{
		{wire.HostConfig{MAC: net.HardwareAddr{1, 2, 3}}, "not the address of one Ethernet card"},
		{wire.HostConfig{MAC: mac(0xff)}, `"ff:ff:ff:ff:ff:ff" is not the address of one Ethernet card`},
		{wire.HostConfig{MAC: make(net.HardwareAddr, 6)}, "not the address of one Ethernet card"},
		{wire.HostConfig{Addrs: []netip.Prefix{{}}}, "is not an address of a host"},
		{wire.HostConfig{Addrs: []netip.Prefix{netip.MustParsePrefix("224.0.0.1/24")}}, "224.0.0.1/24 is not an address of a host"},
	} {
		_, err := wire.NewHost(sw.Port("x"), test.cfg)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v, want %q", test.cfg, err, test.want)
		}
	}
	h, _ := newLAN(t).host(1, "10.0.0.1/24")
	for _, p := range []string{"fe80::1/64", "0.0.0.0/0"} {
		if err := h.Configure(netip.MustParsePrefix(p), netip.Addr{}); err == nil {
			t.Errorf("Configure(%s) succeeded", p)
		}
	}
	if got := fmt.Sprint(h.Addrs()); got != "[10.0.0.1/24]" {
		t.Errorf("after refused ones the addresses are %s", got)
	}
}

func TestRandomMAC(t *testing.T) {
	l := newLAN(t)
	a, b := l.plug(l.Port("a"), wire.HostConfig{}).MAC(), l.plug(l.Port("b"), wire.HostConfig{}).MAC()
	if len(a) != 6 || a[0]&3 != 2 || a.String() == b.String() {
		t.Errorf("MACs %v and %v, want two of the locally administered", a, b)
	}
}

func TestHTTP(t *testing.T) {
	a, b := twoHosts(t)
	body := bytes.Repeat([]byte("kernel"), 1<<18)
	inHandler := make(chan struct{})
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(inHandler)
		}
		w.Write(body)
	})}
	served := make(chan error)
	l := listen(t, a, "10.0.0.1:80")
	go func() { served <- server.Serve(l) }()
	client := &http.Client{Transport: &http.Transport{DialContext: b.DialContext}}
	get := func(path string) error {
		resp, err := client.Get("http://10.0.0.1" + path)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		got, err := io.ReadAll(resp.Body)
		if err == nil && !bytes.Equal(got, body) {
			err = fmt.Errorf("got %d bytes, want %d", len(got), len(body))
		}
		return err
	}
	if err := get("/"); err != nil {
		t.Fatal(err)
	}
	// Shutdown lets the request that runs finish.
	got := make(chan error)
	go func() { got <- get("/slow") }()
	<-inHandler
	if err := server.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("Serve: %v, want %v", err, http.ErrServerClosed)
	}
	if err := <-got; err != nil {
		t.Errorf("request during Shutdown: %v", err)
	}
	if err := get("/"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("request after Shutdown: %v, want %v", err, syscall.ECONNREFUSED)
	}
}

func TestTCPThroughFaults(t *testing.T) {
	l := newLAN(t)
	a, _ := l.host(1, "10.0.0.1/24")
	b, port := l.host(2, "10.0.0.2/24")
	body := make([]byte, 1<<20)
	for i := range body {
		body[i] = byte(i * i >> 8)
	}
	server := listen(t, a, ":80")
	go func() {
		c, err := server.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		c.Write(body)
	}()
	c := dial(t, b, "tcp", "10.0.0.1:80")
	port.SetFaults(wire.Faults{Loss: 0.01, Duplicate: 0.01, Reorder: 0.02, Seed: 1})
	got, err := io.ReadAll(c)
	if err != nil || !bytes.Equal(got, body) {
		t.Errorf("got %d bytes of %d, %v", len(got), len(body), err)
	}
	if s := port.Stats(); s.Lost == 0 || s.Duplicated == 0 || s.Reordered == 0 {
		t.Errorf("nothing went wrong: %+v", s)
	}
}

func TestTCPHalfClose(t *testing.T) {
	a, b := twoHosts(t)
	server := listen(t, a, ":80")
	go func() {
		c, err := server.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		question, _ := io.ReadAll(c)
		c.Write(bytes.ToUpper(question))
	}()
	c := dial(t, b, "tcp", "10.0.0.1:80")
	c.Write([]byte("all of it"))
	if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(c)
	if string(got) != "ALL OF IT" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if c.RemoteAddr().String() != "10.0.0.1:80" || c.LocalAddr().(*net.TCPAddr).IP.String() != "10.0.0.2" {
		t.Errorf("connected %v to %v", c.LocalAddr(), c.RemoteAddr())
	}
}

func TestDeadlines(t *testing.T) {
	a, b := twoHosts(t)
	server := listen(t, a, ":80")
	dhcp, err := b.ListenDHCP(68)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]interface {
		SetReadDeadline(time.Time) error
		SetDeadline(time.Time) error
	}{
		"udp": listenPacket(t, b, ":1000").(net.Conn), "tcp": dial(t, b, "tcp", "10.0.0.1:80"), "dhcp": dhcp,
		"listener": server.(interface {
			SetReadDeadline(time.Time) error
			SetDeadline(time.Time) error
		}),
	} {
		read := func() error {
			switch c := c.(type) {
			case net.PacketConn:
				_, _, err := c.ReadFrom(make([]byte, 10))
				return err
			case net.Conn:
				_, err := c.Read(make([]byte, 10))
				return err
			default:
				if _, err := server.Accept(); err != nil {
					return err
				}
				_, err := server.Accept()
				return err
			}
		}
		check := func(when string) {
			t.Helper()
			err := read()
			var timeout net.Error
			if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &timeout) || !timeout.Timeout() {
				t.Errorf("%s: read with a deadline %s: %v, want a timeout", name, when, err)
			}
		}
		c.SetReadDeadline(time.Now().Add(time.Millisecond))
		check("to come")
		check("that came")
		c.SetDeadline(time.Unix(1, 0))
		check("long ago")
		// One that is moved while a read waits.
		c.SetReadDeadline(time.Time{})
		waiting := make(chan struct{})
		go func() {
			close(waiting)
			c.SetReadDeadline(time.Unix(1, 0))
		}()
		<-waiting
		check("set meanwhile")
	}
}

func TestReadAfterClose(t *testing.T) {
	a, b := twoHosts(t)
	listen(t, a, ":80")
	for name, c := range map[string]net.Conn{
		"udp": dial(t, b, "udp", "10.0.0.1:69"), "tcp": dial(t, b, "tcp", "10.0.0.1:80"),
	} {
		if err := c.Close(); err != nil {
			t.Errorf("%s: Close: %v", name, err)
		}
		_, readErr := c.Read(make([]byte, 1))
		_, writeErr := c.Write(make([]byte, 1))
		for op, err := range map[string]error{"Read": readErr, "Write": writeErr, "second Close": c.Close()} {
			if !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s: %s after Close: %v, want net.ErrClosed", name, op, err)
			}
		}
	}
}

// UDP alone runs in a bubble, where time passes at once.
func TestNoTCPInBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLAN(t)
		port := l.Port("server")
		port.SetFaults(wire.Faults{Delay: 20 * time.Second})
		cfg := wire.HostConfig{NoTCP: true, Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/24")}}
		server := l.plug(port, cfg)
		cfg.Addrs = []netip.Prefix{netip.MustParsePrefix("10.0.0.2/24")}
		client := l.plug(l.Port("client"), cfg)
		go echo(listenPacket(t, server, ":69"))
		c := dial(t, client, "udp", "10.0.0.1:69")
		c.SetReadDeadline(time.Now().Add(time.Minute))
		start := time.Now()
		c.Write([]byte("x"))
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Read: %v, want a timeout: ARP gives up after 3 s", err)
		}
		if took := time.Since(start); took != time.Minute {
			t.Errorf("it took %v, want 1m", took)
		}
		port.SetFaults(wire.Faults{})
		c.SetReadDeadline(time.Time{})
		c.Write([]byte("x"))
		if _, err := c.Read(make([]byte, 1)); err != nil {
			t.Error(err)
		}
		if _, err := client.DialContext(t.Context(), "tcp", "10.0.0.1:80"); !errors.Is(err, syscall.EPROTONOSUPPORT) {
			t.Errorf("TCP without it: %v, want %v", err, syscall.EPROTONOSUPPORT)
		}
	})
}
