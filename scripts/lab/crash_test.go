//go:build linux

package lab

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// TestKillLosesNoAcknowledgedLease kills the server with SIGKILL at random
// moments while clients take leases. Whoever had an ACK must keep the address,
// and no address may be given to two clients.
func TestKillLosesNoAcknowledgedLease(t *testing.T) {
	const kills = 10
	lan := NewLAN(t)
	server := lan.Host("10.77.0.1/16")
	clients := &crowd{conn: clientSocket(t, lan.Host("10.77.0.2/16")), ips: map[string]string{}, macs: map[string]string{}}
	leases := filepath.Join(folder(t), "leases")
	start := func() *Proc {
		// Without probes, which take longer than the server lives.
		return serve(t, server, "serve-dhcp", "--interface", "eth0", "--force", "--no-arp-probe",
			"--range", "10.77.1.0-10.77.200.255", "--lease-file", leases)
	}
	random := rand.New(rand.NewPCG(1, 2))

	for range kills {
		p := start()
		clients.confirm(t, clients.recent)
		clients.recent = nil
		// The moment is random on purpose: it falls before, between and after the
		// packets of the clients' exchanges.
		kill := time.AfterFunc(time.Duration(5+random.IntN(150))*time.Millisecond, p.Kill)
		clients.leaseUntil(t, p)
		kill.Stop()
	}

	start()
	t.Logf("%d leases acknowledged over %d kills", len(clients.ips), kills)
	if len(clients.ips) < kills {
		t.Errorf("only %d leases: the test has shown little", len(clients.ips))
	}
	all := make([]string, 0, len(clients.ips))
	for mac := range clients.ips {
		all = append(all, mac)
	}
	clients.confirm(t, all)
}

// crowd is many DHCP clients behind one socket, and what they were told.
type crowd struct {
	conn   net.PacketConn
	ips    map[string]string // acknowledged, by MAC
	macs   map[string]string // the reverse
	recent []string          // MACs since the last restart
}

// silence is how long the crowd waits for an answer.
const silence = 200 * time.Millisecond

// leaseUntil lets four clients at a time take a lease each, then four others, until
// the server has gone and falls silent.
func (c *crowd) leaseUntil(t *testing.T, server *Proc) {
	t.Helper()
	next := func() { c.send(t, newMAC(), dhcpv4.MessageTypeDiscover) }
	for range 4 {
		next()
	}
	for {
		reply := c.read(t)
		if reply == nil {
			select {
			case <-server.done:
				return
			default:
				next() // one was lost
				continue
			}
		}
		mac, ip := reply.ClientHWAddr, reply.YourIPAddr
		switch reply.MessageType() {
		case dhcpv4.MessageTypeOffer:
			c.send(t, mac, dhcpv4.MessageTypeRequest, dhcpv4.OptRequestedIPAddress(ip),
				dhcpv4.OptServerIdentifier(reply.ServerIdentifier()))
		case dhcpv4.MessageTypeAck:
			if other, taken := c.macs[ip.String()]; taken {
				t.Errorf("%s was given to %s and to %s", ip, other, mac)
			}
			c.macs[ip.String()], c.ips[mac.String()] = mac.String(), ip.String()
			c.recent = append(c.recent, mac.String())
			next()
		default:
			t.Errorf("%s: %s", mac, reply.MessageType())
			next()
		}
	}
}

// confirm asks, as a machine that comes up again does (INIT-REBOOT), for the
// address that each client had.
func (c *crowd) confirm(t *testing.T, macs []string) {
	t.Helper()
	for _, text := range macs {
		mac, _ := net.ParseMAC(text)
		ip := net.ParseIP(c.ips[text])
		var reply *dhcpv4.DHCPv4
		for try := 0; try < 5 && (reply == nil || reply.ClientHWAddr.String() != text); try++ {
			c.send(t, mac, dhcpv4.MessageTypeRequest, dhcpv4.OptRequestedIPAddress(ip))
			reply = c.read(t)
		}
		if reply == nil {
			t.Fatalf("%s asks for its %s again: no answer", mac, ip)
		}
		if reply.MessageType() != dhcpv4.MessageTypeAck || !reply.YourIPAddr.Equal(ip) {
			t.Errorf("%s had %s; after the kill it gets %s %s", mac, ip, reply.MessageType(), reply.YourIPAddr)
		}
	}
}

// send broadcasts a client's message. The client wants a broadcast answer.
func (c *crowd) send(t *testing.T, mac net.HardwareAddr, kind dhcpv4.MessageType, options ...dhcpv4.Option) {
	t.Helper()
	m, err := dhcpv4.New(dhcpv4.WithHwAddr(mac), dhcpv4.WithBroadcast(true), dhcpv4.WithMessageType(kind))
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range options {
		m.UpdateOption(o)
	}
	if _, err := c.conn.WriteTo(m.ToBytes(), &net.UDPAddr{IP: net.IPv4bcast, Port: 67}); err != nil {
		t.Fatal(err)
	}
}

// read is the next answer, or nil after a silence.
func (c *crowd) read(t *testing.T) *dhcpv4.DHCPv4 {
	t.Helper()
	buf := make([]byte, 1500)
	for {
		if err := c.conn.SetReadDeadline(time.Now().Add(silence)); err != nil {
			t.Fatal(err)
		}
		n, _, err := c.conn.ReadFrom(buf)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil
		}
		if err != nil {
			t.Fatal(err)
		}
		if m, err := dhcpv4.FromBytes(buf[:n]); err == nil && m.OpCode == dhcpv4.OpcodeBootReply {
			return m
		}
	}
}

// clientSocket is port 68 of the host's eth0.
func clientSocket(t *testing.T, host *Net) net.PacketConn {
	t.Helper()
	var conn net.PacketConn
	var err error
	bind := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var bound error
		err := raw.Control(func(fd uintptr) { bound = syscall.BindToDevice(int(fd), "eth0") })
		return errors.Join(err, bound)
	}}
	host.Do(func() { conn, err = bind.ListenPacket(context.Background(), "udp4", ":68") })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func newMAC() net.HardwareAddr {
	n := rand.Uint32()
	return net.HardwareAddr{0x52, 0x54, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
}
