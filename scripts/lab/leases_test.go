//go:build linux

package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// dhcpServer is somebody's DHCP server, which keeps leases in a file.
type dhcpServer struct {
	name string
	need string
	// start gives out lastIP alone, and keeps its leases in the file.
	start func(t *testing.T, net *Net, dir, leases string) *Proc
}

func dhcpServers() []dhcpServer {
	return []dhcpServer{
		{"isc", "dhcpd", func(t *testing.T, net *Net, dir, leases string) *Proc {
			config := writeFile(t, filepath.Join(dir, "dhcpd.conf"), fmt.Sprintf(`
subnet 192.168.122.0 netmask 255.255.255.0 { range %s; default-lease-time 3600; ping-check off; }
`, lastIP))
			writeFile(t, leases, "")
			p := Command{Net: net, Args: []string{"dhcpd", "-4", "-f", "-d", "-cf", config, "-lf", leases, "-pf", filepath.Join(dir, "pid"), "eth0"}}.Start(t)
			p.WaitFor("Server starting service", ready)
			return p
		}},
		{"dnsmasq", "dnsmasq", func(t *testing.T, net *Net, _, leases string) *Proc {
			p := Command{Net: net, Args: []string{
				"dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--user=root", "--log-facility=-",
				"--no-ping", "--pid-file=", "--dhcp-leasefile=" + leases, "--dhcp-range=" + lastIP + "," + lastIP + ",1h",
			}}.Start(t)
			p.WaitFor("started", ready)
			return p
		}},
		{"kea", "kea-dhcp4", func(t *testing.T, net *Net, dir, leases string) *Proc {
			config := writeFile(t, filepath.Join(dir, "kea.conf"), fmt.Sprintf(`{"Dhcp4": {
"interfaces-config": {"interfaces": ["eth0"]},
"lease-database": {"type": "memfile", "persist": true, "name": "%s", "lfc-interval": 0},
"valid-lifetime": 3600,
"subnet4": [{"subnet": "192.168.122.0/24", "pools": [{"pool": "%s - %s"}]}],
"loggers": [{"name": "kea-dhcp4", "severity": "INFO", "output_options": [{"output": "stdout"}]}]
}}`, leases, lastIP, lastIP))
			p := Command{
				Net: net, Args: []string{"kea-dhcp4", "-c", config},
				Env: []string{"KEA_PIDFILE_DIR=" + dir, "KEA_LOCKFILE_DIR=" + dir},
			}.Start(t)
			p.WaitFor("DHCP4_STARTED", ready)
			return p
		}},
	}
}

