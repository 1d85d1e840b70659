package dhcpdconf

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"time"

	"pxe/dhcp"
)

// rule adds a rule, or to the last one if that is for the same clients.
func (b *builder) rule(e entry) {
	if e.key == keyFile {
		b.files = append(b.files, e)
		if len(b.nothing) > 0 {
			e.guard = allOf(e.guard, not(anyOf(b.nothing...)))
		}
	}
	var s dhcp.Settings
	if !b.settings(e.setting, &s) {
		return
	}
	rules := b.result.Config.Rules
	if n := len(rules) - 1; n >= 0 && reflect.DeepEqual(rules[n].Match, e.guard) && add(&rules[n].Settings, s) {
		if e.key == keyFile { // which is what people ask about
			rules[n].Name, b.rulePos[n] = e.Pos.String(), e.Pos
		}
		return
	}
	b.result.Config.Rules = append(rules, dhcp.Rule{Name: e.Pos.String(), Match: e.guard, Settings: s})
	b.rulePos = append(b.rulePos, e.Pos)
}

// settings adds what a setting says; false where it cannot.
func (b *builder) settings(e setting, s *dhcp.Settings) bool {
	switch {
	case e.key == keyFile:
		s.File = string(e.data)
	case e.key == keyNext:
		s.NextServer = addrOf(e)
	case e.key == "default-lease-time":
		s.LeaseTime = time.Duration(e.num) * time.Second
	case e.key == "max-lease-time":
		s.MaxLeaseTime = time.Duration(e.num) * time.Second
	case e.key == "min-lease-time":
		s.MinLeaseTime = time.Duration(e.num) * time.Second
	case e.key == "always-broadcast":
		s.Quirks = map[dhcp.Quirk]bool{dhcp.QuirkBroadcast: e.num == 1}
	case e.code == dhcp.OptionSubnetMask:
		b.fail(e.Pos, "leave it out: it is the netmask of the subnet", "subnet-mask for some machines alone")
		return false
	case e.code != 0:
		s.Options = append(s.Options, dhcp.RawOption{Code: e.code, Data: e.data})
	default: // authoritative and such, which is no matter of single machines
		return false
	}
	return true
}

// add adds settings to others, unless both say the same thing.
func add(to *dhcp.Settings, s dhcp.Settings) bool {
	for _, o := range s.Options {
		if to.Options.Has(o.Code) {
			return false
		}
	}
	whole, more := reflect.ValueOf(to).Elem(), reflect.ValueOf(s)
	for i := range more.NumField() {
		switch f := whole.Field(i); {
		case more.Field(i).IsZero():
		case whole.Type().Field(i).Name == "Options":
			to.Options = append(to.Options, s.Options...)
		case !f.IsZero():
			return false
		default:
			f.Set(more.Field(i))
		}
	}
	return true
}

// ignored makes the rules of those who get no answer, before all others.
func (b *builder) ignored() {
	var rules []dhcp.Rule
	var pos []Pos
	for _, what := range []struct {
		key string
		who dhcp.Match
	}{
		{keyBooting, dhcp.Match{}},
		{keyUnknown, not(dhcp.Match{Known: true})},
		{keyBOOTP, bootp()},
		{keyDeclines, dhcp.Match{Test: &dhcp.Test{Option: dhcp.OptionMessageType, Equal: []byte{dhcp.TypeDecline}}}},
	} {
		i := slices.IndexFunc(b.allows, func(e entry) bool { return e.key == what.key && e.num == 0 })
		if i < 0 {
			continue
		}
		at := b.allows[i].Pos
		m := allOf(where(b.allows, what.key, 0), what.who)
		rules, pos = append(rules, dhcp.Rule{Name: at.String(), Match: m, Settings: dhcp.Settings{Ignore: true}}), append(pos, at)
	}
	b.result.Config.Rules, b.rulePos = append(rules, b.result.Config.Rules...), append(pos, b.rulePos...)
}

// validate looks for what is wrong with the whole, and says where.
func (b *builder) validate() {
	cfg := b.result.Config
	cfg.Servers = loopback()
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
			at := b.placeOf(c)
			b.fail(at, c.Hint, "%s", strings.TrimPrefix(c.Error(), "rule "+at.String()+": "))
		}
	}
}

// placeOf is where the statement is that is wrong.
func (b *builder) placeOf(c *dhcp.ConfigError) Pos {
	switch c.List {
	case "rules":
		return b.rulePos[c.Index]
	case "hosts":
		return b.hostPos[c.Index]
	case "subnets":
		s := b.spots[c.Index]
		for _, r := range s.ranges {
			if strings.Contains(c.Field, "range "+r.Range.String()) {
				return r.Pos
			}
		}
		for field, at := range s.pos {
			if _, about, ok := strings.Cut(c.Field, ": "); ok && strings.HasPrefix(about, field) {
				return at
			}
		}
		return s.subnet.Pos
	}
	for _, e := range b.files {
		if string(e.data) == b.result.Config.Boot.File {
			return e.Pos
		}
	}
	return b.spots[0].subnet.Pos
}
