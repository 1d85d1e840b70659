package cmd

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"pxe/dhcp"
	"pxe/dhcp/lease"
	"pxe/wire"
)

// A herd is clients on one Ethernet, each with a MAC of its own, so many behind one
// port of the switch. At most so many of a port are under way at a time.
const (
	herdSize    = 10_000
	herdPort    = 1000
	herdAtOnce  = 50
	herdPatient = 4 * time.Second // RFC 2131 4.1
)

// TestTenThousandClients lets as many clients as there are addresses boot on one
// subnet, on a wire that loses some frames and doubles others, with leases on a disk.
func TestTenThousandClients(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leases")
	synctest.Test(t, func(t *testing.T) {
		h := newHerd(t, path, wire.Faults{Loss: 0.02, Duplicate: 0.02, Seed: 1})
		h.boot()
		seen := make(map[netip.Addr]bool)
		for _, c := range h.clients {
			seen[c.addr] = true
		}
		if len(seen) != herdSize {
			t.Errorf("%d addresses for %d clients", len(seen), herdSize)
		}
		h.end()
	})
	store, err := lease.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(store.Leases(time.Now())); n != herdSize {
		t.Errorf("%d leases on the disk, want %d", n, herdSize)
	}
}

// BenchmarkTenThousandClients is the same on a good wire: from the first DISCOVER of
// each client to its ACK.
func BenchmarkTenThousandClients(b *testing.B) {
	var times []time.Duration
	for b.Loop() {
		b.StopTimer()
		h := newHerd(b, filepath.Join(b.TempDir(), "leases"), wire.Faults{})
		b.StartTimer()
		h.boot()
		b.StopTimer()
		for _, c := range h.clients {
			times = append(times, c.took)
		}
		h.end()
		b.StartTimer()
	}
	slices.Sort(times) // one that got nothing took no time
	if times[0] == 0 {
		b.Fatal("not every client has an address")
	}
	ms := func(share int) float64 { return times[len(times)*share/100].Seconds() * 1e3 }
	b.ReportMetric(float64(len(times))/b.Elapsed().Seconds(), "clients/s")
	b.ReportMetric(ms(50), "p50-ms")
	b.ReportMetric(ms(99), "p99-ms")
}

// herd is the clients and their server.
type herd struct {
	t       testing.TB
	clients []*herdClient
	ports   []*wire.Port
	stop    func()
	running sync.WaitGroup
}

