package dhcp

import (
	"net/netip"
	"strings"
	"testing"
)

// TestDecide is the server's behaviour, state by state (RFC 2131 4.3).
func TestDecide(t *testing.T) {
	const server, other = "192.168.122.1", "192.168.122.99"
	unknown := "192.168.122.150"
	var held netip.Addr // what the client has after lease
	leased := func(t *testing.T, s *Server) { held = bound(t, s, ask(TypeDiscover)) }
	stranger := func(t *testing.T, s *Server) { // another client has the unknown address
		bound(t, s, with(ask(TypeDiscover, optAddr(OptionRequestedAddress, unknown)), func(m *Message) { m.CHAddr = mac("52:54:00:ff:ff:ff") }))
	}
	own := func(m *Message) *Message { m.CIAddr = held; return m }
	wants := func(a string) RawOption { return optAddr(OptionRequestedAddress, a) }
	fixed := func(m *Message) *Message { m.CHAddr = mac(hostMAC); return m }
	relayed := func(m *Message) *Message { m.GIAddr = addr("10.1.0.1"); return m }
	silence := MessageType(255)

	tests := []struct {
		name          string
		authoritative bool
		before        func(t *testing.T, s *Server)
		msg           func() *Message
		unicast       bool
		want          MessageType // of the reply, or silence
		kind          EventKind
		addr          string // the reply's yiaddr; "held"
		reason        string // a part of it
	}{
		{name: "discover", msg: func() *Message { return ask(TypeDiscover, wants("192.168.122.123")) }, want: TypeOffer, kind: EventOffer, addr: "192.168.122.123"},
		{name: "discover with a lease", before: leased, msg: func() *Message { return ask(TypeDiscover, wants(unknown)) }, want: TypeOffer, kind: EventOffer, addr: "held"},
		{name: "discover of a host", msg: func() *Message { return fixed(ask(TypeDiscover)) }, want: TypeOffer, kind: EventOffer, addr: "192.168.122.7"},
		{name: "discover through a relay", msg: func() *Message { return relayed(ask(TypeDiscover, wants("10.1.1.9"))) }, want: TypeOffer, kind: EventOffer, addr: "10.1.1.9"},
		{name: "discover of a host that is elsewhere", msg: func() *Message { return fixed(relayed(ask(TypeDiscover, wants("10.1.1.9")))) }, want: TypeOffer, kind: EventOffer, addr: "10.1.1.9"},
		{name: "discover with a bogus ciaddr", msg: func() *Message {
			return with(ask(TypeDiscover, wants("192.168.122.123")), func(m *Message) { m.CIAddr = addr("203.0.113.1") })
		}, want: TypeOffer, kind: EventOffer, addr: "192.168.122.123"},
		{name: "discover through a relay of a foreign subnet", msg: func() *Message { return with(ask(TypeDiscover), func(m *Message) { m.GIAddr = addr("172.16.0.1") }) }, want: silence, kind: EventIgnored, reason: "subnet"},

		{name: "selecting us", before: func(t *testing.T, s *Server) { held = offered(t, s, ask(TypeDiscover)).Reply.YIAddr },
			msg: func() *Message {
				return ask(TypeRequest, optAddr(OptionServerID, server), addrOption(OptionRequestedAddress, held))
			}, want: TypeAck, kind: EventAck, addr: "held"},
		{name: "selecting us with another address than offered", before: func(t *testing.T, s *Server) { offered(t, s, ask(TypeDiscover)) },
			msg:  func() *Message { return ask(TypeRequest, optAddr(OptionServerID, server), wants(unknown)) },
			want: TypeNak, kind: EventNak, reason: "another address"},
		{name: "selecting us after our restart", msg: func() *Message { return ask(TypeRequest, optAddr(OptionServerID, server), wants(unknown)) }, want: TypeAck, kind: EventAck, addr: unknown},
		{name: "selecting us for what another has", before: stranger, msg: func() *Message { return ask(TypeRequest, optAddr(OptionServerID, server), wants(unknown)) }, want: TypeNak, kind: EventNak, reason: "in use"},
		{name: "selecting us for a foreign network", msg: func() *Message { return ask(TypeRequest, optAddr(OptionServerID, server), wants("10.9.9.9")) }, want: TypeNak, kind: EventNak, reason: "wrong network"},
		{name: "selecting us for the router's address", msg: func() *Message { return ask(TypeRequest, optAddr(OptionServerID, server), wants(server)) }, want: TypeNak, kind: EventNak, reason: "not available"},
		{name: "selecting another server", msg: func() *Message { return ask(TypeRequest, optAddr(OptionServerID, other), wants(unknown)) }, want: silence, kind: EventIgnored, reason: "offer of server " + other},
		{name: "selecting with ciaddr in place of option 50", before: leased, msg: func() *Message { return own(ask(TypeRequest, optAddr(OptionServerID, server))) }, want: TypeAck, kind: EventAck, addr: "held"},

		{name: "restart with our lease", before: leased, msg: func() *Message { return ask(TypeRequest, addrOption(OptionRequestedAddress, held)) }, want: TypeAck, kind: EventAck, addr: "held"},
		{name: "restart with a lease that it released", before: func(t *testing.T, s *Server) {
			leased(t, s)
			s.Decide(Request{Message: own(ask(TypeRelease)), Src: fromZero, Dst: toServer}, testStart)
		}, msg: func() *Message { return ask(TypeRequest, addrOption(OptionRequestedAddress, held)) }, want: TypeAck, kind: EventAck, addr: "held"},
		{name: "restart with another address than its lease", before: leased, msg: func() *Message { return ask(TypeRequest, wants(unknown)) }, want: TypeNak, kind: EventNak, reason: "another address"},
		{name: "restart with what another has", before: stranger, msg: func() *Message { return ask(TypeRequest, wants(unknown)) }, want: TypeNak, kind: EventNak, reason: "in use"},
		{name: "restart with another network's address", msg: func() *Message { return ask(TypeRequest, wants("10.9.9.9")) }, want: silence, kind: EventIgnored, reason: "not ours"},
		{name: "restart with another network's address, authoritative", authoritative: true, msg: func() *Message { return ask(TypeRequest, wants("10.9.9.9")) }, want: TypeNak, kind: EventNak, reason: "wrong network"},
		{name: "restart with another network's address despite our lease", before: leased, msg: func() *Message { return ask(TypeRequest, wants("10.9.9.9")) }, want: TypeNak, kind: EventNak, reason: "wrong network"},
		{name: "restart of a host with another network's address", msg: func() *Message { return fixed(ask(TypeRequest, wants("10.9.9.9"))) }, want: TypeNak, kind: EventNak, reason: "wrong network"},
		{name: "restart with an unknown address", msg: func() *Message { return ask(TypeRequest, wants(unknown)) }, want: silence, kind: EventIgnored, reason: "not ours"},
		{name: "restart with an unknown address, authoritative", authoritative: true, msg: func() *Message { return ask(TypeRequest, wants(unknown)) }, want: TypeAck, kind: EventAck, addr: unknown},
		{name: "restart with an address of no range, authoritative", authoritative: true, msg: func() *Message { return ask(TypeRequest, wants("192.168.122.201")) }, want: TypeNak, kind: EventNak, reason: "not available"},
		{name: "restart of a host", msg: func() *Message { return fixed(ask(TypeRequest, wants("192.168.122.7"))) }, want: TypeAck, kind: EventAck, addr: "192.168.122.7"},
		{name: "restart of a host with another address", msg: func() *Message { return fixed(ask(TypeRequest, wants(unknown))) }, want: TypeNak, kind: EventNak, reason: "another address"},
		{name: "restart with another's reservation", msg: func() *Message { return ask(TypeRequest, wants("192.168.122.7")) }, want: silence, kind: EventIgnored, reason: "not ours"},

		{name: "renewing", before: leased, msg: func() *Message { return own(ask(TypeRequest)) }, unicast: true, want: TypeAck, kind: EventAck, addr: "held"},
		{name: "renewing from behind a relay", before: func(t *testing.T, s *Server) { held = bound(t, s, relayed(ask(TypeDiscover))) }, msg: func() *Message { return own(ask(TypeRequest)) }, unicast: true, want: TypeAck, kind: EventAck, addr: "held"},
		{name: "renewing what is not known", msg: func() *Message { return with(ask(TypeRequest), func(m *Message) { m.CIAddr = addr(unknown) }) }, unicast: true, want: TypeAck, kind: EventAck, addr: unknown},
		{name: "renewing what is of no range", msg: func() *Message {
			return with(ask(TypeRequest), func(m *Message) { m.CIAddr = addr("192.168.122.201") })
		}, unicast: true, want: TypeNak, kind: EventNak, reason: "not available"},
		{name: "renewing another address than its lease", before: leased, msg: func() *Message { return with(ask(TypeRequest), func(m *Message) { m.CIAddr = addr(unknown) }) }, unicast: true, want: TypeNak, kind: EventNak, reason: "another address"},
		{name: "renewing what another has", before: stranger, msg: func() *Message { return with(ask(TypeRequest), func(m *Message) { m.CIAddr = addr(unknown) }) }, unicast: true, want: TypeNak, kind: EventNak},
		{name: "renewing away from a reservation", authoritative: true, msg: func() *Message { return with(fixed(ask(TypeRequest)), func(m *Message) { m.CIAddr = addr(unknown) }) }, unicast: true, want: TypeNak, kind: EventNak, reason: "192.168.122.7 is reserved"},

		{name: "rebinding", before: leased, msg: func() *Message { return own(ask(TypeRequest)) }, want: TypeAck, kind: EventAck, addr: "held"},
		{name: "rebinding what is not known", msg: func() *Message { return with(ask(TypeRequest), func(m *Message) { m.CIAddr = addr(unknown) }) }, want: silence, kind: EventIgnored, reason: "not ours"},
		{name: "rebinding what another has", before: stranger, msg: func() *Message { return with(ask(TypeRequest), func(m *Message) { m.CIAddr = addr(unknown) }) }, want: TypeNak, kind: EventNak, reason: "in use"},
		{name: "rebinding on a foreign network, authoritative", authoritative: true, msg: func() *Message { return with(ask(TypeRequest), func(m *Message) { m.CIAddr = addr("10.9.9.9") }) }, want: TypeNak, kind: EventNak, reason: "wrong network"},
		{name: "a request for nothing", msg: func() *Message { return ask(TypeRequest) }, want: silence, kind: EventIgnored, reason: "no address"},

		{name: "release", before: leased, msg: func() *Message { return own(ask(TypeRelease, optAddr(OptionServerID, server))) }, unicast: true, want: silence, kind: EventRelease},
		{name: "release without option 54", before: leased, msg: func() *Message { return own(ask(TypeRelease)) }, unicast: true, want: silence, kind: EventRelease},
		{name: "release to another server", before: leased, msg: func() *Message { return own(ask(TypeRelease, optAddr(OptionServerID, other))) }, want: silence, kind: EventIgnored, reason: "server " + other},
		{name: "release of what it does not have", msg: func() *Message { return with(ask(TypeRelease), func(m *Message) { m.CIAddr = addr(unknown) }) }, unicast: true, want: silence, kind: EventIgnored, reason: "not held"},

		{name: "decline", before: leased, msg: func() *Message {
			return ask(TypeDecline, optAddr(OptionServerID, server), addrOption(OptionRequestedAddress, held))
		}, want: silence, kind: EventDecline, reason: "in use"},
		{name: "decline of another server's", before: leased, msg: func() *Message {
			return ask(TypeDecline, optAddr(OptionServerID, other), addrOption(OptionRequestedAddress, held))
		}, want: silence, kind: EventIgnored, reason: "server " + other},
		{name: "decline of what it does not have", msg: func() *Message { return ask(TypeDecline, wants(unknown)) }, want: silence, kind: EventIgnored, reason: "not held"},
		{name: "decline of nothing", msg: func() *Message { return ask(TypeDecline) }, want: silence, kind: EventIgnored, reason: "no address"},

		{name: "inform", msg: func() *Message { return with(ask(TypeInform), func(m *Message) { m.CIAddr = addr("192.168.122.50") }) }, want: TypeAck, kind: EventInform, addr: "0.0.0.0"},
		{name: "inform from no address", msg: func() *Message { return ask(TypeInform) }, want: silence, kind: EventIgnored, reason: "no address"},

		{name: "BOOTP of a host", msg: func() *Message { return fixed(ask(TypeBOOTP)) }, want: TypeBOOTP, kind: EventBOOTP, addr: "192.168.122.7"},
		{name: "BOOTP of a stranger", msg: func() *Message { return ask(TypeBOOTP) }, want: silence, kind: EventIgnored, reason: "not a configured host"},

		{name: "message type 0", msg: func() *Message { return ask(TypeBOOTP, byteOption(OptionMessageType, 0)) }, want: silence, kind: EventIgnored, reason: "message type 0"},
		{name: "no message type in option 53", msg: func() *Message { return fixed(ask(TypeBOOTP, RawOption{OptionMessageType, nil})) }, want: silence, kind: EventIgnored, reason: "has 0 bytes"},
		{name: "two message types", msg: func() *Message { return ask(TypeDiscover, byteOption(OptionMessageType, TypeRequest)) }, want: silence, kind: EventIgnored, reason: "has 2 bytes"},
		{name: "an OFFER", msg: func() *Message { return ask(TypeOffer) }, want: silence, kind: EventIgnored, reason: "OFFER"},
		{name: "a lease query", msg: func() *Message { return ask(10) }, want: silence, kind: EventIgnored, reason: "message type 10"},
		{name: "a reply", msg: func() *Message { return with(ask(TypeOffer), func(m *Message) { m.Op = OpReply }) }, want: silence, kind: EventIgnored, reason: "server's message"},
		{name: "no hardware address", msg: func() *Message {
			return with(ask(TypeDiscover), func(m *Message) { m.CHAddr = mac("00:00:00:00:00:00") })
		}, want: silence, kind: EventIgnored, reason: "all zero"},
		{name: "a group's hardware address", msg: func() *Message {
			return with(ask(TypeDiscover), func(m *Message) { m.CHAddr = mac("ff:ff:ff:ff:ff:ff") })
		}, want: silence, kind: EventIgnored, reason: "group"},
		{name: "an Ethernet address of 8 bytes", msg: func() *Message {
			return with(ask(TypeDiscover), func(m *Message) { m.CHAddr = mac("02:00:00:00:00:00:00:01") })
		}, want: silence, kind: EventIgnored, reason: "8 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := fullConfig()
			cfg.Authoritative = tt.authoritative
			s := newServer(t, cfg)
			held = netip.Addr{}
			if tt.before != nil {
				tt.before(t, s)
			}
			req := Request{Message: tt.msg(), Src: fromZero, Dst: toAll}
			if tt.unicast {
				req.Src, req.Dst = netip.AddrPortFrom(req.Message.CIAddr, 68), toServer
			}
			d := s.Decide(req, testStart)
			e := outcomeOf(d)
			if e.Kind != tt.kind || !strings.Contains(e.Reason, tt.reason) {
				t.Errorf("event %s %q, want %s %q", e.Kind, e.Reason, tt.kind, tt.reason)
			}
			if d.Reply == nil {
				if tt.want != silence {
					t.Errorf("silence (%s), want %s", e.Reason, tt.want)
				}
				return
			}
			if got := d.Reply.Type(); got != tt.want {
				t.Fatalf("reply %s, want %s", got, tt.want)
			}
			want := netip.Addr{}
			switch tt.addr {
			case "held":
				want = held
			case "", "0.0.0.0":
			default:
				want = addr(tt.addr)
			}
			if d.Reply.YIAddr != want {
				t.Errorf("yiaddr %s, want %s", d.Reply.YIAddr, want)
			}
			if promise := e.Kind == EventAck || e.Kind == EventBOOTP; d.Durable != promise {
				t.Errorf("durable %v, want %v", d.Durable, promise)
			}
		})
	}
}

