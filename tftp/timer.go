package tftp

import "time"

// Timeout and Retries of a Client. It gives a silent peer up after 31 s, as a
// Server does, but begins later: an OACK that comes twice harms nobody, while a
// request that comes twice makes some servers send the file twice.
const (
	clientTimeout = time.Second
	clientRetries = 5
)

const (
	// Floors of the measured interval. The receiver's is higher: when DATA was
	// lost the sender knows what to do, and a repeated ACK only disturbs it.
	senderFloor   = 20 * time.Millisecond
	receiverFloor = 50 * time.Millisecond

	// maxInterval ends the doubling before the first answer: boot firmware itself
	// waits no longer than 4 to 8 s between two tries. maxMeasured ends it
	// afterwards: a peer that has answered before is asked at least so often, so
	// that no run of losses on a bad path ends a transfer.
	maxInterval = 8 * time.Second
	maxMeasured = time.Second
	// maxPatience bounds how long a large timeout option can hold a transfer.
	maxPatience = 2 * time.Minute
)

// timer decides when to send again and when to give up. It has no clock: every
// method is told the time.
//
// As long as no round trip was measured it waits first, then twice that, and so
// on. Then the interval follows the round trip as in RFC 6298, with a floor of
// some milliseconds instead of a second: TFTP has one small window, so a resend
// too many costs little, and a second of waiting costs a boot. An agreed timeout
// option (RFC 2349) replaces all of this by a fixed interval.
type timer struct {
	first    time.Duration
	early    time.Duration // comes before first with a peer that has not answered yet; 0: nothing does
	floor    time.Duration
	fixed    time.Duration   // the timeout option; 0 when not agreed
	schedule []time.Duration // Request.Waits; rules out all of the above when not nil
	retries  int
	// patience is the time that a silent peer gets; stretched is that of one that
	// has answered, whose timeout option asks for more. Before, it may not be the
	// peer that asks.
	patience, stretched time.Duration
	most                time.Duration // of stretched
	// tries is how many resends there are to a peer that has not answered yet, in
	// whose name somebody else may have asked. 0: as many as fit into patience.
	tries int

	srtt, rttvar time.Duration // srtt is 0 until the first sample
	backoff      int           // doublings of the interval
	forgiven     int           // doublings that forgive took back
	tooShort     bool          // there were needless resends since the last sample

	answered bool      // the peer has moved the transfer on
	progress time.Time // when it last did
	deadline time.Time // when to send again
}

// newTimer makes the timer of a transfer that starts at interval first and
// gives a peer up that stays silent for as long as that many retries, at
// doubled intervals, would take.
func newTimer(first time.Duration, retries int, floor time.Duration) timer {
	first = min(first, maxPatience)
	var patience time.Duration
	for i := range min(retries, 1000) + 1 {
		patience += min(first<<min(i, 16), max(first, maxInterval))
	}
	return timer{first: first, floor: floor, retries: retries, patience: min(patience, maxPatience), most: maxPatience}
}

// giveUpAfter makes d the time that a silent peer gets, at any interval.
func (t *timer) giveUpAfter(d time.Duration) { t.patience, t.most = d, d }

// newScheduleTimer makes the timer of a transfer that waits so long after each
// try, and gives up after the last.
func newScheduleTimer(waits []time.Duration) timer {
	t := timer{schedule: waits}
	for _, wait := range waits {
		t.patience += wait
	}
	return t
}

// agree makes the interval d the only one, as the timeout option says; 0 is no
// such option.
func (t *timer) agree(d time.Duration) {
	if d == 0 || t.schedule != nil {
		return
	}
	t.fixed = d
	t.stretched = min(d*time.Duration(t.retries+1), t.most)
}

// silence is how long the peer may be silent.
func (t *timer) silence() time.Duration {
	if t.answered {
		return max(t.patience, t.stretched)
	}
	return t.patience
}

// interval is the time to wait for an answer to what is sent now.
func (t *timer) interval() time.Duration {
	switch {
	case t.schedule != nil:
		return t.schedule[min(t.backoff, len(t.schedule)-1)]
	case t.fixed > 0:
		return t.fixed
	case t.srtt == 0 && !t.answered:
		doublings := t.backoff
		if t.early > 0 {
			if doublings--; doublings < 0 {
				return t.early
			}
		}
		return min(t.first<<min(doublings, 16), max(t.first, maxInterval))
	case t.srtt == 0:
		return min(t.first<<min(t.backoff, 16), max(t.first, maxMeasured))
	}
	// A server that a thousand clients ask at once has a long round trip that
	// hardly varies, until the machine does something else for a moment.
	rto := max(t.srtt+max(4*t.rttvar, t.floor/2), t.floor)
	return min(rto<<min(t.backoff, 16), max(rto, maxMeasured))
}

// sent starts the wait for an answer, which silence ends.
func (t *timer) sent(now time.Time) {
	t.deadline = now.Add(min(t.interval(), t.silence()-now.Sub(t.progress)))
}

// moved notes that the peer moved the transfer on. A doubled interval stays
// doubled until a round trip is measured (Karn's algorithm), or the first
// sample would never come on a path slower than the floor.
func (t *timer) moved(now time.Time) {
	t.answered, t.progress = true, now
	if t.srtt == 0 || t.schedule != nil {
		t.backoff = 0
	}
}

// forgive takes the doubling back, although what was answered had been sent
// twice and measures nothing: on a lossy path that is the rule, and one loss
// should not slow down the next. It relies on needless being called if the
// doubling was right.
func (t *timer) forgive() {
	if !t.tooShort {
		t.forgiven, t.backoff = t.backoff, 0
	}
}

// needless notes that the peer has had both copies of what was sent twice: the
// interval is shorter than the round trip.
func (t *timer) needless() {
	if !t.tooShort {
		t.tooShort = true
		t.backoff = max(t.backoff, t.forgiven)
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
	t.backoff, t.forgiven, t.tooShort = 0, 0, false
}

// due reports whether the answer is overdue, and whether patience is at its end.
func (t *timer) due(now time.Time) (resend, giveUp bool) {
	if now.Before(t.deadline) {
		return false, false
	}
	if now.Sub(t.progress) >= t.silence() {
		return false, true
	}
	if t.tries > 0 && !t.answered && t.backoff >= t.tries {
		t.deadline = t.progress.Add(t.silence())
		return false, false
	}
	t.backoff++
	return true, false
}
