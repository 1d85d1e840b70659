package tftp

import (
	"testing"
	"time"
)

// How long a silent peer is waited for, as it is documented.
func TestTimerPatience(t *testing.T) {
	tests := []struct {
		first   time.Duration
		retries int
		agreed  time.Duration
		want    time.Duration
	}{
		{DefaultTimeout, DefaultRetries, 0, 31500 * ms}, // .5 1 2 4 8 8 8
		{clientTimeout, clientRetries, 0, 31 * time.Second},
		{time.Second, 1, 0, 3 * time.Second},
		{10 * time.Second, 2, 0, 30 * time.Second},
		{time.Second, 1 << 30, 0, maxPatience},
		{1000 * time.Hour, 5, 0, maxPatience},
		{time.Second, 5, 5 * time.Second, 31 * time.Second},
		{time.Second, 5, 10 * time.Second, time.Minute},
		{time.Second, 5, 255 * time.Second, maxPatience},
	}
	for _, tt := range tests {
		timer := newTimer(tt.first, tt.retries, senderFloor)
		if tt.agreed > 0 {
			timer.agree(tt.agreed)
		}
		plain := newTimer(tt.first, tt.retries, senderFloor)
		if timer.silence() != plain.silence() {
			t.Errorf("first %v, %d retries, timeout option %v: silence before an answer %v, without the option %v", tt.first, tt.retries, tt.agreed, timer.silence(), plain.silence())
		}
		timer.moved(epoch)
		if timer.silence() != tt.want {
			t.Errorf("first %v, %d retries, timeout option %v: silence %v, want %v", tt.first, tt.retries, tt.agreed, timer.silence(), tt.want)
		}
	}
}

// The interval follows the round trip, between the floor and what was measured.
func TestTimerInterval(t *testing.T) {
	constant := func(rtt time.Duration) func(int) time.Duration { return func(int) time.Duration { return rtt } }
	tests := []struct {
		name    string
		rtt     func(i int) time.Duration
		least   time.Duration
		most    time.Duration
		doubled time.Duration // after five losses
	}{
		{"loopback", constant(30 * time.Microsecond), senderFloor, senderFloor, 640 * ms},
		{"a coarse clock", constant(0), senderFloor, senderFloor, 640 * ms},
		{"a LAN", constant(time.Millisecond), senderFloor, senderFloor, 640 * ms},
		{"a tunnel", constant(100 * ms), 100 * ms, 110 * ms, time.Second},
		{"a satellite", constant(1200 * ms), 1200 * ms, 1210 * ms, 1210 * ms},
		{"a busy client", func(i int) time.Duration { return time.Duration(i%2) * 40 * ms }, 80 * ms, 120 * ms, time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			timer := new(Server).timer(plainTerms())
			for i := range 100 {
				timer.sample(tt.rtt(i))
			}
			if got := timer.interval(); got < tt.least || got > tt.most {
				t.Errorf("interval %v, want %v to %v", got, tt.least, tt.most)
			}
			for range 5 {
				timer.deadline = epoch
				timer.progress = epoch
				timer.due(epoch)
			}
			if got := timer.interval(); got > tt.doubled || got < tt.doubled*9/10 {
				t.Errorf("interval after five losses %v, want %v", got, tt.doubled)
			}
		})
	}
}

// A peer that has answered is asked every second at least, though no packet has
// measured its round trip yet: the request was sent twice, and what it acknowledges
// next may be too.
func TestTimerUnmeasured(t *testing.T) {
	timer := newTimer(time.Second, 5, senderFloor)
	for _, want := range []time.Duration{8 * time.Second, time.Second} {
		timer.backoff = 5
		if got := timer.interval(); got != want {
			t.Errorf("interval %v, want %v", got, want)
		}
		timer.moved(epoch)
	}
}
