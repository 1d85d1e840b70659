package dhcp

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The tests of the real sockets run on the loopback interface, which needs no
// privileges; frames to clients without an address are tested in scripts/lab.

func listen(t *testing.T) *Socket {
	t.Helper()
	s, err := Listen("lo", 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestSocketTellsTheDestination(t *testing.T) {
	s := listen(t)
	client, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	from := client.LocalAddr().(*net.UDPAddr).AddrPort()
	port := s.LocalAddr().Port()
	for _, to := range []string{"127.0.0.1", "127.0.0.2"} {
		dst := netip.AddrPortFrom(addr(to), port)
		if _, err := client.WriteToUDPAddrPort([]byte("request"), dst); err != nil {
			t.Fatal(err)
		}
		ds := []Datagram{{Payload: make([]byte, 100)}, {Payload: make([]byte, 100)}}
		n, err := s.ReadBatch(ds)
		if err != nil || n != 1 || string(ds[0].Payload) != "request" || ds[0].Src != from || ds[0].Dst != dst {
			t.Fatalf("read %d, %v: %+v, want from %s to %s", n, err, ds[0], from, dst)
		}
		if err := s.Write(Datagram{Payload: []byte("reply"), Src: dst, Dst: from}); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 100)
		n, replied, err := client.ReadFromUDPAddrPort(buf)
		if err != nil || string(buf[:n]) != "reply" || replied != dst {
			t.Errorf("a reply %q from %s, %v, want it from %s", buf[:n], replied, err, dst)
		}
	}
}

// TestSocketReadsInBatches checks that what has arrived is read at once, which
// is what a group commit lives on.
func TestSocketReadsInBatches(t *testing.T) {
	s := listen(t)
	client, err := net.DialUDP("udp4", nil, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: int(s.LocalAddr().Port())})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ds := make([]Datagram, 8)
	for i := range ds {
		ds[i].Payload = make([]byte, 10)
		if _, err := client.Write([]byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
	}
	n, err := s.ReadBatch(ds)
	if err != nil || n != len(ds) {
		t.Fatalf("read %d datagrams, %v, want %d", n, err, len(ds))
	}
	for i, d := range ds {
		if len(d.Payload) != 1 || d.Payload[0] != byte(i) {
			t.Errorf("datagram %d is %v", i, d.Payload)
		}
	}
}

func TestSocketDeadlineAndClose(t *testing.T) {
	s := listen(t)
	s.SetReadDeadline(time.Unix(1, 0))
	ds := []Datagram{{Payload: make([]byte, 10)}}
	if _, err := s.ReadBatch(ds); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("past the deadline: %v", err)
	}
	s.Close()
	if _, err := s.ReadBatch(ds); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestListenRefuses(t *testing.T) {
	s := listen(t)
	if _, err := Listen("lo", s.LocalAddr().Port()); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a port in use: %v, want EADDRINUSE", err)
	}
	if _, err := Listen("no-such-if0", 0); err == nil || !strings.Contains(err.Error(), "no-such-if0") {
		t.Errorf("no such interface: %v", err)
	}
	if _, err := ListenRaw("no-such-if0", 68); err == nil || !strings.Contains(err.Error(), "no-such-if0") {
		t.Errorf("no such interface: %v", err)
	}
}
