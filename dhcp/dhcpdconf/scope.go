package dhcpdconf

import (
	"fmt"
	"strings"

	"pxe/dhcp"
)

// setting is one thing that a statement sets.
type setting struct {
	Pos
	key  string // what it sets; the same for two statements that set one thing
	word string // as the statement calls it
	code uint8  // of an option, or of one in a space, else 0
	data []byte // of an option, a name, an address
	num  uint32 // of a number; 1 for true
}

// The keys that several statements have, or that are no keyword.
const (
	keyFile  = "filename"
	keyNext  = "next-server"
	keySpace = "suboptions of " // and the name of the option space
)

// optionKey is the key of an option's setting: the same for all its names.
func optionKey(code uint8) string { return fmt.Sprintf("option %d", code) }

// spaceOf is the option space of the setting of a suboption, or of all of them.
func (s *setting) spaceOf() (space string, ok bool) { return strings.CutPrefix(s.key, keySpace) }

// step is a setting, or a choice between branches.
type step struct {
	setting
	choice []branch // nil for a setting
}

// branch is what an if, elsif or else holds.
type branch struct {
	when  dhcp.Match // of an else: everybody
	steps []step
}

// scope is a block of statements in another one.
type scope struct {
	outer *scope // nil for that of the file
	depth int    // how many are around it
	steps []step
	first map[string]setting // of the boot file and server
}

func (s *scope) inner() *scope { return &scope{outer: s, depth: s.depth + 1} }

// within reports whether the scope is in or is the other.
func (s *scope) within(other *scope) bool {
	for ; s != nil; s = s.outer {
		if s == other {
			return true
		}
	}
	return false
}
