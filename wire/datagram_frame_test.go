package wire

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

var testDatagram = Datagram{
	Src: netip.MustParseAddrPort("10.0.0.1:67"), Dst: netip.MustParseAddrPort("10.0.0.50:68"),
	SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}, DstMAC: net.HardwareAddr{2, 0, 0, 0, 0, 2},
}

// What we send, another decoder reads, checksums included.
func TestAppendDatagramByGopacket(t *testing.T) {
	sent := testDatagram
	sent.Src, sent.Dst = netip.MustParseAddrPort("10.0.0.1:6767"), netip.MustParseAddrPort("10.0.0.50:6868") // of no protocol that gopacket knows
	for _, payload := range []string{"", "x", "offer", string(make([]byte, 1472))} {
		frame := appendDatagram(nil, []byte(payload), sent)
		packet := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default)
		if err := packet.ErrorLayer(); err != nil {
			t.Fatal(err.Error())
		}
		eth := packet.LinkLayer().(*layers.Ethernet)
		ip := packet.NetworkLayer().(*layers.IPv4)
		udp := packet.TransportLayer().(*layers.UDP)
		udp.SetNetworkLayerForChecksum(ip)
		if err, mismatches := packet.VerifyChecksums(); err != nil || len(mismatches) > 0 {
			t.Errorf("%q: checksums: %v %v", payload, err, mismatches)
		}
		got := Datagram{SrcMAC: eth.SrcMAC, DstMAC: eth.DstMAC,
			Src: netip.AddrPortFrom(netip.AddrFrom4([4]byte(ip.SrcIP)), uint16(udp.SrcPort)),
			Dst: netip.AddrPortFrom(netip.AddrFrom4([4]byte(ip.DstIP)), uint16(udp.DstPort))}
		if diff := cmp.Diff(sent, got, cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if string(udp.Payload) != payload {
			t.Errorf("payload %q, want %q", udp.Payload, payload)
		}
	}
}

func TestParseDatagram(t *testing.T) {
	tests := []struct {
		name   string
		change func(f []byte) []byte
		ok     bool
	}{
		{"as sent", func(f []byte) []byte { return f }, true},
		{"padded", func(f []byte) []byte { return append(f, make([]byte, 20)...) }, true},
		{"no UDP checksum", func(f []byte) []byte { f[40], f[41] = 0, 0; return f }, true},
		{"UDP checksum left to the card", func(f []byte) []byte {
			copy(f[40:], pseudoSum(f))
			return f
		}, true},
		{"wrong UDP checksum", func(f []byte) []byte { f[41] ^= 1; return f }, false},
		{"changed payload", func(f []byte) []byte { f[42] ^= 1; return f }, false},
		{"wrong IP checksum", func(f []byte) []byte { f[24] ^= 1; return f }, false},
		{"first fragment", func(f []byte) []byte { return withIP(f, 20, 0x20) }, false},
		{"last fragment", func(f []byte) []byte { return withIP(f, 21, 1) }, false},
		{"TCP", func(f []byte) []byte { return withIP(f, 23, 6) }, false},
		{"IPv6", func(f []byte) []byte { f[12], f[13] = 0x86, 0xdd; return f }, false},
		{"IP version 6", func(f []byte) []byte { return withIP(f, 14, 0x65) }, false},
		{"IP header longer than the packet", func(f []byte) []byte { return withIP(f, 14, 0x4f)[:50] }, false},
		{"IP header shorter than a header", func(f []byte) []byte { return withIP(f, 14, 0x44) }, false},
		{"IP length beyond the frame", func(f []byte) []byte { return withIP(f, 16, 2) }, false},
		{"UDP length beyond the packet", func(f []byte) []byte { f[39] = 200; return f }, false},
		{"UDP length below its header", func(f []byte) []byte { f[38], f[39] = 0, 7; return f }, false},
		{"cut", func(f []byte) []byte { return f[:45] }, false},
		{"cut in the UDP header", func(f []byte) []byte { return withIP(f, 17, 24)[:38] }, false},
		{"empty", func([]byte) []byte { return nil }, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d, payload, ok := parseDatagram(test.change(appendDatagram(nil, []byte("payload"), testDatagram)))
			if ok != test.ok {
				t.Fatalf("ok is %v, want %v", ok, test.ok)
			}
			if ok && (d.Src != testDatagram.Src || d.Dst != testDatagram.Dst || string(payload) != "payload") {
				t.Errorf("%v to %v: %q", d.Src, d.Dst, payload)
			}
		})
	}
}

// pseudoSum is what Linux writes into the checksum of a packet for a card to finish.
func pseudoSum(f []byte) []byte {
	sum := uint32(17) + uint32(binary.BigEndian.Uint16(f[38:]))
	for i := 26; i < 34; i += 2 {
		sum += uint32(binary.BigEndian.Uint16(f[i:]))
	}
	return binary.BigEndian.AppendUint16(nil, uint16(sum)+uint16(sum>>16))
}

// withIP changes a byte of the IP header and corrects its checksum.
func withIP(f []byte, at int, value byte) []byte {
	f[at], f[24], f[25] = value, 0, 0
	var sum uint32
	for i := 14; i < 34; i += 2 {
		sum += uint32(binary.BigEndian.Uint16(f[i:]))
	}
	sum = sum&0xffff + sum>>16
	binary.BigEndian.PutUint16(f[24:], ^uint16(sum+sum>>16))
	return f
}

// What is parsed lies within the frame and, sent again, is parsed as the same.
func FuzzParseDatagram(f *testing.F) {
	f.Add(appendDatagram(nil, []byte("offer"), testDatagram))
	f.Add(append(appendDatagram(nil, nil, testDatagram), make([]byte, 18)...))
	f.Add(withIP(appendDatagram(nil, []byte("options"), testDatagram), 14, 0x46))
	f.Fuzz(func(t *testing.T, frame []byte) {
		before := bytes.Clone(frame)
		d, payload, ok := parseDatagram(frame)
		if !bytes.Equal(before, frame) {
			t.Fatal("parsing changed the frame")
		}
		if !ok {
			return
		}
		if len(payload) > len(frame)-42 {
			t.Fatalf("payload of %d bytes in a frame of %d", len(payload), len(frame))
		}
		again, samePayload, ok := parseDatagram(appendDatagram(nil, payload, d))
		if !ok || again.Src != d.Src || again.Dst != d.Dst || !bytes.Equal(samePayload, payload) ||
			!bytes.Equal(again.SrcMAC, d.SrcMAC) || !bytes.Equal(again.DstMAC, d.DstMAC) {
			t.Fatalf("sent again, %+v is parsed as %v, %+v", d, ok, again)
		}
	})
}
