package wire_test

import (
	"net"
	"net/netip"
	"testing"

	"pxe/wire"
)

// lan is a switch with hosts for a test, closed with it.
type lan struct {
	testing.TB
	*wire.Switch
}

func newLAN(t testing.TB) lan { return lan{t, wire.NewSwitch()} }

// host plugs a host with these addresses into a port of its own.
func (l lan) host(mac byte, addrs ...string) (*wire.Host, *wire.Port) {
	l.Helper()
	cfg := wire.HostConfig{MAC: net.HardwareAddr{2, 0, 0, 0, 0, mac}}
	for _, a := range addrs {
		cfg.Addrs = append(cfg.Addrs, netip.MustParsePrefix(a))
	}
	port := l.Port(cfg.MAC.String())
	return l.plug(port, cfg), port
}

func (l lan) plug(link wire.Link, cfg wire.HostConfig) *wire.Host {
	l.Helper()
	h, err := wire.NewHost(link, cfg)
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() { h.Close() })
	return h
}

// twoHosts are 10.0.0.1 and 10.0.0.2 on a switch.
func twoHosts(t testing.TB) (a, b *wire.Host) {
	l := newLAN(t)
	a, _ = l.host(1, "10.0.0.1/24")
	b, _ = l.host(2, "10.0.0.2/24")
	return a, b
}

func listenPacket(t testing.TB, h *wire.Host, address string) net.PacketConn {
	t.Helper()
	c, err := h.ListenPacket(t.Context(), "udp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func listen(t testing.TB, h *wire.Host, address string) net.Listener {
	t.Helper()
	l, err := h.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func dial(t testing.TB, h *wire.Host, network, address string) net.Conn {
	t.Helper()
	c, err := h.DialContext(t.Context(), network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}
