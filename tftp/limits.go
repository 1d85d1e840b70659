package tftp

import (
	"errors"
	"net/netip"
	"sync"
	"time"
)

// Why Limits keep a request out.
var (
	// ErrSource says that a client has as many transfers as it may.
	ErrSource = errors.New("too many transfers of this client")
	// ErrRate says that more requests came than may.
	ErrRate = errors.New("too many requests")
)

// Limits is who may begin a transfer, as xinetd had it (per_source, cps); its
// Admit is for that of Server. The zero value lets everybody in. The fields must
// not change once Admit is in use, which is safe for concurrent use.
//
// Who may not is not answered. Boot clients ask again, iPXE five times in eight
// seconds, EDK2, GRUB and PXELINUX for half a minute or more, and get in when the
// rush is over; to an ERROR all of them would give up. And nobody can have
// packets sent to a third party at a higher rate than the limits allow.
type Limits struct {
	// PerSource is how many transfers one address may have at once. 0: any
	// number. It bounds an address, not a machine: one behind NAT speaks for many.
	PerSource int
	// Rate is how many requests are let in within Window, which begins with the
	// first. When they are used up nobody is until Window is over. 0: any number.
	Rate   int
	Window time.Duration

	mu      sync.Mutex
	running map[netip.Addr]int // only of addresses that have some
	began   time.Time          // of the window
	count   int                // in the window
}

// Admit asks for room for a transfer, which the caller gives back by release.
// The error is ErrSource or ErrRate; release is nil then.
func (l *Limits) Admit(client netip.AddrPort, now time.Time) (release func(), err error) {
	addr := client.Addr().Unmap()
	l.mu.Lock()
	defer l.mu.Unlock()
	// First by source, or one client that asks in a circle uses up the rate of
	// all.
	if l.PerSource > 0 && l.running[addr] >= l.PerSource {
		return nil, ErrSource
	}
	if l.Rate > 0 {
		// A clock that was set back begins a new window too.
		if age := now.Sub(l.began); age < 0 || age >= l.Window {
			l.began, l.count = now, 0
		}
		if l.count >= l.Rate {
			return nil, ErrRate
		}
		l.count++
	}
	if l.PerSource <= 0 {
		return func() {}, nil
	}
	if l.running == nil {
		l.running = make(map[netip.Addr]int)
	}
	l.running[addr]++
	return sync.OnceFunc(func() { l.leave(addr) }), nil
}

func (l *Limits) leave(addr netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running[addr]--; l.running[addr] == 0 {
		delete(l.running, addr)
	}
}
