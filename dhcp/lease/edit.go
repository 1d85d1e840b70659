package lease

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// Edit is a change that a person makes, as data: whoever has the store open
// applies it, which may be another process than the one that the person runs.
type Edit struct {
	Do   EditKind   `json:"do"`
	Addr netip.Addr `json:"address"`
	// Key is whose address it is or shall be. Empty, where an end is put to
	// something, means whoever has it.
	Key  Key    `json:"client,omitempty"`
	Name string `json:"name,omitempty"`
	// Expires is the end of an imported lease; the zero Time means never.
	Expires time.Time `json:"expires,omitzero"`
}

// EditKind is what an Edit does.
type EditKind string

// The kinds of edits.
const (
	EditRelease   EditKind = "release"   // end a lease or a quarantine
	EditReserve   EditKind = "reserve"   // see Store.Reserve
	EditUnreserve EditKind = "unreserve" // see Store.Unreserve
	EditImport    EditKind = "import"    // take over another server's lease
)

// Outcome is what came of an Edit.
type Outcome struct {
	// Lease is what was ended, or is there now.
	Lease Lease `json:"lease"`
	// Holder has the address that was reserved for another client, until its
	// lease ends.
	Holder *Lease `json:"holder,omitempty"`
	// Error is why nothing was done; empty: it was.
	Error string `json:"error,omitempty"`
}

// Why an Edit is refused.
var (
	// ErrNoLease: there is no lease to end.
	ErrNoLease = errors.New("no lease on this address")
	// ErrOver: the lease to import has ended.
	ErrOver = errors.New("the lease is over")
)

// Apply makes a change. Like a commit it is durable after the next Sync.
func (s *Store) Apply(e Edit, now time.Time) Outcome {
	o, err := s.apply(e, now)
	if err != nil {
		o.Error = err.Error()
	}
	return o
}

func (s *Store) apply(e Edit, now time.Time) (o Outcome, err error) {
	switch e.Do {
	case EditRelease:
		o.Lease, err = s.end(e.Addr, e.Key, now)
	case EditReserve:
		var holder Lease
		if holder, err = s.Reserve(e.Key, e.Name, e.Addr, now); err == nil && holder != (Lease{}) {
			o.Holder = &holder
		}
		o.Lease = s.reservations[e.Addr]
	case EditUnreserve:
		if had := s.reservations[e.Addr]; e.Key != "" && had.Key != e.Key {
			return o, fmt.Errorf("%s: %w", e.Addr, ErrNotReserved)
		}
		o.Lease, err = s.Unreserve(e.Addr)
	case EditImport:
		o.Lease = Lease{Addr: e.Addr, Key: e.Key, Name: e.Name, State: Bound, Expires: e.Expires}
		err = s.adopt(o.Lease, now)
	default:
		err = fmt.Errorf("%q is no change to leases", e.Do)
	}
	return o, err
}

// end puts an end to a lease, as if its client had released it, or to a
// quarantine. What was there is returned.
func (s *Store) end(addr netip.Addr, key Key, now time.Time) (Lease, error) {
	l, ok := s.at(addr)
	if !ok || key != "" && l.Key != key || l.State == Released || l.Expired(now) {
		return Lease{}, fmt.Errorf("%s: %w", addr, ErrNoLease)
	}
	if p := s.home(addr); p != nil {
		if e := p.byAddr[number(addr)]; e != nil {
			p.end(e, now)
			return l, nil
		}
	}
	over := ended(l, now)
	s.strangers[addr] = over
	s.note(over)
	return l, nil
}

// ended is a lease with its end put to now. A client has no claim to an address
// whose quarantine ended: that one stays what it is.
func ended(l Lease, now time.Time) Lease {
	if l.State == Bound {
		l.State = Released
	}
	l.Expires = timeOf(now.Unix())
	return l
}

// end puts an end to what is on an address.
func (p *Pool) end(e *entry, now time.Time) {
	switch e.state {
	case Bound:
		p.release(e, now)
	case Declined:
		p.remove(e)
		if p.changed != nil {
			p.changed(ended(e.lease(), now))
		}
	default:
		p.remove(e)
	}
}

// adopt takes a lease over from elsewhere. The client's own, if it lasts longer,
// stays.
func (s *Store) adopt(l Lease, now time.Time) error {
	if l.Key == "" {
		return fmt.Errorf("%s: %w", l.Addr, ErrNoMachine)
	}
	if err := s.sensible(l.Key, l.Addr); err != nil {
		return err
	}
	if l.Expired(now) {
		return fmt.Errorf("%s: %w", l.Addr, ErrOver)
	}
	held, ok := s.at(l.Addr)
	switch live := ok && !held.Expired(now) && held.State != Released; {
	case live && (held.Key != l.Key || held.State == Declined):
		return fmt.Errorf("%s: %w, by %s", l.Addr, ErrInUse, held.Key.client())
	case live && held.State == Bound && unixOf(held.Expires) >= unixOf(l.Expires):
		return nil
	}
	if r, ok := s.reservations[l.Addr]; ok && r.Key != l.Key {
		return fmt.Errorf("%s: %w, for %s", l.Addr, ErrReserved, r.Key.client())
	}
	switch p := s.home(l.Addr); {
	case p != nil && p.hasAnother(Client{Key: l.Key}, number(l.Addr), now.Unix()):
		return fmt.Errorf("%s: %w", l.Addr, ErrOtherAddress)
	case p == nil:
		s.strangers[l.Addr] = l
	case !p.restore(l):
		return fmt.Errorf("%s: %w", l.Addr, ErrNotInPool)
	}
	s.note(l)
	return nil
}

// MarshalText writes a key in hex.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads a key in hex.
func (k *Key) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	*k = Key(b)
	return err
}

// MarshalText writes the word for a state.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the word for a state that may be in a journal.
func (s *State) UnmarshalText(text []byte) (err error) {
	if string(text) == Held.String() {
		*s = Held
		return nil
	}
	*s, err = parseState(text)
	return err
}
