package cmd

import (
	"sync"
	"time"

	"pxe/dhcp"
)

// At most so many events of one kind are shown in an interval, of those kinds
// that anybody on the network can cause as often as he likes. Of offers and
// refusals, which every machine causes, there are so few in normal use that each
// is shown.
const (
	limitEvents   = 10
	limitReplies  = 1000
	limitInterval = 10 * time.Second
)

// most is how many events of a kind are shown in an interval; 0: all.
func most(k dhcp.EventKind) int {
	switch k {
	case dhcp.EventMalformed, dhcp.EventIgnored, dhcp.EventUnknownArch, dhcp.EventNoFile, dhcp.EventExhausted,
		dhcp.EventConflict, dhcp.EventUnprobed, dhcp.EventLimited:
		return limitEvents
	case dhcp.EventOffer, dhcp.EventNak:
		return limitReplies
	}
	return 0
}

// eventLimit counts events by kind. The first one of a kind begins an interval;
// when that is over, leftOut is told how many were too many. It is safe for
// concurrent use.
type eventLimit struct {
	leftOut func(k dhcp.EventKind, count int)

	mu    sync.Mutex
	count map[dhcp.EventKind]int // in the interval
}

func newEventLimit(leftOut func(dhcp.EventKind, int)) *eventLimit {
	return &eventLimit{leftOut: leftOut, count: make(map[dhcp.EventKind]int)}
}

// allow counts an event, and reports whether it is to be shown.
func (l *eventLimit) allow(k dhcp.EventKind) bool {
	if most(k) == 0 {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count[k] == 0 {
		time.AfterFunc(limitInterval, func() { l.end(k) })
	}
	l.count[k]++
	return l.count[k] <= most(k)
}

// end ends the interval of a kind.
func (l *eventLimit) end(k dhcp.EventKind) {
	l.mu.Lock()
	left := l.count[k] - most(k)
	delete(l.count, k)
	l.mu.Unlock()
	if left > 0 {
		l.leftOut(k, left)
	}
}

// flush ends all intervals.
func (l *eventLimit) flush() {
	l.mu.Lock()
	var kinds []dhcp.EventKind
	for k := range l.count {
		kinds = append(kinds, k)
	}
	l.mu.Unlock()
	for _, k := range kinds {
		l.end(k)
	}
}
