package cmd

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pxe/boot"
	"pxe/dhcp"
	"pxe/dhcp/lease"
)

// bootfileFor is a value of --bootfile-for.
type bootfileFor struct {
	arch boot.Arch
	ipxe bool // in place of arch
	name string
}

// clientIPXE is the word for iPXE in the place of an architecture.
const clientIPXE = "ipxe"

func parseBootfileFor(s string) (bootfileFor, error) {
	who, name, ok := strings.Cut(s, "=")
	if !ok {
		return bootfileFor{}, fmt.Errorf("%q is not ARCH=NAME: want efi-x64=bootx64.efi, or ipxe=http://server/boot.ipxe", s)
	}
	if who == clientIPXE {
		return bootfileFor{ipxe: true, name: name}, nil
	}
	arch, err := boot.ParseArch(who)
	return bootfileFor{arch: arch, name: name}, err
}

func (f bootfileFor) who() string {
	if f.ipxe {
		return clientIPXE
	}
	return f.arch.String()
}

// checkBootfiles refuses two files for one architecture.
func checkBootfiles(files []bootfileFor) error {
	first := make(map[string]string)
	for _, f := range files {
		if name, dup := first[f.who()]; dup {
			return usagef("--bootfile-for %s is there twice: %s and %s", f.who(), name, f.name)
		}
		first[f.who()] = f.name
	}
	return nil
}

func completeArchs(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var words []string
	for _, name := range append(boot.ArchNames(), clientIPXE) {
		words = append(words, name+"=")
	}
	return words, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}

func parseIPv4(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(strings.TrimSpace(s))
	if err != nil || !a.Is4() {
		return netip.Addr{}, fmt.Errorf("%q is not an IPv4 address", s)
	}
	return a, nil
}

func parseSubnet(s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	if err != nil || !p.Addr().Is4() {
		return netip.Prefix{}, fmt.Errorf("%q is not an IPv4 network: want 192.168.122.0/24", s)
	}
	return p, nil
}

func parseRange(s string) (lease.Range, error) {
	first, last, ok := strings.Cut(s, "-")
	if !ok {
		last = first // a range of one
	}
	a, err := parseIPv4(first)
	b, err2 := parseIPv4(last)
	if err != nil || err2 != nil {
		return lease.Range{}, fmt.Errorf("%q is not FIRST-LAST: want 192.168.122.100-192.168.122.200", s)
	}
	return lease.Range{First: a, Last: b}, nil
}

func parseHost(s string) (dhcp.Host, error) {
	mac, rest, ok := strings.Cut(s, "=")
	if !ok {
		return dhcp.Host{}, fmt.Errorf("%q is not MAC=IP[,NAME]: want 52:54:00:12:34:56=192.168.122.10,node1", s)
	}
	h := dhcp.Host{}
	ip, name, _ := strings.Cut(rest, ",")
	var err error
	if h.MAC, err = parseMAC(mac); err != nil {
		return dhcp.Host{}, err
	}
	addr, err := parseIPv4(ip)
	if err != nil {
		return dhcp.Host{}, err
	}
	h.Addrs = []netip.Addr{addr}
	h.Name = name
	return h, nil
}

// parseRouter reads an address, or "none" for no router at all.
func (o *serveDHCPOptions) parseRouter(s string) (netip.Addr, error) {
	o.noRouter = s == "none"
	if o.noRouter {
		return netip.Addr{}, nil
	}
	a, err := parseIPv4(s)
	if err != nil {
		err = fmt.Errorf("%w, nor none", err)
	}
	return a, err
}

// parseLeaseTime reads a time that a lease can have.
func parseLeaseTime(s string) (time.Duration, error) {
	d, err := parseDuration(s)
	switch {
	case err != nil:
		return 0, err
	case d < time.Second, d > dhcp.LongestLease:
		return 0, fmt.Errorf("%s is out of range: want 1s to %d seconds, which are 136 years", s, dhcp.LongestLease/time.Second)
	}
	return d, nil
}

func parsePort(s string) (uint16, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("%q is not a port: want a number up to 65535", s)
	}
	return uint16(n), nil
}

func formatPort(n uint16) string { return strconv.FormatUint(uint64(n), 10) }
