package wire

import (
	"net"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// solicitation is what iPXE sends when its link comes up.
func solicitation(t *testing.T, hopLimit uint8) []byte {
	t.Helper()
	eth := &layers.Ethernet{
		SrcMAC: net.HardwareAddr{0x52, 0x54, 0, 0x12, 0x34, 0x56}, DstMAC: net.HardwareAddr{0x33, 0x33, 0, 0, 0, 2},
		EthernetType: layers.EthernetTypeIPv6,
	}
	ip := &layers.IPv6{
		Version: 6, HopLimit: hopLimit, NextHeader: layers.IPProtocolICMPv6,
		SrcIP: net.ParseIP("fe80::5054:ff:fe12:3456"), DstIP: net.ParseIP("ff02::2"),
	}
	icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(layers.ICMPv6TypeRouterSolicitation, 0)}
	if err := icmp.SetNetworkLayerForChecksum(ip); err != nil {
		t.Fatal(err)
	}
	b := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true},
		eth, ip, icmp, &layers.ICMPv6RouterSolicitation{})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSolicitationsAreAnswered(t *testing.T) {
	sw := NewSwitch()
	router, client := sw.Port("router"), sw.Port("client")
	done := make(chan error, 1)
	go func() { done <- AnswerSolicitations(router) }()

	if err := client.WriteFrame(solicitation(t, 255)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, maxFrame)
	n, err := client.ReadFrame(buf)
	if err != nil {
		t.Fatal(err)
	}
	p := gopacket.NewPacket(buf[:n], layers.LayerTypeEthernet, gopacket.Default)
	if err := p.ErrorLayer(); err != nil {
		t.Fatal(err.Error())
	}
	adv, ok := p.Layer(layers.LayerTypeICMPv6RouterAdvertisement).(*layers.ICMPv6RouterAdvertisement)
	if !ok {
		t.Fatalf("the answer is no router advertisement:\n%s", p)
	}
	if adv.RouterLifetime != 0 || adv.Flags != 0 {
		t.Errorf("lifetime %d, flags %#x: want a router that promises nothing", adv.RouterLifetime, adv.Flags)
	}
	if ip := p.Layer(layers.LayerTypeIPv6).(*layers.IPv6); ip.HopLimit != 255 || !ip.SrcIP.IsLinkLocalUnicast() {
		t.Errorf("hop limit %d from %s: clients drop it (RFC 4861 6.1.2)", ip.HopLimit, ip.SrcIP)
	}
	sum := p.Layer(layers.LayerTypeICMPv6).(*layers.ICMPv6).Checksum
	icmp := p.Layer(layers.LayerTypeICMPv6).(*layers.ICMPv6)
	if err := icmp.SetNetworkLayerForChecksum(p.NetworkLayer()); err != nil {
		t.Fatal(err)
	}
	again := gopacket.NewSerializeBuffer()
	err = gopacket.SerializeLayers(again, gopacket.SerializeOptions{ComputeChecksums: true}, icmp, gopacket.Payload(icmp.LayerPayload()))
	if err != nil || icmp.Checksum != sum {
		t.Errorf("checksum %#x, want %#x (%v)", sum, icmp.Checksum, err)
	}

	router.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestSolicitationsFromElsewhereAreNot(t *testing.T) {
	if !isSolicitation(solicitation(t, 255)) {
		t.Error("a valid solicitation is not taken for one")
	}
	if isSolicitation(solicitation(t, 64)) {
		t.Error("a solicitation that has crossed a router is taken for a valid one (RFC 4861 6.1.1)")
	}
}
