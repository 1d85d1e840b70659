//go:build linux

package lab

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/dhcpd-differences.md anew")

// judgement says what a difference is.
type judgement string

const (
	byStandard  judgement = "pxe keeps to the standard"
	forFirmware judgement = "pxe tells firmware more"
	bothRight   judgement = "Both are right"
	byDesign    judgement = "pxe has another idea"
)

// judgements are all of them, in the order of the document.
func judgements() []judgement {
	return []judgement{byStandard, forFirmware, bothRight, byDesign}
}

// known is a difference that is explained. Each of several fields, files, clients
// and steps in a list, separated by "; ", has to be seen; an empty list is any. A
// value in parentheses describes what is not compared.
type known struct {
	judgement             judgement
	field, theirs, ours   string
	files, clients, steps string
	why, source           string
}

// knownDifferences is all in which pxe may differ from dhcpd 4.4.3.
func knownDifferences() []known {
	const (
		efi    = "EFI PXE; EFI HTTP; iPXE on EFI"
		others = "arch; ipxe; relayed; classic" // with a range, and not authoritative
		plain  = "system; system with option 61; system that wants a day; system that wants a minute; decliner; renewer; boot: system; without wishes"
	)
	return []known{
		{byStandard, "secs", "4", "0", "", "", "", "It is the client's; dhcpd leaves it as it came.", "RFC 2131 table 3"},
		{byStandard, "hops", "1", "0", "", "", "", "It counts the relays of a question; dhcpd leaves it as it came.", "RFC 2131 table 3"},
		{byStandard, "option 61", none, "as sent", "", "", "", "dhcpd does so with `echo-client-id on`.", "RFC 6842 3; dhcpd.conf(5)"},
		{byStandard, "answer", "ACK", silent, "plain; racks; " + others, "client of another server", stepAnother,
			"A client that takes another server's offer declines ours. dhcpd looks at option 54 only with `server-id-check on`.", "RFC 2131 3.1; dhcpd.conf(5)"},
		{byStandard, "answer", "ACK", silent, others, "newcomer", stepStranger,
			"\"If the DHCP server has no record of this client, then it MUST remain silent\": another server gave the address. With `authoritative` both answer.", "RFC 2131 4.3.2"},
		{byStandard, "answer", "ACK", silent, others, "rebinder", stepRebinding,
			"As above: the client asks every server, and ours did not give the address. With `authoritative` both answer.", "RFC 2131 4.3.2"},
		{byStandard, "answer", silent, "ACK", "", "system; static; static PXE; relayed, system; relayed with 82, system; relayed with 82.5, system", stepInform,
			"dhcpd tells parameters only where it is `authoritative`.", "RFC 2131 4.3.5"},

		{forFirmware, "option 58", none, "half of 51", "", "", "", "HP JetDirect wants the times in the OFFER already. dhcpd sends them where the file has them.", "RFC 2131 4.4.5"},
		{forFirmware, "option 59", none, "7/8 of 51", "", "", "", "As option 58.", "RFC 2131 4.4.5"},
		{forFirmware, "option 60", none, "PXEClient", "", "", "",
			"Without it iPXE and old ROMs wait for a proxy. To boot clients that get a file.", "PXE 2.1 2.2"},
		{forFirmware, "option 60", none, "HTTPClient and NUL", "", "EFI HTTP", "", "Without it UEFI HTTP Boot passes the offer over.", "UEFI 2.10 24.7"},
		{forFirmware, "option 60", "HTTPClient", "HTTPClient and NUL", "racks", "EFI HTTP", "", "GRUB reads it to the next NUL.", "GRUB net/bootp.c"},
		{forFirmware, "option 43", none, "6=08", "", "", "", "The file is in this packet: no boot menu, no search for boot servers. Goes with option 60.", "PXE 2.1 2.2"},
		{forFirmware, "option 66", none, "siaddr and NUL", "", "", "", "EDK2 and GRUB read the options first. To boot clients that get a file.", "RFC 2132 9.4"},
		{forFirmware, "option 67", none, "file and NUL", "", "", "", "As option 66; the NUL is for ROMs that read on to the next one.", "RFC 2132 9.5"},
		{forFirmware, "option 97", none, "as sent", "", "", "", "GRUB learns the name of its menu by UUID from it.", "PXE 2.1 2.2; GRUB net/bootp.c"},
		{forFirmware, "siaddr", "0.0.0.0", "the server", "arch; relayed", "", "",
			"Where the file has no next-server. A ROM with a file and no server ends with PXE-E7B, or guesses.", "PXE 2.1 2.4"},
		{forFirmware, "file", "(a BIOS program)", "", "plain; relayed; classic", efi + "; relayed, EFI PXE; relayed with 82, EFI PXE; relayed with 82.5, EFI PXE", "",
			"UEFI cannot run it. pxe warns at the start, and at each DISCOVER that ends without a file.", "`pxe serve-dhcp --check`"},
		{forFirmware, "file", "ipxe.efi", "", "ipxe", "EFI HTTP", "",
			"HTTP Boot wants a URL. pxe warns at each such DISCOVER.", "UEFI 2.10 24.7"},
		{forFirmware, "option 175", none, "(as the file)", "ipxe; racks", "BIOS PXE; EFI PXE; EFI HTTP; boot: ROM; static PXE; host node1", "",
			"iPXE reads it from the packets of the ROM that loaded it, which did not ask for it.", "iPXE interface/efi/efi_cachedhcp.c, arch/x86/core/cachedhcp.c"},

		{bothRight, "option 28", none, "of the network", "", "", "", "To clients that ask for it, also where the file does not name it.", "RFC 2132 5.3"},
		{bothRight, "option 28", "of the network", none, "plain", "without wishes; BOOTP; host printer, BOOTP", "", "The mask tells it. pxe sends it to who asks.", "RFC 2132 5.3"},
		{bothRight, "option 15", none, "(the domain)", "plain", "host printer, BOOTP", "", "64 bytes have not room for all; each leaves out another option.", "RFC 951"},
		{bothRight, "option 12", "node1", "virtual", "racks", "host node1, BOOTP", "", "The name that a class gives is more particular than use-host-decl-names, for dhcpd with DHCP alone.", "dhcpd.conf(5)"},
		{bothRight, "order", "(as the file)", "(common ones first)", "plain; racks", "without wishes; BOOTP; host node1, BOOTP", "", "Type, server and times come first in both.", "RFC 2132 4"},
		{bothRight, "flags", "0x8000", "0x0000", "plain; groups; racks", "newcomer; host node1, system; host printer, system; host worker1, system; host worker2, system; host bench2, system",
			stepElsewhere + "; " + stepStranger, "Of a NAK without a relay. It is broadcast in any case.", "RFC 2131 table 3"},
		{bothRight, "option 56", "(a text)", "(another text)", "", "", "", "The reason of a NAK is for people.", "RFC 2132 9.9"},
		{bothRight, "answer", silent, "NAK", "plain; racks", "decliner", stepReboot, "It asks for what it has just declined.", "RFC 2131 4.3.2"},
		{bothRight, "answer", silent, "NAK", "groups", "renewer", stepRenewing, "Nobody has a lease there, and the client asks this server alone: it had better ask anew.", "RFC 2131 4.3.2"},
		{bothRight, "answer", silent, "NAK", "groups; relayed",
			"host worker1, system; host worker2, system; host bench2, system; relayed, system; relayed with 82, system; relayed with 82.5, system", stepElsewhere,
			"A client that has a lease or an address of its own here cannot use one of another network. Others are left alone without `authoritative`.", "RFC 2131 4.3.2"},

		{byDesign, "yiaddr", "another than before", "as before", "plain; " + others, "boot: system", stepDiscover,
			"pxe knows a machine by its MAC, so that it keeps its address from ROM to system. `--by-client-id` does as dhcpd.", "RFC 2131 4.2"},
		{byDesign, "option 51", "5m0s", "2m0s", "racks; " + others, "system that wants a minute", "", "Without min-lease-time dhcpd makes five minutes of every shorter time. pxe makes two of what a client asks for, and leaves what the file says.", "dhcpd.conf(5)"},
		{byDesign, "option 43", "1=00000000", "6=08", "arch", "", "", "Whatever the file has for option 43, pxe sends what firmware needs to take the file, and warns.", "PXE 2.1 2.2"},
		{byDesign, "file", "ipxe.efi", "", "ipxe", plain, "",
			"Who does not say what it is counts as a BIOS machine, and cannot run a UEFI program. For dhcpd `not (option arch = 00:00)` holds without the option.", "`pxe serve-dhcp --check`"},
	}
}

