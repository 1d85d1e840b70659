package dhcp

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"pxe/dhcp/lease"
)

// ConfigError is one thing that is wrong with a Config.
type ConfigError struct {
	Field   string // where: "subnet 192.0.2.0/24: range 192.0.2.9-192.0.2.1"
	Problem string // what
	Hint    string // what to do about it
	Place
}

// Place is an entry of a Config.
type Place struct {
	List  string // "subnets", "hosts", "rules", or "boot", which is one entry; "": the whole
	Index int
}

func (e *ConfigError) Error() string { return e.Field + ": " + e.Problem }

// Validate returns all that is wrong, as *ConfigErrors joined by errors.Join,
// or nil.
func (c *Config) Validate() error {
	v := &validation{}
	v.server(c)
	v.place = Place{List: "boot"}
	v.boot("", c, &c.Boot)
	for i := range c.Rules {
		r := &c.Rules[i]
		v.place = Place{"rules", i}
		v.settings("rule "+r.Name+": ", c, &r.Settings)
	}
	if !c.Proxy {
		for i := range c.Subnets {
			v.place = Place{"subnets", i}
			v.subnet(c, i)
		}
		v.hosts(c)
	}
	return errors.Join(v.faults...)
}

// validation gathers faults.
type validation struct {
	faults []error
	place  Place // what is being looked at
}

func (v *validation) fault(field, hint, problem string, args ...any) {
	v.faults = append(v.faults, &ConfigError{field, fmt.Sprintf(problem, args...), hint, v.place})
}

func (v *validation) server(c *Config) {
	for _, a := range c.Servers {
		if !isSet(a) || !a.Is4() {
			v.fault("server address", "give the interface an IPv4 address", "%s is not an IPv4 address", a)
		}
	}
	if len(c.Servers) == 0 {
		v.fault("server address", "name the server's own address", "there is none")
	}
	if !c.Proxy && len(c.Subnets) == 0 {
		v.fault("subnets", "name one, or serve as a proxy beside another DHCP server", "there are none to serve")
	}
}

// unicast reports whether a is the IPv4 address of one machine.
func unicast(a netip.Addr) bool {
	return a.Is4() && !a.IsUnspecified() && !a.IsMulticast() && a != broadcastAddr
}

func (v *validation) subnet(c *Config, i int) {
	s := &c.Subnets[i]
	field := "subnet " + s.Prefix.String()
	if !s.Prefix.IsValid() || !s.Prefix.Addr().Is4() {
		v.fault(field, "write it like 192.168.1.0/24", "is not an IPv4 network")
		return
	}
	if s.Prefix != s.Prefix.Masked() {
		v.fault(field, "write "+s.Prefix.Masked().String(), "has host bits set")
	}
	for _, other := range c.Subnets[:i] {
		if s.Prefix == other.Prefix && s.Network == other.Network && overlapping(s.Ranges, other.Ranges) {
			v.fault(field, "make the ranges apart", "is there twice, with ranges that overlap")
		}
		if s.Prefix.Overlaps(other.Prefix) && (s.Prefix != other.Prefix || s.Network != other.Network) {
			v.fault(field, "list every network once", "overlaps subnet %s", other.Prefix)
		}
	}
	switch {
	case s.Router.IsValid() && !unicast(s.Router):
		v.fault(field+": router "+s.Router.String(), "name a machine of "+s.Prefix.String(), "is not a machine's IPv4 address")
	case s.Router.IsValid() && !s.Prefix.Contains(s.Router):
		v.fault(field+": router "+s.Router.String(), "clients reach only a router in their own network", "is outside of the subnet")
	}
	for _, a := range s.DNS {
		if !unicast(a) {
			v.fault(field+": DNS server "+a.String(), "DHCPv4 carries IPv4 addresses of single machines alone", "is not a machine's IPv4 address")
		}
	}
	v.name(field+": domain", s.Domain)
	v.options(s.Options, field, OwnOption)
	v.times(s, field)
	v.ranges(c, s, field)
}

// maxOptions is what the further options of a subnet may take, in bytes: a
// client that takes the smallest of replies loses some of them.
const maxOptions = 255

// overlapping reports whether two lists of ranges have an address in common; two
// without any count as the same.
func overlapping(a, b []lease.Range) bool {
	for _, r := range a {
		if slices.ContainsFunc(b, func(other lease.Range) bool {
			return r.First.Compare(other.Last) <= 0 && other.First.Compare(r.Last) <= 0
		}) {
			return true
		}
	}
	return len(a) == 0 && len(b) == 0
}

