package cmd

import (
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
	File       string               `json:"file"`
	Subnets    []dhcpCheckedJSON    `json:"subnets"`
	NextServer *netip.Addr          `json:"next_server,omitempty"` // none: the server itself
	BootFiles  map[string]string    `json:"boot_files"`            // for which no rule says another
	Hosts      int                  `json:"hosts"`
	Rules      int                  `json:"rules"`
	Flags      []string             `json:"flags,omitempty"` // that go before the file
	Warnings   []dhcpCheckedWarning `json:"warnings"`
}

type dhcpCheckedJSON struct {
	Subnet          string      `json:"subnet"`
	Network         string      `json:"network,omitempty"` // of a shared network
	Ranges          []string    `json:"ranges,omitempty"`
	Router          *netip.Addr `json:"router,omitempty"`
	LeaseSeconds    int         `json:"lease_seconds"`
	MaxLeaseSeconds int         `json:"max_lease_seconds"`
}

type dhcpCheckedWarning struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Text   string `json:"text"`
}

// runCheckDHCP looks whether a file is good, with the flags that go before it.
func runCheckDHCP(s Streams, o serveDHCPOptions) error {
	c, err := o.goodConfig()
	if err != nil {
		return err
	}
	found := dhcpCheckJSON{File: o.configFile, Flags: c.flags, Hosts: len(c.Hosts), Rules: len(c.Rules), Warnings: []dhcpCheckedWarning{}}
	found.NextServer, found.BootFiles = addrOrNil(c.Boot.NextServer), make(map[string]string)
	for _, f := range bootFiles(c.Boot) {
		found.BootFiles[f.who] = f.name
	}
	for _, s := range c.Subnets {
		found.Subnets = append(found.Subnets, checkedJSON(s))
	}
	for _, w := range c.warnings {
		found.Warnings = append(found.Warnings, dhcpCheckedWarning{w.File, w.Line, w.Column, w.Text})
	}
	if o.json() {
		return writeJSON(s.Out, found)
	}
	return found.print(s)
}

func checkedJSON(s dhcp.Subnet) dhcpCheckedJSON {
	normal, most := s.LeaseTimes()
	return dhcpCheckedJSON{
		Subnet: s.Prefix.String(), Network: s.Network, Ranges: rangeTexts(s.Ranges), Router: addrOrNil(s.Router),
		LeaseSeconds: int(normal.Seconds()), MaxLeaseSeconds: int(most.Seconds()),
	}
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
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(s.Out, "  %-12s %s\n", name, value)
		}
	}
	for _, n := range c.Subnets {
		fmt.Fprintf(s.Out, "subnet %s\n", n.Subnet)
		row("network", n.Network)
		row("range", strings.Join(n.Ranges, " "))
		if n.Router != nil {
			row("router", n.Router.String())
		}
		lasts := func(seconds int) string { return dhcp.FormatTime(time.Duration(seconds) * time.Second) }
		row("lease", lasts(n.LeaseSeconds)+", at most "+lasts(n.MaxLeaseSeconds))
	}
	fmt.Fprintln(s.Out, "all subnets")
	next := "this server"
	if c.NextServer != nil {
		next = c.NextServer.String()
	}
	row("next server", next)
	for _, who := range slices.Sorted(maps.Keys(c.BootFiles)) {
		row("boot file", who+"="+c.BootFiles[who])
	}
	row("hosts", fmt.Sprint(c.Hosts))
	row("rules", fmt.Sprint(c.Rules))
	_, err := fmt.Fprintf(s.Out, "%s is good\n", c.File)
	return err
}
