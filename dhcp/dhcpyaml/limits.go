package dhcpyaml

import (
	"fmt"

	"github.com/goccy/go-yaml/token"
)

// What the parser is given. It calls itself for each level, and in blocks for each
// key beside another; a stack that is full cannot be caught, and the time for
// keys beside each other grows with the square of their number.
const (
	maxDepth = 64
	maxInner = 200 // the column in which an entry of a list may begin
	maxKeys  = 1000
)

// refused is the first token that is nested too deeply, or a key with too many
// beside it, or of a form that needs such a limit and nobody needs; nil: there is
// none.
func refused(tokens token.Tokens) (t *token.Token, problem, hint string) {
	const deep, shallower = "nested too deeply", "write fewer lists in lists"
	depth := 0
	var open blocks
	for _, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			if depth++; depth > maxDepth {
				return t, deep, shallower
			}
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType, token.AnchorType, token.TagType:
			if t.Position.Column > maxInner {
				return t, deep, shallower
			}
			open.close(t.Position.Column)
		case token.MappingValueType:
			if depth <= 0 && t.Prev != nil && open.key(t.Prev.Position.Column) > maxKeys {
				return t, fmt.Sprintf("more than %d keys beside each other", maxKeys), "make it a list, or write them as {a: b, c: d}"
			}
		case token.MappingKeyType:
			return t, `a key that begins with "?" is not read`, "write a word and a colon"
		case token.DirectiveType:
			return t, "a directive (%) is not read", "leave it out"
		}
	}
	return nil, "", ""
}

// blocks counts the keys of the blocks that are open, the outermost first.
type blocks []struct{ column, keys int }

// close ends the blocks that began after a column.
func (b *blocks) close(column int) {
	for len(*b) > 0 && (*b)[len(*b)-1].column > column {
		*b = (*b)[:len(*b)-1]
	}
}

// key notes one, and returns how many its block has.
func (b *blocks) key(column int) int {
	b.close(column)
	if len(*b) == 0 || (*b)[len(*b)-1].column < column {
		*b = append(*b, struct{ column, keys int }{column: column})
	}
	(*b)[len(*b)-1].keys++
	return (*b)[len(*b)-1].keys
}
