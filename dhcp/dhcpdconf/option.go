package dhcpdconf

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// optionType is what the values of an option are.
type optionType struct {
	of    element
	array bool // one or more, with commas
}

// element is the type of one value.
type element uint8

const (
	elementNone   element = iota // a definition that gives no value
	elementAddr                  // an IPv4 address
	elementText                  // in quotes, or a word of letters and digits
	elementBytes                 // in quotes, or hex: 01:02:ff
	elementBool                  // true or false
	elementDomain                // a domain name in quotes, in DNS's form
	elementUint8
	elementUint16
	elementUint32
	elementInt8
	elementInt16
	elementInt32
)

// option is one that has a name.
type option struct {
	code  uint8
	typ   optionType
	space string // "" for DHCP's own; else suboptions of it
}

// The types of most options.
var (
	oneAddr = optionType{of: elementAddr}
	addrs   = optionType{elementAddr, true}
	text    = optionType{of: elementText}
	octets  = optionType{of: elementBytes}
	yesNo   = optionType{of: elementBool}
	one8    = optionType{of: elementUint8}
	one16   = optionType{of: elementUint16}
	one32   = optionType{of: elementUint32}
	domains = optionType{elementDomain, true}
)

// standardOptions are the options that dhcpd knows by itself (dhcp-options(5)),
// but for those that hardly anybody has.
func standardOptions() map[string]option {
	options := make(map[string]option)
	for _, o := range []struct {
		name string
		code uint8
		typ  optionType
	}{
		{"subnet-mask", 1, oneAddr}, {"time-offset", 2, optionType{of: elementInt32}}, {"routers", 3, addrs}, {"time-servers", 4, addrs},
		{"ien116-name-servers", 5, addrs}, {"domain-name-servers", 6, addrs}, {"log-servers", 7, addrs}, {"cookie-servers", 8, addrs},
		{"lpr-servers", 9, addrs}, {"impress-servers", 10, addrs}, {"resource-location-servers", 11, addrs}, {"host-name", 12, text},
		{"boot-size", 13, one16}, {"merit-dump", 14, text}, {"domain-name", 15, text}, {"swap-server", 16, oneAddr},
		{"root-path", 17, text}, {"extensions-path", 18, text}, {"ip-forwarding", 19, yesNo}, {"max-dgram-reassembly", 22, one16},
		{"default-ip-ttl", 23, one8}, {"interface-mtu", 26, one16}, {"broadcast-address", 28, oneAddr}, {"nis-domain", 40, text},
		{"nis-servers", 41, addrs}, {"ntp-servers", 42, addrs}, {"vendor-encapsulated-options", 43, octets},
		{"netbios-name-servers", 44, addrs}, {"netbios-dd-server", 45, addrs}, {"netbios-node-type", 46, one8}, {"netbios-scope", 47, text},
		{"font-servers", 48, addrs}, {"x-display-manager", 49, addrs}, {"dhcp-requested-address", 50, oneAddr}, {"dhcp-lease-time", 51, one32},
		{"dhcp-message-type", 53, one8}, {"dhcp-server-identifier", 54, oneAddr}, {"dhcp-parameter-request-list", 55, octets},
		{"dhcp-max-message-size", 57, one16}, {"dhcp-renewal-time", 58, one32}, {"dhcp-rebinding-time", 59, one32},
		{"vendor-class-identifier", 60, text}, {"dhcp-client-identifier", 61, octets}, {"nisplus-domain", 64, text},
		{"nisplus-servers", 65, addrs}, {"tftp-server-name", 66, text}, {"bootfile-name", 67, text}, {"smtp-server", 69, addrs},
		{"pop-server", 70, addrs}, {"nntp-server", 71, addrs}, {"www-server", 72, addrs}, {"finger-server", 73, addrs}, {"irc-server", 74, addrs},
		{"user-class", 77, octets}, {"pxe-system-type", 93, optionType{elementUint16, true}}, {"pxe-interface-id", 94, octets},
		{"pxe-client-id", 97, octets}, {"pcode", 100, text}, {"tcode", 101, text}, {"domain-search", 119, domains},
		{"loader-configfile", 209, text}, {"loader-pathprefix", 210, text}, {"loader-reboottime", 211, one32},
	} {
		options[o.name] = option{code: o.code, typ: o.typ}
	}
	return options
}

