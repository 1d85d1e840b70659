package dhcpdconf

import "path/filepath"

// The limits of what is read, against files that include each other and against
// those that are no configuration.
const (
	maxDepth   = 32      // of blocks in blocks
	maxInclude = 8       // of files in files
	maxFiles   = 1000    // in all
	maxBytes   = 4 << 20 // in all, some 30,000 hosts
)

// statement is words up to a semicolon, or words and a block.
type statement struct {
	words    []token // at least one
	block    []statement
	hasBlock bool
}

// pos is where the statement begins.
func (s *statement) pos() Pos { return s.words[0].Pos }

// is reports whether the statement begins with these keywords.
func (s *statement) is(keywords ...string) bool {
	if len(s.words) < len(keywords) {
		return false
	}
	for i, k := range keywords {
		if !s.words[i].is(k) {
			return false
		}
	}
	return true
}

// inRecord reports whether the next brace is one of the type in `option NAME code
// N = { integer 8, text }`.
func (s *statement) inRecord() bool {
	return len(s.words) > 4 && s.is("option") && s.words[2].is("code")
}

// parser makes statements from files.
type parser struct {
	open         func(name string) ([]byte, error)
	files, bytes int
}

// file parses a whole file; depth counts the files and blocks around it.
func (p *parser) file(name string, from Pos, includes, blocks int) ([]statement, error) {
	src, err := p.open(name)
	if err != nil && includes == 0 {
		return nil, err
	}
	if err != nil {
		return nil, errorAt(from, "the name is relative to the file that has it", "%v", err)
	}
	p.files, p.bytes = p.files+1, p.bytes+len(src)
	if p.files > maxFiles || p.bytes > maxBytes {
		return nil, errorAt(from, "does a file include itself?", "more than %d files or %d MiB in all", maxFiles, maxBytes>>20)
	}
	l := newLexer(name, src)
	list, end, err := p.list(l, includes, blocks)
	if err == nil && end.kind != kindEnd {
		err = errorAt(end.Pos, "remove it", "a } without its {")
	}
	return list, err
}

// list parses statements up to a } or the end of the file, which it returns.
func (p *parser) list(l *lexer, includes, blocks int) (list []statement, end token, err error) {
	if blocks > maxDepth {
		return nil, end, errorAt(l.pos, "is a } missing?", "blocks are more than %d deep", maxDepth)
	}
	for {
		s, end, err := p.statement(l, includes, blocks)
		if err != nil || len(s.words) == 0 {
			return list, end, err
		}
		if s.is("include") {
			included, err := p.include(s, includes, blocks)
			if err != nil {
				return nil, end, err
			}
			list = append(list, included...)
			continue
		}
		list = append(list, s)
	}
}

// statement parses one; without words there was none before end.
func (p *parser) statement(l *lexer, includes, blocks int) (s statement, end token, err error) {
	for {
		t, err := l.next()
		if err != nil {
			return s, t, err
		}
		switch {
		case t.kind == kindEnd && len(s.words) > 0:
			return s, t, errorAt(s.pos(), "end it with ;", "%s is not finished at the end of the file", s.words[0])
		case s.inRecord() && (t.is("{") || t.is("}")):
			s.words = append(s.words, t)
		case t.is("}") && len(s.words) > 0:
			return s, t, errorAt(t.Pos, "write ; before it", "} in the middle of %s", s.words[0])
		case t.kind == kindEnd, t.is("}"):
			return s, t, nil
		case t.is(";") && len(s.words) == 0: // a stray one means nothing
		case t.is(";"):
			return s, t, nil
		case t.is("{") && len(s.words) == 0:
			return s, t, errorAt(t.Pos, "name it: subnet, group, host ...", "a block of nothing")
		case t.is("{"):
			s.hasBlock = true
			var end token
			s.block, end, err = p.list(l, includes, blocks+1)
			if err == nil && end.kind == kindEnd {
				err = errorAt(t.Pos, "write } where the block ends", "the block of %s is not closed", s.words[0])
			}
			return s, end, err
		default:
			s.words = append(s.words, t)
		}
	}
}

// include is the statements of another file, which stand in the place of s.
func (p *parser) include(s statement, includes, blocks int) ([]statement, error) {
	if s.hasBlock || len(s.words) != 2 || s.words[1].kind != kindText {
		return nil, errorAt(s.pos(), `write include "file";`, "include needs the name of a file")
	}
	if includes == maxInclude {
		return nil, errorAt(s.pos(), "does a file include itself?", "files include files more than %d deep", maxInclude)
	}
	name := s.words[1].text
	if !filepath.IsAbs(name) {
		name = filepath.Join(filepath.Dir(s.pos().File), name)
	}
	return p.file(name, s.words[1].Pos, includes+1, blocks)
}
