package dhcpdconf

import (
	"bytes"
	"fmt"

	"pxe/dhcp"
)

// setting is one thing that a statement sets.
type setting struct {
	Pos
	key  string // the statement's keyword, or that of optionKey
	code uint8  // of an option, else 0
	data []byte // of an option, a name, an address
	num  uint32 // of a number; 1 for true
}

// optionKey is the key of an option's setting: the same for all its names.
func optionKey(code uint8) string { return fmt.Sprintf("option %d", code) }

// same reports whether two settings say the same.
func (s setting) same(other setting) bool {
	return s.key == other.key && s.num == other.num && bytes.Equal(s.data, other.data)
}

// boots reports whether the setting is of what a machine boots.
func (s setting) boots() bool {
	switch s.key {
	case "filename", "next-server", optionKey(dhcp.OptionTFTPServerName), optionKey(dhcp.OptionBootFileName):
		return true
	}
	return false
}

// step is a setting, or a choice between branches.
type step struct {
	setting
	choice []branch // nil for a setting
}

// branch is what an if, elsif or else holds.
type branch struct {
	when  condition // nil: else
	steps []step
}

// settings are what holds for one client.
type settings map[string]setting

// run goes through steps as dhcpd does for a client: the last word counts.
func (s settings) run(steps []step, c client) {
	for _, st := range steps {
		if st.choice == nil {
			s[st.key] = st.setting
			continue
		}
		for _, b := range st.choice {
			if b.when == nil || b.when(c) == yes {
				s.run(b.steps, c)
				break
			}
		}
	}
}

// scope is a block of statements in another one.
type scope struct {
	outer *scope // nil for that of the file
	steps []step
}

// within reports whether the scope is in or is the other.
func (s *scope) within(other *scope) bool {
	for ; s != nil; s = s.outer {
		if s == other {
			return true
		}
	}
	return false
}

// runScope runs the scopes from the outermost to s, without those that are
// around done too, which has run.
func (s settings) runScope(sc, done *scope, c client) {
	if sc == nil || done.within(sc) {
		return
	}
	s.runScope(sc.outer, done, c)
	s.run(sc.steps, c)
}
