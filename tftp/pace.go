package tftp

import (
	"sync"
	"time"
)

// Pace shares a bandwidth among the transfers that a Server sends. Each gets its
// turn in the order in which they ask for one, and every turn is for the same
// number of bytes: a client that asks for large blocks or windows gets no more
// than the others, and what one does not use the others have. The zero value sets
// no limit. It is safe for concurrent use; one may serve several Servers.
type Pace struct {
	// Rate is how many bytes of TFTP packets may go out in a second. It must not
	// change once it is in use.
	Rate int64

	mu   sync.Mutex
	next time.Time // of the turn that nobody has yet
}

const (
	// turnBytes is what a turn is for: about a packet of Ethernet.
	turnBytes = 1500
	// paceSlack is how much of the past can be made up for, so that waking up a
	// little late costs no bandwidth. It is the longest burst as well.
	paceSlack = 10 * time.Millisecond
)

// turn takes the next turn, and returns when that is: perhaps now, or before.
func (p *Pace) turn(now time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if earliest := now.Add(-paceSlack); p.next.Before(earliest) {
		p.next = earliest
	}
	turn := p.next
	p.next = turn.Add(time.Duration(float64(turnBytes) / float64(p.Rate) * float64(time.Second)))
	return turn
}

// pacedSender is a sender that waits for its turns.
type pacedSender struct {
	*sender
	pace   *Pace
	most   int       // bytes of its largest packet
	credit int       // bytes that it may send
	turn   time.Time // when it gets more; zero at the beginning
	since  time.Time // when a packet began to wait for that; zero when none does
}

// paced is s, or s at the pace of p where that has a rate.
func paced(p *Pace, s *sender) machine {
	if p == nil || p.Rate <= 0 {
		return s
	}
	return &pacedSender{sender: s, pace: p, most: max(headerSize+int(s.blockSize), len(s.oack))}
}

// Deadline is that of the sender, or its turn.
func (s *pacedSender) Deadline() time.Time {
	if s.since.IsZero() {
		return s.sender.Deadline()
	}
	return s.turn
}

// Tick takes the time. Of a sender that waits for its turn nobody can expect
// anything yet.
func (s *pacedSender) Tick(now time.Time) {
	if s.since.IsZero() {
		s.sender.Tick(now)
	}
}

// AppendNext adds the next packet to b, if it is its turn.
func (s *pacedSender) AppendNext(now time.Time, b []byte) ([]byte, bool) {
	if s.due() && !s.mayGo(now) {
		return b, false
	}
	start := len(b)
	b, ok := s.sender.AppendNext(now, b)
	s.credit -= len(b) - start
	return b, ok
}

// mayGo takes turns until they are enough for a packet, or one is yet to come.
func (s *pacedSender) mayGo(now time.Time) bool {
	if s.turn.IsZero() {
		s.turn = s.pace.turn(now)
	}
	for s.credit < s.most {
		if s.turn.After(now) {
			if s.since.IsZero() {
				s.since = now
			}
			return false
		}
		s.credit += turnBytes
		// Now, and not when it is needed: in lock-step the time until then would be
		// lost.
		s.turn = s.pace.turn(now)
	}
	if !s.since.IsZero() {
		// The peer was not silent meanwhile: it had nothing to answer.
		if progress := s.timer.progress.Add(now.Sub(s.since)); progress.Before(now) {
			s.timer.progress = progress
		}
		s.since = time.Time{}
	}
	return true
}
