package dhcp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"pxe/boot"
	"pxe/dhcp/lease"
)

// ErrNoClient is a message that does not tell who sent it, or cannot be
// answered because of what it tells.
var ErrNoClient = errors.New("no usable client address")

// Classify describes the machine behind a client's message, by the options that
// boot firmware sends. The error wraps ErrNoClient; everything else that is
// wrong with an option makes it count as not sent.
func Classify(m *Message) (boot.Machine, error) {
	machine := boot.Machine{
		MAC:         m.CHAddr,
		HWType:      m.HType,
		UUID:        uuidOf(m.Options),
		VendorClass: cString(m.Options.Get(OptionVendorClass)),
		UserClass:   userClass(m.Options),
	}
	machine.Arch, machine.HasArch = archOf(m.Options, machine.VendorClass)
	machine.Kind = kindOf(m, machine)
	return machine, checkClient(m)
}

// checkClient refuses hardware addresses that nobody has. An InfiniBand client
// has none in its message, and is known by option 61 (RFC 4390 2.1).
func checkClient(m *Message) error {
	if m.HType == HTypeInfiniBand {
		if len(m.Options.Get(OptionClientID)) == 0 {
			return fmt.Errorf("%w: InfiniBand without a client identifier", ErrNoClient)
		}
		return nil
	}
	if m.HType == HTypeEthernet && len(m.CHAddr) != 6 {
		return fmt.Errorf("%w: Ethernet address of %d bytes", ErrNoClient, len(m.CHAddr))
	}
	if strings.Trim(string(m.CHAddr), "\x00") == "" {
		return fmt.Errorf("%w: all zero", ErrNoClient)
	}
	if m.HType == HTypeEthernet && m.CHAddr[0]&1 != 0 {
		return fmt.Errorf("%w: %s is a group address", ErrNoClient, m.CHAddr)
	}
	return nil
}

func kindOf(m *Message, is boot.Machine) boot.Kind {
	switch class := is.VendorClass; {
	case is.UserClass == "iPXE" || m.Options.Has(OptionIPXE):
		return boot.KindIPXE
	case strings.HasPrefix(class, ClassPXE) && raspberryPi(is):
		return boot.KindRPi
	case strings.HasPrefix(class, ClassPXE):
		return boot.KindPXE
	case strings.HasPrefix(class, ClassHTTP):
		return boot.KindHTTP
	case strings.HasPrefix(class, "U-Boot"):
		return boot.KindUBoot
	case class == "" && asGRUB(m.Options):
		return boot.KindGRUB
	}
	return boot.KindPlain
}

// raspberryPi recognises the boot ROM of a Raspberry Pi. It says BIOS, whatever
// the board is, so the MAC decides (tinkerbell/smee tells them by it too); with
// UEFI firmware on it the same board says efi-arm64 and is like any other.
func raspberryPi(is boot.Machine) bool {
	if is.HasArch && is.Arch == boot.ArchRPiBoot {
		return true
	}
	if is.HasArch && is.Arch != boot.ArchBIOS || len(is.MAC) != 6 {
		return false
	}
	switch [3]byte(is.MAC) {
	case [3]byte{0xb8, 0x27, 0xeb}, [3]byte{0xdc, 0xa6, 0x32}, [3]byte{0xe4, 0x5f, 0x01},
		[3]byte{0x28, 0xcd, 0xc1}, [3]byte{0xd8, 0x3a, 0xdd}, [3]byte{0x2c, 0xcf, 0x67}:
		return true
	}
	return false
}

// asGRUB recognises net_dhcp of GRUB, which names itself nowhere: its DISCOVER
// has the message type alone, its REQUEST always the same list of wishes (GRUB
// net/bootp.c).
func asGRUB(opts Options) bool {
	for _, o := range opts {
		switch o.Code {
		case OptionMessageType, OptionServerID, OptionRequestedAddress:
		case OptionParameterList:
			if string(o.Data) != "\x01\x03\x06\x0f\x0c\x11\x12" {
				return false
			}
		default:
			return false
		}
	}
	t := opts.Get(OptionMessageType)
	return len(t) == 1 && (MessageType(t[0]) == TypeDiscover && len(opts) == 1 || MessageType(t[0]) == TypeRequest && opts.Has(OptionParameterList))
}

// archOf is the first architecture of option 93 that is in the registry, else
// the first of all. Without option 93 it is the one that option 60 names: some
// ROMs send only that.
func archOf(opts Options, class string) (arch boot.Arch, ok bool) {
	v := opts.Get(OptionClientArch)
	for i := 0; i+2 <= len(v); i += 2 {
		a := boot.Arch(binary.BigEndian.Uint16(v[i:]))
		if a.Known() {
			return a, true
		}
		if i == 0 {
			arch, ok = a, true
		}
	}
	if ok {
		return arch, true
	}
	// "PXEClient:Arch:00007:UNDI:003016"
	if parts := strings.Split(class, ":"); len(parts) >= 3 && parts[1] == "Arch" {
		n, err := strconv.ParseUint(parts[2], 10, 16)
		return boot.Arch(n), err == nil
	}
	return 0, false
}

// uuidOf is option 97: a type byte of 0 and 16 bytes (RFC 4578 2.3).
func uuidOf(opts Options) []byte {
	v := opts.Get(OptionClientUUID)
	if len(v) != 17 || v[0] != 0 {
		return nil
	}
	return v[1:]
}

// userClass is option 77: text as iPXE sends it, or the first entry of the list
// that RFC 3004 wants.
func userClass(opts Options) string {
	v := opts.Get(OptionUserClass)
	if len(v) > 0 && rfc3004(v) {
		return string(v[1 : 1+v[0]])
	}
	return cString(v)
}

// rfc3004 reports whether v is a list of length-prefixed values to its end.
func rfc3004(v []byte) bool {
	for len(v) > 0 {
		n := int(v[0])
		if n == 0 || n >= len(v) {
			return false
		}
		v = v[1+n:]
	}
	return true
}

// keyOf is whose lease a message is about. One machine asks with different
// client identifiers, or none, from its firmware, its boot loader and its
// installer; keyed on those it would get an address each time. So a lease
// belongs to the hardware address, unless byID asks for the rule of RFC 2131
// 4.2 or the hardware has no address.
//
// The form is that of the client identifier which most clients send, type and
// address: those keep their lease when byID changes.
func keyOf(m *Message, byID bool) lease.Key {
	id := m.Options.Get(OptionClientID)
	if (byID || m.HType == HTypeInfiniBand) && len(id) > 0 && len(id) <= 255 {
		return lease.Key(id)
	}
	return lease.Key(append([]byte{m.HType}, m.CHAddr...))
}
