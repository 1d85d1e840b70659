package dhcpdconf

import (
	"reflect"

	"pxe/dhcp"
)

// everybody reports whether a match leaves nobody out.
func everybody(m dhcp.Match) bool { return reflect.ValueOf(m).IsZero() }

// nobody is a match that leaves everybody out.
func nobody() dhcp.Match { return dhcp.Match{Not: &dhcp.Match{}} }

// allOf is the match for which each of them holds. What different fields can say
// is said by one Match.
func allOf(matches ...dhcp.Match) dhcp.Match {
	var whole dhcp.Match
	var rest []dhcp.Match
	for _, m := range matches {
		if !merge(&whole, m) {
			rest = append(rest, m)
		}
	}
	if len(rest) == 0 {
		return whole
	}
	if only := (dhcp.Match{All: whole.All}); reflect.DeepEqual(whole, only) {
		return dhcp.Match{All: append(whole.All[:len(whole.All):len(whole.All)], rest...)}
	}
	return dhcp.Match{All: append([]dhcp.Match{whole}, rest...)}
}

// merge adds what m says to whole, unless both use one field. Two that must not
// hold are one of which none may.
func merge(whole *dhcp.Match, m dhcp.Match) bool {
	if whole.Not != nil && m.Not != nil {
		neither := anyOf(*whole.Not, *m.Not)
		m.Not = nil
		if !merge(whole, m) {
			return false
		}
		whole.Not = &neither
		return true
	}
	to, from := reflect.ValueOf(whole).Elem(), reflect.ValueOf(m)
	for i := range from.NumField() {
		if !to.Field(i).IsZero() && !from.Field(i).IsZero() {
			return false
		}
	}
	for i := range from.NumField() {
		if !from.Field(i).IsZero() {
			to.Field(i).Set(from.Field(i))
		}
	}
	return true
}

// anyOf is the match for which one of them holds; without any, nobody. MACs are
// gathered in one Match.
func anyOf(matches ...dhcp.Match) dhcp.Match {
	var macs dhcp.Match
	var rest []dhcp.Match
	for _, m := range matches {
		switch {
		case everybody(m):
			return m
		case len(m.Any) > 0 && reflect.DeepEqual(m, dhcp.Match{Any: m.Any}):
			rest = append(rest, m.Any...)
		case len(m.MAC) > 0 && reflect.DeepEqual(m, dhcp.Match{MAC: m.MAC}):
			macs.MAC = append(macs.MAC, m.MAC...)
		default:
			rest = append(rest, m)
		}
	}
	if len(macs.MAC) > 0 {
		rest = append([]dhcp.Match{macs}, rest...)
	}
	switch len(rest) {
	case 0:
		return nobody()
	case 1:
		return rest[0]
	}
	return dhcp.Match{Any: rest}
}

// not is the match for all others.
func not(m dhcp.Match) dhcp.Match {
	if m.Not != nil && reflect.DeepEqual(m, dhcp.Match{Not: m.Not}) {
		return *m.Not
	}
	return dhcp.Match{Not: &m}
}
