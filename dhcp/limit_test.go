package dhcp

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pxe/dhcp/lease"
)

// from is a message of the client with that number.
func from(n int) *Message {
	return with(ask(TypeDiscover), func(m *Message) { binary.BigEndian.PutUint32(m.CHAddr[2:], uint32(n)) })
}

func TestLimitPerClient(t *testing.T) {
	l := NewLimits(10, 0)
	allowed := func(n, messages int, now time.Time) (count int) {
		for range messages {
			if l.allow(from(n), now) {
				count++
			}
		}
		return count
	}
	if got := allowed(1, 50, testStart); got != 20 {
		t.Errorf("%d of 50 at once, want 20", got)
	}
	if got := allowed(2, 50, testStart); got != 20 {
		t.Errorf("%d of another client's 50, want 20", got)
	}
	if got := allowed(1, 50, testStart.Add(time.Second)); got != 10 {
		t.Errorf("%d of 50 after a second, want 10", got)
	}
	if got := allowed(1, 50, testStart.Add(time.Hour)); got != 20 {
		t.Errorf("%d of 50 after an hour, want 20", got)
	}
}

// TestLimitAgainstInventedClients floods with a new MAC each time: the total
// holds, and no client is held back by the others that share the table.
func TestLimitAgainstInventedClients(t *testing.T) {
	l := NewLimits(10, 1000)
	passed, real := 0, 0
	for n := range 100_000 {
		now := testStart.Add(time.Duration(n) * 10 * time.Microsecond) // for a second
		if l.allowAny(now) && l.allow(from(n), now) {
			passed++
		}
		if n%10_000 == 0 && l.allow(from(-1), now) {
			real++
		}
	}
	if passed < 1990 || passed > 2000 {
		t.Errorf("%d messages passed in a second, want those of the burst and of the second, 2000", passed)
	}
	if real != 10 {
		t.Errorf("%d of 10 messages of a real client passed", real)
	}
}

func TestNoLimits(t *testing.T) {
	for _, l := range []*Limits{nil, NewLimits(0, 0)} {
		for range 1000 {
			if !l.allowAny(testStart) || !l.allow(from(1), testStart) {
				t.Fatal("a message was dropped")
			}
		}
	}
}

// TestServeLimits drops what is too much before it is decided, and says so.
func TestServeLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, conn, events := serving(t, classic(), "")
		s.Limits = NewLimits(1, 3)
		conn.onWrite = func(Datagram) error { return nil }
		conn.batches <- []Datagram{
			datagram(from(1)), datagram(from(1)), datagram(from(1)), datagram(from(2)), {Payload: []byte("rubbish"), Src: fromZero, Dst: toAll},
		}
		synctest.Wait()
		if diff := cmp.Diff([]EventKind{EventOffer, EventOffer, EventLimited, EventLimited, EventLimited}, kinds(*events)); diff != "" {
			t.Fatalf("events (-want +got):\n%s", diff)
		}
		for i, want := range []string{"too many messages of this client", "too many messages in total", "too many messages in total"} {
			if e := (*events)[2+i]; e.Reason != want || !e.Warning() || (i == 0) != (e.Machine.MAC != nil) {
				t.Errorf("event %+v, want %s", e, want)
			}
		}
		if s.Count(EventLimited) != 3 {
			t.Errorf("counted %d", s.Count(EventLimited))
		}
	})
}

// TestPoolLow fills a pool of twenty, and lets it get empty and full again.
func TestPoolLow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := classic()
		cfg.Subnets[0].Ranges = []lease.Range{{First: addr("192.168.122.101"), Last: addr("192.168.122.120")}}
		cfg.Subnets[0].LeaseTime = time.Hour
		_, conn, events := serving(t, cfg, "")
		conn.onWrite = func(Datagram) error { return nil }
		bind := func(last byte) {
			m := ask(TypeRequest, optAddr(OptionServerID, "192.168.122.1"),
				addrOption(OptionRequestedAddress, netip.AddrFrom4([4]byte{192, 168, 122, last})))
			m.CHAddr[5] = last
			conn.in <- datagram(m)
			synctest.Wait()
		}
		low := func() (n int) {
			for _, e := range *events {
				if e.Kind == EventPoolLow {
					n++
				}
			}
			return n
		}
		for n := byte(1); n <= 18; n++ {
			bind(100 + n)
		}
		if low() != 0 {
			t.Errorf("%d warnings at 90 percent", low())
		}
		conn.in <- datagram(from(1)) // an offer counts too
		synctest.Wait()
		last := (*events)[len(*events)-1]
		if low() != 1 || last.Kind != EventPoolLow || last.Taken != 19 || last.Size != 20 || !last.Warning() ||
			last.Reason != "19 of 20 addresses of 192.168.122.0/24 are taken; a larger range or a shorter lease time leaves more" {
			t.Errorf("%d warnings at 95 percent, %+v", low(), last)
		}
		bind(119)
		bind(120)
		release := func(last byte) {
			m := with(ask(TypeRelease, optAddr(OptionServerID, "192.168.122.1")), func(m *Message) {
				m.CHAddr[5], m.CIAddr = last, netip.AddrFrom4([4]byte{192, 168, 122, last})
			})
			conn.in <- datagram(m)
			synctest.Wait()
		}
		for n := byte(1); n <= 4; n++ {
			release(100 + n)
		}
		for n := byte(1); n <= 4; n++ {
			bind(100 + n)
		}
		if low() != 1 {
			t.Errorf("%d warnings after it went to 80 percent and back, want the one", low())
		}
		for n := byte(1); n <= 5; n++ {
			release(100 + n)
		}
		for n := byte(1); n <= 5; n++ {
			bind(100 + n)
		}
		if low() != 2 {
			t.Errorf("%d warnings after it went below 80 percent and back, want two", low())
		}
	})
}
