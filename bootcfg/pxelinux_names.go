package bootcfg

import (
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"pxe/boot"
)

// pxelinuxDir is where PXELINUX looks, below its prefix.
const pxelinuxDir = "pxelinux.cfg/"

// PXELINUXLookup lists the files that PXELINUX asks for, in this order, until
// it finds one (core/fs/pxe/pxe.c): by UUID, by hardware address, by IPv4
// address and ever fewer of its digits, default. They are below its prefix (see
// PXELINUXPrefix). uuid is option 97 in wire order. What is not given is left
// out, and so is a UUID that PXELINUX does not believe in.
func PXELINUXLookup(uuid []byte, hwtype uint8, mac net.HardwareAddr, ip netip.Addr) []string {
	var names []string
	if name, err := PXELINUXNameUUID(uuid); err == nil {
		names = append(names, name)
	}
	if len(mac) > 0 {
		names = append(names, PXELINUXNameMAC(hwtype, mac))
	}
	if ip.Unmap().Is4() {
		for bits := 32; bits > 0; bits -= 4 {
			name, err := PXELINUXNameIP(netip.PrefixFrom(ip.Unmap(), bits))
			if err == nil {
				names = append(names, name)
			}
		}
	}
	return append(names, PXELINUXDefault)
}

// PXELINUXDefault is the file for machines that have none of their own.
const PXELINUXDefault = pxelinuxDir + "default"

// PXELINUXNameUUID is the file for the machine with a UUID, 16 bytes in wire
// order. PXELINUX does not ask for UUIDs whose seventh byte is below 10 or above
// EF (core/sysappend.c), as the all-zero one; they are an error.
func PXELINUXNameUUID(uuid []byte) (string, error) {
	if len(uuid) != 16 {
		return "", fmt.Errorf("a UUID has 16 bytes, not %d", len(uuid))
	}
	if uuid[6] < 0x10 || uuid[6] >= 0xF0 {
		return "", fmt.Errorf("PXELINUX never asks for UUID %s: its third group must begin with 1 to e", boot.FormatUUID(uuid))
	}
	return pxelinuxDir + boot.FormatUUID(uuid), nil
}

// PXELINUXNameMAC is the file for the machine with a hardware address; hwtype
// is the ARP hardware type, 1 for Ethernet.
func PXELINUXNameMAC(hwtype uint8, mac net.HardwareAddr) string {
	return fmt.Sprintf("%s%02x-%s", pxelinuxDir, hwtype, strings.ReplaceAll(strings.ToLower(mac.String()), ":", "-"))
}

// PXELINUXNameIP is the file for the machines in an IPv4 network: one address,
// or one of a length of whole hexadecimal digits (/4, /8 ... /28).
func PXELINUXNameIP(p netip.Prefix) (string, error) {
	if !p.Addr().Is4() || p.Bits() <= 0 || p.Bits()%4 != 0 {
		return "", fmt.Errorf("%s is not an IPv4 address, nor a network of /4, /8 ... /28", p)
	}
	b := p.Masked().Addr().As4()
	return pxelinuxDir + strings.ToUpper(hex.EncodeToString(b[:]))[:p.Bits()/4], nil
}

// PXELINUXPrefix is the folder that PXELINUX derives from its boot file name
// and puts before every relative name: everything up to the last character that
// is not a letter, a digit, a dot or a dash. DHCP option 210 replaces it.
func PXELINUXPrefix(bootFile string) string {
	i := len(bootFile)
	for i > 0 && inFileName(bootFile[i-1]) {
		i--
	}
	return bootFile[:i]
}

func inFileName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-'
}

// ResolvePXELINUX is the file that a name in a PXELINUX configuration means: a
// path on the TFTP server that PXELINUX came from, or a URL for another. A name
// is relative to the prefix, without regard to slashes, unless it begins with
// "::" (the server's root), "host::" (that of another) or is a URL
// (core/fs/pxe/urlparse.c).
func ResolvePXELINUX(prefix, name string) string {
	kind, colon := pxelinuxPath(name)
	switch {
	case kind == pathURL:
		return name
	case kind == pathServer && colon == 0:
		return name[2:]
	case kind == pathServer:
		return "tftp://" + name[:colon] + "/" + strings.TrimPrefix(name[colon+2:], "/")
	}
	if kind, _ := pxelinuxPath(prefix); kind != pathRelative {
		return ResolvePXELINUX("", prefix+name)
	}
	return prefix + name
}

type pathKind uint8

const (
	pathRelative pathKind = iota
	pathServer            // server::path
	pathURL
)

// pxelinuxPath tells how a name is written, by its first colon.
func pxelinuxPath(name string) (kind pathKind, colon int) {
	colon = strings.IndexByte(name, ':')
	if colon < 0 {
		return pathRelative, colon
	}
	switch rest := name[colon+1:]; {
	case strings.HasPrefix(rest, "//"):
		return pathURL, colon
	case strings.HasPrefix(rest, ":"):
		return pathServer, colon
	}
	return pathRelative, colon
}
