package cmd

import (
	"errors"
	"io"
	"maps"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pxe/boot"
	"pxe/dhcp"
	"pxe/dhcp/dhcpdconf"
)

// configFile is a configuration that was read from a file. Its Servers come from
// the interfaces.
type configFile struct {
	dhcp.Config
	warnings []dhcpdconf.Warning
	serverID netip.Addr // as the file has it; the zero Addr: it has none
}

// maxConfigFile is more than a configuration may have: it is refused then, and
// not read for ever if it is a device.
const maxConfigFile = 8 << 20

// readConfig reads the file of --config, and lets the flags of the command line
// go before it; flags names those that do.
func (o *serveDHCPOptions) readConfig() (c configFile, flags []string, err error) {
	file, err := dhcpdconf.Read(o.configFile, readAll)
	var pathErr *os.PathError
	var at *dhcpdconf.Error
	if errors.As(err, &pathErr) && !errors.As(err, &at) {
		return c, nil, withHint(&usageError{err}, "--config wants an ISC dhcpd.conf that this user may read")
	}
	if err != nil {
		return c, nil, explainConfig(err)
	}
	result, err := file.Config()
	if err != nil {
		return c, nil, explainConfig(err)
	}
	c = configFile{result.Config, result.Warnings, result.ServerID}
	if len(c.Subnets) == 0 {
		return c, nil, withHint(usagef("%s has no subnet with addresses to give", o.configFile), "write subnet 192.168.122.0 netmask 255.255.255.0 { range 192.168.122.100 192.168.122.200; }")
	}
	return c, o.override(&c.Config), nil
}

func readAll(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxConfigFile))
}

// configureByFile takes the configuration from --config, and what the command
// line says from there.
func (d *dhcpServer) configureByFile() error {
	c, flags, err := d.o.readConfig()
	if err != nil {
		return err
	}
	if d.wires, err = d.o.attachTo(c.Subnets); err != nil {
		return err
	}
	d.cfg = c.Config
	d.cfg.Servers = nil
	for _, w := range d.wires {
		d.cfg.Servers = append(d.cfg.Servers, w.addr)
	}
	if c.serverID.IsValid() && !slices.Contains(d.cfg.Servers, c.serverID) {
		return withHint(usagef("server-identifier %s is no address that is served on: %v", c.serverID, d.cfg.Servers), "leave it out of %s, or name the --interface with this address", d.o.configFile)
	}
	for _, w := range c.warnings {
		d.view.log.Warn(w.String())
	}
	if len(flags) > 0 {
		d.view.log.Info("the command line goes before "+d.o.configFile, "flags", strings.Join(flags, " "))
	}
	return explainConfig(d.cfg.Validate())
}

// attachTo looks at the interfaces of the command line, or for those with an
// address in one of the subnets. One that is named need have none: a relay may
// stand before the subnets.
func (o *serveDHCPOptions) attachTo(subnets []dhcp.Subnet) ([]*dhcpWire, error) {
	var wires []*dhcpWire
	add := func(name string) error {
		a, err := attachWhere(name, subnets)
		wires = append(wires, &dhcpWire{name: name, attachment: a})
		return err
	}
	if len(o.ifaces) > 0 {
		for _, name := range o.ifaces {
			if err := add(name); err != nil {
				return nil, err
			}
		}
		return wires, nil
	}
	for _, name := range interfaces() {
		if inOneOf(subnets, addressesOf(name)) {
			if err := add(name); err != nil {
				return nil, err
			}
		}
	}
	if len(wires) == 0 {
		return nil, withHint(usagef("no interface of this machine has an address in a subnet of %s", o.configFile),
			"subnets of the file: %s; --interface IF serves them to relays all the same", prefixTexts(subnets))
	}
	return wires, nil
}

