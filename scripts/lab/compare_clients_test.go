//go:build linux

package lab

import (
	"fmt"
	"net"
	"net/netip"

	"pxe/dhcp"
)

// simClient is a machine that asks two servers in the same words.
type simClient struct {
	name    string
	mac     string
	via     string       // its relay's address; "" is on the server's own wire
	agent   []byte       // option 82 of the relay; nil: it adds none
	flags   uint16       // of what it sends before it has an address
	options dhcp.Options // of every message
	steps   []string     // see simClient.message
	addr    string       // that it has from elsewhere, for INFORM
}

// The messages of a client, in the words of RFC 2131 4.3.
const (
	stepDiscover  = "DISCOVER"
	stepRequest   = "REQUEST"            // SELECTING
	stepAnother   = "REQUEST to another" // SELECTING, another server's offer
	stepRenew     = "RENEWING"           // what it was given
	stepRebind    = "REBINDING"
	stepReboot    = "INIT-REBOOT"           // with the address that it has
	stepElsewhere = "INIT-REBOOT elsewhere" // with an address of no network here
	stepStranger  = "INIT-REBOOT unknown"   // with an address of the network that nobody has
	stepRenewing  = "RENEWING unknown"      // the same, as if the server had lost its leases
	stepRebinding = "REBINDING unknown"
	stepRelease   = "RELEASE"
	stepDecline   = "DECLINE"
	stepInform    = "INFORM"
	stepBOOTP     = "BOOTP"
)

// needsAddress reports whether a step makes no sense before the client was given
// an address.
func needsAddress(step string) bool {
	switch step {
	case stepRequest, stepRenew, stepRebind, stepReboot, stepRelease, stepDecline:
		return true
	}
	return false
}

// elsewhereIP is an address of no network, anotherIP one of no server.
const (
	elsewhereIP = "198.51.100.7"
	anotherIP   = "203.0.113.9"
)

// state is what a client knows when it asks, which may differ between servers.
type state struct {
	addr   netip.Addr // given, or its own from elsewhere
	server netip.Addr
	spare  netip.Addr // of the network, nobody's, and each client's another
}

// message is what the client sends at a step; unicast says that it goes to the
// server alone, and from the client's address.
func (c simClient) message(step string, xid uint32, s state) (m *dhcp.Message, unicast bool) {
	mac, err := net.ParseMAC(c.mac)
	if err != nil {
		panic(err) // a slip in the table of clients
	}
	m = &dhcp.Message{Op: dhcp.OpRequest, HType: dhcp.HTypeEthernet, XID: xid, Secs: 4, Flags: c.flags, CHAddr: mac}
	typ := byte(dhcp.TypeRequest)
	var more dhcp.Options
	wants := func(a netip.Addr) dhcp.RawOption {
		return dhcp.RawOption{Code: dhcp.OptionRequestedAddress, Data: a.AsSlice()}
	}
	server := func(a netip.Addr) dhcp.RawOption { return dhcp.RawOption{Code: dhcp.OptionServerID, Data: a.AsSlice()} }
	switch step {
	case stepDiscover:
		typ = dhcp.TypeDiscover
	case stepRequest:
		more = dhcp.Options{wants(s.addr), server(s.server)}
	case stepAnother:
		more = dhcp.Options{wants(s.spare), server(netip.MustParseAddr(anotherIP))}
	case stepRenew:
		m.CIAddr, m.Flags, unicast = s.addr, 0, true
	case stepRenewing:
		m.CIAddr, m.Flags, unicast = s.spare, 0, true
	case stepRebind:
		m.CIAddr, m.Flags = s.addr, 0
	case stepRebinding:
		m.CIAddr, m.Flags = s.spare, 0
	case stepReboot:
		more = dhcp.Options{wants(s.addr)}
	case stepElsewhere:
		more = dhcp.Options{wants(netip.MustParseAddr(elsewhereIP))}
	case stepStranger:
		more = dhcp.Options{wants(s.spare)}
	case stepRelease:
		typ, m.CIAddr, m.Flags, unicast = dhcp.TypeRelease, s.addr, 0, true
		more = dhcp.Options{server(s.server)}
	case stepDecline:
		typ = dhcp.TypeDecline
		more = dhcp.Options{wants(s.addr), server(s.server)}
	case stepInform:
		typ, m.CIAddr, m.Flags = dhcp.TypeInform, s.addr, 0
	case stepBOOTP:
		m.Options = c.options
		return m, false
	default:
		panic("no such step: " + step)
	}
	m.Options = append(dhcp.Options{{Code: dhcp.OptionMessageType, Data: []byte{typ}}}, more...)
	if typ != dhcp.TypeRelease && typ != dhcp.TypeDecline {
		m.Options = append(m.Options, c.options...)
	}
	return m, unicast
}

