package dhcp

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"

	"pxe/boot"
	"pxe/dhcp/lease"
)

// Match says which clients something is for. Whatever is set in it has to hold,
// and of a list one entry, so the zero Match is for everybody.
type Match struct {
	// Arch is what the client says to be (option 93; a BIOS if it does not say).
	// Of one that does HTTP Boot, that of the same machine without it counts too.
	Arch []boot.Arch
	Kind []boot.Kind
	MAC  []MACPrefix
	// UUID is that of option 97, in the order of the wire or as dmidecode has it.
	UUID [][16]byte
	// Subnet holds the address that the client gets.
	Subnet []netip.Prefix
	// Range is one of the Ranges from which the client gets its address; a host's
	// own address is from none.
	Range []lease.Range
	// VendorClass is what option 60 begins with, UserClass what option 77 is.
	VendorClass, UserClass []string
	// CircuitID and RemoteID are what the relay adds (82.1 and 82.2).
	CircuitID, RemoteID []string
	// Known clients are configured hosts.
	Known bool
	// Test looks at any other part of the message.
	Test *Test

	All []Match // every one holds
	Any []Match // one holds at least
	Not *Match  // does not hold
}

// MACPrefix is the beginning of a hardware address, or all of it.
type MACPrefix string

func (p MACPrefix) String() string {
	var parts []string
	for _, b := range []byte(p) {
		parts = append(parts, hex.EncodeToString([]byte{b}))
	}
	return strings.Join(parts, ":")
}

// client is what a Match is about.
type client struct {
	m       *Message
	machine boot.Machine
	subnet  netip.Prefix // of the address that it gets; the zero Prefix: not known
	ranges  []lease.Range
	known   bool
}

// holds reports whether the client is one of those.
func (m *Match) holds(c *client) bool {
	if !m.fields(c) || m.Test != nil && !m.Test.holds(c) || m.Not != nil && m.Not.holds(c) {
		return false
	}
	for i := range m.All {
		if !m.All[i].holds(c) {
			return false
		}
	}
	for i := range m.Any {
		if m.Any[i].holds(c) {
			return true
		}
	}
	return len(m.Any) == 0
}

// fields reports whether everything holds that has a field of its own.
func (m *Match) fields(c *client) bool {
	is := &c.machine
	arch := boot.ArchBIOS
	if is.HasArch {
		arch = is.Arch
	}
	return (len(m.Arch) == 0 || slices.Contains(m.Arch, arch) || slices.Contains(m.Arch, arch.Base())) &&
		(len(m.Kind) == 0 || slices.Contains(m.Kind, is.Kind)) &&
		(len(m.MAC) == 0 || slices.ContainsFunc(m.MAC, func(p MACPrefix) bool { return strings.HasPrefix(string(is.MAC), string(p)) })) &&
		(len(m.UUID) == 0 || slices.ContainsFunc(m.UUID, func(u [16]byte) bool {
			return bytes.Equal(u[:], is.UUID) || bytes.Equal(boot.SwapUUID(u[:]), is.UUID)
		})) &&
		(len(m.Subnet) == 0 || slices.ContainsFunc(m.Subnet, func(p netip.Prefix) bool { return p.Contains(c.subnet.Addr()) })) &&
		(len(m.Range) == 0 || overlapping(m.Range, c.ranges)) &&
		(len(m.VendorClass) == 0 || slices.ContainsFunc(m.VendorClass, func(s string) bool { return strings.HasPrefix(is.VendorClass, s) })) &&
		(len(m.UserClass) == 0 || slices.Contains(m.UserClass, is.UserClass)) &&
		relaySays(c.m, RelayCircuitID, m.CircuitID) && relaySays(c.m, RelayRemoteID, m.RemoteID) &&
		(!m.Known || c.known)
}

// relaySays reports whether a suboption of option 82 is one of those values;
// without values everything is.
func relaySays(m *Message, code uint8, values []string) bool {
	if len(values) == 0 {
		return true
	}
	sub, err := ParseOptions(m.Options.Get(OptionRelayAgent))
	return err == nil && sub.Has(code) && slices.Contains(values, string(sub.Get(code)))
}

// namesArch reports whether the Match holds for clients of certain architectures
// alone, so that whoever wrote it thought of what these can run.
func (m *Match) namesArch() bool {
	named := func(m Match) bool { return m.namesArch() }
	return len(m.Arch) > 0 || len(m.UUID) > 0 || m.namesMAC() ||
		m.Test != nil && m.Test.Option == OptionClientArch || m.namesClass() ||
		slices.ContainsFunc(m.All, named) || len(m.Any) > 0 && !slices.ContainsFunc(m.Any, func(m Match) bool { return !m.namesArch() })
}

// namesMAC reports whether whole addresses are named, so single machines.
func (m *Match) namesMAC() bool {
	return len(m.MAC) > 0 && !slices.ContainsFunc(m.MAC, func(p MACPrefix) bool { return len(p) < 6 })
}

// namesClass reports whether the vendor class is looked at as far as the
// architecture in it: "PXEClient:Arch:00007".
func (m *Match) namesClass() bool {
	reaches := func(class string) bool { return strings.Contains(class, ":Arch:") }
	return len(m.VendorClass) > 0 && !slices.ContainsFunc(m.VendorClass, func(s string) bool { return !reaches(s) }) ||
		m.Test != nil && m.Test.Option == OptionVendorClass && reaches(string(m.Test.Equal))
}

// Test looks at one value of the client's message. Without the value it does not
// hold.
type Test struct {
	Source Source
	// Option is the code of SourceOption and around SourceSuboption, whose own
	// code is Suboption.
	Option, Suboption uint8
	// Exists asks whether the value is there, and for nothing more.
	Exists bool
	// From and Length are the part to compare: from that byte, so many bytes; 0 is
	// up to the end. With Suffix it is the last so many bytes.
	From, Length int
	Suffix       bool
	Lower        bool // compare in lower case
	Equal        []byte
}

// Source is where a Test finds its value.
type Source uint8

// The sources.
const (
	SourceOption    Source = iota
	SourceSuboption        // of an option such as 43, 82, 175
	SourceHardware         // the type and the hardware address: 01:52:54:00:12:34:56
)

func (t *Test) holds(c *client) bool {
	v, ok := t.value(c.m)
	switch {
	case t.Exists:
		return ok
	case !ok:
		return false
	}
	if t.Suffix {
		v = v[max(0, len(v)-t.Length):]
	} else {
		v = v[min(t.From, len(v)):]
		if t.Length > 0 {
			v = v[:min(t.Length, len(v))]
		}
	}
	if t.Lower {
		v = bytes.ToLower(v)
	}
	return bytes.Equal(v, t.Equal)
}

func (t *Test) value(m *Message) (v []byte, ok bool) {
	switch t.Source {
	case SourceHardware:
		return append([]byte{m.HType}, m.CHAddr...), true
	case SourceSuboption:
		sub, err := ParseOptions(m.Options.Get(t.Option))
		return sub.Get(t.Suboption), err == nil && sub.Has(t.Suboption)
	}
	return m.Options.Get(t.Option), m.Options.Has(t.Option)
}
