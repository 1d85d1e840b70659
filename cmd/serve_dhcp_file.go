package cmd

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/netip"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pxe/boot"
	"pxe/dhcp"
	"pxe/dhcp/dhcpdconf"
	"pxe/dhcp/dhcpyaml"
	"pxe/plainfile"
)

// configFile is a configuration that was read from a file. Its Servers come from
// the interfaces.
type configFile struct {
	dhcp.Config
	warnings []dhcpdconf.Warning
	flags    []string  // of the command line, that go before it
	files    readFiles // that it is in
	denied   bool      // one could not be read, for want of the right

	// What only our own file has, or only a dhcpd.conf.
	document dhcpyaml.Document
	serverID netip.Addr // the zero Addr: it has none
}

// locate gives what is wrong with the Config its place in the file, where that is
// ours.
func (c *configFile) locate(err error) error { return c.document.Locate(err) }

// maxConfigFile is more than a configuration may have: it is refused then, and
// not read for ever if it is a device.
const maxConfigFile = 8 << 20

// readConfig reads the file of --config, and lets the flags of the command line
// go before it. With an error it still tells which files it read.
func (o *serveDHCPOptions) readConfig() (configFile, error) {
	c := configFile{files: make(readFiles)}
	text, err := c.open(o.configFile)
	if err != nil {
		return c, withHint(&usageError{err}, "--config wants an ISC dhcpd.conf or a YAML file of ours, which this user may read")
	}
	if isYAML(o.configFile, text) {
		c.document, err = dhcpyaml.Read(o.configFile, text)
		c.Config = c.document.Config
	} else {
		err = c.readDHCPDConf(o.configFile, text)
	}
	switch {
	case err != nil:
		return c, explainConfig(err)
	case len(c.Subnets) == 0 && !c.Proxy:
		return c, withHint(usagef("%s has no subnet with addresses to give", o.configFile), "write subnet 192.168.122.0 netmask 255.255.255.0 { range 192.168.122.100 192.168.122.200; }")
	case c.Proxy:
		if i := slices.IndexFunc(o.given, func(name string) bool { return slices.Contains(addressFlags, name) }); i >= 0 {
			return c, proxyError(o.given[i])
		}
	}
	c.flags = o.override(&c.Config)
	return c, nil
}

// goodConfig is readConfig for those who only look: the file has to be good
// whatever our addresses are.
func (o *serveDHCPOptions) goodConfig() (configFile, error) {
	c, err := o.readConfig()
	if err != nil {
		return c, err
	}
	looked := c.Config
	looked.Servers = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}
	return c, explainConfig(c.locate(looked.Validate()))
}

// open reads a file of the configuration, and notes that it is one.
func (c *configFile) open(name string) ([]byte, error) {
	c.files[name] = nil
	f, err := plainfile.Open(name)
	if err != nil {
		c.denied = c.denied || errors.Is(err, fs.ErrPermission)
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil { // before it is read: what comes then is a change
		c.files[name] = info
	}
	return io.ReadAll(io.LimitReader(f, maxConfigFile+1))
}

func (c *configFile) readDHCPDConf(name string, text []byte) error {
	file, err := dhcpdconf.Read(name, func(include string) ([]byte, error) {
		if text != nil { // the first is the file itself
			first := text
			text = nil
			return first, nil
		}
		return c.open(include)
	})
	if err != nil {
		return err
	}
	result, err := file.Config()
	if err != nil {
		return err
	}
	c.Config, c.warnings, c.serverID = result.Config, result.Warnings, result.ServerID
	return nil
}

var yamlKey = regexp.MustCompile(`^(---|[a-z_]+:)(\s|$)`)

// isYAML tells our file from a dhcpd.conf: by its name, else by its first line
// that says something.
func isYAML(name string, text []byte) bool {
	switch filepath.Ext(name) {
	case ".yaml", ".yml":
		return true
	case ".conf":
		return false
	}
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return yamlKey.Match(line)
		}
	}
	return false
}

// configureByFile takes the configuration from --config, and what the command
// line says from there.
func (d *dhcpServer) configureByFile() error {
	c, err := d.o.readConfig()
	if err != nil {
		return err
	}
	if d.o.leaseFile == "" {
		d.o.leaseFile = c.document.LeaseFile
	}
	if d.wires, err = d.o.attachTo(d.o.interfacesFor(&c), c.Subnets); err != nil {
		return err
	}
	for _, w := range d.wires {
		c.Servers = append(c.Servers, w.addr)
	}
	for _, w := range c.warnings {
		d.view.log.Warn(w.String())
	}
	if len(c.flags) > 0 {
		d.view.log.Info("the command line goes before "+d.o.configFile, "flags", strings.Join(c.flags, " "))
	}
	d.cfg, d.file = c.Config, c
	return c.check(d.o.configFile)
}

// check looks whether the configuration is good, now that its Servers are known.
func (c *configFile) check(name string) error {
	if c.serverID.IsValid() && !slices.Contains(c.Servers, c.serverID) {
		return withHint(usagef("server-identifier %s is no address that is served on: %v", c.serverID, c.Servers), "leave it out of %s, or name the --interface with this address", name)
	}
	return explainConfig(c.locate(c.Validate()))
}

// interfacesFor are the interfaces to serve on: those of the command line, or of
// the file, or those with an address in one of its subnets.
func (o *serveDHCPOptions) interfacesFor(c *configFile) []string {
	switch {
	case len(o.ifaces) > 0:
		return o.ifaces
	case len(c.document.Interfaces) > 0:
		return c.document.Interfaces
	}
	return slices.DeleteFunc(interfaces(), func(name string) bool { return !inOneOf(c.Subnets, addressesOf(name)) })
}

// attachTo looks at interfaces. They need have no address in one of the subnets:
// a relay may stand before these.
func (o *serveDHCPOptions) attachTo(names []string, subnets []dhcp.Subnet) ([]*dhcpWire, error) {
	var wires []*dhcpWire
	for _, name := range names {
		a, err := attachWhere(name, subnets)
		if err != nil {
			return nil, err
		}
		wires = append(wires, &dhcpWire{name: name, attachment: a})
	}
	switch {
	case len(wires) == 0 && len(subnets) == 0:
		return nil, withHint(usagef("%s does not say by which interfaces", o.configFile), "name them in it, interfaces: [eth0], or with --interface; interfaces of this machine: %s", strings.Join(interfaces(), ", "))
	case len(wires) == 0:
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
			forgetFileForAll(cfg.Rules)
			cfg.Boot.File = o.bootfile
			delete(cfg.Boot.FileFor, boot.ArchBIOS)
		case "bootfile-for":
			forgetFileForAll(cfg.Rules)
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

// forgetFileForAll takes the file out of rules for everybody, which go before the
// table of files.
func forgetFileForAll(rules []dhcp.Rule) {
	for i := range rules {
		if reflect.ValueOf(rules[i].Match).IsZero() {
			rules[i].File = ""
		}
	}
}
