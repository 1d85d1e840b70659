package dhcpdconf

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"pxe/boot"
	"pxe/dhcp"
)

// asked puts a message to a server with the configuration of a text, whose own
// address is 10.0.0.1.
func asked(t *testing.T, text string, m *dhcp.Message) dhcp.Decision {
	t.Helper()
	f, err := Read("a.conf", files{"a.conf": text}.open)
	if err != nil {
		t.Fatal(err)
	}
	r, err := f.Config()
	if err != nil {
		t.Fatal(err)
	}
	cfg, now := r.Config, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	cfg.Servers = []netip.Addr{netip.MustParseAddr("10.0.0.1")}
	return serverOf(t, cfg, now).Decide(dhcp.Request{Message: m, Src: netip.MustParseAddrPort("0.0.0.0:68"), Dst: netip.MustParseAddrPort("255.255.255.255:67")}, now)
}

// from is the DISCOVER of a machine with the MAC 02:00:00:00:00:0N.
func from(n byte, kind boot.Kind, arch boot.Arch, more ...dhcp.RawOption) *dhcp.Message {
	m := dhcp.Sample(boot.Machine{MAC: net.HardwareAddr{2, 0, 0, 0, 0, n}, Kind: kind, Arch: arch, HasArch: kind != boot.KindPlain}, dhcp.TypeDiscover)
	m.Options = append(m.Options, more...)
	return m
}

func option60(s string) dhcp.RawOption {
	return dhcp.RawOption{Code: dhcp.OptionVendorClass, Data: []byte(s)}
}

