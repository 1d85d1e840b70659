package probe

import (
	"fmt"
	"slices"
	"time"

	"pxe/boot"
	"pxe/dhcp"
	"pxe/fetch"
)

// Profile is one firmware, as data: what it sends, how long it waits, which
// offer it takes, and how it reads files. Profiles come from FindProfile; the
// zero value is no firmware.
type Profile struct {
	Name  string    // as users type it: "efi-x64"
	Title string    // as users read it
	Arch  boot.Arch // option 93

	undi       [3]byte // option 94: interface type, major, minor
	undiText   string  // the end of option 60, not always the same numbers
	params     []byte  // option 55
	discover   ask
	request    ask // secs are those of the last DISCOVER
	bootServer ask
	bootPort   uint16 // where boot server requests come from

	rules       []rule // which offers are taken, best first
	proxyWaits  int    // DISCOVER waits spent in the hope of a proxy, when the offer is plain DHCP
	strict      bool   // one malformed option drops the whole packet, in silence
	maxReply    int    // bytes of a reply, more is dropped; 0 is no limit
	maxOffers   int    // later ones are not looked at
	maskInOffer bool   // no subnet mask in the offer ends the boot

	headerFirst  bool           // header file before option 67
	askWithFile  bool           // an offer with option 60 and no PXE tags is asked on 4011 although it names a file
	serverFromID bool           // option 54 is the file server when siaddr is 0
	size13       bool           // option 13 is believed and the size is not asked for
	files        fetch.Firmware // how it asks for files
	maxNBP       int64          // bytes; 0 is no limit
}

// ask is a message and how it is repeated.
type ask struct {
	options []uint8 // in the order of the wire
	maxSize uint16  // option 57
	flags   uint16
	minSize int // padded to this many bytes
	waits   []time.Duration
	secs    []uint16 // one for each of waits; nil is the time since the first, as seconds
}

// Profiles are all firmware profiles, in the order of their option 93.
func Profiles() []Profile { return []Profile{biosROM(), edk2("efi-x64", boot.ArchEFIX64)} }

// FindProfile is the profile of that name.
func FindProfile(name string) (Profile, bool) {
	all := Profiles()
	i := slices.IndexFunc(all, func(p Profile) bool { return p.Name == name })
	if i < 0 {
		return Profile{}, false
	}
	return all[i], true
}

// uefi tells which of the two sets of error texts the firmware shows.
func (p Profile) uefi() bool { return p.Arch.Platform() == boot.PlatformUEFI }

// vendorClass is option 60 (PXE 2.1, RFC 4578 section 2).
func (p Profile) vendorClass() string {
	return fmt.Sprintf("%s:Arch:%05d:UNDI:%s", dhcp.ClassPXE, p.Arch, p.undiText)
}

// pxeWaits are the waits of the PXE 2.1 specification for offers.
func pxeWaits() []time.Duration { return seconds(4, 8, 16, 32) }

// edk2 is the PXE base code of TianoCore's EDK2, from which all UEFI vendors'
// derive (UefiPxeBcDxe and Dhcp4Dxe; checked against captures of OVMF).
func edk2(name string, arch boot.Arch) Profile {
	return Profile{
		Name: name, Title: "EDK2 PXE over IPv4, " + arch.Title(), Arch: arch,
		undi: [3]byte{1, 3, 0}, undiText: "003000",
		params: []byte{1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51, 54, 58, 59, 60, 66, 67, 97,
			128, 129, 130, 131, 132, 133, 134, 135},
		discover: ask{options: []uint8{53, 57, 55, 97, 94, 93, 60}, maxSize: 1472, flags: dhcp.FlagBroadcast, waits: pxeWaits()},
		// 65280 is a slip of EDK2's: the fix-up of option 57 runs for DISCOVER alone.
		request: ask{options: []uint8{53, 54, 50, 57, 55, 97, 94, 93, 60}, maxSize: 0xFF00, flags: dhcp.FlagBroadcast, waits: pxeWaits()},
		// This message goes through another builder, which sorts.
		bootServer: ask{options: []uint8{43, 53, 55, 57, 60, 93, 94, 97}, maxSize: 1472, waits: seconds(1, 2, 3, 4),
			secs: []uint16{0 << 8, 1 << 8, 2 << 8, 3 << 8}}, // seconds, written little-endian
		bootPort: dhcp.BootPort,

		rules: []rule{
			{offer: ClassDHCPPXE10},
			{offer: ClassDHCPOnly, proxy: ClassProxyPXE10},
			{offer: ClassDHCPBINL},
			{offer: ClassDHCPOnly, proxy: ClassProxyBINL},
			{offer: ClassDHCPOnly, file: true},
			{offer: ClassBOOTP, file: true},
		},
		proxyWaits: 1, strict: true, maxReply: 1472, maxOffers: 16, maskInOffer: true,
		askWithFile: true, serverFromID: true, size13: true,
		files: fetch.EFI(),
	}
}

// biosROM is a PXE ROM for a PC BIOS as Intel's Boot Agent does it: order,
// padding and secs from published captures, waits and selection from the PXE
// 2.1 specification.
func biosROM() Profile {
	return Profile{
		Name: "bios", Title: "PXE ROM of a PC BIOS", Arch: boot.ArchBIOS,
		undi: [3]byte{1, 2, 1}, undiText: "002001",
		params: []byte{1, 2, 3, 4, 5, 6, 11, 12, 13, 15, 16, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51, 54, 58, 59, 60, 66, 67,
			128, 129, 130, 131, 132, 133, 134, 135},
		discover: ask{options: []uint8{53, 55, 57, 97, 93, 94, 60}, maxSize: 1260, flags: dhcp.FlagBroadcast, minSize: 548,
			waits: pxeWaits(), secs: []uint16{4, 8, 16, 32}},
		request: ask{options: []uint8{53, 50, 54, 55, 57, 97, 93, 94, 60}, maxSize: 1260, flags: dhcp.FlagBroadcast, minSize: 548,
			waits: seconds(1, 2, 3, 4)},
		bootServer: ask{options: []uint8{53, 55, 57, 97, 93, 94, 60, 43}, maxSize: 1260, minSize: 548, waits: seconds(1, 2, 3, 4)},
		bootPort:   dhcp.ClientPort,

		rules: []rule{
			{offer: ClassDHCPPXE10},
			{offer: ClassDHCPBINL},
			{offer: ClassDHCPOnly, proxy: ClassProxyPXE10},
			{offer: ClassDHCPOnly, proxy: ClassProxyBINL},
			{offer: ClassDHCPOnly, file: true},
			{offer: ClassBOOTP, file: true},
		},
		proxyWaits: 2, maxOffers: 16,
		headerFirst: true,
		files:       fetch.BIOS(),
		maxNBP:      0xA0000 - 0x7C00, // from where the NBP is loaded to the end of base memory
	}
}

func seconds(ns ...int) []time.Duration {
	ds := make([]time.Duration, len(ns))
	for i, n := range ns {
		ds[i] = time.Duration(n) * time.Second
	}
	return ds
}
