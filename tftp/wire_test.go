package tftp

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"pxe/wire"
)

// A Server and a Client on an Ethernet with a bad cable: real UDP, IP and ARP,
// in virtual time.

// onWire runs f with a server of these files, and a client whose cable has the
// faults.
func onWire(t *testing.T, faults wire.Faults, content files, f func(*wired)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sw := wire.NewSwitch()
		plug := func(last byte) (*wire.Host, *wire.Port) {
			port := sw.Port(fmt.Sprint(last))
			h, err := wire.NewHost(port, wire.HostConfig{
				MAC: net.HardwareAddr{2, 0, 0, 0, 0, last}, NoTCP: true,
				Addrs: []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2, last}), 24)},
			})
			if err != nil {
				t.Fatal(err)
			}
			return h, port
		}
		host, port := plug(1)
		defer host.Close()
		client, cable := plug(2)
		defer client.Close()
		cable.SetFaults(faults)

		conn, err := host.ListenPacket(t.Context(), "udp", "192.0.2.1:69")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		events := make(chan Event, 100)
		sink := new(memorySink)
		server := &Server{
			Source: content, Sink: sink, ListenPacket: host.ListenPacket,
			OnEvent: func(e Event) { events <- e },
		}
		ctx, cancel := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- server.Serve(ctx, conn) }()
		defer func() {
			cancel()
			if err := <-served; err != nil {
				t.Errorf("Serve: %v", err)
			}
		}()
		f(&wired{t, faults, content, sink, client, cable, port, events})
	})
}

type wired struct {
	t       *testing.T
	faults  wire.Faults
	content files
	sink    *memorySink
	client  *wire.Host
	cable   *wire.Port // the client's
	port    *wire.Port // the server's
	events  <-chan Event
}

var wiredServer = netip.MustParseAddrPort("192.0.2.1:69")

// badCables are the faults that a transfer must cope with, and good ones to
// compare with.
func badCables() (all []wire.Faults) {
	for _, loss := range []float64{0, .01, .05, .2} {
		for _, reorder := range []float64{0, .1} {
			for _, duplicate := range []float64{0, .1} {
				for _, delay := range []time.Duration{0, 20 * ms} {
					all = append(all, wire.Faults{
						Loss: loss, Reorder: reorder, Duplicate: duplicate, Delay: delay, Seed: uint64(len(all)),
					})
				}
			}
		}
	}
	return append(all, wire.Faults{Duplicate: 1}, wire.Faults{Reorder: 1}, wire.Faults{Duplicate: 1, Reorder: 1, Delay: 20 * ms})
}

// Every transfer over every cable comes to its end in time, the file is the
// file, and no more is sent than the losses explain.
func TestWire(t *testing.T) {
	for way, transfer := range map[string]func(w *wired, name string, blockSize, window int) error{
		"get": (*wired).get, "put": (*wired).put,
	} {
		transfers, unanswered := 0, 0
		for _, faults := range badCables() {
			for _, blockSize := range []int{512, 1468} {
				content := files{"empty": nil, "one": pattern(1), "exact": pattern(16 * blockSize), "more": pattern(40*blockSize + 7)}
				for _, window := range []int{1, 4, 16} {
					t.Run(fmt.Sprintf("%s %+v blksize %d window %d", way, faults, blockSize, window), func(t *testing.T) {
						onWire(t, faults, content, func(w *wired) {
							for name := range content {
								err := transfer(w, name, blockSize, window)
								if transfers++; errors.Is(err, ErrNoAnswer) {
									unanswered++
								}
							}
						})
					})
				}
			}
		}
		// Six requests in a row get no answer: less than one in a hundred at a loss
		// of a fifth each way, and not to be seen at less.
		if unanswered > transfers/200 {
			t.Errorf("%s: %d of %d transfers never began", way, unanswered, transfers)
		}
	}
}

// get fetches a file and checks what there is to check.
func (w *wired) get(name string, blockSize, window int) error {
	w.t.Helper()
	var got bytes.Buffer
	c := Client{ListenPacket: w.client.ListenPacket}
	before := w.port.Stats().In
	transfer, err := c.Get(w.t.Context(), Request{
		Server: wiredServer, Name: name, Options: options("tsize", 0, "blksize", blockSize, "windowsize", window),
	}, &got)
	return w.check(transfer, err, got.Bytes(), w.content[name], func() uint64 { return w.port.Stats().In - before })
}

