//go:build linux

package lab

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pxe/dhcp"
	"pxe/wire"
)

// comparedFile is a dhcpd.conf of the reader's tests, and the network that it is for.
type comparedFile struct {
	name   string
	server []string // the addresses of the server, with the length of the prefix
	ranges []string // that it gives out, to call an address by
	spare  string   // the first of some addresses of a range that no client here is given by chance
	static string   // an address of the network outside of the ranges
	relay  string   // the relay's address; "": nobody asks through one
	hosts  []comparedHost
	// known is the MAC of a client that is always answered.
	known string
}

type comparedHost struct{ name, mac string }

func comparedFiles() []comparedFile {
	const anybody = "52:54:00:0c:ff:ff"
	return []comparedFile{
		{name: "plain", server: []string{"10.0.5.2/25"}, ranges: []string{"10.0.5.64-10.0.5.120"}, spare: "10.0.5.80", static: "10.0.5.20",
			known: anybody, hosts: []comparedHost{{"printer", "00:1e:4f:aa:bb:0c"}}},
		{name: "arch", server: []string{"172.16.8.5/22"}, ranges: []string{"172.16.9.0-172.16.9.255", "172.16.11.7-172.16.11.7"},
			spare: "172.16.9.100", static: "172.16.8.20", known: anybody},
		{name: "ipxe", server: []string{"192.168.50.1/24"}, ranges: []string{"192.168.50.10-192.168.50.99"}, spare: "192.168.50.50", static: "192.168.50.5", known: anybody},
		{name: "groups", server: []string{"10.20.0.2/16"}, spare: "10.20.0.77", static: "10.20.0.50", known: "52:54:00:20:01:01", hosts: []comparedHost{
			{"worker1", "52:54:00:20:00:01"}, {"worker2", "52:54:00:20:00:02"}, {"away", "52:54:00:20:00:03"},
			{"bench2", "52:54:00:20:01:02"}, {"visitor", "52:54:00:20:02:01"}}},
		{name: "relayed", server: []string{"10.1.0.2/24", "10.1.1.2/24"}, relay: "10.2.0.1", spare: "10.1.0.70", static: "10.1.0.20", known: anybody,
			ranges: []string{"10.1.0.50-10.1.0.99", "10.1.1.50-10.1.1.99", "10.2.0.10-10.2.0.20"}},
		{name: "racks", server: []string{"10.40.7.2/24", "10.40.8.2/24"}, ranges: []string{"10.40.7.100-10.40.7.149", "10.40.7.150-10.40.7.199", "10.40.8.100-10.40.8.149"},
			spare: "10.40.7.160", static: "10.40.7.20", known: "52:54:00:40:00:02", hosts: []comparedHost{{"node1", "52:54:00:40:00:01"}}},
		{name: "classic", server: []string{"192.168.122.1/24"}, ranges: []string{"192.168.122.100-192.168.122.200"}, spare: "192.168.122.150", static: "192.168.122.20", known: anybody},
	}
}

// place calls an address by the range that it is of.
func (f comparedFile) place(a netip.Addr) string {
	for _, r := range f.ranges {
		first, last, _ := strings.Cut(r, "-")
		if a.Compare(netip.MustParseAddr(first)) >= 0 && a.Compare(netip.MustParseAddr(last)) <= 0 {
			return "of " + r
		}
	}
	return a.String()
}

// spareFor is an address that no other client asks for.
func (f comparedFile) spareFor(c simClient) netip.Addr {
	addr := netip.MustParseAddr(f.spare).As4()
	mac, _ := net.ParseMAC(c.mac)
	addr[3] += mac[5] & 31
	return netip.AddrFrom4(addr)
}

func (f comparedFile) serverAddr() netip.Addr { return netip.MustParsePrefix(f.server[0]).Addr() }

// relayMAC and serverMAC are the same at both servers, and so is all that is sent.
var (
	relayMAC  = net.HardwareAddr{2, 0, 0, 0, 0, 0xfe}
	serverMAC = net.HardwareAddr{2, 0, 0, 0, 0, 0x01}
)

// bed is one of two equal networks, with one of the servers.
type bed struct {
	t      *testing.T
	name   string
	file   comparedFile
	server *Net
	wire   *Net // where the clients are
	ports  map[string]*wire.DatagramPort
	given  map[string]state // by the client's MAC
	xid    uint32
}

