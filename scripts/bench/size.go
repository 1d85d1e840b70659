//go:build linux

package main

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"pxe/scripts/lab"
)

// measureTry takes the time of a whole simulated boot of the built-in tree.
func measureTry(b *bench) {
	fmt.Printf("\n### pxe try, without a virtual machine\n\n| firmware | s |\n|---|---|\n")
	for _, firmware := range []string{"bios", "efi-x64"} {
		var times series
		for range b.rounds {
			start := time.Now()
			lab.Command{Args: []string{b.path("pxe"), "try", "--firmware", firmware}}.MustRun(b)
			times = append(times, time.Since(start).Seconds())
		}
		fmt.Printf("| %s | %s |\n", firmware, times.spread("%.2f"))
	}
}

// measureSize looks at the program on disk and at every server's memory before
// its first client.
func measureSize(b *bench) {
	info, err := os.Stat(b.path("pxe"))
	if err != nil {
		b.Fatalf("%v", err)
	}
	fmt.Printf("\n### Size\n\nThe program: %.1f MB (static, stripped).\n\n", float64(info.Size())/1e6)
	fmt.Printf("| idle | resident MB | of it not in a file, MB |\n|---|---|---|\n")

	lan := lab.NewLAN(b)
	root := b.path("empty")
	if err := os.MkdirAll(root, 0o755); err != nil {
		b.Fatalf("%v", err)
	}
	pxe := func(args ...string) []string { return append([]string{b.path("pxe")}, args...) }
	for _, s := range []struct {
		name     string
		args     []string
		protocol string
		port     int
	}{
		{"pxe serve-dhcp", pxe("serve-dhcp", "--interface", "eth0", "--force", "--lease-file", b.path("leases")), "udp", 67},
		{"pxe serve-tftp", pxe("serve-tftp", root), "udp", 69},
		{"pxe serve-http", pxe("serve-http", root), "tcp", 80},
		{"dnsmasq (DHCP and TFTP)", []string{"dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--user=root", "--pid-file=",
			"--log-facility=-", "--leasefile-ro", "--dhcp-range=192.168.122.100,192.168.122.200", "--enable-tftp", "--tftp-root=" + root}, "udp", 69},
		{"pin/tftp", []string{b.path("pintftp"), root}, "udp", 69},
		{"tftpd-hpa", []string{"in.tftpd", "--foreground", "--listen", "--address", ":69", "--user", "root", "--secure", root}, "udp", 69},
	} {
		host := lan.Host("192.168.122.1/24")
		p := lab.Command{Net: host, Args: s.args}.Start(b)
		host.WaitPort(s.protocol, s.port, readyTime)
		fmt.Printf("| %s | %.1f | %.1f |\n", s.name, memory(b, p.Pid(), "VmRSS"), memory(b, p.Pid(), "RssAnon"))
		p.Stop()
	}
}

// memory reads one line of a process's status, in MB.
func memory(b *bench, pid int, line string) float64 {
	n, ok := statusBytes(strconv.Itoa(pid), line)
	if !ok {
		b.Fatalf("no %s in the status of %d", line, pid)
	}
	return n / 1e6
}
