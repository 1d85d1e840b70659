package dhcpdconf

import (
	"errors"
	"maps"
	"net/netip"
	"slices"

	"pxe/boot"
	"pxe/dhcp"
)

// Config is what the whole file says. Its Servers are left to the caller. The
// error is several *Errors joined by errors.Join.
//
// What all subnets boot is the Config's Boot. Where they differ, rules say what
// each boots.
func (f *File) Config() (Result, error) {
	var all Result
	var errs []error
	var boots []dhcp.Boot
	var of []*subnet
	for _, s := range f.subnets {
		if s.network == "" && !f.serves(s) {
			all.Warnings = append(all.Warnings, Warning{s.Pos, "subnet " + s.prefix.String() + " has no addresses to give: its machines are not answered"})
			continue
		}
		r, faults := f.evaluate(s)
		for _, err := range faults { // of what is around several subnets, once
			if !slices.ContainsFunc(errs, func(other error) bool { return other.Error() == err.Error() }) {
				errs = append(errs, err)
			}
		}
		if len(faults) == 0 {
			all.add(r, s)
			boots, of = append(boots, r.Config.Boot), append(of, s)
		}
	}
	for _, h := range f.hosts {
		if len(h.addrs) > 0 && !slices.ContainsFunc(h.addrs, f.inSubnet) {
			all.Warnings = append(all.Warnings, Warning{h.Pos, "host " + h.name + " is not served: no subnet of the file has " + h.addrs[0].String()})
		}
	}
	if differ := slices.ContainsFunc(boots, func(b dhcp.Boot) bool { return !sameBoot(b, boots[0]) }); differ {
		for i, b := range boots {
			all.Config.Rules = append(all.Config.Rules, subnetRules(of[i], b)...)
		}
	} else if len(boots) > 0 {
		all.Config.Boot = boots[0]
	}
	return all, errors.Join(errs...)
}

func sameBoot(a, b dhcp.Boot) bool {
	return a.File == b.File && a.IPXE == b.IPXE && a.NextServer == b.NextServer && maps.Equal(a.FileFor, b.FileFor)
}

func (f *File) inSubnet(a netip.Addr) bool {
	return slices.ContainsFunc(f.subnets, func(s *subnet) bool { return s.prefix.Contains(a) })
}

// add joins what one subnet says to what those before it say.
func (all *Result) add(r Result, s *subnet) {
	for _, w := range r.Warnings {
		if !slices.Contains(all.Warnings, w) {
			all.Warnings = append(all.Warnings, w)
		}
	}
	if r.ServerID.IsValid() {
		all.ServerID = r.ServerID
	}
	cfg := &r.Config
	cfg.Subnets[0].Network = s.network
	all.Config.Subnets = append(all.Config.Subnets, cfg.Subnets[0])
	for _, h := range cfg.Hosts {
		all.addHost(h)
	}
	if len(all.Config.Subnets) == 1 {
		all.Config.Authoritative = cfg.Authoritative
		return
	}
	if cfg.Authoritative != all.Config.Authoritative {
		all.Config.Authoritative = false
		all.Warnings = append(all.Warnings, Warning{s.Pos, "authoritative counts for all subnets or none: here for none"})
	}
}

// addHost adds a host, or the address that it has in another subnet.
func (all *Result) addHost(h dhcp.Host) {
	i := slices.IndexFunc(all.Config.Hosts, func(other dhcp.Host) bool { return other.MAC.String() == h.MAC.String() })
	if i < 0 {
		all.Config.Hosts = append(all.Config.Hosts, h)
		return
	}
	for _, a := range h.Addrs {
		if !slices.Contains(all.Config.Hosts[i].Addrs, a) {
			all.Config.Hosts[i].Addrs = append(all.Config.Hosts[i].Addrs, a)
		}
	}
}

// subnetRules are the rules that say what the machines of a subnet boot.
func subnetRules(s *subnet, b dhcp.Boot) []dhcp.Rule {
	here := func(m dhcp.Match, set dhcp.Settings) dhcp.Rule {
		m.Subnet = []netip.Prefix{s.prefix}
		return dhcp.Rule{Name: s.Pos.String(), Match: m, Settings: set}
	}
	var rules []dhcp.Rule
	if b.IPXE != "" {
		rules = append(rules, here(dhcp.Match{Kind: []boot.Kind{boot.KindIPXE}}, dhcp.Settings{File: b.IPXE}))
	}
	if b.NextServer.IsValid() {
		rules = append(rules, here(dhcp.Match{}, dhcp.Settings{NextServer: b.NextServer}))
	}
	for _, a := range slices.Sorted(maps.Keys(b.FileFor)) {
		rules = append(rules, here(dhcp.Match{Arch: []boot.Arch{a}}, dhcp.Settings{File: b.FileFor[a]}))
	}
	if b.File != "" && b.FileFor[boot.ArchBIOS] == "" {
		rules = append(rules, here(dhcp.Match{Arch: []boot.Arch{boot.ArchBIOS}}, dhcp.Settings{File: b.File}))
	}
	return rules
}
