package dhcp

import (
	"hash/maphash"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limits is how many messages a server takes in, of one client and in total.
// What is more is dropped before it is decided, so that a client which asks in
// a circle, or a flood, costs little. Make one with NewLimits; nil limits
// nothing. It is safe for concurrent use.
//
// A client is a hardware address, and anybody can make these up: they are kept in
// a table of fixed size, in which a new client takes the place of an older one.
// A flood of invented clients is thus held back by the total alone.
type Limits struct {
	perClient rate.Limit
	burst     int
	total     *rate.Limiter // nil: no limit
	seed      maphash.Seed

	mu      sync.Mutex
	clients [limitedClients]clientLimit
}

// limitedClients is the size of the table: the machines of a large network that
// may boot at the same time.
const limitedClients = 1 << 13

type clientLimit struct {
	hash  uint64
	limit *rate.Limiter // nil: nobody has the place
}

// DefaultClientRate lets a machine go through every stage of a boot (firmware,
// boot service, loader, installer: some twelve messages) as fast as it can.
const DefaultClientRate = 10

// NewLimits makes limits in messages per second; 0 means none. A client may send
// twice its rate at once, all clients together as many as in one second.
func NewLimits(client, total int) *Limits {
	l := &Limits{perClient: rate.Limit(client), burst: 2 * client, seed: maphash.MakeSeed()}
	if total > 0 {
		l.total = rate.NewLimiter(rate.Limit(total), total)
	}
	return l
}

// allowAny counts a message, whoever sent it.
func (l *Limits) allowAny(now time.Time) bool {
	return l == nil || l.total == nil || l.total.AllowN(now, 1)
}

// allow counts a message of a client.
func (l *Limits) allow(m *Message, now time.Time) bool {
	if l == nil || l.perClient == 0 {
		return true
	}
	hash := maphash.String(l.seed, string(keyOf(m, false)))
	l.mu.Lock()
	defer l.mu.Unlock()
	c := &l.clients[hash%limitedClients]
	if c.limit == nil || c.hash != hash {
		*c = clientLimit{hash, rate.NewLimiter(l.perClient, l.burst)}
	}
	return c.limit.AllowN(now, 1)
}
