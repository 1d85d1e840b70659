package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"pxe/dhcp"
	"pxe/dhcp/lease"
)

type serveDHCPOptions struct {
	common
	iface         string
	subnet        netip.Prefix
	ranges        []lease.Range
	router        netip.Addr
	noRouter      bool
	dns           []netip.Addr
	domain        string
	leaseTime     time.Duration
	maxLeaseTime  time.Duration
	nextServer    netip.Addr
	bootfile      string
	bootfileFor   []bootfileFor
	hosts         []dhcp.Host
	leaseFile     string
	proxy         bool
	force         bool
	authoritative bool
	byClientID    bool
	port          uint16
	bootPort      uint16
	metrics       string
	configFile    string
	checkOnly     bool
	safetyOptions
	given []string // the flags of the command line
}

func newServeDHCPCmd(s Streams) *cobra.Command {
	o := serveDHCPOptions{bootfile: "pxelinux.0", port: dhcp.ServerPort, bootPort: dhcp.BootPort}
	cmd := &cobra.Command{
		Use:   "serve-dhcp --interface IF",
		Short: "Give machines an address and tell them what to boot",
		Long: `Serve DHCP on one interface: addresses, and for machines that boot from the
network the server and the file to boot. Or, with --proxy, leave the addresses to
the DHCP server that is there already, and tell only what to boot.

What is not given is taken from the interface: the subnet is that of its address,
the range is the upper half of the subnet, and the boot server is this machine.
The router is the interface's default gateway, if it has one.

--bootfile is for BIOS machines and for those that do not say what they are. Other
architectures get the name under which their first boot program is commonly
installed (bootx64.efi, bootaa64.efi ...) unless --bootfile-for names another, and
HTTP Boot machines get what --bootfile-for says. With --bootfile-for ipxe=URL,
machines that run iPXE already get its script.

--config takes all of this from an ISC dhcpd.conf: the subnet in it that holds the
interface's address is served, or that which --subnet names. The other flags go
before the file. What cannot be done as the file says is an error or a warning,
with file, line and column. --check only looks, and needs no interface.

A lease is on the disk before its machine hears of it.

Before it serves, the server looks for another one on the network for 4.5 seconds
(some ping an address before they offer it), and stops if it finds any; --force
serves at once. While it serves, it looks again after a minute and then every five,
and warns of any that it finds. A proxy does not look.

Every event is a line; with -o json it is one line of JSON on standard output. Of
what anybody can cause, such as packets that cannot be read, ten in ten seconds
are shown, of offers and refusals a thousand, and then how many more there were.
Ignored packets are shown with -v, and always with -o json.

Before it offers a machine an address that the machine has not had, it asks by ARP
whether somebody uses it, for at most half a second. An address that is in use is
set aside for ten minutes, the log names who has it, and the machine gets another
one. Addresses of --host and machines behind a relay are not probed. A router that
answers ARP for everybody makes this useless: --no-arp-probe.

Of one machine it takes ten messages a second and twenty at once (--client-rate);
of all machines together as many as come (--total-rate). It warns when over 90
percent of the addresses are taken.

It needs root, or CAP_NET_BIND_SERVICE and CAP_NET_RAW, to open its sockets. Then it
gives up every privilege but that to read and write whosever files (CAP_DAC_OVERRIDE),
and on Linux 5.13 or later, with Landlock, every file but those in the folders of
the leases and of --config. --no-confine keeps all.`,
		Example: `  pxe serve-dhcp --interface eth0
  pxe serve-dhcp --interface eth0 --proxy       beside another DHCP server
  pxe serve-dhcp --interface eth0 --range 192.168.122.100-192.168.122.200 \
      --router 192.168.122.1 --dns 8.8.8.8 --domain example.com
  pxe serve-dhcp --interface eth0 --host 52:54:00:12:34:56=192.168.122.10,node1
  pxe serve-dhcp --interface eth0 --bootfile-for efi-x64=shimx64.efi \
      --bootfile-for ipxe=http://192.168.122.1/boot.ipxe
  pxe serve-dhcp --config /etc/dhcp/dhcpd.conf --check
  pxe serve-dhcp --config /etc/dhcp/dhcpd.conf --interface eth0`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(cmd); err != nil {
				return err
			}
			if o.checkOnly {
				return runCheckDHCP(s, o)
			}
			return runServeDHCP(cmd.Context(), s, o)
		},
	}
	o.addNetworkFlags(cmd)
	o.addServerFlags(cmd)
	o.safetyOptions.addTo(cmd)
	o.common.addTo(cmd)
	return cmd
}

