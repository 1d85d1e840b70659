package probe

import (
	"context"
	"io/fs"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"pxe/dhcp"
	"pxe/dhcp/lease"
	"pxe/tftp"
	"pxe/wire"
)

// A lab is an Ethernet with a server, 192.0.2.1, and the client to be probed.
// DHCP and the boot server answer as a script says, because a server of ours
// cannot be made to misbehave; TFTP is ours. It lives in a synctest bubble, so
// that a minute of silence takes no time.
type lab struct {
	t     *testing.T
	files fstest.MapFS
	dhcp  script // port 67
	boot  script // port 4011; nil leaves the port closed
	// own is a DHCP server of ours in place of the scripts. If dhcp is set as
	// well, the script runs on another host, 192.0.2.7.
	own    *dhcp.Config
	locked []string // files that the TFTP server may not read, and all in such folders
	noTFTP bool     // nothing on port 69
	// tftp answers every datagram to port 69, in place of our server; nil as an
	// answer is silence.
	tftp func([]byte) []byte
	mac  net.HardwareAddr // of the client; nil is testID's

	client *wire.Host
	mu     sync.Mutex
	seen   []*dhcp.Message // what the client sent, on either port
	at     []time.Duration // when
	asked  []string        // files that the TFTP server was asked for
}

// script answers a message with any number of others.
type script func(*dhcp.Message) []dhcp.Message

// network makes a wire.Host a Network.
type network struct{ *wire.Host }

func (n network) ListenDHCP(port uint16) (net.PacketConn, error) { return n.Host.ListenDHCP(port) }

// DialContext plays the TCP that hosts in a bubble do not have: a closed port
// on the server, and silence in ARP elsewhere.
func (n network) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	switch {
	case network != "tcp4":
		return n.Host.DialContext(ctx, network, address)
	case netip.MustParseAddrPort(address).Addr() == labServer:
		return nil, syscall.ECONNREFUSED
	}
	if err := sleep(ctx, 3*time.Second); err != nil {
		return nil, err
	}
	return nil, syscall.EHOSTUNREACH
}

var (
	labServer = netip.MustParseAddr("192.0.2.1")
	labClient = netip.MustParseAddr("192.0.2.100")
)

// run starts the lab and probes it.
func (l *lab) run(cfg Config) (rep *Report) {
	l.t.Helper()
	synctest.Test(l.t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		sw := wire.NewSwitch()
		server := plug(t, sw, wire.HostConfig{
			MAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}, Addrs: []netip.Prefix{netip.PrefixFrom(labServer, 24)}, NoTCP: true,
		})
		if l.mac == nil {
			l.mac = testID.mac
		}
		l.client = plug(t, sw, wire.HostConfig{MAC: l.mac, NoTCP: true})
		scripted := server
		if l.own != nil {
			l.serveDHCP(ctx, t, &running, server)
			scripted = plug(t, sw, wire.HostConfig{
				MAC: net.HardwareAddr{2, 0, 0, 0, 0, 7}, Addrs: []netip.Prefix{netip.MustParsePrefix("192.0.2.7/24")}, NoTCP: true,
			})
		}
		if l.own == nil || l.dhcp != nil {
			l.listen(t, &running, scripted, dhcp.ServerPort, l.dhcp)
		}
		if l.boot != nil {
			l.listen(t, &running, scripted, dhcp.BootPort, l.boot)
		}
		if !l.noTFTP {
			l.serveTFTP(ctx, t, &running, server)
		}
		cfg.Network = network{l.client}
		var err error
		rep, err = Run(t.Context(), cfg)
		if err != nil {
			t.Errorf("Run: %v", err)
		}
		synctest.Wait()
		cancel()
		server.Close()
		l.client.Close()
		scripted.Close()
		running.Wait()
	})
	return rep
}

