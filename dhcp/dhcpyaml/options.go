package dhcpyaml

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"pxe/dhcp"
)

// optionInfo is an option that has a name here, and what its value is.
type optionInfo struct {
	name string
	code uint8
	typ  optionType
}

// optionType is what the value of an option is. Each may be given in hex too.
type optionType uint8

const (
	typeBytes optionType = iota
	typeAddrs
	typeText
	typeBool
	typeUint8
	typeUint16
	typeUint32
	typeInt32
	typeNames  // domain names (RFC 3397)
	typeRoutes // networks and routers (RFC 3442)
)

// namedOptions are the options of RFC 2132 and its successors that people set.
// Those with a key of their own are here for the machines that differ.
func namedOptions() []optionInfo {
	return []optionInfo{
		{"time_offset", dhcp.OptionTimeOffset, typeInt32}, {"router", dhcp.OptionRouter, typeAddrs}, {"time_servers", dhcp.OptionTimeServer, typeAddrs},
		{"name_servers", dhcp.OptionNameServer, typeAddrs}, {"dns", dhcp.OptionDNS, typeAddrs}, {"log_servers", dhcp.OptionLogServer, typeAddrs},
		{"print_servers", 9, typeAddrs}, {"host_name", dhcp.OptionHostName, typeText}, {"boot_file_size", dhcp.OptionBootFileSize, typeUint16},
		{"domain", dhcp.OptionDomainName, typeText}, {"swap_server", 16, typeAddrs}, {"root_path", dhcp.OptionRootPath, typeText},
		{"extensions_path", dhcp.OptionExtensionsPath, typeText}, {"ip_forwarding", 19, typeBool}, {"ttl", dhcp.OptionDefaultTTL, typeUint8},
		{"mtu", dhcp.OptionMTU, typeUint16}, {"broadcast", dhcp.OptionBroadcast, typeAddrs}, {"nis_domain", dhcp.OptionNISDomain, typeText},
		{"nis_servers", dhcp.OptionNISServer, typeAddrs}, {"ntp", dhcp.OptionNTP, typeAddrs}, {"vendor_specific", dhcp.OptionVendorSpecific, typeBytes},
		{"netbios_name_servers", 44, typeAddrs}, {"netbios_node_type", 46, typeUint8}, {"netbios_scope", 47, typeText},
		{"smtp_servers", 69, typeAddrs}, {"www_servers", 72, typeAddrs}, {"posix_timezone", 100, typeText}, {"timezone", 101, typeText},
		{"captive_portal", 114, typeText}, {"domain_search", dhcp.OptionDomainSearch, typeNames},
		{"routes", dhcp.OptionClasslessRoute, typeRoutes}, {"tftp_servers", dhcp.OptionTFTPServerAddress, typeAddrs}, {"ipxe", dhcp.OptionIPXE, typeBytes},
		{"pxelinux_magic", dhcp.OptionPXELINUXMagic, typeBytes}, {"pxelinux_config_file", dhcp.OptionPXELINUXConfigFile, typeText},
		{"pxelinux_path_prefix", dhcp.OptionPXELINUXPathPrefix, typeText}, {"pxelinux_reboot_timeout", dhcp.OptionPXELINUXRebootTimeout, typeUint32},
		{"proxy_config", 252, typeText},
	}
}

// options are the values by name or number.
type options struct{}

func (options) read(r *reader, n *node, v *dhcp.Options) {
	if !r.isMap(n) {
		return
	}
	known := namedOptions()
	for _, p := range n.pairs {
		o, ok := optionOf(known, p.key.text)
		switch {
		case !ok:
			r.fault(p.key, suggest(p.key.text, optionNames(known))+", or a number from 1 to 254", "unknown option %q", p.key.text)
		case v.Has(o.code):
			r.twice(p.key)
		default:
			*v = append(*v, dhcp.RawOption{Code: o.code, Data: o.read(r, p.value)})
		}
	}
}

func (options) node(v *dhcp.Options) *node {
	known, n := namedOptions(), &node{kind: kindMap}
	for _, o := range *v {
		info := optionWith(known, o.Code)
		n.pairs = append(n.pairs, pair{key: textNode(info.name), value: info.node(o.Data)})
	}
	return n
}

func (options) schema(definitions) schema {
	properties := schema{}
	for _, o := range namedOptions() {
		s := o.typ.schema()
		s["description"] = fmt.Sprintf("Option %d.", o.code)
		properties[o.name] = s
	}
	return schema{
		"type": "object", "properties": properties, "additionalProperties": false,
		"patternProperties": schema{"^[0-9]+$": schema{"type": []string{"string", "integer", "boolean", "array"}}},
	}
}

