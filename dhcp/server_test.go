package dhcp

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pxe/dhcp/lease"
)

// serving runs a server on a connection in memory for the length of a test. Its
// clock is that of the synctest bubble.
func serving(t *testing.T, cfg Config, path string) (*Server, *testConn, *[]Event) {
	t.Helper()
	store, err := lease.Open(path, cfg.Pools(), testStart)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(cfg, store)
	if err != nil {
		t.Fatal(err)
	}
	var events []Event
	s.OnEvent = func(e Event) { events = append(events, e) }
	conn := newTestConn()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, conn, toServer.Addr()) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
		store.Close()
	})
	return s, conn, &events
}

func datagram(m *Message) Datagram {
	return Datagram{Payload: m.Append(nil), Src: fromZero, Dst: toAll}
}

func kinds(events []Event) []EventKind {
	var k []EventKind
	for _, e := range events {
		k = append(k, e.Kind)
	}
	return k
}

func TestServeExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, conn, events := serving(t, classic(), "")
		conn.in <- datagram(ask(TypeDiscover, biosOptions()...))
		out := <-conn.written
		offer, err := Parse(out.Payload)
		if err != nil {
			t.Fatal(err)
		}
		if out.Src != toServer || out.Dst != netip.AddrPortFrom(offer.YIAddr, 68) || !bytes.Equal(out.DstMAC, mac(clientMAC)) {
			t.Errorf("the OFFER goes from %s to %s at %s", out.Src, out.Dst, out.DstMAC)
		}
		conn.in <- datagram(ask(TypeRequest, optAddr(OptionServerID, "192.168.122.1"), addrOption(OptionRequestedAddress, offer.YIAddr)))
		out = <-conn.written
		ack, err := Parse(out.Payload)
		if err != nil || ack.Type() != TypeAck || len(out.Payload) != minimumSize {
			t.Errorf("got %v of %d bytes, %v, want an ACK padded to 300", ack.Type(), len(out.Payload), err)
		}
		conn.in <- Datagram{Payload: []byte("rubbish"), Src: fromZero, Dst: toAll}
		conn.in <- datagram(ask(TypeOffer))
		synctest.Wait()
		if diff := cmp.Diff([]EventKind{EventOffer, EventAck, EventMalformed, EventIgnored}, kinds(*events)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if s.Count(EventMalformed) != 1 || s.Count(EventIgnored) != 1 || s.Count(EventNak) != 0 {
			t.Errorf("counted %d malformed, %d ignored, %d NAKs", s.Count(EventMalformed), s.Count(EventIgnored), s.Count(EventNak))
		}
	})
}

// TestAckLeavesAfterTheDisk checks, at the moment when each ACK of a batch
// leaves, that every lease of the batch is in the journal, and that no OFFER
// waited for it.
func TestAckLeavesAfterTheDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leases")
	synctest.Test(t, func(t *testing.T) {
		const clients = 20
		_, conn, _ := serving(t, classic(), path)
		var offers, acks int
		conn.onWrite = func(d Datagram) error {
			m, err := Parse(d.Payload)
			if err != nil {
				t.Error(err)
				return nil
			}
			journal, _ := os.ReadFile(path)
			records := bytes.Count(journal, []byte(" bound "))
			switch {
			case m.Type() == TypeOffer:
				offers++
				if records > 0 {
					t.Error("an OFFER waited for the leases of others")
				}
			case records != clients:
				t.Errorf("an ACK leaves when %d of %d leases are written", records, clients)
			default:
				acks++
			}
			return nil
		}
		var batch []Datagram
		for n := range byte(clients) {
			client := func(m *Message) { m.CHAddr[5] = n }
			want := addrOption(OptionRequestedAddress, netip.AddrFrom4([4]byte{192, 168, 122, 100 + n}))
			batch = append(batch, datagram(with(ask(TypeRequest, optAddr(OptionServerID, "192.168.122.1"), want), client)))
		}
		conn.batches <- append(batch, datagram(with(ask(TypeDiscover), func(m *Message) { m.CHAddr[4] = 99 })))
		synctest.Wait()
		if offers != 1 || acks != clients {
			t.Errorf("%d OFFERs and %d ACKs, want 1 and %d", offers, acks, clients)
		}
	})
}