func writeFile(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// bound checks that a client is given an address.
func bound(t *testing.T, client *Net, want string) {
	t.Helper()
	if addr, _ := udhcpc(t, client); addr != want {
		t.Fatalf("the client has %s, want %s", addr, want)
	}
}

// TestLeasesMoveIn has another server give an address to a client, imports the
// lease from the file that it really writes, and takes its place: the client gets
// the same address.
func TestLeasesMoveIn(t *testing.T) {
	for _, other := range dhcpServers() {
		t.Run(other.name, func(t *testing.T) {
			t.Parallel()
			Need(t, other.need, "busybox")
			lan := NewLAN(t)
			server, client := lan.Host(serverIP+prefixBits), lan.Host()
			dir := folder(t)
			theirs, ours := filepath.Join(dir, "theirs"), filepath.Join(dir, "ours")

			p := other.start(t, server, dir, theirs)
			bound(t, client, lastIP)
			p.Stop()

			out := Command{Args: []string{pxe(), "leases", "import", theirs, "--lease-file", ours}}.MustRun(t)
			if !strings.Contains(out, ": 1\n") {
				t.Fatalf("it imports\n%s", out)
			}
			serve(t, server, "serve-dhcp", "--interface", "eth0", "--force", "--lease-file", ours, "--range", firstIP+"-"+lastIP)
			bound(t, client, lastIP)
		})
	}
}

// TestLeasesOfAConfinedServer changes leases of a server that has given up its
// privileges.
func TestLeasesOfAConfinedServer(t *testing.T) {
	t.Parallel()
	Need(t, "busybox")
	const own, mac = "192.168.122.50", "52:54:00:12:34:56"
	lan := NewLAN(t)
	client := lan.Host()
	client.IP("link set eth0 address %s", mac)
	file := filepath.Join(folder(t), "leases")
	server := serve(t, lan.Host(serverIP+prefixBits), "serve-dhcp", "--interface", "eth0", "--force", "--lease-file", file, "--range", firstIP+"-"+firstIP)
	leases := func(args ...string) string {
		t.Helper()
		return Command{Args: append([]string{pxe(), "leases", "--lease-file", file}, args...)}.MustRun(t)
	}

	bound(t, client, firstIP)
	leases("reserve", mac, own)
	bound(t, client, own)
	leases("release", mac)
	if out := leases(); !strings.Contains(out, own+" ") || !strings.Contains(out, "reserved") || strings.Contains(out, "bound") {
		t.Errorf("the leases are\n%s", out)
	}
	leases("unreserve", mac)
	bound(t, client, firstIP)
	if code := server.Stop(); code != 0 {
		t.Errorf("the server ends with %d", code)
	}
	if _, err := os.Lstat(file + ".ctl"); err == nil {
		t.Error("it leaves its socket")
	}
}

// TestFullDiskAcknowledgesNothing fills the disk of the leases, and makes room
// again: whoever had an ACK, before and after, has its address after a kill, and
// nobody had one between.
func TestFullDiskAcknowledgesNothing(t *testing.T) {
	lan := NewLAN(t)
	host := lan.Host("10.77.0.1/16")
	clients := &crowd{conn: clientSocket(t, lan.Host("10.77.0.2/16")), ips: map[string]string{}, macs: map[string]string{}}
	disk := folder(t)
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=64k"); err != nil {
		cannot(t, "cannot mount a tmpfs: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(disk, syscall.MNT_DETACH) })
	start := func() *Proc {
		return serve(t, host, "serve-dhcp", "--interface", "eth0", "--force", "--no-arp-probe",
			"--range", "10.77.1.0-10.77.200.255", "--lease-file", filepath.Join(disk, "leases"))
	}
	server := start()
	filler := filepath.Join(disk, "filler")
	if err := os.WriteFile(filler, make([]byte, 1<<20), 0o644); err == nil {
		t.Fatal("the disk takes a megabyte")
	}

	// What is left of the last page of the journal takes some leases yet.
	var last *dhcpv4.DHCPv4
	for range 200 {
		if last = clients.take(t); last == nil {
			break
		}
	}
	if last != nil {
		t.Fatal("a full disk takes any number of leases")
	}
	server.WaitFor("no space left on device", ready)
	for range 5 {
		if ack := clients.take(t); ack != nil {
			t.Fatalf("%s is acknowledged on a full disk", ack.YourIPAddr)
		}
	}
	edit := Command{Args: []string{pxe(), "leases", "reserve", "52:54:00:12:34:56", "10.77.0.50", "--lease-file", filepath.Join(disk, "leases")}}
	if r := edit.Run(t); r.Code != 1 || !strings.Contains(r.Stderr, "could not make the changes durable") {
		t.Errorf("a reservation on a full disk ends with %d: %s%s", r.Code, r.Stdout, r.Stderr)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	before := len(clients.ips)
	for range 20 { // the server rests for a second before it mends its file
		if last = clients.take(t); last != nil {
			break
		}
	}
	for range 20 {
		if clients.take(t) == nil {
			t.Fatalf("with room again there is no ACK, after %d", len(clients.ips)-before)
		}
	}
	server.Kill()
	start()
	var all []string
	for mac := range clients.ips {
		all = append(all, mac)
	}
	t.Logf("%d leases acknowledged, %d of them before the disk was full", len(all), before)
	clients.confirm(t, all)
}

// take lets one client take a lease, and returns its ACK; nil: there is none.
func (c *crowd) take(t *testing.T) *dhcpv4.DHCPv4 {
	t.Helper()
	mac := newMAC()
	c.send(t, mac, dhcpv4.MessageTypeDiscover)
	offer := c.read(t)
	if offer == nil || offer.MessageType() != dhcpv4.MessageTypeOffer || offer.ClientHWAddr.String() != mac.String() {
		t.Fatalf("%s: no OFFER but %v", mac, offer)
	}
	c.send(t, mac, dhcpv4.MessageTypeRequest, dhcpv4.OptRequestedIPAddress(offer.YourIPAddr),
		dhcpv4.OptServerIdentifier(offer.ServerIdentifier()))
	ack := c.read(t)
	if ack == nil {
		return nil
	}
	if ack.MessageType() != dhcpv4.MessageTypeAck {
		t.Fatalf("%s: %s", mac, ack.MessageType())
	}
	c.ips[mac.String()], c.macs[ack.YourIPAddr.String()] = ack.YourIPAddr.String(), mac.String()
	return ack
}
