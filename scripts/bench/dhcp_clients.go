//go:build linux

package main

import (
	"fmt"
	"os/exec"
	"regexp"
)

// clientsLine is one of the figures that BenchmarkTenThousandClients reports.
var clientsLine = regexp.MustCompile(`([\d.]+) (clients/s|p50-ms|p99-ms)`)

// measureDHCPClients has ten thousand clients get an address on one subnet, 500 of
// them at a time, from their first DISCOVER to the ACK. The wire and the clients
// are in the process of the server, the leases on the disk. There is no peer: no
// other server can be plugged in there.
func measureDHCPClients(b *bench) {
	figures := map[string]series{}
	for range b.rounds {
		cmd := exec.Command("go", "test", "-run=^$", "-bench=^BenchmarkTenThousandClients$", "-benchtime=1x", "pxe/cmd")
		out, err := cmd.CombinedOutput()
		found := clientsLine.FindAllSubmatch(out, -1)
		if err != nil || len(found) == 0 {
			b.Fatalf("%v\n%s", err, out)
		}
		for _, m := range found {
			figures[string(m[2])] = append(figures[string(m[2])], number(string(m[1])))
		}
	}
	fmt.Printf("\n### DHCP, 10 000 clients on one subnet\n\n| clients/s | median, ms | 99th percentile, ms |\n|---|---|---|\n")
	fmt.Printf("| %s | %s | %s |\n", figures["clients/s"].spread("%.0f"), figures["p50-ms"].spread("%.1f"), figures["p99-ms"].spread("%.1f"))
}
