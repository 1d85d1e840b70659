package wire_test

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pxe/wire"
)

// run sends n numbered frames from a to b over a cable with faults at a's
// port, and returns what b got in order.
func run(t *testing.T, n int, f wire.Faults) (got []int, stats wire.PortStats) {
	t.Helper()
	ports := stations(wire.NewSwitch(), "a", "b")
	ports[0].SetFaults(f)
	for i := range n {
		ports[0].send(t, 2, 1, strconv.Itoa(i))
		for _, s := range ports[1].frames(t) {
			got = append(got, number(t, s))
		}
	}
	return got, ports[0].Stats()
}

func number(t *testing.T, s string) int {
	t.Helper()
	i, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func TestLossIsSeeded(t *testing.T) {
	const n, loss = 10000, 0.1
	got, stats := run(t, n, wire.Faults{Loss: loss, Seed: 7})
	if rate := 1 - float64(len(got))/n; math.Abs(rate-loss) > 0.01 {
		t.Errorf("lost %.3f of the frames, want about %.1f", rate, loss)
	}
	if int(stats.Lost) != n-len(got) {
		t.Errorf("counts %d lost frames, want %d", stats.Lost, n-len(got))
	}
	again, _ := run(t, n, wire.Faults{Loss: loss, Seed: 7})
	if diff := cmp.Diff(got, again); diff != "" {
		t.Errorf("the same seed loses other frames (-first +second):\n%s", diff)
	}
	if other, _ := run(t, n, wire.Faults{Loss: loss, Seed: 8}); slices.Equal(got, other) {
		t.Error("another seed loses the same frames")
	}
	// What is lost does not depend on what else goes wrong.
	if mixed, _ := run(t, n, wire.Faults{Loss: loss, Duplicate: 0.5, Seed: 7}); !slices.Equal(got, slices.Compact(mixed)) {
		t.Error("duplication changes which frames are lost")
	}
}

func TestFaultsAtTheEnds(t *testing.T) {
	all, none := []int{0, 1, 2, 3}, []int(nil)
	for _, test := range []struct {
		name   string
		faults wire.Faults
		want   []int
	}{
		{"good cable", wire.Faults{Seed: 1}, all},
		{"cut cable", wire.Faults{Loss: 1}, none},
		{"all twice", wire.Faults{Duplicate: 1}, []int{0, 0, 1, 1, 2, 2, 3, 3}},
		{"all held", wire.Faults{Reorder: 1}, []int{1, 0, 3, 2}},
		{"all twice and held", wire.Faults{Reorder: 1, Duplicate: 1}, []int{1, 1, 0, 3, 3, 2}},
		{"impossible values", wire.Faults{Loss: -1, Duplicate: math.NaN(), Delay: -time.Second}, all},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, _ := run(t, 4, test.faults)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("arrived (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFaultsBothDirections(t *testing.T) {
	ports := stations(wire.NewSwitch(), "a", "b", "c")
	ports[0].SetFaults(wire.Faults{Loss: 1})
	ports[1].send(t, 0xff, 2, "x")
	ports[0].send(t, 0xff, 1, "y")
	for i, want := range [][]string{nil, nil, {"x"}} {
		if diff := cmp.Diff(want, ports[i].frames(t)); diff != "" {
			t.Errorf("%s got (-want +got):\n%s", ports[i].Name(), diff)
		}
	}
	ports[0].SetFaults(wire.Faults{})
	ports[0].send(t, 0xff, 1, "z")
	if diff := cmp.Diff([]string{"z"}, ports[1].frames(t)); diff != "" {
		t.Errorf("after repair b got (-want +got):\n%s", diff)
	}
}

func TestDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ports := stations(wire.NewSwitch(), "a", "b")
		ports[0].SetFaults(wire.Faults{Delay: 30 * time.Millisecond})
		start := time.Now()
		var got []string
		for i := range 4 {
			ports[0].send(t, 2, 1, fmt.Sprint(i))
			time.Sleep(20 * time.Millisecond)
			synctest.Wait()
			for _, s := range ports[1].frames(t) {
				got = append(got, fmt.Sprintf("%s by %v", s, time.Since(start)))
			}
		}
		time.Sleep(10 * time.Millisecond)
		synctest.Wait()
		got = append(got, ports[1].frames(t)...)
		want := []string{"0 by 40ms", "1 by 60ms", "2 by 80ms", "3"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("arrivals (-want +got):\n%s", diff)
		}
	})
}

// A frame that no other follows is late but not lost: in lock-step nothing
// follows.
func TestReorderWithoutSuccessor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ports := stations(wire.NewSwitch(), "a", "b")
		ports[0].SetFaults(wire.Faults{Reorder: 1})
		start := time.Now()
		ports[0].send(t, 2, 1, "alone")
		if _, err := ports[1].ReadFrame(make([]byte, 64)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 10*time.Millisecond {
			t.Errorf("arrived after %v, want 10ms", took)
		}
	})
}

// A frame under way when its port closes must not come out of it.
func TestCloseWithDelayedFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ports := stations(wire.NewSwitch(), "a", "b")
		ports[1].SetFaults(wire.Faults{Delay: time.Second})
		ports[0].send(t, 2, 1, "late")
		ports[1].Close()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got := ports[1].Stats().Out; got != 0 {
			t.Errorf("closed port was given %d frames", got)
		}
	})
}

// What is under way is bounded.
func TestDelayIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ports := stations(wire.NewSwitch(), "a", "b")
		ports[0].SetFaults(wire.Faults{Delay: time.Second})
		for range 5000 {
			ports[0].send(t, 2, 1, "x")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		a, b := ports[0].Stats(), ports[1].Stats()
		if a.Dropped != 5000-4096 || b.Out+b.Dropped != 4096 {
			t.Errorf("%d dropped before and %d given after the delay, want 904 and 4096", a.Dropped, b.Out+b.Dropped)
		}
	})
}
