//go:build linux

package main

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"

	"pxe/scripts/lab"
)

// The load: perfdhcp as a relay, each exchange by a new client.
const (
	probeTime   = 2     // seconds at one rate
	refinements = 3     // halvings of the last doubling: the rate is found to 9%
	firstRate   = 100   // exchanges per second
	lastRate    = 12000 // perfdhcp itself does no more
	maxLost     = 0.01  // of the exchanges
)

// measureDHCP finds the highest rate of DISCOVER, OFFER, REQUEST, ACK that each
// server keeps up with while it loses less than one in a hundred. Both write
// every lease to the disk before they acknowledge it.
func measureDHCP(b *bench) {
	lab.Need(b, "dnsmasq", "perfdhcp")
	c := newContest("dnsmasq", "pxe")
	for round := range b.rounds {
		for _, name := range c.names {
			c.add(name, b.bestRate(name, round))
		}
	}
	c.print("DHCP, 4-way exchanges with durable leases", "exchanges/s", "%.0f")
}

// bestRate measures a server that starts without leases.
func (b *bench) bestRate(name string, round int) float64 {
	defer b.cleanUp()
	lan := lab.NewLAN(b)
	server := lan.Host("10.77.0.1/16")
	relay := lan.Host("10.77.0.2/16")
	leases := b.path(fmt.Sprintf("%s-leases-%d", name, round))
	defer os.RemoveAll(leases)
	switch name {
	case "dnsmasq":
		lab.Command{Net: server, Args: []string{
			"dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--user=root", "--no-ping", "--pid-file=",
			"--log-facility=/dev/null", "--quiet-dhcp", "--dhcp-lease-max=100000", "--dhcp-leasefile=" + leases,
			"--dhcp-range=10.77.1.0,10.77.250.255,1h",
		}}.Start(b)
	case "pxe":
		// Like dnsmasq's --no-ping. Relayed clients are not probed anyway.
		lab.Command{Net: server, Args: []string{
			b.path("pxe"), "serve-dhcp", "--interface", "eth0", "--force", "--lease-time", "1h",
			"--lease-file", leases, "--range", "10.77.1.0-10.77.250.255", "--no-arp-probe",
		}}.Start(b)
	}
	server.WaitPort("udp", 67, readyTime)
	// A rate is too high when it fails twice: others use this machine too.
	try := func(rate float64) float64 {
		if reached := b.exchanges(relay, int(rate)); reached > 0 {
			return reached
		}
		return b.exchanges(relay, int(rate))
	}
	best, low, high := 0.0, 0.0, float64(firstRate)
	for high < lastRate {
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
		if reached := try(middle); reached > 0 {
			best, low = reached, middle
		} else {
			high = middle
		}
	}
	return best
}

// perfdhcp's report, in the parts that are read here: one of each for DISCOVER
// and OFFER, then one of each for REQUEST and ACK.
var (
	sentLine = regexp.MustCompile(`(?m)^sent packets: (\d+)`)
	gotLine  = regexp.MustCompile(`(?m)^received packets: (\d+)`)
)

// exchanges lets perfdhcp start exchanges at a rate, and returns how many per
// second were completed, or 0 when the server could not keep up.
func (b *bench) exchanges(relay *lab.Net, rate int) float64 {
	r := lab.Command{Net: relay, Args: []string{
		"perfdhcp", "-4", "-l", "10.77.0.2", "-r", strconv.Itoa(rate), "-p", strconv.Itoa(probeTime),
		"-R", "60000", "-W", "1000000", "10.77.0.1",
	}}.Run(b)
	sent, got := sentLine.FindAllStringSubmatch(r.Stdout, 2), gotLine.FindAllStringSubmatch(r.Stdout, 2)
	if len(sent) < 2 || len(got) < 2 {
		b.Fatalf("perfdhcp: exit code %d\n%s%s", r.Code, r.Stdout, r.Stderr)
	}
	discovers, acks := number(sent[0][1]), number(got[1][1])
	if acks < (1-maxLost)*discovers || discovers < 0.9*float64(rate*probeTime) {
		return 0
	}
	return acks / probeTime
}

func number(text string) float64 {
	n, _ := strconv.ParseFloat(text, 64) // the expressions match only numbers
	return n
}