// TestRenewalGoesToTheClient checks that a client which has its address is
// answered there, and one that is getting it is not.
func TestRenewalGoesToTheClient(t *testing.T) {
	s := newServer(t, classic())
	a := bound(t, s, ask(TypeDiscover))
	for _, dst := range []netip.AddrPort{toServer, toAll} {
		renewal := with(ask(TypeRequest), func(m *Message) { m.CIAddr = a })
		d := s.Decide(Request{Message: renewal, Src: netip.AddrPortFrom(a, 68), Dst: dst}, testStart)
		if d.Reply == nil || d.Reply.CIAddr != a || outcomeOf(d).Path.Kind != PathClient {
			t.Errorf("renewal to %s: %+v by %s", dst, d.Reply, outcomeOf(d).Path.Kind)
		}
	}
	selecting := with(ask(TypeRequest, optAddr(OptionServerID, "192.168.122.1"), addrOption(OptionRequestedAddress, a)), func(m *Message) { m.CIAddr = addr("203.0.113.1") })
	d := s.Decide(Request{Message: selecting, Src: fromZero, Dst: toAll}, testStart)
	if d.Reply == nil || isSet(d.Reply.CIAddr) || outcomeOf(d).Path.Kind != PathLink {
		t.Errorf("selecting with a bogus ciaddr: %+v by %s", d.Reply, outcomeOf(d).Path.Kind)
	}
}

