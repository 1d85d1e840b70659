package dhcp

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"pxe/boot"
	"pxe/dhcp/lease"
)

// holder is who was promised an address, and until when.
type holder struct {
	mac     string
	expires time.Time
}

// book holds what a server has acknowledged.
type book map[netip.Addr]holder

// judge checks a decision against everything that a reply has to be, and notes
// the lease if it is one.
func (b book) judge(t *testing.T, req Request, d Decision, now time.Time) {
	t.Helper()
	e := outcomeOf(d)
	if d.Reply == nil {
		if e.Reason == "" && e.Kind != EventRelease {
			t.Fatalf("neither a reply nor a reason: %+v", e)
		}
		if e.Kind == EventRelease || e.Kind == EventDecline {
			delete(b, e.Addr)
		}
		return
	}
	wire := Pad(d.Reply.Append(nil))
	if len(wire) > 1472 || len(wire) < minimumSize {
		t.Fatalf("a reply of %d bytes", len(wire))
	}
	if size, ok := req.Message.Options.Uint16(OptionMaxMessageSize); ok && len(wire) > max(int(size)-28, 548) {
		t.Fatalf("a reply of %d bytes to a client that takes %d", len(wire), size)
	}
	r, err := Parse(wire)
	if err != nil {
		t.Fatalf("a reply that does not parse: %v", err)
	}
	if r.Op != OpReply || r.XID != req.Message.XID || string(r.CHAddr) != string(req.Message.CHAddr) || r.Relayed() != req.Message.Relayed() {
		t.Fatalf("a reply to somebody else: %+v", r)
	}
	if !e.Path.To.IsValid() || !isSet(e.Path.To.Addr()) {
		t.Fatalf("a reply to nowhere: %+v", e.Path)
	}
	if !isSet(r.YIAddr) {
		return
	}
	mac := string(req.Message.CHAddr)
	if h, ok := b[r.YIAddr]; ok && h.mac != mac && now.Before(h.expires) {
		t.Fatalf("%s goes to %x although %x has it", r.YIAddr, mac, h.mac)
	}
	if d.Durable {
		b[r.YIAddr] = holder{mac, now.Add(e.Lease)}
	}
}

// FuzzDecide feeds any datagram to a server, between the messages of clients
// that behave, and checks that every answer is sound and that no address gets a
// second holder.
func FuzzDecide(f *testing.F) {
	for _, m := range []*Message{
		ask(TypeDiscover, biosOptions()...),
		ask(TypeRequest, append(efiOptions(boot.ArchEFIX64), optAddr(OptionServerID, "192.168.122.1"), optAddr(OptionRequestedAddress, "192.168.122.100"))...),
		with(ask(TypeRequest), func(m *Message) { m.CIAddr = addr("192.168.122.101") }),
		with(ask(TypeRelease), func(m *Message) { m.CIAddr = addr("192.168.122.100") }),
		ask(TypeDecline, optAddr(OptionRequestedAddress, "192.168.122.100")),
		ask(TypeInform, httpOptions()...),
		with(ask(TypeBOOTP), func(m *Message) { m.CHAddr = mac(hostMAC) }),
		with(ask(TypeDiscover, RawOption{OptionRelayAgent, []byte("\x05\x04\x0a\x01\x00\x00\x0b\x04\x0a\x01\x00\x01")}), func(m *Message) { m.GIAddr = addr("192.168.122.250") }),
	} {
		f.Add(m.Append(nil), false, false)
		f.Add(m.Append(nil), true, true)
	}
	f.Fuzz(func(t *testing.T, datagram []byte, authoritative, bootPort bool) {
		cfg := fullConfig()
		cfg.Authoritative = authoritative
		s := newServer(t, cfg)
		promised := make(book)
		decide := func(req Request) Decision {
			d := s.Decide(req, testStart)
			promised.judge(t, req, d, testStart)
			return d
		}
		for n := range byte(3) { // three clients with a lease each
			c := func(m *Message) { m.CHAddr[5] = n }
			want := addrOption(OptionRequestedAddress, netip.AddrFrom4([4]byte{192, 168, 122, 100 + n}))
			decide(Request{Message: with(ask(TypeDiscover, want), c), Src: fromZero, Dst: toAll})
			decide(Request{Message: with(ask(TypeRequest, optAddr(OptionServerID, "192.168.122.1"), want), c), Src: fromZero, Dst: toAll})
		}
		m, err := Parse(datagram)
		if err != nil {
			return
		}
		dst, src := toAll, fromZero
		if bootPort || isSet(m.CIAddr) {
			dst, src = toServer, netip.MustParseAddrPort("192.168.122.77:68")
		}
		d := decide(Request{Message: m, Src: src, Dst: dst, Boot: bootPort})
		if d.Reply != nil && d.Reply.Type() == TypeOffer { // it takes what it was offered
			take := *m
			take.Options = append(Options{byteOption(OptionMessageType, TypeRequest)}, optAddr(OptionServerID, "192.168.122.1"), addrOption(OptionRequestedAddress, d.Reply.YIAddr))
			decide(Request{Message: &take, Src: src, Dst: dst})
		}
	})
}

// TestManyClients drives a server with clients that ask for all kinds of things
// at all kinds of times, and restarts it, and checks that every answer is sound
// and that no address gets a second holder.
func TestManyClients(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 7))
		cfg := fullConfig()
		cfg.Authoritative = seed%2 == 0
		cfg.Subnets[0].Ranges = []lease.Range{{First: addr("192.168.122.5"), Last: addr("192.168.122.12")}}
		path := t.TempDir() + "/leases"
		now := testStart
		start := func() *Server {
			store, err := lease.Open(path, cfg.Pools(), now)
			if err != nil {
				t.Fatal(err)
			}
			s, err := New(cfg, store)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		s := start()
		promised := make(book)
		for range 500 {
			if rng.IntN(50) == 0 {
				if err := s.leases.Close(); err != nil {
					t.Fatal(err)
				}
				s = start()
			}
			req := anyRequest(rng)
			promised.judge(t, req, s.Decide(req, now), now)
			if err := s.sync(now); err != nil {
				t.Fatal(err)
			}
			now = now.Add(time.Duration(rng.IntN(1200)) * time.Second)
		}
		s.leases.Close()
	}
}

// anyRequest is a message of one of a dozen clients for one of a dozen
// addresses, in any state.
func anyRequest(rng *rand.Rand) Request {
	a := netip.AddrFrom4([4]byte{192, 168, 122, byte(4 + rng.IntN(10))})
	m := ask(MessageType(rng.IntN(9)))
	m.CHAddr[5] = byte(rng.IntN(12))
	if rng.IntN(12) == 0 {
		m.CHAddr = mac(hostMAC)
	}
	if rng.IntN(2) == 0 {
		m.Options = append(m.Options, addrOption(OptionRequestedAddress, a))
	}
	if rng.IntN(2) == 0 {
		m.Options = append(m.Options, optAddr(OptionServerID, "192.168.122.1"))
	}
	req := Request{Message: m, Src: fromZero, Dst: toAll}
	if rng.IntN(3) == 0 {
		m.CIAddr = a
		req.Src, req.Dst = netip.AddrPortFrom(a, 68), toServer
	}
	return req
}
