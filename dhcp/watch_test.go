package dhcp

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestWatch has one server that is there in the first and second search, gone
// in the third and there again in the fourth; and this server's own echo.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, classic())
		var events []Event
		s.OnEvent = func(e Event) { events = append(events, e) }
		begin, searches := time.Now(), 0
		conn := newTestConn()
		var last uint32
		conn.onWrite = func(d Datagram) error {
			query, err := Parse(d.Payload)
			if err != nil {
				return err
			}
			if query.XID != last { // and no repetition
				searches++
				last = query.XID
			}
			if searches == 5 {
				return errors.New("no network")
			}
			conn.in <- foreignDatagram(foreignOffer(query, "192.168.122.1"))
			if searches != 3 {
				conn.in <- foreignDatagram(foreignOffer(query, "192.0.2.5"))
			}
			return nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), WatchStart+5*WatchInterval)
		defer cancel()
		s.Watch(ctx, conn, mac(clientMAC), ServerPort)
		if diff := cmp.Diff([]EventKind{EventForeignServer, EventForeignServer, EventSearch}, kinds(events)); diff != "" {
			t.Fatalf("events (-want +got):\n%s", diff)
		}
		e := events[0]
		if e.Server != addr("192.0.2.5") || e.Addr != addr("192.0.2.50") || e.File != "boot.bin" || !e.Warning() {
			t.Errorf("event %+v", e)
		}
		if told := e.Time.Sub(begin); told != WatchStart+SearchTime {
			t.Errorf("told after %s", told)
		}
		if s.Count(EventForeignServer) != 2 {
			t.Errorf("counted %d", s.Count(EventForeignServer))
		}
	})
}

// TestWatchIsNotAnswered lets the question of a search come back to the server,
// as over a second interface on the same wire, while the search is under way and
// after it.
func TestWatchIsNotAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, wire, events := serving(t, classic(), "")
		search := newTestConn()
		var question Datagram
		search.onWrite = func(d Datagram) error {
			question = Datagram{Payload: d.Payload, Src: d.Src, Dst: toAll}
			wire.in <- question
			return nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), WatchStart+2*SearchTime)
		defer cancel()
		s.Watch(ctx, search, mac(clientMAC), ServerPort)
		if diff := cmp.Diff([]EventKind{EventIgnored, EventIgnored}, kinds(*events)); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		wire.in <- question // now it is anybody's
		synctest.Wait()
		if len(*events) != 3 || (*events)[2].Kind != EventOffer {
			t.Errorf("events %v", kinds(*events))
		}
	})
}
