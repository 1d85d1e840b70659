package wire_test

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pxe/wire"
)

// station is a port without a host: a test reads its frames one by one.
type station struct {
	*wire.Port
	read uint64
}

func stations(sw *wire.Switch, names ...string) []*station {
	var all []*station
	for _, name := range names {
		all = append(all, &station{Port: sw.Port(name)})
	}
	return all
}

// frames returns the payloads of the frames that have arrived and were not yet
// read.
func (s *station) frames(t *testing.T) []string {
	t.Helper()
	var all []string
	for buf := make([]byte, 2048); s.read < s.Stats().Out; s.read++ {
		n, err := s.ReadFrame(buf)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(buf[14:n]))
	}
	return all
}

// send puts a frame between the stations of these numbers on the wire; 0xff is broadcast.
func (s *station) send(t *testing.T, dst, src byte, payload string) {
	t.Helper()
	if err := s.WriteFrame(frame(dst, src, payload)); err != nil {
		t.Fatal(err)
	}
}

func frame(dst, src byte, payload string) []byte {
	return append(append(mac(dst), mac(src)...), "\x88\xb5"+payload...) // a type for experiments
}

// mac is the address of station n, or of all for 0xff.
func mac(n byte) []byte {
	if n == 0xff {
		return []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	}
	return []byte{2, 0, 0, 0, 0, n}
}

