package cmd

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"pxe/dhcp"
)

// dhcpCheckJSON is what --check finds in a file without errors.
type dhcpCheckJSON struct {
	File     string               `json:"file"`
	Subnets  []dhcpCheckedJSON    `json:"subnets"`
	Flags    []string             `json:"flags,omitempty"` // that go before the file
	Warnings []dhcpCheckedWarning `json:"warnings"`
}

type dhcpCheckedJSON struct {
	Subnet          string            `json:"subnet"`
	Ranges          []string          `json:"ranges,omitempty"`
	Router          *netip.Addr       `json:"router,omitempty"`
	LeaseSeconds    int               `json:"lease_seconds"`
	MaxLeaseSeconds int               `json:"max_lease_seconds"`
	NextServer      *netip.Addr       `json:"next_server,omitempty"` // none: the server itself
	BootFiles       map[string]string `json:"boot_files"`
	Hosts           int               `json:"hosts"`
}

type dhcpCheckedWarning struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Text   string `json:"text"`
}

// runCheckDHCP looks whether a file is good: for the interface or the subnet of
// the command line, else for each of its subnets that has addresses to give.
func runCheckDHCP(s Streams, o serveDHCPOptions) error {
	file, err := readDHCPDConf(o.configFile)
	if err != nil {
		return err
	}
	subnets, server := slices.DeleteFunc(file.Subnets(), func(p netip.Prefix) bool { return !file.Serves(p) }), netip.Addr{}
	switch {
	case o.iface != "":
		a, err := o.attachTo(file)
		if err != nil {
			return err
		}
		subnets, server = []netip.Prefix{a.subnet}, a.addr
	case o.subnet.IsValid():
		if err := o.checkSubnet(file.Subnets()); err != nil {
			return err
		}
		subnets = []netip.Prefix{o.subnet}
	case len(subnets) == 0:
		return withHint(usagef("%s has no subnet with addresses to give", o.configFile), "write subnet 192.168.122.0 netmask 255.255.255.0 { range 192.168.122.100 192.168.122.200; }")
	}
	found := dhcpCheckJSON{File: o.configFile, Warnings: []dhcpCheckedWarning{}}
	var faults []error
	for _, p := range subnets {
		r, err := file.Evaluate(p, server)
		if err == nil {
			found.Flags = o.override(&r.Config)
			err = r.Config.Validate()
		}
		if err != nil {
			faults = append(faults, err)
			continue
		}
		found.Subnets = append(found.Subnets, checkedJSON(r.Config))
		for _, w := range r.Warnings {
			warning := dhcpCheckedWarning{w.File, w.Line, w.Column, w.Text}
			if !slices.Contains(found.Warnings, warning) {
				found.Warnings = append(found.Warnings, warning)
			}
		}
	}
	if len(faults) > 0 {
		return explainConfig(joinOnce(faults))
	}
	if o.json() {
		return writeJSON(s.Out, found)
	}
	return found.print(s)
}

// joinOnce is all errors of a list of joined ones, each once.
func joinOnce(joined []error) error {
	var all []error
	for _, err := range joined {
		parts := []error{err}
		if j, ok := err.(interface{ Unwrap() []error }); ok {
			parts = j.Unwrap()
		}
		for _, part := range parts {
			if !slices.ContainsFunc(all, func(e error) bool { return e.Error() == part.Error() }) {
				all = append(all, part)
			}
		}
	}
	return errors.Join(all...)
}

func checkedJSON(cfg dhcp.Config) dhcpCheckedJSON {
	subnet := cfg.Subnets[0]
	line := dhcpCheckedJSON{
		Subnet: subnet.Prefix.String(), Ranges: rangeTexts(subnet.Ranges), Router: addrOrNil(subnet.Router),
		LeaseSeconds: int(subnet.LeaseTime.Seconds()), MaxLeaseSeconds: int(subnet.MaxLeaseTime.Seconds()),
		NextServer: addrOrNil(cfg.Boot.NextServer), BootFiles: make(map[string]string), Hosts: len(cfg.Hosts),
	}
	for _, f := range bootFiles(cfg.Boot) {
		line.BootFiles[f.who] = f.name
	}
	return line
}

// print is the summary for people: warnings as compilers write them, then what
// each subnet's machines get.
func (c dhcpCheckJSON) print(s Streams) error {
	st := newStyles(s, s.Err, s.ErrTTY)
	for _, w := range c.Warnings {
		fmt.Fprintf(s.Err, "%s:%d:%d: %s %s\n", w.File, w.Line, w.Column, st.warn.Render("warning:"), w.Text)
	}
	if len(c.Flags) > 0 {
		fmt.Fprintf(s.Err, "the command line goes before the file: %s\n", strings.Join(c.Flags, " "))
	}
	if len(c.Subnets) > 1 {
		fmt.Fprintln(s.Err, "a server serves one of these: that of its interface, or of --subnet")
	}
	for _, n := range c.Subnets {
		fmt.Fprintf(s.Out, "subnet %s\n", n.Subnet)
		row := func(name, value string) {
			if value != "" {
				fmt.Fprintf(s.Out, "  %-12s %s\n", name, value)
			}
		}
		row("range", strings.Join(n.Ranges, " "))
		if n.Router != nil {
			row("router", n.Router.String())
		}
		lasts := func(seconds int) string { return dhcp.FormatTime(time.Duration(seconds) * time.Second) }
		row("lease", lasts(n.LeaseSeconds)+", at most "+lasts(n.MaxLeaseSeconds))
		next := "this server"
		if n.NextServer != nil {
			next = n.NextServer.String()
		}
		row("next server", next)
		for _, who := range slices.Sorted(maps.Keys(n.BootFiles)) {
			row("boot file", who+"="+n.BootFiles[who])
		}
		row("hosts", fmt.Sprint(n.Hosts))
	}
	_, err := fmt.Fprintf(s.Out, "%s is good\n", c.File)
	return err
}
