package dhcpyaml

import "pxe/dhcp"

// test is a dhcp.Test as it is written: the source is told by the keys there
// are.
type test struct {
	option, suboption *uint8
	hardware          bool
	from, length      int
	suffix            bool
	lower             bool
	exists            bool
	equals            *[]byte
}

// tests writes a dhcp.Test as a test.
type tests struct{ of form[test] }

func testForm() form[dhcp.Test] {
	type t = test
	octet := optional[uint8]{number[uint8]("the number of an option", 255)}
	return tests{mapping[t]{
		keys: []key[t]{
			k("option", "The option's number.", "", octet, func(v *t) **uint8 { return &v.option }),
			k("suboption", "A suboption of it, such as 5 of option 82.", "", octet, func(v *t) **uint8 { return &v.suboption }),
			k("hardware", "In place of an option: the hardware type and address, 0x01525400123456.", "", yesNo{}, func(v *t) *bool { return &v.hardware }),
			k("from", "Compare from that byte on.", "", number[int]("a number of bytes", 65535), func(v *t) *int { return &v.from }),
			k("length", "Compare so many bytes. Without it: all.", "", number[int]("a number of bytes", 65535), func(v *t) *int { return &v.length }),
			k("suffix", "Compare the last bytes, as many as length says.", "", yesNo{}, func(v *t) *bool { return &v.suffix }),
			k("lower", "Compare in lower case.", "", yesNo{}, func(v *t) *bool { return &v.lower }),
			k("exists", "Ask only whether the value is there.", "", yesNo{}, func(v *t) *bool { return &v.exists }),
			k("equals", "What it has to be: a text, or bytes in hex.", "", optional[[]byte]{octets()}, func(v *t) **[]byte { return &v.equals }),
		},
		whole: func(r *reader, n *node, v *t) {
			if problem, hint := v.fault(); problem != "" {
				r.fault(n, hint, "%s", problem)
			}
		},
	}}
}

// fault says what makes no sense together.
func (t *test) fault() (problem, hint string) {
	switch {
	case t.hardware == (t.option != nil):
		return "a test needs either an option or hardware: true", "add option: 60, or leave one out"
	case t.hardware && t.suboption != nil:
		return "the hardware address has no suboption", "leave it out"
	case t.exists == (t.equals != nil):
		return "a test needs either equals or exists: true", "add equals with the value, or leave one out"
	case t.suffix && t.length == 0:
		return "suffix without a length", "say how many of the last bytes count: length: 4"
	}
	return "", ""
}

func (f tests) read(r *reader, n *node, v *dhcp.Test) {
	var t test
	f.of.read(r, n, &t)
	*v = dhcp.Test{Exists: t.exists, From: t.from, Length: t.length, Suffix: t.suffix, Lower: t.lower}
	if t.hardware {
		v.Source = dhcp.SourceHardware
	}
	if t.option != nil {
		v.Option = *t.option
	}
	if t.suboption != nil {
		v.Source, v.Suboption = dhcp.SourceSuboption, *t.suboption
	}
	if t.equals != nil {
		v.Equal = *t.equals
	}
}

func (f tests) node(v *dhcp.Test) *node {
	t := test{hardware: v.Source == dhcp.SourceHardware, from: v.From, length: v.Length, suffix: v.Suffix, lower: v.Lower, exists: v.Exists}
	if !t.hardware {
		t.option = &v.Option
	}
	if v.Source == dhcp.SourceSuboption {
		t.suboption = &v.Suboption
	}
	if !v.Exists {
		t.equals = &v.Equal
	}
	return f.of.node(&t)
}

func (f tests) schema(d definitions) schema { return f.of.schema(d) }
