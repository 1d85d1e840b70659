//go:build linux

package lab

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
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
	for i := range r.IntN(4) {
		r.block(fmt.Sprintf("class \"c%d\"", i), func() {
			r.line("match if %s;", r.condition(2))
			r.statements(3)
		})
	}
	subnet := func() {
		r.block("subnet 192.168.122.0 netmask 255.255.255.0", func() {
			r.statements(2)
			if r.IntN(2) == 0 {
				r.line("range 192.168.122.100 192.168.122.200;")
				return
			}
			r.block("pool", func() {
				r.line("range 192.168.122.100 192.168.122.200;")
				r.statements(2)
			})
		})
	}
	if r.IntN(2) == 0 {
		subnet()
	} else {
		r.block("shared-network wire", func() { r.statements(2); subnet() })
	}
	r.block("group", func() {
		r.statements(2)
		r.host("a", "01", 11)
		r.host("b", "02", 12)
	})
	r.host("c", "03", 13)
	r.line("host d { hardware ethernet 52:54:00:0c:02:04; }")
}

func (r *chanceFile) host(name, mac string, addr int) {
	r.block("host "+name, func() {
		r.line("hardware ethernet 52:54:00:0c:02:%s;", mac)
		r.line("fixed-address 192.168.122.%d;", addr)
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
	switch r.IntN(6) {
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
		"known", "not known", "substring (hardware, 1, 3) = 52:54:00", `option host-name = "desk"`)
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
	network := comparedFiles()[5]
	network.known = "52:54:00:0c:ff:ff"
	refused := 0
	for seed := range uint64(*chanceFiles) {
		r := &chanceFile{Rand: rand.New(rand.NewPCG(*chanceSeed+seed, 0))}
		r.whole()
		dir := folder(t)
		file := writeFile(t, filepath.Join(dir, "dhcpd.conf"), r.String())
		if check := (Command{Args: []string{pxe(), "serve-dhcp", "--config", file, "--check"}}).Run(t); check.Code != 0 {
			refused++
			t.Logf("seed %d: pxe refuses it:\n%s", *chanceSeed+seed, check.Stderr)
			continue
		}
		t.Run(fmt.Sprint(*chanceSeed+seed), func(t *testing.T) {
			theirs := newBed(t, "dhcpd", network, func(t *testing.T, net *Net) { iscDhcpd(t, net, dir, "dhcpd.conf") })
			ours := newBed(t, "pxe", network, func(t *testing.T, net *Net) {
				serve(t, net, "serve-dhcp", "--config", file, "--interface", "eth0", "--force",
					"--no-arp-probe", "--client-rate", "0", "--lease-file", filepath.Join(dir, "ours"))
			})
			for _, c := range chanceClients() {
				for _, d := range differences(network, c, stepDiscover, theirs.ask(c, stepDiscover), ours.ask(c, stepDiscover)) {
					switch d.field {
					case "answer", "file", "option 15", "option 17", "option 51", "yiaddr":
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
	t.Logf("pxe refuses %d of %d files", refused, *chanceFiles)
}
