package cmd

import (
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pxe/dhcp"
)

// TestServeDHCPOnLoopback runs the whole command where nobody needs a
// privilege: it announces itself, answers, writes events, and ends in order.
func TestServeDHCPOnLoopback(t *testing.T) {
	leases := filepath.Join(t.TempDir(), "leases")
	server := startServer(t, "serve-dhcp", "--interface", "lo", "--force", "--port", "0", "--boot-port", "0",
		"--range", "127.0.0.100-127.0.0.109", "--lease-file", leases)
	var first dhcpListeningJSON
	server.next(&first)
	if first.Event != "listening" || first.Interface != "lo" || first.Addresses != 10 || first.LeaseFile != leases || first.LeaseSeconds != 21600 || first.BootFiles["efi-x64"] != "bootx64.efi" {
		t.Errorf("first line %+v", first)
	}

	client, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(first.Server, first.Port)))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	inform := &dhcp.Message{
		Op: dhcp.OpRequest, HType: dhcp.HTypeEthernet, CHAddr: net.HardwareAddr{0x52, 0x54, 0, 1, 2, 3},
		Options: dhcp.Options{{Code: dhcp.OptionMessageType, Data: []byte{dhcp.TypeInform}}},
	}
	if _, err := client.Write(inform.Append(nil)); err != nil {
		t.Fatal(err)
	}
	client.SetReadDeadline(time.Now().Add(10 * time.Second))
	buf := make([]byte, 1500)
	n, err := client.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	if m, err := dhcp.Parse(buf[:n]); err != nil || m.Type() != dhcp.TypeAck {
		t.Errorf("got %+v, %v, want an ACK", m, err)
	}
	var event dhcpEventJSON
	if server.next(&event); event.Event != "inform" || event.MAC != "52:54:00:01:02:03" {
		t.Errorf("event %+v", event)
	}

	server.stop()
	if _, err := os.Stat(leases); err != nil {
		t.Error(err)
	}
}

// TestServeDHCPEndsWhileItLooks tells a server to end before it serves: that is
// no failure either.
func TestServeDHCPEndsWhileItLooks(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	leases := filepath.Join(t.TempDir(), "leases")
	err := run(ctx, Streams{Out: io.Discard, Err: io.Discard}, "serve-dhcp", "--interface", "lo", "--port", "0", "--boot-port", "0",
		"--range", "127.0.0.100-127.0.0.109", "--lease-file", leases)
	if err != nil {
		t.Error(err)
	}
}

// TestServeDHCPByFile serves what a dhcpd.conf says, but for what the command
// line says.
func TestServeDHCPByFile(t *testing.T) {
	dir := t.TempDir()
	conf := filepath.Join(dir, "dhcpd.conf")
	text := `default-lease-time 60; next-server 127.0.0.9; filename "pxelinux.0";
subnet 10.0.0.0 netmask 255.0.0.0 { range 10.0.0.9; }
subnet 127.0.0.0 netmask 255.0.0.0 { range 127.0.0.100 127.0.0.119; }
`
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	server := startServer(t, "serve-dhcp", "--config", conf, "--interface", "lo", "--force", "--port", "0", "--boot-port", "0",
		"--range", "127.0.0.100-127.0.0.109", "--lease-file", filepath.Join(dir, "leases"))
	var first dhcpListeningJSON
	server.next(&first)
	if first.Subnet != "127.0.0.0/8" || first.Addresses != 10 || first.LeaseSeconds != 60 || first.NextServer.String() != "127.0.0.9" ||
		len(first.BootFiles) != 1 || first.BootFiles["bios"] != "pxelinux.0" {
		t.Errorf("first line %+v", first)
	}
	var relayed dhcpListeningJSON
	if server.next(&relayed); relayed.Event != "relayed" || relayed.Subnet != "10.0.0.0/8" || relayed.Addresses != 1 {
		t.Errorf("second line %+v", relayed)
	}
	server.stop()
}