// TestLongNamesAreCut checks that what a client makes the journal hold is
// bounded.
func TestLongNamesAreCut(t *testing.T) {
	s := newServer(t, classic())
	long := strings.Repeat("n", 400)
	offered(t, s, ask(TypeDiscover, textOption(OptionHostName, long)))
	l, ok := s.leases.Pool(0).Lookup(keyOf(ask(TypeDiscover), false))
	if !ok || l.Name != long[:255] {
		t.Errorf("the name has %d bytes", len(l.Name))
	}
	huge := ask(TypeDiscover, RawOption{OptionClientID, make([]byte, 256)})
	if key := keyOf(huge, true); len(key) > 255 {
		t.Errorf("the key has %d bytes", len(key))
	}
}

func TestExhaustedPoolIsSilent(t *testing.T) {
	cfg := classic()
	cfg.Subnets[0].Ranges[0].Last = cfg.Subnets[0].Ranges[0].First
	s := newServer(t, cfg)
	offered(t, s, ask(TypeDiscover))
	second := with(ask(TypeDiscover), func(m *Message) { m.CHAddr[5]++ })
	d := s.Decide(Request{Message: second, Src: fromZero, Dst: toAll}, testStart)
	if d.Reply != nil || outcomeOf(d).Kind != EventExhausted {
		t.Errorf("reply %v, event %+v", d.Reply, outcomeOf(d))
	}
}

