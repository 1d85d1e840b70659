package tftp

import (
	"io"
	"net"
	"testing"
)

// Whoever does not read the log holds up nobody.
func TestServerHungOnEvent(t *testing.T) {
	read := make(chan struct{})
	server := listenAndServe(t, "127.0.0.1:0", &Server{
		Source: files{"f": pattern(1000)}, MaxTransfers: 4, OnEvent: func(Event) { <-read },
	})
	t.Cleanup(func() { close(read) })
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(server))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for range 100 {
		if _, err := conn.Write([]byte("GET / HTTP/1.0")); err != nil {
			t.Fatal(err)
		}
		if _, err := new(Client).Get(t.Context(), Request{Server: server, Name: "f"}, io.Discard); err != nil {
			t.Fatal(err)
		}
	}
}

// Each event is told or counted, in order, and a flood of packets does not push out
// those of transfers.
func TestTellerMisses(t *testing.T) {
	hung, read := make(chan struct{}), make(chan struct{})
	told := make(map[EventKind]int64)
	var missed, last int64
	events := newTeller(&Server{OnEvent: func(e Event) {
		if e.Bytes == 0 {
			close(hung)
			<-read
		}
		if e.Bytes < last {
			t.Errorf("event %d after %d", e.Bytes, last)
		}
		last = e.Bytes
		told[e.Kind]++
		missed += e.Missed
	}})
	n := int64(0)
	tell := func(kind EventKind, count int) {
		for range count {
			events.tell(Event{Kind: kind, Bytes: n})
			n++
		}
	}
	tell(EventDone, 1)
	<-hung
	tell(EventMalformed, maxUntold)
	tell(EventDropped, 10)
	tell(EventDone, maxUntold/2)
	tell(EventDone, 1) // one too many
	close(read)
	events.stop()
	if told[EventMalformed] != maxUntold/2 || told[EventDropped] != 0 || told[EventDone] != maxUntold/2+1 || missed != maxUntold/2+10 {
		t.Errorf("told of %v, and of %d that were missed", told, missed)
	}
}
