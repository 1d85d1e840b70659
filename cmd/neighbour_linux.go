package cmd

import (
	"encoding/binary"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// neighbourMAC is the hardware address of a host on one of this host's networks,
// as the kernel knows it: whoever has just sent a packet is in its table. It is
// nil for a host behind a router.
func neighbourMAC(addr netip.Addr) net.HardwareAddr {
	family := unix.AF_INET
	if addr.Is6() {
		family = unix.AF_INET6
	}
	// ip(8) asks in the same way.
	table, err := syscall.NetlinkRIB(unix.RTM_GETNEIGH, family)
	if err != nil {
		return nil
	}
	messages, err := syscall.ParseNetlinkMessage(table)
	if err != nil {
		return nil
	}
	for _, m := range messages {
		if mac := neighbour(m.Data, addr); m.Header.Type == unix.RTM_NEWNEIGH && mac != nil {
			return mac
		}
	}
	return nil
}

// neighbour is the hardware address in an entry of the table, if it is that of
// addr and valid.
func neighbour(entry []byte, addr netip.Addr) net.HardwareAddr {
	const header = unix.SizeofNdMsg
	if len(entry) < header {
		return nil
	}
	index := int32(binary.NativeEndian.Uint32(entry[4:]))
	state := binary.NativeEndian.Uint16(entry[8:])
	if state&(unix.NUD_INCOMPLETE|unix.NUD_FAILED|unix.NUD_NOARP) != 0 || !onInterface(addr, int(index)) {
		return nil
	}
	found, mac := false, net.HardwareAddr(nil)
	for b := entry[header:]; len(b) >= unix.SizeofRtAttr; {
		size, kind := int(binary.NativeEndian.Uint16(b)), binary.NativeEndian.Uint16(b[2:])
		if size < unix.SizeofRtAttr || size > len(b) {
			break
		}
		value := b[unix.SizeofRtAttr:size]
		switch kind {
		case unix.NDA_DST:
			dst, _ := netip.AddrFromSlice(value)
			found = dst == addr.WithZone("")
		case unix.NDA_LLADDR:
			mac = net.HardwareAddr(value)
		}
		b = b[min((size+3)&^3, len(b)):]
	}
	if !found {
		return nil
	}
	return mac
}

// onInterface tells whether an address may be found on an interface: one with a
// zone on that alone.
func onInterface(addr netip.Addr, index int) bool {
	if addr.Zone() == "" {
		return true
	}
	i, err := net.InterfaceByIndex(index)
	return err == nil && i.Name == addr.Zone()
}

const knowsNeighbours = true
