package cmd

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pxe/boot"
	"pxe/dhcp"
	"pxe/dhcp/lease"
)

// attachment is what an interface tells about the network behind it.
type attachment struct {
	mac     net.HardwareAddr
	addr    netip.Addr   // our address, in subnet if there is one in it
	subnet  netip.Prefix // to serve
	gateway netip.Addr   // the default gateway, if it is in subnet
}

// attach looks at an interface. With a subnet, its address in that subnet is
// taken, else its first one: a relay may stand before the subnet.
func attach(name string, subnet netip.Prefix) (attachment, error) {
	iface, err := net.InterfaceByName(name)
	if err != nil {
		err = fmt.Errorf("interface %s: %w", name, errors.Unwrap(err))
		return attachment{}, withHint(err, "interfaces of this machine: %s", strings.Join(interfaces(), ", "))
	}
	if iface.Flags&net.FlagUp == 0 {
		return attachment{}, withHint(fmt.Errorf("interface %s is down", name), "set it up with `ip link set %s up`", name)
	}
	addrs, err := iface.Addrs()
	if err != nil {
		return attachment{}, fmt.Errorf("interface %s: %w", name, err)
	}
	own, ok := ownPrefix(addrs, subnet)
	if !ok {
		return attachment{}, withHint(fmt.Errorf("interface %s has no IPv4 address", name),
			"give it one, as the server's: `ip address add 192.168.122.1/24 dev %s`", name)
	}
	a := attachment{mac: iface.HardwareAddr, addr: own.Addr(), subnet: own.Masked()}
	if subnet.IsValid() {
		a.subnet = subnet
	}
	if routes, err := os.Open("/proc/net/route"); err == nil {
		defer routes.Close()
		if gw := defaultGateway(routes, name); a.subnet.Contains(gw) {
			a.gateway = gw
		}
	}
	return a, nil
}

// ownPrefix picks an IPv4 address of an interface: one in the subnet, else the
// first.
func ownPrefix(addrs []net.Addr, subnet netip.Prefix) (own netip.Prefix, ok bool) {
	for _, a := range addrs {
		p, err := netip.ParsePrefix(a.String())
		if err != nil || !p.Addr().Is4() {
			continue
		}
		if subnet.IsValid() && subnet.Contains(p.Addr()) {
			return p, true
		}
		if !ok {
			own, ok = p, true
		}
	}
	return own, ok
}

// defaultGateway reads the gateway of an interface's default route from
// /proc/net/route; the zero Addr means that it has none.
func defaultGateway(routes io.Reader, iface string) netip.Addr {
	lines := bufio.NewScanner(routes)
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) < 8 || f[0] != iface || f[1] != "00000000" || f[7] != "00000000" {
			continue
		}
		b, err := hex.DecodeString(f[2])
		if err != nil || len(b) != 4 {
			continue
		}
		var four [4]byte // the kernel prints the number as the machine holds it
		binary.NativeEndian.PutUint32(four[:], binary.BigEndian.Uint32(b))
		if gw := netip.AddrFrom4(four); !gw.IsUnspecified() {
			return gw
		}
	}
	return netip.Addr{}
}

// config is what the flags and the interface say together.
func (o *serveDHCPOptions) config(a attachment) dhcp.Config {
	cfg := dhcp.Config{Server: a.addr, Proxy: o.proxy, Authoritative: o.authoritative, ByClientID: o.byClientID, Hosts: o.hosts}
	cfg.Boot = dhcp.Boot{NextServer: o.nextServer, File: o.bootfile, FileFor: dhcp.DefaultFiles()}
	delete(cfg.Boot.FileFor, boot.ArchBIOS) // that is --bootfile
	for _, f := range o.bootfileFor {
		if f.ipxe {
			cfg.Boot.IPXE = f.name
		} else {
			cfg.Boot.FileFor[f.arch] = f.name
		}
	}
	if o.proxy {
		return cfg
	}
	subnet := dhcp.Subnet{
		Prefix: a.subnet, Ranges: o.ranges, Router: o.router, DNS: o.dns, Domain: o.domain,
		LeaseTime: o.leaseTime, MaxLeaseTime: o.maxLeaseTime,
	}
	if !subnet.Router.IsValid() && !o.noRouter {
		subnet.Router = a.gateway
	}
	if len(subnet.Ranges) == 0 {
		subnet.Ranges = upperHalf(a.subnet)
	}
	cfg.Subnets = []dhcp.Subnet{subnet}
	return cfg
}

// upperHalf is the default range of a subnet: its lower half stays for machines
// with fixed addresses.
func upperHalf(subnet netip.Prefix) []lease.Range {
	_, broadcast, ok := lease.Edges(subnet)
	if !ok {
		return nil
	}
	last := broadcast.Prev()
	half := netip.PrefixFrom(last, subnet.Bits()+1).Masked()
	return []lease.Range{{First: half.Addr(), Last: last}}
}

// stateDir is where leases are kept: what systemd says, else the system's place
// for root, else the user's.
func stateDir(s Streams, root bool) string {
	if dir := s.getenv("STATE_DIRECTORY"); dir != "" {
		first, _, _ := strings.Cut(dir, ":")
		return first
	}
	if root {
		return "/var/lib/pxe"
	}
	if dir := s.getenv("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "pxe")
	}
	return filepath.Join(s.getenv("HOME"), ".local", "state", "pxe")
}

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

func completeArchs(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var words []string
	for _, name := range append(boot.ArchNames(), clientIPXE) {
		words = append(words, name+"=")
	}
	return words, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}

func parseRange(s string) (lease.Range, error) {
	first, last, ok := strings.Cut(s, "-")
	if !ok {
		last = first // a range of one
	}
	a, err := netip.ParseAddr(strings.TrimSpace(first))
	if err != nil {
		return lease.Range{}, fmt.Errorf("%q is not FIRST-LAST: want 192.168.122.100-192.168.122.200", s)
	}
	b, err := netip.ParseAddr(strings.TrimSpace(last))
	if err != nil {
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
	if h.Addr, err = netip.ParseAddr(ip); err != nil {
		return dhcp.Host{}, fmt.Errorf("%q is not an address", ip)
	}
	h.Name = name
	return h, nil
}

// parseRouter reads an address, or "none" for no router at all.
func (o *serveDHCPOptions) parseRouter(s string) (netip.Addr, error) {
	o.noRouter = s == "none"
	if o.noRouter {
		return netip.Addr{}, nil
	}
	return netip.ParseAddr(s)
}

// formatLease writes a time as parseSeconds reads it: "6h", not "6h0m0s".
func formatLease(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// parseSeconds reads a time as dhcpd.conf has it, in seconds, or with units.
func parseSeconds(s string) (time.Duration, error) {
	if n, err := strconv.ParseUint(s, 10, 32); err == nil && n > 0 {
		return time.Duration(n) * time.Second, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%q is not a time: want 6h, 30m, or seconds like 21600", s)
	}
	return d, nil
}
