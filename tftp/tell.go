package tftp

import "sync"

// maxUntold is how many events may wait for OnEvent. Of those that anybody can cause
// as fast as packets come, a half: the others are rather lost than those of
// transfers.
const maxUntold = 1 << 14

// teller tells OnEvent what happened, in a goroutine of its own: whoever is slow to
// read a log must not keep machines from booting.
type teller struct {
	server *Server
	wake   chan struct{} // something has changed
	done   sync.WaitGroup

	mu      sync.Mutex // guards the fields below
	queue   []Event
	missed  int64 // since the last event in queue
	stopped bool
}

func newTeller(s *Server) *teller {
	t := &teller{server: s, wake: make(chan struct{}, 1)}
	if s.OnEvent != nil {
		t.done.Go(t.run)
	}
	return t
}

// tell has OnEvent told of e, soon. It waits for nothing.
func (t *teller) tell(e Event) {
	if t.server.OnEvent == nil {
		return
	}
	room := maxUntold
	if e.Kind == EventDropped || e.Kind == EventMalformed {
		room /= 2
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.queue) >= room {
		t.missed++
		return
	}
	e.Missed, t.missed = t.missed, 0
	t.queue = append(t.queue, e)
	t.signal()
}

func (t *teller) signal() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// run tells all there is until stop.
func (t *teller) run() {
	for range t.wake {
		events, stopped := t.take()
		for _, e := range events {
			t.server.emit(e)
		}
		if stopped {
			return
		}
	}
}

func (t *teller) take() (events []Event, stopped bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	events, t.queue = t.queue, nil
	return events, t.stopped
}

// stop returns when OnEvent has been told of everything.
func (t *teller) stop() {
	t.mu.Lock()
	t.stopped = true
	t.signal()
	t.mu.Unlock()
	t.done.Wait()
}
