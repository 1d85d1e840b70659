package dhcp

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"testing"
)

// goldenProbe is a probe for 192.168.122.150 as arping -D sends it.
const goldenProbe = "0001080006040001" + "525400000001" + "00000000" + "000000000000" + "c0a87a96"

func TestARPProbe(t *testing.T) {
	got := arpProbe(mac("52:54:00:00:00:01"), addr("192.168.122.150")).append(nil)
	if hex.EncodeToString(got) != goldenProbe {
		t.Errorf("got  %x\nwant %s", got, goldenProbe)
	}
}

// TestARPClaims has packets of a host, as they are on the wire, and whether they
// say that it has 192.168.122.150.
func TestARPClaims(t *testing.T) {
	const (
		request = "0001080006040001"
		reply   = "0001080006040002"
		host    = "525400666666"
		us      = "525400000001"
		nobody  = "000000000000"
		asked   = "c0a87a96" // .150
		other   = "c0a87a97"
		none    = "00000000"
	)
	tests := []struct {
		name   string
		packet string
		want   bool
	}{
		{"the answer to a probe", reply + host + asked + us + none, true},
		{"a gratuitous request, or announcement", request + host + asked + nobody + asked, true},
		{"a gratuitous reply", reply + host + asked + "ffffffffffff" + asked, true},
		{"a question to somebody else", request + host + asked + nobody + other, true},
		{"a probe for the address, too", request + host + none + nobody + asked, true},
		{"a question for the address", request + host + other + nobody + asked, false},
		{"an answer about another one", reply + host + other + us + none, false},
		{"a probe for another one", request + host + none + nobody + other, false},
		{"an answer from nobody", reply + host + none + us + asked, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, err := hex.DecodeString(tt.packet)
			if err != nil {
				t.Fatal(err)
			}
			p, err := parseARP(append(b, make([]byte, 18)...)) // as Ethernet pads it
			if err != nil {
				t.Fatal(err)
			}
			if got := p.claims(addr("192.168.122.150")); got != tt.want || p.senderMAC.String() != "52:54:00:66:66:66" {
				t.Errorf("claims %v from %s", got, p.senderMAC)
			}
		})
	}
}

// FuzzARP checks that a packet which can be read is written as it was, and is
// never taken for a claim of an address that is not in it.
func FuzzARP(f *testing.F) {
	probe, err := hex.DecodeString(goldenProbe)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(probe)
	f.Add(probe[:27])
	f.Add(append(bytes.Clone(probe), 0, 0))
	f.Add([]byte("\x00\x06\x08\x00\x06\x04\x00\x01 a Token Ring asks ... "))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parseARP(b)
		if err != nil {
			return
		}
		if again := p.append(nil); !bytes.Equal(again, b[:arpSize]) {
			t.Errorf("%x is written as %x", b, again)
		}
		for _, a := range []netip.Addr{p.sender, p.target, addr("192.0.2.1")} {
			if p.claims(a) && !bytes.Contains(b[:arpSize], a.AsSlice()) {
				t.Errorf("%x claims %s", b, a)
			}
		}
	})
}
