package tftp

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"pxe/tftp/tftptest"
)

// What a request in somebody else's name has sent to them: one packet, and if it
// starts a transfer as many copies as Server.Retries says, whatever it asks for.
func TestForgedRequest(t *testing.T) {
	write := func(asked ...any) []byte {
		p := rrq("g", asked...)
		p.Op = OpWRQ
		return p.Append(nil)
	}
	converted := rrq("f")
	converted.Mode = "netascii"
	var again []any
	for range 100 {
		again = append(again, "tsize", 0)
	}
	for _, tt := range []struct {
		name     string
		request  []byte
		most     int // packets
		mostSize int // bytes of each
	}{
		{"without options", rrq("f").Append(nil), 7, 516},
		{"for all there is", rrq("f", "blksize", 65464, "windowsize", 64, "tsize", 0).Append(nil), 7, 46},
		{"every second", rrq("f", "timeout", 1).Append(nil), 7, 12},
		{"every 255 seconds", rrq("f", "timeout", 255).Append(nil), 7, 14},
		{"with an option again and again", rrq("f", again...).Append(nil), 7, 16},
		{"with a long number", rrq("f", "timeout", strings.Repeat("0", 1000)+"5").Append(nil), 7, 1020},
		{"for text", converted.Append(nil), 7, 516},
		{"for what is not there", rrq("g").Append(nil), 1, 30},
		{"to write", write(), 7, 4},
		{"to write, every second", write("timeout", 1), 7, 12},
		{"to write too much", write("tsize", "1000001"), 1, 60},
		{"malformed", []byte("\x00\x01f"), 1, 30},
		{"and no request", ack(0).Append(nil), 0, 0},
	} {
		for _, server := range []*Server{{}, {IdleTimeout: 10 * time.Minute}, {SinglePort: true}} {
			t.Run(fmt.Sprintf("%s, %v, %v", tt.name, server.IdleTimeout, server.SinglePort), func(t *testing.T) {
				root, err := os.OpenRoot(t.TempDir())
				if err != nil {
					t.Fatal(err)
				}
				defer root.Close()
				server.Source = files{"f": pattern(1 << 20)}
				server.Sink = UploadDir{Root: root, MaxSize: 1e6}
				inLab(t, tftptest.Faults{}, server, func(l *lab) {
					p := l.peer()
					p.sendBytes(l.server, tt.request)
					time.Sleep(20 * time.Minute) // of the bubble
					packets, largest := p.drain()
					if packets > tt.most || largest > tt.mostSize {
						t.Errorf("%d packets of up to %d bytes, want at most %d of %d", packets, largest, tt.most, tt.mostSize)
					}
					l.event()
				})
			})
		}
	}
}

// Its copies have one packet sent each at most, and fewer if they come fast.
func TestForgedCopies(t *testing.T) {
	for _, tt := range []struct {
		every time.Duration
		most  int
	}{
		{ms, 7 + 1000/20},
		{30 * ms, 7 + 1000},
	} {
		inLab(t, tftptest.Faults{}, &Server{Source: files{"f": pattern(10_000)}}, func(l *lab) {
			p := l.peer()
			for range 1000 {
				p.send(l.server, rrq("f"))
				time.Sleep(tt.every) // of the bubble
			}
			time.Sleep(20 * time.Minute)
			if packets, _ := p.drain(); packets > tt.most {
				t.Errorf("a copy every %v: %d packets, want at most %d", tt.every, packets, tt.most)
			}
		})
	}
}

// drain counts the packets that have come, and the bytes of the largest.
func (p *peer) drain() (packets, largest int) {
	p.t.Helper()
	b := make([]byte, 1<<16)
	for {
		_ = p.conn.SetReadDeadline(time.Now().Add(1))
		n, _, err := p.conn.ReadFrom(b)
		if err != nil {
			return packets, largest
		}
		packets, largest = packets+1, max(largest, n)
	}
}
