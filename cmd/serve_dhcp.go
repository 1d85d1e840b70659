package cmd

import (
	"context"
	"net"
	"net/netip"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"pxe/dhcp"
	"pxe/dhcp/lease"
	"pxe/dhcp/once"
)

type serveDHCPOptions struct {
	common
	ifaces        []string
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
	httpURL       string
	hosts         []dhcp.Host
	quirks        []quirkFor
	once          bool
	bootOnly      bool
	leaseFile     string
	proxy         bool
	force         bool
	authoritative bool
	byClientID    bool
	port          uint16
	bootPort      uint16
	metrics       string
	configFile    string
	watch         bool
	checkOnly     bool
	printConfig   bool
	explain       explained
	safetyOptions
	given []string // the flags of the command line
}

func newServeDHCPCmd(s Streams) *cobra.Command {
	o := serveDHCPOptions{bootfile: "pxelinux.0", port: dhcp.ServerPort, bootPort: dhcp.BootPort}
	cmd := &cobra.Command{
		Use:   "serve-dhcp --interface IF",
		Short: "Give machines an address and tell them what to boot",
		Long: `Serve DHCP on one or more interfaces: addresses, and for machines that boot from
the network the server and the file to boot. Or, with --proxy, leave the addresses to
the DHCP server that is there already, and tell only what to boot.

What is not given is taken from the interface: the subnet is that of its address,
the range is the upper half of the subnet, and the boot server is this machine.
The router is the interface's default gateway, if it has one.

--bootfile is for BIOS machines and for those that do not say what they are. Other
architectures get the name under which their first boot program is commonly
installed (bootx64.efi, bootaa64.efi ...) unless --bootfile-for names another, and
HTTP Boot machines get what --bootfile-for says, or the same file below --http-url.
With --bootfile-for ipxe=URL, machines that run iPXE already get its script; they
never get iPXE again, which would load itself for ever.

With --once a machine that was told what to boot, and whose operating system then
asked for an address, boots from its disk from then on: an installer runs one time.
pxe arm MAC lets it boot from the network again.

--explain prints what a machine would be sent and which rule decided it, without a
network: 52:54:00:12:34:56,efi-x64, then perhaps what asks (ipxe, http, uboot,
grub, rpi, plain) and via=10.2.0.1 if it asks through a relay. Firmware with
oddities gets what it needs, see "pxe help quirks"; --quirk forces it.

--config takes all of this from a file, YAML of our own or an ISC dhcpd.conf, with
all of its subnets: on the interfaces that have an address in one of them, or which
--interface names, and through relays. The other flags go before the file. What
cannot be done as the file says is an error or a warning, with file, line and
column. --check only looks, and needs no interface. --print-config writes what would
be served as such a YAML file, with comments: of flags, or of a dhcpd.conf, which it
converts.

On SIGHUP, and with --watch when it has changed, the file is read again, with all
that it includes. The server goes on with it at once and keeps its leases; with a
broken file it goes on as it was, and says what is wrong. Interfaces, the lease file
and the flags stay those of the start.

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
the leases and of --config and its includes. --no-confine keeps all.`,
		Example: `  pxe serve-dhcp --interface eth0
  pxe serve-dhcp --interface eth0 --proxy       beside another DHCP server
  pxe serve-dhcp --interface eth0 --range 192.168.122.100-192.168.122.200 \
      --router 192.168.122.1 --dns 8.8.8.8 --domain example.com
  pxe serve-dhcp --interface eth0 --host 52:54:00:12:34:56=192.168.122.10,node1
  pxe serve-dhcp --interface eth0 --bootfile-for efi-x64=shimx64.efi \
      --bootfile-for ipxe=http://192.168.122.1/boot.ipxe
  pxe serve-dhcp --config /etc/dhcp/dhcpd.conf --check
  pxe serve-dhcp --config /etc/dhcp/dhcpd.conf
  pxe serve-dhcp --config /etc/dhcp/dhcpd.conf --print-config
  pxe serve-dhcp --config dhcp.yaml --watch
  pxe serve-dhcp --interface eth0 --interface eth1 --pxe-only
  pxe serve-dhcp --explain 52:54:00:12:34:56,efi-x64,ipxe`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(cmd); err != nil {
				return err
			}
			switch {
			case o.checkOnly:
				return runCheckDHCP(s, o)
			case o.printConfig:
				return runPrintDHCP(s, o)
			case o.explain.asked:
				return runExplainDHCP(s, o)
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
	f.StringVar(&o.httpURL, "http-url", "", "where UEFI HTTP Boot finds the boot files, `URL` like http://192.168.122.1/")
	f.StringVar(&o.bootfile, "bootfile", o.bootfile, "what BIOS machines boot, `NAME`")
	f.Var(newList(&o.bootfileFor, "file", parseBootfileFor), "bootfile-for", "what machines of an architecture, or those that run iPXE, boot, `ARCH=NAME`; repeatable")
	f.Var(newList(&o.quirks, "quirk", parseQuirkFor), "quirk", "send what certain firmware needs, `NAME[=MAC-PREFIX]`; no-NAME sends none of it; repeatable (see pxe help quirks)")
	f.BoolVar(&o.once, "once", false, "let each machine boot from the network one time; then it boots from its disk, until pxe arm")
	_ = cmd.RegisterFlagCompletionFunc("bootfile-for", completeArchs)
	_ = cmd.RegisterFlagCompletionFunc("quirk", completeQuirks)
}

func (o *serveDHCPOptions) addServerFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVarP(&o.ifaces, "interface", "i", nil, "serve on the interface `IF`; repeatable (default with --config: those with addresses in its subnets)")
	f.StringVar(&o.configFile, "config", "", "take what to serve from a YAML file or an ISC dhcpd.conf, `FILE`")
	f.BoolVar(&o.watch, "watch", false, "read the file of --config again when it has changed, as on SIGHUP")
	f.BoolVar(&o.checkOnly, "check", false, "look whether the file of --config is good, show what it means, and end")
	f.BoolVar(&o.printConfig, "print-config", false, "write what would be served as a YAML file with comments, and end")
	f.StringVar(&o.leaseFile, "lease-file", "", "keep the leases in `FILE` (default: in the state directory, named after the interface)")
	f.Var(newValue(&o.explain, "client", parseExplained, nil), "explain", "print what a machine would be sent and why, `MAC,ARCH[,KIND][,via=RELAY]`, and end")
	f.BoolVar(&o.bootOnly, "pxe-only", false, "answer only machines that boot from the network, or did so before")
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
	if o.watch && o.configFile == "" {
		return withHint(usagef("--watch without --config"), "name the file to watch: --config /etc/pxe/dhcp.yaml --watch")
	}
	if len(o.ifaces) == 0 && o.configFile == "" && !o.explain.asked {
		return withHint(usagef("--interface is missing"), "interfaces of this machine: %s", strings.Join(interfaces(), ", "))
	}
	for i, name := range o.ifaces {
		if slices.Contains(o.ifaces[:i], name) {
			return usagef("--interface %s is there twice", name)
		}
	}
	if o.subnet.IsValid() && (o.configFile != "" || len(o.ifaces) > 1) {
		return withHint(usagef("--subnet names the network of one interface"), "a file of --config has all subnets that are served; without --subnet each interface serves that of its address")
	}
	for _, name := range append([]string{"lease-file", "config"}, addressFlags...) {
		if o.proxy && cmd.Flags().Changed(name) {
			return proxyError(name)
		}
	}
	return checkBootfiles(o.bootfileFor)
}

// addressFlags are about the addresses that a server gives.
var addressFlags = []string{"range", "router", "dns", "domain", "lease-time", "max-lease-time", "host", "authoritative", "by-client-id"}

func proxyError(flag string) error {
	return withHint(usagef("--%s does not go with --proxy", flag), "a proxy gives no addresses; the DHCP server beside it does")
}

// dhcpServer is a server on its sockets, before it serves.
type dhcpServer struct {
	o       serveDHCPOptions
	cfg     dhcp.Config
	file    configFile                 // of --config
	read    func() (configFile, error) // reads it again
	hangup  chan os.Signal
	wires   []*dhcpWire
	view    dhcpView
	metrics dhcpMetrics
	leases  *lease.Store // nil for a proxy
	control net.Listener // for changes of the leases; nil: there can be none
	once    *once.Store  // nil if no machine boots only once
	cleanup []func() error
}

// garbagePercent is how much garbage may gather beside what lives (see runtime/debug):
// twice as much as usual, so that it is looked for half as often. Not before the
// leases are read, which leaves a lot.
const garbagePercent = 200

func runServeDHCP(ctx context.Context, s Streams, o serveDHCPOptions) error {
	d := &dhcpServer{o: o, view: newDHCPView(s, o.common), metrics: newDHCPMetrics()}
	d.read = d.o.readConfig
	defer d.close()
	return withMetrics(ctx, o.metrics, d.metrics.all(), func(ctx context.Context) error { return d.run(ctx, s) })
}

func (d *dhcpServer) run(ctx context.Context, s Streams) error {
	for _, step := range []func() error{
		func() error { d.catchHangup(); return nil },
		func() error { return d.configure() },
		func() error { return d.eachWire((*dhcpServer).listen) },
		func() error { return d.openLeases(s) },
		d.openControl,
		func() error { return d.openOnce(s) },
		func() error { return d.eachWire((*dhcpServer).openSearch) },
		func() error { return d.eachWire((*dhcpServer).openARP) },
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

// configure decides what to serve, and by which interfaces.
func (d *dhcpServer) configure() error {
	if d.o.configFile != "" {
		return d.configureByFile()
	}
	for _, name := range d.o.ifaces {
		net, err := attach(name, d.o.subnet)
		if err != nil {
			return err
		}
		d.wires = append(d.wires, &dhcpWire{name: name, attachment: net})
	}
	d.cfg = d.o.config(attachments(d.wires))
	err := explainConfig(d.cfg.Validate())
	for _, w := range d.wires {
		if !d.o.proxy && !d.o.subnet.IsValid() {
			err = w.explainAlone(err, w.name)
		}
	}
	if err != nil {
		return err
	}
	for _, w := range d.wires {
		if len(w.others) > 0 && !d.o.subnet.IsValid() {
			d.view.severalAddresses(w.name, w.attachment)
		}
	}
	return nil
}

func (d *dhcpServer) serve(ctx context.Context) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
	server, err := dhcp.New(d.cfg, d.leases)
	if err != nil {
		return err
	}
	server.Once = d.once
	server.Limits = dhcp.NewLimits(d.o.clientRate, d.o.totalRate)
	server.OnEvent = func(e dhcp.Event) {
		d.metrics.event(e)
		d.view.event(e)
	}
	d.view.listening(d)
	d.view.void(server.VoidReservations())
	d.view.outside(server.LeasesOutside())
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { d.follow(ctx, server); return nil })
	if d.control != nil {
		group.Go(func() error { d.serveControl(ctx, server); return nil })
	}
	d.metrics.pools.use(server)
	for _, w := range d.wires {
		group.Go(func() error { return server.Serve(ctx, w.probing(), w.addr) })
		group.Go(func() error { w.watchForOthers(ctx, server); return nil })
		if w.boot != nil {
			group.Go(func() error { return server.ServeBoot(ctx, w.boot, w.addr) })
		}
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
