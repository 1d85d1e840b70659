package tftp

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// step is a moment in the life of a machine: at is the time since the start, in
// the packet that comes (none: only time passes), out all packets that the
// machine then sends, in the words of summary.
type step struct {
	at  time.Duration
	in  Packet
	out string
}

// play runs a machine through steps.
func play(t *testing.T, m machine, steps []step) {
	t.Helper()
	for i, s := range steps {
		now := epoch.Add(s.at)
		switch {
		case i == 0:
			m.Start(now)
		case s.in.Op != 0:
			m.Packet(now, s.in)
		default:
			m.Tick(now)
		}
		var out []string
		for {
			b, ok := m.AppendNext(now, nil)
			if !ok {
				break
			}
			p, err := Parse(b)
			if err != nil {
				t.Fatalf("step %d: sent %x: %v", i, b, err)
			}
			out = append(out, summary(p))
		}
		if got := strings.Join(out, ", "); got != s.out {
			t.Fatalf("step %d, at %v: sent [%s], want [%s]", i, s.at, got, s.out)
		}
	}
}

func summary(p Packet) string {
	switch p.Op {
	case OpRRQ:
		return "RRQ " + p.Name
	case OpWRQ:
		return "WRQ"
	case OpDATA:
		return fmt.Sprintf("DATA %d", p.Block)
	case OpACK:
		return fmt.Sprintf("ACK %d", p.Block)
	case OpERROR:
		return fmt.Sprintf("ERROR %d", p.Code)
	}
	return p.Op.String()
}

func ack(block uint16) Packet            { return Packet{Op: OpACK, Block: block} }
func data(block uint16, n int) Packet    { return Packet{Op: OpDATA, Block: block, Data: make([]byte, n)} }
func fault(code Code) Packet             { return Packet{Op: OpERROR, Code: code} }
func oackPacket(options []Option) Packet { return Packet{Op: OpOACK, Options: options} }

const ms = time.Millisecond
