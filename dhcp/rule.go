package dhcp

import (
	"net/netip"
	"slices"
	"time"

	"pxe/boot"
	"pxe/dhcp/lease"
)

// Rule tells something to the clients of a Match.
type Rule struct {
	// Name is how events and explanations call it: where it was written, or what
	// its writer calls it.
	Name  string
	Match Match
	Settings
}

// Settings are what a rule or a host says. What is zero is not said, and left to
// the next rule that holds, at last to the Subnet and to the Config's Boot.
type Settings struct {
	NextServer netip.Addr
	// File is what to boot. It is passed over for clients that cannot run it:
	// see Misfit.
	File string
	// LocalBoot tells boot clients to boot from their disk, in place of a File.
	LocalBoot bool
	// Ignore leaves the client without any answer.
	Ignore bool
	// Once makes a boot from the network the last one: the machine then boots from
	// its disk until it is armed again. It needs the Server's Once.
	Once bool
	// Options are sent in place of the subnet's, and beside them. They may be of
	// those that the server makes itself which FreeOption allows.
	Options                               Options
	LeaseTime, MaxLeaseTime, MinLeaseTime time.Duration
	// Quirks are switched on or off for the client, whatever its firmware is.
	Quirks map[Quirk]bool
}

// FreeOption reports whether Settings may have the option: all but those of the
// protocol, and those that have a field.
func FreeOption(code uint8) bool {
	switch code {
	case OptionRouter, OptionDNS, OptionHostName, OptionDomainName, OptionBroadcast, OptionVendorSpecific:
		return true
	}
	return !OwnOption(code)
}

// told is everything that the configuration says to one client in particular,
// the most particular first.
type told struct {
	files []said // of several files the first that suits
	next  netip.Addr
	once  bool
	by    string // which rule says first to Ignore the client
	Settings
}

// said is a file or a local boot, and which rule says it.
type said struct {
	rule     string
	file     string
	local    bool
	thinksOf bool // of the architecture, so that the name is no reason for doubt
}

// add takes what s says as far as nothing was said before.
func (t *told) add(s *Settings, rule string, thinksOf bool) {
	if s.File != "" || s.LocalBoot {
		t.files = append(t.files, said{rule, s.File, s.LocalBoot, thinksOf})
	}
	if !t.next.IsValid() {
		t.next = s.NextServer
	}
	t.once = t.once || s.Once
	if s.Ignore && !t.Ignore {
		t.Ignore, t.by = true, rule
	}
	if t.LeaseTime == 0 {
		t.LeaseTime = s.LeaseTime
	}
	if t.MaxLeaseTime == 0 {
		t.MaxLeaseTime = s.MaxLeaseTime
	}
	if t.MinLeaseTime == 0 {
		t.MinLeaseTime = s.MinLeaseTime
	}
	for _, o := range s.Options {
		if !t.Options.Has(o.Code) {
			t.Options = append(t.Options, o)
		}
	}
	for q, on := range s.Quirks {
		if _, set := t.Quirks[q]; !set {
			if t.Quirks == nil {
				t.Quirks = make(map[Quirk]bool)
			}
			t.Quirks[q] = on
		}
	}
}

// tell gathers what the configuration says to this client: that of its host
// first, then that of the rules in their order.
func (x *exchange) tell() {
	x.told = told{}
	if x.host != nil {
		x.told.add(&x.host.Settings, "host "+x.host.id(), true)
	}
	if len(x.s.cfg.Rules) == 0 {
		return
	}
	c := x.asClient()
	for i := range x.s.cfg.Rules {
		r := &x.s.cfg.Rules[i]
		if !r.Match.holds(c) {
			continue
		}
		say := r.Settings
		if x.host != nil && x.host.Boot != nil { // which says it all
			say.File, say.LocalBoot, say.NextServer = "", false, netip.Addr{}
		}
		x.told.add(&say, r.Name, r.Match.namesArch())
	}
}

// asClient is what a Match can ask about.
func (x *exchange) asClient() *client {
	c := &client{m: x.m, machine: x.machine, known: x.host != nil}
	if x.subnet != nil {
		c.subnet = x.subnet.Prefix
		if !x.client.Fixed.IsValid() {
			c.ranges = x.subnet.Ranges
		}
	} else if i, ok := x.s.cfg.subnetWith(x.m.CIAddr); ok { // who asks the boot service has its address
		c.subnet, c.ranges = x.s.cfg.Subnets[i].Prefix, []lease.Range{{First: x.m.CIAddr, Last: x.m.CIAddr}}
	}
	return c
}

// choice is what a client boots, and who said so.
type choice struct {
	file  string
	local bool // from its disk
	rule  string
	// misfits are the files that were passed over, and why.
	misfits []string
}

// choose decides what the client boots: by the first rule whose file suits it,
// else by the table of architectures.
func (x *exchange) choose() choice {
	var c choice
	if x.hadItsBoot() {
		return choice{local: true, rule: "booted once already"}
	}
	b := x.bootTable()
	for _, s := range x.told.files {
		if s.local {
			c.local, c.rule = true, s.rule
			return c
		}
		file := s.file
		if x.machine.Kind == boot.KindHTTP {
			file = b.url(file)
		}
		if why := Misfit(file, x.machine, s.thinksOf); why != "" {
			c.misfits = append(c.misfits, why)
			continue
		}
		c.file, c.rule = file, s.rule
		return c
	}
	file, entry := b.entry(x.machine)
	if file == "" {
		return c
	}
	if why := Misfit(file, x.machine, true); why != "" {
		c.misfits = append(c.misfits, why)
		return c
	}
	c.file, c.rule = file, entry
	return c
}

// bootTable is where this client's file is looked up that no rule names.
func (x *exchange) bootTable() *Boot {
	if x.host != nil && x.host.Boot != nil {
		return x.host.Boot
	}
	return &x.s.cfg.Boot
}

// nextServer is the address for siaddr: of the rules, of the table, or our own.
func (x *exchange) nextServer() netip.Addr {
	for _, a := range []netip.Addr{x.told.next, x.bootTable().NextServer} {
		if isSet(a) {
			return a
		}
	}
	return x.local
}

// ignored reports which rule leaves the client without an answer.
func (x *exchange) ignored() (reason string, yes bool) {
	return "left without an answer by " + x.told.by, x.told.Ignore
}

// answeredElsewhere uses a subnet of the client's wire that does not leave it
// without an answer, if there is one.
func (x *exchange) answeredElsewhere() bool {
	return slices.ContainsFunc(x.wire, func(i int) bool {
		x.use(i)
		_, ignored := x.ignored()
		return !ignored
	})
}

// isBootClient reports whether it is a program that boots which asks, not an
// operating system.
func (x *exchange) isBootClient() bool {
	return x.class() != "" || !slices.Contains([]boot.Kind{boot.KindPlain, boot.KindGRUB}, x.machine.Kind)
}
