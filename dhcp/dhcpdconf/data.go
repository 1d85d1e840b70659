package dhcpdconf

import (
	"encoding/binary"
	"strconv"
	"strings"

	"pxe/dhcp"
)

// operand is one side of a comparison: a constant, or a part of the client's
// message.
type operand struct {
	token         // where it begins
	constant bool // value counts, else test
	number   bool // a constant of digits alone: 7, which may mean a byte in hex
	value    []byte
	test     dhcp.Test
	byteWide bool   // the option is one byte
	upper    bool   // compared in upper case
	ascii    *ascii // written as numbers; nil: as it is
	bits     int    // read as an integer of so many; 0: not
}

// ascii is what binary-to-ascii() makes of bytes.
type ascii struct {
	base, width int
	separator   string
}

// whole reports whether the operand is all of a value, as it was sent.
func (o *operand) whole() bool {
	return !o.constant && o.test.From == 0 && o.test.Length == 0 && o.ascii == nil && o.bits == 0
}

const dataHint = "conditions can look at option NAME, hardware, with substring(), suffix(), lcase(), ucase(), binary-to-ascii() and extract-int(), and at known"

func (e *expression) data() operand {
	if !e.deeper() {
		return operand{}
	}
	defer func() { e.depth-- }()
	t := e.take()
	o := operand{token: t}
	switch {
	case t.kind == kindText:
		o.constant, o.value = true, []byte(t.text)
	case t.is("option"):
		at := e.peek()
		o.test = e.option()
		if named, ok := e.lookUp(at); ok {
			o.byteWide = len(named.typ.fields) == 1 && !named.typ.array && (named.typ.fields[0] == elementUint8 || named.typ.fields[0] == elementInt8 || named.typ.fields[0] == elementBool)
		}
	case t.is("hardware"):
		o.test.Source = dhcp.SourceHardware
	case t.is("substring"), t.is("suffix"), t.is("lcase"), t.is("ucase"), t.is("concat"), t.is("binary-to-ascii"), t.is("extract-int"), t.is("encode-int"):
		e.expect("(")
		o = e.function(t)
		e.expect(")")
	case t.kind == kindWord && strings.Contains(t.text, ":"):
		value, ok := parseHex(t)
		if !ok {
			e.fail(t, "bytes are written in hex, with colons: 00:07", "%s is no value", t)
		}
		o.constant, o.value = true, value
	case t.kind == kindWord && (t.text[0] >= '0' && t.text[0] <= '9' || isByte(t)):
		o.constant, o.number = true, true
	case t.kind == kindWord:
		e.fail(t, dataHint, "%s is not supported in a condition", t)
	default:
		e.missing(t, "a value")
	}
	return o
}

// function reads what stands in the parentheses of one.
func (e *expression) function(name token) operand {
	switch {
	case name.is("substring"):
		o := e.data()
		e.expect(",")
		from := e.integer()
		e.expect(",")
		return e.substring(name, o, from, e.integer())
	case name.is("suffix"):
		o := e.data()
		e.expect(",")
		return e.suffix(name, o, e.integer())
	case name.is("concat"):
		return e.concat(name)
	case name.is("binary-to-ascii"):
		return e.binaryToASCII(name)
	case name.is("extract-int"):
		o := e.data()
		e.expect(",")
		o.bits = e.width()
		if o.constant || o.ascii != nil || o.test.Suffix && o.test.Length*8 != o.bits || o.test.Length > 0 && o.test.Length*8 < o.bits {
			e.fail(name, dataHint, "extract-int of this is not supported")
		}
		return o
	case name.is("encode-int"):
		n := e.integer()
		e.expect(",")
		bits := e.width()
		return operand{token: name, constant: true, value: binary.BigEndian.AppendUint64(nil, uint64(n))[8-bits/8:]}
	}
	o := e.data() // lcase or ucase
	o.token, o.upper, o.test.Lower = name, name.is("ucase"), true
	if o.constant || o.bits > 0 {
		e.fail(name, "write it as it has to be", "%s of this is not supported", name)
	}
	return o
}

