package dhcpdconf

import (
	"strconv"

	"pxe/dhcp"
)

// maxNesting bounds parentheses and functions in each other.
const maxNesting = 32

// expression is a condition, or data, while it is read. The first error stays.
type expression struct {
	lookUp func(name token) (option, bool)
	spaces map[string]uint8
	words  []token
	end    Pos
	depth  int
	err    error
}

// condition reads the words of a condition to their end (dhcp-eval(5)). That of
// one with an error is for nobody.
func (c *compiler) condition(words []token, at Pos) dhcp.Match {
	e := c.expression(words, at)
	m := e.chain()
	e.finish("conditions are like: option arch = 00:07 or option arch = 00:09")
	if e.err != nil {
		c.failed(e.err)
		return nobody()
	}
	return m
}

func (c *compiler) expression(words []token, at Pos) *expression {
	e := &expression{lookUp: c.lookUp, spaces: c.spaces, words: words, end: at}
	if len(words) > 0 {
		e.end = words[len(words)-1].Pos
	}
	return e
}

// finish refuses what is left.
func (e *expression) finish(hint string) {
	if e.err == nil && len(e.words) > 0 {
		e.fail(e.words[0], hint, "unexpected %s in a condition", e.words[0])
	}
}

func (e *expression) fail(t token, hint, problem string, args ...any) {
	if e.err == nil {
		e.err = errorAt(t.Pos, hint, problem, args...)
	}
	e.words = nil
}

// peek is the next word, or a token that is none.
func (e *expression) peek() token {
	if len(e.words) == 0 {
		return token{Pos: e.end}
	}
	return e.words[0]
}

func (e *expression) take() token {
	t := e.peek()
	if len(e.words) > 0 {
		e.words = e.words[1:]
	}
	return t
}

// accept takes the next word if it is this one.
func (e *expression) accept(text string) bool {
	if !e.peek().is(text) {
		return false
	}
	e.take()
	return true
}

func (e *expression) expect(text string) {
	if t := e.take(); !t.is(text) {
		e.missing(t, strconv.Quote(text))
	}
}

func (e *expression) missing(t token, want string) {
	got := t.String()
	if t.kind == kindEnd {
		got = "the end of the condition"
	}
	e.fail(t, "conditions are like: option arch = 00:07", "%s where %s should be", got, want)
}

// deeper counts what is in each other; false when that is too deep.
func (e *expression) deeper() bool {
	e.depth++
	if e.depth > maxNesting {
		e.fail(e.peek(), "make it simpler", "a condition that is more than %d deep", maxNesting)
	}
	return e.err == nil
}

// chain is conditions with and, or with or, between them. Both in one chain are
// refused: dhcpd gives them one precedence and reads what comes after a
// comparison first, which is not what anybody means.
func (e *expression) chain() dhcp.Match {
	list := []dhcp.Match{e.not()}
	first := e.peek()
	for e.peek().is("and") || e.peek().is("or") {
		op := e.take()
		if !op.is(first.text) {
			e.fail(op, "put what belongs together in parentheses: exists user-class or (... and ...)", "%s beside %s", op, first)
			return nobody()
		}
		list = append(list, e.not())
	}
	if first.is("or") {
		return anyOf(list...)
	}
	return allOf(list...)
}

func (e *expression) not() dhcp.Match {
	if !e.deeper() {
		return nobody()
	}
	defer func() { e.depth-- }()
	switch {
	case e.accept("not"):
		return not(e.not())
	case e.accept("("):
		m := e.chain()
		e.expect(")")
		return m
	case e.accept("exists"):
		t := e.option()
		t.Exists = true
		return dhcp.Match{Test: &t}
	case e.accept("known"):
		return dhcp.Match{Known: true}
	case e.accept("true"):
		return dhcp.Match{}
	case e.accept("false"):
		return nobody()
	}
	return e.comparison()
}

func (e *expression) comparison() dhcp.Match {
	left := e.data()
	if e.err != nil {
		return nobody()
	}
	op := e.take()
	if !op.is("=") && !op.is("!=") {
		if op.is("~=") || op.is("~~") {
			e.fail(op, "compare with = and substring()", "patterns are not supported")
		}
		e.missing(op, "= or !=")
		return nobody()
	}
	right := e.data()
	if e.err != nil {
		return nobody()
	}
	m, err := compare(op, left, right)
	if err != nil {
		e.err = err
		return nobody()
	}
	if op.is("!=") {
		return not(m)
	}
	return m
}
