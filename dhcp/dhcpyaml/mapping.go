package dhcpyaml

import "reflect"

// mapping is a struct, as keys with values.
type mapping[T any] struct {
	keys []key[T]
	// whole looks at all that was read together; nil: there is nothing to see.
	whole func(r *reader, n *node, v *T)
}

// key is one key of a mapping.
type key[T any] interface {
	info() keyInfo
	read(r *reader, n *node, v *T)
	node(v *T) *node // nil: it is not set
	schema(d definitions) schema
}

// keyInfo is what people are told of a key.
type keyInfo struct {
	name     string
	doc      string // what it is, in sentences
	standard string // what counts where it is not set, as it would be written; "": nothing, or the doc tells
	required bool
}

func (f mapping[T]) read(r *reader, n *node, v *T) {
	if !r.isMap(n) {
		return
	}
	seen := make(map[string]bool)
	for _, p := range n.pairs {
		name := p.key.text
		k := f.key(name)
		switch {
		case k == nil:
			r.fault(p.key, suggest(name, f.names()), "unknown key %q", name)
		case seen[name]:
			r.twice(p.key)
		case p.value.kind == kindNull:
			r.fault(p.key, "give it one, or leave the key out", "%s has no value", name)
		default:
			k.read(r, p.value, v)
		}
		seen[name] = true
	}
	for _, k := range f.keys {
		if info := k.info(); info.required && !seen[info.name] {
			r.fault(n, "add it", "the key %s is missing", info.name)
		}
	}
	if f.whole != nil {
		f.whole(r, n, v)
	}
}

func (f mapping[T]) node(v *T) *node {
	n := &node{kind: kindMap}
	for _, k := range f.keys {
		info := k.info()
		if value := k.node(v); value != nil || info.standard != "" {
			n.pairs = append(n.pairs, pair{textNode(info.name), value, info})
		}
	}
	return n
}

func (f mapping[T]) schema(d definitions) schema {
	properties := schema{}
	var required []string
	for _, k := range f.keys {
		info := k.info()
		s := schema{"description": info.doc}
		for word, value := range k.schema(d) {
			s[word] = value
		}
		properties[info.name] = s
		if info.required {
			required = append(required, info.name)
		}
	}
	s := schema{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

func (f mapping[T]) key(name string) key[T] {
	for _, k := range f.keys {
		if k.info().name == name {
			return k
		}
	}
	return nil
}

func (f mapping[T]) names() []string {
	var names []string
	for _, k := range f.keys {
		names = append(names, k.info().name)
	}
	return names
}

// field is a key for a field of a struct.
type field[T, F any] struct {
	keyInfo
	form form[F]
	of   func(*T) *F
}

func (k field[T, F]) info() keyInfo                 { return k.keyInfo }
func (k field[T, F]) read(r *reader, n *node, v *T) { k.form.read(r, n, k.of(v)) }
func (k field[T, F]) schema(d definitions) schema   { return k.form.schema(d) }

func (k field[T, F]) node(v *T) *node {
	f := reflect.ValueOf(k.of(v)).Elem()
	switch f.Kind() {
	case reflect.Slice, reflect.Map:
		if f.Len() == 0 {
			return nil
		}
	default:
		if f.IsZero() {
			return nil
		}
	}
	n := k.form.node(k.of(v))
	if f.Kind() == reflect.Struct && n.kind == kindMap && n.empty() {
		return nil // it has lists that are empty
	}
	return n
}

// within makes keys of a part those of the whole.
func within[T, F any](keys []key[F], of func(*T) *F) []key[T] {
	var whole []key[T]
	for _, k := range keys {
		whole = append(whole, part[T, F]{k, of})
	}
	return whole
}

type part[T, F any] struct {
	key key[F]
	of  func(*T) *F
}

func (k part[T, F]) info() keyInfo                 { return k.key.info() }
func (k part[T, F]) read(r *reader, n *node, v *T) { k.key.read(r, n, k.of(v)) }
func (k part[T, F]) node(v *T) *node               { return k.key.node(k.of(v)) }
func (k part[T, F]) schema(d definitions) schema   { return k.key.schema(d) }