// relayed makes the message that of the client's relay (RFC 1542 4.1.1, RFC 3046 2.1).
func (c simClient) relayed(m *dhcp.Message) {
	m.Hops++
	m.GIAddr = netip.MustParseAddr(c.via)
	if c.agent != nil {
		m.Options = append(m.Options, dhcp.RawOption{Code: dhcp.OptionRelayAgent, Data: c.agent})
	}
}

// The parameter lists of firmware and systems, as captured.
var (
	wishesROM = []byte{1, 2, 3, 4, 5, 6, 11, 12, 13, 15, 16, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51, 54, 58, 59, 60, 66, 67,
		128, 129, 130, 131, 132, 133, 134, 135}
	wishesEDK2 = []byte{1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51, 54, 58, 59, 60, 66, 67, 97,
		128, 129, 130, 131, 132, 133, 134, 135}
	wishesHTTP = []byte{1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51, 54, 58, 59, 60, 67, 97}
	wishesIPXE = []byte{1, 3, 6, 7, 12, 15, 17, 26, 43, 60, 66, 67, 119, 128, 129, 130, 131, 132, 133, 134, 135, 175, 203}
	wishesOS   = []byte{1, 28, 2, 3, 15, 6, 119, 12, 44, 47, 26, 121, 42} // Debian's dhclient
)

// firmware is the options of a boot client: its wishes, architecture, and class.
func firmware(wishes []byte, size uint16, arch byte, class string, undi ...byte) dhcp.Options {
	uuid := append([]byte{0}, "\x77\xaa\xbb\xcc\x11\x22\x43\x44\x80\x00\x52\x54\x00\x12\x34\x56"...)
	return dhcp.Options{
		{Code: dhcp.OptionMaxMessageSize, Data: []byte{byte(size >> 8), byte(size)}},
		{Code: dhcp.OptionParameterList, Data: wishes},
		{Code: dhcp.OptionClientUUID, Data: uuid},
		{Code: dhcp.OptionClientArch, Data: []byte{0, arch}},
		{Code: dhcp.OptionClientNDI, Data: undi},
		{Code: dhcp.OptionVendorClass, Data: fmt.Appendf(nil, "%s:Arch:%05d:UNDI:%03d%03d", class, arch, undi[1], undi[2])},
	}
}

// ipxe is what iPXE adds to the options of firmware.
func ipxe(mac string, arch byte, undi ...byte) dhcp.Options {
	hw, _ := net.ParseMAC(mac)
	return append(firmware(wishesIPXE, 1472, arch, dhcp.ClassPXE, undi...),
		dhcp.RawOption{Code: dhcp.OptionUserClass, Data: []byte("iPXE")},
		dhcp.RawOption{Code: dhcp.OptionIPXE, Data: []byte{177, 5, 1, 0x1a, 0xf4, 0x10, 0x00, 235, 3, 1, 0, 0, 19, 1, 1}},
		dhcp.RawOption{Code: dhcp.OptionClientID, Data: append([]byte{dhcp.HTypeEthernet}, hw...)})
}

// system is the options of an operating system's client.
func system(more ...dhcp.RawOption) dhcp.Options {
	return append(dhcp.Options{
		{Code: dhcp.OptionHostName, Data: []byte("desk")},
		{Code: dhcp.OptionParameterList, Data: wishesOS},
	}, more...)
}

