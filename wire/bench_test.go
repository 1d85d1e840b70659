package wire_test

import (
	"io"
	"net"
	"testing"

	"pxe/wire"
)

// BenchmarkUDPEcho is the lock-step of TFTP: a block of 1468 bytes for each small answer.
func BenchmarkUDPEcho(b *testing.B) {
	a, c := twoHosts(b)
	server := listenPacket(b, a, "10.0.0.1:69")
	client := dial(b, c, "udp", "10.0.0.1:69")
	go func() {
		buf, block := make([]byte, 2048), make([]byte, 1468)
		for {
			_, from, err := server.ReadFrom(buf)
			if err != nil {
				return
			}
			server.WriteTo(block, from)
		}
	}()
	buf := make([]byte, 2048)
	b.SetBytes(1468)
	b.ReportAllocs()
	for b.Loop() {
		client.Write(buf[:4])
		if n, err := client.Read(buf); n != 1468 || err != nil {
			b.Fatal(n, err)
		}
	}
}

// BenchmarkTCP is a download as HTTP does it.
func BenchmarkTCP(b *testing.B) {
	a, c := twoHosts(b)
	l := listen(b, a, "10.0.0.1:80")
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		for block := make([]byte, 64<<10); ; {
			if _, err := conn.Write(block); err != nil {
				return
			}
		}
	}()
	conn := dial(b, c, "tcp", "10.0.0.1:80")
	buf := make([]byte, 64<<10)
	b.SetBytes(1 << 20)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := io.CopyBuffer(discard{}, io.LimitReader(conn, 1<<20), buf); err != nil {
			b.Fatal(err)
		}
	}
}

// discard is io.Discard without its own buffer.
type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

// BenchmarkSwitch is one frame from port to port, into and out of the queue.
func BenchmarkSwitch(b *testing.B) {
	sw := wire.NewSwitch()
	from, to := sw.Port("from"), sw.Port("to")
	frame := make([]byte, 1514)
	copy(frame, net.HardwareAddr{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2})
	buf := make([]byte, 2048)
	b.SetBytes(int64(len(frame)))
	b.ReportAllocs()
	for b.Loop() {
		if err := from.WriteFrame(frame); err != nil {
			b.Fatal(err)
		}
		if _, err := to.ReadFrame(buf); err != nil {
			b.Fatal(err)
		}
	}
}
