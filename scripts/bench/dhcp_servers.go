//go:build linux

package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"pxe/dhcp"
	"pxe/scripts/lab"
)

// The network of a DHCP server, and the ends of its range: 64,000 addresses, or
// 196,352 for a server that begins with many leases.
const (
	dhcpAddr  = "10.64.0.1"
	dhcpRelay = "10.64.0.2"
	dhcpBits  = "/12"
	dhcpFirst = "10.64.1.0"
	dhcpLast  = "10.64.250.255"
	dhcpFar   = "10.66.255.255"
)

// dhcpNet is a server and a relay on an Ethernet.
type dhcpNet struct {
	relay  *lab.Net
	server *lab.Proc
	ready  time.Duration // from the start of the server to its first OFFER
}

// dhcpNet starts a server with so many leases of others, in files that are named
// after use.
func (b *bench) dhcpNet(name, use string, leases int) *dhcpNet {
	dir := b.path("dhcp-" + use)
	if err := os.Mkdir(dir, 0o755); err != nil {
		b.Fatalf("%v", err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	last := dhcpLast
	if leases > 0 {
		last = dhcpFar
	}
	lan := lab.NewLAN(b)
	host, relay := lan.Host(dhcpAddr+dhcpBits), lan.Host(dhcpRelay+dhcpBits)
	command := dhcpCommand(b, name, dir, last, leases)
	command.Net = host
	start := time.Now()
	n := &dhcpNet{relay: relay, server: command.Start(b)}
	n.ready = b.firstOffer(relay).Sub(start)
	return n
}

// dhcpCommand is how a server is started. All are told not to ping, though none
// would ping an address for a relayed client but dhcpd, and to log nothing but
// trouble; but for pxe, which writes a line for every lease as it always does,
// though to nowhere.
func dhcpCommand(b *bench, name, dir, last string, leases int) lab.Command {
	file := dir + "/leases"
	switch name {
	case "kea":
		b.writeLeases(file, leases, keaHead, keaLease)
		// It would never serve an interface that is not quite up yet.
		config := b.write(dir+"/kea.conf", fmt.Sprintf(`{"Dhcp4": {
"interfaces-config": {"interfaces": ["eth0"], "service-sockets-max-retries": 100, "service-sockets-retry-wait-time": 50},
"lease-database": {"type": "memfile", "persist": true, "name": "%s", "lfc-interval": 0},
"valid-lifetime": 3600,
"subnet4": [{"id": 1, "subnet": "10.64.0.0/12", "pools": [{"pool": "%s - %s"}]}],
"loggers": [{"name": "kea-dhcp4", "severity": "ERROR", "output_options": [{"output": "stdout"}]}]
}}`, file, dhcpFirst, last))
		return lab.Command{
			Args: []string{"kea-dhcp4", "-c", config},
			Env:  []string{"KEA_PIDFILE_DIR=" + dir, "KEA_LOCKFILE_DIR=" + dir},
		}
	case "isc dhcpd":
		b.writeLeases(file, leases, "", iscLease)
		config := b.write(dir+"/dhcpd.conf", fmt.Sprintf(
			"subnet 10.64.0.0 netmask 255.240.0.0 { range %s %s; default-lease-time 3600; ping-check off; }\n", dhcpFirst, last))
		return lab.Command{Args: []string{"dhcpd", "-4", "-f", "-q", "-cf", config, "-lf", file, "-pf", dir + "/pid", "eth0"}}
	}
	if leases > 0 {
		other := dir + "/isc"
		b.writeLeases(other, leases, "", iscLease)
		lab.Command{Args: []string{b.path("pxe"), "leases", "import", other, "--lease-file", file}}.MustRun(b)
	}
	return lab.Command{Args: []string{
		"sh", "-c", `exec "$@" 2>/dev/null`, "sh", b.path("pxe"), "serve-dhcp", "--interface", "eth0", "--force", "--lease-time", "1h",
		"--lease-file", file, "--range", dhcpFirst + "-" + last, "--no-arp-probe",
	}}
}

func (b *bench) write(path, text string) string {
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		b.Fatalf("%v", err)
	}
	return path
}

const keaHead = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context\n"

func keaLease(addr netip.Addr, mac net.HardwareAddr, end int64) string {
	return fmt.Sprintf("%s,%s,,86400,%d,1,0,0,,0,\n", addr, mac, end)
}

func iscLease(addr netip.Addr, mac net.HardwareAddr, end int64) string {
	return fmt.Sprintf("lease %s {\n starts epoch %d;\n ends epoch %[2]d;\n binding state active;\n hardware ethernet %[3]s;\n}\n", addr, end, mac)
}

// writeLeases writes a lease file: n leases, from the start of the range, that
// last for a day.
func (b *bench) writeLeases(path string, n int, head string, line func(netip.Addr, net.HardwareAddr, int64) string) {
	f, err := os.Create(path)
	if err != nil {
		b.Fatalf("%v", err)
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	w.WriteString(head)
	addr, end := netip.MustParseAddr(dhcpFirst), time.Now().Add(24*time.Hour).Unix()
	mac := net.HardwareAddr{0x02, 0, 0, 0, 0, 0}
	for i := range n {
		binary.BigEndian.PutUint32(mac[2:], uint32(i))
		w.WriteString(line(addr, mac, end))
		addr = addr.Next()
	}
	if err := w.Flush(); err != nil { // it keeps the first error of all writes
		b.Fatalf("%v", err)
	}
}

// firstOffer asks a server, again and again, and returns when it answered.
func (b *bench) firstOffer(relay *lab.Net) time.Time {
	var conn *net.UDPConn
	var err error
	relay.Do(func() {
		conn, err = net.DialUDP("udp4", &net.UDPAddr{IP: net.ParseIP(dhcpRelay), Port: dhcp.ServerPort},
			&net.UDPAddr{IP: net.ParseIP(dhcpAddr), Port: dhcp.ServerPort})
	})
	if err != nil {
		b.Fatalf("%v", err)
	}
	defer conn.Close()
	discover := dhcp.Message{
		Op: dhcp.OpRequest, HType: dhcp.HTypeEthernet, GIAddr: netip.MustParseAddr(dhcpRelay), CHAddr: net.HardwareAddr{6, 0, 0, 0, 0, 0},
		Options: dhcp.Options{{Code: dhcp.OptionMessageType, Data: []byte{dhcp.TypeDiscover}}},
	}
	reply := make([]byte, 1500)
	ready := time.Time{}
	for end := time.Now().Add(readyTime); time.Now().Before(end); {
		// An error tells that nobody listens yet, as does silence.
		_, _ = conn.Write(dhcp.Pad(discover.Append(nil)))
		_ = conn.SetReadDeadline(time.Now().Add(askAgain))
		n, err := conn.Read(reply)
		if err != nil {
			time.Sleep(askAgain)
			continue
		}
		if m, err := dhcp.Parse(reply[:n]); err == nil && m.Type() == dhcp.TypeOffer {
			ready = time.Now()
			break
		}
	}
	if ready.IsZero() {
		b.Fatalf("no OFFER in %v", readyTime)
	}
	// What was asked in vain may be answered yet, and is no part of what follows.
	for err == nil {
		_ = conn.SetReadDeadline(time.Now().Add(silence))
		_, err = conn.Read(reply)
	}
	return ready
}

const (
	askAgain = 5 * time.Millisecond   // how long a server that starts may take for an answer
	silence  = 500 * time.Millisecond // after its last one
)
