//go:build linux

package main

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"pxe/scripts/lab"
)

// The load: perfdhcp as a relay, each exchange by a new client.
const (
	probeTime   = 2     // seconds at one rate
	refinements = 3     // halvings of the last doubling: the rate is found to 9%
	firstRate   = 50    // exchanges per second
	lastRate    = 12800 // perfdhcp itself does no more
	maxLost     = 0.01  // of the exchanges

	latencyRate = 100 // exchanges per second
	latencyTime = 5   // seconds
)

// measureDHCP finds the highest rate of DISCOVER, OFFER, REQUEST, ACK that each
// server keeps up with while it loses less than one in a hundred: perfdhcp offers
// a rate for two seconds, twice as much each time until that fails, and then the
// geometric mean of the highest that went well and the lowest that did not. Every
// round begins without leases.
//
// dhcpd and pxe write every lease to the disk before they acknowledge it, dhcpd
// each on its own, pxe all that wait together. Kea's memfile is a file as well, but
// Kea never waits for the disk.
func measureDHCP(b *bench) {
	c := dhcpContest(b)
	for round := range b.rounds {
		for _, name := range c.names {
			c.add(name, b.bestRate(name, round))
		}
	}
	c.print("DHCP, 4-way exchanges", "exchanges/s", "%.0f", "kea", "isc dhcpd")
}

// measureDHCPLatency takes the times from REQUEST to ACK at a rate that all keep
// up with.
func measureDHCPLatency(b *bench) {
	p50, p99 := dhcpContest(b), dhcpContest(b)
	for round := range b.rounds {
		for _, name := range p50.names {
			net := b.dhcpNet(name, fmt.Sprint("latency-", round), 0)
			r := b.perfdhcp(net.relay, latencyRate, latencyTime, "-x", "t")
			times := r.latencies(b)
			p50.add(name, times[len(times)/2])
			p99.add(name, times[len(times)*99/100])
			b.cleanUp()
		}
	}
	title := fmt.Sprintf("DHCP, REQUEST to ACK at %d exchanges/s", latencyRate)
	p50.print(title+", median", "ms", "%.2f", "kea", "isc dhcpd")
	p99.print(title+", 99th percentile", "ms", "%.2f", "kea", "isc dhcpd")
}

func dhcpContest(b *bench) *contest {
	lab.Need(b, "perfdhcp", "kea-dhcp4", "dhcpd")
	return newContest("kea", "isc dhcpd", "pxe")
}

// bestRate measures a server that starts without leases.
func (b *bench) bestRate(name string, round int) float64 {
	net := b.dhcpNet(name, fmt.Sprint("rate-", round), 0)
	defer b.cleanUp()
	// A rate is too high when it fails twice: others use this machine too.
	try := func(rate float64) float64 {
		for range 2 {
			if r := b.perfdhcp(net.relay, int(rate), probeTime); r.keptUp(rate * probeTime) {
				return r.acks / probeTime
			}
		}
		return 0
	}
	best, low, high := 0.0, 0.0, float64(firstRate)
	for high <= lastRate {
		reached := try(high)
		if reached == 0 {
			break
		}
		best, low, high = reached, high, 2*high
	}
	if low == 0 {
		b.Fatalf("%s does not keep up with %d exchanges per second", name, firstRate)
	}
	for range refinements {
		middle := math.Sqrt(low * high)
		if middle > lastRate {
			break
		}
		if reached := try(middle); reached > 0 {
			best, low = reached, middle
		} else {
			high = middle
		}
	}
	return best
}

// dhcpLoad is a report of perfdhcp.
type dhcpLoad struct {
	discovers, acks float64
	text            string
}

// perfdhcp's report, in the parts that are read here: one of each for DISCOVER
// and OFFER, then one of each for REQUEST and ACK.
var (
	sentLine = regexp.MustCompile(`(?m)^sent packets: (\d+)`)
	gotLine  = regexp.MustCompile(`(?m)^received packets: (\d+)`)
	timeLine = regexp.MustCompile(`(?m)^sent / received: ([\d.]+) / ([\d.]+)$`)
)

// perfdhcp starts so many exchanges a second, for so many seconds.
func (b *bench) perfdhcp(relay *lab.Net, rate, seconds int, more ...string) dhcpLoad {
	args := []string{
		"perfdhcp", "-4", "-l", dhcpRelay, "-r", strconv.Itoa(rate), "-p", strconv.Itoa(seconds),
		"-R", "60000", "-W", "300000",
	}
	r := lab.Command{Net: relay, Args: slices.Concat(args, more, []string{dhcpAddr})}.Run(b)
	sent, got := sentLine.FindAllStringSubmatch(r.Stdout, 2), gotLine.FindAllStringSubmatch(r.Stdout, 2)
	if len(sent) < 2 || len(got) < 2 {
		b.Fatalf("perfdhcp: exit code %d\n%s%s", r.Code, r.Stdout, r.Stderr)
	}
	return dhcpLoad{number(sent[0][1]), number(got[1][1]), r.Stdout}
}

// keptUp reports whether as much was asked as was meant, and answered.
func (l dhcpLoad) keptUp(meant float64) bool {
	return l.discovers >= 0.9*meant && l.acks >= (1-maxLost)*l.discovers
}

// latencies are the times from REQUEST to ACK in ms, the shortest first. For an
// exchange that was not completed it is a second, after which perfdhcp gives up.
func (l dhcpLoad) latencies(b *bench) []float64 {
	_, acks, _ := strings.Cut(l.text, "***Timestamps for packets: REQUEST-ACK***")
	var times []float64
	for _, m := range timeLine.FindAllStringSubmatch(acks, -1) {
		times = append(times, (number(m[2])-number(m[1]))*1e3)
	}
	if len(times) == 0 {
		b.Fatalf("no times in the report of perfdhcp\n%s", l.text)
	}
	slices.Sort(times)
	for len(times) < int(l.discovers) {
		times = append(times, 1e3)
	}
	return times
}

func number(text string) float64 {
	n, _ := strconv.ParseFloat(text, 64) // the expressions match only numbers
	return n
}