// serveDHCP is our own server, on 67 and 4011.
func (l *lab) serveDHCP(ctx context.Context, t *testing.T, running *sync.WaitGroup, h *wire.Host) {
	t.Helper()
	var leases *lease.Store
	var err error
	if !l.own.Proxy {
		if leases, err = lease.Open("", l.own.Pools(), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	server, err := dhcp.New(*l.own, leases)
	if err != nil {
		t.Fatal(err)
	}
	for port, serve := range map[uint16]func(context.Context, dhcp.Conn, netip.Addr) error{
		dhcp.ServerPort: server.Serve, dhcp.BootPort: server.ServeBoot,
	} {
		conn, err := h.ListenDHCP(port)
		if err != nil {
			t.Fatal(err)
		}
		running.Go(func() {
			if err := serve(ctx, ownConn{conn}, labServer); err != nil {
				t.Errorf("DHCP: %v", err)
			}
		})
	}
}

// ownConn is a port of a wire.Host as our DHCP server takes it.
type ownConn struct{ port *wire.DatagramPort }

func (c ownConn) ReadBatch(ds []dhcp.Datagram) (int, error) {
	buf := ds[0].Payload[:cap(ds[0].Payload)]
	n, from, err := c.port.ReadDatagram(buf)
	if err != nil {
		return 0, err
	}
	ds[0] = dhcp.Datagram{Payload: buf[:n], Src: from.Src, Dst: from.Dst}
	return 1, nil
}

func (c ownConn) Write(d dhcp.Datagram) error {
	return c.port.WriteDatagram(d.Payload, wire.Datagram{Src: d.Src, Dst: d.Dst, DstMAC: d.DstMAC})
}

func (c ownConn) SetReadDeadline(t time.Time) error { return c.port.SetReadDeadline(t) }

// serveTFTP is our server on the tree, or the script.
func (l *lab) serveTFTP(ctx context.Context, t *testing.T, running *sync.WaitGroup, h *wire.Host) {
	t.Helper()
	conn, err := h.ListenPacket(ctx, "udp4", "192.0.2.1:69")
	if err != nil {
		t.Fatal(err)
	}
	if l.tftp == nil {
		server := &tftp.Server{Source: l.source(), ListenPacket: h.ListenPacket}
		running.Go(func() {
			defer conn.Close()
			if err := server.Serve(ctx, conn); err != nil {
				t.Errorf("TFTP: %v", err)
			}
		})
		return
	}
	running.Go(func() {
		buf := make([]byte, 2048)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if reply := l.tftp(buf[:n]); reply != nil {
				conn.WriteTo(reply, from)
			}
		}
	})
}

// source is the tree, and notes what is asked of it.
func (l *lab) source() tftp.Source {
	files := tftp.FS(l.files)
	return tftp.SourceFunc(func(name string, client netip.AddrPort) (tftp.File, error) {
		l.mu.Lock()
		l.asked = append(l.asked, name)
		l.mu.Unlock()
		for _, locked := range l.locked {
			if strings.HasPrefix(strings.TrimPrefix(name, "/"), locked) {
				return nil, fs.ErrPermission
			}
		}
		return files.Open(name, client)
	})
}

func plug(t *testing.T, sw *wire.Switch, cfg wire.HostConfig) *wire.Host {
	t.Helper()
	h, err := wire.NewHost(sw.Port(cfg.MAC.String()), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// listen answers a port by a script. On 67 all that a client without an address
// sends arrives by broadcast; answers go back in the same way.
func (l *lab) listen(t *testing.T, running *sync.WaitGroup, h *wire.Host, port uint16, answer script) {
	t.Helper()
	conn, err := h.ListenDHCP(port)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	running.Go(func() {
		buf := make([]byte, 65536)
		for {
			n, from, err := conn.ReadDatagram(buf)
			if err != nil {
				return
			}
			m, err := dhcp.Parse(buf[:n])
			if err != nil {
				t.Errorf("client sends what cannot be read: %v", err)
				return
			}
			l.mu.Lock()
			l.seen, l.at = append(l.seen, m), append(l.at, time.Since(start))
			l.mu.Unlock()
			if answer == nil {
				continue
			}
			for _, reply := range answer(m) {
				to := wire.Datagram{Dst: netip.AddrPortFrom(broadcast().Addr(), dhcp.ClientPort)}
				if isSet(m.CIAddr) {
					to = wire.Datagram{Dst: from.Src, DstMAC: from.SrcMAC}
				}
				if err := conn.WriteDatagram(reply.Append(nil), to); err != nil {
					t.Errorf("answer: %v", err)
				}
			}
		}
	})
}

// types are the message types that the client sent.
func (l *lab) types() (list []string) {
	for _, m := range l.seen {
		list = append(list, m.Type().String())
	}
	return list
}

// answer is a well-formed reply to m with an address, and what edit makes of it.
func answer(m *dhcp.Message, typ dhcp.MessageType, edit ...func(*dhcp.Message)) dhcp.Message {
	r := dhcp.Message{
		Op: dhcp.OpReply, HType: m.HType, CHAddr: m.CHAddr, XID: m.XID, Flags: m.Flags, CIAddr: m.CIAddr,
		YIAddr: labClient, SIAddr: labServer,
		Options: dhcp.Options{
			{Code: dhcp.OptionMessageType, Data: []byte{byte(typ)}},
			{Code: dhcp.OptionServerID, Data: labServer.AsSlice()},
			{Code: dhcp.OptionLeaseTime, Data: []byte{0, 0, 0x0e, 0x10}},
			{Code: dhcp.OptionSubnetMask, Data: []byte{255, 255, 255, 0}},
		},
	}
	for _, e := range edit {
		e(&r)
	}
	return r
}

// serves is a script that answers DISCOVER and REQUEST with the same data.
func serves(edit ...func(*dhcp.Message)) script {
	return func(m *dhcp.Message) []dhcp.Message {
		switch m.Type() {
		case dhcp.TypeDiscover:
			return []dhcp.Message{answer(m, dhcp.TypeOffer, edit...)}
		case dhcp.TypeRequest:
			return []dhcp.Message{answer(m, dhcp.TypeAck, edit...)}
		}
		return nil
	}
}

func withFile(name string) func(*dhcp.Message) {
	return func(m *dhcp.Message) { m.File = name }
}

func withOption(code uint8, data []byte) func(*dhcp.Message) {
	return func(m *dhcp.Message) { m.Options = append(m.Options, dhcp.RawOption{Code: code, Data: data}) }
}

func withoutOption(code uint8) func(*dhcp.Message) {
	return func(m *dhcp.Message) {
		m.Options = slices.DeleteFunc(slices.Clone(m.Options), func(o dhcp.RawOption) bool { return o.Code == code })
	}
}

// pxeClient echoes option 60 with the tags of option 43, none if nil.
func pxeClient(tags dhcp.PXEOptions) func(*dhcp.Message) {
	return func(m *dhcp.Message) {
		withOption(dhcp.OptionVendorClass, []byte(dhcp.ClassPXE))(m)
		if tags != nil {
			m.Options = append(m.Options, tags.Option())
		}
	}
}

func nextServer(addr string) func(*dhcp.Message) {
	return func(m *dhcp.Message) { m.SIAddr = netip.MustParseAddr(addr) }
}

func noAddress(m *dhcp.Message) { m.YIAddr = netip.Addr{} }
