package bootcfg

import (
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"pxe/boot"
)

// GRUBLookup lists the files that GRUB asks for below its prefix, in this
// order, until it finds one (net/net.c): by UUID, by hardware address, by IP
// address, for IPv4 with ever fewer of its digits, and grub.cfg. GRUB learns the
// UUID only from a DHCP server that echoes option 97; uuid is in wire order.
// Only a GRUB whose prefix is on TFTP asks for more than grub.cfg.
func GRUBLookup(uuid []byte, mac net.HardwareAddr, ip netip.Addr) []string {
	const name = "grub.cfg"
	var names []string
	if s := boot.FormatUUID(uuid); s != "" {
		names = append(names, name+"-"+s)
	}
	if len(mac) > 0 {
		names = append(names, name+"-01-"+strings.ReplaceAll(mac.String(), ":", "-"))
	}
	switch ip = ip.Unmap(); {
	case ip.Is4():
		b := ip.As4()
		digits := strings.ToUpper(hex.EncodeToString(b[:]))
		for n := len(digits); n > 0; n-- {
			names = append(names, name+"-"+digits[:n])
		}
	case ip.Is6():
		b := ip.As16()
		groups := make([]string, 8)
		for i := range groups {
			groups[i] = fmt.Sprintf("%x", uint16(b[2*i])<<8|uint16(b[2*i+1]))
		}
		names = append(names, name+"-"+strings.Join(groups, "-"))
	}
	return append(names, name)
}
