package probe

import (
	"fmt"
	"slices"
)

// rule is one line of a firmware's order of preference: an offer of a class,
// beside a proxy offer of a class if one is named, with a boot file if asked.
type rule struct {
	offer Class
	proxy Class // "" for none
	file  bool
}

// String says what the rule takes.
func (ru rule) String() string {
	switch {
	case ru.proxy != "":
		return fmt.Sprintf("a %s offer beside a %s one", ru.offer, ru.proxy)
	case ru.file:
		return fmt.Sprintf("a %s offer with a boot file", ru.offer)
	}
	return fmt.Sprintf("a %s offer", ru.offer)
}

// selection is what a firmware takes of the offers that came.
type selection struct {
	rank  int    // index of the rule that took it
	offer *Offer // gives the address
	// proxies are the proxy offers to try, in this order; of the PXE10 class
	// only the first one is kept, of the BINL class each is asked in turn.
	proxies []*Offer
}

// final reports whether no further offer could change the selection: the best
// rule took it, and among equals the first one wins.
func (s selection) final() bool { return s.rank == 0 }

// choose applies the rules, best first; among equals the first offer to come
// wins. ok is false when no rule takes any.
func choose(rules []rule, offers []*Offer) (s selection, ok bool) {
	for rank, ru := range rules {
		i := slices.IndexFunc(offers, func(o *Offer) bool {
			return o.Class == ru.offer && (!ru.file || o.hasFile())
		})
		if i < 0 {
			continue
		}
		s := selection{rank: rank, offer: offers[i]}
		if ru.proxy == "" {
			return s, true
		}
		for _, o := range offers {
			if o.Class == ru.proxy && (ru.proxy == ClassProxyBINL || len(s.proxies) == 0) {
				s.proxies = append(s.proxies, o)
			}
		}
		if len(s.proxies) > 0 {
			return s, true
		}
	}
	return selection{}, false
}

// explain writes into each offer whether it was taken, and why.
func explain(rules []rule, offers []*Offer, s selection, ok bool) {
	for _, o := range offers {
		switch {
		case !o.Class.usable(): // said why when it came
		case ok && o == s.offer:
			o.Taken, o.Reason = true, "taken for its address: "+rules[s.rank].String()
		case ok && slices.Contains(s.proxies, o):
			o.Taken, o.Reason = true, "taken for its boot data: "+rules[s.rank].String()
		case ok:
			o.Reason = passedOver(o, s)
		default:
			o.Reason = unusable(o)
		}
	}
}

// passedOver says why an offer lost against the selection.
func passedOver(o *Offer, s selection) string {
	winner := fmt.Sprintf("%s offer of %s", s.offer.Class, s.offer.Server)
	switch {
	case o.Class == s.offer.Class:
		return "passed over: the " + winner + " came first"
	case o.Class.proxy() && len(s.proxies) > 0:
		return fmt.Sprintf("passed over: the %s offer of %s is taken", s.proxies[0].Class, s.proxies[0].Server)
	case o.Class.proxy():
		return "passed over: a proxy offer counts only beside a dhcp-only one, and the " + winner + " ranks higher"
	}
	return "passed over: the " + winner + " ranks higher"
}

// unusable says why an offer could not be taken although nothing beat it.
func unusable(o *Offer) string {
	switch {
	case o.Class.proxy():
		return "not usable alone: no DHCP server without option 60 offered an address beside it"
	case !o.hasFile():
		return "not usable: it names no boot file, and no proxy offer came"
	}
	return fmt.Sprintf("not usable: the firmware has no rule for a %s offer", o.Class)
}