func optionNames(known []optionInfo) []string {
	var names []string
	for _, o := range known {
		names = append(names, o.name)
	}
	return names
}

// optionOf is the option with a name or a number.
func optionOf(known []optionInfo, word string) (optionInfo, bool) {
	if i := slices.IndexFunc(known, func(o optionInfo) bool { return o.name == word }); i >= 0 {
		return known[i], true
	}
	code, err := strconv.ParseUint(word, 10, 8)
	if err != nil || code == dhcp.OptionPad || code == dhcp.OptionEnd {
		return optionInfo{}, false
	}
	return optionWith(known, uint8(code)), true
}

func optionWith(known []optionInfo, code uint8) optionInfo {
	if i := slices.IndexFunc(known, func(o optionInfo) bool { return o.code == code }); i >= 0 {
		return known[i]
	}
	return optionInfo{name: strconv.Itoa(int(code)), code: code, typ: typeBytes}
}

// read makes the bytes of a value.
func (o optionInfo) read(r *reader, n *node) []byte {
	if n.kind == kindBroken {
		return nil
	}
	if n.kind == kindText || n.kind == kindNumber {
		if digits, cut := cutHex(n.text); cut && len(digits) > 0 {
			data, ok := parseOctets(n.text)
			if !ok {
				r.fault(n, "write two digits for each byte", "%q is not bytes in hex", n.text)
			}
			return data
		}
	}
	items := n.items
	if n.kind != kindList {
		items = []*node{n}
	}
	if len(items) == 0 || n.kind == kindList && !o.typ.several() {
		r.fault(n, o.typ.hint(), "%s, not a value of option %s", n.describe(), o.name)
		return nil
	}
	typ := o.typ
	if typ == typeBytes && n.kind == kindList {
		typ = typeAddrs // what else a list can be
	}
	var data []byte
	for _, item := range items {
		one, ok := typ.encode(item)
		if !ok {
			r.fault(item, typ.hint(), "%s is not a value of option %s", item.describe(), o.name)
		}
		data = append(data, one...)
	}
	return data
}

// node writes a value by its type, or in hex if it is of another.
func (o optionInfo) node(data []byte) *node {
	items, ok := o.typ.decode(data)
	if ok && len(items) > 1 {
		return &node{kind: kindList, items: items}
	}
	if ok && len(items) == 1 {
		return items[0]
	}
	return textNode(formatHex(data))
}

func (t optionType) several() bool {
	return t == typeBytes || t == typeAddrs || t == typeNames || t == typeRoutes
}

func (t optionType) hint() string {
	return map[optionType]string{
		typeBytes:  "write a text, bytes like 0x0a0b, or a list of addresses: [192.168.122.1]",
		typeAddrs:  "write addresses: [192.168.122.1]",
		typeText:   `write a text, in quotes if it looks like a number`,
		typeBool:   "write true or false",
		typeUint8:  "write a number up to 255",
		typeUint16: "write a number up to 65535",
		typeUint32: "write a number up to 4294967295",
		typeInt32:  "write a number of seconds, which may be negative",
		typeNames:  "write domain names: [example.com, lab.example.com]",
		typeRoutes: "write networks and their routers: [192.0.2.0/24 via 192.168.122.1]",
	}[t]
}

func (t optionType) schema() schema {
	hexed := pattern("0[xX](" + patternHex + ")+")
	one := map[optionType]schema{
		typeAddrs: pattern(patternIPv4), typeText: {"type": "string"}, typeBytes: {"type": []string{"string", "array"}}, typeBool: yesNo{}.schema(nil),
		typeNames: {"type": "string"}, typeRoutes: pattern(patternIPv4 + "/[0-9]+ +via +" + patternIPv4),
	}[t]
	if one == nil {
		one = schema{"type": "integer"}
	}
	forms := []schema{one, hexed, {"type": "integer"}} // 0x0a without quotes is a number to YAML
	if t.several() {
		forms = append(forms, schema{"type": "array", "minItems": 1, "items": one})
	}
	return schema{"anyOf": forms}
}

// bits is how long a number is, and whether it has a sign.
func (t optionType) bits() (bits int, signed bool) {
	switch t {
	case typeUint8:
		return 8, false
	case typeUint16:
		return 16, false
	case typeUint32:
		return 32, false
	case typeInt32:
		return 32, true
	}
	return 0, false
}

