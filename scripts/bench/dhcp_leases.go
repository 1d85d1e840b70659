//go:build linux

package main

import (
	"fmt"

	"pxe/scripts/lab"
)

const (
	manyLeases = 100_000

	costRate = 500 // exchanges per second
	costTime = 2   // seconds
)

// measureDHCPLeases looks at servers that hold the leases of many: how long they
// take from their start to their first OFFER, how much memory they have then, and
// what an exchange costs beside more and more leases. dhcpd is not asked for the
// last: among the free addresses of a range as large as this one needs, it looks
// for seconds.
func measureDHCPLeases(b *bench) {
	lab.Need(b, "perfdhcp", "kea-dhcp4", "dhcpd")
	ready, resident := newContest("kea", "isc dhcpd", "pxe"), newContest("kea", "isc dhcpd", "pxe")
	for range b.rounds {
		for _, name := range ready.names {
			n := b.dhcpNet(name, "start", manyLeases)
			ready.add(name, n.ready.Seconds())
			resident.add(name, memory(b, n.server.Pid(), "VmRSS"))
			b.cleanUp()
		}
	}
	ready.print(fmt.Sprintf("DHCP, from the start to the first OFFER with %d leases", manyLeases), "s", "%.2f")
	resident.print(fmt.Sprintf("DHCP, memory with %d leases", manyLeases), "resident MB", "%.0f")

	counts := []int{100, 1000, 10_000, manyLeases}
	kea, pxe := newContest(leaseNames(counts)...), newContest(leaseNames(counts)...)
	for range b.rounds {
		for _, leases := range counts {
			kea.add(leaseName(leases), b.exchangeCost("kea", leases))
			pxe.add(leaseName(leases), b.exchangeCost("pxe", leases))
		}
	}
	title := fmt.Sprintf("DHCP, CPU time of an exchange at %d exchanges/s, ", costRate)
	kea.print(title+"kea", "µs", "%.0f")
	pxe.print(title+"pxe", "µs", "%.0f")
}

// exchangeCost is the server's CPU time for an exchange, in µs.
func (b *bench) exchangeCost(name string, leases int) float64 {
	defer b.cleanUp()
	n := b.dhcpNet(name, "cost", leases)
	m := b.newMeter(n.server.Pid())
	defer m.close()
	r := b.perfdhcp(n.relay, costRate, costTime)
	if !r.keptUp(costRate * costTime) {
		b.Logf("%s with %d leases lost %.0f of %.0f exchanges", name, leases, r.discovers-r.acks, r.discovers)
	}
	return m.cpu() / r.acks * 1e6
}

func leaseName(n int) string { return fmt.Sprintf("%d leases", n) }

func leaseNames(counts []int) []string {
	var names []string
	for _, n := range counts {
		names = append(names, leaseName(n))
	}
	return names
}
