package dhcp

import (
	"net/netip"
	"testing"
	"time"

	"pxe/boot"
	"pxe/dhcp/lease"
)

// What the tests of the server have in common: the network of the classic
// dhcpd.conf, and clients as they were seen to ask.

var (
	testStart = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	fromZero  = netip.MustParseAddrPort("0.0.0.0:68")
	toAll     = netip.MustParseAddrPort("255.255.255.255:67")
	toServer  = netip.MustParseAddrPort("192.168.122.1:67")
)

const (
	clientMAC = "52:54:00:12:34:56"
	hostMAC   = "52:54:00:00:00:07" // a configured host, 192.168.122.7
)

// classic is the configuration that every PXE how-to shows.
func classic() Config {
	return Config{
		Servers: []netip.Addr{addr("192.168.122.1")},
		Subnets: []Subnet{{
			Prefix:       netip.MustParsePrefix("192.168.122.0/24"),
			Ranges:       []lease.Range{{First: addr("192.168.122.100"), Last: addr("192.168.122.200")}},
			Router:       addr("192.168.122.1"),
			DNS:          []netip.Addr{addr("8.8.8.8")},
			Domain:       "benet.com",
			LeaseTime:    21600 * time.Second,
			MaxLeaseTime: 43200 * time.Second,
		}},
		Boot: Boot{NextServer: addr("192.168.122.1"), File: "pxelinux.0"},
	}
}

// full has a host, a second subnet behind a relay, and files for everybody.
func fullConfig() Config {
	cfg := classic()
	cfg.Hosts = []Host{{MAC: mac(hostMAC), Addrs: []netip.Addr{addr("192.168.122.7")}, Name: "seven"}}
	cfg.Subnets = append(cfg.Subnets, Subnet{
		Prefix: netip.MustParsePrefix("10.1.0.0/16"),
		Ranges: []lease.Range{{First: addr("10.1.1.0"), Last: addr("10.1.1.255")}},
		Router: addr("10.1.0.1"),
	})
	cfg.Boot.FileFor = map[boot.Arch]string{
		boot.ArchEFIX64:  "bootx64.efi",
		boot.ArchHTTPX64: "http://192.168.122.1/bootx64.efi",
	}
	return cfg
}

func newServer(t testing.TB, cfg Config) *Server {
	t.Helper()
	store, err := lease.Open("", cfg.Pools(), testStart)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(cfg, store)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ask is a client's message with the given options behind its type.
func ask(t MessageType, opts ...RawOption) *Message {
	m := &Message{Op: OpRequest, HType: HTypeEthernet, XID: 0x11223344, CHAddr: mac(clientMAC)}
	if t != TypeBOOTP {
		m.Options = Options{byteOption(OptionMessageType, byte(t))}
	}
	m.Options = append(m.Options, opts...)
	return m
}

func with(m *Message, change func(m *Message)) *Message {
	change(m)
	return m
}

func optAddr(code uint8, a string) RawOption { return addrOption(code, addr(a)) }

// biosOptions are those of a BIOS ROM in its order (a capture of raspberrypi/
// firmware issue 764 and RFC 4578), efiOptions those of EDK2.
func biosOptions() []RawOption {
	return []RawOption{
		{OptionParameterList, []byte{1, 3, 43, 60, 66, 67, 128, 129, 130, 131, 132, 133, 134, 135}},
		{OptionMaxMessageSize, []byte{0x04, 0xec}},
		{OptionClientArch, []byte{0, 0}},
		{OptionClientNDI, []byte{1, 2, 1}},
		{OptionClientUUID, testUUID()},
		textOption(OptionVendorClass, "PXEClient:Arch:00000:UNDI:002001"),
	}
}

func efiOptions(arch boot.Arch) []RawOption {
	return []RawOption{
		{OptionMaxMessageSize, []byte{0x05, 0xc0}},
		{OptionParameterList, []byte{1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51, 54, 58, 59, 60, 66, 67, 97, 128, 129, 130, 131, 132, 133, 134, 135}},
		{OptionClientUUID, testUUID()},
		{OptionClientNDI, []byte{1, 3, 0}},
		{OptionClientArch, []byte{byte(arch >> 8), byte(arch)}},
		textOption(OptionVendorClass, "PXEClient:Arch:00007:UNDI:003000"),
	}
}

func httpOptions() []RawOption {
	return []RawOption{
		{OptionParameterList, []byte{1, 3, 6, 15, 43, 60, 67}},
		{OptionClientArch, []byte{0, 16}},
		textOption(OptionVendorClass, "HTTPClient:Arch:00016:UNDI:003000"),
	}
}

func testUUID() []byte {
	uuid := make([]byte, 17)
	copy(uuid[1:], "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10")
	return uuid
}

// outcomeOf is the last event of a decision.
func outcomeOf(d Decision) Event { return d.Events[len(d.Events)-1] }

// offered brings a client to an OFFER.
func offered(t testing.TB, s *Server, m *Message) Decision {
	t.Helper()
	d := s.Decide(Request{Message: m, Src: fromZero, Dst: toAll}, testStart)
	if d.Reply == nil || d.Reply.Type() != TypeOffer {
		t.Fatalf("no offer: %+v", outcomeOf(d))
	}
	return d
}

// bound brings a client to an ACK and returns its address.
func bound(t testing.TB, s *Server, m *Message) netip.Addr {
	t.Helper()
	a := offered(t, s, m).Reply.YIAddr
	req := with(ask(TypeRequest, addrOption(OptionServerID, addr("192.168.122.1")), addrOption(OptionRequestedAddress, a)), func(r *Message) {
		r.CHAddr, r.GIAddr = m.CHAddr, m.GIAddr
	})
	d := s.Decide(Request{Message: req, Src: fromZero, Dst: toAll}, testStart)
	if d.Reply == nil || d.Reply.Type() != TypeAck || !d.Durable {
		t.Fatalf("no ack: %+v", outcomeOf(d))
	}
	return a
}