// TestAnotherServersClientFreesOurOffer checks RFC 2131 3.1: an offer that the
// client did not take is free at once.
func TestAnotherServersClientFreesOurOffer(t *testing.T) {
	cfg := classic()
	cfg.Subnets[0].Ranges[0].Last = cfg.Subnets[0].Ranges[0].First
	s := newServer(t, cfg)
	a := offered(t, s, ask(TypeDiscover)).Reply.YIAddr
	taken := ask(TypeRequest, optAddr(OptionServerID, "192.168.122.2"), addrOption(OptionRequestedAddress, a))
	s.Decide(Request{Message: taken, Src: fromZero, Dst: toAll}, testStart)
	offered(t, s, with(ask(TypeDiscover), func(m *Message) { m.CHAddr[5]++ }))
}

func TestOurOwnMessagesAreIgnored(t *testing.T) {
	s := newServer(t, classic())
	us := netip.MustParseAddrPort("192.168.122.1:67")
	d := s.Decide(Request{Message: ask(TypeDiscover), Src: us, Dst: toAll}, testStart)
	if d.Reply != nil {
		t.Error("the server answers itself")
	}
	d = s.Decide(Request{Message: with(ask(TypeDiscover), func(m *Message) { m.GIAddr = us.Addr() }), Src: us, Dst: us}, testStart)
	if d.Reply == nil {
		t.Errorf("a relay on this machine gets no answer: %s", outcomeOf(d).Reason)
	}
}

