package dhcp

import (
	"net"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRoute is RFC 2131 4.1 line by line.
func TestRoute(t *testing.T) {
	all := net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	to := netip.MustParseAddrPort
	broadcast := Path{PathBroadcast, to("255.255.255.255:68"), all}
	reply := func(t MessageType, change func(m *Message)) *Message {
		m := &Message{Op: OpReply, HType: HTypeEthernet, CHAddr: mac(clientMAC), Options: Options{byteOption(OptionMessageType, byte(t))}}
		if change != nil {
			change(m)
		}
		return m
	}
	yi := func(m *Message) { m.YIAddr = addr("192.0.2.50") }
	tests := []struct {
		name  string
		reply *Message
		req   Request
		want  Path
	}{
		{"OFFER to a client that takes unicast", reply(TypeOffer, yi), Request{Message: ask(TypeDiscover)}, Path{PathLink, to("192.0.2.50:68"), mac(clientMAC)}},
		{"OFFER to a client that does not", reply(TypeOffer, func(m *Message) { yi(m); m.Flags = FlagBroadcast }), Request{Message: ask(TypeDiscover)}, broadcast},
		{"OFFER of a proxy", reply(TypeOffer, nil), Request{Message: ask(TypeDiscover)}, broadcast},
		{"OFFER through a relay", reply(TypeOffer, func(m *Message) { yi(m); m.GIAddr = addr("192.0.2.1") }), Request{Message: ask(TypeDiscover)}, Path{Kind: PathRelay, To: to("192.0.2.1:67")}},
		{"OFFER to InfiniBand", reply(TypeOffer, func(m *Message) { yi(m); m.HType = HTypeInfiniBand; m.CHAddr = nil }), Request{Message: ask(TypeDiscover)}, broadcast},
		{"ACK of a renewal", reply(TypeAck, func(m *Message) { yi(m); m.CIAddr = addr("192.0.2.50") }), Request{Message: ask(TypeRequest)}, Path{Kind: PathClient, To: to("192.0.2.50:68")}},
		{"ACK of a renewal with the broadcast flag", reply(TypeAck, func(m *Message) { yi(m); m.CIAddr = addr("192.0.2.50"); m.Flags = FlagBroadcast }), Request{Message: ask(TypeRequest)}, Path{Kind: PathClient, To: to("192.0.2.50:68")}},
		{"ACK of an INFORM", reply(TypeAck, func(m *Message) { m.CIAddr = addr("192.0.2.50") }), Request{Message: ask(TypeInform)}, Path{Kind: PathClient, To: to("192.0.2.50:68")}},
		{"ACK of an INFORM without ciaddr", reply(TypeAck, nil), Request{Message: ask(TypeInform), Src: to("192.0.2.50:1068")}, Path{Kind: PathSource, To: to("192.0.2.50:1068")}},
		{"NAK", reply(TypeNak, nil), Request{Message: ask(TypeRequest)}, broadcast},
		{"NAK of a renewal", reply(TypeNak, nil), Request{Message: with(ask(TypeRequest), func(m *Message) { m.CIAddr = addr("192.0.2.50") })}, broadcast},
		{"NAK through a relay", reply(TypeNak, func(m *Message) { m.GIAddr = addr("192.0.2.1") }), Request{Message: ask(TypeRequest)}, Path{Kind: PathRelay, To: to("192.0.2.1:67")}},
		{"boot service, EDK2", reply(TypeAck, func(m *Message) { m.CIAddr = addr("192.0.2.50") }), Request{Message: ask(TypeRequest), Src: to("192.0.2.50:4011"), Boot: true}, Path{Kind: PathSource, To: to("192.0.2.50:4011")}},
		{"boot service, iPXE", reply(TypeAck, func(m *Message) { m.CIAddr = addr("192.0.2.50") }), Request{Message: ask(TypeRequest), Src: to("192.0.2.50:68"), Boot: true}, Path{Kind: PathSource, To: to("192.0.2.50:68")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if !tt.req.Dst.IsValid() {
				tt.req.Dst = toAll
			}
			if diff := cmp.Diff(tt.want, Route(tt.reply, tt.req), cmpAddr, cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
