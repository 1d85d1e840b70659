package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pxe/dhcp"
	"pxe/dhcp/lease"
)

// leaseFileOptions say whose leases a command is about.
type leaseFileOptions struct {
	common
	ifaces    []string
	leaseFile string
}

func (o *leaseFileOptions) addTo(cmd *cobra.Command) {
	f := cmd.Flags()
	anyName := func(s string) (string, error) { return s, nil }
	f.VarP(newList(&o.ifaces, "interface", anyName), "interface", "i", "the interface `IF` of the server; as often as its command line has it")
	f.StringVar(&o.leaseFile, "lease-file", "", "the lease `FILE` of the server (default: that in the state directory, if there is one alone)")
	_ = cmd.RegisterFlagCompletionFunc("interface", completeInterfaces)
	o.common.addTo(cmd)
}

// file is the lease file that is meant.
func (o *leaseFileOptions) file(s Streams) (string, error) {
	name, err := o.name(s)
	if err != nil {
		return "", err
	}
	return leaseTarget(name)
}

// name is what the lease file is called. That of a proxy is not there, and what is
// beside it counts: see onceFile.
func (o *leaseFileOptions) name(s Streams) (string, error) {
	if o.leaseFile != "" {
		return o.leaseFile, nil
	}
	if len(o.ifaces) > 0 {
		return defaultLeaseFile(s, o.ifaces...), nil
	}
	dir := filepath.Dir(defaultLeaseFile(s))
	found, _ := filepath.Glob(filepath.Join(dir, "*.leases"))
	ofProxies, _ := filepath.Glob(filepath.Join(dir, "*.leases.once"))
	for _, name := range ofProxies {
		found = append(found, strings.TrimSuffix(name, ".once"))
	}
	slices.Sort(found)
	found = slices.Compact(found)
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", withHint(usagef("which server? there is no lease file in %s", dir), "name the interface that it serves: --interface eth0, or its --lease-file")
	}
	return "", withHint(usagef("which server? --lease-file is missing"), "there are %s", strings.Join(found, ", "))
}

// read is what the lease file says.
func (o *leaseFileOptions) read(path string) (*lease.Store, error) {
	store, err := lease.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, withHint(fmt.Errorf("lease file: %w", err), "name the interfaces of the server as on its command line, or its --lease-file")
	}
	if err != nil {
		return nil, explainLeaseFile(err)
	}
	return store, nil
}

type leasesOptions struct {
	leaseFileOptions
	watch  bool
	states []string
	wanted []leaseFilter
}

func newLeasesCmd(s Streams) *cobra.Command {
	var o leasesOptions
	cmd := &cobra.Command{
		Use:   "leases [ADDR|MAC|NETWORK]...",
		Short: "Show and change who has which address",
		Long: `Show the leases and reservations of serve-dhcp, all or those of addresses, machines
and networks, as its lease file has them, whether the server runs or not. What is
only on offer is in no file.

A lease is "bound" until it ends, then "expired": its client gets the same address
again until somebody else needs it, as after it "released" it. A "declined" address
is in use by a stranger, and rests. A "reserved" one waits for its client; one that
its client has is "bound", with a mark.

The lease file is found by the interface of the server, or named by --lease-file.`,
		Example: `  pxe leases
  pxe leases --interface eth0 --watch
  pxe leases 192.168.122.0/24 --state bound --state reserved -o json
  pxe leases reserve 52:54:00:12:34:56 192.168.122.50
  pxe leases release 192.168.122.107
  pxe leases import /var/lib/dhcp/dhcpd.leases --interface eth0`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(cmd, args); err != nil {
				return err
			}
			return runLeases(cmd.Context(), s, o)
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&o.watch, "watch", "w", false, "show changes too, until interrupted")
	f.Var(newList(&o.states, "state", parseLeaseState), "state", "show only leases in `STATE`: "+strings.Join(leaseStates, ", ")+"; repeatable")
	_ = cmd.RegisterFlagCompletionFunc("state", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return leaseStates, cobra.ShellCompDirectiveNoFileComp
	})
	o.leaseFileOptions.addTo(cmd)
	for _, sub := range []*cobra.Command{newLeasesReleaseCmd(s), newLeasesReserveCmd(s), newLeasesUnreserveCmd(s), newLeasesImportCmd(s)} {
		sub.DisableFlagsInUseLine = true
		namePlaceholders(sub)
		cmd.AddCommand(sub)
	}
	return cmd
}

