package lease

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math/bits"
	"net/netip"
	"slices"
	"sort"
)

// Range is an inclusive run of IPv4 addresses.
type Range struct{ First, Last netip.Addr }

func (r Range) String() string { return r.First.String() + "-" + r.Last.String() }

// MaxAddresses is how many addresses the ranges of one pool may have together:
// a /8.
const MaxAddresses = 1 << 24

// space lays the ranges of a pool side by side as one line of indexes, and
// marks on it the fresh addresses: those that may be given to anybody and that
// nobody holds or held.
type space struct {
	spans  []span
	size   int
	closed map[uint32]bool // inside of the ranges, but not for everybody
	fresh  []uint64        // a bit an index
	left   int             // how many bits are set
}

type span struct {
	first, last uint32
	base        int // the index of first
}

// newSpace makes the space of the ranges less the closed addresses, all of it
// fresh.
func newSpace(ranges []Range, closed []netip.Addr) (space, error) {
	s := space{closed: make(map[uint32]bool)}
	for _, r := range ranges {
		if !r.First.Is4() || !r.Last.Is4() || r.Last.Less(r.First) {
			return space{}, fmt.Errorf("range %s: want two IPv4 addresses in ascending order", r)
		}
		s.spans = append(s.spans, span{first: number(r.First), last: number(r.Last)})
	}
	slices.SortFunc(s.spans, func(a, b span) int { return cmp.Compare(a.first, b.first) })
	for i := range s.spans {
		sp := &s.spans[i]
		if i > 0 && sp.first <= s.spans[i-1].last {
			return space{}, fmt.Errorf("range %s-%s overlaps another", address(sp.first), address(sp.last))
		}
		sp.base = s.size
		s.size += int(sp.last-sp.first) + 1
		if s.size > MaxAddresses {
			return space{}, fmt.Errorf("ranges of more than %d addresses", MaxAddresses)
		}
	}
	for _, a := range closed {
		if a.Is4() {
			s.closed[number(a)] = true
		}
	}
	s.fresh = make([]uint64, (s.size+63)/64)
	for i := range s.size {
		if _, ok := s.index(s.at(i)); ok {
			s.mark(i, true)
		}
	}
	return s, nil
}

// index is the place of addr on the line; ok is false for an address that is
// not for everybody.
func (s *space) index(addr uint32) (index int, ok bool) {
	i := sort.Search(len(s.spans), func(i int) bool { return s.spans[i].last >= addr })
	if i == len(s.spans) || addr < s.spans[i].first || s.closed[addr] {
		return 0, false
	}
	return s.spans[i].base + int(addr-s.spans[i].first), true
}

// at is the address at an index.
func (s *space) at(index int) uint32 {
	i := sort.Search(len(s.spans), func(i int) bool { return s.spans[i].base > index }) - 1
	return s.spans[i].first + uint32(index-s.spans[i].base)
}

// mark sets whether the address at an index is fresh.
func (s *space) mark(index int, fresh bool) {
	word, bit := &s.fresh[index/64], uint64(1)<<(index%64)
	if was := *word&bit != 0; was == fresh {
		return
	}
	*word ^= bit
	if fresh {
		s.left++
	} else {
		s.left--
	}
}

// nextFresh finds the first fresh address at or after the index start, going
// round at the end. It looks at 64 addresses a step.
func (s *space) nextFresh(start int) (index int, ok bool) {
	if s.left == 0 {
		return 0, false
	}
	word := start / 64
	set := s.fresh[word] &^ (1<<(start%64) - 1)
	for set == 0 {
		word = (word + 1) % len(s.fresh)
		set = s.fresh[word]
	}
	return word*64 + bits.TrailingZeros64(set), true
}

// number is an IPv4 address as an integer.
func number(a netip.Addr) uint32 {
	four := a.As4()
	return binary.BigEndian.Uint32(four[:])
}

func address(n uint32) netip.Addr {
	var four [4]byte
	binary.BigEndian.PutUint32(four[:], n)
	return netip.AddrFrom4(four)
}
