package lease

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strings"
	"time"
)

// Key is a client's identity, bytes of the server's choosing: hardware type and
// address, or option 61 (RFC 2131 4.2). Equal keys are one client.
type Key string

// String is the key in hex.
func (k Key) String() string { return hex.EncodeToString([]byte(k)) }

// client names the client in an error: by the address of an Ethernet card, or by
// the key.
func (k Key) client() string {
	if len(k) == 7 && k[0] == 1 {
		return "client " + strings.ReplaceAll(fmt.Sprintf("% x", string(k[1:])), " ", ":")
	}
	return "client " + k.String()
}

// machine reports whether the key may be a machine's: an Ethernet address of a group
// is not (IEEE 802, the lowest bit of the first byte), nor is one of zeros.
func (k Key) machine() bool {
	if len(k) != 7 || k[0] != 1 {
		return true
	}
	return k[1]&1 == 0 && strings.Trim(string(k[1:]), "\x00") != ""
}

// Client is who asks for an address.
type Client struct {
	Key  Key
	Name string // host name, kept with the lease for people to read
	// Fixed is the client's reservation; the zero Addr means none.
	Fixed netip.Addr
}

// State is what a lease is at the moment it was last touched.
type State uint8

// The states of a lease.
const (
	Held     State = iota // offered, in memory only
	Bound                 // acknowledged, until Expires
	Released              // given back by the client, which gets it again if it asks in time
	Declined              // in use by a stranger according to the client: nobody gets it until Expires
	Reserved              // no lease: kept for the client, see Store.Reserve

	unreserved // in the journal alone: the end of a reservation
)

// stateNames are the words in the journal.
var stateNames = [...]string{
	Held: "held", Bound: "bound", Released: "released", Declined: "declined",
	Reserved: "reserved", unreserved: "unreserved",
}

func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "unknown"
}

// Lease is one address and its holder.
type Lease struct {
	Addr  netip.Addr
	Key   Key // who holds it; who declined it
	Name  string
	State State
	// Expires is the end of the lease, the offer or the quarantine, in whole
	// seconds. The zero Time means never.
	Expires time.Time
}

// Expired reports whether the time of the lease is over; the binding is then
// kept only so that the client gets the same address again.
func (l Lease) Expired(now time.Time) bool {
	return !l.Expires.IsZero() && !now.Before(l.Expires)
}

// Why a pool refuses.
var (
	// ErrExhausted: every address is held by somebody.
	ErrExhausted = errors.New("no free address")
	// ErrInUse: another client holds the address, or it is in quarantine.
	ErrInUse = errors.New("address in use")
	// ErrNotInPool: the address is in no range, or it is the router's, a
	// server's, or reserved for another client.
	ErrNotInPool = errors.New("address not available in this pool")
	// ErrOtherAddress: the client holds, or is reserved, another address.
	ErrOtherAddress = errors.New("client has another address")
	// ErrNotHeld: the client does not hold the address that it gives back.
	ErrNotHeld = errors.New("address not held by this client")
	// ErrDeclinedTooMany: the client has as many addresses in quarantine as it
	// may; this one was only taken from it.
	ErrDeclinedTooMany = errors.New("client declined too many addresses")
)

// never is the expiry, in Unix seconds, of a lease without end.
const never = math.MaxInt64

// deadline is now+ttl in whole Unix seconds, rounded up: the server must never
// forget a lease before the client does. A negative ttl means never.
func deadline(now time.Time, ttl time.Duration) int64 {
	if ttl < 0 {
		return never
	}
	t := now.Add(ttl)
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}

func timeOf(unix int64) time.Time {
	if unix == never {
		return time.Time{}
	}
	return time.Unix(unix, 0).UTC()
}

func unixOf(t time.Time) int64 {
	if t.IsZero() {
		return never
	}
	return t.Unix()
}
