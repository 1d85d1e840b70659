package tftp

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pxe/tftp/tftptest"
)

// How clients leave early without anything being wrong.
func TestServerEvents(t *testing.T) {
	const size = 1000
	tests := []struct {
		name string
		talk func(l *lab, p *peer)
		kind EventKind
		note string
		err  error
		want Event // the counters
	}{
		{"EDK2 asks for the size", func(l *lab, p *peer) {
			p.send(l.server, rrq("f", "tsize", 0, "blksize", 1468))
			p.send(p.expect("OACK"), fault(CodeOption))
		}, EventSizeProbe, "", nil, Event{BlockSize: 1468}},
		{"a ROM asks for the size and stops by ERROR 0", func(l *lab, p *peer) {
			p.send(l.server, rrq("f", "tsize", 0))
			p.send(p.expect("OACK"), fault(CodeUndefined))
		}, EventSizeProbe, "", nil, Event{BlockSize: 512}},
		{"a ROM asks for the size and then for the file, from the same port", func(l *lab, p *peer) {
			p.send(l.server, rrq("f", "tsize", 0))
			p.expect("OACK")
			p.send(l.server, rrq("f", "blksize", 1456))
			p.expect("OACK")
		}, EventSizeProbe, "", nil, Event{BlockSize: 512}},
		{"PXELINUX has seen enough", func(l *lab, p *peer) {
			p.send(l.server, rrq("f", "tsize", 0))
			tid := p.expect("OACK")
			p.send(tid, ack(0))
			p.expect("DATA 1")
			p.send(tid, ack(1))
			p.expect("DATA 2")
			p.send(tid, Packet{Op: OpERROR, Message: "no more"})
		}, EventClosed, "no more", nil, Event{BlockSize: 512, Bytes: 512, Blocks: 1}},
		{"a client that dislikes the OACK", func(l *lab, p *peer) {
			p.send(l.server, rrq("f", "blksize", 1468))
			p.send(p.expect("OACK"), fault(CodeOption))
		}, EventFailed, "", &Error{Code: CodeOption}, Event{BlockSize: 1468}},
		{"a client that vanishes", func(l *lab, p *peer) {
			p.send(l.server, rrq("f", "blksize", 1468))
			p.expect("OACK")
		}, EventFailed, "", ErrNoAnswer, Event{BlockSize: 1468, Retransmits: 6}},
		{"a client that vanishes in the middle", func(l *lab, p *peer) {
			p.send(l.server, rrq("f"))
			p.expect("DATA 1")
		}, EventFailed, "", ErrNoAnswer, Event{BlockSize: 512, Retransmits: 6}},
		{"a client whose last ACK is lost", func(l *lab, p *peer) {
			p.send(l.server, rrq("f"))
			tid := p.expect("DATA 1")
			time.Sleep(10 * ms) // of the bubble: a round trip for the server to see
			p.send(tid, ack(1))
			p.expect("DATA 2")
		}, EventDone, "the last ACK is missing", nil, Event{BlockSize: 512, Bytes: size, Blocks: 2, Retransmits: 35}},
		{"a name with rubbish behind", func(l *lab, p *peer) {
			p.send(l.server, rrq("f\xff"))
			tid := p.expect("DATA 1")
			p.send(tid, ack(1))
			p.expect("DATA 2")
			p.send(tid, ack(2))
		}, EventDone, "rubbish behind the file name: option 67 without a NUL at its end?", nil, Event{BlockSize: 512, Bytes: size, Blocks: 2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inLab(t, tftptest.Faults{}, &Server{Source: files{"f": pattern(size)}}, func(l *lab) {
				tt.talk(l, l.peer())
				got := l.event()
				if got.Kind != tt.kind || got.Note != tt.note || !sameError(got.Err, tt.err) {
					t.Errorf("event %v, note %q, error %v; want %v, %q, %v", got.Kind, got.Note, got.Err, tt.kind, tt.note, tt.err)
				}
				counters := Event{Bytes: got.Bytes, Blocks: got.Blocks, Retransmits: got.Retransmits, BlockSize: got.BlockSize}
				if diff := cmp.Diff(tt.want, counters, cmpopts.EquateComparable(netip.AddrPort{}, netip.Addr{})); diff != "" {
					t.Errorf("counters (-want +got):\n%s", diff)
				}
				if got.Size != size || got.File != "f" || got.Client.Addr().String() != "192.0.2.2" || got.Local.String() != "192.0.2.1" {
					t.Errorf("event %+v", got)
				}
			})
		})
	}
}

// sameError compares *Errors by value, others by identity.
func sameError(got, want error) bool {
	var g, w *Error
	if errors.As(want, &w) {
		return errors.As(got, &g) && *g == *w
	}
	return errors.Is(got, want)
}

// OnEvent needs no lock of its own: the race detector watches.
func TestServerEventsDoNotOverlap(t *testing.T) {
	count := 0
	s := &Server{OnEvent: func(Event) { count++ }}
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 1000 {
				s.emit(Event{})
			}
		})
	}
	wait.Wait()
	if count != 8000 {
		t.Errorf("%d events, want 8000", count)
	}
}

func TestEventKindsHaveNames(t *testing.T) {
	for k := EventDone; k <= EventMalformed; k++ {
		if k.String() == "unknown" {
			t.Errorf("kind %d has no name", k)
		}
	}
	if got := fmt.Sprint(Code(99), Op(77), &Error{CodeNotFound, "no \x1b[2J"}); strings.Contains(got, "\x1b") {
		t.Errorf("%q holds an escape sequence of a peer", got)
	}
}
