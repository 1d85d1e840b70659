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
	"slices"
	"strings"

	"pxe/boot"
	"pxe/dhcp"
	"pxe/dhcp/lease"
)

// attachment is what an interface tells about the network behind it.
type attachment struct {
	mac     net.HardwareAddr
	addr    netip.Addr     // our address, in subnet if there is one in it
	others  []netip.Prefix // the interface's other IPv4 addresses
	subnet  netip.Prefix   // to serve
	gateway netip.Addr     // the default gateway, if it is in subnet
}

// attach looks at an interface. With a subnet, its address in that subnet is
// taken, else the first one that has a network: a relay may stand before the
// subnet.
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
	own, others, ok := ownPrefix(addrs, subnet)
	if !ok {
		return attachment{}, withHint(fmt.Errorf("interface %s has no IPv4 address", name),
			"give it one, as the server's: `ip address add 192.168.122.1/24 dev %s`", name)
	}
	a := attachment{mac: iface.HardwareAddr, addr: own.Addr(), others: others, subnet: own.Masked()}
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
// first with a network behind it, else the first. The others are those that it
// did not pick.
func ownPrefix(addrs []net.Addr, subnet netip.Prefix) (own netip.Prefix, others []netip.Prefix, ok bool) {
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() {
			others = append(others, p)
		}
	}
	if len(others) == 0 {
		return netip.Prefix{}, nil, false
	}
	i := 0
	for _, fits := range []func(netip.Prefix) bool{
		func(p netip.Prefix) bool { return subnet.IsValid() && subnet.Contains(p.Addr()) },
		func(p netip.Prefix) bool { return p.Bits() < 31 },
	} {
		if at := slices.IndexFunc(others, fits); at >= 0 {
			i = at
			break
		}
	}
	return others[i], slices.Delete(slices.Clone(others), i, i+1), true
}

// explainAlone adds what to do about an interface whose address has no network
// behind it, where addresses are to be given and no subnet is named.
func (a attachment) explainAlone(err error, iface string) error {
	if err == nil || a.subnet.Bits() < 31 {
		return err
	}
	return withHint(usagef("interface %s has the address %s/%d, and no network to give addresses of", iface, a.addr, a.subnet.Bits()),
		"name the network with --subnet, like --subnet %s, or give the interface the prefix length of its network",
		netip.PrefixFrom(a.addr, 24).Masked())
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

// config is what the flags and the interfaces say together: on each interface
// the subnet of its address is served. Ranges and routers go to the subnet that
// they are in, or to the first, where the mistake will be told.
func (o *serveDHCPOptions) config(nets []attachment) dhcp.Config {
	cfg := dhcp.Config{Proxy: o.proxy, BootOnly: o.bootOnly, Authoritative: o.authoritative, ByClientID: o.byClientID, Hosts: o.hosts}
	cfg.Boot = dhcp.Boot{NextServer: o.nextServer, File: o.bootfile, FileFor: dhcp.DefaultFiles(), HTTPURL: o.httpURL}
	delete(cfg.Boot.FileFor, boot.ArchBIOS) // that is --bootfile
	o.setBootfiles(&cfg.Boot)
	cfg.Rules = o.rules()
	for _, a := range nets {
		cfg.Servers = append(cfg.Servers, a.addr)
		if !o.proxy {
			cfg.Subnets = append(cfg.Subnets, dhcp.Subnet{
				Prefix: a.subnet, DNS: o.dns, Domain: o.domain, LeaseTime: o.leaseTime, MaxLeaseTime: o.maxLeaseTime,
			})
		}
	}
	if o.proxy {
		return cfg
	}
	o.setRanges(&cfg)
	o.setRouter(&cfg)
	for i := range cfg.Subnets {
		s := &cfg.Subnets[i]
		if !s.Router.IsValid() && !o.noRouter {
			s.Router = nets[i].gateway
		}
		if len(s.Ranges) == 0 {
			s.Ranges = upperHalf(s.Prefix)
		}
	}
	return cfg
}

// setRanges gives each range of the flags to its subnet, in place of those that
// it has.
func (o *serveDHCPOptions) setRanges(cfg *dhcp.Config) {
	replaced := make(map[*dhcp.Subnet]bool)
	for _, r := range o.ranges {
		s := subnetWith(cfg, r.First)
		if !replaced[s] {
			s.Ranges, replaced[s] = nil, true
		}
		s.Ranges = append(s.Ranges, r)
	}
}

// setRouter gives the router of the flags to its subnet; "none" is for all.
func (o *serveDHCPOptions) setRouter(cfg *dhcp.Config) {
	if o.noRouter {
		for i := range cfg.Subnets {
			cfg.Subnets[i].Router = netip.Addr{}
		}
	}
	if o.router.IsValid() {
		subnetWith(cfg, o.router).Router = o.router
	}
}

// subnetWith is the subnet that an address is in, or the first.
func subnetWith(cfg *dhcp.Config, a netip.Addr) *dhcp.Subnet {
	i := slices.IndexFunc(cfg.Subnets, func(s dhcp.Subnet) bool { return s.Prefix.Contains(a) })
	return &cfg.Subnets[max(i, 0)]
}

// rules are what flags say to some machines.
func (o *serveDHCPOptions) rules() []dhcp.Rule {
	var rules []dhcp.Rule
	for _, q := range o.quirks {
		rules = append(rules, q.rule())
	}
	if o.once {
		rules = append(rules, dhcp.Rule{Name: "--once", Settings: dhcp.Settings{Once: true}})
	}
	return rules
}

// setBootfiles sets what --bootfile-for says.
func (o *serveDHCPOptions) setBootfiles(b *dhcp.Boot) {
	for _, f := range o.bootfileFor {
		if f.ipxe {
			b.IPXE = f.name
		} else {
			b.FileFor[f.arch] = f.name
		}
	}
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

// explainConfig makes everything that is wrong with a configuration one usage
// error, each fault with what to do about it.
func explainConfig(err error) error {
	if err == nil {
		return nil
	}
	faults := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		faults = joined.Unwrap()
	}
	var lines []string
	for _, fault := range faults {
		line := fault.Error()
		if advice := adviceOf(fault); advice != "" {
			if len(faults) == 1 {
				return withHint(&usageError{fault}, "%s", advice)
			}
			line += " (" + advice + ")"
		}
		lines = append(lines, line)
	}
	return &usageError{errors.New(strings.Join(lines, "\n"))}
}

// adviceOf is what to do about a fault of a configuration.
func adviceOf(fault error) string {
	var c *dhcp.ConfigError
	var f *dhcp.FileError
	switch {
	case errors.As(fault, &c):
		return c.Hint
	case errors.As(fault, &f):
		return f.Hint
	}
	return ""
}
