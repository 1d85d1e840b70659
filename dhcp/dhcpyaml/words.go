package dhcpyaml

import (
	"encoding/hex"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"pxe/boot"
	"pxe/dhcp"
	"pxe/dhcp/lease"
)

const (
	patternIPv4 = `[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+`
	patternHex  = `[0-9A-Fa-f]{2}`
)

func pattern(p string) schema { return schema{"type": "string", "pattern": "^" + p + "$"} }

// text is as it stands there.
func text() form[string] {
	return scalar[string]{
		what: "a text", like: "pxelinux.0",
		parse:  func(s string) (string, bool) { return s, true },
		format: func(s string) string { return s },
		shape:  schema{"type": "string"},
	}
}

func addr() form[netip.Addr] {
	return scalar[netip.Addr]{
		what: "an IPv4 address", like: "192.168.122.1 (names are not looked up)",
		parse: parseAddr, format: netip.Addr.String, shape: pattern(patternIPv4),
	}
}

func parseAddr(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(s)
	return a, err == nil && a.Is4()
}

func prefix() form[netip.Prefix] {
	return scalar[netip.Prefix]{
		what: "an IPv4 network", like: "192.168.122.0/24",
		parse: func(s string) (netip.Prefix, bool) {
			p, err := netip.ParsePrefix(s)
			return p, err == nil && p.Addr().Is4()
		},
		format: netip.Prefix.String, shape: pattern(patternIPv4 + "/[0-9]+"),
	}
}

// addrRange is two addresses, or one that is both.
func addrRange() form[lease.Range] {
	return scalar[lease.Range]{
		what: "a range of addresses", like: "192.168.122.100-192.168.122.200",
		parse: func(s string) (lease.Range, bool) {
			first, last, two := strings.Cut(s, "-")
			if !two {
				last = first
			}
			a, ok := parseAddr(strings.TrimSpace(first))
			b, ok2 := parseAddr(strings.TrimSpace(last))
			return lease.Range{First: a, Last: b}, ok && ok2
		},
		format: lease.Range.String, shape: pattern(patternIPv4 + "( *- *" + patternIPv4 + ")?"),
	}
}

func mac() form[net.HardwareAddr] {
	return scalar[net.HardwareAddr]{
		what: "a MAC address", like: "52:54:00:12:34:56", number: true,
		parse: func(s string) (net.HardwareAddr, bool) {
			b, ok := parseMAC(s)
			return b, ok && len(b) == 6
		},
		format: net.HardwareAddr.String,
		shape:  schema{"anyOf": []schema{pattern(patternHex + "([:-]?" + patternHex + "){5}"), {"type": "integer"}}},
	}
}

func macPrefix() form[dhcp.MACPrefix] {
	return scalar[dhcp.MACPrefix]{
		what: "the beginning of a MAC address", like: `"52:54:00"`, number: true,
		parse: func(s string) (dhcp.MACPrefix, bool) {
			b, ok := parseMAC(s)
			return dhcp.MACPrefix(b), ok
		},
		format: dhcp.MACPrefix.String,
		shape:  schema{"anyOf": []schema{pattern(patternHex + "([:-]?" + patternHex + "){0,15}"), {"type": "integer"}}},
	}
}

// parseMAC reads bytes with colons, with hyphens or with nothing between them.
func parseMAC(s string) ([]byte, bool) {
	for _, sign := range []string{":", "-"} {
		if strings.Contains(s, sign) {
			if strings.Count(s, sign) != (len(s)-2)/3 || len(s)%3 != 2 {
				return nil, false
			}
			for i := 2; i < len(s); i += 3 {
				if s[i:i+1] != sign {
					return nil, false
				}
			}
			s = strings.ReplaceAll(s, sign, "")
		}
	}
	b, err := hex.DecodeString(s)
	return b, err == nil && 1 <= len(b) && len(b) <= 16
}

// duration is a time above zero, with units or in seconds.
func duration() form[time.Duration] {
	return scalar[time.Duration]{
		what: "a time", like: "6h, 90m, or 3600 for seconds", number: true,
		parse: func(s string) (time.Duration, bool) {
			if strings.Trim(s, "0123456789") == "" {
				s += "s"
			}
			d, err := time.ParseDuration(s)
			return d, err == nil && d > 0
		},
		format: dhcp.FormatTime,
		shape:  schema{"anyOf": []schema{pattern("([0-9.]+(h|m|s|ms))+"), {"type": "integer", "minimum": 1}}},
	}
}

func arch() scalar[boot.Arch] {
	return scalar[boot.Arch]{
		what: "an architecture", like: "bios, efi-x64, efi-arm64, or a number of option 93", words: boot.ArchNames(), number: true,
		parse: func(s string) (boot.Arch, bool) {
			a, err := boot.ParseArch(s)
			return a, err == nil
		},
		format: boot.Arch.String,
		shape: schema{"anyOf": []schema{
			{"enum": boot.ArchNames()}, pattern("(arch-)?[0-9]+"), {"type": "integer", "minimum": 0, "maximum": 65535},
		}},
	}
}

