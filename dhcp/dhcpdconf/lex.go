package dhcpdconf

import (
	"strconv"
	"strings"
)

// kind is what a token is.
type kind uint8

const (
	kindEnd  kind = iota // of the file
	kindWord             // name, number, address: whatever stands without quotes
	kindText             // was in quotes; the escapes are resolved
	kindMark             // one of ; { } , ( ) = != ~= ~~
)

// token is one piece of a file.
type token struct {
	Pos
	kind kind
	text string
}

// String is the token as an error shows it.
func (t token) String() string {
	if t.kind == kindEnd {
		return "the end of the file"
	}
	return strconv.Quote(t.text)
}

// is reports whether the token is this keyword or mark. Keywords have no case.
func (t token) is(text string) bool {
	return (t.kind == kindWord || t.kind == kindMark) && strings.EqualFold(t.text, text)
}

// lexer cuts a file into tokens.
type lexer struct {
	src []byte
	at  int
	pos Pos
}

func newLexer(file string, src []byte) *lexer {
	return &lexer{src: src, pos: Pos{File: file, Line: 1, Column: 1}}
}

// step takes n bytes and returns them.
func (l *lexer) step(n int) string {
	taken := string(l.src[l.at : l.at+n])
	for i := range len(taken) {
		l.pos.Column++
		if taken[i] == '\n' {
			l.pos.Line, l.pos.Column = l.pos.Line+1, 1
		}
	}
	l.at += n
	return taken
}

// skip takes blanks and comments.
func (l *lexer) skip() {
	comment := false
	for l.at < len(l.src) {
		switch b := l.src[l.at]; {
		case b == '\n':
			comment = false
		case b == '#':
			comment = true
		case !comment && b != ' ' && b != '\t' && b != '\r' && b != '\f' && b != '\v':
			return
		}
		l.step(1)
	}
}

// next is the next token.
func (l *lexer) next() (token, error) {
	l.skip()
	t := token{Pos: l.pos}
	if l.at == len(l.src) {
		return t, nil
	}
	rest := l.src[l.at:]
	switch b := rest[0]; {
	case b == '"':
		text, err := l.quoted()
		t.kind, t.text = kindText, text
		return t, err
	case strings.IndexByte(";{},()=", b) >= 0:
		t.kind, t.text = kindMark, l.step(1)
	case len(rest) > 1 && (b == '!' && rest[1] == '=' || b == '~' && (rest[1] == '=' || rest[1] == '~')):
		t.kind, t.text = kindMark, l.step(2)
	case isWord(b):
		n := 1
		for n < len(rest) && isWord(rest[n]) {
			n++
		}
		t.kind, t.text = kindWord, l.step(n)
	default:
		return t, errorAt(t.Pos, "texts stand in \"quotes\"", "unexpected character %q", rest[0])
	}
	return t, nil
}

// isWord reports whether a byte may be in a word: names, numbers, addresses and
// bytes in hex are all of these.
func isWord(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || strings.IndexByte("-_.:/%+&*@", b) >= 0
}

// quoted takes a text with its quotes and resolves the escapes: \t \r \n \b,
// \ooo, \xhh, and any other character as itself.
func (l *lexer) quoted() (string, error) {
	start := l.pos
	l.step(1)
	var text []byte
	for l.at < len(l.src) && l.src[l.at] != '\n' {
		b := l.step(1)[0]
		switch {
		case b == '"':
			return string(text), nil
		case b == '\\' && l.at < len(l.src):
			text = append(text, l.escape())
		default:
			text = append(text, b)
		}
	}
	return "", errorAt(start, "write a \" where the text ends", "a text without its closing quote")
}

// escape takes what follows a backslash.
func (l *lexer) escape() byte {
	b := l.src[l.at]
	if i := strings.IndexByte("trnb", b); i >= 0 {
		l.step(1)
		return "\t\r\n\b"[i]
	}
	for _, form := range []struct {
		skip, most, base int
	}{{0, 3, 8}, {1, 2, 16}} {
		if form.base == 16 && b != 'x' {
			continue
		}
		for n := form.most; n > 0; n-- {
			if l.at+form.skip+n > len(l.src) {
				continue
			}
			digits := string(l.src[l.at+form.skip : l.at+form.skip+n])
			if v, err := strconv.ParseUint(digits, form.base, 8); err == nil && strings.IndexByte(digits, '_') < 0 {
				l.step(form.skip + n)
				return byte(v)
			}
		}
	}
	return l.step(1)[0]
}
