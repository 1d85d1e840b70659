package dhcp

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

var cmpAddrPort = cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })

// TestPacketGolden compares with the packet of another implementation, with its
// checksums.
func TestPacketGolden(t *testing.T) {
	for _, payload := range [][]byte{nil, []byte("odd"), []byte("even"), bytes.Repeat([]byte{0xff}, 1472)} {
		d := Datagram{Payload: payload, Src: netip.MustParseAddrPort("192.0.2.1:67"), Dst: netip.MustParseAddrPort("192.0.2.99:68")}
		ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: d.Src.Addr().AsSlice(), DstIP: d.Dst.Addr().AsSlice()}
		udp := &layers.UDP{SrcPort: 67, DstPort: 68}
		if err := udp.SetNetworkLayerForChecksum(ip); err != nil {
			t.Fatal(err)
		}
		want := gopacket.NewSerializeBuffer()
		err := gopacket.SerializeLayers(want, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, ip, udp, gopacket.Payload(payload))
		if err != nil {
			t.Fatal(err)
		}
		got := appendPacket(nil, d)
		if diff := cmp.Diff(hex.Dump(want.Bytes()), hex.Dump(got)); diff != "" {
			t.Errorf("payload of %d bytes (-want +got):\n%s", len(payload), diff)
		}
		back, err := parsePacket(append(got, "padding of a short frame"...))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(d, back, cmpAddrPort, cmp.Comparer(bytes.Equal)); diff != "" {
			t.Errorf("read back (-want +got):\n%s", diff)
		}
	}
}

// TestChecksumIsNeverZero checks RFC 768: a checksum of zero says that there is
// none.
func TestChecksumIsNeverZero(t *testing.T) {
	for n := range 1 << 16 {
		p := appendPacket(nil, Datagram{Payload: []byte{byte(n >> 8), byte(n)}, Src: toServer, Dst: toAll})
		if p[26] == 0 && p[27] == 0 {
			t.Fatalf("payload %#04x has the checksum 0", n)
		}
	}
}

// FuzzParsePacket checks that what is read out of a packet lies in it.
func FuzzParsePacket(f *testing.F) {
	f.Add(appendPacket(nil, Datagram{Payload: []byte("x"), Src: fromZero, Dst: toAll}))
	f.Add([]byte{0x4f, 0, 0, 28, 0, 0, 0, 0, 64, 17})
	f.Fuzz(func(t *testing.T, packet []byte) {
		d, err := parsePacket(packet)
		if err != nil {
			return
		}
		if !bytes.Contains(packet, d.Payload) {
			t.Error("the payload is not a part of the packet")
		}
		again, err := parsePacket(appendPacket(nil, d))
		if err != nil || !bytes.Equal(again.Payload, d.Payload) || again.Src != d.Src || again.Dst != d.Dst {
			t.Errorf("wrote and read %+v, %v", again, err)
		}
	})
}