func kind() form[boot.Kind] {
	return scalar[boot.Kind]{
		what: "a kind of client", words: boot.KindNames(),
		parse: func(s string) (boot.Kind, bool) {
			k, err := boot.ParseKind(s)
			return k, err == nil
		},
		format: boot.Kind.String, shape: schema{"enum": boot.KindNames()},
	}
}

func quirk() scalar[dhcp.Quirk] {
	var names []string
	for _, q := range dhcp.Quirks() {
		names = append(names, string(q.Quirk))
	}
	return scalar[dhcp.Quirk]{
		what: "a quirk", words: names,
		parse: func(s string) (dhcp.Quirk, bool) {
			q, on, err := dhcp.ParseQuirk(s)
			return q, err == nil && on
		},
		format: func(q dhcp.Quirk) string { return string(q) }, shape: schema{"enum": names},
	}
}

func uuid() form[[16]byte] {
	return scalar[[16]byte]{
		what: "a UUID", like: "4c4c4544-0053-4c10-8034-b7c04f303332", number: true,
		parse: func(s string) (u [16]byte, ok bool) {
			b, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
			if err != nil || len(b) != len(u) {
				return u, false
			}
			return [16]byte(b), true
		},
		format: func(u [16]byte) string { return boot.FormatUUID(u[:]) },
		shape:  schema{"anyOf": []schema{pattern("[0-9A-Fa-f-]{32,}"), {"type": "integer"}}},
	}
}

// octets are any bytes: 0x and hex, or a text.
func octets() scalar[[]byte] {
	return scalar[[]byte]{
		what: "bytes in hex", like: "0x0a0b (two digits a byte), or as a text", number: true,
		parse: parseOctets, format: formatOctets,
		shape: schema{"anyOf": []schema{{"type": "string"}, {"type": "integer"}}},
	}
}

// octetText are octets where they are kept as a string.
func octetText() form[string] {
	o := octets()
	return scalar[string]{
		what: o.what, like: o.like, number: true, shape: o.shape,
		parse: func(s string) (string, bool) {
			b, ok := o.parse(s)
			return string(b), ok
		},
		format: func(s string) string { return o.format([]byte(s)) },
	}
}

func parseOctets(s string) ([]byte, bool) {
	if digits, cut := cutHex(s); cut {
		b, err := hex.DecodeString(digits)
		return b, err == nil
	}
	return []byte(s), true
}

func cutHex(s string) (digits string, ok bool) {
	if len(s) >= 2 && (s[:2] == "0x" || s[:2] == "0X") {
		return s[2:], true
	}
	return "", false
}

func formatOctets(b []byte) string {
	if _, hexed := cutHex(string(b)); hexed || !printable(string(b)) {
		return formatHex(b)
	}
	return string(b)
}

func formatHex(b []byte) string { return "0x" + hex.EncodeToString(b) }

// printable reports whether a text can be written as one.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError })
}

var colonHex = regexp.MustCompile("^" + patternHex + "(:" + patternHex + ")+$")

// clientID is octets, or hex with colons as it is mostly written.
func clientID() form[[]byte] {
	o := octets()
	o.like = "01:52:54:00:12:34:56, 0x0a0b, or as a text"
	o.parse = func(s string) ([]byte, bool) {
		if colonHex.MatchString(s) {
			return parseColons(s)
		}
		b, ok := parseOctets(s)
		return b, ok && len(b) > 0 && len(b) <= 255
	}
	o.format = func(b []byte) string {
		if s := formatOctets(b); !colonHex.MatchString(s) {
			return s
		}
		return formatHex(b)
	}
	return o
}

func parseColons(s string) ([]byte, bool) {
	b, err := hex.DecodeString(strings.ReplaceAll(s, ":", ""))
	return b, err == nil && len(b) <= 255
}

// number is one from 0 to most.
func number[N uint8 | int](what string, most int) form[N] {
	return numbers[N]{scalar[N]{
		what: what, like: "a number up to " + strconv.Itoa(most), number: true,
		parse: func(s string) (N, bool) {
			n, err := strconv.ParseUint(s, 0, 31)
			return N(n), err == nil && n <= uint64(most)
		},
		format: func(n N) string { return strconv.Itoa(int(n)) },
		shape:  schema{"type": "integer", "minimum": 0, "maximum": most},
	}}
}

// numbers are written as such.
type numbers[N any] struct{ scalar[N] }

func (f numbers[N]) node(v *N) *node { return numberNode(f.format(*v)) }

// yesNo is on or off.
type yesNo struct{}

func (yesNo) read(r *reader, n *node, v *bool) {
	on := n.scalar() && slices.Contains([]string{"true", "on", "yes"}, n.text)
	off := n.scalar() && slices.Contains([]string{"false", "off", "no"}, n.text)
	switch *v = on; {
	case on, off, n.kind == kindBroken:
	default:
		r.fault(n, "write true or false", "%s, not true or false", n.describe())
	}
}

func (yesNo) node(v *bool) *node { return &node{kind: kindBool, text: strconv.FormatBool(*v)} }

func (yesNo) schema(definitions) schema {
	return schema{"anyOf": []schema{{"type": "boolean"}, {"enum": []string{"on", "off", "yes", "no"}}}}
}
