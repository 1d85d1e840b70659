package tftp

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"regexp/syntax"
	"strings"
)

// ParseRules reads rules as in the map file of tftpd-hpa; file is its name for
// the errors, which tell the line. A line is
//
//	OPERATION REGEXP [REPLACEMENT]   # comment
//
// with the operation made of the letters
//
//	r  replace what matches by the replacement   i  regardless of case
//	g  again, until nothing matches (with r)     ~  if nothing matches (not with r)
//	e  stop after this rule                      G  for downloads only
//	s  start again with the first rule           P  for uploads only
//	a  refuse; the replacement is the message    4 6  for clients of IPv4, IPv6 only
//
// and in the replacement \0 the match, \1 to \9 its groups, \i the client's
// address, \x the same in hexadecimal, \U \L \E upper, lower and unchanged case
// from here on. Any other character after a backslash stands for itself, a blank
// and a # need one.
//
// Expressions are extended ones of POSIX (the longest of the leftmost matches)
// with GNU's \w \W \s \S \b \B. What differs from tftpd-hpa 5.2: back references
// and \< \> are refused, for they have no bounded time or no equal here; where
// several ways to split a match into groups are possible another may be taken;
// "." is a character of UTF-8, not a byte; after s the first rule is really
// looked at again, as its manual says; and words behind the replacement, which
// it ignores, are refused.
func ParseRules(r io.Reader, file string) (Rules, error) {
	var rules Rules
	lines := bufio.NewScanner(r)
	n := 1
	for ; lines.Scan(); n++ {
		words, err := splitRule(lines.Text())
		if err == nil && len(words) > 0 {
			var rule rule
			rule, err = parseRule(words)
			rules = append(rules, rule)
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, n, err)
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, fmt.Errorf("%s:%d: %w: a line of more than %d bytes", file, n, ErrRuleSize, bufio.MaxScanTokenSize)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return rules, nil
}

// ErrRuleSize says that a rule would cost too much, though tftpd-hpa may take it.
var ErrRuleSize = errors.New("larger than is taken here")

// isTooLarge reports whether package regexp knows no mistake in an expression, and
// refuses only what it would cost.
func isTooLarge(err error) bool {
	var e *syntax.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case syntax.ErrInvalidRepeatSize, syntax.ErrLarge, syntax.ErrNestingDepth:
		return true
	}
	return false
}

// splitRule cuts a line into words, at blanks without a backslash before, and
// drops the comment. Backslashes stay.
func splitRule(line string) ([]string, error) {
	var words []string
	var word []byte
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == 0:
			return nil, fmt.Errorf("a NUL in the line")
		case c == '\\' && i+1 < len(line):
			i++
			word = append(word, c, line[i])
			continue
		case c != '#' && !strings.ContainsRune(" \t\v\f\r", rune(c)):
			word = append(word, c)
			continue
		}
		if len(word) > 0 {
			words = append(words, string(word))
			word = nil
		}
		if c == '#' {
			return words, nil
		}
	}
	if len(word) > 0 {
		words = append(words, string(word))
	}
	return words, nil
}

func parseRule(words []string) (rule, error) {
	var r rule
	flags := ""
	for _, c := range words[0] {
		switch c {
		case 'r':
			r.rewrite = true
		case 'g':
			r.repeat = true
		case 'i':
			flags = "(?i)"
		case 'e':
			r.end = true
		case 's':
			r.restart = true
		case 'a':
			r.refuse = true
		case '~':
			r.inverse = true
		case '4':
			r.only4 = true
		case '6':
			r.only6 = true
		case 'G', 'P':
			op := OpRRQ
			if c == 'P' {
				op = OpWRQ
			}
			if r.request != 0 && r.request != op {
				return r, fmt.Errorf("%s: G and P exclude each other", words[0])
			}
			r.request = op
		default:
			return r, fmt.Errorf("%q is no operation: want letters of rgiesaGP~46", c)
		}
	}
	switch {
	case r.rewrite && r.inverse:
		return r, fmt.Errorf("%s: r has nothing to replace under ~", words[0])
	case r.only4 && r.only6:
		return r, fmt.Errorf("%s: 4 and 6 exclude each other", words[0])
	case len(words) < 2:
		return r, fmt.Errorf("no expression after %s", words[0])
	case len(words) > 3:
		return r, fmt.Errorf(`unexpected %q: a blank in an expression or a replacement is written "\ "`, words[3])
	}
	// Without r there is nothing to repeat.
	r.repeat = r.repeat && r.rewrite
	expr, err := fromPOSIX(words[1])
	if err != nil {
		return r, fmt.Errorf("expression %s: %w", words[1], err)
	}
	compiled, err := regexp.Compile(flags + expr)
	if isTooLarge(err) {
		return r, fmt.Errorf("expression %s: %w: %w", words[1], ErrRuleSize, err)
	}
	if err != nil {
		return r, fmt.Errorf("expression %s: %w", words[1], err)
	}
	compiled.Longest()
	r.regexp = compiled
	if len(words) == 3 {
		r.text = words[2]
	}
	return r, nil
}
