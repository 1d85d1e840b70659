package dhcpdconf

import (
	"encoding/binary"
	"fmt"

	"pxe/boot"
	"pxe/dhcp"
)

// client is a kind of machine: what conditions are asked about.
type client struct {
	kind boot.Kind
	arch boot.Arch // sent by every kind but plain ones
}

// unnamed is an architecture that no file can name: what it gets, it gets
// because the file does not look.
const unnamed boot.Arch = 0xfff0

// machine is the client that firmware of an architecture is.
func machine(a boot.Arch) client {
	switch {
	case a.HTTP():
		return client{boot.KindHTTP, a}
	case a.Platform() == boot.PlatformUBoot:
		return client{boot.KindUBoot, a}
	}
	return client{boot.KindPXE, a}
}

// readable reports whether conditions can ask for an option: it tells kinds of
// machines apart, and nothing else.
func readable(code uint8) bool {
	switch code {
	case dhcp.OptionVendorClass, dhcp.OptionUserClass, dhcp.OptionClientArch, dhcp.OptionIPXE:
		return true
	}
	return false
}

// option is the value of an option that the client sends; ok is false when it
// does not.
func (c client) option(code uint8) (value []byte, ok bool) {
	switch code {
	case dhcp.OptionVendorClass:
		class := map[boot.Kind]string{boot.KindPXE: dhcp.ClassPXE, boot.KindIPXE: dhcp.ClassPXE, boot.KindHTTP: dhcp.ClassHTTP}[c.kind]
		switch {
		case c.kind == boot.KindUBoot:
			return []byte("U-Boot"), true
		case class != "":
			return fmt.Appendf(nil, "%s:Arch:%05d:UNDI:003000", class, c.arch), true
		}
	case dhcp.OptionUserClass:
		return []byte("iPXE"), c.kind == boot.KindIPXE
	case dhcp.OptionIPXE:
		return []byte{dhcp.IPXEBusID, 0}, c.kind == boot.KindIPXE
	case dhcp.OptionClientArch:
		return binary.BigEndian.AppendUint16(nil, uint16(c.arch)), c.kind != boot.KindPlain
	}
	return nil, false
}
