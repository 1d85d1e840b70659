package wire

import (
	"bytes"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// reorderHold is how long a frame waits to be overtaken: long for a busy
	// wire, shorter than any retry timer, since lock-step traffic has no next frame.
	reorderHold = 10 * time.Millisecond
	// maxDelayed is how many frames may be under way in one direction.
	maxDelayed = 4096
)

// Faults is what a bad cable does to the frames of one port, in both
// directions alike. The zero value is a good cable.
//
// The same seed does the same to the same frames: the fate of the nth frame of
// a direction depends on nothing else.
type Faults struct {
	Loss      float64 // probability, 0 to 1, that a frame is lost
	Duplicate float64 // probability that a frame arrives twice
	// Reorder is the probability that a frame arrives after its successor, or
	// 10 ms late when there is none.
	Reorder float64
	Delay   time.Duration // one way
	Seed    uint64
}

// SetFaults changes the cable. Frames that are under way still arrive.
func (p *Port) SetFaults(f Faults) {
	p.in.set(f, 0)
	p.out.set(f, 1)
}

// lane is one direction of a port's cable.
type lane struct {
	arrive func(frame []byte) // set before use
	bad    atomic.Pointer[badLane]

	lost, duplicated, reordered, dropped atomic.Uint64
}

func (l *lane) set(f Faults, direction uint64) {
	var bad *badLane
	if f != (Faults{Seed: f.Seed}) {
		bad = &badLane{lane: l, faults: f, rng: rand.New(rand.NewPCG(f.Seed, direction))}
	}
	l.bad.Store(bad)
}

func (l *lane) send(data []byte) {
	if bad := l.bad.Load(); bad != nil {
		bad.send(data)
		return
	}
	l.arrive(data)
}

// badLane applies faults. Frames arrive outside the lock: a host may answer,
// and so send into this lane again, before arrive returns.
type badLane struct {
	*lane
	faults Faults

	mu       sync.Mutex
	rng      *rand.Rand
	held     []byte      // waits for the next frame to overtake it
	holding  *time.Timer // ends that wait
	delayed  []delayed   // by due time
	delaying bool        // a timer or drain will see to delayed
}

type delayed struct {
	due  time.Time
	data []byte
}

func (b *badLane) send(data []byte) {
	b.mu.Lock()
	// Each frame takes three numbers, so that one probability does not change
	// what another does.
	lose := b.rng.Float64() < b.faults.Loss
	double := b.rng.Float64() < b.faults.Duplicate
	hold := b.rng.Float64() < b.faults.Reorder
	if lose {
		b.mu.Unlock()
		b.lost.Add(1)
		return
	}
	if hold && b.held == nil {
		held := bytes.Clone(data)
		b.held = held
		b.holding = time.AfterFunc(reorderHold, func() { b.release(held) })
		b.mu.Unlock()
		b.reordered.Add(1)
		return
	}
	held := b.held
	if held != nil {
		b.held = nil
		b.holding.Stop()
	}
	b.mu.Unlock()

	b.pass(data)
	if double {
		b.duplicated.Add(1)
		b.pass(data)
	}
	if held != nil {
		b.pass(held)
	}
}

// release lets a held frame go that nothing has overtaken.
func (b *badLane) release(held []byte) {
	b.mu.Lock()
	still := b.held != nil && &b.held[0] == &held[0]
	if still {
		b.held = nil
	}
	b.mu.Unlock()
	if still {
		b.pass(held)
	}
}

// pass lets a frame arrive, after the delay when there is one.
func (b *badLane) pass(data []byte) {
	if b.faults.Delay <= 0 {
		b.arrive(data)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.delayed) >= maxDelayed {
		b.dropped.Add(1)
		return
	}
	b.delayed = append(b.delayed, delayed{time.Now().Add(b.faults.Delay), bytes.Clone(data)})
	if !b.delaying {
		b.delaying = true
		time.AfterFunc(b.faults.Delay, b.drain)
	}
}

// drain lets the frames arrive whose time has come. There is one at a time, so
// they keep their order.
func (b *badLane) drain() {
	for {
		b.mu.Lock()
		if len(b.delayed) == 0 {
			b.delaying = false
			b.mu.Unlock()
			return
		}
		next := b.delayed[0]
		if wait := time.Until(next.due); wait > 0 {
			time.AfterFunc(wait, b.drain)
			b.mu.Unlock()
			return
		}
		b.delayed = b.delayed[1:]
		b.mu.Unlock()
		b.arrive(next.data)
	}
}
