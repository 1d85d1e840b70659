package dhcpdconf

import (
	"encoding/binary"
	"reflect"
	"slices"

	"pxe/boot"
	"pxe/dhcp"
)

// programs tells of boot programs that only some machines can run, where the
// file names none for the others.
func (b *builder) programs() {
	for _, e := range b.files {
		if a, ok := httpArch(e.guard); ok && dhcp.Misfit(string(e.data), boot.Machine{Kind: boot.KindHTTP}, true) != "" {
			b.warn(e.Pos, a.Title()+" machines get no file: they need a URL")
		}
	}
	if slices.ContainsFunc(b.files, func(e entry) bool { return !b.anywhere(e) }) {
		return
	}
	for _, e := range b.files {
		file := string(e.data)
		switch {
		case forBIOS(file):
			b.warn(e.Pos, file+" is for BIOS machines; UEFI machines get no file: add option arch code 93 = unsigned integer 16; "+
				`and if option arch = 00:07 { filename "bootx64.efi"; } else { filename "`+file+`"; }`)
		case dhcp.Misfit(file, boot.Machine{Kind: boot.KindPXE}, false) != "":
			b.warn(e.Pos, file+" is a UEFI program: BIOS machines get no file")
		}
	}
}

// httpArch is the architecture of HTTP Boot that a match names.
func httpArch(m dhcp.Match) (boot.Arch, bool) {
	if t := m.Test; t != nil && t.Source == dhcp.SourceOption && t.Option == dhcp.OptionClientArch && len(t.Equal) == 2 {
		if a := boot.Arch(binary.BigEndian.Uint16(t.Equal)); a.HTTP() {
			return a, true
		}
	}
	for _, part := range slices.Concat(m.All, m.Any) {
		if a, ok := httpArch(part); ok {
			return a, true
		}
	}
	return 0, false
}

// anywhere reports whether an entry counts for all machines of a place.
func (b *builder) anywhere(e entry) bool {
	m := e.guard
	m.Subnet, m.Range, m.MAC = nil, nil, nil
	return everybody(m) || len(e.guard.Subnet) > 0 && m.Not != nil && reflect.DeepEqual(m, dhcp.Match{Not: &dhcp.Match{Range: m.Not.Range}})
}

// forBIOS reports whether a file is named as programs for BIOS machines are.
func forBIOS(file string) bool {
	return dhcp.Misfit(file, boot.Machine{Kind: boot.KindPXE, HasArch: true, Arch: boot.ArchEFIX64}, false) != ""
}
