//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"pxe/scripts/lab"
)

const (
	manyLeases = 100_000

	costRate = 500 // exchanges per second
	costTime = 2   // seconds
)

// measureDHCPLeases looks at servers that hold the leases of many: how long they
// take from their start to their first OFFER, how much memory they have then, and
// what an exchange costs beside more and more leases.
func measureDHCPLeases(b *bench) {
	lab.Need(b, "perfdhcp", "kea-dhcp4", "dhcpd")
	names := []string{"kea", "isc dhcpd", "pxe"}
	ready, resident := newContest(names...), newContest(names...)
	counts := []int{100, 1000, 10_000, manyLeases}
	costs := make(map[string]*contest)
	for _, name := range names {
		costs[name] = newContest(leaseNames(counts)...)
	}
	for round := range b.rounds {
		for _, leases := range counts {
			for _, name := range names {
				n := b.dhcpNet(name, fmt.Sprint("leases-", round), leases)
				if leases == manyLeases {
					ready.add(name, n.ready.Seconds())
					resident.add(name, memory(b, n.server.Pid(), "VmRSS"))
				}
				before := cpuTime(b, n.server.Pid())
				r := b.perfdhcp(n.relay, costRate, costTime)
				if !r.keptUp(costRate * costTime) {
					b.Logf("%s with %d leases lost %.0f of %.0f exchanges", name, leases, r.discovers-r.acks, r.discovers)
				}
				costs[name].add(leaseName(leases), (cpuTime(b, n.server.Pid())-before)/r.acks*1e6)
				b.cleanUp()
			}
		}
	}
	ready.print(fmt.Sprintf("DHCP, from the start to the first OFFER with %d leases", manyLeases), "s", "%.2f")
	resident.print(fmt.Sprintf("DHCP, memory with %d leases", manyLeases), "resident MB", "%.0f")
	for _, name := range names {
		costs[name].print(fmt.Sprintf("DHCP, CPU time of an exchange at %d exchanges/s, %s", costRate, name), "µs", "%.0f")
	}
}

func leaseName(n int) string { return fmt.Sprintf("%d leases", n) }

func leaseNames(counts []int) []string {
	var names []string
	for _, n := range counts {
		names = append(names, leaseName(n))
	}
	return names
}

// cpuTime is what all threads of a process have used, in seconds.
func cpuTime(b *bench, pid int) float64 {
	stats, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid)) // the pattern is well formed
	total := 0.0
	for _, stat := range stats {
		line, _ := os.ReadFile(stat) // a thread that has just ended counts no more
		nanoseconds, _, _ := strings.Cut(string(line), " ")
		total += number(nanoseconds)
	}
	if total == 0 {
		b.Fatalf("process %d has ended", pid)
	}
	return total / 1e9
}
