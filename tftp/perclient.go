package tftp

import (
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"strings"
)

// PerClient looks for a name first in the folders of s that are the client's
// own, then in s itself. folders are their names for an address; it is called
// for every request. The folders are part of s, so other clients can ask for
// what is in them too: they tell clients apart, they hide nothing.
func PerClient(folders func(netip.Addr) []string, s Source) Source {
	return SourceFunc(func(name string, client netip.AddrPort) (File, error) {
		for _, folder := range folders(client.Addr().Unmap()) {
			f, err := s.Open(folder+"/"+name, client)
			if !errors.Is(err, fs.ErrNotExist) {
				return f, err
			}
		}
		return s.Open(name, client)
	})
}

// IPFolders names folders by the client's address: "192.0.2.7", then C0000207 as
// PXELINUX names files.
func IPFolders(client netip.Addr) []string {
	return []string{client.WithZone("").String(), HexAddr(client)}
}

// MACFolders names folders by the client's hardware address as PXELINUX does,
// 01-52-54-00-12-34-56 with the hardware type in front. lookup finds the address,
// nil for a client whose address is not known; such a client has no folder.
func MACFolders(lookup func(netip.Addr) net.HardwareAddr) func(netip.Addr) []string {
	return func(client netip.Addr) []string {
		mac := lookup(client)
		if len(mac) != 6 {
			return nil
		}
		return []string{"01-" + strings.ReplaceAll(mac.String(), ":", "-")}
	}
}
