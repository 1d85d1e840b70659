//go:build linux

package lab

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// clientScript configures the interface as dhclient or udhcpc asks, and says so
// on a line of its own: "lab BOUND 192.168.122.100".
const clientScript = `#!/bin/sh
PATH=/usr/sbin:/usr/bin:/sbin:/bin
what=${1:-$reason}
address=${new_ip_address:-$ip}
case $what in
  PREINIT) ip link set "$interface" up ;;
  BOUND | RENEW | REBIND | REBOOT | bound | renew) ip addr replace "$address/24" dev "$interface" ;;
  EXPIRE | FAIL | RELEASE | STOP | deconfig) ip addr flush dev "$interface" ;;
esac
echo "lab $what $address"
`

// TestDhclientAndUdhcpcLeaseRenewAndRelease gives two clients one address
// between them: the second can have it only after the first has released it.
func TestDhclientAndUdhcpcLeaseRenewAndRelease(t *testing.T) {
	Need(t, "dhclient", "busybox")
	lan := NewLAN(t)
	serveDHCP(t, lan.Host(serverIP+prefixBits), "--range", firstIP+"-"+firstIP, "--lease-time", "1h")

	dir := folder(t)
	script := writeScript(t, clientScript)
	config := filepath.Join(dir, "dhclient.conf")
	if err := os.WriteFile(config, []byte("request subnet-mask, routers;\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	dhclient := []string{
		"dhclient", "-4", "-v", "-cf", config, "-sf", script,
		"-lf", filepath.Join(dir, "leases"), "-pf", filepath.Join(dir, "pid"),
	}
	first := lan.Host()
	second := lan.Host()
	p := Command{Net: first, Args: append(dhclient, "-d", "eth0")}.Start(t)
	p.WaitFor("bound to "+firstIP, clientTime)
	// dhclient renews at T1, which is half an hour away; after a restart it asks
	// for its address at once.
	p.Kill()
	p = Command{Net: first, Args: append(dhclient, "-d", "eth0")}.Start(t)
	p.WaitFor("lab REBOOT "+firstIP, clientTime)

	udhcpc := []string{"busybox", "udhcpc", "-f", "-i", "eth0", "-s", script, "-t", "2", "-T", "1", "-n"}
	r := Command{Net: second, Args: udhcpc}.Run(t)
	if r.Code == 0 || strings.Contains(r.Stdout, "lab bound") {
		t.Fatalf("two clients have one address:\n%s%s", r.Stdout, r.Stderr)
	}

	Command{Net: first, Args: append(dhclient, "-r", "eth0")}.MustRun(t)
	p = Command{Net: second, Args: udhcpc}.Start(t)
	p.WaitFor("lab bound "+firstIP, clientTime)
	p.Signal(syscall.SIGUSR1)
	p.WaitFor("lab renew "+firstIP, clientTime)
	p.Signal(syscall.SIGUSR2)
	p.WaitForNth("lab deconfig", 2, clientTime)

	p = Command{Net: first, Args: append(dhclient, "-d", "eth0")}.Start(t)
	p.WaitFor(firstIP, clientTime)
}

// TestDhclientRenewsAtT1 lets dhclient renew by itself, which it does by unicast.
func TestDhclientRenewsAtT1(t *testing.T) {
	t.Parallel()
	Need(t, "dhclient")
	lan := NewLAN(t)
	serveDHCP(t, lan.Host(serverIP+prefixBits), "--range", firstIP+"-"+lastIP, "--lease-time", "20s")

	dir := folder(t)
	script := writeScript(t, clientScript)
	p := Command{Net: lan.Host(), Args: []string{
		"dhclient", "-4", "-d", "-cf", os.DevNull, "-sf", script,
		"-lf", filepath.Join(dir, "leases"), "-pf", filepath.Join(dir, "pid"), "eth0",
	}}.Start(t)
	p.WaitFor("lab BOUND "+firstIP[:len("192.168.122.")], time.Minute)
	p.WaitFor("lab RENEW "+firstIP[:len("192.168.122.")], time.Minute)
}
