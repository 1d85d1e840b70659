package lease

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"time"

	"pxe/plainfile"
)

// ErrLocked is a journal that another process uses.
var ErrLocked = errors.New("lease file is in use by another process")

// Store is pools whose leases outlive the process.
type Store struct {
	pools   []*Pool
	journal *journal // nil: in memory only
	lock    io.Closer
	retryAt time.Time // no attempt to mend a failed journal before this
	compact int       // rewrite when the file has more records than this
	damaged int
	copied  string

	// strangers are leases on addresses that no pool has as configured now.
	// They are kept in the journal until they end: a start with the wrong
	// ranges must not lose them.
	strangers map[netip.Addr]Lease

	reservations map[netip.Addr]Lease
	reservedFor  map[Key]netip.Addr
}

func newStore() *Store {
	return &Store{
		strangers:    make(map[netip.Addr]Lease),
		reservations: make(map[netip.Addr]Lease),
		reservedFor:  make(map[Key]netip.Addr),
	}
}

// Open makes the pools and fills them from the journal at path, which is made
// when it is not there. Leases on addresses that have no place in these pools
// are kept in the file until they end. An empty path keeps nothing: leases end
// with the process. Without any pools, for whoever only edits leases, all are kept
// in the file.
//
// A last record that a crash cut off is passed over. Damage elsewhere costs the
// damaged records alone; see Damaged. A sound file that cannot be written anew is
// no error: the first Sync tries it again, see there. A symbolic link stays, and what
// it leads to is the journal. The error is ErrLocked, ErrFormat,
// plainfile.ErrIrregular, one of New, or one of the file system.
func Open(path string, pools []Config, now time.Time) (*Store, error) {
	if path != "" {
		var err error
		if path, err = plainfile.Target(path); err != nil {
			return nil, err
		}
	}
	return OpenOn(systemDisk{}, path, pools, now)
}

// OpenOn is Open on another disk than that of the operating system.
func OpenOn(disk Disk, path string, pools []Config, now time.Time) (*Store, error) {
	s := newStore()
	err := s.makePools(pools)
	if err != nil {
		return nil, err
	}
	if path == "" {
		return s, nil
	}
	if s.lock, err = disk.Lock(path + ".lock"); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := s.openJournal(disk, path, now); err != nil {
		s.lock.Close()
		return nil, err
	}
	s.record()
	return s, nil
}

func (s *Store) makePools(pools []Config) error {
	for _, cfg := range pools {
		p, err := New(cfg)
		if err != nil {
			return err
		}
		s.pools = append(s.pools, p)
	}
	return nil
}

// record has the journal told of what happens in the pools.
func (s *Store) record() {
	if s.journal == nil {
		return
	}
	for _, p := range s.pools {
		p.changed = s.journal.append
	}
}

func (s *Store) openJournal(disk Disk, path string, now time.Time) error {
	s.journal = &journal{path: path, disk: disk}
	found, err := load(disk, path, s.restore)
	if err != nil {
		return err
	}
	if found.damaged > 0 {
		s.damaged, s.copied = found.damaged, path+".damaged"
		disk.Remove(s.copied)
		if err := disk.Link(path, s.copied); err != nil {
			return fmt.Errorf("keep a copy of the damaged lease file: %w", err)
		}
	}
	s.journal.records = found.records
	s.compact = limit(s.count())
	// What is found may not be on the disk: a process that was killed may have
	// written it without a sync, or renamed the file, and after a sync that failed
	// the system takes for written what is not. Records behind such a gap would go
	// with it, so they go to a file of our own.
	err = s.rewrite(now)
	if sound := found.records > 0 && found.damaged == 0 && !found.torn; err != nil && sound {
		s.journal.failed = err // as that of a full disk: Sync mends it
		return nil
	}
	return err
}

// restore gives a lease from the journal to its pool, or puts a reservation in
// force.
func (s *Store) restore(l Lease) {
	switch l.State {
	case Reserved:
		s.setReservation(l)
		return
	case unreserved:
		s.dropReservation(l.Addr)
		return
	}
	for _, p := range s.pools {
		if p.restore(l) {
			return
		}
	}
	s.strangers[l.Addr] = l
}

// Pool returns the pool made from the configuration of that index.
func (s *Store) Pool(i int) *Pool { return s.pools[i] }

// Damaged tells how many records of the journal could not be read, and where a
// copy of the file as it was is kept. Zero lines means a sound file.
func (s *Store) Damaged() (lines int, copied string) { return s.damaged, s.copied }

// retryAfter is how long a failed journal rests before the next attempt to mend
// it: rewriting a large file for every packet would do nobody good.
const retryAfter = time.Second

// Sync makes everything that the pools committed durable. With nothing new it
// costs nothing. After an error nothing that was committed since the last Sync
// may be promised to a client; the store goes on, and a later Sync writes the
// journal anew.
func (s *Store) Sync(now time.Time) error {
	if s.journal == nil {
		return nil
	}
	if s.journal.failed != nil {
		return s.mend(now)
	}
	if err := s.journal.sync(); err != nil {
		return err
	}
	if s.journal.records > s.compact {
		// All is durable already: a failure here only leaves the file long.
		if s.rewrite(now) != nil {
			s.compact = limit(s.journal.records)
		}
	}
	return nil
}

// mend replaces a failed journal by a new one.
func (s *Store) mend(now time.Time) error {
	if now.Before(s.retryAt) {
		return s.journal.failed
	}
	s.retryAt = now.Add(retryAfter)
	return s.rewrite(now)
}

// rewrite makes the journal hold one record a lease.
func (s *Store) rewrite(now time.Time) error {
	leases := s.Leases(now)
	if err := s.journal.rewrite(leases); err != nil {
		return err
	}
	s.compact = limit(len(leases))
	return nil
}

// limit is how many records a file of so many leases may have before it is
// rewritten: the more leases, the seldomer.
func limit(leases int) int { return 2*leases + 10_000 }

// count is how many records a rewritten journal has, about.
func (s *Store) count() int {
	n := len(s.strangers) + len(s.reservations)
	for _, p := range s.pools {
		n += len(p.byAddr)
	}
	return n
}

// Leases returns every lease but the offers, the ones that end first at the
// front, behind the reservations.
func (s *Store) Leases(now time.Time) []Lease {
	var all []Lease
	for _, p := range s.pools {
		p.durable(func(l Lease) { all = append(all, l) })
	}
	for addr, l := range s.strangers {
		if l.Expired(now) && len(s.pools) > 0 { // without any, they may have a place at the next start
			delete(s.strangers, addr)
			continue
		}
		all = append(all, l)
	}
	slices.SortFunc(all, func(a, b Lease) int {
		return cmp.Or(cmp.Compare(unixOf(a.Expires), unixOf(b.Expires)), a.Addr.Compare(b.Addr))
	})
	reservations, _ := s.Reservations()
	return append(reservations, all...)
}

// Outside is how many leases that have not ended are on addresses that no pool has.
func (s *Store) Outside(now time.Time) int {
	n := 0
	for _, l := range s.strangers {
		if l.State == Bound && !l.Expired(now) {
			n++
		}
	}
	return n
}

// Close makes the last commits durable and gives the journal free for others.
func (s *Store) Close() error {
	if s.journal == nil {
		return nil
	}
	err := s.journal.sync()
	if s.journal.file != nil {
		err = errors.Join(err, s.journal.file.Close())
	}
	return errors.Join(err, s.lock.Close())
}
