package wire_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"pxe/wire"
)

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
	if _, err := h.ListenPacket(t.Context(), "udp", "10.0.0.50:68"); !errors.Is(err, syscall.EADDRNOTAVAIL) {
		t.Errorf("its old address: %v, want %v", err, syscall.EADDRNOTAVAIL)
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

func TestHostTalksToItself(t *testing.T) {
	l := newLAN(t)
	h, port := l.host(1, "10.0.0.1/24", "10.0.0.9/24")
	go echo(listenPacket(t, h, "10.0.0.1:69"))
	if got, _ := ask(t, listenPacket(t, h, "10.0.0.9:0"), "10.0.0.1:69", "hello"); got != "hello" {
		t.Errorf("got %q", got)
	}
	if sent := port.Stats().In; sent != 0 {
		t.Errorf("%d frames of it were on the wire", sent)
	}
}

// A switch floods and an interface is promiscuous: frames for others arrive and
// must be as if they did not.
func TestHostIgnoresFramesForOthers(t *testing.T) {
	l := newLAN(t)
	h, _ := l.host(1, "10.0.0.1/24")
	sender, _ := l.host(2)
	p, other := listenDHCP(t, h, 67), listenDHCP(t, sender, 68)
	for _, to := range []byte{9, 1} {
		err := other.WriteDatagram([]byte{to}, wire.Datagram{Dst: netip.MustParseAddrPort("10.0.0.1:67"), DstMAC: mac(to)})
		if err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := readDatagram(t, p); got != "\x01" {
		t.Errorf("got the datagram for station %d first", got[0])
	}
}
