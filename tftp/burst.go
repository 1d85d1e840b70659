package tftp

import "time"

const (
	// leastBurst is how many blocks go out at once in any case: EDK2 asks for a
	// window of 4, and has room for it.
	leastBurst = 4
	// burstPause is what a boot ROM gets to empty its receive ring.
	burstPause = time.Millisecond
	// After so many windows in a row that came whole bursts grow again; each time
	// that this was a mistake, after twice as many.
	burstTrial, mostBurstTrial = 8, 1 << 10
)

// burst says how many blocks of a window go out back to back. The receive ring of
// a boot ROM may be smaller than the window that its software asks for; then the
// end of every window is lost, and sent in vain. Where two windows in a row have
// losses, each is sent in pieces half as long, with a pause between them.
type burst struct {
	window int64
	most   int64 // blocks back to back
	sent   int64 // since the last answer or pause
	whole  int   // windows in a row that came whole
	broken int   // windows in a row that did not
	trial  int   // windows that have to come whole before bursts grow
	grown  bool  // they have, and nothing was lost since

	pause time.Time // the end of the pause
	waits bool      // for it
}

func newBurst(window int64) burst { return burst{window: window, most: window, trial: burstTrial} }

// answered takes an answer of the peer, or its silence, and whether it shows that
// blocks were lost.
func (b *burst) answered(lost bool) {
	b.sent, b.waits = 0, false
	switch {
	case lost:
		b.broken++
		b.whole = 0
		if b.grown {
			b.trial = min(b.trial*2, mostBurstTrial)
		}
		if b.grown || b.broken > 1 {
			b.most = min(b.window, max(leastBurst, b.most/2))
		}
		b.grown = false
	default:
		b.whole++
		b.broken = 0
		if b.whole >= b.trial && b.most < b.window {
			b.most = min(b.window, b.most*2)
			b.whole, b.grown = 0, true
		}
	}
}

// next reports whether the next block may go out now.
func (b *burst) next(now time.Time) bool {
	switch {
	case b.waits && now.Before(b.pause):
		return false
	case !b.waits && b.sent >= b.most && b.most < b.window:
		b.pause, b.waits = now.Add(burstPause), true
		return false
	case b.waits:
		b.sent, b.waits = 0, false
	}
	b.sent++
	return true
}
