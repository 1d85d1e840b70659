package cmd

import (
	"sync"
	"time"
)

// At most so many events of one kind are shown in an interval, of those kinds
// that anybody on the network can cause as often as he likes.
const (
	limitEvents   = 10
	limitInterval = 10 * time.Second
	// limitKinds is how many kinds are counted by themselves.
	limitKinds = 2000
)

// eventLimit counts events by kind. The first one of a kind begins an interval;
// when that is over, leftOut is told how many were too many. It is safe for
// concurrent use.
type eventLimit[K comparable] struct {
	most    func(k K) int // how many of a kind are shown in an interval; 0: all
	leftOut func(k K, count int)
	// crowd is the kind as which one is counted that would be too many to count by
	// themselves; nil: there are never so many.
	crowd func(k K) K

	mu    sync.Mutex
	count map[K]int // in the interval
}

func newEventLimit[K comparable](most func(K) int, leftOut func(K, int)) *eventLimit[K] {
	return &eventLimit[K]{most: most, leftOut: leftOut, count: make(map[K]int)}
}

// allow counts an event, and reports whether it is to be shown.
func (l *eventLimit[K]) allow(k K) bool {
	if l.most(k) == 0 {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.count[k]; !known && l.crowd != nil && len(l.count) >= limitKinds {
		k = l.crowd(k)
	}
	if l.count[k] == 0 {
		time.AfterFunc(limitInterval, func() { l.end(k) })
	}
	l.count[k]++
	return l.count[k] <= l.most(k)
}

// end ends the interval of a kind.
func (l *eventLimit[K]) end(k K) {
	l.mu.Lock()
	left := l.count[k] - l.most(k)
	delete(l.count, k)
	l.mu.Unlock()
	if left > 0 {
		l.leftOut(k, left)
	}
}

// flush ends all intervals.
func (l *eventLimit[K]) flush() {
	l.mu.Lock()
	var kinds []K
	for k := range l.count {
		kinds = append(kinds, k)
	}
	l.mu.Unlock()
	for _, k := range kinds {
		l.end(k)
	}
}