// TestOneMachineKeepsOneAddress follows a machine from its ROM through iPXE to
// its installer, which all identify themselves in another way.
func TestOneMachineKeepsOneAddress(t *testing.T) {
	ids := [][]byte{nil, append([]byte{0}, testUUID()...), append([]byte{1}, mac(clientMAC)...), []byte("\xff\x12\x34\x56\x78\x00\x02\x00\x00\xab\x11duid")}
	addrs := func(byID bool) map[netip.Addr]bool {
		cfg := classic()
		cfg.ByClientID = byID
		s := newServer(t, cfg)
		got := make(map[netip.Addr]bool)
		for _, id := range ids {
			m := ask(TypeDiscover)
			if id != nil {
				m.Options = append(m.Options, RawOption{OptionClientID, id})
			}
			got[offered(t, s, m).Reply.YIAddr] = true
		}
		return got
	}
	if got := addrs(false); len(got) != 1 {
		t.Errorf("keyed on the MAC, one machine got %v", got)
	}
	// No identifier and 01+MAC are the same by RFC 2131 as we key it.
	if got := addrs(true); len(got) != 3 {
		t.Errorf("keyed on option 61, three identities got %v", got)
	}
}

func TestRelayChoosesTheSubnet(t *testing.T) {
	tests := []struct {
		name string
		opts []RawOption
		gi   string
		want string // the subnet of the offer
		id   string // option 54
	}{
		{"giaddr", nil, "10.1.0.1", "10.1.0.0/16", "192.168.122.1"},
		{"link selection", []RawOption{{OptionRelayAgent, []byte("\x05\x04\x0a\x01\x00\x00")}}, "192.168.122.250", "10.1.0.0/16", "192.168.122.1"},
		{"subnet selection", []RawOption{optAddr(OptionSubnetSelection, "10.1.0.0")}, "192.168.122.250", "10.1.0.0/16", "192.168.122.1"},
		{"server identifier override", []RawOption{{OptionRelayAgent, []byte("\x0b\x04\x0a\x01\x00\x01")}}, "10.1.0.1", "10.1.0.0/16", "10.1.0.1"},
		{"malformed option 82", []RawOption{{OptionRelayAgent, []byte("\x05\x04\x0a")}}, "10.1.0.1", "10.1.0.0/16", "192.168.122.1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t, fullConfig())
			m := with(ask(TypeDiscover, tt.opts...), func(m *Message) { m.GIAddr = addr(tt.gi) })
			r := offered(t, s, m).Reply
			if !netip.MustParsePrefix(tt.want).Contains(r.YIAddr) {
				t.Errorf("offered %s, want one of %s", r.YIAddr, tt.want)
			}
			if id, _ := r.Options.Addr(OptionServerID); id != addr(tt.id) {
				t.Errorf("option 54 is %s, want %s", id, tt.id)
			}
			// The client names the server as it was told, and gets its ACK.
			take := with(ask(TypeRequest, append(tt.opts, optAddr(OptionServerID, tt.id), addrOption(OptionRequestedAddress, r.YIAddr))...), func(m *Message) { m.GIAddr = addr(tt.gi) })
			if d := s.Decide(Request{Message: take, Src: fromZero, Dst: toServer}, testStart); d.Reply == nil || d.Reply.Type() != TypeAck {
				t.Errorf("no ack: %+v", outcomeOf(d))
			}
			if v := r.Options.Get(OptionRelayAgent); len(v) > 0 && r.Options[len(r.Options)-1].Code != OptionRelayAgent {
				t.Error("option 82 is not the last")
			}
		})
	}
}
