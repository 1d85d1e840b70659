package dhcpdconf

import (
	"net/netip"
	"strings"

	"pxe/dhcp"
)

// option is `option space`, a definition, or a value.
func (c *compiler) option(s statement, p place) {
	switch w := s.words; {
	case len(w) < 2:
		c.fail(s.pos(), "write option NAME VALUE;", "option without a name")
	case (s.is("option", "space") || len(w) > 2 && w[2].is("code")) && (p.scope.outer != nil || p.branch):
		c.fail(s.pos(), "move it out of all blocks", "a definition of %s in a block", w[1])
	case s.is("option", "space"):
		c.optionSpace(s)
	case len(w) > 2 && w[2].is("code"):
		c.optionCode(s)
	default:
		c.optionValue(s, p)
	}
}

func (c *compiler) optionSpace(s statement) {
	if len(s.words) != 3 || s.words[2].kind != kindWord {
		c.fail(s.pos(), "write option space NAME;", "an option space has a name and nothing else that is supported")
		return
	}
	if name := strings.ToLower(s.words[2].text); c.spaces[name] == 0 {
		c.spaces[name] = 0
	}
}

// optionCode is `option NAME code N = TYPE`.
func (c *compiler) optionCode(s statement) {
	const hint = "write option NAME code N = TYPE; with a type such as: unsigned integer 16, ip-address, text, string, array of ip-address, { ip-address, integer 8 }"
	w := s.words
	if len(w) < 6 || !w[4].is("=") || w[1].kind != kindWord {
		c.fail(s.pos(), hint, "an option's definition that is not complete")
		return
	}
	code, ok := elementUint8.encode(w[3])
	if !ok || code[0] == dhcp.OptionPad || code[0] == dhcp.OptionEnd {
		c.fail(w[3].Pos, "codes are 1 to 254", "%s is no code of an option", w[3])
		return
	}
	typ, encapsulated, ok := parseType(w[5:])
	if !ok {
		c.fail(w[5].Pos, hint, "the type of %s is not supported", w[1])
		return
	}
	o := option{code: code[0], typ: typ}
	name := strings.ToLower(w[1].text)
	if space, _, dotted := strings.Cut(name, "."); dotted {
		if _, known := c.spaces[space]; !known {
			c.fail(w[1].Pos, "define it before: option space "+space+";", "there is no option space %q", space)
			return
		}
		o.space = space
	}
	if encapsulated != "" {
		if _, known := c.spaces[encapsulated]; !known || o.space != "" {
			c.fail(w[len(w)-1].Pos, "define it before: option space "+encapsulated+"; it can be in an option, and not in a suboption", "no option space %q to encapsulate", encapsulated)
			return
		}
		c.spaces[encapsulated] = o.code
	}
	c.options[name] = o
}

// lookUp finds an option by its name. One without is unknown-N.
func (c *compiler) lookUp(name token) (o option, known bool) {
	lower := strings.TrimPrefix(strings.ToLower(name.text), "dhcp.")
	if o, known = c.options[lower]; known {
		return o, name.kind == kindWord
	}
	space, sub, dotted := strings.Cut(lower, ".")
	if !dotted {
		space, sub = "", lower
	}
	number, cut := strings.CutPrefix(sub, "unknown-")
	code, ok := elementUint8.encode(token{kind: kindWord, text: number})
	_, spaced := c.spaces[space]
	if !cut || !ok || dotted && !spaced || code[0] == dhcp.OptionPad || code[0] == dhcp.OptionEnd {
		return option{}, false
	}
	return option{code: code[0], typ: octets, space: space}, name.kind == kindWord
}

// optionValue is `option NAME VALUE`.
func (c *compiler) optionValue(s statement, p place) {
	name := s.words[1]
	if strings.HasPrefix(strings.ToLower(name.text), "fqdn.") {
		c.warn(s.pos(), "DNS is not updated")
		return
	}
	o, known := c.lookUp(name)
	if !known {
		c.fail(name.Pos, "define it before: option "+name.text+" code N = TYPE;", "option %s is not known", name)
		return
	}
	if o.code == dhcp.OptionParameterList && o.space == "" {
		c.warn(s.pos(), "options that boot loaders need are sent unasked, all others to clients that ask for them")
		return
	}
	if o.code == dhcp.OptionClientID && o.space == "" && p.host != nil && !p.branch {
		c.clientID(s, p)
		return
	}
	data, err := c.valueOf(s, o)
	if err != nil {
		c.failed(err)
		return
	}
	what := "option " + name.text
	switch {
	case o.space == "agent":
		c.fail(s.pos(), "leave it out", "%s is made by the relay", what)
	case o.space != "":
		c.set(p, setting{Pos: s.pos(), key: keySpace + o.space, word: what, code: o.code, data: data})
	case o.code == dhcp.OptionVendorClass:
		c.warn(s.pos(), "option 60 goes to boot clients alone, each with the word that it expects")
	case o.code == dhcp.OptionBootFileName:
		c.set(p, setting{Pos: s.pos(), key: keyFile, word: name.text, data: data})
	case o.code == dhcp.OptionTFTPServerName:
		addr, err := netip.ParseAddr(string(data))
		if err != nil || !addr.Is4() {
			c.fail(s.pos(), "write next-server with its address: firmware has no DNS", "tftp-server-name %q is not an address", data)
			return
		}
		c.set(p, setting{Pos: s.pos(), key: keyNext, word: name.text, data: addr.AsSlice()})
	case o.code != dhcp.OptionSubnetMask && !dhcp.FreeOption(o.code):
		c.fail(s.pos(), "leave it out; machines are told apart by their MAC", "option %s is made by the server", name)
	default:
		c.set(p, setting{Pos: s.pos(), key: optionKey(o.code), word: what, code: o.code, data: data})
	}
}

// valueOf is the value of `option NAME VALUE`, or of `option NAME = CONSTANT`,
// whose bytes are sent as they are.
func (c *compiler) valueOf(s statement, o option) ([]byte, error) {
	name := s.words[1]
	if len(s.words) < 3 || !s.words[2].is("=") {
		return o.typ.encode(name.Pos, "option "+name.text, s.words[2:])
	}
	e := c.expression(s.words[3:], s.pos())
	v := e.data()
	e.finish("end it with ;")
	switch {
	case e.err != nil:
		return nil, e.err
	case !v.constant || v.number || len(v.value) == 0 || len(v.value) > 255:
		return nil, errorAt(v.Pos, "write the value itself, or bytes: 01:02", "option %s from an expression is not supported", name)
	}
	return v.value, nil
}