// attachWhere looks at an interface, and takes its address in one of the
// subnets, if it has one there.
func attachWhere(name string, subnets []dhcp.Subnet) (attachment, error) {
	own := addressesOf(name)
	for _, s := range subnets {
		if slices.ContainsFunc(own, s.Prefix.Contains) {
			return attach(name, s.Prefix)
		}
	}
	return attach(name, netip.Prefix{})
}

// addressesOf are the addresses of an interface; none if it cannot be asked.
func addressesOf(name string) []netip.Addr {
	iface, err := net.InterfaceByName(name)
	if err != nil {
		return nil
	}
	addrs, err := iface.Addrs()
	if err != nil {
		return nil
	}
	var list []netip.Addr
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			list = append(list, p.Addr())
		}
	}
	return list
}

func inOneOf(subnets []dhcp.Subnet, addrs []netip.Addr) bool {
	return slices.ContainsFunc(subnets, func(s dhcp.Subnet) bool { return slices.ContainsFunc(addrs, s.Prefix.Contains) })
}

func prefixTexts(subnets []dhcp.Subnet) string {
	var texts []string
	for _, s := range subnets {
		if text := s.Prefix.String(); !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, ", ")
}

// given are the flags of the command line that go before a file.
func given(cmd *cobra.Command) []string {
	return slices.DeleteFunc([]string{
		"range", "router", "dns", "domain", "lease-time", "max-lease-time", "host", "next-server", "bootfile", "bootfile-for", "http-url", "quirk", "once",
		"pxe-only", "authoritative", "by-client-id",
	}, func(name string) bool { return !cmd.Flags().Changed(name) })
}

// override sets what flags of the command line say, and names these flags. What
// the file says to some machines alone stays.
func (o *serveDHCPOptions) override(cfg *dhcp.Config) (flags []string) {
	all := func(set func(s *dhcp.Subnet)) {
		for i := range cfg.Subnets {
			set(&cfg.Subnets[i])
		}
	}
	for _, name := range o.given {
		switch name {
		case "range":
			o.setRanges(cfg)
		case "router":
			o.setRouter(cfg)
		case "dns":
			all(func(s *dhcp.Subnet) { s.DNS = o.dns })
		case "domain":
			all(func(s *dhcp.Subnet) { s.Domain = o.domain })
		case "lease-time":
			all(func(s *dhcp.Subnet) { s.LeaseTime = o.leaseTime })
		case "max-lease-time":
			all(func(s *dhcp.Subnet) { s.MaxLeaseTime = o.maxLeaseTime })
		case "host":
			for _, h := range o.hosts {
				cfg.Hosts = slices.DeleteFunc(cfg.Hosts, func(other dhcp.Host) bool { return other.MAC.String() == h.MAC.String() })
			}
			cfg.Hosts = append(cfg.Hosts, o.hosts...)
		case "next-server":
			cfg.Boot.NextServer = o.nextServer
		case "bootfile":
			cfg.Boot.File = o.bootfile
			delete(cfg.Boot.FileFor, boot.ArchBIOS)
		case "bootfile-for":
			cfg.Boot.FileFor = maps.Clone(cfg.Boot.FileFor)
			if cfg.Boot.FileFor == nil {
				cfg.Boot.FileFor = make(map[boot.Arch]string)
			}
			o.setBootfiles(&cfg.Boot)
		case "http-url":
			cfg.Boot.HTTPURL = o.httpURL
		case "quirk", "once":
			cfg.Rules = slices.DeleteFunc(cfg.Rules, func(r dhcp.Rule) bool { return strings.HasPrefix(r.Name, "--") })
			cfg.Rules = append(o.rules(), cfg.Rules...)
		case "pxe-only":
			cfg.BootOnly = o.bootOnly
		case "authoritative":
			cfg.Authoritative = o.authoritative
		case "by-client-id":
			cfg.ByClientID = o.byClientID
		}
		flags = append(flags, "--"+name)
	}
	return flags
}

// forNobody makes a configuration complete that is only looked at: its server
// has no address yet.
func forNobody(cfg dhcp.Config) dhcp.Config {
	cfg.Servers = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}
	return cfg
}
