package dhcp

import (
	"fmt"
	"slices"
	"strings"

	"pxe/boot"
)

// Quirk is something that certain firmware needs beside what the standards say.
type Quirk string

// The quirks; Quirks tells what each is for.
const (
	QuirkTrailingNUL   Quirk = "trailing-nul"
	QuirkPad300        Quirk = "pad-300"
	QuirkRaspberryPi   Quirk = "raspberry-pi"
	QuirkMenuPrompt    Quirk = "menu-prompt"
	QuirkBootService   Quirk = "boot-service"
	QuirkClassless     Quirk = "classless"
	QuirkHeaderOnly    Quirk = "header-only"
	QuirkBroadcast     Quirk = "broadcast"
	QuirkStripClientID Quirk = "strip-client-id"
)

// QuirkInfo describes a quirk.
type QuirkInfo struct {
	Quirk
	What    string // which firmware it is for, and what is sent to it
	Source  string // where it was seen
	Unasked string // who gets it unasked; "": nobody does
}

// auto reports whether a machine gets the quirk unasked.
func (q Quirk) auto(m boot.Machine) bool {
	switch q {
	case QuirkTrailingNUL, QuirkPad300:
		return true
	case QuirkRaspberryPi:
		return m.Kind == boot.KindRPi
	}
	return false
}

// Quirks are all of them.
func Quirks() []QuirkInfo {
	return []QuirkInfo{
		{QuirkTrailingNUL, "ROMs that read a name to the next NUL, and so get the 0xFF of the end option on it: options 66 and 67 end with a NUL",
			"netboot.xyz issue 1198; dnsmasq does so for all", "Everybody gets it."},
		{QuirkPad300, "clients that drop messages of less than 300 bytes: shorter replies are filled with zeros",
			"RFC 1542 2.1; dnsmasq MIN_PACKETSZ", "Everybody gets it."},
		{QuirkRaspberryPi, `the ROM of a Raspberry Pi, which boots only on a menu with the item "Raspberry Pi Boot" (43.9) and a prompt (43.10)`,
			"raspberrypi/firmware issues 764 and 1001; tinkerbell/smee dhcp.go", "Clients of the kind rpi get it."},
		{QuirkMenuPrompt, "UEFI of some Dell machines, which refuses an offer whose option 43 has no prompt: 43.10 is sent beside 43.6",
			"comments in the code of other servers: 06 01 08 0A 04 00 'PXE' FF suits all", ""},
		{QuirkBootService, "UEFI that does not heed 43.6 = 8: it gets no option 43, and asks the boot service on port 4011 for its file",
			"danderson/netboot pixiecore dhcp.go", ""},
		{QuirkClassless, "firmware that looks for a boot service as soon as option 60 comes back: it gets neither 60 nor 43",
			"EDK2 PxeBcDhcp4.c: an offer without them is one with a file", ""},
		{QuirkHeaderOnly, "old ROMs that know only the fields of BOOTP: the file is in the header and in no option",
			"RFC 951; rhboot/shim netboot.c reads nothing else", ""},
		{QuirkBroadcast, "clients that hear no unicast before they have an address, and do not say so: replies are broadcast",
			"RFC 2131 4.1", ""},
		{QuirkStripClientID, "clients older than RFC 6842 that take an echoed option 61 for an error: it is not sent back",
			"RFC 6842 3", ""},
	}
}

// ParseQuirk reads the name of a quirk; "no-" before it switches it off.
func ParseQuirk(s string) (q Quirk, on bool, err error) {
	var names []string
	for _, info := range Quirks() {
		names = append(names, string(info.Quirk))
	}
	if slices.Contains(names, s) {
		return Quirk(s), true, nil
	}
	if rest, cut := strings.CutPrefix(s, "no-"); cut && slices.Contains(names, rest) {
		return Quirk(rest), false, nil
	}
	return "", false, fmt.Errorf("unknown quirk %q: want one of %s, or no- and one of them", s, strings.Join(names, ", "))
}

// has reports whether the client gets a quirk: as the configuration says, else
// by itself.
func (x *exchange) has(q Quirk) bool {
	if on, set := x.told.Quirks[q]; set {
		return on
	}
	return q.auto(x.machine)
}
