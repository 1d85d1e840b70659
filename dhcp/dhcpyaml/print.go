package dhcpyaml

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Write writes a Document that Validate accepts, with a comment for each key
// where it stands for the first time. What Read makes of it is the same
// Document. The error is that of w, or of a text that is not UTF-8, which YAML
// cannot hold.
func Write(w io.Writer, d Document) error {
	p := &printer{told: make(map[string]bool)}
	p.mapping(documentForm().node(&d), "", "", "")
	if p.broken != "" {
		return fmt.Errorf("%q is not UTF-8, and YAML holds nothing else", p.broken)
	}
	_, err := w.Write(p.out.Bytes())
	return err
}

// printer writes nodes.
type printer struct {
	out    bytes.Buffer
	told   map[string]bool // the keys that have had their comment, by path
	broken string          // a text that cannot be written
}

// mapping writes keys and values. The first line begins with first, the others
// with indent, which is as long.
func (p *printer) mapping(n *node, path, first, indent string) {
	for _, pair := range n.pairs {
		at := path + "." + pair.key.text
		fresh := pair.doc != "" && !p.told[at]
		p.told[at] = true
		if pair.value == nil && !fresh {
			continue
		}
		if fresh {
			p.comment(pair.doc, path == "", first)
		}
		if pair.value == nil {
			fmt.Fprintf(&p.out, "%s# %s: %s # the default\n", indent, pair.key.text, pair.standard)
			continue
		}
		fmt.Fprintf(&p.out, "%s%s:", first, pair.key.text)
		p.value(pair.value, at, indent)
		if fresh && pair.value.scalar() && pair.value.text == pair.standard {
			p.out.WriteString(" # the default")
		}
		p.out.WriteByte('\n')
		first = indent
	}
}

// comment writes what a key is, above the line that begins with first. A key of
// the whole is apart from the one before it.
func (p *printer) comment(doc string, apart bool, first string) {
	if apart && p.out.Len() > 0 {
		p.out.WriteByte('\n')
	}
	indent, _, _ := strings.Cut(first, "-")
	line := indent + "#"
	for word := range strings.FieldsSeq(doc) {
		if len(line)+1+len(word) > width {
			p.out.WriteString(line + "\n")
			line = indent + "#"
		}
		line += " " + word
	}
	p.out.WriteString(line + "\n")
}

// width is how long a line gets, if it can be cut.
const width = 90

// value writes what stands behind a key and its colon.
func (p *printer) value(n *node, path, indent string) {
	switch {
	case n.scalar():
		p.out.WriteString(" " + p.quote(n))
	case n.kind == kindMap && n.empty():
		p.out.WriteString(" {}")
	case n.kind == kindMap:
		p.out.WriteByte('\n')
		p.mapping(n, path, indent+"  ", indent+"  ")
		p.out.Truncate(p.out.Len() - 1)
	default:
		p.list(n, path, indent)
	}
}

func (p *printer) list(n *node, path, indent string) {
	var words []string
	for _, item := range n.items {
		if item.scalar() {
			words = append(words, p.quote(item))
		}
	}
	if line := " [" + strings.Join(words, ", ") + "]"; len(words) == len(n.items) && len(line) < width {
		p.out.WriteString(line)
		return
	}
	for _, item := range n.items {
		p.out.WriteByte('\n')
		if item.scalar() || item.empty() {
			p.out.WriteString(indent + "  -")
			p.value(item, path, indent)
			continue
		}
		p.mapping(item, path, indent+"  - ", indent+"    ")
		p.out.Truncate(p.out.Len() - 1)
	}
}

// empty reports whether nothing is set in a map.
func (n *node) empty() bool {
	return !slices.ContainsFunc(n.pairs, func(p pair) bool { return p.value != nil })
}

// plain are texts that every reader of YAML takes for texts, without quotes:
// words, names of files, URLs, addresses, times, MACs with a letter.
var plain = regexp.MustCompile(`^([A-Za-z/][A-Za-z0-9_./-]*(://[A-Za-z0-9_./:?=&%+-]*[A-Za-z0-9_/])?` +
	`|[0-9]+(\.[0-9]+){3}(/[0-9]+|-[0-9]+(\.[0-9]+){3})?|([0-9]+[hms])+|[0-9a-f]{2}(:[0-9a-f]{2})*:[a-f][0-9a-f](:[0-9a-f]{2})*)$`)

// reserved are words that some readers of YAML take for something else.
var reserved = []string{"true", "false", "yes", "no", "on", "off", "null", "y", "n"}

// quote writes a scalar, in quotes where it could be taken for another.
func (p *printer) quote(n *node) string {
	if !utf8.ValidString(n.text) {
		p.broken = n.text
	}
	if n.kind != kindText || plain.MatchString(n.text) && !slices.Contains(reserved, strings.ToLower(n.text)) {
		return n.text
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range n.text {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case unicode.IsPrint(r) && r != utf8.RuneError:
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