// list splits a list; an empty one has no elements.
func list(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "; ")
}

// explains reports whether the difference is this one.
func (k known) explains(d difference) bool {
	among := func(s, what string) bool { return s == "" || slices.Contains(list(s), what) }
	value := func(s, is string) bool { return strings.HasPrefix(s, "(") || s == is }
	return k.field == d.field && value(k.theirs, d.theirs) && value(k.ours, d.ours) &&
		among(k.files, d.file) && among(k.clients, d.client) && among(k.steps, d.step)
}

// unseen is what of the row no difference shows.
func (k known) unseen(seen []difference) []string {
	if len(seen) == 0 {
		return []string{"all of it"}
	}
	var missing []string
	for s, of := range map[string]func(difference) string{
		k.files:   func(d difference) string { return d.file },
		k.clients: func(d difference) string { return d.client },
		k.steps:   func(d difference) string { return d.step },
	} {
		for _, want := range list(s) {
			if !slices.ContainsFunc(seen, func(d difference) bool { return of(d) == want }) {
				missing = append(missing, want)
			}
		}
	}
	return missing
}

// where is for which files, clients and messages the row is.
func (k known) where() string {
	var parts []string
	for _, s := range []string{k.files, k.clients, k.steps} {
		if s != "" {
			parts = append(parts, strings.ReplaceAll(s, "; ", " / "))
		}
	}
	return strings.Join(parts, "; ")
}

