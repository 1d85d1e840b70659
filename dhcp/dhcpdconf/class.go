package dhcpdconf

import (
	"slices"

	"pxe/dhcp"
)

// class is `class "NAME" { match if CONDITION; ... }`. One that is there twice is
// one class.
func (c *compiler) class(s statement, p place) {
	if len(s.words) != 2 || s.words[1].kind != kindText {
		c.fail(s.pos(), `write class "NAME" { match if ...; }`, "a class needs a name in quotes")
		return
	}
	if !p.declares() {
		c.fail(s.pos(), "move it out of the block", "a class in another block")
		return
	}
	in := p.inner()
	if in.class = c.classNamed(s.words[1].text); in.class == nil {
		in.class = &class{Pos: s.pos(), name: s.words[1].text, scope: in.scope}
		c.file.classes = append(c.file.classes, in.class)
	}
	in.scope = in.class.scope
	c.block(s.block, in)
}

func (c *compiler) classNamed(name string) *class {
	if i := slices.IndexFunc(c.file.classes, func(k *class) bool { return k.name == name }); i >= 0 {
		return c.file.classes[i]
	}
	return nil
}

// match is `match if CONDITION`, or `match DATA` for a class with subclasses.
func (c *compiler) match(s statement, p place) {
	switch k := p.class; {
	case k == nil:
		c.fail(s.pos(), "write it in a class", "match that is not in a class")
	case s.is("match", "if") && k.when != nil || !s.is("match", "if") && k.value != nil:
		c.fail(s.pos(), "join the two with and", "a second match in a class")
	case s.is("match", "if"):
		e := c.expression(s.words[2:], s.pos())
		e.hostless = true
		m := c.condition(e)
		if k.when = &m; e.known.Line > 0 {
			c.warn(e.known, "is true for nobody in a class, here as in dhcpd; it works in an if and in a pool")
		}
	default:
		e := c.expression(s.words[1:], s.pos())
		value := e.data()
		if e.finish("write match hardware; or match substring (option NAME, 0, 9);"); e.err == nil && value.constant {
			e.fail(value.token, "write match hardware; or match option NAME;", "a class by what is the same for all")
		}
		if e.err != nil {
			c.failed(e.err)
		}
		k.value = &value
	}
}

// subclass is `subclass "CLASS" VALUE;`, or with a block.
func (c *compiler) subclass(s statement, p place) {
	const hint = `write subclass "NAME" 1:52:54:00:12:34:56; after its class, which has match hardware; or so`
	if len(s.words) != 3 || s.words[1].kind != kindText {
		c.fail(s.pos(), hint, "a subclass has the name of its class in quotes and one value")
		return
	}
	k := c.classNamed(s.words[1].text)
	switch {
	case !p.declares():
		c.fail(s.pos(), "move it out of the block", "a subclass in another block")
		return
	case k == nil || k.value == nil:
		c.fail(s.words[1].Pos, hint, "there is no class %s that tells subclasses apart", s.words[1])
		return
	}
	e := c.expression(s.words[2:], s.pos())
	value := e.data()
	var m dhcp.Match
	if e.err == nil && !value.constant {
		e.fail(value.token, hint, "%s is not a value of a subclass", value.token)
	}
	if e.err == nil {
		m, e.err = compare(s.words[2], *k.value, value)
	}
	if e.err != nil {
		c.failed(e.err)
		return
	}
	sub := subclass{match: m, scope: k.scope}
	if s.hasBlock {
		in := p
		in.scope, in.branch = k.scope.inner(), true
		sub.scope = in.scope
		c.block(s.block, in)
	}
	k.subclasses = append(k.subclasses, sub)
}

// close says who is in each class, now that all its parts were read: by its
// condition, and by one of its subclasses if they are told apart.
func (c *compiler) close() {
	for _, k := range c.file.classes {
		if k.when == nil && k.value == nil { // dhcpd fills them by program
			c.fail(k.Pos, `write match if substring (option vendor-class-identifier, 0, 9) = "PXEClient"; in it`, "class %q has no match", k.name)
		}
		if k.when != nil {
			k.members = *k.when
		}
		if k.value == nil {
			continue
		}
		var subs []dhcp.Match
		for _, s := range k.subclasses {
			subs = append(subs, s.match)
		}
		k.members = allOf(k.members, anyOf(subs...))
	}
}
