package bootcfg

import "fmt"

// grubNesting bounds blocks within blocks.
const grubNesting = 64

type grubKind uint8

const (
	grubCommand  grubKind = iota // words, perhaps with a block: menuentry "x" { ... }
	grubIf                       // branches
	grubLoop                     // for, while, until: body
	grubFunction                 // words[0] is the name, body
	grubGroup                    // { ... }: body
)

// grubStmt is one statement of a script.
type grubStmt struct {
	kind     grubKind
	line     int
	words    []grubWord
	body     []grubStmt
	hasBlock bool
	branches []grubBranch
}

// grubBranch is a condition, nil for else, and what it guards.
type grubBranch struct {
	cond, body []grubStmt
}

// grubParser builds statements. Like GRUB it reads on after an error, and like
// a person it tells of the first, or else of what is never closed, as that
// costs most.
type grubParser struct {
	lex   grubLexer
	token grubToken // the next one
	depth int
	cut   bool // the rest was left out, as blocks are nested too deep
	err   *grubSyntaxError
}

type grubSyntaxError struct {
	line     int
	detail   string
	unclosed bool // the text ends inside a block
}

func parseGRUBScript(text string) ([]grubStmt, *grubSyntaxError) {
	p := &grubParser{lex: grubLexer{text: text, line: 1}}
	p.advance()
	var all []grubStmt
	for !p.token.end {
		all = append(all, p.list()...)
		if !p.token.end { // a } or fi without its beginning
			p.failf("unexpected %s", p.token.show())
			p.advance()
		}
	}
	if p.lex.quote != 0 {
		p.unclosed("quote", p.lex.quote)
	}
	if p.err != nil && p.err.unclosed && len(all) > 0 {
		all = all[:len(all)-1] // GRUB never gets to run it
	}
	return all, p.err
}

func (p *grubParser) advance() { p.token = p.lex.next() }

func (p *grubParser) failf(format string, args ...any) {
	if p.err == nil {
		p.err = &grubSyntaxError{line: p.token.line, detail: fmt.Sprintf(format, args...)}
	}
}

// unclosed records that the text ends before what began at a line.
func (p *grubParser) unclosed(what string, line int) {
	if !p.cut && (p.err == nil || !p.err.unclosed) {
		p.err = &grubSyntaxError{line, fmt.Sprintf("the %s is never closed", what), true}
	}
}

func (t grubToken) show() string {
	switch {
	case t.end:
		return "end of file"
	case t.punct == '\n':
		return "end of line"
	case t.punct != 0:
		return fmt.Sprintf("%q", string(t.punct))
	}
	return fmt.Sprintf("%q", t.word.plain())
}

// list reads statements up to a word that closes the construct around them, a
// closing brace, or the end.
func (p *grubParser) list() []grubStmt {
	var all []grubStmt
	for !p.token.end {
		switch {
		case p.token.punct == '}':
			return all
		case p.token.punct == '\n' || p.token.punct == ';':
			p.advance()
		case p.token.punct != 0 && p.token.punct != '{':
			p.failf("%q has to be quoted", string(p.token.punct))
			p.advance()
		default:
			switch p.token.word.plain() {
			case "then", "elif", "else", "fi", "do", "done":
				return all
			}
			all = append(all, p.statement())
		}
	}
	return all
}

func (p *grubParser) statement() grubStmt {
	p.depth++
	defer func() { p.depth-- }()
	s := grubStmt{line: p.token.line}
	if p.depth > grubNesting {
		p.failf("blocks are nested more than %d deep", grubNesting)
		p.lex.at, p.cut = len(p.lex.text), true
		p.advance()
		return s
	}
	if p.token.punct == '{' {
		s.kind = grubGroup
		s.body = p.block()
		return s
	}
	switch p.token.word.plain() {
	case "if":
		s.kind = grubIf
		s.branches = p.branches()
	case "for", "while", "until":
		s.kind = grubLoop
		p.advance()
		s.words = p.words() // of "for": its variable and values
		s.body = p.list()   // of "while": its condition
		p.expect("do", "loop", s.line)
		s.body = append(s.body, p.list()...)
		p.expect("done", "loop", s.line)
	case "function":
		s.kind = grubFunction
		p.advance()
		s.words = p.words()
		p.newlines()
		s.body = p.block()
	default:
		s.words = p.words()
		if s.hasBlock = p.token.punct == '{'; s.hasBlock {
			s.body = p.block()
		}
	}
	return s
}

// words reads the words up to the end of a command.
func (p *grubParser) words() []grubWord {
	var all []grubWord
	for p.token.punct == 0 {
		all = append(all, p.token.word)
		p.advance()
	}
	return all
}

func (p *grubParser) newlines() {
	for p.token.punct == '\n' && !p.token.end {
		p.advance()
	}
}

// block reads { ... }.
func (p *grubParser) block() []grubStmt {
	line := p.token.line
	if p.token.punct != '{' {
		p.failf("%s where { belongs", p.token.show())
		return nil
	}
	p.advance()
	body := p.list()
	for !p.token.end && p.token.punct != '}' { // a stray fi or done
		p.failf("unexpected %s", p.token.show())
		p.advance()
		body = append(body, p.list()...)
	}
	if p.token.end {
		p.unclosed("{", line)
	} else {
		p.advance()
	}
	return body
}

func (p *grubParser) branches() []grubBranch {
	var all []grubBranch
	line := p.token.line
	for {
		p.advance() // if or elif
		b := grubBranch{cond: p.list()}
		p.expect("then", "if", line)
		b.body = p.list()
		all = append(all, b)
		switch p.token.word.plain() {
		case "elif":
			continue
		case "else":
			p.advance()
			all = append(all, grubBranch{body: p.list()})
		}
		p.expect("fi", "if", line)
		return all
	}
}

// expect passes over a keyword of the construct that began at a line.
func (p *grubParser) expect(word, construct string, line int) {
	switch {
	case p.token.end:
		p.unclosed(construct, line)
	case p.token.punct == 0 && p.token.word.plain() == word:
		p.advance()
	default:
		p.failf("%s where %q belongs", p.token.show(), word)
	}
}
