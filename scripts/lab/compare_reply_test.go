//go:build linux

package lab

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"pxe/dhcp"
	"pxe/wire"
)

// answer is what a server makes of a message.
type answer struct {
	*dhcp.Reply // nil: silence
	at          wire.Datagram
}

// fields are the parts of an answer, by their names.
type fields map[string]string

// silent is the value of the field "answer" without a reply.
const silent = "silence"

// fields writes down all of an answer. What each server is free to choose, or
// what repeats the question, is called by what it is.
func (a exchange) fields(f comparedFile) fields {
	asked := a.asked
	if a.Reply == nil {
		return fields{"answer": silent}
	}
	out := fields{
		"answer": a.Type().String(), "from": a.at.Src.String(), "to": a.to(),
		"op": strconv.Itoa(int(a.Op)), "htype": strconv.Itoa(int(a.HType)), "hops": strconv.Itoa(int(a.Hops)), "secs": strconv.Itoa(int(a.Secs)),
		"flags": fmt.Sprintf("%#04x", a.Flags), "chaddr": a.CHAddr.String(), "sname": a.SName, "file": a.File,
		"siaddr": a.SIAddr.String(), "giaddr": a.GIAddr.String(), "ciaddr": a.CIAddr.String(), "yiaddr": f.place(a.YIAddr),
		"first option": "none", "padded": strconv.FormatBool(len(a.Raw) >= 300),
	}
	if want, _ := asked.Options.Addr(dhcp.OptionRequestedAddress); !a.YIAddr.IsUnspecified() {
		switch a.YIAddr {
		case want, asked.CIAddr:
			out["yiaddr"] = "as asked"
		case a.had:
			out["yiaddr"] = "as before"
		default:
			if a.had.IsValid() {
				out["yiaddr"] = "another than before"
			}
		}
	}
	if a.SIAddr == a.at.Src.Addr() {
		out["siaddr"] = "the server"
	}
	if a.CIAddr == asked.CIAddr && !a.CIAddr.IsUnspecified() {
		out["ciaddr"] = "as asked"
	}
	for _, d := range a.Defects {
		out["defect "+d.String()] = "there"
	}
	if len(a.Options) > 0 {
		out["first option"] = strconv.Itoa(int(a.Options[0].Code))
	}
	for i, o := range dhcp.Describe(a.Options) {
		out[optionField(o.Code)] = a.value(o, a.Options[i].Data)
	}
	if i := slices.IndexFunc(a.Options, func(o dhcp.RawOption) bool { return o.Code == dhcp.OptionRelayAgent }); i >= 0 {
		out["82 is last"] = strconv.FormatBool(i == len(a.Options)-1)
	}
	return out
}

// value is an option's value, called by what it is where other values tell it.
func (a exchange) value(o dhcp.OptionText, raw []byte) string {
	term, _ := a.Options.Uint32(dhcp.OptionLeaseTime)
	is := func(n uint32) bool {
		got, ok := a.Options.Uint32(o.Code)
		return ok && got == n
	}
	switch {
	case a.asked.Options.Has(o.Code) && bytes.Equal(a.asked.Options.Get(o.Code), raw):
		return "as sent"
	case o.Code == dhcp.OptionBootFileName && a.File != "" && string(raw) == a.File+"\x00":
		return "file and NUL"
	case o.Code == dhcp.OptionTFTPServerName && string(raw) == a.SIAddr.String()+"\x00":
		return "siaddr and NUL"
	case o.Code == dhcp.OptionRenewalTime && is(term/2):
		return "half of 51"
	case o.Code == dhcp.OptionRebindingTime && is(uint32(uint64(term)*7/8)):
		return "7/8 of 51"
	case o.Code == dhcp.OptionBroadcast && bytes.Equal(raw, a.broadcast()):
		return "of the network"
	case bytes.HasSuffix(raw, []byte{0}) && o.Value == strings.TrimSuffix(string(raw), "\x00"):
		return o.Value + " and NUL"
	}
	return o.Value
}

// broadcast is the broadcast address that follows from the client's address and
// its mask.
func (a exchange) broadcast() []byte {
	addr := a.YIAddr.AsSlice()
	if a.YIAddr.IsUnspecified() { // to an INFORM
		addr = a.CIAddr.AsSlice()
	}
	mask := a.Options.Get(dhcp.OptionSubnetMask)
	for i := range min(len(addr), len(mask)) {
		addr[i] |= ^mask[i]
	}
	return addr
}

func optionField(code uint8) string { return fmt.Sprintf("option %d", code) }

// to is the destination of the packet and of its frame.
func (a answer) to() string {
	ip := a.at.Dst.Addr()
	name := ip.String()
	switch {
	case ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		name = "all"
	case a.GIAddr == ip:
		name = "giaddr"
	case a.CIAddr == ip:
		name = "ciaddr"
	case a.YIAddr == ip:
		name = "yiaddr"
	}
	frame := "its host"
	if a.at.DstMAC[0]&1 != 0 {
		frame = "all"
	}
	return fmt.Sprintf("%s, port %d, in a frame to %s", name, a.at.Dst.Port(), frame)
}

// difference is one field in which two answers differ.
type difference struct {
	file, client, step, field string
	theirs, ours              string
}

// none is the value of a field that an answer does not have.
const none = "none"

// slack is by how many seconds times may differ: dhcpd tells what is left of a lease.
const slack = 30

// differences compares two answers to one message.
func differences(f comparedFile, c simClient, step string, theirs, ours exchange) []difference {
	var all []difference
	differ := func(field, a, b string) { all = append(all, difference{f.name, c.name, step, field, a, b}) }
	their, our := theirs.fields(f), ours.fields(f)
	if their["answer"] != our["answer"] {
		differ("answer", their["answer"], our["answer"])
		return all
	}
	names := make(map[string]bool)
	for _, f := range []fields{their, our} {
		for name := range f {
			names[name] = true
		}
	}
	for name := range names {
		a, hasA := their[name]
		b, hasB := our[name]
		if !hasA {
			a = none
		}
		if !hasB {
			b = none
		}
		if a != b && !sameTime(name, theirs.answer, ours.answer) {
			differ(name, a, b)
		}
	}
	if theirs.Reply != nil {
		if a, b := common(theirs.Options, ours.Options), common(ours.Options, theirs.Options); a != b {
			differ("order", a, b)
		}
	}
	slices.SortFunc(all, func(a, b difference) int { return strings.Compare(a.field, b.field) })
	return all
}

// sameTime reports whether a field is a time and the two are the same but for
// what has passed of it.
func sameTime(field string, theirs, ours answer) bool {
	for _, code := range []uint8{dhcp.OptionLeaseTime, dhcp.OptionRenewalTime, dhcp.OptionRebindingTime} {
		if field == optionField(code) {
			a, okA := theirs.Options.Uint32(code)
			b, okB := ours.Options.Uint32(code)
			return okA && okB && max(a, b)-min(a, b) <= slack
		}
	}
	return false
}

// common is the order of those options that the other answer has too.
func common(opts, other dhcp.Options) string {
	var codes []string
	for _, o := range opts {
		if other.Has(o.Code) {
			codes = append(codes, strconv.Itoa(int(o.Code)))
		}
	}
	return strings.Join(codes, " ")
}