// put sends a file and checks the same.
func (w *wired) put(name string, blockSize, window int) error {
	w.t.Helper()
	content := w.content[name]
	c := Client{ListenPacket: w.client.ListenPacket}
	before := w.cable.Stats().In
	transfer, err := c.Put(w.t.Context(), Request{
		Server: wiredServer, Name: name, Options: options("tsize", len(content), "blksize", blockSize, "windowsize", window),
	}, bytes.NewReader(content), int64(len(content)))
	got, _ := w.sink.got(name)
	return w.check(transfer, err, []byte(got), content, func() uint64 { return w.cable.Stats().In - before })
}

// check looks at what became of a transfer. sent are the packets of the end that
// has the file.
func (w *wired) check(transfer Transfer, err error, got, want []byte, sent func() uint64) error {
	w.t.Helper()
	w.sink.left(w.t)
	if errors.Is(err, ErrNoAnswer) && w.faults.Loss >= .2 && len(got) == 0 {
		return err
	}
	if err != nil || sha256.Sum256(got) != sha256.Sum256(want) {
		w.t.Errorf("%v, %d of %d bytes", err, len(got), len(want))
	}
	e := <-w.events
	if e.Kind != EventDone {
		w.t.Errorf("%d bytes: the server saw %v with %v", len(want), e.Kind, e.Err)
	}
	blocks := len(want)/transfer.BlockSize + 1
	if most := mostTime(blocks, w.faults); transfer.Duration > most {
		w.t.Errorf("%d bytes: took %v, want at most %v", len(want), transfer.Duration, most)
	}
	most := mostPackets(blocks, transfer.Window, w.faults)
	if e.Note != "" {
		most += 36 * transfer.Window // the end of the file again, until patience ends
	}
	if n := sent(); n > uint64(most) {
		w.t.Errorf("%d bytes: %d packets, want at most %d", len(want), n, most)
	}
	return err
}

// mostPackets is what a server may send for so many blocks. What comes twice
// costs nothing in lock-step (RFC 1123 section 4.2.3.1); a loss costs a window,
// and a block that is late two.
func mostPackets(blocks, window int, faults wire.Faults) int {
	again := float64(window) * 1.5 * (faults.Loss + 2*faults.Reorder)
	if window > 1 {
		again += faults.Duplicate
	}
	few := 6 // the request or the OACK, ARP, ERROR 5
	if again > 0 {
		few += 10
	}
	return few + int(float64(blocks)*(1+again)/((1-faults.Loss)*(1-faults.Loss)))
}

// mostTime is what a transfer of so many blocks may take: in lock-step a round
// trip each, in which both ways may be late; and where there are losses, all
// patience with the request and up to a second for each of them.
func mostTime(blocks int, faults wire.Faults) time.Duration {
	trip := 2 * faults.Delay
	if faults.Reorder > 0 {
		trip += 2 * 10 * ms // see wire.Faults
	}
	most := 2*time.Second + time.Duration(blocks)*trip
	if faults.Loss > 0 {
		most += 31*time.Second + time.Duration(float64(blocks)*2*faults.Loss*float64(time.Second))
	}
	return most
}

// Block 65535 is followed by block 0, and a bad cable does not confuse the two.
func TestWireRollsOver(t *testing.T) {
	faults := wire.Faults{Loss: .001, Duplicate: .001, Reorder: .001, Delay: ms, Seed: 1}
	onWire(t, faults, files{"f": pattern(65600 * 8)}, func(w *wired) { _ = w.get("f", 8, 16) }) // 65,601 blocks
}

// A cable that is cut ends both ends, each with the right error, in the time
// that is documented.
func TestWireCut(t *testing.T) {
	for _, tt := range []struct {
		name           string
		after          int64 // bytes
		client, server error // nil: it knows of nothing
	}{
		{"before the request", 0, ErrNoAnswer, nil},
		{"in mid-transfer", 20_000, ErrStalled, ErrStalled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			onWire(t, wire.Faults{}, files{"f": pattern(100_000)}, func(w *wired) {
				var cut time.Time
				progress := func(done, _ int64) {
					if cut.IsZero() && done >= tt.after {
						w.cable.SetFaults(wire.Faults{Loss: 1})
						cut = time.Now()
					}
				}
				progress(0, -1)
				c := Client{ListenPacket: w.client.ListenPacket}
				_, err := c.Get(w.t.Context(), Request{
					Server: wiredServer, Name: "f", Options: options("tsize", 0), Progress: progress,
				}, io.Discard)
				if d := time.Since(cut); !errors.Is(err, tt.client) || d < 30*time.Second || d > 33*time.Second {
					w.t.Errorf("client: %v after %v, want %v after 31 s", err, d, tt.client)
				}
				if tt.server != nil {
					e := <-w.events
					if d := time.Since(cut); !errors.Is(e.Err, tt.server) || d > 33*time.Second {
						w.t.Errorf("server: %v after %v, want %v after 31 s", e.Err, d, tt.server)
					}
				}
			})
		})
	}
}
