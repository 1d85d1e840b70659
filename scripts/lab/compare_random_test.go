//go:build linux

package lab

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pxe/dhcp"
)

var chanceFiles = flag.Int("dhcpd-files", 12, "how many files TestDhcpdCompareRandom makes")
var chanceSeed = flag.Uint64("dhcpd-seed", 1, "the first of them")

// chanceFile writes a dhcpd.conf by chance: which of its statements counts for
// whom is the question, so each says something that no other says.
type chanceFile struct {
	*rand.Rand
	strings.Builder
	depth int
	said  int
}

// one takes one of several.
func (r *chanceFile) one(of ...string) string { return of[r.IntN(len(of))] }

func (r *chanceFile) line(format string, args ...any) {
	fmt.Fprintf(r, "%*s%s\n", 2*r.depth, "", fmt.Sprintf(format, args...))
}

// block writes a head with what body writes in it.
func (r *chanceFile) block(head string, body func()) {
	r.line("%s {", head)
	r.depth++
	body()
	r.depth--
	r.line("}")
}

// whole writes a file for the network of comparedFile "classic".
func (r *chanceFile) whole() {
	r.line("option arch code 93 = unsigned integer 16;")
	if r.IntN(2) == 0 {
		r.line("authoritative;")
	}
	r.statements(3)
	classes := r.IntN(4)
	for i := range classes {
		r.block(fmt.Sprintf("class \"c%d\"", i), func() {
			r.line("match if %s;", r.condition(2))
			r.statements(3)
		})
	}
	r.subclasses()
	subnet := func() {
		r.block("subnet 192.168.122.0 netmask 255.255.255.0", func() {
			r.statements(2)
			if r.IntN(3) == 0 {
				r.line("range 192.168.122.100 192.168.122.149;")
				return
			}
			r.pools(classes)
		})
	}
	if r.IntN(2) == 0 {
		subnet()
	} else {
		r.block("shared-network wire", func() { r.statements(2); subnet() })
	}
	r.block("group", func() {
		r.line("use-host-decl-names %s;", r.one("on", "off"))
		r.statements(2)
		r.host("a", "hardware ethernet 52:54:00:0c:02:01", 11)
		r.host("b", "hardware ethernet 52:54:00:0c:02:02", 12)
	})
	r.host("c", "hardware ethernet 52:54:00:0c:02:03", 13)
	r.line("host always { hardware ethernet %s; fixed-address 192.168.122.99; }", chanceNetwork().known)
	r.line("host d { hardware ethernet 52:54:00:0c:02:04; }")
	r.host("e", "option dhcp-client-identifier "+r.one(`"somebody"`, "01:52:54:00:0c:02:14"), 15)
}

// subclasses writes a class that tells its members apart by a value.
func (r *chanceFile) subclasses() {
	values := []string{"1:52:54:00:0c:02:01", "1:52:54:00:0c:02:11", "1:52:54:00:0c:02:12"}
	match := "hardware"
	if r.IntN(2) == 0 {
		match, values = "substring (option vendor-class-identifier, 0, 20)", []string{`"PXEClient:Arch:00000"`, `"PXEClient:Arch:00007"`}
	}
	r.block(`class "s"`, func() { r.line("match %s;", match); r.statements(1) })
	for _, v := range values {
		if r.IntN(2) == 0 {
			r.block(`subclass "s" `+v, func() { r.statements(2) })
		} else {
			r.line(`subclass "s" %s;`, v)
		}
	}
}

// pools writes two pools, of which every client may have addresses of one at most:
// else each server may choose.
func (r *chanceFile) pools(classes int) {
	who := []string{"known-clients", "unknown-clients", `members of "s"`}
	for i := range classes {
		who = append(who, fmt.Sprintf(`members of "c%d"`, i))
	}
	these := r.one(who...)
	r.block("pool", func() {
		r.line("range 192.168.122.100 192.168.122.149;")
		r.line("allow %s;", these)
		if r.IntN(2) == 0 {
			r.line("deny %s;", r.one(who...))
		}
		r.statements(2)
	})
	r.block("pool", func() {
		r.line("range 192.168.122.150 192.168.122.200;")
		r.line("deny %s;", these)
		if r.IntN(2) == 0 {
			r.line("%s %s;", r.one("allow", "deny"), r.one(who...))
		}
		r.statements(2)
	})
}

func (r *chanceFile) host(name, by string, addr int) {
	r.block("host "+name, func() {
		r.line("%s;", by)
		if r.IntN(4) > 0 {
			r.line("fixed-address 192.168.122.%d;", addr)
		}
		r.statements(2)
	})
}

// statements writes up to so many, some of them under conditions.
func (r *chanceFile) statements(most int) {
	for range r.IntN(most + 1) {
		if r.IntN(4) > 0 || r.depth > 3 {
			r.statement()
			continue
		}
		r.block("if "+r.condition(2), r.statement)
		for r.IntN(3) == 0 {
			r.block("elsif "+r.condition(1), r.statement)
		}
		if r.IntN(2) == 0 {
			r.block("else", r.statement)
		}
	}
}

func (r *chanceFile) statement() {
	r.said++
	n := r.said
	switch r.IntN(8) {
	case 0, 1:
		r.line(`filename "f%d";`, n)
	case 2:
		r.line("next-server 10.9.0.%d;", n)
	case 3:
		r.line(`option domain-name "d%d.example";`, n)
	case 4:
		r.line(`option root-path "r%d";`, n)
	case 5:
		r.line("default-lease-time %d;", 1000+n)
	case 6:
		r.line("%s-lease-time %d;", r.one("max", "min"), 500+1000*r.IntN(3)+n)
	case 7:
		r.line("option routers 192.168.122.%d;", 20+n)
	}
}

