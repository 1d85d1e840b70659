package dhcp

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// foreignOffer is what another server answers, and foreignDatagram how.
func foreignOffer(q *Message, id string) *Message {
	return &Message{
		Op: OpReply, HType: 1, XID: q.XID, CHAddr: q.CHAddr, YIAddr: addr("192.0.2.50"), SIAddr: addr("192.0.2.9"), File: "boot.bin",
		Options: Options{byteOption(OptionMessageType, TypeOffer), optAddr(OptionServerID, id)},
	}
}

func foreignDatagram(m *Message) Datagram {
	return Datagram{Payload: m.Append(nil), Src: netip.MustParseAddrPort("192.0.2.5:67"), Dst: netip.MustParseAddrPort("255.255.255.255:68")}
}

// foreignNetwork answers a DISCOVER with what answer makes of it.
func foreignNetwork(t *testing.T, answer func(query *Message, nth int) []*Message) *testConn {
	conn := newTestConn()
	nth := 0
	conn.onWrite = func(d Datagram) error {
		query, err := Parse(d.Payload)
		if err != nil {
			t.Error(err)
			return nil
		}
		all := net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
		want := Datagram{Src: fromZero, Dst: toAll, DstMAC: all}
		if diff := cmp.Diff(want, Datagram{Src: d.Src, Dst: d.Dst, DstMAC: d.DstMAC}, cmpAddrPort); diff != "" {
			t.Errorf("the query goes astray (-want +got):\n%s", diff)
		}
		if query.Type() != TypeDiscover || !query.Broadcast() {
			t.Errorf("the query is a %s with flags %x", query.Type(), query.Flags)
		}
		for _, m := range answer(query, nth) {
			conn.in <- foreignDatagram(m)
		}
		nth++
		return nil
	}
	return conn
}

func TestFindServers(t *testing.T) {
	found := func(server string) Found {
		return Found{addr(server), addr("192.0.2.50"), addr("192.0.2.9"), "boot.bin"}
	}
	tests := []struct {
		name   string
		answer func(q *Message, nth int) []*Message
		want   []Found
	}{
		{"nobody", func(*Message, int) []*Message { return nil }, nil},
		{"one, to both questions", func(q *Message, _ int) []*Message { return []*Message{foreignOffer(q, "192.0.2.5")} }, []Found{found("192.0.2.5")}},
		{"one that missed the first question", func(q *Message, nth int) []*Message {
			if nth == 0 {
				return nil
			}
			return []*Message{foreignOffer(q, "192.0.2.5")}
		}, []Found{found("192.0.2.5")}},
		{"two", func(q *Message, _ int) []*Message {
			return []*Message{foreignOffer(q, "192.0.2.5"), foreignOffer(q, "192.0.2.6")}
		}, []Found{found("192.0.2.5"), found("192.0.2.6")}},
		{"without option 54", func(q *Message, _ int) []*Message {
			return []*Message{with(foreignOffer(q, "192.0.2.7"), func(m *Message) { m.Options = m.Options[:1] })}
		}, []Found{found("192.0.2.5")}},
		{"a proxy", func(q *Message, _ int) []*Message {
			return []*Message{with(foreignOffer(q, "192.0.2.5"), func(m *Message) { m.YIAddr = netip.Addr{} })}
		}, nil},
		{"offers to others", func(q *Message, _ int) []*Message {
			return []*Message{
				with(foreignOffer(q, "192.0.2.5"), func(m *Message) { m.XID++ }),
				with(foreignOffer(q, "192.0.2.5"), func(m *Message) { m.CHAddr = mac(hostMAC) }),
				with(foreignOffer(q, "192.0.2.5"), func(m *Message) { m.Op = OpRequest }),
				with(foreignOffer(q, "192.0.2.5"), func(m *Message) { m.Options[0].Data[0] = TypeAck }),
			}
		}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				got, err := FindServers(t.Context(), foreignNetwork(t, tt.answer), mac(clientMAC), ServerPort)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, got, cmpAddr); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if took := time.Since(begin); took != SearchTime {
					t.Errorf("took %s, want %s", took, SearchTime)
				}
			})
		})
	}
}

// TestFindServersWaitsForPing has a server that, as dnsmasq does, pings the
// address for three seconds and meanwhile does not read, and that never saw the
// first question.
func TestFindServersWaitsForPing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := newTestConn()
		asked := 0
		conn.onWrite = func(d Datagram) error {
			asked++
			if asked < 2 {
				return nil
			}
			query, err := Parse(d.Payload)
			if err != nil {
				t.Error(err)
				return nil
			}
			time.AfterFunc(3*time.Second, func() { conn.in <- foreignDatagram(foreignOffer(query, "192.0.2.5")) })
			return nil
		}
		found, err := FindServers(t.Context(), conn, mac(clientMAC), ServerPort)
		if err != nil || len(found) != 1 || found[0].Server != addr("192.0.2.5") {
			t.Errorf("found %v, %v", found, err)
		}
	})
}

func TestFindServersEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), SearchTime/4)
		defer cancel()
		conn := foreignNetwork(t, func(*Message, int) []*Message { return nil })
		if _, err := FindServers(ctx, conn, mac(clientMAC), ServerPort); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
	broken := errors.New("no network")
	if _, err := FindServers(t.Context(), brokenConn{broken}, mac(clientMAC), ServerPort); !errors.Is(err, broken) {
		t.Errorf("got %v, want the connection's error", err)
	}
}
