package tftp

import (
	"errors"
	"fmt"
	"strings"
)

// gnuEscapes are the escapes of GNU's expressions that POSIX does not have.
var gnuEscapes = map[byte]string{
	'w': "[0-9A-Za-z_]", 'W': "[^0-9A-Za-z_]", 's': "[[:space:]]", 'S': "[^[:space:]]", 'b': `\b`, 'B': `\B`,
}

// fromPOSIX turns an extended regular expression of POSIX, as glibc reads it,
// into one of package regexp. What the two read in two ways is rewritten or
// refused; what is wrong in both is left to regexp.
func fromPOSIX(expr string) (string, error) {
	var b strings.Builder
	repeated := false // the last thing was a repetition
	for i := 0; i < len(expr); i++ {
		c := expr[i]
		rest := expr[i+1:]
		wasRepeated := repeated
		repeated = false
		switch {
		case c == '\\' && rest == "":
			return "", errors.New("a backslash at the end")
		case c == '\\':
			i++
			if err := escape(&b, rest[0]); err != nil {
				return "", err
			}
		case c == '[':
			class, n, err := bracket(rest)
			if err != nil {
				return "", err
			}
			b.WriteString(class)
			i += n
		case c == '(' && strings.HasPrefix(rest, "?"):
			return "", errors.New("(? is no group")
		case c == '*' || c == '+' || c == '?' || c == '{':
			if wasRepeated {
				// Lazy in one language, twice repeated in the other.
				return "", fmt.Errorf("%c after a repetition", c)
			}
			repeated = true
			b.WriteByte(c)
			if c != '{' {
				break
			}
			bounds, _, ok := strings.Cut(rest, "}")
			if !ok {
				return "", errors.New("missing }")
			}
			if bounds == "" || strings.Trim(bounds, "0123456789,") != "" {
				return "", fmt.Errorf("{%s} is no repetition", bounds)
			}
			if bounds[0] == ',' {
				b.WriteByte('0')
			}
			b.WriteString(bounds + "}")
			i += len(bounds) + 1
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}

// escape writes what a backslash and c stand for.
func escape(b *strings.Builder, c byte) error {
	gnu, known := gnuEscapes[c]
	switch {
	case known:
		b.WriteString(gnu)
	case c >= '1' && c <= '9':
		return fmt.Errorf(`\%c, a back reference, is not supported`, c)
	case c == '<' || c == '>':
		return fmt.Errorf(`\%c is not supported: use \b`, c)
	case c == '`' || c == '\'':
		return fmt.Errorf(`\%c is not supported: use ^ or $`, c)
	case c == '0' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= 0x80:
		b.WriteByte(c) // itself, and not what it means to regexp
	default:
		b.WriteString(`\` + string(c))
	}
	return nil
}

// bracket reads what follows a [ up to its ], where a backslash is a character
// like any other. n is how many bytes that are.
func bracket(s string) (class string, n int, err error) {
	var b strings.Builder
	b.WriteByte('[')
	if strings.HasPrefix(s, "^") {
		b.WriteByte('^')
		n++
	}
	for first := n; n < len(s); {
		c := s[n]
		switch {
		case c == ']' && n > first:
			return b.String() + "]", n + 1, nil
		case c == '[' && n+1 < len(s) && strings.IndexByte(":.=", s[n+1]) >= 0:
			end := strings.Index(s[n+2:], s[n+1:n+2]+"]")
			if end < 0 || s[n+1] != ':' {
				return "", 0, fmt.Errorf("[%c in brackets is not supported", s[n+1])
			}
			b.WriteString(s[n : n+2+end+2])
			n += 2 + end + 2
			continue
		case c == '\\' || c == '[' || c == ']':
			b.WriteByte('\\')
		}
		b.WriteByte(c)
		n++
	}
	return "", 0, errors.New("missing ]")
}
