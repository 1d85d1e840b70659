package dhcpdconf

import (
	"errors"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"pxe/boot"
	"pxe/dhcp"
	"pxe/dhcp/lease"
)

// Result is what a file means for one subnet.
type Result struct {
	Config   dhcp.Config
	Warnings []Warning
	// ServerID is the server's own address as the file has it; the zero Addr: it
	// has none.
	ServerID netip.Addr
}

// The lease times of a file that says none (dhcpd.conf(5)).
const (
	defaultLeaseTime = 12 * time.Hour
	defaultMaxTime   = 24 * time.Hour
)

// evaluate makes the configuration of one subnet, for a server at 127.0.0.1. The
// errors are *Errors.
func (f *File) evaluate(s *subnet) (Result, []error) {
	e := &evaluation{file: f, subnet: s, boots: make(map[*scope]*dhcp.Boot)}
	e.warnings = slices.Clone(f.warnings)
	e.base = e.settings(nil, client{})
	r := Result{Config: dhcp.Config{Authoritative: e.base["authoritative"].num == 1}, ServerID: addrOf(e.base["server-identifier"])}
	r.Config.Servers = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}
	r.Config.Subnets = []dhcp.Subnet{e.network()}
	r.Config.Boot = e.boot(nil)
	r.Config.Hosts = e.hosts(r.Config.Boot)
	if len(e.errs) == 0 {
		e.validate(&r.Config)
	}
	r.Warnings = e.warnings
	return r, e.errs
}

// evaluation is a file on its way to a Config.
type evaluation struct {
	file     *File
	subnet   *subnet
	base     settings              // what the subnet says to machines that do not boot
	boots    map[*scope]*dhcp.Boot // of hosts, by the scope that says it
	warnings []Warning
	errs     []error
}

// fail tells an error once, as every kind of machine may meet it.
func (e *evaluation) fail(p Pos, hint, problem string, args ...any) {
	err := errorAt(p, hint, problem, args...)
	same := func(other error) bool { return other.Error() == err.Error() }
	if len(e.errs) < maxErrors && !slices.ContainsFunc(e.errs, same) {
		e.errs = append(e.errs, err)
	}
}

// warn tells something once.
func (e *evaluation) warn(p Pos, text string) {
	if w := (Warning{p, text}); !slices.Contains(e.warnings, w) {
		e.warnings = append(e.warnings, w)
	}
}

// settings are what a client is told: by the subnet and all around it, by the
// classes that it is in, the first declared last, and by the host's scope, which
// may be nil. It is dhcpd's order.
func (e *evaluation) settings(host *scope, c client) settings {
	s := make(settings)
	s.runScope(e.subnet.scope, nil, c)
	for _, class := range slices.Backward(e.file.classes) {
		if class.match(c) == yes {
			s.runScope(class.scope, e.subnet.scope, c)
		}
	}
	s.runScope(host, e.subnet.scope, c)
	return s
}

// addrOf is the address of a setting; the zero Addr if it is not set.
func addrOf(s setting) netip.Addr {
	if list := addrsOf(s.data); len(list) > 0 {
		return list[0]
	}
	return netip.Addr{}
}

// network is the subnet and what its machines are told.
func (e *evaluation) network() dhcp.Subnet {
	s := dhcp.Subnet{Prefix: e.subnet.prefix}
	for _, r := range e.subnet.ranges {
		s.Ranges = append(s.Ranges, r.Range)
	}
	s.LeaseTime, s.MaxLeaseTime = e.times()
	_, broadcast, edges := lease.Edges(s.Prefix)
	for _, o := range slices.SortedFunc(maps.Values(e.base), func(a, b setting) int { return int(a.code) - int(b.code) }) {
		switch o.code {
		case 0, dhcp.OptionTFTPServerName, dhcp.OptionBootFileName:
		case dhcp.OptionSubnetMask:
			if length, ok := parseMask(token{kind: kindWord, text: addrOf(o).String()}); !ok || length != s.Prefix.Bits() {
				e.fail(o.Pos, "leave it out: it is the netmask of the subnet", "subnet-mask %s is not that of %s", addrOf(o), s.Prefix)
			}
		case dhcp.OptionBroadcast:
			if !edges || addrOf(o) != broadcast {
				e.fail(o.Pos, "leave it out: it follows from the subnet", "broadcast-address %s is not that of %s", addrOf(o), s.Prefix)
			}
		case dhcp.OptionHostName:
			e.fail(o.Pos, "write it in a host", "one host-name for all machines of a subnet")
		case dhcp.OptionRouter:
			s.Router = addrOf(o)
		case dhcp.OptionDNS:
			s.DNS = addrsOf(o.data)
		case dhcp.OptionDomainName:
			s.Domain = string(o.data)
		default:
			s.Options = append(s.Options, dhcp.RawOption{Code: o.code, Data: o.data})
		}
	}
	return s
}

