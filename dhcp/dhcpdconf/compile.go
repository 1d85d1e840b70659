package dhcpdconf

import (
	"strings"

	"pxe/dhcp"
)

// maxErrors is how many errors are told of one file.
const maxErrors = 20

// compiler makes a File from statements.
type compiler struct {
	file    File
	options map[string]option
	spaces  map[string]uint8 // `option space`: the option around it, 0 if none is said
	errs    []error
}

// place is where a statement stands.
type place struct {
	scope       *scope
	network     string // of the shared-network around it
	subnet      *subnet
	host        *host
	class       *class
	pool        bool
	conditional bool // in an if, or in a class
}

// top reports whether the place is in nothing but groups.
func (p place) top() bool {
	return p.network == "" && p.subnet == nil && p.host == nil && !p.conditional
}

// inner is the place inside of a new block.
func (p place) inner() place {
	p.scope = &scope{outer: p.scope}
	return p
}

func (c *compiler) fail(p Pos, hint, problem string, args ...any) {
	c.failed(errorAt(p, hint, problem, args...))
}

func (c *compiler) failed(err error) {
	if len(c.errs) < maxErrors {
		c.errs = append(c.errs, err)
	}
}

func (c *compiler) warn(p Pos, text string) {
	c.file.warnings = append(c.file.warnings, Warning{p, text})
}

// block goes through the statements of a block.
func (c *compiler) block(list []statement, p place) {
	for i := 0; i < len(list); i++ {
		s := list[i]
		if !s.is("if") {
			c.statement(s, p)
			continue
		}
		n := 1
		for i+n < len(list) && (list[i+n].is("elsif") || list[i+n].is("else")) {
			n++
			if last := list[i+n-1]; last.is("else") && !last.is("else", "if") {
				break
			}
		}
		c.choice(list[i:i+n], p)
		i += n - 1
	}
}

// choice is an if with all its elsif and its else.
func (c *compiler) choice(list []statement, p place) {
	if p.pool {
		c.fail(list[0].pos(), "move it to the subnet", "a condition in a pool is not supported")
	}
	st := step{choice: make([]branch, 0, len(list))}
	p.conditional, p.class = true, nil
	for _, s := range list {
		words := s.words[1:]
		if s.is("else", "if") {
			words = words[1:]
		}
		b := branch{}
		if s.is("else") && !s.is("else", "if") {
			if len(words) > 0 {
				c.fail(words[0].Pos, "write else { ... }, or elsif with a condition", "unexpected %s after else", words[0])
			}
		} else {
			b.when = c.condition(words, s.pos())
		}
		if !s.hasBlock {
			c.fail(s.pos(), "write "+s.words[0].text+" ... { ... }", "%s without a block", s.words[0])
		}
		in := p
		in.scope = &scope{}
		c.block(s.block, in)
		b.steps = in.scope.steps
		st.choice = append(st.choice, b)
	}
	p.scope.steps = append(p.scope.steps, st)
}

func (c *compiler) condition(words []token, at Pos) condition {
	end := at
	if len(words) > 0 {
		end = words[len(words)-1].Pos
	}
	cond, err := parseCondition(c.options, words, end)
	if err != nil {
		c.failed(err)
	}
	return cond
}

func (c *compiler) set(p place, s setting) {
	p.scope.steps = append(p.scope.steps, step{setting: s})
}

// statement takes one, or says why not.
func (c *compiler) statement(s statement, p place) {
	keyword := strings.ToLower(s.words[0].text)
	if s.words[0].kind != kindWord {
		c.fail(s.pos(), "statements begin with a keyword", "unexpected %s", s.words[0])
		return
	}
	if take := blockFor(keyword); take != nil {
		if !s.hasBlock {
			c.fail(s.pos(), "write "+keyword+" ... { ... }", "%s without a block", keyword)
			return
		}
		take(c, s, p)
		return
	}
	take := statementFor(keyword)
	switch {
	case take == nil:
		c.plain(s)
	case s.hasBlock:
		c.fail(s.pos(), "end it with ;", "%s takes no block", keyword)
	case p.conditional && keyword != "option" && keyword != "filename" && keyword != "next-server" && keyword != "match":
		c.fail(s.pos(), "move it out of the block; what to boot is all that can differ", "%s is not supported in a condition or a class", keyword)
	case p.pool && keyword != "range":
		c.fail(s.pos(), "move it to the subnet", "%s is not supported in a pool", keyword)
	default:
		take(c, s, p)
	}
}

