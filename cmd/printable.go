package cmd

import (
	"strings"
	"unicode"
)

// printable keeps text that came over the network from doing anything to a
// terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}
