//go:build linux

package lab

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestServesSeveralWires serves a dhcpd.conf with three subnets by one process: two
// on interfaces of its own, which it finds by their addresses, and one behind
// dnsmasq as a relay.
func TestServesSeveralWires(t *testing.T) {
	t.Parallel()
	first, second, third := NewLAN(t), NewLAN(t), NewLAN(t)
	server := first.Host("10.71.1.1/24")
	second.Plug(server, "eth1", "10.71.2.1/24")
	server.IP("route add 10.71.3.0/24 via 10.71.1.2")
	relay := first.Host("10.71.1.2/24")
	third.Plug(relay, "eth1", "10.71.3.1/24")

	dir := folder(t)
	conf := filepath.Join(dir, "dhcpd.conf")
	text := `filename "pxelinux.0";
subnet 10.71.1.0 netmask 255.255.255.0 { range 10.71.1.100 10.71.1.110; option routers 10.71.1.1; }
subnet 10.71.2.0 netmask 255.255.255.0 { range 10.71.2.100 10.71.2.110; }
subnet 10.71.3.0 netmask 255.255.255.0 { range 10.71.3.100 10.71.3.110; option routers 10.71.3.1; }
`
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	p := serve(t, server, "serve-dhcp", "--config", conf, "--force", "--lease-file", filepath.Join(dir, "leases"))
	p.WaitFor(`"event":"relayed"`, ready)
	for _, line := range []string{
		`"interface":"eth0","server":"10.71.1.1"`, `"interface":"eth1","server":"10.71.2.1"`, `"subnets":["10.71.3.0/24"]`,
	} {
		if !strings.Contains(p.Out.String(), line) {
			t.Errorf("no %s in\n%s", line, p.Out.String())
		}
	}
	dnsmasq(t, relay, "--dhcp-relay=10.71.3.1,10.71.1.1")
	for _, tt := range []struct {
		lan  *LAN
		want string
	}{{first, "10.71.1."}, {second, "10.71.2."}, {third, "10.71.3."}} {
		if addr, _ := udhcpc(t, tt.lan.Host()); !strings.HasPrefix(addr, tt.want) {
			t.Errorf("a client of %s0/24 has %s", tt.want, addr)
		}
	}
	if !strings.Contains(p.Out.String(), `"relay":"10.71.3.1"`) {
		t.Error("nothing came through the relay")
	}
}