// times are the lease times. A maximum below the default cuts it, as in dhcpd.
func (e *evaluation) times() (normal, most time.Duration) {
	normal, most = defaultLeaseTime, defaultMaxTime
	n, named := e.base["default-lease-time"]
	if named {
		normal = time.Duration(n.num) * time.Second
	}
	if m, ok := e.base["max-lease-time"]; ok {
		most = time.Duration(m.num) * time.Second
	}
	if normal > most {
		if named {
			e.warn(n.Pos, "a lease lasts no longer than max-lease-time, "+dhcp.FormatTime(most))
		}
		normal = most
	}
	return normal, most
}

// hosts are the machines with something of their own, those with addresses in
// other subnets left out.
func (e *evaluation) hosts(b dhcp.Boot) []dhcp.Host {
	var hosts []dhcp.Host
	for _, h := range e.file.hosts {
		in := slices.IndexFunc(h.addrs, e.subnet.prefix.Contains)
		if in < 0 && len(h.addrs) > 0 {
			continue
		}
		own := e.settings(h.scope, client{})
		e.onlyBoots(h, own)
		d := dhcp.Host{MAC: h.mac, Name: string(own[optionKey(dhcp.OptionHostName)].data), Boot: e.bootOf(h, b)}
		if d.Name == "" && own["use-host-decl-names"].num == 1 {
			d.Name = h.name
		}
		if in >= 0 {
			d.Addrs = []netip.Addr{h.addrs[in]}
		}
		hosts = append(hosts, d)
	}
	return hosts
}

// onlyBoots refuses what cannot be for one host: all but its name and what it
// boots.
func (e *evaluation) onlyBoots(h *host, own settings) {
	for _, key := range slices.Sorted(maps.Keys(own)) {
		s := own[key]
		if s.boots() || s.code == dhcp.OptionHostName || key == "use-host-decl-names" || s.same(e.base[key]) {
			continue
		}
		e.fail(s.Pos, "move it to the subnet; a host has its address, its name, filename and next-server", "%s for host %s alone is not supported", key, h.name)
	}
}

// validate looks for what is wrong with the whole, and says where.
func (e *evaluation) validate(cfg *dhcp.Config) {
	err := cfg.Validate()
	if err == nil {
		return
	}
	faults := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		faults = joined.Unwrap()
	}
	for _, fault := range faults {
		var c *dhcp.ConfigError
		if errors.As(fault, &c) {
			e.fail(e.placeOf(c.Field), c.Hint, "%s", c.Error())
		}
	}
}

// placeOf is where the statement is that a field of the Config came from.
func (e *evaluation) placeOf(field string) Pos {
	for _, r := range e.subnet.ranges {
		if strings.Contains(field, "range "+r.Range.String()) {
			return r.Pos
		}
	}
	for _, h := range slices.Backward(e.file.hosts) {
		if strings.Contains(field, "host "+h.mac.String()) {
			return h.Pos
		}
	}
	for prefix, key := range map[string]string{
		"router ": optionKey(dhcp.OptionRouter), "domain": optionKey(dhcp.OptionDomainName), "DNS server ": optionKey(dhcp.OptionDNS),
	} {
		if s, ok := e.base[key]; ok && strings.Contains(field, ": "+prefix) {
			return s.Pos
		}
	}
	if strings.HasPrefix(field, "boot file") {
		if at := e.told(nil, machine(boot.ArchBIOS)).filePos; at.Line > 0 {
			return at
		}
	}
	return e.subnet.Pos
}
