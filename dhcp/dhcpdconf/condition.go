package dhcpdconf

import (
	"slices"
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
	// hostless conditions are judged before dhcpd looks for the client's host, so
	// that nobody is known. known is where that was asked, if it was.
	hostless bool
	known    Pos
	err      error
}

// condition is for whom a condition is true, and for whom it is false. What is
// neither is null, and counts as false, also after not.
//
// The manual, dhcp-eval(5), makes comparisons null of what the client does not
// send. dhcpd 4.4.3 does not: there the comparison is false, with != and not
// true. It has null for "A and B" where A is not true, and for an "or" of two
// that are null.
type condition struct {
	yes, no dhcp.Match
	sure    bool // never null
}

// sure is a condition that is never null.
func sure(m dhcp.Match) condition { return condition{m, not(m), true} }

// all is what and joins, of which the ones before the last have to be true.
func all(list []condition) condition {
	if len(list) == 1 {
		return list[0]
	}
	var yes []dhcp.Match
	for _, c := range list {
		yes = append(yes, c.yes)
	}
	last := len(list) - 1
	return condition{yes: allOf(yes...), no: allOf(append(slices.Clone(yes[:last]), list[last].no)...)}
}

// either is what or joins.
func either(list []condition) condition {
	if len(list) == 1 {
		return list[0]
	}
	var yes, no []dhcp.Match
	one := false // is sure
	for _, c := range list {
		yes, no, one = append(yes, c.yes), append(no, c.no), one || c.sure
	}
	c := sure(anyOf(yes...))
	if !one {
		c = condition{yes: c.yes, no: allOf(c.no, anyOf(no...))}
	}
	return c
}

// condition reads the words of a condition to their end, and tells for whom it
// holds. One with an error is for nobody.
func (c *compiler) condition(e *expression) dhcp.Match {
	m := e.chain()
	e.finish("conditions are like: option arch = 00:07 or option arch = 00:09")
	if e.err != nil {
		c.failed(e.err)
		return nobody()
	}
	return m.yes
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
func (e *expression) chain() condition {
	list := []condition{e.not()}
	first := e.peek()
	for e.peek().is("and") || e.peek().is("or") {
		op := e.take()
		if !op.is(first.text) {
			e.fail(op, "put what belongs together in parentheses: exists user-class or (... and ...)", "%s beside %s", op, first)
			return condition{}
		}
		list = append(list, e.not())
	}
	if first.is("or") {
		return either(list)
	}
	return all(list)
}

func (e *expression) not() condition {
	if !e.deeper() {
		return condition{}
	}
	defer func() { e.depth-- }()
	switch {
	case e.accept("not"):
		if t := e.peek(); !t.is("(") && !t.is("exists") && !t.is("known") && !t.is("not") {
			e.fail(t, "put it in parentheses: not (option arch = 00:07)", "not before %s", t)
		}
		c := e.not()
		return condition{c.no, c.yes, c.sure}
	case e.accept("("):
		c := e.chain()
		e.expect(")")
		return c
	case e.accept("exists"):
		t := e.option()
		t.Exists = true
		return sure(dhcp.Match{Test: &t})
	case e.peek().is("known"):
		if e.known = e.take().Pos; e.hostless {
			return sure(nobody())
		}
		return sure(dhcp.Match{Known: true})
	case e.accept("true"):
		return sure(dhcp.Match{})
	case e.accept("false"):
		return sure(nobody())
	}
	return sure(e.comparison())
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
