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
	fields    []element // none: a definition that gives no value
	array     bool      // all of the fields once or more, with commas
	lastArray bool      // the last of the fields once or more, with commas
}

// element is the type of one value.
type element uint8

const (
	elementAddr   element = iota + 1 // an IPv4 address
	elementAddr6                     // an IPv6 address
	elementText                      // in quotes, or a word of letters and digits
	elementBytes                     // in quotes, or hex: 01:02:ff
	elementBool                      // true or false
	elementName                      // a domain name without quotes, in DNS's form
	elementDomain                    // the same in quotes
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

// parseType reads the type of `option NAME code N = TYPE`. Encapsulated is the
// option space whose suboptions are the value.
func parseType(words []token) (t optionType, encapsulated string, ok bool) {
	if len(words) == 2 && words[0].is("encapsulate") {
		return t, strings.ToLower(words[1].text), words[1].kind != kindMark
	}
	words, t.array = arrayOf(words)
	if len(words) < 2 || !words[0].is("{") || !words[len(words)-1].is("}") {
		e, ok := parseElement(words)
		t.fields, t.array = []element{e}, t.array || e == elementDomain // which is a list by itself
		return t, "", ok && !(t.array && (e == elementText || e == elementBytes))
	}
	words = append(slices.Clone(words[1:len(words)-1]), token{kind: kindMark, text: ","})
	for len(words) > 0 {
		n := slices.IndexFunc(words, func(w token) bool { return w.is(",") })
		field := words[:n]
		words = words[n+1:]
		if field, t.lastArray = arrayOf(field); t.lastArray && len(words) > 0 {
			return t, "", false
		}
		e, ok := parseElement(field)
		if !ok || (e == elementText || e == elementBytes) && (len(words) > 0 || t.array || t.lastArray) {
			return t, "", false // these have no end but that of the option
		}
		t.fields = append(t.fields, e)
	}
	return t, "", !(t.array && t.lastArray)
}

// arrayOf takes off the words `array of`.
func arrayOf(words []token) (rest []token, array bool) {
	if len(words) > 2 && words[0].is("array") && words[1].is("of") {
		return words[2:], true
	}
	return words, false
}

func parseElement(words []token) (e element, ok bool) {
	if len(words) == 3 && words[0].is("signed") {
		words = words[1:]
	}
	if len(words) == 2 && words[0].is("domain-list") && words[1].is("compressed") {
		words = words[:1] // which says that it may be
	}
	for of, form := range map[element]string{
		elementAddr: "ip-address", elementAddr6: "ip6-address", elementText: "text", elementBytes: "string", elementBool: "boolean",
		elementName: "domain-name", elementDomain: "domain-list",
		elementUint8: "unsigned integer 8", elementUint16: "unsigned integer 16", elementUint32: "unsigned integer 32",
		elementInt8: "integer 8", elementInt16: "integer 16", elementInt32: "integer 32",
	} {
		if slices.EqualFunc(words, strings.Fields(form), func(w token, s string) bool { return w.is(s) }) {
			e = of
		}
	}
	return e, e != 0
}

// encode makes the bytes of what stands at a place, such as "option routers",
// from its values.
func (t optionType) encode(at Pos, what string, values []token) ([]byte, error) {
	var data []byte
	i := 0 // of the field that comes next
	for len(values) > 0 {
		if i == len(t.fields) {
			if comma := values[0]; !(t.array || t.lastArray) || !comma.is(",") || len(values) == 1 {
				return nil, errorAt(comma.Pos, t.hint(what), "unexpected %s after the value of %s", comma, what)
			}
			values = values[1:]
			if i = 0; t.lastArray {
				i = len(t.fields) - 1
			}
		}
		one, ok := t.fields[i].encode(values[0])
		if !ok {
			return nil, errorAt(values[0].Pos, t.hint(what), "%s is no value for %s", values[0], what)
		}
		data, values, i = append(data, one...), values[1:], i+1
	}
	switch {
	case len(data) == 0:
		return nil, errorAt(at, t.hint(what), "%s has no value", what)
	case i < len(t.fields):
		return nil, errorAt(at, t.hint(what), "%s has %d values of %d", what, i, len(t.fields))
	case len(data) > 255:
		return nil, errorAt(at, "an option has at most 255 bytes", "%s has %d bytes", what, len(data))
	}
	return data, nil
}

// hint shows how the value is written.
func (t optionType) hint(what string) string {
	var examples []string
	for _, f := range t.fields {
		example := map[element]string{
			elementAddr: "192.168.122.1", elementAddr6: "2001:db8::1", elementText: `"text"`, elementBytes: `"text", or bytes: 01:02:ff`, elementBool: "true",
			elementName: "example.com", elementDomain: `"example.com"`,
		}[f]
		if example == "" {
			example = "a number that fits"
		}
		examples = append(examples, example)
	}
	hint := "write " + what + " " + strings.Join(examples, " ") + ";"
	if len(t.fields) == 0 {
		hint = "leave it out: its value is that of its suboptions"
	}
	if t.array || t.lastArray {
		hint += " with a comma between several"
	}
	if slices.Contains(t.fields, elementAddr) {
		hint += " (names are not looked up)"
	}
	return hint
}

func (e element) encode(v token) ([]byte, bool) {
	switch e {
	case elementAddr:
		a, ok := parseAddr(v)
		return a.AsSlice(), ok
	case elementAddr6:
		a, err := netip.ParseAddr(v.text)
		return a.AsSlice(), err == nil && a.Is6() && a.Zone() == "" && v.kind == kindWord
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
	case elementName:
		data, ok := encodeDomain(v)
		return data, ok && v.kind == kindWord
	case elementDomain:
		data, ok := encodeDomain(v)
		return data, ok && v.kind == kindText
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
	return append(data, 0), true
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
