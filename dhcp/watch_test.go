package dhcp

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

type searchConn struct{ *testConn }

func (searchConn) Close() error { return nil }

// TestWatch has one server that is there in the first and second search, gone
// in the third and there again in the fourth; and this server's own echo.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, classic())
		var events []Event
		s.OnEvent = func(e Event) { events = append(events, e) }
		begin, searches := time.Now(), 0
		open := func() (SearchConn, error) {
			searches++
			if searches == 5 {
				return nil, errors.New("no network")
			}
			there, conn := searches != 3, newTestConn()
			conn.onWrite = func(d Datagram) error {
				query, err := Parse(d.Payload)
				if err != nil {
					return err
				}
				conn.in <- foreignDatagram(foreignOffer(query, "192.168.122.1"))
				if there {
					conn.in <- foreignDatagram(foreignOffer(query, "192.0.2.5"))
				}
				return nil
			}
			return searchConn{conn}, nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), WatchStart+5*WatchInterval)
		defer cancel()
		s.Watch(ctx, open, mac(clientMAC), ServerPort)
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
