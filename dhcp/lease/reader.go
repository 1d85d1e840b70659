package lease

import (
	"fmt"

	"pxe/plainfile"
)

// Read returns what the journal at path says now, as a store without pools in memory:
// changes can be tried on it. It takes no lock and changes nothing, so that it may be called beside
// the process that writes the file: a rewrite puts a new file in the place of the
// old one, which a reader that has it open reads to its end, and a last line that
// is being written counts as little as one that a crash cut off. What is on offer
// is in no journal. Damaged tells of no copy, as none is made.
//
// The error is ErrFormat, plainfile.ErrIrregular, or one of the file system.
func Read(path string) (*Store, error) {
	s := newStore() // without pools it keeps what it is given
	f, err := plainfile.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	found, err := read(f, s.restore)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s.damaged = found.damaged
	return s, nil
}
