package dhcp

import (
	"encoding/hex"
	"errors"
	"net"
	"slices"
	"testing"

	"golang.org/x/net/bpf"
)

// TestARPFilter lets ARP pass, and nothing that cannot be read.
func TestARPFilter(t *testing.T) {
	vm, err := bpf.NewVM(arpFilter)
	if err != nil {
		t.Fatal(err)
	}
	good, err := hex.DecodeString(goldenProbe)
	if err != nil {
		t.Fatal(err)
	}
	for i := range good {
		b := slices.Clone(good)
		b[i] ^= 0x40
		_, parseErr := parseARP(b)
		if n, err := vm.Run(b); err != nil || (n == arpSize) != (parseErr == nil) {
			t.Errorf("byte %d: the filter says %d, %v, the parser %v", i, n, err, parseErr)
		}
	}
}

// TestARPHears gives packets to probes for the client 52:54:00:12:34:56: only
// those of strangers count.
func TestARPHears(t *testing.T) {
	const us, client, stranger = "52:54:00:00:00:01", clientMAC, squatterMAC
	for _, tt := range []struct {
		from string
		want bool
	}{{us, false}, {client, false}, {stranger, true}} {
		a := &ARP{raw: &rawSocket{iface: &net.Interface{HardwareAddr: mac(us)}}, asked: make(map[*arpQuestion]bool)}
		q := &arpQuestion{addr("192.168.122.150"), mac(client), make(chan net.HardwareAddr, 1)}
		a.asked[q] = true
		for range 2 { // the second one finds no room, and waits for nobody
			a.hear(arpPacket{op: arpReply, senderMAC: mac(tt.from), sender: q.addr})
		}
		if got := len(q.holder) == 1; got != tt.want {
			t.Errorf("an answer from %s counts: %v", tt.from, got)
		}
	}
}

func TestListenARPOnLoopback(t *testing.T) {
	if _, err := ListenARP("lo"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("got %v, want ErrUnsupported", err)
	}
}
