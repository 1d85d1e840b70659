package dhcpdconf

import (
	"net/netip"
	"reflect"
	"slices"

	"pxe/dhcp"
)

func loopback() []netip.Addr { return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})} }

// served is a host on its way into the Config.
type served struct {
	*host
	config dhcp.Host
	said   map[string]bool // by its own scopes, to the host in any case
	ruled  map[string]bool // the same, by a rule, which goes before
}

// hosts are the machines of the file, those left out that are in no subnet of it.
func (b *builder) hosts() {
	var all []*served
	var scopes []*scope
	for _, h := range b.file.hosts {
		s := &served{host: h, config: dhcp.Host{MAC: h.mac, ClientID: h.clientID}, said: make(map[string]bool), ruled: make(map[string]bool)}
		for _, a := range h.addrs {
			if b.inSubnet(a) && !slices.Contains(s.config.Addrs, a) {
				s.config.Addrs = append(s.config.Addrs, a)
			}
		}
		if len(h.addrs) == 0 || len(s.config.Addrs) > 0 {
			all, scopes = append(all, s), append(scopes, h.scope)
		}
	}
	in := make(map[*scope][]*served)
	for _, s := range all {
		for sc := s.scope; sc != nil; sc = sc.outer {
			in[sc] = append(in[sc], s)
		}
	}
	for _, sc := range innermostFirst(scopes) {
		if spots := b.outside(sc); len(spots) > 0 {
			b.gatheredAt(sc, spots, func(spots []*spot, steps []step) { b.hostsIn(steps, spots, in[sc]) })
		}
	}
	machines := make(map[string]int)
	for _, s := range all {
		if s.config.Name == "" && b.namedByDeclaration(s) {
			s.config.Name = s.name
		}
		b.host(s, machines)
	}
}

// hostsIn takes what the steps of a scope say to the hosts in it.
func (b *builder) hostsIn(steps []step, spots []*spot, hosts []*served) {
	anywhere := len(spots) == len(b.spots)
	for _, e := range flatten(steps, dhcp.Match{}) {
		var ruled []*served
		for _, h := range hosts {
			switch {
			case h.said[e.key]:
				continue
			case anywhere && e.always() && !h.ruled[e.key] && b.direct(e.setting, h):
				// said with the host
			default:
				ruled = append(ruled, h)
			}
			h.said[e.key] = anywhere && e.always()
			h.ruled[e.key] = true
		}
		if len(ruled) > 0 {
			b.take(entry{setting: e.setting, guard: allOf(b.at(spots), e.guard, oneOf(ruled))})
		}
	}
}

// direct sets what is a matter of the dhcp.Host itself.
func (b *builder) direct(e setting, h *served) bool {
	switch {
	case e.key == "use-host-decl-names":
		return true // see namedByDeclaration
	case e.code == dhcp.OptionHostName:
		h.config.Name = string(e.data)
		return true
	case e.key == keyFile && len(e.data) == 0, e.code == dhcp.OptionSubnetMask:
		return false
	}
	ok := b.settings(e, &h.config.Settings)
	if ok && e.key == keyFile {
		b.files = append(b.files, entry{setting: e, guard: dhcp.Match{MAC: []dhcp.MACPrefix{dhcp.MACPrefix(h.mac)}}})
	}
	return ok
}

// oneOf is the match for these hosts.
func oneOf(hosts []*served) dhcp.Match {
	var list []dhcp.Match
	for _, h := range hosts {
		if h.mac != nil {
			list = append(list, dhcp.Match{MAC: []dhcp.MACPrefix{dhcp.MACPrefix(h.mac)}})
		} else {
			list = append(list, dhcp.Match{Test: &dhcp.Test{Option: dhcp.OptionClientID, Equal: h.clientID}})
		}
	}
	return anyOf(list...)
}

// namedByDeclaration reports what use-host-decl-names is where the host is
// declared, else where its address is.
func (b *builder) namedByDeclaration(h *served) bool {
	scopes := []*scope{h.scope}
	for _, s := range b.spots {
		if slices.ContainsFunc(h.addrs, s.subnet.prefix.Contains) {
			scopes = append(scopes, s.scope)
		}
	}
	for _, s := range scopes {
		for ; s != nil; s = s.outer {
			for _, e := range flatten(s.steps, dhcp.Match{}) {
				if e.key == "use-host-decl-names" {
					return e.num == 1
				}
			}
		}
	}
	return false
}

// host adds a host, or its addresses to the same machine in other subnets.
// Machines are where in the Config each is.
func (b *builder) host(s *served, machines map[string]int) {
	hosts := b.result.Config.Hosts
	id := s.mac.String() + " " + string(s.clientID)
	i, known := machines[id]
	if !known || len(hosts[i].Addrs)+len(s.config.Addrs) == 0 {
		machines[id] = len(hosts)
		b.result.Config.Hosts, b.hostPos = append(hosts, s.config), append(b.hostPos, s.Pos)
		return
	}
	switch first := &hosts[i]; {
	case !reflect.DeepEqual(first.Settings, s.config.Settings):
		b.fail(s.Pos, "say the same in both, or ask for the subnet in an if", "host %s is one machine with the host of line %d, and says something else", s.name, b.hostPos[i].Line)
	default:
		if first.Name != s.config.Name {
			b.warn(s.Pos, "host "+s.name+" is one machine with another host, and has its name, "+first.Name)
		}
		first.Addrs = append(first.Addrs, s.config.Addrs...)
	}
}
