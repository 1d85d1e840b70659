package tftp

import (
	"bytes"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"
)

// tunnel is a socket whose network card cuts nothing up.
type tunnel struct {
	*net.UDPConn
	refused int
}

func (c *tunnel) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	if len(b) > headerSize+DefaultBlockSize {
		c.refused++
		return 0, syscall.EIO
	}
	return c.UDPConn.WriteToUDPAddrPort(b, to)
}

// Where the kernel cannot cut a batch up, the packets go out one by one, and it
// is not asked again.
func TestDriverWithoutSegmentation(t *testing.T) {
	var sockets [2]*net.UDPConn
	for i := range sockets {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		sockets[i] = c
	}
	peer := sockets[1]
	out := &tunnel{UDPConn: sockets[0]}
	content := pattern(8*DefaultBlockSize + 100)
	s := newSender(bytes.NewReader(content), int64(len(content)), terms{blockSize: DefaultBlockSize, window: 4}, nil, new(Server).timer(plainTerms()))
	s.Start(time.Now())
	d := newDriver(conn{sockets[0], out}, addrPort(peer.LocalAddr()), true, 100, 100)
	d.batch = maxBatch

	var got []byte
	buf := make([]byte, maxBatch)
	for !s.Done() {
		if err := d.flush(time.Now(), s); err != nil {
			t.Fatal(err)
		}
		var last uint16
		for range min(4, 9-s.base) {
			_ = peer.SetReadDeadline(time.Now().Add(10 * time.Second))
			n, err := peer.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			p, err := Parse(buf[:n])
			if err != nil || p.Op != OpDATA {
				t.Fatalf("%+v, %v", p, err)
			}
			got, last = append(got, p.Data...), p.Block
		}
		s.Packet(time.Now(), ack(last))
	}
	if !bytes.Equal(got, content) {
		t.Errorf("%d bytes arrived, of %d, or others", len(got), len(content))
	}
	if out.refused != 1 {
		t.Errorf("%d batches were tried, want 1", out.refused)
	}
}
