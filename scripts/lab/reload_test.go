//go:build linux

package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// put writes a file as an editor does: another one, in its place.
func put(t *testing.T, name, text string) {
	t.Helper()
	for _, err := range []error{os.WriteFile(name+".new", []byte(text), 0o644), os.Rename(name+".new", name)} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestReload has a confined server read its file again, by SIGHUP: the range
// moves and comes back, with a file in between that is broken.
func TestReload(t *testing.T) {
	t.Parallel()
	lan := NewLAN(t)
	host := lan.Host(serverIP + prefixBits)
	dir := folder(t)
	file, leases := filepath.Join(dir, "dhcp.yaml"), filepath.Join(dir, "leases")
	network := func(first, last int) string {
		return fmt.Sprintf("interfaces: eth0\nlease_file: %s\nsubnets:\n  - subnet: 192.168.122.0/24\n    ranges: 192.168.122.%d-192.168.122.%d\n",
			leases, first, last)
	}
	put(t, file, network(100, 110))
	server := serve(t, host, "serve-dhcp", "--config", file, "--force")
	again := func(text, want string) {
		t.Helper()
		put(t, file, text)
		before := strings.Count(server.Out.String(), want)
		server.Signal(syscall.SIGHUP)
		server.WaitForNth(want, before+1, ready)
	}
	client, other := lan.Host(), lan.Host()
	first, _ := udhcpc(t, client)
	if !strings.HasPrefix(first, "192.168.122.10") && first != "192.168.122.110" {
		t.Errorf("the client has %s", first)
	}

	again(network(120, 130), `"event":"reloaded"`)
	if addr, _ := udhcpc(t, other); addr < "192.168.122.120" || addr > "192.168.122.130" {
		t.Errorf("from the new range the other client has %s", addr)
	}
	again("subnets:\n  - subnet: 192.168.122.0/24\n    range: 1\n", `dhcp.yaml:3:5: unknown key \"range\"`)
	if addr, _ := udhcpc(t, lan.Host()); addr < "192.168.122.120" || addr > "192.168.122.130" {
		t.Errorf("with a broken file a client has %s", addr)
	}
	again(network(100, 130), `"event":"reloaded"`)
	if addr, _ := udhcpc(t, client); addr != first {
		t.Errorf("with its range back the client has %s, it had %s", addr, first)
	}
	if strings.Count(server.Out.String(), `"event":"reload-failed"`) != 1 || server.Stop() != 0 {
		t.Error("another file was refused, or the server did not end in order")
	}
}

// TestReloadWatched has a confined server see that a file has changed which its
// dhcpd.conf includes, from another folder.
func TestReloadWatched(t *testing.T) {
	t.Parallel()
	lan := NewLAN(t)
	dir, elsewhere := folder(t), folder(t)
	conf, hosts := filepath.Join(dir, "dhcpd.conf"), filepath.Join(elsewhere, "hosts.conf")
	put(t, conf, "subnet 192.168.122.0 netmask 255.255.255.0 { range 192.168.122.100 192.168.122.110; }\ninclude \""+hosts+"\";\n")
	put(t, hosts, "")
	server := serve(t, lan.Host(serverIP+prefixBits), "serve-dhcp", "--config", conf, "--watch", "--force", "--lease-file", filepath.Join(dir, "leases"))
	client := lan.Host()
	const mac, fixed = "52:54:00:88:00:01", "192.168.122.50"
	client.IP("link set eth0 address %s", mac)
	put(t, hosts, "host a { hardware ethernet "+mac+"; fixed-address "+fixed+"; }\n")
	server.WaitFor(`"event":"reloaded"`, ready)
	if addr, _ := udhcpc(t, client); addr != fixed {
		t.Errorf("the new host has %s", addr)
	}
	put(t, hosts, "host a {\n")
	server.WaitFor(`hosts.conf:`, ready)
	if addr, _ := udhcpc(t, client); addr != fixed {
		t.Errorf("with a broken file the host has %s", addr)
	}
}
