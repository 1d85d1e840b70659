package lease

import (
	"cmp"
	"net/netip"
	"time"
)

// The defaults of a Config.
const (
	DefaultHold        = time.Minute
	DefaultQuarantine  = 10 * time.Minute
	DefaultMaxDeclined = 4
)

// Config describes the pool of one subnet.
type Config struct {
	// Subnet is the network; its own and its broadcast address are never given
	// out.
	Subnet netip.Prefix
	// Ranges hold the addresses for everybody. They must not overlap.
	Ranges []Range
	// Excluded addresses are given to nobody: routers, servers.
	Excluded []netip.Addr
	// Reserved addresses are given only to a Client that has one as Fixed.
	// They may be outside of the ranges.
	Reserved []netip.Addr
	// Hold is how long an offer is kept for its client; 0 means DefaultHold.
	Hold time.Duration
	// Quarantine is how long a declined address rests; 0 means
	// DefaultQuarantine.
	Quarantine time.Duration
	// MaxDeclined is how many addresses one client may have in quarantine, so
	// that a client that declines all it gets does not empty the pool; 0 means
	// DefaultMaxDeclined.
	MaxDeclined int
}

// Pool gives out the addresses of one subnet. Every operation costs about the
// same whether the pool holds a hundred leases or a hundred thousand.
type Pool struct {
	subnet      netip.Prefix
	hold        time.Duration
	quarantine  time.Duration
	maxDeclined int

	space    space
	reserved map[uint32]bool
	byAddr   map[uint32]*entry
	byKey    map[Key]*entry // the latest address of a client
	declines map[Key]int    // how many addresses a client has in quarantine

	// What Store.Reserve keeps. Its addresses are closed, as the reserved ones.
	reservedFor map[uint32]Key
	reservation map[Key]uint32

	// An address of the space that is not fresh is in one of these queues.
	offered  queue // offers, of fresh addresses and of those whose lease has ended
	declined queue // fresh again when their quarantine ends
	bound    queue // leases
	ended    queue // leases that are over: kept for their client until needed

	changed func(Lease) // told of everything durable; nil: nobody is
}

// New makes an empty pool that lives in memory only. It refuses ranges that
// overlap, run backwards or have more than MaxAddresses.
func New(cfg Config) (*Pool, error) {
	closed := append([]netip.Addr(nil), cfg.Excluded...)
	closed = append(closed, cfg.Reserved...)
	if first, last, ok := Edges(cfg.Subnet); ok {
		closed = append(closed, first, last)
	}
	sp, err := newSpace(cfg.Ranges, closed)
	if err != nil {
		return nil, err
	}
	p := &Pool{
		subnet:      cfg.Subnet.Masked(),
		hold:        cmp.Or(cfg.Hold, DefaultHold),
		quarantine:  cmp.Or(cfg.Quarantine, DefaultQuarantine),
		maxDeclined: cmp.Or(cfg.MaxDeclined, DefaultMaxDeclined),
		space:       sp,
		reserved:    make(map[uint32]bool),
		byAddr:      make(map[uint32]*entry),
		byKey:       make(map[Key]*entry),
		declines:    make(map[Key]int),
		reservedFor: make(map[uint32]Key),
		reservation: make(map[Key]uint32),
	}
	for _, a := range cfg.Reserved {
		if a.Is4() {
			p.reserved[number(a)] = true
		}
	}
	return p, nil
}

// Edges are the network and the broadcast address of a subnet; ok is false
// where there are none, in a /31 (RFC 3021) or a /32.
func Edges(subnet netip.Prefix) (network, broadcast netip.Addr, ok bool) {
	if !subnet.Addr().Is4() || subnet.Bits() > 30 {
		return netip.Addr{}, netip.Addr{}, false
	}
	network = subnet.Masked().Addr()
	return network, address(number(network) | ^uint32(0)>>subnet.Bits()), true
}

// Subnet is the network of the pool.
func (p *Pool) Subnet() netip.Prefix { return p.subnet }

// Size is how many addresses the pool has for everybody.
func (p *Pool) Size() int {
	return p.space.left + len(p.offered) + len(p.declined) + len(p.bound) + len(p.ended)
}

// Taken is how many of the Size addresses nobody new can get: they are leased,
// offered or in quarantine.
func (p *Pool) Taken(now time.Time) int {
	p.expire(now.Unix())
	return len(p.offered) + len(p.declined) + len(p.bound)
}

// Lookup returns the client's latest lease, which may be an offer, and may have
// expired.
func (p *Pool) Lookup(key Key) (Lease, bool) {
	e, ok := p.byKey[key]
	if !ok {
		return Lease{}, false
	}
	return e.lease(), true
}

// At returns the lease on an address, which may have expired.
func (p *Pool) At(addr netip.Addr) (Lease, bool) {
	if !addr.Is4() {
		return Lease{}, false
	}
	e, ok := p.byAddr[number(addr)]
	if !ok {
		return Lease{}, false
	}
	return e.lease(), true
}

// Has reports whether the address is of the pool: in its ranges, or reserved.
func (p *Pool) Has(addr netip.Addr) bool {
	if !addr.Is4() {
		return false
	}
	n := number(addr)
	_, ok := p.space.index(n)
	return ok || p.reserved[n] || p.byHand(n)
}