// TestRepliesLeaveBeforeEvents checks that whoever is told of events delays no
// reply of the batch, and is told in the order of the requests.
func TestRepliesLeaveBeforeEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, conn, events := serving(t, classic(), "")
		sent := 0
		conn.onWrite = func(Datagram) error { sent++; return nil }
		tell := s.OnEvent
		s.OnEvent = func(e Event) {
			if sent != 2 {
				t.Errorf("%s is told when %d of 2 replies are out", e.Kind, sent)
			}
			tell(e)
		}
		conn.batches <- []Datagram{
			datagram(ask(TypeRequest, optAddr(OptionServerID, "192.168.122.1"), optAddr(OptionRequestedAddress, "192.168.122.100"))),
			{Payload: []byte("rubbish"), Src: fromZero, Dst: toAll},
			datagram(with(ask(TypeDiscover), func(m *Message) { m.CHAddr[5]++ })),
		}
		synctest.Wait()
		if diff := cmp.Diff([]EventKind{EventAck, EventMalformed, EventOffer}, kinds(*events)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

// TestJournalFailure checks that a lease which is not on the disk is not
// acknowledged, that the server says so and lives on, and that the client's next
// try succeeds once the disk works.
func TestJournalFailure(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leases")
	synctest.Test(t, func(t *testing.T) {
		s, conn, events := serving(t, classic(), path)
		s.leases.Close() // the next write fails
		request := datagram(ask(TypeRequest, optAddr(OptionServerID, "192.168.122.1"), optAddr(OptionRequestedAddress, "192.168.122.100")))
		conn.in <- request
		synctest.Wait()
		if diff := cmp.Diff([]EventKind{EventJournal}, kinds(*events)); diff != "" {
			t.Fatalf("events (-want +got):\n%s", diff)
		}
		if e := (*events)[0]; !errors.Is(e.Err, os.ErrClosed) || !e.Warning() {
			t.Errorf("event %+v", e)
		}
		conn.in <- request // now the journal is made anew
		synctest.Wait()
		if diff := cmp.Diff([]EventKind{EventJournal, EventAck}, kinds(*events)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if journal, _ := os.ReadFile(path); !bytes.Contains(journal, []byte("192.168.122.100")) {
			t.Errorf("the journal is %q", journal)
		}
	})
}

func TestSendFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, conn, events := serving(t, classic(), "")
		down := errors.New("network is down")
		conn.onWrite = func(Datagram) error { return down }
		conn.in <- datagram(ask(TypeDiscover))
		synctest.Wait()
		if len(*events) != 1 || (*events)[0].Kind != EventSend || !errors.Is((*events)[0].Err, down) {
			t.Errorf("events %+v", *events)
		}
	})
}

// TestServeBootAnswersTheSource checks the way of port 4011, on a server and on
// a proxy that has no leases at all.
func TestServeBootAnswersTheSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newProxy(t)
		conn := newTestConn()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.ServeBoot(ctx, conn, toServer.Addr()) }()
		from, to := netip.MustParseAddrPort("192.168.122.50:4011"), netip.MustParseAddrPort("192.168.122.1:4011")
		m := with(ask(TypeRequest, biosOptions()...), func(m *Message) { m.CIAddr = from.Addr() })
		conn.in <- Datagram{Payload: m.Append(nil), Src: from, Dst: to}
		out := <-conn.written
		got := Datagram{Src: out.Src, Dst: out.Dst, DstMAC: out.DstMAC}
		if diff := cmp.Diff(Datagram{Src: to, Dst: from}, got, cmpAddrPort, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("ServeBoot: %v", err)
		}
	})
}

func TestServeEndsWithTheConnection(t *testing.T) {
	broken := errors.New("interface gone")
	if err := newServer(t, classic()).Serve(t.Context(), brokenConn{broken}, toServer.Addr()); !errors.Is(err, broken) {
		t.Errorf("got %v, want the connection's error", err)
	}
}

type brokenConn struct{ err error }

func (c brokenConn) ReadBatch([]Datagram) (int, error) { return 0, c.err }
func (c brokenConn) Write(Datagram) error              { return c.err }
func (c brokenConn) SetReadDeadline(time.Time) error   { return c.err }

func TestNewRefuses(t *testing.T) {
	var fault *ConfigError
	if _, err := New(Config{}, nil); !errors.As(err, &fault) {
		t.Errorf("got %v, want a ConfigError", err)
	}
}
