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
}

// The lease times of a file that says none (dhcpd.conf(5)).
const (
	defaultLeaseTime = 12 * time.Hour
	defaultMaxTime   = 24 * time.Hour
)

// Evaluate makes the configuration of a server for one of the file's subnets.
// server is its address; the zero Addr is for a check that has none yet, and
// then stands for 127.0.0.1 where the file names none. The errors are *Errors
// joined by errors.Join.
func (f *File) Evaluate(prefix netip.Prefix, server netip.Addr) (Result, error) {
	i := slices.IndexFunc(f.subnets, func(s *subnet) bool { return s.prefix == prefix })
	if i < 0 {
		return Result{}, errors.New("the file has no subnet " + prefix.String())
	}
	e := &evaluation{file: f, subnet: f.subnets[i], boots: make(map[*scope]*dhcp.Boot)}
	e.warnings = slices.Clone(f.warnings)
	e.base = e.settings(nil, client{})
	cfg := dhcp.Config{Servers: []netip.Addr{e.server(server)}, Authoritative: e.base["authoritative"].num == 1}
	cfg.Subnets = []dhcp.Subnet{e.network()}
	cfg.Boot = e.boot(nil)
	cfg.Hosts = e.hosts(cfg.Boot)
	if server.IsValid() {
		e.others()
	}
	if len(e.errs) == 0 {
		e.validate(&cfg)
	}
	return Result{cfg, e.warnings}, errors.Join(e.errs...)
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

// server is our address.
func (e *evaluation) server(addr netip.Addr) netip.Addr {
	id, named := e.base["server-identifier"]
	said := addrOf(id)
	switch {
	case !addr.IsValid() && named:
		return said
	case !addr.IsValid():
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	case named && said != addr:
		e.fail(id.Pos, "leave it out, or serve on the interface with this address", "server-identifier %s is not the address of this server, %s", said, addr)
	}
	return addr
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
	var elsewhere []*host
	for _, h := range e.file.hosts {
		in := slices.IndexFunc(h.addrs, e.subnet.prefix.Contains)
		if in < 0 && len(h.addrs) > 0 {
			elsewhere = append(elsewhere, h)
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
	if len(elsewhere) > 0 {
		text := "host " + elsewhere[0].name + " is in another subnet and not served"
		if n := len(elsewhere) - 1; n > 0 {
			text += ", nor are others after it"
		}
		e.warn(elsewhere[0].Pos, text)
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

// others tells which subnets are not served.
func (e *evaluation) others() {
	for _, o := range e.file.subnets {
		served := e.subnet.prefix.String()
		text := "subnet " + o.prefix.String() + " is not served"
		switch {
		case o == e.subnet:
			continue
		case o.network != "" && o.network == e.subnet.network:
			text += ": of a shared-network one subnet is; give its machines addresses of " + served
		default:
			text += ", as " + served + " is; if there is a relay in it, --subnet " + o.prefix.String() + " serves it instead"
		}
		e.warnings = append(e.warnings, Warning{o.Pos, text})
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
