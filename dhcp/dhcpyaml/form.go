package dhcpyaml

import (
	"cmp"
	"maps"
	"slices"
)

// form is how values of a type stand in a file.
type form[T any] interface {
	// read sets v, as far as the node is right, and tells what is wrong.
	read(r *reader, n *node, v *T)
	// node is the value, to be written.
	node(v *T) *node
	schema(d definitions) schema
}

// scalar is a single value.
type scalar[T any] struct {
	what   string // "an IPv4 address"
	like   string // how one is written; "": as one of the words
	words  []string
	number bool // YAML may take it for a number
	parse  func(text string) (T, bool)
	format func(T) string
	shape  schema
}

func (f scalar[T]) read(r *reader, n *node, v *T) {
	if n.kind == kindBroken {
		return
	}
	if n.kind == kindText || n.kind == kindNumber && f.number {
		if value, ok := f.parse(n.text); ok {
			*v = value
			return
		}
		r.fault(n, f.hint(n.text), "%q is not %s", n.text, f.what)
		return
	}
	hint := f.hint("")
	if n.kind == kindNumber || n.kind == kindBool {
		hint = `write it in quotes: "` + n.text + `"`
	}
	r.fault(n, hint, "%s, not %s", n.kind, f.what)
}

func (f scalar[T]) hint(text string) string {
	if near := nearest(text, f.words); near != "" || f.like == "" {
		return suggest(text, f.words)
	}
	return "write it like " + f.like
}

func (f scalar[T]) node(v *T) *node           { return textNode(f.format(*v)) }
func (f scalar[T]) schema(definitions) schema { return f.shape }

// list is one or more values. One may stand without being a list.
type list[T any] struct{ of form[T] }

func (f list[T]) read(r *reader, n *node, v *[]T) {
	items := n.items
	if n.kind != kindList {
		items = []*node{n}
	}
	for _, item := range items {
		var one T
		f.of.read(r, item, &one)
		*v = append(*v, one)
	}
}

func (f list[T]) node(v *[]T) *node {
	n := &node{kind: kindList}
	for i := range *v {
		n.items = append(n.items, f.of.node(&(*v)[i]))
	}
	return n
}

func (f list[T]) schema(d definitions) schema {
	one := f.of.schema(d)
	return schema{"anyOf": []schema{one, {"type": "array", "items": one}}}
}

// dict is values by words.
type dict[K cmp.Ordered, V any] struct {
	key   scalar[K]
	value form[V]
}

func (f dict[K, V]) read(r *reader, n *node, v *map[K]V) {
	if !r.isMap(n) {
		return
	}
	*v = make(map[K]V, len(n.pairs))
	for _, p := range n.pairs {
		key, ok := f.key.parse(p.key.text)
		if !ok {
			r.fault(p.key, f.key.hint(p.key.text), "%q is not %s", p.key.text, f.key.what)
			continue
		}
		if _, dup := (*v)[key]; dup {
			r.twice(p.key)
			continue
		}
		var value V
		f.value.read(r, p.value, &value)
		(*v)[key] = value
	}
}

func (f dict[K, V]) node(v *map[K]V) *node {
	n := &node{kind: kindMap}
	for _, key := range slices.Sorted(maps.Keys(*v)) {
		value := (*v)[key]
		n.pairs = append(n.pairs, pair{key: textNode(f.key.format(key)), value: f.value.node(&value)})
	}
	return n
}

func (f dict[K, V]) schema(d definitions) schema {
	return schema{"type": "object", "propertyNames": f.key.shape, "additionalProperties": f.value.schema(d)}
}

// optional is a value that may be absent.
type optional[T any] struct{ of form[T] }

func (f optional[T]) read(r *reader, n *node, v **T) {
	*v = new(T)
	f.of.read(r, n, *v)
}

func (f optional[T]) node(v **T) *node            { return f.of.node(*v) }
func (f optional[T]) schema(d definitions) schema { return f.of.schema(d) }

// named is a form that others share, or that is part of itself.
type named[T any] struct {
	name string
	form func() form[T]
}

func (f named[T]) read(r *reader, n *node, v *T) { f.form().read(r, n, v) }
func (f named[T]) node(v *T) *node               { return f.form().node(v) }

func (f named[T]) schema(d definitions) schema {
	if _, known := d[f.name]; !known {
		d[f.name] = nil // so that a form which is part of itself ends
		d[f.name] = f.form().schema(d)
	}
	return schema{"$ref": "#/$defs/" + f.name}
}

func (r *reader) isMap(n *node) bool {
	if n.kind != kindMap && n.kind != kindBroken {
		r.fault(n, "write keys with their values, each in a line of its own", "%s, not keys and values", n.kind)
	}
	return n.kind == kindMap
}

func (r *reader) twice(key *node) {
	r.fault(key, "join the two", "%s is there twice", key.text)
}
