package bootcfg

import "strings"

// grubTextLimit bounds what variables may expand to, in bytes: a script can
// double a variable in every line.
const grubTextLimit = 64 << 10

// grubVars are the variables of a script, as far as they can be told without
// running it. What is not set here is as in outer.
type grubVars struct {
	own   map[string]grubValue
	outer *grubVars
}

// grubValue is a text, or the knowledge that only a running machine knows it.
type grubValue struct {
	text  string
	known bool
}

func newGRUBVars(env map[string]string) *grubVars {
	v := &grubVars{own: map[string]grubValue{}}
	for name, text := range env {
		v.set(name, text)
	}
	return v
}

// scope gives variables that start as these and change none of them.
func (v *grubVars) scope() *grubVars { return &grubVars{own: map[string]grubValue{}, outer: v} }

func (v *grubVars) set(name, text string) { v.own[name] = grubValue{text, true} }

// forget makes a variable unknown.
func (v *grubVars) forget(name string) { v.own[name] = grubValue{} }

// get gives a variable's value; known is false when only a machine knows it.
// A variable that nobody has set is empty.
func (v *grubVars) get(name string) (text string, known bool) {
	if value, ok := v.lookup(name); ok {
		return value.text, value.known
	}
	if strings.HasPrefix(name, "feature_") { // of 2.00 and later, which all say yes
		return "y", true
	}
	return "", !setByGRUB(name)
}

func (v *grubVars) lookup(name string) (grubValue, bool) {
	for ; v != nil; v = v.outer {
		if value, ok := v.own[name]; ok {
			return value, true
		}
	}
	return grubValue{}, false
}

// forgotten reports whether the script itself made the variable unknown.
func (v *grubVars) forgotten(name string) bool {
	value, ok := v.lookup(name)
	return ok && !value.known
}

// setByGRUB reports whether GRUB itself gives the variable a value when it
// starts (GRUB manual, "Special environment variables").
func setByGRUB(name string) bool {
	for _, prefix := range []string{"net_", "pxe_", "grub_", "shim_"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	switch name {
	case "prefix", "root", "cmdpath", "fw_path", "config_directory", "config_file", "lockdown", "secureboot",
		"?", "@", "*", "#", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9":
		return true
	}
	return false
}

// expand gives what a word stands for. An unquoted variable with blanks in its
// value makes several arguments, or none when it is empty. miss names the first
// variable that has no known value; it stands as "$name" in the arguments.
func (v *grubVars) expand(w grubWord) (args []string, miss string) {
	var current strings.Builder
	size, started := 0, false
	for _, part := range w {
		text := part.text
		if part.variable {
			value, known := v.get(part.text)
			if size += len(value); size > grubTextLimit {
				known = false
			}
			if text = value; !known {
				text = "$" + part.text
				if miss == "" {
					miss = part.text
				}
			}
		}
		if !part.variable || part.quoted {
			current.WriteString(text)
			started = started || part.quoted || text != ""
			continue
		}
		for i, field := range strings.Fields(text) {
			if i > 0 {
				args = append(args, current.String())
				current.Reset()
			}
			current.WriteString(field)
			started = true
		}
	}
	if started {
		args = append(args, current.String())
	}
	return args, miss
}

// expandAll gives the arguments that words stand for.
func (v *grubVars) expandAll(words []grubWord) (args []string, miss string) {
	size := 0
	for _, w := range words {
		more, missing := v.expand(w)
		for _, arg := range more {
			size += len(arg)
		}
		if size > grubTextLimit {
			return args, "..."
		}
		args = append(args, more...)
		if miss == "" {
			miss = missing
		}
	}
	return args, miss
}