func newBed(t *testing.T, name string, f comparedFile, start func(t *testing.T, net *Net)) *bed {
	lan := NewLAN(t)
	b := &bed{t: t, name: name, file: f, server: lan.Host(f.server...), wire: lan.Host(), ports: map[string]*wire.DatagramPort{}, given: map[string]state{}}
	b.server.IP("link set eth0 down")
	b.server.IP("link set eth0 address %s up", serverMAC)
	if f.relay != "" {
		for _, relay := range []string{f.relay, "10.9.9.9"} {
			b.server.IP("route add %s dev eth0", relay)
			b.server.IP("neigh replace %s lladdr %s dev eth0", relay, relayMAC)
		}
		b.server.IP("route add 10.2.0.0/24 dev eth0")
	}
	start(t, b.server)
	return b
}

// port is a UDP port of a host that has no IP stack in the way.
func (b *bed) port(mac net.HardwareAddr, port uint16) *wire.DatagramPort {
	b.t.Helper()
	key := fmt.Sprint(mac, port)
	if p := b.ports[key]; p != nil {
		return p
	}
	var link wire.Link
	var err error
	b.wire.Do(func() { link, err = wire.OpenInterface("eth0") })
	if err != nil {
		b.t.Fatal(err)
	}
	host, err := wire.NewHost(link, wire.HostConfig{MAC: mac})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { host.Close() })
	p, err := host.ListenDHCP(port)
	if err != nil {
		b.t.Fatal(err)
	}
	b.ports[key] = p
	return p
}

// exchange is a message and what came back.
type exchange struct {
	asked *dhcp.Message
	answer
	had netip.Addr // the address that the client had before
}

// ask has a client do a step.
func (b *bed) ask(c simClient, step string) exchange {
	b.t.Helper()
	s := b.given[c.mac]
	had := s.addr
	s.spare = b.file.spareFor(c)
	if c.addr != "" {
		s.addr = netip.MustParseAddr(c.addr)
	}
	if !s.server.IsValid() {
		s.server = b.file.serverAddr()
	}
	b.xid++
	m, unicast := c.message(step, b.xid, s)
	from := route{port: b.port(m.CHAddr, dhcp.ClientPort)}
	if c.via != "" && !unicast {
		from = route{port: b.port(relayMAC, dhcp.ServerPort), client: &c}
		c.relayed(m)
	}
	if m.CIAddr.IsValid() {
		// So that no question by ARP stands between an answer and the next.
		b.server.IP("neigh replace %s lladdr %s dev eth0", m.CIAddr, m.CHAddr)
	}
	b.send(from, m, unicast)
	a := b.answer(from, m)
	if a.Reply != nil && (a.Type() == dhcp.TypeOffer || a.Type() == dhcp.TypeAck) && a.YIAddr != netip.IPv4Unspecified() {
		s.addr = a.YIAddr
		s.server = a.Addr(dhcp.OptionServerID)
		b.given[c.mac] = s
	}
	return exchange{m, a, had}
}

// route is how messages go.
type route struct {
	port   *wire.DatagramPort
	client *simClient // whose relay it is; nil: none
}

func (b *bed) send(r route, m *dhcp.Message, unicast bool) {
	b.t.Helper()
	d := wire.Datagram{
		Src:    netip.AddrPortFrom(netip.IPv4Unspecified(), dhcp.ClientPort),
		Dst:    netip.AddrPortFrom(netip.AddrFrom4([4]byte{255, 255, 255, 255}), dhcp.ServerPort),
		DstMAC: net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	}
	toServer := netip.AddrPortFrom(b.file.serverAddr(), dhcp.ServerPort)
	switch {
	case r.client != nil:
		d = wire.Datagram{Src: netip.AddrPortFrom(netip.MustParseAddr(r.client.via), dhcp.ServerPort), Dst: toServer, DstMAC: serverMAC}
	case unicast:
		d.Dst, d.DstMAC = toServer, serverMAC
		fallthrough
	case m.CIAddr.IsValid():
		d.Src = netip.AddrPortFrom(m.CIAddr, dhcp.ClientPort)
	}
	if err := r.port.WriteDatagram(dhcp.Pad(m.Append(nil)), d); err != nil {
		b.t.Fatal(err)
	}
}