func newHerd(t testing.TB, path string, faults wire.Faults) *herd {
	t.Helper()
	cfg := dhcp.Config{
		Servers: []netip.Addr{netip.MustParseAddr("10.0.0.1")},
		Subnets: []dhcp.Subnet{{
			Prefix: netip.MustParsePrefix("10.0.0.0/16"),
			Ranges: []lease.Range{{First: herdAddr(0), Last: herdAddr(herdSize - 1)}},
		}},
	}
	store, err := lease.Open(path, cfg.Pools(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	server, err := dhcp.New(cfg, store)
	if err != nil {
		t.Fatal(err)
	}
	ethernet := wire.NewSwitch()
	host, err := wire.NewHost(ethernet.Port("server"), wire.HostConfig{Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/16")}, NoTCP: true})
	if err != nil {
		t.Fatal(err)
	}
	port, err := host.ListenDHCP(dhcp.ServerPort)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	h := &herd{t: t}
	h.stop = func() {
		cancel()
		h.running.Wait()
		host.Close()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
	h.running.Go(func() {
		if err := server.Serve(ctx, wireConn{port}, cfg.Servers[0]); err != nil {
			t.Error(err)
		}
	})
	for n := range herdSize {
		if n%herdPort == 0 {
			p := ethernet.Port(fmt.Sprint("clients from ", n))
			p.SetFaults(faults)
			h.ports = append(h.ports, p)
			h.running.Go(func() { h.read(p) })
		}
		h.clients = append(h.clients, &herdClient{n: n, port: h.ports[n/herdPort], done: make(chan struct{})})
	}
	return h
}

// herdAddr is the nth address of the range.
func herdAddr(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, 0, byte(1 + n/256), byte(n)})
}

// boot switches all on and waits until each has an address.
func (h *herd) boot() {
	var ports sync.WaitGroup
	for all := range slices.Chunk(h.clients, herdPort) {
		ports.Go(func() {
			var clients sync.WaitGroup
			room := make(chan struct{}, herdAtOnce)
			for _, c := range all {
				room <- struct{}{}
				clients.Go(func() {
					c.boot()
					<-room
				})
			}
			clients.Wait()
		})
	}
	ports.Wait()
}

func (h *herd) end() {
	for _, p := range h.ports {
		p.Close()
	}
	h.stop()
}

// read gives the replies that come to a port to their clients.
func (h *herd) read(p *wire.Port) {
	buf := make([]byte, 2048)
	for {
		n, err := p.ReadFrame(buf)
		if err != nil {
			return
		}
		udp, ok := gopacket.NewPacket(buf[:n], layers.LayerTypeEthernet, gopacket.NoCopy).Layer(layers.LayerTypeUDP).(*layers.UDP)
		if !ok || udp.DstPort != dhcp.ClientPort {
			continue // another client's broadcast
		}
		m, err := dhcp.Parse(udp.Payload)
		if err != nil {
			h.t.Errorf("a reply: %v", err)
			continue
		}
		h.clients[binary.BigEndian.Uint32(m.CHAddr[2:])].receive(m)
	}
}

// herdClient is one that wants an address and nothing else.
type herdClient struct {
	n    int
	port *wire.Port
	done chan struct{} // closed when it has the address
	addr netip.Addr
	took time.Duration

	mu   sync.Mutex // guards what follows
	next dhcp.MessageType
	asks *dhcp.Message
}

func (c *herdClient) mac() net.HardwareAddr {
	return binary.BigEndian.AppendUint32([]byte{0x52, 0x54}, uint32(c.n))
}

// boot asks until there is an address, or it is hopeless.
func (c *herdClient) boot() {
	begin := time.Now()
	c.ask(dhcp.TypeDiscover, dhcp.TypeOffer)
	again := time.NewTicker(herdPatient)
	defer again.Stop()
	for range 20 {
		select {
		case <-c.done:
			c.took = time.Since(begin)
			return
		case <-again.C:
			c.mu.Lock()
			c.send(c.asks)
			c.mu.Unlock()
		}
	}
}

// ask sends a question, and has a reply of the next type awaited.
func (c *herdClient) ask(t, next dhcp.MessageType, more ...dhcp.RawOption) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next = next
	c.asks = &dhcp.Message{Op: dhcp.OpRequest, HType: dhcp.HTypeEthernet, XID: uint32(c.n), CHAddr: c.mac()}
	c.asks.Options = append(dhcp.Options{{Code: dhcp.OptionMessageType, Data: []byte{byte(t)}}}, more...)
	c.send(c.asks)
}

func (c *herdClient) receive(m *dhcp.Message) {
	c.mu.Lock()
	awaited := m.Type() == c.next
	if awaited {
		c.next = dhcp.TypeBOOTP // a copy of this reply is none
	}
	c.mu.Unlock()
	switch {
	case awaited && m.Type() == dhcp.TypeOffer:
		addr := m.YIAddr.As4()
		c.ask(dhcp.TypeRequest, dhcp.TypeAck,
			dhcp.RawOption{Code: dhcp.OptionServerID, Data: m.Options.Get(dhcp.OptionServerID)},
			dhcp.RawOption{Code: dhcp.OptionRequestedAddress, Data: addr[:]})
	case awaited:
		c.addr = m.YIAddr
		close(c.done)
	}
}

// send broadcasts a message, as a machine without an address does.
func (c *herdClient) send(m *dhcp.Message) {
	all := net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: net.IPv4zero, DstIP: net.IPv4bcast}
	udp := &layers.UDP{SrcPort: dhcp.ClientPort, DstPort: dhcp.ServerPort}
	udp.SetNetworkLayerForChecksum(ip)
	frame := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(frame, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true},
		&layers.Ethernet{SrcMAC: c.mac(), DstMAC: all, EthernetType: layers.EthernetTypeIPv4}, ip, udp, gopacket.Payload(dhcp.Pad(m.Append(nil))))
	if err != nil {
		panic(err) // of layers that do not fit each other
	}
	c.port.WriteFrame(frame.Bytes()) // after its end the wire is closed
}
