package dhcpdconf

import (
	"bytes"
	"strconv"
	"strings"
)

// truth is the value of a condition. Null is that of one about something the
// client did not send, and makes the whole condition null (dhcp-eval(5)); an
// `if` takes null for false, and `not` does not make it true.
type truth int8

const (
	null truth = iota
	no
	yes
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// condition judges a client; data is what a client sends, or null.
type (
	condition func(client) truth
	data      func(client) (value []byte, ok bool)
)

// maxNesting bounds parentheses and functions in each other.
const maxNesting = 32

// expression is a condition while it is read. The first error stays.
type expression struct {
	names map[string]option
	words []token
	end   Pos
	depth int
	err   error
}

// parseCondition reads the words of a condition to their end.
func parseCondition(names map[string]option, words []token, end Pos) (condition, error) {
	e := &expression{names: names, words: words, end: end}
	c := e.chain()
	if e.err == nil && len(e.words) > 0 {
		e.fail(e.words[0], "conditions are like: option arch = 00:07 or option arch = 00:09", "unexpected %s in a condition", e.words[0])
	}
	return c, e.err
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
	left := e.not()
	for first := e.peek(); e.peek().is("and") || e.peek().is("or"); {
		op := e.take()
		if !op.is(first.text) {
			e.fail(op, "put what belongs together in parentheses: exists user-class or (... and ...)", "%s beside %s", op, first)
			return nil
		}
		decides := yes
		if op.is("and") {
			decides = no
		}
		a, b := left, e.not()
		left = func(c client) truth { return join(a(c), b(c), decides) }
	}
	return left
}

// join is `or`, which one yes decides, or `and`, which one no decides.
func join(a, b, decides truth) truth {
	switch {
	case a == decides || b == decides:
		return decides
	case a == null || b == null:
		return null
	}
	return a
}

func (e *expression) not() condition {
	if !e.deeper() {
		return nil
	}
	defer func() { e.depth-- }()
	switch {
	case e.accept("not"):
		c := e.not()
		return func(m client) truth {
			switch c(m) {
			case yes:
				return no
			case no:
				return yes
			}
			return null
		}
	case e.accept("("):
		c := e.chain()
		e.expect(")")
		return c
	case e.accept("exists"):
		code := e.option()
		return func(c client) truth { _, ok := c.option(code); return truthOf(ok) }
	}
	return e.comparison()
}

func (e *expression) comparison() condition {
	left := e.data()
	if e.err != nil {
		return nil
	}
	op := e.take()
	if !op.is("=") && !op.is("!=") {
		if op.is("~=") || op.is("~~") {
			e.fail(op, "compare with = and substring()", "patterns are not supported")
		}
		e.missing(op, "= or !=")
		return nil
	}
	right := e.data()
	return func(c client) truth {
		a, aOK := left(c)
		b, bOK := right(c)
		if !aOK || !bOK {
			return null
		}
		return truthOf(bytes.Equal(a, b) == (op.text == "="))
	}
}

func (e *expression) data() data {
	if !e.deeper() {
		return nil
	}
	defer func() { e.depth-- }()
	t := e.take()
	switch {
	case t.kind == kindText:
		return func(client) ([]byte, bool) { return []byte(t.text), true }
	case t.is("option"):
		code := e.option()
		return func(c client) ([]byte, bool) { return c.option(code) }
	case t.is("substring"):
		e.expect("(")
		of := e.data()
		e.expect(",")
		offset := e.number()
		e.expect(",")
		n := e.number()
		e.expect(")")
		return func(c client) ([]byte, bool) {
			v, ok := of(c)
			v = v[min(offset, len(v)):]
			return v[:min(n, len(v))], ok
		}
	case t.is("suffix"):
		e.expect("(")
		of := e.data()
		e.expect(",")
		n := e.number()
		e.expect(")")
		return func(c client) ([]byte, bool) {
			v, ok := of(c)
			return v[max(0, len(v)-n):], ok
		}
	case t.kind == kindWord && strings.Contains(t.text, ":"):
		value, ok := parseHex(t)
		if !ok {
			e.fail(t, "bytes are written in hex, with colons: 00:07", "%s is no value", t)
		}
		return func(client) ([]byte, bool) { return value, true }
	case t.kind == kindWord && t.text[0] >= '0' && t.text[0] <= '9':
		e.fail(t, "options are compared as bytes: option arch = 00:07", "%s is a number, which no option equals", t)
	case t.kind == kindWord:
		e.fail(t, "conditions can ask for vendor-class-identifier, user-class and the architecture (code 93), with substring() and suffix()", "%s is not supported in a condition", t)
	default:
		e.missing(t, "a value")
	}
	return nil
}

func (e *expression) number() int {
	t := e.take()
	n, err := strconv.ParseUint(t.text, 10, 16)
	if err != nil || t.kind != kindWord {
		e.missing(t, "a number")
	}
	return int(n)
}

// option is the code of an option by name. Of suboptions only those of iPXE can
// be asked for that every iPXE sends, and then it is the option around them.
func (e *expression) option() uint8 {
	t := e.take()
	o, known := e.names[strings.ToLower(t.text)]
	_, sub, dotted := strings.Cut(t.text, ".")
	switch {
	case t.kind != kindWord:
		e.missing(t, "the name of an option")
	case !known:
		e.fail(t, "define it before: option "+t.text+" code N = TYPE;", "option %s is not known", t)
	case dotted && o.space != "" && (sub == "bus-id" || sub == "version") && (o.code == 177 || o.code == 235):
		return 175
	case o.space != "":
		e.fail(t, `ask for iPXE with: exists user-class and option user-class = "iPXE"`, "%s is not supported in a condition", t)
	case !readable(o.code):
		e.fail(t, "conditions can ask for vendor-class-identifier, user-class and the architecture (code 93); write a host for one machine", "option %s is not supported in a condition: it is not the same for all machines of a kind", t)
	}
	return o.code
}
