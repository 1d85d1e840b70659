package lease

import (
	"fmt"
	"maps"
	"slices"

	"pxe/plainfile"
)

// Read returns what the journal at path says now, reservations and leases, each by
// address. It takes no lock and changes nothing, so that it may be called beside
// the process that writes the file: a rewrite puts a new file in the place of the
// old one, which a reader that has it open reads to its end, and a last line that
// is being written counts as little as one that a crash cut off. What is on offer
// is in no journal.
//
// The error is ErrFormat, plainfile.ErrIrregular, or one of the file system.
func Read(path string) ([]Lease, error) {
	s := newStore() // without pools it keeps what it is given
	f, err := plainfile.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if _, err := read(f, s.restore); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	leases := slices.SortedFunc(maps.Values(s.strangers), func(a, b Lease) int { return a.Addr.Compare(b.Addr) })
	reservations, _ := s.Reservations()
	return append(reservations, leases...), nil
}
