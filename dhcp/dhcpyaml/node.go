package dhcpyaml

import "strconv"

// node is a value in a file: what a form reads, and what it makes to be written.
type node struct {
	kind         nodeKind
	line, column int
	text         string // of a scalar, without quotes
	items        []*node
	pairs        []pair
}

// pair is a key of a map and its value.
type pair struct {
	key   *node
	value *node // nil, to be written: the key is not set
	keyInfo
}

// nodeKind is what a node is to YAML.
type nodeKind uint8

const (
	kindText nodeKind = iota
	kindNumber
	kindBool
	kindNull
	kindList
	kindMap
	kindBroken // told of already
)

func (k nodeKind) String() string {
	return [...]string{"text", "a number", "true or false", "nothing", "a list", "keys and values", "nothing that can be read"}[k]
}

func (n *node) scalar() bool { return n.kind < kindNull }

// value is the value of a key; nil: it is not there.
func (n *node) value(key string) *node {
	for _, p := range n.pairs {
		if p.key.text == key {
			return p.value
		}
	}
	return nil
}

// entry is one of a list, or the whole where a list of one is written without.
func (n *node) entry(i int) *node {
	switch {
	case n.kind != kindList:
		return n
	case i < len(n.items):
		return n.items[i]
	}
	return nil
}

func textNode(text string) *node   { return &node{kind: kindText, text: text} }
func numberNode(text string) *node { return &node{kind: kindNumber, text: text} }

// describe says what there is in place of something else.
func (n *node) describe() string {
	if n.scalar() {
		return strconv.Quote(n.text)
	}
	return n.kind.String()
}
