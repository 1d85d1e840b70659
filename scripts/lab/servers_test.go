//go:build linux

package lab

import (
	"path/filepath"
	"testing"
	"time"
)

// The lab's Ethernet, in the numbers of libvirt's default network.
const (
	serverIP   = "192.168.122.1"
	foreignIP  = "192.168.122.2"
	firstIP    = "192.168.122.100"
	lastIP     = "192.168.122.200"
	prefixBits = "/24"
)

// ready is how long a server may take until it serves.
const ready = 20 * time.Second

// serve starts one of pxe's servers and waits until it listens.
func serve(t *testing.T, net *Net, args ...string) *Proc {
	t.Helper()
	p := Command{Net: net, Args: append([]string{pxe(), args[0], "--output", "json"}, args[1:]...)}.Start(t)
	p.WaitFor(`"event":"listening"`, ready)
	return p
}

// serveDHCP starts pxe serve-dhcp on eth0 with new leases, at once: it is the only
// DHCP server.
func serveDHCP(t *testing.T, net *Net, args ...string) *Proc {
	t.Helper()
	leases := filepath.Join(folder(t), "leases")
	return serve(t, net, append([]string{"serve-dhcp", "--interface", "eth0", "--force", "--lease-file", leases}, args...)...)
}

// serveProxy starts pxe serve-dhcp on eth0, to give boot files and no addresses.
func serveProxy(t *testing.T, net *Net, args ...string) *Proc {
	t.Helper()
	return serve(t, net, append([]string{"serve-dhcp", "--interface", "eth0", "--proxy"}, args...)...)
}

// dnsmasq starts dnsmasq in the foreground, with nothing but what args say.
func dnsmasq(t *testing.T, net *Net, args ...string) *Proc {
	t.Helper()
	Need(t, "dnsmasq")
	p := Command{Net: net, Args: append([]string{
		"dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--user=root",
		"--log-facility=-", "--log-dhcp", "--no-ping", "--leasefile-ro", "--pid-file=",
	}, args...)}.Start(t)
	p.WaitFor("started", ready)
	return p
}

// dnsmasqRange makes dnsmasq hand out the lab's addresses.
const dnsmasqRange = "--dhcp-range=" + firstIP + "," + lastIP + ",1h"

// dnsmasqTFTP makes dnsmasq serve a tree.
func dnsmasqTFTP(root string) []string {
	return []string{"--enable-tftp", "--tftp-root=" + root}
}

// tftpdHPA starts tftpd-hpa on port 69, with more options.
func tftpdHPA(t *testing.T, net *Net, root string, args ...string) *Proc {
	t.Helper()
	Need(t, "in.tftpd")
	p := Command{Net: net, Args: append(append([]string{
		"in.tftpd", "--foreground", "--listen", "--address", ":69", "--user", "root", "--secure",
	}, args...), root)}.Start(t)
	net.WaitPort("udp", 69, ready)
	return p
}

// httpd starts busybox's HTTP server on port 80.
func httpd(t *testing.T, net *Net, root string) *Proc {
	t.Helper()
	Need(t, "busybox")
	p := Command{Net: net, Args: []string{"busybox", "httpd", "-f", "-v", "-p", "0.0.0.0:80", "-h", root}}.Start(t)
	net.WaitPort("tcp", 80, ready)
	return p
}
