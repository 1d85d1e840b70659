package wire_test

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"pxe/wire"
)

// goroutines returns the stacks of the goroutines that belong to this package
// or to the stack below, other than the caller's.
func goroutines() string {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	var ours []string
	for i, g := range strings.Split(string(buf), "\n\n") {
		if i > 0 && (strings.Contains(g, "pxe/wire.") || strings.Contains(g, "gvisor")) {
			ours = append(ours, g)
		}
	}
	return strings.Join(ours, "\n\n")
}

// noGoroutines fails unless they are gone now. One that has just
// given its last sign of life may take a moment to leave.
func noGoroutines(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); runtime.Gosched() {
		if goroutines() == "" {
			return
		}
	}
	t.Errorf("goroutines are left:\n%s", goroutines())
}

// Whatever a host is doing when it is closed, everything returns, and nothing
// goes on.
func TestHostCloseUnblocksEverything(t *testing.T) {
	l := newLAN(t)
	a, _ := l.host(1, "10.0.0.1/24")
	b, _ := l.host(2, "10.0.0.2/24")
	server := listen(t, a, ":80")
	accepted := make(chan net.Conn, 1)
	go func() {
		c, _ := server.Accept()
		accepted <- c
	}()
	tcp, udp := dial(t, b, "tcp", "10.0.0.1:80"), listenPacket(t, b, ":68").(net.Conn)
	mine, dhcp := listen(t, b, ":80"), listenDHCP(t, b, 67)
	peer := <-accepted

	arp := make(chan struct{}, 16)
	l.Tap(func(_ time.Time, f []byte) {
		if f[12] == 8 && f[13] == 6 {
			arp <- struct{}{}
		}
	})
	var wg sync.WaitGroup
	for name, wait := range map[string]func() error{
		"Read TCP":    func() error { _, err := tcp.Read(make([]byte, 1)); return err },
		"Read UDP":    func() error { _, err := udp.Read(make([]byte, 1)); return err },
		"Accept":      func() error { _, err := mine.Accept(); return err },
		"read DHCP":   func() error { _, _, err := dhcp.ReadDatagram(nil); return err },
		"Dial nobody": func() error { _, err := b.DialContext(t.Context(), "tcp", "10.0.0.99:80"); return err },
		"Write TCP": func() error {
			for {
				if _, err := tcp.Write(make([]byte, 1<<20)); err != nil {
					return err
				}
			}
		},
	} {
		wg.Go(func() {
			if err := wait(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s: %v, want net.ErrClosed", name, err)
			}
		})
	}
	<-arp // the dial is under way
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()

	// The peer hears of it and is not left waiting.
	if _, err := io.Copy(io.Discard, peer); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("peer read: %v, want %v", err, syscall.ECONNRESET)
	}
	for name, open := range map[string]func() error{
		"ListenPacket": func() error { _, err := b.ListenPacket(t.Context(), "udp", ":0"); return err },
		"Listen":       func() error { _, err := b.Listen("tcp", ":0"); return err },
		"DialContext":  func() error { _, err := b.DialContext(t.Context(), "udp", "10.0.0.1:1"); return err },
		"ListenDHCP":   func() error { _, err := b.ListenDHCP(1); return err },
		"Configure":    func() error { return b.Configure(netip.Prefix{}, netip.Addr{}) },
	} {
		if err := open(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s after Close: %v, want net.ErrClosed", name, err)
		}
	}
	if err := b.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	a.Close()
	noGoroutines(t)
}

// Close while connections come in and go.
func TestHostCloseUnderLoad(t *testing.T) {
	for range 20 {
		l := newLAN(t)
		a, _ := l.host(1, "10.0.0.1/24")
		b, _ := l.host(2, "10.0.0.2/24")
		server := listen(t, a, ":80")
		var wg sync.WaitGroup
		up := make(chan struct{})
		wg.Go(func() {
			for n := 0; ; n++ {
				c, err := server.Accept()
				if err != nil {
					return
				}
				if n == 20 {
					close(up)
				}
				wg.Go(func() {
					io.Copy(c, c)
					c.Close()
				})
			}
		})
		for range 4 {
			wg.Go(func() {
				for {
					c, err := b.DialContext(t.Context(), "tcp", "10.0.0.1:80")
					if errors.Is(err, net.ErrClosed) {
						return
					} else if err != nil {
						continue // the server has gone first
					}
					c.Write(make([]byte, 5000))
					c.Close()
				}
			})
		}
		<-up
		wg.Go(func() { a.Close() })
		wg.Go(func() { b.Close() })
		wg.Wait()
	}
	noGoroutines(t)
}

// pair is a Link that is no port of a switch: two of them are a cable.
type pair struct {
	in, out chan []byte
	closed  chan struct{}
	once    sync.Once
	err     error
}

func newPair() (a, b *pair) {
	ab, ba := make(chan []byte, 256), make(chan []byte, 256)
	return &pair{in: ba, out: ab, closed: make(chan struct{}), err: net.ErrClosed},
		&pair{in: ab, out: ba, closed: make(chan struct{}), err: net.ErrClosed}
}

func (p *pair) MTU() int { return 1500 }

func (p *pair) ReadFrame(buf []byte) (int, error) {
	select {
	case f := <-p.in:
		return copy(buf, f), nil
	case <-p.closed:
		return 0, p.err
	}
}

func (p *pair) WriteFrame(f []byte) error {
	select {
	case p.out <- append([]byte(nil), f...):
	default:
	}
	return nil
}

func (p *pair) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func TestHostOnAnyLink(t *testing.T) {
	l := newLAN(t)
	x, y := newPair()
	a := l.plug(x, wire.HostConfig{Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/24")}})
	b := l.plug(y, wire.HostConfig{Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.2/24")}})
	go echo(listenPacket(t, a, ":69"))
	if got, _ := ask(t, listenPacket(t, b, ":0"), "10.0.0.1:69", "hello"); got != "hello" {
		t.Errorf("got %q", got)
	}
	a.Close()
	b.Close()
	noGoroutines(t)
}

// A link that fails takes its host down with the reason.
func TestHostLinkFails(t *testing.T) {
	l := newLAN(t)
	x, _ := newPair()
	x.err = syscall.ENODEV
	h := l.plug(x, wire.HostConfig{})
	c := listenPacket(t, h, ":68")
	x.Close()
	if _, _, err := c.ReadFrom(make([]byte, 1)); !errors.Is(err, syscall.ENODEV) {
		t.Errorf("read: %v, want %v", err, syscall.ENODEV)
	}
	if _, err := h.ListenPacket(t.Context(), "udp", ":0"); !errors.Is(err, syscall.ENODEV) {
		t.Errorf("listen: %v, want %v", err, syscall.ENODEV)
	}
}
