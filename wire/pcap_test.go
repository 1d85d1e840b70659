package wire_test

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"pxe/wire"
)

func TestPcapReadsBack(t *testing.T) {
	var file bytes.Buffer
	pcap, err := wire.NewPcapWriter(&file)
	if err != nil {
		t.Fatal(err)
	}
	sw := wire.NewSwitch()
	type seen struct {
		At    time.Time
		Frame string
	}
	var want []seen
	sw.Tap(func(at time.Time, f []byte) { want = append(want, seen{at, string(f)}) })
	sw.Tap(pcap.Record)
	ports := stations(sw, "a", "b")
	ports[0].send(t, 2, 1, "one")
	ports[1].send(t, 1, 2, string(make([]byte, 1500)))
	if err := pcap.Close(); err != nil {
		t.Fatal(err)
	}
	ports[0].send(t, 2, 1, "after Close")

	r, err := pcapgo.NewReader(&file)
	if err != nil {
		t.Fatal(err)
	}
	if r.LinkType() != layers.LinkTypeEthernet {
		t.Errorf("link type %v, want Ethernet", r.LinkType())
	}
	var got []seen
	for {
		data, info, err := r.ReadPacketData()
		if err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		got = append(got, seen{info.Timestamp, string(data)})
	}
	same := cmp.Comparer(func(a, b time.Time) bool { return a.UnixNano() == b.UnixNano() })
	if diff := cmp.Diff(want[:2], got, same); diff != "" {
		t.Errorf("capture (-want +got):\n%s", diff)
	}
}

// Each frame is one write, so whoever reads along never sees half a frame.
func TestPcapWholeFrames(t *testing.T) {
	var w writes
	pcap, err := wire.NewPcapWriter(&w)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				pcap.Record(time.Unix(1, 2), make([]byte, 1518))
			}
		})
	}
	wg.Wait()
	if err := pcap.Close(); err != nil {
		t.Fatal(err)
	}
	if len(w) != 201 {
		t.Errorf("%d writes for the header and 200 frames", len(w))
	}
	for i, n := range w[1:] {
		if n != 16+1518 {
			t.Fatalf("write %d has %d bytes, want a record of %d", i+1, n, 16+1518)
		}
	}
}

type writes []int

func (w *writes) Write(b []byte) (int, error) {
	*w = append(*w, len(b))
	return len(b), nil
}

func TestPcapReportsFirstError(t *testing.T) {
	full := errors.New("disk full")
	w := &failing{after: 1, err: full}
	pcap, err := wire.NewPcapWriter(w)
	if err != nil {
		t.Fatal(err)
	}
	pcap.Record(time.Now(), make([]byte, 60))
	pcap.Record(time.Now(), make([]byte, 60))
	if err := pcap.Close(); !errors.Is(err, full) {
		t.Errorf("Close: %v, want %v", err, full)
	}
	if err := pcap.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if _, err := wire.NewPcapWriter(&failing{err: full}); !errors.Is(err, full) {
		t.Errorf("NewPcapWriter: %v, want %v", err, full)
	}
}

type failing struct {
	after int
	err   error
}

func (f *failing) Write(b []byte) (int, error) {
	if f.after--; f.after < 0 {
		return 0, f.err
	}
	return len(b), nil
}