const differencesDoc = "../../docs/dhcpd-differences.md"

// document is docs/dhcpd-differences.md.
func document() string {
	var b strings.Builder
	b.WriteString(`# Where pxe serve-dhcp differs from ISC dhcpd

` + "`pxe serve-dhcp --config dhcpd.conf`" + ` and dhcpd 4.4.3 serve the same file, and the same simulated machines ask both:
BIOS and UEFI firmware, HTTP Boot, iPXE, operating systems, BOOTP, known hosts, and all of them through relays.
Every answer is compared field by field: whether there is one, where it is sent, the header, each option and their order.
What differs is here, and nothing else does. TestDhcpdCompare in scripts/lab sees to both, and this page is made from its
table (` + "`go test ./scripts/lab -run TestDhcpdDifferences -update`" + `).

The files are plain, arch, ipxe, groups, relayed, racks and classic.conf in dhcp/dhcpdconf/testdata. dhcpd runs with
` + "`ping-check off`" + `, pxe with ` + "`--no-arp-probe`" + `. A value in parentheses describes many.
`)
	cell := strings.NewReplacer("|", `\|`).Replace
	value := func(s string) string {
		if s == "" {
			return "empty"
		}
		return cell(s)
	}
	for _, v := range judgements() {
		fmt.Fprintf(&b, "\n## %s\n\n| field | dhcpd | pxe | where | why | source |\n|---|---|---|---|---|---|\n", v)
		for _, k := range knownDifferences() {
			if k.judgement == v {
				fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", k.field, value(k.theirs), value(k.ours), cell(k.where()), cell(k.why), k.source)
			}
		}
	}
	return b.String()
}

// TestDhcpdDifferences keeps the document what the table says.
func TestDhcpdDifferences(t *testing.T) {
	want := document()
	if *update {
		if err := os.WriteFile(differencesDoc, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(differencesDoc); err != nil || string(got) != want {
		t.Errorf("docs/dhcpd-differences.md is not what the table says (%v): run this test with -update", err)
	}
}
