package cmd

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"pxe/dhcp"
)

// quirkFor is a value of --quirk.
type quirkFor struct {
	quirk  dhcp.Quirk
	on     bool
	prefix dhcp.MACPrefix // "" is for all machines
}

func parseQuirkFor(s string) (quirkFor, error) {
	name, prefix, limited := strings.Cut(s, "=")
	var q quirkFor
	var err error
	if q.quirk, q.on, err = dhcp.ParseQuirk(name); err != nil {
		return q, err
	}
	if limited {
		q.prefix, err = parseMACPrefix(prefix)
	}
	return q, err
}

// parseMACPrefix reads the first bytes of a MAC: 52:54:00.
func parseMACPrefix(s string) (dhcp.MACPrefix, error) {
	b, err := hex.DecodeString(strings.NewReplacer(":", "", "-", "").Replace(s))
	if err != nil || len(b) == 0 || len(b) > 6 {
		return "", fmt.Errorf("%q is not the beginning of a MAC address: want 52:54:00", s)
	}
	return dhcp.MACPrefix(b), nil
}

// rule is what the flag says to the server.
func (q quirkFor) rule() dhcp.Rule {
	r := dhcp.Rule{Name: "--quirk", Settings: dhcp.Settings{Quirks: map[dhcp.Quirk]bool{q.quirk: q.on}}}
	if q.prefix != "" {
		r.Match.MAC = []dhcp.MACPrefix{q.prefix}
	}
	return r
}

func completeQuirks(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var words []string
	for _, q := range dhcp.Quirks() {
		words = append(words, string(q.Quirk))
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}

// quirksHelp is the table of the quirks, as `pxe help quirks` shows it.
func quirksHelp() string {
	var b strings.Builder
	b.WriteString("What serve-dhcp sends to certain firmware beside what the standards say. Those\nmarked with * are sent unasked. --quirk NAME sends one to every machine, --quirk\nNAME=52:54:00 to those with such a MAC, and --quirk no-NAME keeps one back.\n")
	for _, q := range dhcp.Quirks() {
		mark := " "
		if q.Unasked != "" {
			mark = "*"
		}
		fmt.Fprintf(&b, "\n%s %s\n", mark, q.Quirk)
		for _, line := range []string{q.What, q.Unasked, "Source: " + q.Source} {
			if line != "" {
				fmt.Fprintf(&b, "    %s\n", strings.ReplaceAll(wrap(line, 76), "\n", "\n    "))
			}
		}
	}
	return b.String()
}

// wrap breaks text into lines of at most so many bytes.
func wrap(text string, width int) string {
	var b strings.Builder
	at := 0
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
		case at+1+len(word) > width:
			b.WriteString("\n")
			at = 0
		default:
			b.WriteString(" ")
			at++
		}
		b.WriteString(word)
		at += len(word)
	}
	return b.String()
}