func (v *validation) options(opts Options, field string, own func(code uint8) bool) {
	var seen [256]bool
	for _, o := range opts {
		at := fmt.Sprintf("%s: option %d", field, o.Code)
		switch {
		case own(o.Code):
			v.fault(at, "leave it out", "is made by the server itself")
		case seen[o.Code]:
			v.fault(at, "join the two", "is there twice")
		case len(o.Data) == 0 || len(o.Data) > maxOptions:
			v.fault(at, "give 1 to 255 bytes", "has %d bytes", len(o.Data))
		}
		seen[o.Code] = true
	}
}

// OwnOption reports whether a server makes the option itself, from the fields
// of a Config or from the client's message.
func OwnOption(code uint8) bool {
	switch code {
	case OptionPad, OptionSubnetMask, OptionRouter, OptionDNS, OptionHostName, OptionDomainName, OptionBroadcast, OptionVendorSpecific,
		OptionTFTPServerName, OptionBootFileName, OptionRelayAgent, OptionClientUUID, OptionEnd:
		return true
	}
	return code >= OptionRequestedAddress && code <= OptionClientID // 50 to 61: the protocol's own
}

func (v *validation) times(s *Subnet, field string) {
	v.seconds(field+": lease time", s.LeaseTime)
	v.seconds(field+": maximum lease time", s.MaxLeaseTime)
	v.seconds(field+": minimum lease time", s.MinLeaseTime)
	if normal, _ := s.LeaseTimes(); s.MaxLeaseTime > 0 && s.MaxLeaseTime < normal {
		v.fault(field+": maximum lease time", "raise it, or lower the lease time", "%s is less than the lease time of %s", FormatTime(s.MaxLeaseTime), FormatTime(normal))
	}
	if _, most := s.LeaseTimes(); s.MinLeaseTime > most {
		v.fault(field+": minimum lease time", "lower it, or raise the maximum lease time", "%s is more than the maximum of %s", FormatTime(s.MinLeaseTime), FormatTime(most))
	}
}

func (v *validation) seconds(field string, d time.Duration) {
	if d < 0 || d > LongestLease || d%time.Second != 0 {
		v.fault(field, "give whole seconds, at most 136 years", "cannot be %s", FormatTime(d))
	}
}

// settings checks what a rule or a host says; of ends with a colon and a space.
func (v *validation) settings(of string, c *Config, s *Settings) {
	v.next(of, c, s.NextServer)
	v.file(of+"boot file", s.File)
	if s.File != "" && s.LocalBoot {
		v.fault(of+"boot file", "leave one out", "is %s, and the machine boots from its disk", s.File)
	}
	if s.Ignore && (s.File != "" || s.LocalBoot) {
		v.fault(of+"boot file", "leave one out", "is for a machine that is not answered")
	}
	v.options(s.Options, strings.TrimSuffix(of, ": "), func(code uint8) bool { return !FreeOption(code) })
	v.seconds(of+"lease time", s.LeaseTime)
	v.seconds(of+"maximum lease time", s.MaxLeaseTime)
	v.seconds(of+"minimum lease time", s.MinLeaseTime)
}

func (v *validation) ranges(c *Config, s *Subnet, field string) {
	sound := true
	for i, r := range s.Ranges {
		at := field + ": range " + r.String()
		switch {
		case !r.First.Is4() || !r.Last.Is4():
			v.fault(at, "write it like 192.168.1.100-192.168.1.200", "is not two IPv4 addresses")
			sound = false
			continue
		case r.Last.Less(r.First):
			v.fault(at, "write it as "+lease.Range{First: r.Last, Last: r.First}.String(), "runs backwards")
			sound = false
			continue
		case !s.Prefix.Contains(r.First) || !s.Prefix.Contains(r.Last):
			v.fault(at, "choose addresses of "+s.Prefix.String(), "is not inside of the subnet")
		}
		for _, other := range s.Ranges[:i] {
			if r.First.Compare(other.Last) <= 0 && other.First.Compare(r.Last) <= 0 {
				v.fault(at, "join the two, or make them apart", "overlaps range %s", other)
				sound = false
			}
		}
	}
	if !sound {
		return
	}
	pool, err := lease.New(c.pool(s))
	switch {
	case err != nil:
		v.fault(field, "choose smaller ranges", "%v", err)
	case pool.Size() == 0 && !v.hasHost(c, s) && !sharesWire(c, s):
		v.fault(field, "add a range, or hosts with addresses", "has no address to give: routers, servers and the network's own addresses do not count")
	}
}

// hasHost reports whether the subnet serves known hosts, and so may do without
// a range.
func (v *validation) hasHost(c *Config, s *Subnet) bool {
	return slices.ContainsFunc(c.Hosts, func(h Host) bool { return h.in(s.Prefix).IsValid() })
}

