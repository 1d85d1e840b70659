package cmd

import (
	"errors"
	"io"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pxe/boot"
	"pxe/dhcp"
	"pxe/dhcp/dhcpdconf"
)

// configureByFile takes the configuration from --config, and what the command
// line says from there.
func (d *dhcpServer) configureByFile() error {
	file, err := readDHCPDConf(d.o.configFile)
	if err != nil {
		return err
	}
	if d.net, err = d.o.attachTo(file); err != nil {
		return err
	}
	result, err := file.Evaluate(d.net.subnet, d.net.addr)
	if err != nil {
		return explainConfig(err)
	}
	d.cfg = result.Config
	for _, w := range result.Warnings {
		d.view.log.Warn(w.String())
	}
	if flags := d.o.override(&d.cfg); len(flags) > 0 {
		d.view.log.Info("the command line goes before "+d.o.configFile, "flags", strings.Join(flags, " "))
	}
	return nil
}

// maxConfigFile is more than a configuration may have: it is refused then, and
// not read for ever if it is a device.
const maxConfigFile = 8 << 20

func readDHCPDConf(name string) (*dhcpdconf.File, error) {
	file, err := dhcpdconf.Read(name, func(name string) ([]byte, error) {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return io.ReadAll(io.LimitReader(f, maxConfigFile))
	})
	var pathErr *os.PathError
	var at *dhcpdconf.Error
	if errors.As(err, &pathErr) && !errors.As(err, &at) {
		return nil, withHint(&usageError{err}, "--config wants an ISC dhcpd.conf that this user may read")
	}
	return file, explainConfig(err)
}

// attachTo looks at the interface for one of the file's subnets: that which
// --subnet names, else the first that holds an address of the interface.
func (o *serveDHCPOptions) attachTo(file *dhcpdconf.File) (attachment, error) {
	subnets := file.Subnets()
	if o.subnet.IsValid() {
		if err := o.checkSubnet(subnets); err != nil {
			return attachment{}, err
		}
		return attach(o.iface, o.subnet)
	}
	a, err := attach(o.iface, netip.Prefix{})
	if err != nil {
		return attachment{}, err
	}
	for _, p := range subnets {
		if p.Contains(a.addr) || slices.ContainsFunc(a.others, func(own netip.Prefix) bool { return p.Contains(own.Addr()) }) {
			return attach(o.iface, p)
		}
	}
	err = usagef("%s has no subnet for the address of %s, %s", o.configFile, o.iface, a.addr)
	return attachment{}, withHint(err, "subnets of the file: %s; --subnet serves one that is behind a relay", prefixTexts(subnets))
}

// checkSubnet refuses a --subnet that is not in the file.
func (o *serveDHCPOptions) checkSubnet(subnets []netip.Prefix) error {
	if !o.subnet.IsValid() || slices.Contains(subnets, o.subnet) {
		return nil
	}
	return withHint(usagef("%s has no subnet %s", o.configFile, o.subnet), "subnets of the file: %s", prefixTexts(subnets))
}

func prefixTexts(prefixes []netip.Prefix) string {
	var texts []string
	for _, p := range prefixes {
		texts = append(texts, p.String())
	}
	if len(texts) == 0 {
		return "none"
	}
	return strings.Join(texts, ", ")
}

// given are the flags of the command line that go before a file.
func given(cmd *cobra.Command) []string {
	return slices.DeleteFunc([]string{
		"range", "router", "dns", "domain", "lease-time", "max-lease-time", "host", "next-server", "bootfile", "bootfile-for", "authoritative", "by-client-id",
	}, func(name string) bool { return !cmd.Flags().Changed(name) })
}

// override sets what flags of the command line say, and names these flags.
// Hosts keep what the file says of them alone.
func (o *serveDHCPOptions) override(cfg *dhcp.Config) (flags []string) {
	subnet := &cfg.Subnets[0]
	for _, name := range o.given {
		switch name {
		case "range":
			subnet.Ranges = o.ranges
		case "router":
			subnet.Router = o.router
		case "dns":
			subnet.DNS = o.dns
		case "domain":
			subnet.Domain = o.domain
		case "lease-time":
			subnet.LeaseTime = o.leaseTime
		case "max-lease-time":
			subnet.MaxLeaseTime = o.maxLeaseTime
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
			o.setBootfiles(&cfg.Boot)
		case "authoritative":
			cfg.Authoritative = o.authoritative
		case "by-client-id":
			cfg.ByClientID = o.byClientID
		}
		flags = append(flags, "--"+name)
	}
	return flags
}
