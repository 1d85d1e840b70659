package dhcpdconf

import (
	"bytes"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"

	"pxe/dhcp"
	"pxe/dhcp/lease"
)

// Result is what a file means.
type Result struct {
	Config   dhcp.Config // without Servers, which are left to the caller
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

// Config is what the whole file says. The error is several *Errors joined by
// errors.Join.
//
// dhcpd runs through the statements for each client: those around its address
// from the outermost to the innermost, then those of its classes, the first
// declared last, then those of its host; the last word counts. Rules are looked
// at the other way, and of them the first counts. What a subnet says to all its
// machines goes into the dhcp.Subnet, what a host says into the dhcp.Host, and
// everything else is a rule.
func (f *File) Config() (Result, error) {
	b := &builder{file: f, spots: f.spots(), subs: make(map[*scope][]setting), warned: make(map[Warning]bool)}
	b.result.Warnings = slices.Clone(f.warnings)
	b.notServed()
	for _, s := range b.spots {
		b.result.Config.Subnets = append(b.result.Config.Subnets, s.config())
	}
	b.hosts()
	for _, k := range f.classes {
		b.class(k)
	}
	b.networks()
	b.vendorRules()
	b.ignored()
	b.programs()
	if len(b.errs) == 0 && len(b.spots) > 0 {
		b.validate()
	}
	return b.result, errors.Join(b.errs...)
}

// builder is a file on its way to a Config.
type builder struct {
	file   *File
	spots  []*spot
	result Result
	errs   []error
	subs   map[*scope][]setting // the suboptions that a scope and all around it say to everybody
	warned map[Warning]bool

	rulePos, hostPos []Pos        // of the entries of the Config
	nothing          []dhcp.Match // who is told to boot nothing, so that no later rule tells them what
	files            []entry      // every file that is named
	allows           []entry      // allow and deny, the first that counts first
	vendors, spaces  []entry      // vendor-option-space, and the suboptions of the spaces
}

// fail tells an error once.
func (b *builder) fail(p Pos, hint, problem string, args ...any) {
	err := errorAt(p, hint, problem, args...)
	same := func(other error) bool { return other.Error() == err.Error() }
	if len(b.errs) < maxErrors && !slices.ContainsFunc(b.errs, same) {
		b.errs = append(b.errs, err)
	}
}

// warn tells something once.
func (b *builder) warn(p Pos, text string) {
	if w := (Warning{p, text}); !b.warned[w] {
		b.warned[w] = true
		b.result.Warnings = append(b.result.Warnings, w)
	}
}

// notServed tells of subnets and hosts that the Config leaves out.
func (b *builder) notServed() {
	for _, s := range b.file.subnets {
		if s.network == "" && !b.file.serves(s) {
			b.warn(s.Pos, "subnet "+s.prefix.String()+" has no addresses to give: its machines are not answered")
		}
	}
	for _, h := range b.file.hosts {
		if len(h.addrs) > 0 && !slices.ContainsFunc(h.addrs, b.inSubnet) {
			b.warn(h.Pos, "host "+h.name+" is not served: no subnet of the file has "+h.addrs[0].String())
		}
	}
}

func (b *builder) inSubnet(a netip.Addr) bool {
	return slices.ContainsFunc(b.spots, func(s *spot) bool { return s.subnet.prefix.Contains(a) })
}

// class tells what the members of a class are told: those of a subclass by this
// one first.
func (b *builder) class(k *class) {
	for _, sub := range k.subclasses {
		if sub.scope != k.scope {
			m := sub.match
			if k.when != nil {
				m = allOf(*k.when, m)
			}
			b.tell(sub.scope, b.spots, m)
		}
	}
	for s := k.scope; s != nil; s = s.outer {
		if spots := b.outside(s); len(spots) > 0 {
			b.tell(s, spots, k.members)
		}
	}
}

// tell makes rules of a scope for those clients of the spots.
func (b *builder) tell(s *scope, spots []*spot, m dhcp.Match) {
	b.gatheredAt(s, spots, func(spots []*spot, steps []step) {
		for _, e := range flatten(steps, allOf(b.at(spots), m)) {
			b.take(e)
		}
	})
}

// take takes what is no matter of a subnet.
func (b *builder) take(e entry) {
	_, sub := e.spaceOf()
	switch {
	case sub:
		b.spaces = append(b.spaces, e)
	case e.key == "vendor-option-space":
		b.vendors = append(b.vendors, e)
	case strings.HasPrefix(e.key, "allow "):
		b.allows = append(b.allows, e)
	case e.key == keyFile && len(e.data) == 0:
		b.nothing = append(b.nothing, e.guard)
	default:
		b.rule(e)
	}
}

// networks are the subnets: what they say to all their machines, or to some.
func (b *builder) networks() {
	said := make(map[*spot]map[string]setting)
	var scopes []*scope
	for _, s := range b.spots {
		said[s] = make(map[string]setting)
		scopes = append(scopes, s.scope)
	}
	for _, sc := range innermostFirst(scopes) {
		for _, e := range flatten(b.gathered(sc), dhcp.Match{}) {
			live := slices.DeleteFunc(slices.Clone(b.spots), func(s *spot) bool {
				_, done := said[s][e.key]
				return done || !s.scope.within(sc)
			})
			switch {
			case len(live) == 0:
				continue
			case !e.always():
				b.take(entry{setting: e.setting, guard: allOf(b.at(live), e.guard)})
				continue
			}
			for _, s := range live {
				said[s][e.key] = e.setting
			}
			b.toAll(e.setting, live)
		}
	}
	for i, s := range b.spots {
		b.times(&b.result.Config.Subnets[i], said[s])
		b.wholeServer(s, said[s], i == 0)
	}
}

// toAll takes what all machines of some spots are told.
func (b *builder) toAll(e setting, spots []*spot) {
	all := len(spots) == len(b.spots)
	switch {
	case e.key == "authoritative", e.key == "server-identifier", e.key == "use-host-decl-names", strings.HasSuffix(e.key, "-lease-time"):
		// see times and wholeServer
	case e.key == keyNext && all:
		b.result.Config.Boot.NextServer = addrOf(e)
	case e.key == keyFile && all && len(b.nothing) == 0 && forBIOS(string(e.data)):
		b.result.Config.Boot.File = string(e.data)
		b.files = append(b.files, entry{setting: e})
	case e.code == dhcp.OptionSubnetMask, e.code == dhcp.OptionBroadcast:
		b.edge(e, spots)
	case e.code == dhcp.OptionRouter && len(e.data) == 4, e.code == dhcp.OptionDNS, e.code == dhcp.OptionDomainName && !bytes.Contains(e.data, []byte(" ")), e.code != 0 && !dhcp.OwnOption(e.code):
		for _, s := range spots {
			i := slices.Index(b.spots, s)
			s.set(&b.result.Config.Subnets[i], e)
		}
	default:
		b.take(entry{e, b.at(spots), true})
	}
}

// set sets an option of all machines.
func (s *spot) set(c *dhcp.Subnet, e setting) {
	field := e.key
	switch e.code {
	case dhcp.OptionRouter:
		c.Router, field = addrOf(e), "router"
	case dhcp.OptionDNS:
		c.DNS, field = addrsOf(e.data), "DNS server"
	case dhcp.OptionDomainName:
		c.Domain, field = string(e.data), "domain"
	default:
		i, _ := slices.BinarySearchFunc(c.Options, e.code, func(o dhcp.RawOption, code uint8) int { return int(o.Code) - int(code) })
		c.Options = slices.Insert(c.Options, i, dhcp.RawOption{Code: e.code, Data: e.data})
	}
	s.pos[field] = e.Pos
}

// edge holds the mask and the broadcast address against those that follow from
// the subnet.
func (b *builder) edge(e setting, spots []*spot) {
	for _, s := range spots {
		_, broadcast, edges := lease.Edges(s.subnet.prefix)
		if e.code == dhcp.OptionBroadcast {
			if !edges || addrOf(e) != broadcast {
				b.rule(entry{setting: e, guard: b.at([]*spot{s})})
			}
		} else if length, ok := parseMask(token{kind: kindWord, text: addrOf(e).String()}); !ok || length != s.subnet.prefix.Bits() {
			b.fail(e.Pos, "leave it out: it is the netmask of the subnet", "subnet-mask %s is not that of %s", addrOf(e), s.subnet.prefix)
		}
	}
}

// times are the lease times. A maximum below the default cuts it, and a minimum
// above either lifts it, as in dhcpd. Without a minimum dhcpd makes five minutes
// of what is shorter, also of a default that the file has; the server has its own
// bound for wishes alone.
func (b *builder) times(c *dhcp.Subnet, said map[string]setting) {
	c.LeaseTime, c.MaxLeaseTime = defaultLeaseTime, defaultMaxTime
	n, named := said["default-lease-time"]
	if named {
		c.LeaseTime = time.Duration(n.num) * time.Second
	}
	if m, ok := said["max-lease-time"]; ok {
		c.MaxLeaseTime = time.Duration(m.num) * time.Second
	}
	if m, ok := said["min-lease-time"]; ok {
		c.MinLeaseTime = time.Duration(m.num) * time.Second
		c.MaxLeaseTime = max(c.MaxLeaseTime, c.MinLeaseTime)
	}
	if named && c.LeaseTime < c.MinLeaseTime {
		b.warn(n.Pos, "a lease lasts no shorter than min-lease-time, "+dhcp.FormatTime(c.MinLeaseTime))
	}
	if c.LeaseTime > c.MaxLeaseTime {
		if named {
			b.warn(n.Pos, "a lease lasts no longer than max-lease-time, "+dhcp.FormatTime(c.MaxLeaseTime))
		}
		c.LeaseTime = c.MaxLeaseTime
	}
}

// wholeServer takes what counts for the server as a whole.
func (b *builder) wholeServer(s *spot, said map[string]setting, first bool) {
	if id := said["server-identifier"]; len(id.data) > 0 {
		b.result.ServerID = addrOf(id)
	}
	switch all, here := &b.result.Config.Authoritative, said["authoritative"].num == 1; {
	case first:
		*all = here
	case *all != here:
		*all = false
		b.warn(s.subnet.Pos, "authoritative counts for all subnets or none: here for none")
	}
}

// addrOf is the address of a setting; the zero Addr if it is not set.
func addrOf(s setting) netip.Addr {
	if list := addrsOf(s.data); len(list) > 0 {
		return list[0]
	}
	return netip.Addr{}
}
