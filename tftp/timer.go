package tftp

import "time"

const (
	defaultTimeout = time.Second // before the round trip is known
	defaultRetries = 5

	// Floors of the measured interval. The receiver's is higher: when DATA was
	// lost the sender knows what to do, and a repeated ACK only disturbs it.
	senderFloor   = 20 * time.Millisecond
	receiverFloor = 50 * time.Millisecond

	// maxInterval ends the doubling while the round trip is unknown. Boot
	// firmware itself waits no longer than 4 to 8 s between two tries.
	maxInterval = 8 * time.Second
	// maxPatience bounds how long a large timeout option can hold a transfer.
	maxPatience = 2 * time.Minute
)

// timer decides when to send again and when to give up. It has no clock: every
// method is told the time.
//
// As long as no round trip was measured it waits first, then twice that, up to
// 8 s. Then the interval follows the round trip as in RFC 6298, with a floor of
// some milliseconds instead of a second: TFTP has one small window, so a resend
// too many costs little and a second of waiting costs a boot. It still doubles,
// but not past first: a peer that has once answered is asked at that pace until
// patience ends. An agreed timeout option (RFC 2349) replaces all of this by a
// fixed interval.
type timer struct {
	first    time.Duration
	floor    time.Duration
	fixed    time.Duration // the timeout option; 0 when not agreed
	patience time.Duration

	srtt, rttvar time.Duration // srtt is 0 until the first sample
	backoff      uint

	progress time.Time // when the peer last moved the transfer on
	deadline time.Time // when to send again
}

// newTimer makes the timer of a transfer that starts at interval first and
// gives up after as many resends as retries while nothing was measured. Zero
// values stand for the defaults: 1 s and 5 resends, 31 s in all.
func newTimer(first time.Duration, retries int, floor time.Duration) timer {
	if first <= 0 {
		first = defaultTimeout
	}
	if retries <= 0 {
		retries = defaultRetries
	}
	var patience time.Duration
	for i := range retries + 1 {
		if patience += min(first<<min(i, 16), max(first, maxInterval)); patience > maxPatience {
			patience = max(maxPatience, first)
			break
		}
	}
	return timer{first: first, floor: floor, patience: patience}
}

// agree makes the interval d the only one, as the timeout option says.
func (t *timer) agree(d time.Duration, retries int) {
	if d <= 0 {
		return
	}
	if retries <= 0 {
		retries = defaultRetries
	}
	t.fixed = d
	t.patience = max(t.patience, min(d*time.Duration(retries+1), maxPatience))
}

// interval is the time to wait for an answer to what is sent now.
func (t *timer) interval() time.Duration {
	switch {
	case t.fixed > 0:
		return t.fixed
	case t.srtt == 0:
		return min(t.first<<min(t.backoff, 16), max(t.first, maxInterval))
	}
	rto := max(t.srtt+4*t.rttvar, t.floor)
	return min(rto<<min(t.backoff, 16), max(rto, t.first))
}

// sent starts the wait for an answer.
func (t *timer) sent(now time.Time) { t.deadline = now.Add(t.interval()) }

// moved notes that the peer moved the transfer on. A doubled interval stays
// doubled until a round trip is measured (Karn's algorithm), or the first
// sample would never come on a path slower than the floor.
func (t *timer) moved(now time.Time) {
	t.progress = now
	if t.srtt == 0 {
		t.backoff = 0
	}
}

// sample takes the round trip of a packet that was sent only once.
func (t *timer) sample(rtt time.Duration) {
	rtt = max(rtt, 1)
	if t.srtt == 0 {
		t.srtt, t.rttvar = rtt, rtt/2
	} else {
		t.rttvar += ((t.srtt - rtt).Abs() - t.rttvar) / 4
		t.srtt += (rtt - t.srtt) / 8
	}
	t.srtt = max(t.srtt, 1)
	t.backoff = 0
}

// due reports whether the answer is overdue, and whether patience is at its end.
func (t *timer) due(now time.Time) (resend, giveUp bool) {
	if now.Before(t.deadline) {
		return false, false
	}
	if now.Sub(t.progress) >= t.patience {
		return false, true
	}
	t.backoff++
	return true, false
}