// substring is of so many bytes from one on; beyond the end there are none.
func (e *expression) substring(name token, o operand, from, n int) operand {
	o.token = name
	switch {
	case o.constant && !o.number:
		o.value = o.value[min(from, len(o.value)):]
		o.value = o.value[:min(n, len(o.value))]
	case o.constant, o.ascii != nil, o.bits > 0, o.test.Suffix:
		e.fail(name, "take the substring of an option or of hardware, and everything else of that", "substring of this is not supported")
	case n == 0 || o.test.Length > 0 && from >= o.test.Length:
		e.fail(name, "leave it out", "a substring that is always empty")
	default:
		if o.test.Length > 0 {
			n = min(n, o.test.Length-from)
		}
		o.test.From, o.test.Length = o.test.From+from, n
	}
	return o
}

// suffix is the last so many bytes, or all if there are less.
func (e *expression) suffix(name token, o operand, n int) operand {
	o.token = name
	switch {
	case o.constant && !o.number:
		o.value = o.value[max(0, len(o.value)-n):]
	case !o.whole() && !(o.test.Suffix && o.ascii == nil && o.bits == 0):
		e.fail(name, "take the suffix of an option or of hardware, and everything else of that", "suffix of this is not supported")
	case n == 0:
		e.fail(name, "leave it out", "a suffix that is always empty")
	default:
		if o.test.Suffix {
			n = min(n, o.test.Length)
		}
		o.test.Suffix, o.test.Length = true, n
	}
	return o
}

func (e *expression) concat(name token) operand {
	whole := operand{token: name, constant: true}
	for {
		o := e.data()
		if !o.constant || o.number {
			e.fail(o.token, "compare each part by itself, with and", "concat of anything but constants is not supported")
			return whole
		}
		whole.value = append(whole.value, o.value...)
		if !e.accept(",") {
			return whole
		}
	}
}

func (e *expression) binaryToASCII(name token) operand {
	base := e.integer()
	e.expect(",")
	width := e.width()
	e.expect(",")
	separator := e.take()
	e.expect(",")
	o := e.data()
	o.token, o.ascii = name, &ascii{base, width, separator.text}
	switch {
	case e.err != nil:
	case base != 8 && base != 10 && base != 16:
		e.fail(name, "bases are 8, 10 and 16", "binary-to-ascii with base %d", base)
	case separator.kind != kindText || separator.text == "":
		e.fail(separator, `write a separator: ":"`, "binary-to-ascii without a separator")
	case o.constant || o.bits > 0:
		e.fail(name, dataHint, "binary-to-ascii of this is not supported")
	}
	return o
}

func (e *expression) integer() int {
	t := e.take()
	n, err := strconv.ParseUint(t.text, 0, 32)
	if err != nil || t.kind != kindWord {
		e.missing(t, "a number")
	}
	return int(n)
}

// width is a number of bits.
func (e *expression) width() int {
	t := e.peek()
	n := e.integer()
	if e.err == nil && n != 8 && n != 16 && n != 32 {
		e.fail(t, "widths are 8, 16 and 32 bits", "a width of %d", n)
	}
	return max(8, min(n, 32))
}

// option is one by name, as it is found in a message.
func (e *expression) option() dhcp.Test {
	t := e.take()
	o, known := e.lookUp(t)
	switch {
	case t.kind != kindWord:
		e.missing(t, "the name of an option")
	case !known:
		e.fail(t, "define it before: option "+t.text+" code N = TYPE;", "option %s is not known", t)
	case o.space != "" && e.spaces[o.space] == 0:
		e.fail(t, "say where the suboptions are: option NAME code N = encapsulate "+o.space+";", "option space %s is in no option", o.space)
	case o.space != "":
		return dhcp.Test{Source: dhcp.SourceSuboption, Option: e.spaces[o.space], Suboption: o.code}
	}
	return dhcp.Test{Option: o.code}
}

