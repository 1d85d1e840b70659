package tftp

import (
	"fmt"
	"net/netip"
	"strings"
)

// Bounds of the work for one name. tftpd-hpa gives up after as many rules too,
// but has no bound for a rule that is repeated (g).
const (
	maxRewriteSteps = 1024
	maxRewriteBytes = 1024 // of a name on the way
)

// errRewrite is how tftpd-hpa answers when its rules do not come to an end.
var errRewrite = &Error{CodeAccess, "Remap table failure"}

// Rules rewrite file names as the rules of tftpd-hpa do; see ParseRules.
type Rules []rule

// rule is one line of a map file.
type rule struct {
	regexp  matcher
	text    string // that replaces the match, or is the message of refuse
	rewrite bool   // r
	repeat  bool   // g
	end     bool   // e
	restart bool   // s
	refuse  bool   // a
	inverse bool   // ~
	only4   bool   // 4
	only6   bool   // 6
	request Op     // G or P; 0 for both
}

// matcher is the one method of a *regexp.Regexp that rules need.
type matcher interface {
	FindStringSubmatchIndex(s string) []int
}

// Rewrite is what name becomes for a request by client, OpRRQ or OpWRQ. The
// error is an *Error: code 2 for a name that a rule refuses, or when the rules
// turn in a circle.
func (rules Rules) Rewrite(name string, op Op, client netip.Addr) (string, error) {
	client = client.Unmap()
	steps := maxRewriteSteps
	for i := 0; i < len(rules); i++ {
		r := &rules[i]
		if !r.appliesTo(op, client) {
			continue
		}
		matched := false
		for {
			if steps--; steps < 0 {
				return "", errRewrite
			}
			match := r.regexp.FindStringSubmatchIndex(name)
			if (match != nil) == r.inverse {
				break
			}
			matched = true
			switch {
			case r.refuse && r.text == "":
				return "", &Error{CodeAccess, "Access denied"}
			case r.refuse:
				return "", &Error{CodeAccess, r.expand(name, match, client)}
			case r.rewrite:
				name = r.expand(name, match, client)
			}
			if len(name) > maxRewriteBytes {
				return "", errRewrite
			}
			if !r.repeat {
				break
			}
		}
		switch {
		case matched && r.end:
			return name, nil
		case matched && r.restart:
			i = -1
		}
	}
	return name, nil
}

func (r *rule) appliesTo(op Op, client netip.Addr) bool {
	return (r.request == 0 || r.request == op) && (!r.only4 || client.Is4()) && (!r.only6 || client.Is6())
}

// expand is name with the match replaced by the rule's text. match is nil for an
// inverse rule, whose text stands alone.
func (r *rule) expand(name string, match []int, client netip.Addr) string {
	var b strings.Builder
	if match != nil {
		b.WriteString(name[:match[0]])
	}
	var from, to byte // the letters to change, and the first of what they become
	write := func(s string) {
		for _, c := range []byte(s) {
			if c >= from && c < from+26 && from != 0 {
				c += to - from
			}
			b.WriteByte(c)
		}
	}
	for rest := r.text; rest != ""; {
		c := rest[:1]
		rest = rest[1:]
		if c != `\` || rest == "" {
			write(c)
			continue
		}
		c, rest = rest[:1], rest[1:]
		switch c {
		case "U":
			from, to = 'a', 'A'
		case "L":
			from, to = 'A', 'a'
		case "E":
			from, to = 0, 0
		case "i":
			write(client.WithZone("").String())
		case "x":
			write(HexAddr(client))
		case "0", "1", "2", "3", "4", "5", "6", "7", "8", "9":
			write(group(name, match, int(c[0]-'0')))
		default:
			write(c)
		}
	}
	if match != nil {
		b.WriteString(name[match[1]:])
	}
	return b.String()
}

// group is what the nth pair of parentheses matched, "" if there is none.
func group(name string, match []int, n int) string {
	if 2*n+1 >= len(match) || match[2*n] < 0 {
		return ""
	}
	return name[match[2*n]:match[2*n+1]]
}

// HexAddr is an address as boot loaders name files after it: C0000207 for
// 192.0.2.7.
func HexAddr(a netip.Addr) string { return fmt.Sprintf("%X", a.Unmap().AsSlice()) }