// condition is one that dhcpd understands, at most so deep. It takes no
// parentheses on the left of "and" and "or".
func (r *chanceFile) condition(deep int) string {
	if deep > 0 {
		switch r.IntN(6) {
		case 0:
			return "not (" + r.condition(deep-1) + ")"
		case 1:
			return r.condition(0) + " and (" + r.condition(deep-1) + ")"
		case 2:
			return "not (" + r.condition(deep-1) + ") or (" + r.condition(deep-1) + ")"
		}
	}
	return r.one(
		"option arch = 00:0"+r.one("0", "6", "7", "9"), "option arch != 00:0"+r.one("0", "7"),
		`option user-class = "iPXE"`, "exists user-class", "not exists user-class", "exists arch",
		`substring (option vendor-class-identifier, 0, 9) = "PXEClient"`, `option vendor-class-identifier != "PXEClient"`,
		`substring (option vendor-class-identifier, 10, 10) = "Arch:00007"`,
		`lcase (suffix (option vendor-class-identifier, 3)) = "001"`, `binary-to-ascii (16, 8, ":", substring (hardware, 5, 2)) = "2:1"`,
		"known", "not known", "substring (hardware, 1, 3) = 52:54:00", `option host-name = "desk"`)
}

// chanceNetwork is where files made by chance are served: that of the classic one.
func chanceNetwork() comparedFile {
	files := comparedFiles()
	return files[slices.IndexFunc(files, func(f comparedFile) bool { return f.name == "classic" })]
}

// chanceClients are those whose answers tell the statements apart.
func chanceClients() []simClient {
	const mac = "52:54:00:0c:02:"
	bios := firmware(wishesROM, 1260, 0, dhcp.ClassPXE, 1, 2, 1)
	all := []simClient{
		{name: "BIOS PXE", mac: mac + "11", options: bios},
		{name: "EFI PXE", mac: mac + "12", options: firmware(wishesEDK2, 1472, 7, dhcp.ClassPXE, 1, 3, 0)},
		{name: "EFI PXE 9", mac: mac + "13", options: firmware(wishesEDK2, 1472, 9, dhcp.ClassPXE, 1, 3, 0)},
		{name: "iPXE on BIOS", mac: mac + "14", options: ipxe(mac+"14", 0, 1, 2, 1)},
		{name: "iPXE on EFI", mac: mac + "15", options: ipxe(mac+"15", 7, 1, 3, 10)},
		{name: "system", mac: mac + "16", options: system()},
		{name: "system that wants a day", mac: mac + "18", options: system(dhcp.RawOption{Code: dhcp.OptionLeaseTime, Data: []byte{0, 1, 0x51, 0x80}})},
		{name: "system that wants 400 seconds", mac: mac + "19", options: system(dhcp.RawOption{Code: dhcp.OptionLeaseTime, Data: []byte{0, 0, 1, 0x90}})},
		{name: "without wishes", mac: mac + "17"},
	}
	for _, host := range []string{"01", "02", "03", "04"} {
		all = append(all,
			simClient{name: "host " + host, mac: mac + host, options: bios},
			simClient{name: "host " + host + ", system", mac: mac + host, options: system()})
	}
	return all
}

// TestDhcpdCompareRandom has dhcpd and pxe serve files that nobody would write,
// and compares what the machines are told by them.
func TestDhcpdCompareRandom(t *testing.T) {
	t.Parallel()
	Need(t, "dhcpd")
	NeedRoot(t)
	network := chanceNetwork()
	network.ranges = []string{"192.168.122.100-192.168.122.149", "192.168.122.150-192.168.122.200"}
	for seed := range uint64(*chanceFiles) {
		r := &chanceFile{Rand: rand.New(rand.NewPCG(*chanceSeed+seed, 0))}
		r.whole()
		dir := folder(t)
		file := writeFile(t, filepath.Join(dir, "dhcpd.conf"), r.String())
		t.Run(fmt.Sprint(*chanceSeed+seed), func(t *testing.T) {
			theirs := newBed(t, "dhcpd", network, func(t *testing.T, net *Net) { iscDhcpd(t, net, dir, "dhcpd.conf") })
			ours := newBed(t, "pxe", network, func(t *testing.T, net *Net) {
				serve(t, net, "serve-dhcp", "--config", file, "--interface", "eth0", "--force",
					"--no-arp-probe", "--client-rate", "0", "--lease-file", filepath.Join(dir, "ours"))
			})
			for _, c := range chanceClients() {
				for _, d := range differences(network, c, stepDiscover, theirs.ask(c, stepDiscover), ours.ask(c, stepDiscover)) {
					switch d.field {
					case "answer", "file", "option 3", "option 12", "option 15", "option 17", "option 51", "yiaddr":
						t.Errorf("%s: %s is %q by dhcpd and %q by pxe", d.client, d.field, d.theirs, d.ours)
					case "siaddr":
						if d.theirs != "0.0.0.0" || d.ours != "the server" {
							t.Errorf("%s: siaddr is %q by dhcpd and %q by pxe", d.client, d.theirs, d.ours)
						}
					}
				}
			}
			if t.Failed() {
				t.Logf("the file:\n%s", r.String())
			}
		})
	}
}
