package dhcpdconf

import (
	"reflect"
	"slices"
	"strings"

	"pxe/dhcp"
)

// gathered is a scope's steps with the suboptions of each option space as one
// setting: those that count in a block, from it and from what is around it.
func (b *builder) gathered(s *scope) []step { return b.file.gather(s.steps, b.suboptions(s.outer)) }

// gatheredAt is the same for what goes before the subnets, a class or a host, with
// what the subnets say of the spaces. Where they differ it is told for each.
func (b *builder) gatheredAt(s *scope, spots []*spot, each func(spots []*spot, steps []step)) {
	if !slices.ContainsFunc(s.steps, hasSuboptions) {
		each(spots, s.steps)
		return
	}
	for len(spots) > 0 {
		around := b.suboptions(spots[0].scope)
		var same, rest []*spot
		for _, p := range spots {
			if reflect.DeepEqual(b.suboptions(p.scope), around) {
				same = append(same, p)
			} else {
				rest = append(rest, p)
			}
		}
		for o := s.outer; o != nil && !spots[0].scope.within(o); o = o.outer { // the class of a subclass, the group of a host
			around = unconditional(around, o.steps)
		}
		each(same, b.file.gather(s.steps, around))
		spots = rest
	}
}

func hasSuboptions(st step) bool {
	if _, sub := st.spaceOf(); sub {
		return true
	}
	return slices.ContainsFunc(st.choice, func(b branch) bool { return slices.ContainsFunc(b.steps, hasSuboptions) })
}

// suboptions are those that a scope and all around it say to everybody.
func (b *builder) suboptions(s *scope) []setting {
	if s == nil {
		return nil
	}
	list, known := b.subs[s]
	if !known {
		list = unconditional(b.suboptions(s.outer), s.steps)
		b.subs[s] = list
	}
	return list
}

func unconditional(outer []setting, steps []step) []setting {
	list := slices.Clone(outer)
	for _, st := range steps {
		if _, sub := st.spaceOf(); st.choice != nil || !sub {
			continue
		}
		list = slices.DeleteFunc(list, func(s setting) bool { return s.key == st.key && s.code == st.code })
		list = append(list, st.setting)
	}
	return list
}

func (f *File) gather(steps []step, outer []setting) []step {
	all := unconditional(outer, steps)
	last := make(map[string]int) // where each space has its last word
	for i, st := range steps {
		if _, sub := st.spaceOf(); sub {
			last[st.key] = i
		}
	}
	var list []step
	for i, st := range steps {
		space, sub := st.spaceOf()
		switch {
		case st.choice != nil:
			choice := slices.Clone(st.choice)
			for j := range choice {
				choice[j].steps = f.gather(choice[j].steps, all)
			}
			list = append(list, step{choice: choice})
		case !sub:
			list = append(list, st)
		case last[st.key] == i:
			list = append(list, step{setting: f.encapsulated(space, st.setting, all)})
		}
	}
	return list
}

// encapsulated is the setting of the option around a space, or, where
// vendor-option-space decides which space that is, of the space.
func (f *File) encapsulated(space string, last setting, all []setting) setting {
	s := setting{Pos: last.Pos, key: last.key, word: last.word}
	var opts dhcp.Options
	for _, sub := range all {
		if sub.key == last.key {
			opts = append(opts, dhcp.RawOption{Code: sub.code, Data: sub.data})
		}
	}
	slices.SortFunc(opts, func(a, b dhcp.RawOption) int { return int(a.Code) - int(b.Code) })
	s.data = dhcp.AppendOptions(nil, opts)
	if around := f.spaces[space]; around != 0 {
		s.key, s.code = optionKey(around), around
	}
	return s
}

// vendorRules are those of option 43 from an option space that vendor-option-space
// names.
func (b *builder) vendorRules() {
	used := make(map[string]bool)
	for _, v := range b.vendors {
		for _, s := range b.spaces {
			space, _ := s.spaceOf()
			switch {
			case space != string(v.data):
				continue
			case strings.HasPrefix(space, "pxe") && !leads(s.data):
				b.warn(s.Pos, "the server makes option 43 itself: the machine takes the file of this answer (43.6 = 8)")
			default:
				s.code = dhcp.OptionVendorSpecific
				b.rule(entry{setting: s.setting, guard: allOf(v.guard, s.guard)})
			}
			used[space] = true
		}
	}
	for _, s := range b.spaces {
		if space, _ := s.spaceOf(); !used[space] {
			b.warn(s.Pos, s.word+" is sent nowhere: neither vendor-option-space nor encapsulate names the option space "+space)
		}
	}
}

// leads reports whether suboptions of PXE lead the machine anywhere: those of
// MTFTP, which nothing speaks any more, and the control of discovery do not.
func leads(data []byte) bool {
	opts, err := dhcp.ParseOptions(data)
	return err != nil || slices.ContainsFunc(opts, func(o dhcp.RawOption) bool { return o.Code > dhcp.PXEDiscoveryControl })
}
