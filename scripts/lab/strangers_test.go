//go:build linux

package lab

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// clientTime is how long a DHCP client may take for one thing.
const clientTime = time.Minute

// ownRun starts a client that a shell prepares, with an empty /run of its own.
func ownRun(t *testing.T, net *Net, script string, env ...string) *Proc {
	t.Helper()
	Need(t, "unshare")
	return Command{Net: net, Env: env, Args: []string{"unshare", "--mount", "sh", "-ec", "mount -t tmpfs none /run\n" + script}}.Start(t)
}

// writeScript writes a program that a client is to run.
func writeScript(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(folder(t), "script")
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestNetworkd lets systemd's client have an address, renew it at T1, and release it
// as it ends. By a /sys that it may not write it knows that no udev will come.
func TestNetworkd(t *testing.T) {
	t.Parallel()
	const networkd = "/usr/lib/systemd/systemd-networkd"
	Need(t, networkd)
	lan := NewLAN(t)
	server := serveDHCP(t, lan.Host(serverIP+prefixBits), "--range", firstIP+"-"+firstIP, "--router", serverIP, "--lease-time", "20s")
	client := ownRun(t, lan.Host(), `
		mount -t sysfs -o ro none /sys
		umask 022
		mkdir -p /run/systemd/network
		cat >/run/systemd/network/eth0.network <<-END
			[Match]
			Name=eth0
			[Network]
			DHCP=ipv4
			LinkLocalAddressing=no
		END
		exec `+networkd, "SYSTEMD_LOG_LEVEL=debug", "SYSTEMD_LOG_TARGET=console")
	client.WaitFor("DHCPv4 address "+firstIP+"/24, gateway "+serverIP+" acquired from "+serverIP, clientTime)
	client.WaitForNth("DHCPv4 client: ACK", 2, clientTime)
	if !strings.Contains(client.Out.String(), "DHCPv4 client: REQUEST (renewing)") {
		t.Error("it did not renew")
	}
	client.Stop()
	server.WaitFor(`"event":"release"`, ready)
}

// TestDhcpcd lets dhcpcd have an address, renew it and ask all servers for it again when
// told to, and release it as it ends. Without a user to become it is one process, which hears every signal.
func TestDhcpcd(t *testing.T) {
	t.Parallel()
	Need(t, "dhcpcd")
	lan := NewLAN(t)
	server := serveDHCP(t, lan.Host(serverIP+prefixBits), "--range", firstIP+"-"+firstIP)
	client := ownRun(t, lan.Host(), `
		mount -t tmpfs none /var/lib/dhcpcd
		grep ^root: /etc/passwd >/run/passwd
		mount --bind /run/passwd /etc/passwd
		echo release >/run/conf
		exec dhcpcd --nobackground --debug --ipv4only --noarp --config /run/conf --script /bin/true eth0`)
	client.WaitFor("executing: /bin/true BOUND", clientTime)
	client.Signal(syscall.SIGUSR1)
	client.WaitFor("executing: /bin/true RENEW", clientTime)
	client.Signal(syscall.SIGHUP)
	client.WaitFor("rebinding", clientTime)
	server.WaitForNth(`"event":"ack"`, 3, ready)
	client.Stop()
	server.WaitFor(`"event":"release"`, ready)
}

// TestDecline has clients decline addresses: busybox's because it sees by ARP that somebody
// has them, dhclient because its script says so. They get others.
func TestDecline(t *testing.T) {
	const second = "192.168.122.101"
	for name, start := range map[string]func(t *testing.T, client *Net) *Proc{
		"udhcpc": func(t *testing.T, client *Net) *Proc {
			Need(t, "busybox")
			script := writeScript(t, clientScript)
			return Command{Net: client, Args: []string{"busybox", "udhcpc", "-f", "-a", "-A", "2", "-i", "eth0", "-r", firstIP, "-s", script}}.Start(t)
		},
		"dhclient": func(t *testing.T, client *Net) *Proc {
			Need(t, "dhclient")
			dir := folder(t)
			script := writeScript(t, clientScript+"[ $what$address != BOUND"+firstIP+" ]\n")
			put(t, filepath.Join(dir, "conf"), "send dhcp-requested-address "+firstIP+";\n")
			return Command{Net: client, Args: []string{
				"dhclient", "-4", "-d", "-cf", filepath.Join(dir, "conf"), "-sf", script,
				"-lf", filepath.Join(dir, "leases"), "-pf", filepath.Join(dir, "pid"), "eth0",
			}}.Start(t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lan := NewLAN(t)
			server := serveDHCP(t, lan.Host(serverIP+prefixBits), "--range", firstIP+"-"+second, "--no-arp-probe")
			lan.Host(firstIP + prefixBits)
			client := start(t, lan.Host())
			server.WaitFor(`"event":"decline"`, clientTime)
			client.WaitFor(" "+second, clientTime)
			if out := server.Out.String(); !regexp.MustCompile(`"event":"decline".*"address":"` + regexp.QuoteMeta(firstIP)).MatchString(out) {
				t.Errorf("what was declined?\n%s", out)
			}
		})
	}
}

// TestNmapDiscovers reads what nmap's script prints of our offer.
func TestNmapDiscovers(t *testing.T) {
	t.Parallel()
	Need(t, "nmap")
	lan := NewLAN(t)
	serveDHCP(t, lan.Host(serverIP+prefixBits), "--range", firstIP+"-"+firstIP, "--router", serverIP, "--dns", foreignIP, "--domain", "example.com", "--bootfile", "pxelinux.0")
	// It wants an interface with an address.
	out := Command{Net: lan.Host("192.168.122.3" + prefixBits), Args: []string{
		"nmap", "-e", "eth0", "--script", "broadcast-dhcp-discover", "--script-args", "broadcast-dhcp-discover.timeout=3s",
	}}.MustRun(t)
	for _, want := range []string{
		"Response 1 of 1:", "IP Offered: " + firstIP, "DHCP Message Type: DHCPOFFER", "Server Identifier: " + serverIP,
		"IP Address Lease Time: 6h00m00s", "Renewal Time Value: 3h00m00s", "Rebinding Time Value: 5h15m00s",
		"Subnet Mask: 255.255.255.0", "Router: " + serverIP, "Domain Name Server: " + foreignIP, "Domain Name: example.com",
		"Broadcast Address: 192.168.122.255", "Bootfile Name: pxelinux.0", "TFTP Server Name: " + serverIP,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// TestPerfdhcp has 500 clients want addresses at 200 a second, all through perfdhcp as
// their relay. Each gets one of its own, nothing is lost and nothing comes twice.
func TestPerfdhcp(t *testing.T) {
	t.Parallel()
	Need(t, "perfdhcp")
	lan := NewLAN(t)
	serveDHCP(t, lan.Host("10.71.0.1/16"), "--range", "10.71.1.0-10.71.2.255")
	r := Command{Net: lan.Host("10.71.0.2/16"), Args: []string{
		"perfdhcp", "-4", "-r", "200", "-n", "500", "-R", "500", "-u", "-W", "1000000", "10.71.0.1",
	}}.Run(t)
	for want, count := range map[string]int{
		"sent packets: 500": 2, "received packets: 500": 2, "drops: 0": 2, "orphans: 0": 2,
		"rejected leases: 0": 2, "non unique addresses: 0": 2, "Malformed packets: 0": 1,
	} {
		if strings.Count(r.Stdout, want+"\n") != count {
			t.Errorf("not %d times %q", count, want)
		}
	}
	if r.Code != 0 || t.Failed() {
		t.Errorf("exit code %d\n%s%s", r.Code, r.Stdout, r.Stderr)
	}
}