func (o *leasesOptions) check(cmd *cobra.Command, args []string) error {
	for i, arg := range args {
		f, err := parseLeaseFilter(arg)
		if err != nil {
			if near := nearCommands(cmd, arg); near != "" && i == 0 {
				return withHint(&usageError{err}, "%s", near)
			}
			return withHint(&usageError{err}, "see `pxe leases --help` for the commands that change leases")
		}
		o.wanted = append(o.wanted, f)
	}
	return nil
}

func parseLeaseState(s string) (string, error) {
	if !slices.Contains(leaseStates, s) {
		return "", fmt.Errorf("%q is not a state of a lease: want %s", s, strings.Join(leaseStates, ", "))
	}
	return s, nil
}

// leaseFilter is an address, a network, or a machine.
type leaseFilter struct {
	network netip.Prefix // the zero Prefix: any
	mac     net.HardwareAddr
}

func parseLeaseFilter(s string) (leaseFilter, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Is4() {
		return leaseFilter{network: netip.PrefixFrom(a, 32)}, nil
	}
	if p, err := netip.ParsePrefix(s); err == nil && p.Addr().Is4() {
		return leaseFilter{network: p.Masked()}, nil
	}
	if mac, err := parseMAC(s); err == nil {
		return leaseFilter{mac: mac}, nil
	}
	return leaseFilter{}, fmt.Errorf("%q is not an IPv4 address, a MAC address or a network like 192.168.122.0/24", s)
}

func (f leaseFilter) holds(l lease.Lease) bool {
	if f.mac != nil {
		return l.Key == dhcp.KeyOfMAC(f.mac)
	}
	return f.network.Contains(l.Addr)
}

// rows are the leases to show, by address.
func (o *leasesOptions) rows(leases []lease.Lease, now time.Time) []leaseRow {
	var rows []leaseRow
	for _, r := range leaseRows(leases, now) {
		asked := len(o.wanted) == 0 || slices.ContainsFunc(o.wanted, func(f leaseFilter) bool { return f.holds(r.Lease) })
		if asked && (len(o.states) == 0 || slices.Contains(o.states, r.state)) {
			rows = append(rows, r)
		}
	}
	return rows
}

func runLeases(ctx context.Context, s Streams, o leasesOptions) error {
	path, err := o.file(s)
	if err != nil {
		return err
	}
	if o.watch {
		return watchLeases(ctx, s, o, path)
	}
	store, err := o.read(path)
	if err != nil {
		return err
	}
	lossOf(path, store).warn(s, o.common)
	now := time.Now()
	rows := o.rows(store.Leases(now), now)
	if o.json() {
		lines := make([]leaseLineJSON, len(rows))
		for i, r := range rows {
			lines[i] = r.json()
		}
		return writeJSON(s.Out, lines)
	}
	for _, line := range leaseTable(s, rows, now) {
		fmt.Fprintln(s.Out, line)
	}
	return nil
}

// leaseRow is a lease or a reservation, as it is at some time.
type leaseRow struct {
	lease.Lease
	state    string
	reserved bool // a lease of the client for whom the address is reserved
}

// The states that a person sees: those of a journal, and that of a lease that has
// ended by itself.
var leaseStates = []string{"bound", "expired", "released", "declined", "reserved"}

// leaseRows are by address what there is of leases and reservations. A quarantine
// that has ended is nothing; nor is a lease that is over, of a reserved address.
func leaseRows(leases []lease.Lease, now time.Time) []leaseRow {
	reserved := make(map[netip.Addr]lease.Key)
	holds := make(map[netip.Addr]bool) // the client for whom it is reserved
	for _, l := range leases {
		if l.State == lease.Reserved {
			reserved[l.Addr] = l.Key
		}
	}
	var rows []leaseRow
	for _, l := range leases {
		key, kept := reserved[l.Addr]
		over := l.Expired(now)
		row := leaseRow{Lease: l, state: l.State.String(), reserved: kept && key == l.Key}
		switch {
		case l.State == lease.Reserved:
			continue
		case l.State == lease.Declined && over, kept && (over || l.State == lease.Released):
			continue
		case l.State == lease.Bound && over:
			row.state = "expired"
		}
		holds[l.Addr] = holds[l.Addr] || row.reserved
		rows = append(rows, row)
	}
	for _, l := range leases {
		if l.State == lease.Reserved && !holds[l.Addr] {
			rows = append(rows, leaseRow{Lease: l, state: l.State.String(), reserved: true})
		}
	}
	slices.SortStableFunc(rows, func(a, b leaseRow) int { return cmp.Or(a.Addr.Compare(b.Addr), cmp.Compare(a.state, b.state)) })
	return rows
}
