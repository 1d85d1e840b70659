package dhcpyaml

import (
	"errors"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// maxSize is what a file may have, in bytes: that of 60,000 hosts.
const maxSize = 4 << 20

// parse reads the text of a file as one tree; nil is an empty file or, with
// faults, one that is none.
func (r *reader) parse(data []byte) *node {
	start := &node{line: 1, column: 1}
	switch {
	case len(data) > maxSize:
		r.fault(start, "split the network over several servers", "the file has more than %d bytes", maxSize)
		return nil
	case !utf8.Valid(data):
		r.fault(start, "save it as UTF-8", "the file is not UTF-8 text")
		return nil
	}
	tokens := lexer.Tokenize(string(data))
	if t, problem, hint := refused(tokens); t != nil {
		r.fault(at(t), hint, "%s", problem)
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		r.syntax(err)
		return nil
	}
	var root *node
	for i, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if i > 0 && root != nil {
			r.fault(placeOf(doc.Body), "make it one", "a second document in the file")
			return nil
		}
		root = r.convert(doc.Body)
	}
	if root != nil && root.kind == kindNull {
		return nil
	}
	return root
}

// syntax tells what the parser could not read.
func (r *reader) syntax(err error) {
	place, problem := &node{line: 1, column: 1}, "it cannot be read"
	var e interface {
		GetToken() *token.Token
		GetMessage() string
	}
	if errors.As(err, &e) {
		problem = e.GetMessage()
		if t := e.GetToken(); t != nil && t.Position != nil {
			place = at(t)
		}
	}
	r.fault(place, "see the indentation, and put texts with signs into quotes", "not YAML: %s", problem)
}

func at(t *token.Token) *node {
	return &node{line: max(t.Position.Line, 1), column: max(t.Position.Column, 1)}
}

// placeOf is where a value begins.
func placeOf(n ast.Node) *node {
	switch m := n.(type) {
	case *ast.MappingNode:
		if !m.IsFlowStyle && len(m.Values) > 0 {
			return placeOf(m.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return placeOf(m.Key)
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return at(t)
	}
	return &node{line: 1, column: 1}
}

// convert makes a node of the parser's.
func (r *reader) convert(from ast.Node) *node {
	n := placeOf(from)
	switch v := from.(type) {
	case *ast.StringNode:
		n.text = v.Value
	case *ast.LiteralNode:
		n.text = v.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		n.kind, n.text = kindNumber, from.GetToken().Value
	case *ast.BoolNode:
		n.kind, n.text = kindBool, v.GetToken().Value
	case *ast.NullNode:
		n.kind = kindNull
	case *ast.SequenceNode:
		n.kind = kindList
		for _, item := range v.Values {
			n.items = append(n.items, r.convert(item))
		}
	case *ast.MappingNode:
		n.kind = kindMap
		for _, value := range v.Values {
			r.convertPair(n, value)
		}
	case *ast.MappingValueNode:
		n.kind = kindMap
		r.convertPair(n, v)
	case *ast.AnchorNode, *ast.AliasNode:
		r.fault(n, "write the value out where it belongs", "anchors and aliases are not read")
		n.kind = kindBroken
	case *ast.TagNode:
		r.fault(n, "leave it out", "the tag %s is not read", v.GetToken().Value)
		n.kind = kindBroken
	default:
		r.fault(n, "write a value, a list or keys", "%s is not read", from.Type())
		n.kind = kindBroken
	}
	return n
}

func (r *reader) convertPair(n *node, v *ast.MappingValueNode) {
	key := placeOf(v.Key)
	switch v.Key.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode:
		key.text = v.Key.GetToken().Value
	default:
		r.fault(key, "write a word and a colon", "%s as a key is not read", v.Key.Type())
		return
	}
	n.pairs = append(n.pairs, pair{key: key, value: r.convert(v.Value)})
}