func TestSwitchForwards(t *testing.T) {
	type send struct {
		port     int
		dst, src byte
	}
	tests := []struct {
		name  string
		sends []send
		want  [3]int // frames that ports 0, 1 and 2 are given
	}{
		{"unknown address is flooded", []send{{0, 2, 1}}, [3]int{0, 1, 1}},
		{"broadcast is flooded", []send{{0, 0xff, 1}}, [3]int{0, 1, 1}},
		{"known address alone gets it", []send{{1, 0xff, 2}, {0, 2, 1}}, [3]int{1, 1, 1}},
		{"answer goes back alone", []send{{0, 0xff, 1}, {1, 1, 2}}, [3]int{1, 1, 1}},
		{"never back to its port", []send{{0, 0xff, 1}, {0, 1, 9}}, [3]int{0, 1, 1}},
		{"two addresses behind one port", []send{{0, 0xff, 1}, {0, 0xff, 3}, {1, 1, 2}, {1, 3, 2}}, [3]int{2, 2, 2}},
		{"address that moves", []send{{0, 0xff, 1}, {2, 0xff, 1}, {1, 1, 2}}, [3]int{1, 2, 2}},
		{"broadcast as source is not learnt", []send{{0, 9, 0xff}, {1, 0xff, 2}}, [3]int{1, 1, 2}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ports := stations(wire.NewSwitch(), "a", "b", "c")
			for _, s := range test.sends {
				ports[s.port].send(t, s.dst, s.src, "")
			}
			var got [3]int
			for i, p := range ports {
				got[i] = len(p.frames(t))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("frames per port (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSwitchMulticastIsFlooded(t *testing.T) {
	ports := stations(wire.NewSwitch(), "a", "b", "c")
	multicast := frame(1, 1, "")
	copy(multicast, net.HardwareAddr{0x01, 0, 0x5e, 0, 0, 1})
	for range 2 {
		if err := ports[0].WriteFrame(multicast); err != nil {
			t.Fatal(err)
		}
	}
	if b, c := ports[1].Stats().Out, ports[2].Stats().Out; b != 2 || c != 2 {
		t.Errorf("given %d and %d frames, want 2 and 2", b, c)
	}
}

func TestSwitchForgetsClosedPort(t *testing.T) {
	sw := wire.NewSwitch()
	ports := stations(sw, "a", "b", "c")
	ports[0].send(t, 0xff, 1, "")
	ports[0].Close()
	ports[1].send(t, 1, 2, "flooded")
	if got, want := ports[2].frames(t), []string{"", "flooded"}; !slices.Equal(got, want) {
		t.Errorf("c got %q, want %q", got, want)
	}
	if got := sw.Ports(); len(got) != 2 || got[0].Name() != "b" || got[1].Name() != "c" {
		t.Errorf("%d ports are left, want b and c", len(got))
	}
	if err := ports[0].WriteFrame(frame(2, 1, "")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("WriteFrame after Close: %v, want net.ErrClosed", err)
	}
}

// A port that invents addresses must not push out those of others.
func TestSwitchAddressesPerPort(t *testing.T) {
	ports := stations(wire.NewSwitch(), "hostile", "b", "c")
	ports[1].send(t, 0xff, 2, "")
	for i := range 5000 {
		f := frame(2, 0, "")
		f[9], f[10], f[11] = 1, byte(i>>8), byte(i)
		if err := ports[0].WriteFrame(f); err != nil {
			t.Fatal(err)
		}
	}
	before := ports[0].Stats().Out
	ports[2].send(t, 2, 3, "")
	if got := ports[0].Stats().Out; got != before {
		t.Errorf("a frame for b went to the hostile port too")
	}
	// Its first addresses are known, later ones are flooded for.
	first, last := frame(0, 3, ""), frame(0, 3, "")
	copy(first, []byte{2, 0, 0, 1, 0, 0})
	copy(last, []byte{2, 0, 0, 1, 4999 >> 8, 4999 & 0xff})
	for _, test := range []struct {
		frame []byte
		given uint64
	}{{first, 0}, {last, 1}} {
		before := ports[1].Stats().Out + ports[1].Stats().Dropped
		if err := ports[2].WriteFrame(test.frame); err != nil {
			t.Fatal(err)
		}
		if got := ports[1].Stats().Out + ports[1].Stats().Dropped - before; got != test.given {
			t.Errorf("b was given %d frames for % x, want %d", got, test.frame[:6], test.given)
		}
	}
}

func TestSlowPortLosesItsOwn(t *testing.T) {
	ports := stations(wire.NewSwitch(), "sender", "slow", "quick")
	const frames = 3000
	for i := range frames {
		ports[0].send(t, 0xff, 1, fmt.Sprint(i))
		if got := ports[2].frames(t); len(got) != 1 || got[0] != fmt.Sprint(i) {
			t.Fatalf("quick got %q for frame %d", got, i)
		}
	}
	got := ports[1].Stats()
	if got.Dropped == 0 || got.Out+got.Dropped != frames {
		t.Errorf("slow was given %d and lost %d of %d frames", got.Out, got.Dropped, frames)
	}
	if kept := ports[1].frames(t); kept[0] != "0" || len(kept) != int(got.Out) {
		t.Errorf("slow kept %d frames from %q on, want the first %d", len(kept), kept[0], got.Out)
	}
}

func TestFrameSize(t *testing.T) {
	ports := stations(wire.NewSwitch(), "a", "b")
	for _, test := range []struct {
		size int
		ok   bool
	}{{0, false}, {13, false}, {14, true}, {1514, true}, {1518, true}, {1519, false}, {65535, false}} {
		err := ports[0].WriteFrame(make([]byte, test.size))
		if ok := err == nil; ok != test.ok || !ok && !errors.Is(err, wire.ErrFrameSize) {
			t.Errorf("%d bytes: %v, want ok=%v", test.size, err, test.ok)
		}
	}
	want := wire.PortStats{In: 3, InBytes: 14 + 1514 + 1518, Refused: 4}
	if diff := cmp.Diff(want, ports[0].Stats()); diff != "" {
		t.Errorf("a's counts (-want +got):\n%s", diff)
	}
	want = wire.PortStats{Out: 3, OutBytes: 14 + 1514 + 1518}
	if diff := cmp.Diff(want, ports[1].Stats()); diff != "" {
		t.Errorf("b's counts (-want +got):\n%s", diff)
	}
}

func TestReadFrameShortBuffer(t *testing.T) {
	ports := stations(wire.NewSwitch(), "a", "b")
	ports[0].send(t, 2, 1, "payload")
	buf := make([]byte, 16)
	if n, err := ports[1].ReadFrame(buf); n != 16 || err == nil || string(buf[14:]) != "pa" {
		t.Errorf("ReadFrame: %d, %v, %q; want 16, an error and the beginning", n, err, buf[14:])
	}
}

func TestPortCloseUnblocksRead(t *testing.T) {
	port := wire.NewSwitch().Port("a")
	got := make(chan error)
	go func() {
		_, err := port.ReadFrame(make([]byte, 2048))
		got <- err
	}()
	port.Close()
	if err := <-got; !errors.Is(err, net.ErrClosed) {
		t.Errorf("ReadFrame: %v, want net.ErrClosed", err)
	}
}

func TestTap(t *testing.T) {
	sw := wire.NewSwitch()
	ports := stations(sw, "a", "b")
	var got []string
	var last time.Time
	remove := sw.Tap(func(at time.Time, f []byte) {
		if at.Before(last) {
			t.Errorf("frame %q is seen before the one before it", f[14:])
		}
		last = at
		got = append(got, string(f[14:]))
	})
	ports[0].send(t, 2, 1, "question")
	ports[1].send(t, 1, 2, "answer")
	ports[1].send(t, 2, 9, "for the sender itself")
	remove()
	ports[0].send(t, 2, 1, "later")
	want := []string{"question", "answer", "for the sender itself"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tap saw (-want +got):\n%s", diff)
	}
}
