package dhcpdconf

import (
	"slices"
	"strconv"
	"strings"
)

// maxErrors is how many errors are told of one file.
const maxErrors = 20

// maxBranches bounds an if, as each of its branches is none of those before it.
const maxBranches = 100

// compiler makes a File from statements.
type compiler struct {
	file    File
	options map[string]option
	spaces  map[string]uint8 // `option space`: the option around it, 0 if none is said
	errs    []error

	blocks, statements map[string]taker
}

// place is where a statement stands.
type place struct {
	scope   *scope
	network string // of the shared-network around it
	subnet  *subnet
	pool    *pool
	host    *host
	class   *class
	branch  bool // in an if, or in a subclass
}

// conditional reports whether the place is for some clients alone.
func (p place) conditional() bool { return p.branch || p.class != nil }

// top reports whether the place is in nothing but groups.
func (p place) top() bool {
	return p.network == "" && p.subnet == nil && p.pool == nil && p.host == nil && !p.conditional()
}

// declares reports whether classes may be declared here, which are classes of the
// whole file all the same.
func (p place) declares() bool { return p.pool == nil && p.host == nil && !p.conditional() }

// inner is the place inside of a new block.
func (p place) inner() place {
	p.scope = p.scope.inner()
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
	if len(list) > maxBranches {
		c.fail(list[maxBranches].pos(), "make a class that has match, and a subclass for each", "an if with more than %d branches", maxBranches)
		return
	}
	st := step{choice: make([]branch, 0, len(list))}
	p.branch, p.class = true, nil
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
			b.when = c.condition(c.expression(words, s.pos()))
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

// set notes a setting. Two statements that set one thing by different words, in
// one block, are no override: dhcpd sends both.
func (c *compiler) set(p place, s setting) {
	if s.key == keyFile || s.key == keyNext {
		other, said := p.scope.first[s.key]
		if said && other.word != s.word && string(other.data) != string(s.data) {
			c.fail(s.Pos, "keep "+s.key+" alone: it is sent in the header and as an option", "%s %s and %s %s", s.word, s.text(), other.word, other.text())
		}
		if p.scope.first == nil {
			p.scope.first = make(map[string]setting)
		}
		p.scope.first[s.key] = s
	}
	p.scope.steps = append(p.scope.steps, step{setting: s})
}

// text is the value of a file or a server.
func (s *setting) text() string {
	if s.key == keyNext {
		return addrsOf(s.data)[0].String()
	}
	return strconv.Quote(string(s.data))
}

// statement takes one, or says why not.
func (c *compiler) statement(s statement, p place) {
	keyword := strings.ToLower(s.words[0].text)
	if s.words[0].kind != kindWord {
		c.fail(s.pos(), "statements begin with a keyword", "unexpected %s", s.words[0])
		return
	}
	if take := c.blocks[keyword]; take != nil {
		if !s.hasBlock {
			c.fail(s.pos(), "write "+keyword+" ... { ... }", "%s without a block", keyword)
			return
		}
		take(c, s, p)
		return
	}
	take := c.statements[keyword]
	switch {
	case take == nil:
		c.plain(s)
	case s.hasBlock && keyword != "subclass":
		c.fail(s.pos(), "end it with ;", "%s takes no block", keyword)
	case p.conditional() && slices.Contains([]string{"range", "fixed-address", "hardware", "uid", "authoritative", "not", "server-identifier", "use-host-decl-names"}, keyword):
		c.fail(s.pos(), "move it out of the block", "%s is not supported in a condition or a class", keyword)
	default:
		take(c, s, p)
	}
}

// taker takes a statement.
type taker func(*compiler, statement, place)

// blocks are what takes statements that have a block, by their keyword.
func blocks() map[string]taker {
	return map[string]taker{
		"subnet": (*compiler).subnet, "shared-network": (*compiler).sharedNetwork, "group": (*compiler).group,
		"pool": (*compiler).pool, "host": (*compiler).host, "class": (*compiler).class,
	}
}

// settingsStatements are what takes statements that set something.
func settingsStatements() map[string]taker {
	return map[string]taker{
		"option": (*compiler).option, "range": (*compiler).rangeOf, "hardware": (*compiler).hardware, "fixed-address": (*compiler).fixedAddress,
		"uid": (*compiler).clientID, "match": (*compiler).match, "subclass": (*compiler).subclass, "filename": (*compiler).filename,
		"next-server": (*compiler).address, "server-identifier": (*compiler).address,
		"default-lease-time": (*compiler).seconds, "max-lease-time": (*compiler).seconds, "min-lease-time": (*compiler).seconds,
		"authoritative": (*compiler).authoritative, "not": (*compiler).authoritative,
		"use-host-decl-names": (*compiler).flag, "boot-unknown-clients": (*compiler).flag, "allow-booting": (*compiler).flag,
		"allow-bootp": (*compiler).flag, "always-broadcast": (*compiler).flag,
		"allow": (*compiler).allow, "deny": (*compiler).allow, "ignore": (*compiler).allow, "vendor-option-space": (*compiler).vendorSpace,
	}
}