// TestConditions asks each condition about a BIOS, an x64 machine, iPXE on one,
// and an operating system with a host name behind a relay.
func TestConditions(t *testing.T) {
	clients := []*dhcp.Message{
		from(0x1b, boot.KindPXE, boot.ArchBIOS), from(2, boot.KindPXE, boot.ArchEFIX64), from(3, boot.KindIPXE, boot.ArchEFIX64),
		from(4, boot.KindPlain, 0, dhcp.RawOption{Code: dhcp.OptionHostName, Data: []byte("Node7")},
			dhcp.RawOption{Code: dhcp.OptionRelayAgent, Data: []byte("\x01\x02p7\x02\x01\xff")}),
	}
	for _, tt := range []struct{ text, holds string }{ // for those with a letter: b, x, i, p
		{"option pxe-system-type = 00:07", "xi"},
		{"option pxe-system-type != 0:7", "bp"},
		{"not (option pxe-system-type = 00:07)", "bp"},
		{"exists pxe-system-type", "bxi"},
		{"not exists pxe-system-type", "p"},
		{"option pxe-system-type = 00:07 or exists pxe-system-type", "bxi"},
		{"not exists pxe-system-type or option pxe-system-type = 00:07", "xip"},
		{"exists pxe-system-type and option pxe-system-type = 00:07", "xi"},
		{"option pxe-system-type = 0:0 or (option pxe-system-type = 0:7 and exists user-class)", "bi"},
		{"(option pxe-system-type = 0:0 or option pxe-system-type = 0:7) and exists user-class", "i"},
		{`"\000\007" = option pxe-system-type`, "xi"},
		{"option pxe-system-type = encode-int(7, 16)", "xi"},
		{"extract-int(option pxe-system-type, 16) = 7", "xi"},
		{"extract-int(substring(option pxe-system-type, 1, 1), 8) = 0x7", "xi"},
		{"option unknown-93 = 00:07", "xi"},
		{`substring (option vendor-class-identifier, 0, 20) = "PXEClient:Arch:00007"`, "xi"},
		{`SUBSTRING (option vendor-class-identifier, 15, 5) = "00000"`, "b"},
		{`substring (option vendor-class-identifier, 99, 5) = ""`, "bxi"},
		{`suffix (option vendor-class-identifier, 6) = "003016"`, "bxi"},
		{`suffix (suffix (option vendor-class-identifier, 6), 2) = "16"`, "bxi"},
		{`suffix (option pxe-system-type, 1) = "\007"`, "xi"},
		{`substring (substring (option pxe-system-type, 1, 9), 0, 1) = "\x07"`, "xi"},
		{`lcase (substring (option vendor-class-identifier, 0, 3)) = "pxe"`, "bxi"},
		{`ucase (option host-name) = "NODE7"`, "p"},
		{`option host-name = concat ("No", "de7")`, "p"},
		{`option host-name = substring ("xNode7", 1, 9)`, "p"},
		{`option host-name = suffix ("xNode7", 5)`, "p"},
		{`option host-name = "node7"`, ""},
		{"hardware = 1:2:0:0:0:0:3", "i"},
		{"hardware != 1:2:0:0:0:0:3", "bxp"},
		{"hardware = 6:2:0:0:0:0:3", ""},
		{"substring (hardware, 1, 3) = 02:00:00", "bxip"},
		{"substring (hardware, 0, 2) = 1:2", "bxip"},
		{"suffix (hardware, 1) = 03", "i"},
		{`binary-to-ascii (16, 8, ":", substring (hardware, 1, 6)) = "2:0:0:0:0:1b"`, "b"},
		{`ucase (binary-to-ascii (16, 8, "-", substring (hardware, 1, 6))) = "2-0-0-0-0-1B"`, "b"},
		{`binary-to-ascii (10, 16, ".", option pxe-system-type) = "7"`, "xi"},
		{`option agent.circuit-id = "p7"`, "p"},
		{"exists agent.remote-id and substring (option agent.remote-id, 0, 1) = ff", "p"},
		{"exists agent.link-selection", ""},
		{"option dhcp-message-type = 1", "bxip"},
		{"known", "x"},
		{"not known", "bip"},
		{"true", "bxip"},
		{"true and not known", "bip"},
		{`exists user-class and option user-class = "iPXE"`, "i"},
		{"exists x.http", "i"},
		// What is null in dhcpd 4.4.3, measured: for "and" whatever has no true left
		// side, for "or" two that are null. Neither it nor its contrary holds.
		{"not (exists pxe-system-type and exists user-class)", "bx"},
		{"not (exists user-class and exists pxe-system-type)", ""},
		{"not (exists pxe-system-type and true and exists user-class)", "bx"},
		{"not (not (exists user-class and exists pxe-system-type))", "i"},
		{"not (exists user-class or known)", "bp"},
		{"not ((exists user-class and true) or (known and true))", ""},
		{"not ((exists user-class and true) or (known and false))", "x"},
		{"not ((exists user-class and true) or known)", "bp"},
		{`not (option user-class = "iPXE" and option pxe-system-type = 00:00)`, "i"},
		{`not (option user-class = "iPXE" or option pxe-system-type = 00:00)`, "xp"},
	} {
		text := `option space x; option x.http code 19 = string; option opts code 175 = encapsulate x; host h { hardware ethernet 2:0:0:0:0:2; }
			if ` + tt.text + ` { filename "holds"; } else { filename "not"; } ` + in("")
		got := ""
		for i, m := range clients {
			switch d := asked(t, text, m); {
			case d.Reply == nil:
				t.Fatalf("no reply: %+v", d.Events)
			case d.Reply.File == "holds":
				got += "bxip"[i : i+1]
			case d.Reply.File != "not":
				t.Errorf("%s: file %q", tt.text, d.Reply.File)
			}
		}
		if got != tt.holds {
			t.Errorf("%s: holds for %q, want %q", tt.text, got, tt.holds)
		}
	}
}

