package tftp

import (
	"bytes"
	"context"
	"io"
	"sync"
	"testing"
	"time"

	"pxe/tftp/tftptest"
)

// pacedFor lets clients with these options download for so long at once, and
// returns how many bytes each has got.
func pacedFor(t *testing.T, d time.Duration, faults tftptest.Faults, rate int64, clients ...[]Option) []int64 {
	got := make([]int64, len(clients))
	inLab(t, faults, &Server{Source: files{"f": pattern(64 << 20)}, Pace: &Pace{Rate: rate}}, func(l *lab) {
		ctx, cancel := context.WithTimeout(l.t.Context(), d)
		defer cancel()
		var wait sync.WaitGroup
		for i, asked := range clients {
			wait.Go(func() {
				c := Client{ListenPacket: l.client.ListenPacket}
				transfer, err := c.Get(ctx, Request{Server: l.server, Name: "f", Options: asked}, io.Discard)
				if err == nil || ctx.Err() == nil {
					t.Errorf("%+v, %v", transfer, err)
				}
				got[i] = transfer.Bytes
			})
		}
		wait.Wait()
	})
	return got
}

func sum(all []int64) (total int64) {
	for _, n := range all {
		total += n
	}
	return total
}

// Every client gets the same, whatever blocks and windows it asks for, and all
// together what may be sent.
func TestPaceIsFair(t *testing.T) {
	const rate = 1_000_000
	got := pacedFor(t, 10*time.Second, tftptest.Faults{Delay: 100 * time.Microsecond}, rate,
		nil, options("blksize", 1468), options("blksize", 1468, "windowsize", 16), options("blksize", 8192, "windowsize", 64))
	for i, n := range got {
		// In blocks of 512 bytes the headers count for more, 0.8 %.
		if share := int64(10 * rate / 4); n < share*96/100 || n > share*102/100 {
			t.Errorf("client %d got %d bytes of %v", i, n, got)
		}
	}
	if total := sum(got); total > 10*rate*101/100 {
		t.Errorf("%d bytes went out in 10 s at %d/s", total, rate)
	}
}

// What a client far away cannot use in lock-step, another one has.
func TestPaceLosesNothing(t *testing.T) {
	const rate = 1_000_000
	wide := options("blksize", 1468, "windowsize", 64)
	got := pacedFor(t, 10*time.Second, tftptest.Faults{Delay: 20 * ms}, rate, nil, wide, wide, wide)
	if got[0] < 100_000 || got[0] > 130_000 { // 512 bytes in 40 ms
		t.Errorf("in lock-step: %d bytes", got[0])
	}
	if total := sum(got); total < 10*rate*95/100 {
		t.Errorf("%v is less than %d bytes", got, 10*rate)
	}
}

// A window that takes longer than patience is not the client's fault.
func TestPaceIsNotSilence(t *testing.T) {
	content := pattern(300_000)
	server := &Server{Source: files{"f": content}, Pace: &Pace{Rate: 10_000}, IdleTimeout: 2 * time.Second}
	inLab(t, tftptest.Faults{Delay: ms}, server, func(l *lab) {
		var got bytes.Buffer
		c := Client{ListenPacket: l.client.ListenPacket, Timeout: time.Minute}
		transfer, err := c.Get(l.t.Context(), Request{Server: l.server, Name: "f", Options: options("blksize", 1468, "windowsize", 64)}, &got)
		if err != nil || !bytes.Equal(got.Bytes(), content) {
			t.Errorf("%+v, %v", transfer, err)
		}
		if e := l.event(); e.Kind != EventDone || e.Retransmits > 0 || e.Duration < 29*time.Second || e.Duration > 32*time.Second {
			t.Errorf("event %+v", e)
		}
	})
}

// A client that is gone is given up as without a pace.
func TestPaceGivesUp(t *testing.T) {
	server := &Server{Source: files{"f": pattern(300_000)}, Pace: &Pace{Rate: 10_000}, IdleTimeout: 2 * time.Second}
	inLab(t, tftptest.Faults{}, server, func(l *lab) {
		l.peer().send(l.server, rrq("f", "windowsize", 8))
		if e := l.event(); e.Err != ErrNoAnswer || e.Duration > 4*time.Second {
			t.Errorf("event %+v", e)
		}
	})
}