// compare is the match for clients of which both sides are equal. The error is
// an *Error.
func compare(op token, left, right operand) (dhcp.Match, error) {
	if left.constant {
		left, right = right, left
	}
	if left.constant || !right.constant {
		return dhcp.Match{}, errorAt(op.Pos, "compare a part of the client's message with a constant", "a comparison of two constants or of two options is not supported")
	}
	t := left.test
	want, err := left.wanted(right)
	if err != nil {
		return dhcp.Match{}, err
	}
	if left.upper && string(want) != strings.ToUpper(string(want)) {
		return dhcp.Match{}, errorAt(right.Pos, "write it in upper case", "what ucase() gives has no small letters as in %s", right.token)
	}
	if t.Lower {
		want = []byte(strings.ToLower(string(want)))
		if !left.upper && string(want) != string(right.value) && left.ascii == nil {
			return dhcp.Match{}, errorAt(right.Pos, "write it in lower case", "what lcase() gives has no capitals as in %s", right.token)
		}
	}
	if left.ascii != nil {
		t.Lower = false
		if want, err = left.ascii.bytes(right.token, want); err != nil {
			return dhcp.Match{}, err
		}
	}
	t.Equal = want
	if m, ok := byMAC(t); ok {
		return m, nil
	}
	if class := string(want); t.Source == dhcp.SourceOption && t.Option == dhcp.OptionVendorClass && t.From == 0 && t.Length == len(class) &&
		!t.Suffix && !t.Lower && class != "" && !strings.Contains(class, "\x00") {
		return dhcp.Match{VendorClass: []string{class}}, nil // how it begins
	}
	return dhcp.Match{Test: &t}, nil
}

// wanted are the bytes of the constant, as those of the left side are looked at.
func (o *operand) wanted(right operand) ([]byte, error) {
	switch {
	case o.bits > 0:
		n, err := strconv.ParseUint(right.text, 0, o.bits)
		if !right.number || err != nil {
			return nil, errorAt(right.Pos, "write a number", "%s is not a number of %d bits", right.token, o.bits)
		}
		if !o.test.Suffix {
			o.test.Length = o.bits / 8
		}
		return binary.BigEndian.AppendUint64(nil, n)[8-o.bits/8:], nil
	case right.number && isByte(right.token) && o.ascii == nil && (o.test.Length == 1 || o.byteWide && o.whole()):
		v, _ := parseHex(right.token)
		return v, nil
	}
	if right.number {
		return nil, errorAt(right.Pos, "options are compared as bytes: option arch = 00:07", "%s is a number, which no option equals", right.token)
	}
	return right.value, nil
}

// isByte reports whether a word is one byte in hex.
func isByte(t token) bool {
	v, ok := parseHex(t)
	return ok && len(v) == 1
}

// bytes is the way back from the text of binary-to-ascii(), which writes numbers
// without zeros before them.
func (a *ascii) bytes(t token, text []byte) ([]byte, error) {
	var data []byte
	for part := range strings.SplitSeq(string(text), a.separator) {
		n, err := strconv.ParseUint(part, a.base, a.width)
		if err != nil || strconv.FormatUint(n, a.base) != part {
			return nil, errorAt(t.Pos, "it writes small letters, and no zeros before a number: 0:c:29", "binary-to-ascii never gives %s", t)
		}
		data = append(data, binary.BigEndian.AppendUint64(nil, n)[8-a.width/8:]...)
	}
	return data, nil
}

// byMAC is the match for a test of an Ethernet address, where it is one.
func byMAC(t dhcp.Test) (dhcp.Match, bool) {
	if t.Source != dhcp.SourceHardware || t.Suffix || t.Lower || t.From > 1 || t.From == 0 && (len(t.Equal) < 2 || t.Equal[0] != dhcp.HTypeEthernet) {
		return dhcp.Match{}, false
	}
	mac := t.Equal[1-t.From:]
	whole := t.Length == 0 && len(mac) == 6
	if part := t.Length == len(t.Equal) && 1 <= len(mac) && len(mac) <= 6; !whole && !part {
		return dhcp.Match{}, false
	}
	return dhcp.Match{MAC: []dhcp.MACPrefix{dhcp.MACPrefix(mac)}}, true
}