// simClients are the machines that every file is served to. Those of hosts have a
// MAC of the file.
func simClients(f comparedFile) []simClient {
	boots := []string{stepDiscover, stepRequest}
	bios, efi := []byte{1, 2, 1}, []byte{1, 3, 0}
	all := []simClient{
		// First, while the addresses that they ask for are free.
		{name: "newcomer", mac: "52:54:00:0c:00:0a", options: system(), steps: []string{stepElsewhere, stepStranger}},
		{name: "client of another server", mac: "52:54:00:0c:00:11", options: system(), steps: []string{stepAnother}},
		{name: "renewer", mac: "52:54:00:0c:00:12", options: system(), steps: []string{stepRenewing}},
		{name: "rebinder", mac: "52:54:00:0c:00:13", options: system(), steps: []string{stepRebinding}},
		{name: "BIOS PXE", mac: "52:54:00:0c:00:01", flags: dhcp.FlagBroadcast, steps: boots,
			options: firmware(wishesROM, 1260, 0, dhcp.ClassPXE, bios...)},
		{name: "EFI PXE", mac: "52:54:00:0c:00:02", flags: dhcp.FlagBroadcast, steps: boots,
			options: firmware(wishesEDK2, 1472, 7, dhcp.ClassPXE, efi...)},
		{name: "EFI HTTP", mac: "52:54:00:0c:00:03", flags: dhcp.FlagBroadcast, steps: boots,
			options: firmware(wishesHTTP, 1472, 16, dhcp.ClassHTTP, efi...)},
		{name: "iPXE on BIOS", mac: "52:54:00:0c:00:04", steps: boots, options: ipxe("52:54:00:0c:00:04", 0, 1, 2, 1)},
		{name: "iPXE on EFI", mac: "52:54:00:0c:00:05", flags: dhcp.FlagBroadcast, steps: boots, options: ipxe("52:54:00:0c:00:05", 7, 1, 3, 10)},
		{name: "system", mac: "52:54:00:0c:00:06", options: system(),
			steps: []string{stepDiscover, stepRequest, stepRenew, stepRebind, stepReboot, stepInform, stepRelease, stepReboot}},
		{name: "system with option 61", mac: "52:54:00:0c:00:07", steps: boots,
			options: system(dhcp.RawOption{Code: dhcp.OptionClientID, Data: []byte("\xff\x12\x34\x56\x78\x00\x03\x00\x01desk07")})},
		{name: "system that wants a day", mac: "52:54:00:0c:00:08", steps: boots,
			options: system(dhcp.RawOption{Code: dhcp.OptionLeaseTime, Data: []byte{0, 1, 0x51, 0x80}})},
		{name: "system that wants a minute", mac: "52:54:00:0c:00:09", steps: boots,
			options: system(dhcp.RawOption{Code: dhcp.OptionLeaseTime, Data: []byte{0, 0, 0, 60}})},
		{name: "decliner", mac: "52:54:00:0c:00:0b", options: system(), steps: []string{stepDiscover, stepRequest, stepDecline, stepReboot}},
		// One machine from its ROM to its system, with one MAC and several names.
		{name: "boot: ROM", mac: "52:54:00:0c:00:10", flags: dhcp.FlagBroadcast, steps: boots, options: firmware(wishesROM, 1260, 0, dhcp.ClassPXE, bios...)},
		{name: "boot: iPXE", mac: "52:54:00:0c:00:10", steps: boots, options: ipxe("52:54:00:0c:00:10", 0, 1, 2, 1)},
		{name: "boot: system", mac: "52:54:00:0c:00:10", steps: boots,
			options: system(dhcp.RawOption{Code: dhcp.OptionClientID, Data: []byte("\xff\x12\x34\x56\x78\x00\x02\x00\x00\xab\x11desk10")})},
		{name: "without wishes", mac: "52:54:00:0c:00:0c", steps: boots},
		{name: "static", mac: "52:54:00:0c:00:0d", addr: f.static, options: system(), steps: []string{stepInform}},
		{name: "static PXE", mac: "52:54:00:0c:00:0e", addr: f.static, steps: []string{stepInform},
			options: firmware(wishesROM, 1260, 0, dhcp.ClassPXE, bios...)},
		{name: "BOOTP", mac: "52:54:00:0c:00:0f", steps: []string{stepBOOTP}},
	}
	for _, h := range f.hosts {
		name, mac := "host "+h.name, h.mac
		all = append(all,
			simClient{name: name, mac: mac, flags: dhcp.FlagBroadcast, options: firmware(wishesROM, 1260, 0, dhcp.ClassPXE, bios...), steps: boots},
			simClient{name: name + ", system", mac: mac, options: system(), steps: []string{stepDiscover, stepRequest, stepRenew, stepReboot, stepStranger, stepElsewhere}},
			simClient{name: name + ", BOOTP", mac: mac, steps: []string{stepBOOTP}})
	}
	if f.relay == "" {
		return all
	}
	const lastMAC = "52:54:00:0c:01:"
	link := netip.MustParseAddr(f.relay).As4()
	for i, r := range []struct {
		name  string
		via   string
		agent []byte
	}{
		{"relayed", f.relay, nil},
		{"relayed with 82", f.relay, []byte("\x01\x04port\x02\x06remote")},
		{"relayed with 82.5", "10.9.9.9", append([]byte{dhcp.RelayLinkSelection, 4}, link[:]...)},
		{"relayed from nowhere", "10.9.9.9", nil},
	} {
		mac := func(n int) string { return fmt.Sprintf("%s%02x", lastMAC, 16*i+n) }
		all = append(all,
			simClient{name: r.name + ", BIOS PXE", mac: mac(1), via: r.via, agent: r.agent, flags: dhcp.FlagBroadcast,
				steps: boots, options: firmware(wishesROM, 1260, 0, dhcp.ClassPXE, bios...)},
			simClient{name: r.name + ", EFI PXE", mac: mac(2), via: r.via, agent: r.agent, flags: dhcp.FlagBroadcast,
				steps: boots, options: firmware(wishesEDK2, 1472, 7, dhcp.ClassPXE, efi...)},
			simClient{name: r.name + ", system", mac: mac(3), via: r.via, agent: r.agent, options: system(),
				steps: []string{stepDiscover, stepRequest, stepRenew, stepRebind, stepReboot, stepElsewhere, stepInform, stepRelease}},
			simClient{name: r.name + ", BOOTP", mac: mac(4), via: r.via, agent: r.agent, steps: []string{stepBOOTP}})
	}
	return all
}