// blockFor is what takes a statement with a block; nil for other keywords.
func blockFor(keyword string) func(*compiler, statement, place) {
	switch keyword {
	case "subnet":
		return (*compiler).subnet
	case "shared-network":
		return (*compiler).sharedNetwork
	case "group":
		return (*compiler).group
	case "pool":
		return (*compiler).pool
	case "host":
		return (*compiler).host
	case "class":
		return (*compiler).class
	}
	return nil
}

// statementFor is what takes a statement without a block that sets something;
// nil for other keywords.
func statementFor(keyword string) func(*compiler, statement, place) {
	switch keyword {
	case "option":
		return (*compiler).option
	case "range":
		return (*compiler).rangeOf
	case "hardware":
		return (*compiler).hardware
	case "fixed-address":
		return (*compiler).fixedAddress
	case "match":
		return (*compiler).match
	case "filename":
		return (*compiler).filename
	case "next-server", "server-identifier":
		return (*compiler).address
	case "default-lease-time", "max-lease-time":
		return (*compiler).seconds
	case "min-lease-time":
		return (*compiler).minLeaseTime
	case "authoritative", "not":
		return (*compiler).authoritative
	case "use-host-decl-names":
		return (*compiler).flag
	}
	return nil
}

// option is `option space`, a definition, or a value.
func (c *compiler) option(s statement, p place) {
	switch w := s.words; {
	case len(w) < 2:
		c.fail(s.pos(), "write option NAME VALUE;", "option without a name")
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
	c.spaces[strings.ToLower(s.words[2].text)] = 0
}

// optionCode is `option NAME code N = TYPE`.
func (c *compiler) optionCode(s statement) {
	const hint = "write option NAME code N = TYPE; with a type such as: unsigned integer 16, ip-address, text, string, array of ip-address"
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
		c.spaces[strings.ToLower(encapsulated)] = o.code
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
	o, known := c.lookUp(name)
	if !known {
		c.fail(name.Pos, "define it before: option "+name.text+" code N = TYPE;", "option %s is not known", name)
		return
	}
	data, err := o.typ.encode(name.Pos, "option "+name.text, s.words[2:])
	if err != nil {
		c.failed(err)
		return
	}
	switch {
	case o.space != "":
		c.suboption(name, o)
		return
	case o.code == dhcp.OptionVendorClass && (string(data) == dhcp.ClassPXE || string(data) == dhcp.ClassHTTP):
		c.warn(s.pos(), "option 60 goes to boot clients alone, each with the word that it expects")
		return
	case o.code == dhcp.OptionRouter && len(data) > 4:
		c.fail(s.pos(), "keep the first", "more than one router is not supported")
	case !settable(o.code):
		c.fail(s.pos(), "leave it out; machines are told apart by their MAC", "option %s is made by the server", name)
	case p.conditional && o.code != dhcp.OptionTFTPServerName && o.code != dhcp.OptionBootFileName:
		c.fail(s.pos(), "move it out of the block; what to boot is all that can differ", "option %s is not supported in a condition or a class", name)
	}
	c.set(p, setting{Pos: s.pos(), key: optionKey(o.code), code: o.code, data: data})
}

// settable reports whether a file can say what an option is.
func settable(code uint8) bool {
	switch code {
	case dhcp.OptionSubnetMask, dhcp.OptionRouter, dhcp.OptionDNS, dhcp.OptionHostName, dhcp.OptionDomainName, dhcp.OptionBroadcast,
		dhcp.OptionTFTPServerName, dhcp.OptionBootFileName:
		return true
	}
	return !dhcp.OwnOption(code)
}

// suboption is one of PXE or iPXE: the server makes those that a boot needs.
func (c *compiler) suboption(name token, o option) {
	around := c.spaces[o.space]
	switch {
	case around == dhcp.OptionIPXE:
		c.warn(name.Pos, "option 175 is not sent: iPXE does what it does without it")
	case (around == 0 || around == dhcp.OptionVendorSpecific) && o.code <= dhcp.PXEDiscoveryControl:
		c.warn(name.Pos, "the server makes option 43 itself: the machine takes the file of this answer (43.6 = 8)")
	default:
		c.fail(name.Pos, "leave it out, or define the option without a space", "option %s is not supported", name)
	}
}