// TestScopes looks who has the last word: the file, the group around a subnet,
// the subnet, its pool, the first class, the host's group, the host.
func TestScopes(t *testing.T) {
	const text = `
filename "file";
class "first" { match if substring(option vendor-class-identifier, 0, 9) = "PXEClient"; %s }
class "second" { match if suffix(option vendor-class-identifier, 3) != "x"; %s }
group {
  filename "around";
  subnet 10.0.0.0 netmask 255.255.255.0 { pool { range 10.0.0.9; %s } %s }
}
group {
  %s
  host a { hardware ethernet 2:0:0:0:0:1; %s }
}`
	for _, tt := range []struct {
		set        [6]string // first, second, pool, subnet, group, host
		file, host string
	}{
		{[6]string{}, "around", "around"},
		{[6]string{3: "subnet"}, "subnet", "subnet"},
		{[6]string{2: "pool", 3: "subnet"}, "pool", "pool"},
		{[6]string{"first", "second", "pool", "subnet"}, "first", "first"},
		{[6]string{1: "second", 3: "subnet"}, "second", "second"},
		{[6]string{0: "first", 4: "group"}, "first", "group"},
		{[6]string{0: "first", 4: "group", 5: "host"}, "first", "host"},
		{[6]string{3: "subnet", 4: "subnet"}, "subnet", "subnet"},
	} {
		var set [6]any
		for i, name := range tt.set {
			set[i] = ""
			if name != "" {
				set[i] = fmt.Sprintf("filename %q;", name)
			}
		}
		for n, want := range map[byte]string{2: tt.file, 1: tt.host} {
			d := asked(t, fmt.Sprintf(text, set[:]...), from(n, boot.KindPXE, boot.ArchBIOS))
			if d.Reply == nil || d.Reply.File != want {
				t.Errorf("%v, machine %d: %+v, want %s", tt.set, n, d.Reply, want)
			}
		}
	}
}