// answer gathers what comes back to a message until a client that is always
// answered, and asks the same way, has had two answers: servers take messages in
// their order, and pxe those that come at once together.
func (b *bed) answer(r route, m *dhcp.Message) answer {
	b.t.Helper()
	var got answer
	for range 2 {
		b.xid++
		known := simClient{mac: b.file.known, via: b.file.relay, flags: dhcp.FlagBroadcast}
		question, _ := known.message(stepDiscover, b.xid, state{})
		if r.client != nil {
			known.relayed(question)
		}
		b.send(r, question, false)
		for {
			reply := b.read(r.port)
			if reply.XID == b.xid {
				break
			}
			if reply.XID == m.XID {
				if got.Reply != nil {
					b.t.Errorf("%s answers twice", b.name)
				}
				got = reply
			}
		}
	}
	return got
}

func (b *bed) read(p *wire.DatagramPort) answer {
	b.t.Helper()
	if err := p.SetReadDeadline(time.Now().Add(ready)); err != nil {
		b.t.Fatal(err)
	}
	buf := make([]byte, 2048)
	n, at, err := p.ReadDatagram(buf)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		b.t.Fatalf("%s does not answer the client that it always answers", b.name)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	reply, err := dhcp.ParseReply(buf[:n])
	if err != nil {
		b.t.Fatalf("%s: %v", b.name, err)
	}
	return answer{reply, at}
}

// TestDhcpdCompare serves files of different shapes by ISC's dhcpd and by pxe, has
// the same machines ask both, and compares the answers field by field. What differs
// has to be in the table of docs/dhcpd-differences.md, and all of that table has to
// be seen.
func TestDhcpdCompare(t *testing.T) {
	t.Parallel()
	Need(t, "dhcpd")
	NeedRoot(t)
	var all []difference
	for _, f := range comparedFiles() {
		t.Run(f.name, func(t *testing.T) { all = append(all, compare(t, f)...) })
	}
	if t.Failed() {
		return // of some files nothing is known
	}
	seen := make(map[int][]difference)
	for _, d := range all {
		rows := 0
		for i, k := range knownDifferences() {
			if k.explains(d) {
				seen[i] = append(seen[i], d)
				rows++
			}
		}
		if rows != 1 {
			t.Errorf("%s.conf, %s, %s: %s is %q by dhcpd and %q by pxe, which %d rows of the table explain",
				d.file, d.client, d.step, d.field, d.theirs, d.ours, rows)
		}
	}
	for i, k := range knownDifferences() {
		if missing := k.unseen(seen[i]); len(missing) > 0 {
			t.Errorf("%s, %q and %q: not seen any more of it: %s", k.field, k.theirs, k.ours, strings.Join(missing, ", "))
		}
		t.Logf("%4d times  %-9s  dhcpd %-24s pxe %-24s %s", len(seen[i]), k.field, cmp.Or(k.theirs, "empty"), cmp.Or(k.ours, "empty"), k.why)
	}
}

// compare asks both servers everything about one file.
func compare(t *testing.T, f comparedFile) []difference {
	dir := folder(t)
	for _, name := range []string{f.name + ".conf", "groups-workers.conf"} {
		text, err := os.ReadFile(filepath.Join("../../dhcp/dhcpdconf/testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(dir, name), string(text))
	}
	theirs := newBed(t, "dhcpd", f, func(t *testing.T, net *Net) { iscDhcpd(t, net, dir, f.name+".conf") })
	ours := newBed(t, "pxe", f, func(t *testing.T, net *Net) {
		serve(t, net, "serve-dhcp", "--config", filepath.Join(dir, f.name+".conf"), "--interface", "eth0", "--force",
			"--no-arp-probe", "--client-rate", "0", "--lease-file", filepath.Join(dir, "ours"))
	})
	var all []difference
	for _, c := range simClients(f) {
		for _, step := range c.steps {
			if needsAddress(step) && (!theirs.given[c.mac].addr.IsValid() || !ours.given[c.mac].addr.IsValid()) {
				continue // which is a difference of the step before, if only one gave none
			}
			all = append(all, differences(f, c, step, theirs.ask(c, step), ours.ask(c, step))...)
		}
	}
	return all
}

// iscDhcpd serves a file of a folder without pinging addresses first, which takes it a
// second each.
func iscDhcpd(t *testing.T, net *Net, dir, file string) {
	t.Helper()
	config := writeFile(t, filepath.Join(dir, "theirs.conf"), fmt.Sprintf("include %q;\nping-check off;\n", file))
	leases := writeFile(t, filepath.Join(dir, "theirs"), "")
	p := Command{Net: net, Args: []string{
		"env", "-C", dir, "dhcpd", "-4", "-f", "-d", "-cf", config, "-lf", leases, "-pf", filepath.Join(dir, "pid"), "eth0",
	}}.Start(t)
	p.WaitFor("Server starting service", ready)
}
