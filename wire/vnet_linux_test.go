package wire

import (
	"bytes"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

// unfinished is a datagram as it leaves Linux for a card that does checksums.
func unfinished(payload string) []byte {
	f := appendDatagram(nil, []byte(payload), testDatagram)
	copy(f[40:], pseudoSum(f))
	return f
}

func TestFinishChecksum(t *testing.T) {
	v := vnetHeader{flags: unix.VIRTIO_NET_HDR_F_NEEDS_CSUM, csumStart: 34, csumAt: 6}
	zeroes := appendDatagram(nil, []byte{0, 0}, testDatagram)
	allOnes := string(zeroes[40:42]) // the payload whose checksum would come to zero, which means none
	for _, payload := range []string{"", "odd", "even", allOnes} {
		want := appendDatagram(nil, []byte(payload), testDatagram)
		got := v.finish(unfinished(payload))
		if len(got) != 1 || !bytes.Equal(got[0], want) {
			t.Errorf("%q: got % x, want % x", payload, got, want)
		}
	}
}

func TestFinishLeavesOthersAlone(t *testing.T) {
	want := unfinished("x")
	for _, flags := range []uint8{0, unix.VIRTIO_NET_HDR_F_DATA_VALID} {
		got := vnetHeader{flags: flags}.finish(unfinished("x"))
		if len(got) != 1 || !bytes.Equal(got[0], want) {
			t.Errorf("flags %d: got % x, want % x", flags, got, want)
		}
	}
}

// A window of TFTP blocks that its sender gave to the kernel as one.
func TestFinishSplitsUDP(t *testing.T) {
	v := vnetHeader{
		flags: unix.VIRTIO_NET_HDR_F_NEEDS_CSUM, gso: unix.VIRTIO_NET_HDR_GSO_UDP_L4, gsoSize: 4,
		csumStart: 34, csumAt: 6,
	}
	got := v.finish(unfinished("one.two.end"))
	want := []string{"one.", "two.", "end"}
	if len(got) != len(want) {
		t.Fatalf("%d frames, want %d", len(got), len(want))
	}
	for i, f := range got {
		d, payload, ok := parseDatagram(f) // checks both checksums
		if !ok || string(payload) != want[i] || d.Src != testDatagram.Src || d.Dst != testDatagram.Dst {
			t.Errorf("frame %d: %v %q from %v to %v, want %q", i, ok, payload, d.Src, d.Dst, want[i])
		}
		if f[41] == 0 && f[40] == 0 {
			t.Errorf("frame %d has no checksum", i)
		}
		if id := int(f[18])<<8 | int(f[19]); id != i {
			t.Errorf("frame %d has the ID %d", i, id)
		}
	}
}

func TestFinishSplitsUDPv6(t *testing.T) {
	const header = 14 + 40 + 8
	f := make([]byte, header, 100)
	copy(f[12:], "\x86\xdd\x60\x00\x00\x00\x00\x00\x11\x40")
	f[22], f[38] = 0xfe, 0xfe
	f = append(f, "onetwo"...)
	v := vnetHeader{flags: unix.VIRTIO_NET_HDR_F_NEEDS_CSUM, gso: unix.VIRTIO_NET_HDR_GSO_UDP_L4, gsoSize: 3, csumStart: 54, csumAt: 6}
	got := v.finish(f)
	if len(got) != 2 {
		t.Fatalf("%d frames, want 2", len(got))
	}
	for i, want := range []string{"one", "two"} {
		f := got[i]
		if string(f[header:]) != want || f[19] != 11 || f[59] != 11 {
			t.Errorf("frame %d: % x", i, f)
		}
		sum := uint32(17 + 11) // the pseudo header's protocol and length
		for j := 22; j < len(f)+1; j += 2 {
			sum += uint32(f[j]) << 8
			if j+1 < len(f) {
				sum += uint32(f[j+1])
			}
		}
		if sum = sum&0xffff + sum>>16; sum != 0xffff {
			t.Errorf("frame %d: checksum sums to %#x", i, sum)
		}
	}
}

// The kernel is trusted, and yet no header may bring us down.
func FuzzFinish(f *testing.F) {
	f.Add(uint8(1), uint8(0), uint16(0), uint16(34), uint16(6), unfinished("x"))
	f.Add(uint8(1), uint8(5), uint16(4), uint16(34), uint16(6), unfinished("one.two.end"))
	f.Add(uint8(1), uint8(5), uint16(1), uint16(14), uint16(0), unfinished("x"))
	f.Add(uint8(1), uint8(0), uint16(0), uint16(34), uint16(0xffff), unfinished("x"))
	f.Add(uint8(1), uint8(5), uint16(4), uint16(16), uint16(0), unfinished("x")[:20])
	f.Fuzz(func(t *testing.T, flags, gso uint8, size, start, at uint16, frame []byte) {
		if len(frame) < headerSize {
			return // receive has seen to it
		}
		total := len(frame)
		got := vnetHeader{flags: flags, gso: gso, gsoSize: size, csumStart: start, csumAt: at}.finish(frame)
		payload := 0
		for _, f := range got {
			if len(f) > total {
				t.Fatalf("a frame of %d bytes became one of %d", total, len(f))
			}
			payload += len(f)
			if len(got) > 1 {
				payload -= int(start) + 8
			}
		}
		if len(got) > 1 && payload != total-int(start)-8 {
			t.Fatalf("%d bytes of payload, want %d", payload, total-int(start)-8)
		}
	})
}

// A header that does not fit its packet.
func TestFinishDrops(t *testing.T) {
	split := vnetHeader{
		flags: unix.VIRTIO_NET_HDR_F_NEEDS_CSUM, gso: unix.VIRTIO_NET_HDR_GSO_UDP_L4, gsoSize: 4, csumStart: 34, csumAt: 6,
	}
	with := func(change func(v *vnetHeader)) vnetHeader { v := split; change(&v); return v }
	six := append(make([]byte, 12), "\x86\xdd\x60too short for its header"...)
	for name, test := range map[string]struct {
		v     vnetHeader
		frame []byte
	}{
		"checksum beyond the end":      {with(func(v *vnetHeader) { v.csumAt = 100 }), unfinished("x")},
		"checksum of the frame header": {with(func(v *vnetHeader) { v.csumStart = 0 }), unfinished("x")},
		"no segment size":              {with(func(v *vnetHeader) { v.gsoSize = 0 }), unfinished("x")},
		"UDP within the IP header":     {with(func(v *vnetHeader) { v.csumStart = 20 }), unfinished("x")},
		"UDP within the IP options":    {with(func(v *vnetHeader) { v.csumStart = 36 }), unfinished("longer")},
		"UDP within the IPv6 header":   {with(func(v *vnetHeader) { v.csumStart, v.csumAt = 20, 0 }), six},
		"neither IPv4 nor IPv6":        {split, append(make([]byte, 12), unfinished("x")[13:]...)},
	} {
		if got := test.v.finish(test.frame); len(got) != 0 {
			t.Errorf("%s: got % x", name, got)
		}
	}
}

func TestInsertTag(t *testing.T) {
	f := appendDatagram(nil, nil, Datagram{
		Src: testDatagram.Src, Dst: netip.MustParseAddrPort("255.255.255.255:68"), SrcMAC: testDatagram.SrcMAC, DstMAC: testDatagram.DstMAC,
	})
	got := insertTag(f, []byte{0x81, 0, 0, 10})
	want := append(append(bytes.Clone(f[:12]), 0x81, 0, 0, 10), f[12:]...)
	if !bytes.Equal(got, want) {
		t.Errorf("got % x, want % x", got, want)
	}
}
