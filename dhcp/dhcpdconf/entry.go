package dhcpdconf

import (
	"slices"

	"pxe/dhcp"
)

// entry is a setting and for whom it counts.
type entry struct {
	setting
	guard dhcp.Match
	all   bool // it is for all machines of some spots, and no later entry of its key is for any of those
}

// always reports whether the entry is for all clients of its scope.
func (e *entry) always() bool { return everybody(e.guard) }

// flatten makes entries of steps, the one that counts first first: dhcpd goes
// through the steps in their order, and the last word counts.
func flatten(steps []step, guard dhcp.Match) []entry {
	var list []entry
	for _, st := range slices.Backward(steps) {
		if st.choice == nil {
			list = append(list, entry{setting: st.setting, guard: guard})
			continue
		}
		var before []dhcp.Match // of which none may hold
		for _, b := range st.choice {
			m := guard
			if len(before) > 0 {
				m = allOf(m, not(anyOf(before...)))
			}
			list = append(list, flatten(b.steps, allOf(m, b.when))...)
			before = append(before, b.when)
		}
	}
	return list
}

// where is the match for clients to whom the number of a key is this: of the
// entries that hold for one the first counts. Without one, nobody.
func where(entries []entry, key string, num uint32) dhcp.Match {
	var is, isNot []dhcp.Match
	for _, e := range entries {
		switch {
		case e.key != key:
		case e.num != num && e.all:
		case e.num != num:
			isNot = append(isNot, e.guard)
		case len(isNot) > 0:
			is = append(is, allOf(e.guard, not(anyOf(isNot...))))
		default:
			is = append(is, e.guard)
		}
	}
	return anyOf(is...)
}
