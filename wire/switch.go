package wire

import (
	"slices"
	"sync"
	"time"
)

// maxAddrs is how many addresses a port may have learnt. What does not fit is
// flooded, so a port that invents addresses harms nobody else.
const maxAddrs = 1024

// A Switch is an Ethernet switch as IEEE 802.1D describes the simplest one: it
// learns which port an address is behind, sends a frame for a known address
// there alone, and floods all others. A frame never goes back to its port.
//
// Frames travel on the goroutine that sends them: the switch has none of its
// own.
type Switch struct {
	frames sync.Pool // of *frame, for the queues of the ports

	mu    sync.RWMutex
	table map[hwaddr]*Port
	ports []*Port // replaced, never changed in place, as are the taps
	taps  []*tap

	tapping sync.Mutex // one frame at a time goes to the taps
}

type hwaddr [6]byte

// unicast is false for group addresses and for the address that is none.
func (a hwaddr) unicast() bool { return a[0]&1 == 0 && a != hwaddr{} }

// frame is a copy of a frame that waits in a queue.
type frame struct {
	n    int
	data [maxFrame]byte
}

type tap struct {
	see func(t time.Time, frame []byte)
}

// NewSwitch returns a switch without ports.
func NewSwitch() *Switch {
	return &Switch{
		table:  map[hwaddr]*Port{},
		frames: sync.Pool{New: func() any { return new(frame) }},
	}
}

// Tap shows every frame that crosses the switch to see, once, in order, with
// the time. What a port's faults lose on the way in is not seen; what they lose
// on the way out is. See must not keep the frame nor send one; while it runs
// other frames wait. The returned function ends it, except for a frame that is
// crossing meanwhile.
func (s *Switch) Tap(see func(t time.Time, frame []byte)) (remove func()) {
	t := &tap{see}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taps = append(slices.Clip(s.taps), t)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.taps = without(s.taps, t)
	}
}

// Ports returns the ports that are open, in the order they were made.
func (s *Switch) Ports() []*Port {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.ports)
}

// forward takes a frame of at least headerSize bytes from a port to where it belongs.
func (s *Switch) forward(from *Port, data []byte) {
	dst, src := hwaddr(data[0:6]), hwaddr(data[6:12])
	s.mu.RLock()
	to, learnt := s.table[dst], s.table[src] == from
	ports, taps := s.ports, s.taps
	s.mu.RUnlock()

	if !learnt && src.unicast() {
		s.learn(src, from)
	}
	if len(taps) > 0 {
		s.show(taps, data)
	}
	if to != nil {
		if to != from {
			to.out.send(data)
		}
		return
	}
	for _, p := range ports {
		if p != from {
			p.out.send(data)
		}
	}
}

// learn notes that an address is behind a port; it may have moved there.
func (s *Switch) learn(addr hwaddr, p *Port) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.addrs >= maxAddrs || !slices.Contains(s.ports, p) {
		return
	}
	if old := s.table[addr]; old != nil {
		old.addrs--
	}
	s.table[addr] = p
	p.addrs++
}

func (s *Switch) show(taps []*tap, data []byte) {
	s.tapping.Lock()
	defer s.tapping.Unlock()
	now := time.Now()
	for _, t := range taps {
		t.see(now, data)
	}
}

func (s *Switch) unplug(p *Port) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ports = without(s.ports, p)
	for addr, at := range s.table {
		if at == p {
			delete(s.table, addr)
		}
	}
}

// without returns a new slice that lacks x.
func without[T comparable](list []T, x T) []T {
	return slices.DeleteFunc(slices.Clone(list), func(y T) bool { return y == x })
}