func (o *serveDHCPOptions) addNetworkFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Var(newValue(&o.subnet, "prefix", parseSubnet, nil), "subnet", "the network to serve, as `CIDR` (default: that of the interface)")
	f.Var(newList(&o.ranges, "range", parseRange), "range", "give out these addresses, `FIRST-LAST`; repeatable (default: the upper half of the subnet)")
	f.Var(newValue(&o.router, "address", o.parseRouter, nil), "router", "the default gateway of the clients, `ADDRESS` or none (default: that of the interface)")
	f.Var(newList(&o.dns, "address", parseIPv4), "dns", "a DNS server of the clients, `ADDRESS`; repeatable")
	f.StringVar(&o.domain, "domain", "", "the DNS domain of the clients, `NAME`")
	o.leaseTime, o.maxLeaseTime = dhcp.DefaultLeaseTime, 0
	f.Var(newValue(&o.leaseTime, "duration", parseLeaseTime, dhcp.FormatTime), "lease-time", "how long a lease lasts, `DURATION` like 6h or in seconds")
	f.Var(newValue(&o.maxLeaseTime, "duration", parseLeaseTime, nil), "max-lease-time", "the longest lease that a client gets by asking, `DURATION` (default: 12h, or the lease time)")
	f.Var(newList(&o.hosts, "host", parseHost), "host", "give a machine its own address and name, `MAC=IP[,NAME]`; repeatable")
	f.Var(newValue(&o.nextServer, "address", parseIPv4, nil), "next-server", "where the boot files are, `ADDRESS` (default: this machine)")
	f.StringVar(&o.bootfile, "bootfile", o.bootfile, "what BIOS machines boot, `NAME`")
	f.Var(newList(&o.bootfileFor, "file", parseBootfileFor), "bootfile-for", "what machines of an architecture, or those that run iPXE, boot, `ARCH=NAME`; repeatable")
	_ = cmd.RegisterFlagCompletionFunc("bootfile-for", completeArchs)
}

func (o *serveDHCPOptions) addServerFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&o.iface, "interface", "i", "", "serve on the interface `IF`")
	f.StringVar(&o.configFile, "config", "", "take what to serve from an ISC dhcpd.conf, `FILE`")
	f.BoolVar(&o.checkOnly, "check", false, "look whether the file of --config is good, show what it means, and end")
	f.StringVar(&o.leaseFile, "lease-file", "", "keep the leases in `FILE` (default: in the state directory, a file an interface)")
	f.BoolVar(&o.proxy, "proxy", false, "give no addresses; tell what to boot beside another DHCP server")
	f.BoolVar(&o.force, "force", false, "serve at once, even if there is another DHCP server")
	f.BoolVar(&o.authoritative, "authoritative", false, "refuse or adopt machines with addresses that this server does not know of")
	f.BoolVar(&o.byClientID, "by-client-id", false, "tell machines apart by option 61, not by their MAC alone (RFC 2131)")
	f.Var(newValue(&o.port, "port", parsePort, formatPort), "port", "the DHCP server's `PORT`; clients are on the next one; 0 takes a free one, for tests")
	f.Var(newValue(&o.bootPort, "port", parsePort, formatPort), "boot-port", "the `PORT` of the PXE boot service; 0 serves none")
	addMetrics(cmd, &o.metrics)
	_ = cmd.RegisterFlagCompletionFunc("interface", completeInterfaces)
}

// check refuses flags that say nothing together.
func (o *serveDHCPOptions) check(cmd *cobra.Command) error {
	o.given = given(cmd)
	if o.checkOnly && o.configFile == "" {
		return withHint(usagef("--check without --config"), "name the file to check: --config /etc/dhcp/dhcpd.conf --check")
	}
	if o.iface == "" && !o.checkOnly {
		return withHint(usagef("--interface is missing"), "interfaces of this machine: %s", strings.Join(interfaces(), ", "))
	}
	for _, name := range []string{
		"range", "router", "dns", "domain", "lease-time", "max-lease-time", "host", "lease-file", "authoritative", "by-client-id", "config",
	} {
		if o.proxy && cmd.Flags().Changed(name) {
			return withHint(usagef("--%s does not go with --proxy", name), "a proxy gives no addresses; the DHCP server beside it does")
		}
	}
	return checkBootfiles(o.bootfileFor)
}