// sharesWire reports whether the subnet's clients get addresses of another one.
func sharesWire(c *Config, s *Subnet) bool {
	return slices.ContainsFunc(c.Subnets, func(other Subnet) bool {
		return len(other.Ranges) > 0 && (len(s.Ranges) == 0 && other.Prefix == s.Prefix || s.Network != "" && other.Network == s.Network)
	})
}

func (v *validation) hosts(c *Config) {
	ids := make(map[string]*Host)
	addrs := make(map[netip.Addr]*Host)
	for i := range c.Hosts {
		h := &c.Hosts[i]
		v.place = Place{"hosts", i}
		field := "host " + h.id()
		if len(h.MAC) != 6 && (len(h.MAC) > 0 || len(h.ClientID) == 0) {
			v.fault(field, "write it like 52:54:00:12:34:56", "is not an Ethernet address")
		}
		if first, dup := ids[h.id()]; dup {
			v.fault(field, "give each machine one line", "is there twice: with %s and with %s", addrTexts(first.Addrs), addrTexts(h.Addrs))
		}
		ids[h.id()] = h
		v.name(field+": name", h.Name)
		if h.Boot != nil {
			v.boot(field+": ", c, h.Boot)
		}
		v.settings(field+": ", c, &h.Settings)
		for _, a := range h.Addrs {
			if first, dup := addrs[a]; dup {
				v.fault(field, "give each machine an address of its own", "has the address of host %s, %s", first.id(), a)
			}
			addrs[a] = h
			v.hostAddr(c, a, field)
		}
	}
}

func addrTexts(addrs []netip.Addr) string {
	if len(addrs) == 0 {
		return "no address"
	}
	var texts []string
	for _, a := range addrs {
		texts = append(texts, a.String())
	}
	return strings.Join(texts, ", ")
}

func (v *validation) hostAddr(c *Config, a netip.Addr, field string) {
	i := slices.IndexFunc(c.Subnets, func(s Subnet) bool { return s.Prefix.IsValid() && s.Prefix.Contains(a) })
	if i < 0 {
		v.fault(field, "choose an address of a subnet that is served", "%s is in no subnet", a)
		return
	}
	s := &c.Subnets[i]
	network, broadcast, edges := lease.Edges(s.Prefix)
	switch {
	case edges && (a == network || a == broadcast):
		v.fault(field, "choose another", "%s is the subnet's own address", a)
	case !unicast(a):
		v.fault(field, "choose another", "%s is not a machine's address", a)
	case slices.Contains(c.Servers, a):
		v.fault(field, "choose another", "%s is this server's address", a)
	case a == s.Router:
		v.fault(field, "choose another", "%s is the router's address", a)
	}
}

// maxFile is the longest name that fits the header's file field with its NUL.
const maxFile = 127

func (v *validation) next(of string, c *Config, next netip.Addr) {
	switch field := of + "next server " + next.String(); {
	case !next.IsValid():
	case !unicast(next):
		v.fault(field, "name the machine with the TFTP server, or leave it out: then it is this one", "is not a machine's IPv4 address")
	case next.IsLoopback() && len(c.Servers) > 0 && !c.Servers[0].IsLoopback():
		v.fault(field, "name its address on the network, or leave it out: then it is this machine", "means each client itself")
	}
}

// boot checks what machines boot; of is "" or the host that it is for.
func (v *validation) boot(of string, c *Config, b *Boot) {
	v.next(of, c, b.NextServer)
	v.file(of+"boot file", b.File)
	v.file(of+"boot file for ipxe", b.IPXE)
	if b.HTTPURL != "" && !isURL(b.HTTPURL) {
		v.fault(of+"HTTP URL", "write it like http://192.0.2.1/", "%q is not an http or https URL", b.HTTPURL)
	}
	for _, arch := range slices.Sorted(maps.Keys(b.FileFor)) {
		field := of + "boot file for " + arch.String()
		v.file(field, b.FileFor[arch])
		if arch.HTTP() && !isURL(b.url(b.FileFor[arch])) {
			v.fault(field, "HTTP Boot needs the whole URL: http://server/path/file.efi", "%q is not an http or https URL", b.FileFor[arch])
		}
	}
}

func (v *validation) file(field, name string) {
	if len(name) > maxFile {
		v.fault(field, "shorten the path: shim and PXELINUX read it from a field of 128 bytes", "has %d bytes, at most %d fit", len(name), maxFile)
	}
	for i := range len(name) {
		if name[i] < ' ' || name[i] == 0x7f {
			v.fault(field, "remove it", "has a control character in %q", name)
			return
		}
	}
}