// encode makes the bytes of one value.
func (t optionType) encode(n *node) ([]byte, bool) {
	if bits, signed := t.bits(); bits > 0 {
		if n.kind != kindNumber {
			return nil, false
		}
		v, err := strconv.ParseInt(n.text, 10, 64)
		least, most := int64(0), int64(1)<<bits-1
		if signed {
			least, most = -1<<(bits-1), 1<<(bits-1)-1
		}
		return binary.BigEndian.AppendUint64(nil, uint64(v))[8-bits/8:], err == nil && least <= v && v <= most
	}
	switch {
	case t == typeBool:
		r := &reader{}
		var on bool
		yesNo{}.read(r, n, &on)
		if on {
			return []byte{1}, len(r.faults) == 0
		}
		return []byte{0}, len(r.faults) == 0
	case n.kind != kindText:
		return nil, false
	case t == typeAddrs:
		a, ok := parseAddr(n.text)
		return a.AsSlice(), ok
	case t == typeNames:
		return encodeName(n.text)
	case t == typeRoutes:
		return encodeRoute(n.text)
	case t == typeBytes:
		_, isAddr := parseAddr(n.text) // an address, or its text? a list says it
		return []byte(n.text), !isAddr && n.text != ""
	}
	return []byte(n.text), n.text != ""
}

// decode is the way back; ok is false for bytes that encode would not make.
func (t optionType) decode(data []byte) (items []*node, ok bool) {
	bits, signed := t.bits()
	switch {
	case bits > 0:
		if len(data) != bits/8 {
			return nil, false
		}
		wide := binary.BigEndian.Uint64(append(make([]byte, 8-bits/8), data...))
		if signed {
			return []*node{numberNode(strconv.Itoa(int(int32(wide))))}, true
		}
		return []*node{numberNode(strconv.FormatUint(wide, 10))}, true
	case t == typeBool:
		if len(data) != 1 || data[0] > 1 {
			return nil, false
		}
		on := data[0] == 1
		return []*node{yesNo{}.node(&on)}, true
	case t == typeAddrs:
		for rest := data; len(rest) >= 4; rest = rest[4:] {
			items = append(items, textNode(netip.AddrFrom4([4]byte(rest)).String()))
		}
		return items, len(data)%4 == 0
	case t == typeNames:
		return decodeNames(data)
	case t == typeRoutes:
		return decodeRoutes(data)
	}
	_, isAddr := parseAddr(string(data))
	_, isHex := cutHex(string(data))
	return []*node{textNode(string(data))}, len(data) > 0 && printable(string(data)) && !isHex && (t == typeText || !isAddr)
}

// encodeName is a domain name as DNS has it, without compression.
func encodeName(s string) ([]byte, bool) {
	var data []byte
	for label := range strings.SplitSeq(strings.TrimSuffix(s, "."), ".") {
		if label == "" || len(label) > 63 {
			return nil, false
		}
		data = append(append(data, byte(len(label))), label...)
	}
	return append(data, 0), true
}

func decodeNames(data []byte) (items []*node, ok bool) {
	var labels []string
	for len(data) > 0 {
		n := int(data[0])
		data = data[1:]
		if n == 0 {
			if len(labels) == 0 {
				return nil, false
			}
			items, labels = append(items, textNode(strings.Join(labels, "."))), nil
			continue
		}
		if n > 63 || n > len(data) || !printable(string(data[:n])) || strings.Contains(string(data[:n]), ".") {
			return nil, false
		}
		labels, data = append(labels, string(data[:n])), data[n:]
	}
	if len(items) > 0 {
		_, hexed := cutHex(items[0].text)
		return items, len(labels) == 0 && !(hexed && len(items) == 1)
	}
	return nil, false
}

// encodeRoute is a route as RFC 3442 has it: the length of the network, of its
// address the bytes that count, and the router.
func encodeRoute(s string) ([]byte, bool) {
	network, router, ok := strings.Cut(s, " via ")
	p, err := netip.ParsePrefix(strings.TrimSpace(network))
	via, isAddr := parseAddr(strings.TrimSpace(router))
	if !ok || err != nil || !p.Addr().Is4() || p != p.Masked() || !isAddr {
		return nil, false
	}
	data := append([]byte{byte(p.Bits())}, p.Addr().AsSlice()[:(p.Bits()+7)/8]...)
	return append(data, via.AsSlice()...), true
}

func decodeRoutes(data []byte) (items []*node, ok bool) {
	for len(data) > 0 {
		bits := int(data[0])
		n := (bits + 7) / 8
		if bits > 32 || len(data) < 1+n+4 {
			return nil, false
		}
		var four [4]byte
		copy(four[:], data[1:1+n])
		p := netip.PrefixFrom(netip.AddrFrom4(four), bits)
		if p != p.Masked() {
			return nil, false
		}
		items = append(items, textNode(p.String()+" via "+netip.AddrFrom4([4]byte(data[1+n:])).String()))
		data = data[1+n+4:]
	}
	return items, true
}