// dhcpServer is a server on its sockets, before it serves.
type dhcpServer struct {
	o       serveDHCPOptions
	net     attachment
	cfg     dhcp.Config
	view    dhcpView
	metrics dhcpMetrics
	main    *dhcp.Socket
	boot    *dhcp.Socket    // nil without --boot-port
	search  *dhcp.RawSocket // nil for a proxy, or without the privilege
	arp     *dhcp.ARP       // nil: no address is probed
	leases  *lease.Store    // nil for a proxy
	cleanup []func() error
}

func runServeDHCP(ctx context.Context, s Streams, o serveDHCPOptions) error {
	d := &dhcpServer{o: o, view: newDHCPView(s, o.common), metrics: newDHCPMetrics()}
	defer d.close()
	return withMetrics(ctx, o.metrics, d.metrics.all(), func(ctx context.Context) error { return d.run(ctx, s) })
}

func (d *dhcpServer) run(ctx context.Context, s Streams) error {
	for _, step := range []func() error{
		func() error { return d.configure() },
		d.listen,
		func() error { return d.openLeases(s) },
		d.openSearch,
		d.openARP,
		d.confine,
		func() error { return d.lookForOthers(ctx) }, // last, as it takes its time
	} {
		err := step()
		if ctx.Err() != nil {
			return nil // told to end before it served: in order as well
		}
		if err != nil {
			return err
		}
	}
	return d.serve(ctx)
}

func (d *dhcpServer) close() {
	d.view.limit.flush()
	for _, f := range d.cleanup {
		if err := f(); err != nil {
			d.view.log.Error(err.Error())
		}
	}
}

func (d *dhcpServer) configure() error {
	var err error
	if d.o.configFile != "" {
		if err = d.configureByFile(); err != nil {
			return err
		}
		return explainConfig(d.cfg.Validate())
	}
	if d.net, err = attach(d.o.iface, d.o.subnet); err != nil {
		return err
	}
	d.cfg = d.o.config(d.net)
	err = explainConfig(d.cfg.Validate())
	if !d.o.proxy && !d.o.subnet.IsValid() {
		err = d.net.explainAlone(err, d.o.iface)
	}
	if err != nil {
		return err
	}
	if len(d.net.others) > 0 && !d.o.subnet.IsValid() {
		d.view.severalAddresses(d.o.iface, d.net)
	}
	return nil
}

func (d *dhcpServer) listen() error {
	open := func(port uint16) (*dhcp.Socket, error) {
		socket, err := dhcp.Listen(d.o.iface, port)
		if err != nil {
			return nil, d.explainListen(err, port)
		}
		d.cleanup = append(d.cleanup, socket.Close)
		return socket, nil
	}
	var err error
	if d.main, err = open(d.o.port); err != nil {
		return err
	}
	if d.o.bootPort != 0 {
		d.boot, err = open(d.o.bootPort)
	}
	return err
}

func (d *dhcpServer) explainListen(err error, port uint16) error {
	err = fmt.Errorf("listen on UDP port %d of %s: %w", port, d.o.iface, err)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return withHint(err, "DHCP ports are permitted to root, and to programs with CAP_NET_BIND_SERVICE and CAP_NET_RAW")
	case errors.Is(err, syscall.EADDRINUSE) && port == d.o.bootPort:
		return withHint(err, "another boot server has this port; find it with `ss -lnup sport = :%d`, or do without it: --boot-port 0", port)
	case errors.Is(err, syscall.EADDRINUSE):
		return withHint(err, "another DHCP server or proxy has this port; find it with `ss -lnup sport = :%d`", port)
	case errors.Is(err, errors.ErrUnsupported):
		return withHint(err, "serve-dhcp needs Linux; `pxe try` runs everywhere")
	}
	return err
}

func (d *dhcpServer) serve(ctx context.Context) error {
	server, err := dhcp.New(d.cfg, d.leases)
	if err != nil {
		return err
	}
	server.Limits = dhcp.NewLimits(d.o.clientRate, d.o.totalRate)
	server.OnEvent = func(e dhcp.Event) {
		d.metrics.event(e)
		d.view.event(e)
	}
	d.view.listening(d)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return server.Serve(ctx, d.probing(), d.net.addr) })
	group.Go(func() error { d.watchForOthers(ctx, server); return nil })
	if d.boot != nil {
		group.Go(func() error { return server.ServeBoot(ctx, d.boot, d.net.addr) })
	}
	return group.Wait()
}

func completeInterfaces(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return interfaces(), cobra.ShellCompDirectiveNoFileComp
}

// interfaces are the names of the interfaces that are no loopback.
func interfaces() []string {
	all, _ := net.Interfaces()
	var names []string
	for _, i := range all {
		if i.Flags&net.FlagLoopback == 0 {
			names = append(names, i.Name)
		}
	}
	return names
}
