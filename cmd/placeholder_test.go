package cmd

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
)

// Every value has a word in capitals, and nobody sees how it is marked in the
// source.
func TestPlaceholders(t *testing.T) {
	flag := regexp.MustCompile(`^ +(?:-\w, +|  +)--[a-z0-9-]+ (\S+?)(?:\[=.*?\])?  `)
	for _, cmd := range newRootCmd(Streams{}).Commands() {
		if cmd.GroupID == "" {
			continue // cobra's
		}
		var out, completions bytes.Buffer
		if err := run(t.Context(), Streams{Out: &out}, cmd.Name(), "--help"); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			if m := flag.FindStringSubmatch(line); m != nil && m[1] != strings.ToUpper(m[1]) {
				t.Errorf("%s: placeholder %q in %q", cmd.Name(), m[1], line)
			}
		}
		if err := run(t.Context(), Streams{Out: &completions, Err: &bytes.Buffer{}}, "__complete", cmd.Name(), "--"); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(completions.String(), "`") {
			t.Errorf("%s: backticks in the completions:\n%s", cmd.Name(), completions.String())
		}
	}
}
