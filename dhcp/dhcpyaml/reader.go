package dhcpyaml

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pxe/dhcp"
)

// reader gathers what is wrong with a file.
type reader struct {
	file   string
	faults []error
	more   int // beyond maxFaults
}

// maxFaults is how many faults are told one by one.
const maxFaults = 20

func (r *reader) fault(n *node, hint, problem string, args ...any) {
	if len(r.faults) == maxFaults {
		r.more++
		return
	}
	r.faults = append(r.faults, &dhcp.FileError{
		Pos: dhcp.Pos{File: r.file, Line: n.line, Column: n.column}, Problem: fmt.Sprintf(problem, args...), Hint: hint,
	})
}

func (r *reader) err() error {
	slices.SortStableFunc(r.faults, func(a, b error) int {
		var x, y *dhcp.FileError
		if !errors.As(a, &x) || !errors.As(b, &y) {
			return 0
		}
		return cmp.Or(cmp.Compare(x.Line, y.Line), cmp.Compare(x.Column, y.Column))
	})
	if r.more > 0 {
		last := r.faults[len(r.faults)-1]
		r.faults = append(r.faults, fmt.Errorf("%w, and there are %d faults more", last, r.more))
	}
	return errors.Join(r.faults...)
}

// suggest is the hint for a word that is none of those.
func suggest(word string, words []string) string {
	if near := nearest(word, words); near != "" {
		return "did you mean " + near + "?"
	}
	return "want one of " + strings.Join(words, ", ")
}

// nearest is the word that was meant, as it looks; "" if it looks like none.
func nearest(word string, words []string) string {
	best, least := "", 3
	for _, w := range words {
		if d := distance(strings.ToLower(word), w); d < least {
			best, least = w, d
		}
	}
	return best
}

// distance is how many letters have to be changed, added or left out to make b
// of a (Levenshtein).
func distance(a, b string) int {
	if len(a) > 64 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		left := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := left
			if a[i] != b[j] {
				cost++
			}
			left = row[j+1]
			row[j+1] = min(cost, row[j]+1, left+1)
		}
	}
	return row[len(b)]
}