// TestTold asks what a machine is told, by the text of a configuration.
func TestTold(t *testing.T) {
	const (
		byMAC   = `class "macs" { match hardware; filename "class"; } subclass "macs" 1:2:0:0:0:0:1; subclass "macs" 1:2:0:0:0:0:2 { filename "sub"; } `
		byClass = `class "vendors" { match substring (option vendor-class-identifier, 0, 9); match if exists pxe-system-type; } subclass "vendors" "PXEClient" { filename "sub"; } `
		pools   = `class "pxe" { match if exists pxe-system-type; } host h { hardware ethernet 2:0:0:0:0:2; }
			subnet 10.0.0.0 netmask 255.255.255.0 { option root-path "subnet"; pool { %s range 10.0.0.20; option root-path "pool"; filename "pool"; } pool { %s range 10.0.0.30; } }`
		group = `group { filename "group"; option root-path "group"; if option pxe-system-type = 00:07 { filename "x64"; } host a { hardware ethernet 2:0:0:0:0:1; } host b { hardware ethernet 2:0:0:0:0:2; filename ""; } }`
	)
	bios := func(n byte) *dhcp.Message { return from(n, boot.KindPXE, boot.ArchBIOS) }
	x64 := func(n byte) *dhcp.Message { return from(n, boot.KindPXE, boot.ArchEFIX64) }
	plain := func(n byte) *dhcp.Message { return from(n, boot.KindPlain, 0) }
	plainWith := func(opts ...dhcp.RawOption) *dhcp.Message {
		m := from(9, boot.KindPlain, 0)
		m.Options = append(dhcp.Options{m.Options[0]}, opts...) // without wishes: everything is sent
		return m
	}
	wishing := func(m *dhcp.Message, code uint8) *dhcp.Message {
		for i, o := range m.Options {
			if o.Code == dhcp.OptionParameterList {
				m.Options[i].Data = append([]byte{code}, o.Data...)
			}
		}
		return m
	}
	decline := bios(1)
	decline.Options[0].Data = []byte{dhcp.TypeDecline}
	bootp := bios(1)
	bootp.Options = bootp.Options[1:]
	for _, tt := range []struct {
		name, text string
		m          *dhcp.Message
		want       string // "" for no answer
	}{
		{"a subclass without a block", byMAC + in(""), bios(1), "file class"},
		{"a subclass with one", byMAC + in(""), bios(2), "file sub"},
		{"no subclass", byMAC + in(`filename "subnet";`), bios(3), "file subnet"},
		{"a subclass by class and condition", byClass + in(""), bios(1), "file sub"},
		{"a subclass of another kind", byClass + in(`filename "subnet";`), plain(1), "file subnet"},
		{"a class in two parts", `class "a" { filename "a"; } class "a" { match if exists pxe-system-type; }` + in(""), bios(1), "file a"},
		{"a class in a group", `group { filename "g"; class "a" { match if exists pxe-system-type; } }` + in(`filename "s";`), bios(1), "file g"},
		{"a class in a subnet", `set vendorclass = option vendor-class-identifier;` + in(`filename "s"; next-server 10.0.0.3; class "pxeclients" { match if substring (option vendor-class-identifier, 0, 9) = "PXEClient";
			if option pxe-system-type = 00:07 { filename "grub.efi"; } else { filename "pxelinux.0"; } }`), x64(1), "file grub.efi next 10.0.0.3"},
		{"a class in another subnet", in(`filename "s";`) + `subnet 10.0.1.0 netmask 255.255.255.0 { filename "far"; class "a" { match if exists pxe-system-type; } }`, bios(1), "file far"},
		{"nobody is known to a class", `class "a" { match if known; filename "a"; } class "b" { match if not known; filename "b"; } host h { hardware ethernet 2:0:0:0:0:1; }` + in(""), bios(1), "file b"},

		{"members of a class", fmt.Sprintf(pools, `allow members of "pxe";`, `deny members of "pxe";`), bios(1), "10.0.0.20 file pool"},
		{"and not", fmt.Sprintf(pools, `allow members of "pxe";`, `deny members of "pxe";`), plain(1), "10.0.0.30 file "},
		{"known clients", fmt.Sprintf(pools, "allow known-clients;", "allow unknown clients;"), bios(2), "10.0.0.20 file pool"},
		{"unknown clients", fmt.Sprintf(pools, "deny unknown-clients;", "deny known clients;"), bios(1), "10.0.0.30 file "},
		{"nobody", fmt.Sprintf(pools, "deny all clients;", "allow known-clients; allow all clients; deny known-clients;"), bios(2), ""},
		{"everybody", fmt.Sprintf(pools, "deny all clients;", "allow known-clients; allow all clients;"), bios(1), "10.0.0.30 file "},
		{"BOOTP", fmt.Sprintf(pools, "deny dynamic bootp clients;", "allow dynamic bootp clients;"), bootp, "10.0.0.30 file "},
		{"no BOOTP", fmt.Sprintf(pools, "allow known-clients;", "deny dynamic bootp clients;"), bootp, ""},
		{"an option of a pool", fmt.Sprintf(pools, "", "deny all clients;"), wishing(plain(1), 17), "10.0.0.20 file pool 17=pool"},
		{"an option that a pool has not", fmt.Sprintf(pools, "deny all clients;", ""), wishing(plain(1), 17), "10.0.0.30 file  17=subnet"},
		{"a fixed address is in no pool", `host g { hardware ethernet 2:0:0:0:0:1; fixed-address 10.0.0.77; }` + fmt.Sprintf(pools, "", ""), wishing(plain(1), 17), "10.0.0.77 file  17=subnet"},
		{"a pool of a shared network", `shared-network n { subnet 10.0.0.0 netmask 255.255.255.0 { } subnet 10.0.1.0 netmask 255.255.255.0 { } pool { range 10.0.1.9; deny known-clients; } }`, bios(1), "10.0.1.9 file "},
		{"a range for BOOTP", `subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.9; range dynamic-bootp 10.0.0.11; }`, bootp, "10.0.0.11 file "},

		{"no unknown clients", "deny unknown-clients;" + in(""), bios(1), ""},
		{"unless they are known", "deny unknown-clients; host h { hardware ethernet 2:0:0:0:0:1; }" + in(""), bios(1), "10.0.0.9 file "},
		{"or allowed in a subnet", "deny unknown-clients;" + in("allow unknown-clients;"), bios(1), "10.0.0.9 file "},
		{"or by a condition", "deny unknown-clients;" + in("if option pxe-system-type = 00:07 { boot-unknown-clients on; }"), x64(1), "10.0.0.9 file "},
		{"which does not hold", "deny unknown-clients;" + in("if option pxe-system-type = 00:07 { boot-unknown-clients on; }"), bios(1), ""},
		{"a host that is not to boot", "host h { hardware ethernet 2:0:0:0:0:1; fixed-address 10.0.0.5; deny booting; }" + in(""), bios(1), ""},
		{"another host", "host h { hardware ethernet 2:0:0:0:0:1; fixed-address 10.0.0.5; deny booting; }" + in(""), bios(2), "10.0.0.9 file "},
		{"a host that is allowed to", "ignore booting; host h { hardware ethernet 2:0:0:0:0:1; allow booting; }" + in(""), bios(1), "10.0.0.9 file "},
		{"a class that is not", `class "x" { match if exists pxe-system-type; ignore booting; }` + in(""), bios(1), ""},
		{"BOOTP denied", "host h { hardware ethernet 2:0:0:0:0:1; fixed-address 10.0.0.5; } deny bootp;" + in(""), bootp, ""},
		{"BOOTP allowed", "host h { hardware ethernet 2:0:0:0:0:1; fixed-address 10.0.0.5; } allow bootp;" + in(""), bootp, "10.0.0.5 file "},
		{"DHCP when BOOTP is denied", "deny bootp;" + in(""), bios(1), "10.0.0.9 file "},
		{"declines", "deny declines;" + in(""), decline, ""},
		{"DISCOVER when declines are denied", "deny declines;" + in(""), bios(1), "10.0.0.9 file "},

		{"a host by its identifier", `host h { option dhcp-client-identifier "me"; fixed-address 10.0.0.5; filename "h"; }` + in(""), plainWith(dhcp.RawOption{Code: 61, Data: []byte("me")}), "10.0.0.5 file h"},
		{"a host by uid", `host h { uid 0:1; fixed-address 10.0.0.5; if known { filename "h"; } }` + in(""), plainWith(dhcp.RawOption{Code: 61, Data: []byte{0, 1}}), "10.0.0.5 file h"},
		{"a host in a subnet", in(`filename "subnet"; host h { hardware ethernet 2:0:0:0:0:1; filename "h"; next-server 10.0.0.3; }`), bios(1), "file h next 10.0.0.3"},
		{"the option of one host", `host h { hardware ethernet 2:0:0:0:0:1; option routers 10.0.0.8, 10.0.0.9; max-lease-time 100; }` + in("option routers 10.0.0.2;"), plain(1), "3=\n\x00\x00\x08\n\x00\x00\x09"},
		{"a group", group + in(`filename "subnet";`), wishing(bios(1), 17), "file group 17=group"},
		{"the condition of a group", group + in(`filename "subnet";`), x64(1), "file x64"},
		{"no file at all", group + in(`filename "subnet";`), bios(2), "file "},
		{"no file, not by a condition", group + in(`filename "subnet";`), x64(2), "file "},
		{"another machine", group + in(`filename "subnet";`), bios(3), "file subnet"},

		{"an option by a condition", in(`option host-name "all"; if exists pxe-system-type { option host-name "pxe"; }`), bios(1), "12=pxe"},
		{"several routers", in("option routers 10.0.0.2, 10.0.0.3;"), bios(1), "3=\n\x00\x00\x02\n\x00\x00\x03"},
		{"a lease by a condition", in("max-lease-time 90000; if exists pxe-system-type { default-lease-time 600; }"), bios(1), "51=\x00\x00\x02X"},
		{"several domains in one", in(`option domain-name "a\x20b";`), wishing(bios(1), 15), "15=a\x20b"},
		{"another broadcast address", in("option broadcast-address 10.0.0.0;"), bios(1), "28=\n\x00\x00\x00"},
		{"broadcast", in("always-broadcast on;"), bios(1), "broadcast"},

		{"vendor options", `option space u; option u.at code 1 = ip-address; class "u" { match if option vendor-class-identifier = "u"; vendor-option-space u; }` +
			in("option u.at 10.0.0.4;"), plainWith(option60("u")), "43=\x01\x04\n\x00\x00\x04"},
		{"of another vendor", `option space u; option u.at code 1 = ip-address; class "u" { match if option vendor-class-identifier = "u"; vendor-option-space u; }` +
			in("option u.at 10.0.0.4;"), plainWith(option60("v")), "43="},
		{"a menu", `option space PXE; option PXE.control code 6 = integer 8; option PXE.prompt code 10 = { integer 8, text };` +
			in(`vendor-option-space PXE; option PXE.control 3; if exists user-class { } else { option PXE.prompt 0 "Boot"; }`), bios(1), "43=\x06\x01\x03\n\x05\x00Boot"},
		{"MTFTP alone", `option space PXE; option PXE.mtftp-ip code 1 = ip-address;` + in(`filename "p.0"; vendor-option-space PXE; option PXE.mtftp-ip 0.0.0.0;`), bios(1), "file p.0 43=\x06\x01\x08\xff"},
		{"bytes of a vendor", in("option vendor-encapsulated-options 1:2:3;"), plainWith(), "43=\x01\x02\x03"},
		{"suboptions", `option space x; option o code 224 = encapsulate x; option x.a code 1 = text; option x.b code 2 = integer 8; option x.a "file";` +
			in(`option x.b 1; if exists pxe-system-type { option x.b 2; }`), wishing(bios(1), 224), "224=\x01\x04file\x02\x01\x02"},
		{"suboptions of a class and a subnet", `option space x; option o code 224 = encapsulate x; option x.a code 1 = text; option x.b code 2 = text;
			class "c" { match if exists pxe-system-type; option x.a "c"; } ` + in(`option x.b "s";`), wishing(bios(1), 224), "224=\x01\x01c\x02\x01s"},
		{"explicit vendor options", `option space u; option u.a code 1 = text; class "c" { match if exists pxe-system-type; option vendor-encapsulated-options 9:9; } vendor-option-space u; option u.a "x";` +
			in(""), bios(1), "43=\t\t"},
		{"the name of a declaration", `use-host-decl-names on; group { option host-name "g"; host a { hardware ethernet 2:0:0:0:0:1; } } host b { hardware ethernet 2:0:0:0:0:2; }` +
			in(""), bios(2), "12=b"},
		{"and another name", `use-host-decl-names on; group { option host-name "g"; host a { hardware ethernet 2:0:0:0:0:1; } }` + in(""), bios(1), "12=g"},
		{"the first class", `class "m" { match hardware; } subclass "m" 1:2:0:0:0:0:1 { filename "m"; } class "a" { match if exists pxe-system-type; filename "a"; }` + in(""), bios(1), "file m"},
		{"a branch without a file", in(`if option pxe-system-type = 00:00 { next-server 10.0.0.3; } else { filename "c"; }`), bios(1), "file  next 10.0.0.3"},
		{"a constant expression", in(`option root-path = concat("a", 62:63);`), wishing(bios(1), 17), "17=abc"},
		{"by option 67 and 66", in(`option bootfile-name "p.0"; option tftp-server-name "10.0.0.3";`), bios(1), "file p.0 next 10.0.0.3"},
	} {
		d := asked(t, tt.text, tt.m)
		if got := told(d, tt.want); got != tt.want {
			t.Errorf("%s: got %q, want %q; %+v", tt.name, got, tt.want, d.Events)
		}
	}
}

// told is what a reply says of what is wanted to be in it: "10.0.0.9 file x next
// 10.0.0.3 17=text broadcast".
func told(d dhcp.Decision, want string) string {
	if d.Reply == nil {
		return ""
	}
	r := d.Reply
	var parts []string
	for i, word := range strings.Split(want, " ") {
		code, _, value := strings.Cut(word, "=")
		n, _ := strconv.Atoi(code)
		switch {
		case value:
			text := string(r.Options.Get(uint8(n)))
			parts = append(parts, code+"="+text)
		case i == 0 && strings.HasPrefix(word, "10."):
			parts = append(parts, r.YIAddr.String())
		case word == "file":
			parts = append(parts, "file "+r.File)
		case word == "next":
			parts = append(parts, "next "+r.SIAddr.String())
		case word == "broadcast" && r.Broadcast():
			parts = append(parts, word)
		case want == "":
			parts = append(parts, "an answer")
		}
	}
	return strings.Join(parts, " ")
}