// parseType reads the type of `option NAME code N = TYPE`.
func parseType(words []token) (t optionType, encapsulated string, ok bool) {
	is := func(want ...string) bool {
		return slices.EqualFunc(words, want, func(w token, s string) bool { return w.is(s) })
	}
	if len(words) > 2 && words[0].is("array") && words[1].is("of") {
		t.array, words = true, words[2:]
	}
	if len(words) == 2 && words[0].is("encapsulate") {
		return t, words[1].text, !t.array
	}
	if len(words) == 3 && words[0].is("signed") {
		words = words[1:]
	}
	for of, forms := range map[element][]string{
		elementAddr: {"ip-address"}, elementText: {"text"}, elementBytes: {"string"}, elementBool: {"boolean"},
		elementUint8: {"unsigned integer 8"}, elementUint16: {"unsigned integer 16"}, elementUint32: {"unsigned integer 32"},
		elementInt8: {"integer 8"}, elementInt16: {"integer 16"}, elementInt32: {"integer 32"}, elementDomain: {"domain-list"},
	} {
		for _, form := range forms {
			if is(strings.Fields(form)...) {
				t.of = of
			}
		}
	}
	return t, "", t.of != elementNone
}

// encode makes the bytes of what stands at a place, such as "option routers",
// from its values.
func (t optionType) encode(at Pos, what string, values []token) ([]byte, error) {
	var data []byte
	for i, v := range values {
		if i%2 == 1 {
			if !t.array || !v.is(",") || i == len(values)-1 {
				return nil, errorAt(v.Pos, t.hint(what), "unexpected %s after the value of %s", v, what)
			}
			continue
		}
		one, ok := t.of.encode(v)
		if !ok {
			return nil, errorAt(v.Pos, t.hint(what), "%s is no value for %s", v, what)
		}
		data = append(data, one...)
	}
	if len(data) == 0 {
		return nil, errorAt(at, t.hint(what), "%s has no value", what)
	}
	if len(data) > 255 {
		return nil, errorAt(at, "an option has at most 255 bytes", "%s has %d bytes", what, len(data))
	}
	return data, nil
}

// hint shows how the value is written.
func (t optionType) hint(what string) string {
	example := map[element]string{
		elementAddr: "192.168.122.1", elementText: `"text"`, elementBytes: `"text", or bytes: 01:02:ff`, elementBool: "true",
		elementDomain: `"example.com"`,
	}[t.of]
	if example == "" {
		example = "a number that fits"
	}
	hint := "write " + what + " " + example + ";"
	if t.array {
		hint += " with a comma between several"
	}
	if t.of == elementAddr {
		hint += " (names are not looked up)"
	}
	return hint
}

func (e element) encode(v token) ([]byte, bool) {
	switch e {
	case elementAddr:
		a, ok := parseAddr(v)
		return a.AsSlice(), ok
	case elementText:
		return []byte(v.text), v.kind == kindText || v.kind == kindWord && !strings.ContainsAny(v.text, ".:/%+&*@")
	case elementBytes:
		if v.kind == kindText {
			return []byte(v.text), true
		}
		return parseHex(v)
	case elementBool:
		switch {
		case v.is("true"), v.is("on"):
			return []byte{1}, true
		case v.is("false"), v.is("off"):
			return []byte{0}, true
		}
		return nil, false
	case elementDomain:
		return encodeDomain(v)
	}
	return e.encodeNumber(v)
}

func (e element) encodeNumber(v token) ([]byte, bool) {
	bits := map[element]int{elementUint8: 8, elementInt8: 8, elementUint16: 16, elementInt16: 16, elementUint32: 32, elementInt32: 32}[e]
	if bits == 0 || v.kind != kindWord {
		return nil, false
	}
	var n uint64
	var err error
	if e >= elementInt8 {
		var signed int64
		signed, err = strconv.ParseInt(v.text, 0, bits)
		n = uint64(signed)
	} else {
		n, err = strconv.ParseUint(v.text, 0, bits)
	}
	return binary.BigEndian.AppendUint64(nil, n)[8-bits/8:], err == nil
}

// encodeDomain is a name as DNS has it, without compression (RFC 3397, whose
// compression is for those that need it).
func encodeDomain(v token) ([]byte, bool) {
	var data []byte
	for label := range strings.SplitSeq(strings.TrimSuffix(v.text, "."), ".") {
		if label == "" || len(label) > 63 {
			return nil, false
		}
		data = append(append(data, byte(len(label))), label...)
	}
	return append(data, 0), v.kind == kindText
}

func parseAddr(v token) (netip.Addr, bool) {
	a, err := netip.ParseAddr(v.text)
	return a, err == nil && a.Is4() && v.kind == kindWord
}

// parseHex reads bytes like 0:7 or 01:02:ff.
func parseHex(v token) ([]byte, bool) {
	if v.kind != kindWord {
		return nil, false
	}
	var data []byte
	for part := range strings.SplitSeq(v.text, ":") {
		if len(part) == 1 {
			part = "0" + part
		}
		b, err := hex.DecodeString(part)
		if err != nil || len(b) != 1 {
			return nil, false
		}
		data = append(data, b[0])
	}
	return data, true
}
