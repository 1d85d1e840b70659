package boot

import (
	"encoding/hex"
	"fmt"
	"net"
	"slices"
	"strings"
)

// Kind is the software on a machine that asks, as its DHCP packet shows: the
// same machine asks as PXE firmware, then as iPXE, then as an operating system.
// The zero value is a plain DHCP client.
type Kind uint8

// The kinds of asking software.
const (
	KindPlain Kind = iota // no boot client: an operating system, a printer
	KindPXE               // option 60 starts with PXEClient
	KindHTTP              // option 60 starts with HTTPClient (UEFI HTTP Boot)
	KindIPXE              // option 77 is iPXE, or option 175 is there
	KindUBoot             // option 60 starts with U-Boot
	KindGRUB              // sends nothing but its message type, as GRUB's net_dhcp does
	KindRPi               // the boot ROM of a Raspberry Pi: PXEClient, and the MAC is one of theirs
)

var kindNames = [...]string{"plain", "pxe", "http", "ipxe", "uboot", "grub", "rpi"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return kindNames[KindPlain]
}

// ParseKind reads the name of a kind.
func ParseKind(s string) (Kind, error) {
	for k, name := range kindNames {
		if strings.EqualFold(s, name) {
			return Kind(k), nil
		}
	}
	return 0, fmt.Errorf("unknown kind of client %q: want one of %s", s, strings.Join(kindNames[:], ", "))
}

// KindNames lists every name that ParseKind takes.
func KindNames() []string { return slices.Clone(kindNames[:]) }

// Machine is a client as one DHCP packet of it describes it.
type Machine struct {
	MAC    net.HardwareAddr
	HWType uint8  // ARP hardware type: 1 for Ethernet
	UUID   []byte // the 16 bytes of option 97 in wire order; nil when not sent

	Arch    Arch // option 93; ArchBIOS unless HasArch
	HasArch bool
	Kind    Kind

	VendorClass string // option 60
	UserClass   string // option 77
}

// FormatUUID writes 16 bytes as lower-case text in the order in which they
// stand, which is how PXELINUX and GRUB name per-machine files. Firmware sends
// the first three groups little-endian, so the text differs from what dmidecode
// and Redfish show of the same machine. Anything but 16 bytes gives "".
func FormatUUID(raw []byte) string {
	if len(raw) != 16 {
		return ""
	}
	s := hex.EncodeToString(raw)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// SwapUUID is a UUID as dmidecode and Redfish show it, if raw is as firmware
// sends it, and the other way round: the first three groups in the other byte
// order. Anything but 16 bytes gives nil.
func SwapUUID(raw []byte) []byte {
	if len(raw) != 16 {
		return nil
	}
	u := slices.Clone(raw)
	slices.Reverse(u[:4])
	slices.Reverse(u[4:6])
	slices.Reverse(u[6:8])
	return u
}
