package tftptest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// pair is two sockets on a network.
func pair(t *testing.T, f Faults) (a, b net.PacketConn) {
	t.Helper()
	n := NewNetwork(f)
	var conns [2]net.PacketConn
	for i, addr := range []string{"192.0.2.1", "192.0.2.2"} {
		var err error
		if conns[i], err = n.Host(addr).ListenPacket(t.Context(), "udp", ":0"); err != nil {
			t.Fatal(err)
		}
	}
	return conns[0], conns[1]
}

// exchange sends n numbers from one socket to another and returns what comes
// within a second, with the time that the last took.
func exchange(t *testing.T, f Faults, n int) (got []string, last time.Duration) {
	t.Helper()
	a, b := pair(t, f)
	start := time.Now()
	for i := range n {
		if _, err := a.WriteTo(fmt.Append(nil, i), b.LocalAddr()); err != nil {
			t.Fatal(err)
		}
	}
	_ = b.SetReadDeadline(start.Add(time.Second))
	for {
		buf := make([]byte, 10)
		n, from, err := b.ReadFrom(buf)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return got, last
		}
		if err != nil || from.String() != a.LocalAddr().String() {
			t.Fatalf("from %v: %v", from, err)
		}
		got, last = append(got, string(buf[:n])), time.Since(start)
	}
}

func TestFaults(t *testing.T) {
	for _, tt := range []struct {
		name     string
		faults   Faults
		min, max int // of 1000
		ordered  bool
		last     time.Duration
	}{
		{"none", Faults{}, 1000, 1000, true, 0},
		{"delay", Faults{Delay: 5 * time.Millisecond}, 1000, 1000, true, 5 * time.Millisecond},
		{"loss", Faults{Loss: .2}, 700, 900, true, 0},
		{"all lost", Faults{Loss: 1}, 0, 0, true, 0},
		{"duplicates", Faults{Duplicate: .01}, 1002, 1024, true, 0},
		{"reordering", Faults{Reorder: .1, Delay: 5 * time.Millisecond}, 1000, 1000, false, 11 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got, last := exchange(t, tt.faults, 1000)
				if len(got) < tt.min || len(got) > tt.max || last != tt.last {
					t.Errorf("%d of 1000 came, the last after %v", len(got), last)
				}
				ordered, before := true, -1
				for _, s := range got {
					var n int
					if _, err := fmt.Sscan(s, &n); err != nil {
						t.Fatal(err)
					}
					ordered = ordered && n >= before
					before = n
				}
				if ordered != tt.ordered {
					t.Errorf("in order: %v, want %v", ordered, tt.ordered)
				}
			})
		})
	}
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, Faults{})
		time.AfterFunc(time.Second, func() { b.Close() })
		if _, _, err := b.ReadFrom(nil); !errors.Is(err, net.ErrClosed) {
			t.Errorf("read from a socket that is closed meanwhile: %v", err)
		}
		if err := b.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("closed again: %v", err)
		}
		if _, err := b.WriteTo(nil, a.LocalAddr()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("written after Close: %v", err)
		}
		if _, err := a.WriteTo(nil, b.LocalAddr()); err != nil {
			t.Errorf("written to nobody: %v", err)
		}
	})
}

func TestListenPacket(t *testing.T) {
	h := NewNetwork(Faults{}).Host("192.0.2.1")
	first, err := h.ListenPacket(t.Context(), "udp", ":69")
	if err != nil || first.LocalAddr().String() != "192.0.2.1:69" {
		t.Fatalf("%v, %v", first, err)
	}
	for _, address := range []string{":69", "nonsense", ":nonsense"} {
		if _, err := h.ListenPacket(t.Context(), "udp", address); err == nil {
			t.Errorf("listened on %q", address)
		}
	}
}
