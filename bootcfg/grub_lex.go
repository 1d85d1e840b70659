package bootcfg

import "strings"

// grubToken is a word of a GRUB script, or one of the characters that stand
// alone: newline, ; { } and the ones that GRUB reserves and does not use.
type grubToken struct {
	line  int
	word  grubWord
	punct byte // 0 for a word; '\n' for the end of the text as well
	end   bool // the end of the text
}

// grubWord is text and variables side by side, such as (http,$server)/x.
type grubWord []grubPart

type grubPart struct {
	text     string // literal text, or the name of a variable
	variable bool
	quoted   bool // inside quotes, or escaped: never split, never a keyword
}

// plain is the word when it is one piece of unquoted text: only such a word is
// a keyword.
func (w grubWord) plain() string {
	if len(w) == 1 && !w[0].variable && !w[0].quoted {
		return w[0].text
	}
	return ""
}

// literal is the word without its quotes, as far as it goes before the first
// variable; whole reports that there is none.
func (w grubWord) literal() (text string, whole bool) {
	var b strings.Builder
	for _, part := range w {
		if part.variable {
			return b.String(), false
		}
		b.WriteString(part.text)
	}
	return b.String(), true
}

// grubLexer splits a script into tokens (GRUB manual, "Shell-like scripting",
// Quoting).
type grubLexer struct {
	text string
	at   int
	line int

	quote int // line of the quote that the text ends in; 0 for none
}

// next gives the next token; after the end it gives the end again.
func (l *grubLexer) next() grubToken {
	l.blanks()
	token := grubToken{line: l.line}
	if l.at >= len(l.text) {
		token.punct, token.end = '\n', true
		return token
	}
	switch c := l.text[l.at]; c {
	case '\n':
		l.line++
		l.at++
		token.punct = '\n'
	case ';', '{', '}', '&', '|', '<', '>':
		l.at++
		token.punct = c
	default:
		token.word = l.word()
	}
	return token
}

// blanks passes over what separates words: blanks, continued lines, comments.
func (l *grubLexer) blanks() {
	for l.at < len(l.text) {
		rest := l.text[l.at:]
		switch {
		case rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\r':
			l.at++
		case strings.HasPrefix(rest, "\\\n"):
			l.at += 2
			l.line++
		case rest[0] == '#':
			if n := strings.IndexByte(rest, '\n'); n >= 0 {
				l.at += n
			} else {
				l.at = len(l.text)
			}
		default:
			return
		}
	}
}

// word reads up to the next character that ends a word.
func (l *grubLexer) word() grubWord {
	var w grubWord
	for l.at < len(l.text) {
		switch c := l.text[l.at]; {
		case strings.IndexByte(" \t\r\n;{}&|<>", c) >= 0:
			return w
		case c == '\'':
			w = append(w, grubPart{text: l.until('\''), quoted: true})
		case c == '"':
			l.at++
			w = append(w, l.doubleQuoted()...)
		case c == '\\':
			l.at++
			if l.at < len(l.text) {
				if l.text[l.at] == '\n' {
					l.line++
				} else {
					w = append(w, grubPart{text: l.text[l.at : l.at+1], quoted: true})
				}
				l.at++
			}
		case c == '$':
			w = append(w, l.variable(false))
		default:
			start := l.at
			for l.at < len(l.text) && strings.IndexByte(" \t\r\n;{}&|<>'\"\\$", l.text[l.at]) < 0 {
				l.at++
			}
			w = append(w, grubPart{text: l.text[start:l.at]})
		}
	}
	return w
}

// until reads what a character encloses, from there to the next of it.
func (l *grubLexer) until(quote byte) string {
	l.at++
	start := l.at
	end := strings.IndexByte(l.text[start:], quote)
	if end < 0 {
		l.at, l.quote = len(l.text), l.line
	} else {
		l.at = start + end
	}
	s := l.text[start:l.at]
	l.line += strings.Count(s, "\n")
	l.at = min(l.at+1, len(l.text))
	return s
}

// doubleQuoted reads what follows a double quote: variables count, and a
// backslash quotes $ " \ and newline only.
func (l *grubLexer) doubleQuoted() []grubPart {
	parts := []grubPart{{quoted: true}} // "" is an empty word, not none
	line := l.line
	text := func(s string) { parts = append(parts, grubPart{text: s, quoted: true}) }
	for l.at < len(l.text) {
		switch c := l.text[l.at]; {
		case c == '"':
			l.at++
			return parts
		case c == '$':
			parts = append(parts, l.variable(true))
		case c == '\\' && l.at+1 < len(l.text) && strings.IndexByte("$\"\\\n", l.text[l.at+1]) >= 0:
			if l.text[l.at+1] == '\n' {
				l.line++
			} else {
				text(l.text[l.at+1 : l.at+2])
			}
			l.at += 2
		default:
			start := l.at
			l.at++ // a lone backslash stands for itself
			for l.at < len(l.text) && strings.IndexByte("\"$\\", l.text[l.at]) < 0 {
				l.at++
			}
			s := l.text[start:l.at]
			l.line += strings.Count(s, "\n")
			text(s)
		}
	}
	l.quote = line
	return parts
}

// variable reads $name, ${name}, $1 or $?; a dollar alone stands for itself.
func (l *grubLexer) variable(quoted bool) grubPart {
	l.at++
	rest := l.text[l.at:]
	if strings.HasPrefix(rest, "{") {
		if end := strings.IndexByte(rest, '}'); end > 0 {
			l.at += end + 1
			l.line += strings.Count(rest[:end], "\n")
			return grubPart{text: rest[1:end], variable: true, quoted: quoted}
		}
	}
	n := 0
	for n < len(rest) && (inGRUBName(rest[n]) || n > 0 && rest[n] >= '0' && rest[n] <= '9') {
		n++
	}
	if n == 0 && rest != "" && strings.IndexByte("?@*#0123456789", rest[0]) >= 0 {
		n = 1
	}
	if n == 0 {
		return grubPart{text: "$", quoted: true}
	}
	l.at += n
	return grubPart{text: rest[:n], variable: true, quoted: quoted}
}

func inGRUBName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}
