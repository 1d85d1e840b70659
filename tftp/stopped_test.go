package tftp

import (
	"context"
	"net"
	"net/netip"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"pxe/tftp/tftptest"
)

// TestStoppedAfterTheEnd stops transfers whose client is through already, and whose
// last packet nobody has looked at yet.
func TestStoppedAfterTheEnd(t *testing.T) {
	for name, tt := range map[string]struct {
		oack []Option
		last Packet
		err  error
	}{
		"file":       {nil, Packet{Op: OpACK, Block: 1}, nil},
		"size probe": {[]Option{{optSize, "4"}}, Packet{Op: OpERROR, Code: CodeOption}, &Error{Code: CodeOption}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network := tftptest.NewNetwork(tftptest.Faults{})
				server, err := network.Host("192.0.2.1").ListenPacket(t.Context(), "udp", ":1")
				if err != nil {
					t.Fatal(err)
				}
				defer server.Close()
				client, err := network.Host("192.0.2.2").ListenPacket(t.Context(), "udp", ":1")
				if err != nil {
					t.Fatal(err)
				}
				defer client.Close()
				if _, err := client.WriteTo(tt.last.Append(nil), server.LocalAddr()); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second) // until it has arrived

				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				s := newSender(Bytes([]byte("file")), 4, plainTerms(), tt.oack, newTimer(time.Second, 3, senderFloor))
				r := &request{half: new(halfOpen), client: addrPort(client.LocalAddr())}
				d := newDriver(newConn(&stopped{PacketConn: server}), r.client, true, maxOptions, headerSize+DefaultBlockSize)
				if err := r.run(ctx, d, s); !s.Done() || !sameError(err, tt.err) {
					t.Errorf("%v, done: %v; want %v", err, s.Done(), tt.err)
				}
			})
		})
	}
}

// stopped is a socket whose first read has ended with the transfer's context, just
// before a packet came.
type stopped struct {
	net.PacketConn
	ended bool
}

func (c *stopped) ReadFrom(b []byte) (int, net.Addr, error) {
	if !c.ended {
		c.ended = true
		return 0, nil, os.ErrDeadlineExceeded
	}
	return c.PacketConn.ReadFrom(b)
}

// TestStoppedAmidChatter stops a transfer whose peer sends without end.
func TestStoppedAmidChatter(t *testing.T) {
	x := exchange{socket: chatter{}, peer: chatterer, latched: true, in: make([]byte, 16)}
	s := newSender(Bytes([]byte("file")), 4, plainTerms(), nil, newTimer(time.Second, 3, senderFloor))
	if err := x.lastWords(s, errStopped); err != errStopped {
		t.Errorf("%v, want %v", err, errStopped)
	}
}

// chatter is a socket where an ACK of no block lies at any time.
type chatter struct{ socket }

var chatterer = netip.MustParseAddrPort("192.0.2.2:1")

func (chatter) readNow(b []byte) (int, netip.AddrPort, error) {
	return copy(b, Packet{Op: OpACK, Block: 7}.Append(nil)), chatterer, nil
}
