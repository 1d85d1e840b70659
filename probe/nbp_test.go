package probe

import (
	"net/netip"
	"strings"
	"testing"

	"pxe/dhcp"
	"pxe/fault"
)

// TestBootSource: which name and which server each firmware reads out of a
// packet that has several.
func TestBootSource(t *testing.T) {
	var (
		other = netip.MustParseAddr("192.0.2.55")
		list  = dhcp.PXEServers(dhcp.BootServer{Type: 1, Addrs: []netip.Addr{other}})
		tags  = func(bits byte) func(*dhcp.Message) {
			return pxeClient(dhcp.PXEOptions{dhcp.PXEControl(bits), list})
		}
		noNext = func(m *dhcp.Message) { m.SIAddr = netip.Addr{} }
	)
	tests := map[string]struct {
		edit                 []func(*dhcp.Message)
		uefiName, biosName   string
		uefiServer, biosAddr string
	}{
		"header and 67":                   {[]func(*dhcp.Message){withFile("h"), withOption(67, []byte("o"))}, "o", "h", "192.0.2.1", "192.0.2.1"},
		"header alone":                    {[]func(*dhcp.Message){withFile("h")}, "h", "h", "192.0.2.1", "192.0.2.1"},
		"67 alone, with its NUL":          {[]func(*dhcp.Message){withOption(67, []byte("o\x00"))}, "o", "o", "192.0.2.1", "192.0.2.1"},
		"no siaddr":                       {[]func(*dhcp.Message){withFile("h"), noNext}, "h", "h", "192.0.2.1", "0.0.0.0"},
		"bit 3 and a list":                {[]func(*dhcp.Message){withFile("h"), tags(dhcp.ControlBootFile)}, "h", "h", "192.0.2.55", "192.0.2.55"},
		"a list without bit 3":            {[]func(*dhcp.Message){withFile("h"), tags(0)}, "h", "h", "192.0.2.1", "192.0.2.1"},
		"bit 3 in 43, and no option 60":   {[]func(*dhcp.Message){withFile("h"), tags(dhcp.ControlBootFile), withoutOption(60)}, "h", "h", "192.0.2.1", "192.0.2.1"},
		"the name in an overloaded field": {[]func(*dhcp.Message){withOption(67, []byte("o")), withOption(52, []byte{1})}, "o", "o", "192.0.2.1", "192.0.2.1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := answer(&dhcp.Message{}, dhcp.TypeAck, tt.edit...)
			src, err := dhcp.ParseReply(m.Append(nil))
			if err != nil {
				t.Fatal(err)
			}
			uefi, bios := &runner{p: profile(t, "efi-x64")}, &runner{p: profile(t, "bios")}
			if got := uefi.bootFile(src); got != tt.uefiName {
				t.Errorf("UEFI reads name %q, want %q", got, tt.uefiName)
			}
			if got := bios.bootFile(src); got != tt.biosName {
				t.Errorf("BIOS reads name %q, want %q", got, tt.biosName)
			}
			if got := uefi.fileServerOf(src).String(); got != tt.uefiServer {
				t.Errorf("UEFI asks %s, want %s", got, tt.uefiServer)
			}
			if got := bios.fileServerOf(src).String(); got != tt.biosAddr {
				t.Errorf("BIOS asks %s, want %s", got, tt.biosAddr)
			}
		})
	}
}

// TestNextServerMissing: a ROM that is not told a server stops; EDK2 goes on
// with the DHCP server.
func TestNextServerMissing(t *testing.T) {
	offer := append(biosOffer("pxelinux.0"), func(m *dhcp.Message) { m.SIAddr = netip.Addr{} })
	l := &lab{t: t, files: pxelinuxTree(), dhcp: serves(offer...)}
	checkChain(t, l.run(Config{Profile: profile(t, "bios")}), fault.NextServerMissing, StageNBP, "PXE-E7B", "")
	l = &lab{t: t, files: tree("pxelinux.0", efi(x64, true)), dhcp: serves(offer...)}
	checkChain(t, l.run(Config{Profile: profile(t, "efi-x64")}), "", "", "what it does next is its own", "")
}

// TestNameWarnings: names that some server or firmware will stumble over.
func TestNameWarnings(t *testing.T) {
	for name, id := range map[string]string{
		"http://192.0.2.1/x.efi": fault.BootFileIsURL,
		"x.efi\xff":              fault.NameTrailingFF,
	} {
		l := &lab{t: t, dhcp: serves(biosOffer(name)...)}
		rep := l.run(Config{Profile: profile(t, "efi-x64")})
		checkChain(t, rep, fault.BootFileMissing, StageNBP, "", id)
		if len(l.asked) == 0 || strings.Contains(name, "://") && !strings.HasPrefix(l.asked[0], "http:/") {
			t.Errorf("%q: asked for %q", name, l.asked)
		}
	}
}

// TestListedServersOnly: with bit 2 of 43.6 the answer of a server that is not
// in the list does not count.
func TestListedServersOnly(t *testing.T) {
	menu := func(listed string) dhcp.PXEOptions {
		return dhcp.PXEOptions{
			dhcp.PXEControl(dhcp.ControlNoMulticast | dhcp.ControlListedOnly), // asked by broadcast
			dhcp.PXEMenu(dhcp.MenuItem{Type: 1, Text: "x"}),
			dhcp.PXEServers(dhcp.BootServer{Type: 1, Addrs: []netip.Addr{netip.MustParseAddr(listed)}}),
		}
	}
	run := func(listed string) *Report {
		l := &lab{t: t}
		l.dhcp = func(m *dhcp.Message) []dhcp.Message {
			if isSet(m.CIAddr) && m.Type() == dhcp.TypeRequest {
				return bootAnswer(withFile("boot.0"))(m)
			}
			return serves(pxeClient(menu(listed)))(m)
		}
		return l.run(Config{Profile: profile(t, "efi-x64")})
	}
	checkChain(t, run("192.0.2.1"), fault.BootFileMissing, StageNBP, "boot.0", "")
	checkChain(t, run("192.0.2.2"), fault.BootServerNotFound, StageBootServer, "type 1", "")
}
