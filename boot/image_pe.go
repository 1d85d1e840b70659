package boot

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"
)

// peMachines maps the Machine field of a COFF header (PE/COFF specification,
// "Machine Types"; UEFI specification 2.3) to the UEFI architecture.
var peMachines = map[uint16]Arch{
	0x014C: ArchEFIIA32,
	0x8664: ArchEFIX64,
	0x0200: 2, // Itanium
	0x0EBC: ArchEFIBC,
	0x01C0: ArchEFIARM,
	0x01C2: ArchEFIARM, // Thumb: what UEFI uses
	0x01C4: ArchEFIARM,
	0xAA64: ArchEFIARM64,
	0x5032: 25,
	0x5064: ArchEFIRISCV64,
	0x5128: 29,
	0x6232: 37,
	0x6264: ArchEFILoong64,
}

// Subsystems that UEFI firmware starts: application, boot service driver,
// runtime driver.
const (
	peSubsystemEFIFirst = 10
	peSubsystemEFILast  = 12
)

// peSections bounds the section table; the loader of Windows stops there too.
const peSections = 96

type peSection struct {
	name   string
	offset int64 // in the file
	size   int64
}

type peHeader struct {
	machine   uint16
	subsystem uint16
	plus      bool // PE32+
	signed    bool
	end       int64 // of the section table, the last section or the certificates: the latest
	sections  []peSection
}

// section gives up to limit bytes of a section, nil when it is not there.
func (h *peHeader) section(w *window, name string, limit int64) []byte {
	for _, s := range h.sections {
		if s.name == name {
			return w.read(s.offset, int(min(s.size, limit)))
		}
	}
	return nil
}

func (h *peHeader) has(names ...string) bool {
	for _, s := range h.sections {
		for _, name := range names {
			if s.name == name {
				return true
			}
		}
	}
	return false
}

// readPE reads the headers of a PE file, all of which must stand in its first
// 64 KiB. The second value is false when there are none.
func readPE(w *window) (*peHeader, bool) {
	if len(w.head) < 0x40 || string(w.head[:2]) != "MZ" {
		return nil, false
	}
	start := int64(binary.LittleEndian.Uint32(w.head[0x3C:]))
	if start > int64(len(w.head))-24 || string(w.head[start:start+4]) != "PE\x00\x00" {
		return nil, false
	}
	coff := w.head[start+4:]
	optional := coff[20:]
	optionalSize := int(binary.LittleEndian.Uint16(coff[16:]))
	optional = optional[:min(len(optional), optionalSize)]
	if len(optional) < 70 {
		return nil, false
	}
	count := min(int(binary.LittleEndian.Uint16(coff[2:])), peSections)
	h := &peHeader{
		end:       start + 24 + int64(optionalSize+40*count),
		machine:   binary.LittleEndian.Uint16(coff),
		subsystem: binary.LittleEndian.Uint16(optional[68:]),
		plus:      binary.LittleEndian.Uint16(optional) == 0x20B,
	}
	certificates := 128 // data directory 4 of a PE32
	if h.plus {
		certificates = 144
	}
	if len(optional) >= certificates+8 {
		at := int64(binary.LittleEndian.Uint32(optional[certificates:])) // in the file, unlike all other directories
		size := int64(binary.LittleEndian.Uint32(optional[certificates+4:]))
		if h.signed = size > 0; h.signed {
			h.end = max(h.end, at+size)
		}
	}
	strtab := int64(binary.LittleEndian.Uint32(coff[8:])) + 18*int64(binary.LittleEndian.Uint32(coff[12:]))
	table := coff[20+len(optional):]
	for ; count > 0 && len(table) >= 40; count, table = count-1, table[40:] {
		s := peSection{
			name:   peSectionName(w, table[:8], strtab),
			size:   int64(binary.LittleEndian.Uint32(table[16:])),
			offset: int64(binary.LittleEndian.Uint32(table[20:])),
		}
		h.sections = append(h.sections, s)
		if s.offset > 0 { // else it is memory to be cleared
			h.end = max(h.end, s.offset+s.size)
		}
	}
	return h, true
}

// peSectionName reads a name of up to eight bytes, or "/123": an offset in the
// COFF string table, where GNU tools put longer names. The number stays when the
// table is not at hand.
func peSectionName(w *window, field []byte, strtab int64) string {
	name := printable(bytes.TrimRight(field, "\x00"), len(field))
	digits, long := strings.CutPrefix(name, "/")
	if !long {
		return name
	}
	off, err := strconv.Atoi(digits)
	if err != nil {
		return name
	}
	if full := printable(w.read(strtab+int64(off), 32), 32); full != "" {
		return full
	}
	return name
}

// identifyPE places EFI programs, and Windows programs that ended up in a tree.
func identifyPE(w *window, im *Image) bool {
	h, ok := readPE(w)
	if !ok {
		return false
	}
	im.Signed = h.signed
	im.promise(h.end)
	if a, ok := peMachines[h.machine]; ok {
		im.setArch(a)
	} else {
		im.note("The PE machine type %#04x is not one that UEFI knows.", h.machine)
	}
	if h.subsystem < peSubsystemEFIFirst || h.subsystem > peSubsystemEFILast {
		im.Kind = ImageWindowsPE
		return true
	}
	im.EFI = true
	im.Kind = peMaker(w, h, im)
	if !im.Signed {
		im.note("It is not signed: a machine with Secure Boot refuses it.")
	}
	return true
}

// peMaker tells whose EFI program it is, and its version.
func peMaker(w *window, h *peHeader, im *Image) ImageKind {
	component, version := sbat(h.section(w, ".sbat", 4096))
	im.Version = version
	magic := string(h.section(w, ".sdmagic", 128)) // "#### LoaderInfo: systemd-boot 252.39 ####"
	switch {
	case h.has(".linux"):
		im.Version = printable(h.section(w, ".uname", 128), 128)
		if im.Size > 32<<20 {
			im.note("It is larger than 32 MiB: over TFTP it needs a server whose block numbers roll over.")
		}
		return ImageUKI
	case h.has("mods"):
		return ImageGRUBEFI
	case strings.Contains(magic, "systemd-boot "):
		_, v, _ := strings.Cut(magic, "systemd-boot ")
		im.Version, _, _ = strings.Cut(printable([]byte(v), 64), " ")
		return ImageSystemdBoot
	case strings.Contains(magic, "systemd-stub"):
		im.note("It is the stub of a unified kernel image without a kernel in it.")
		return ImageUKIAddon
	case h.has(".vendor_cert"), h.looksLikeShim() && (component == "" || component == "shim"):
		return ImageShim
	case component == "shim":
		return ImageMokManager
	case component == "ipxe":
		return ImageIPXEEFI
	case h.has(".cmdline", ".initrd", ".dtb", ".ucode"):
		return ImageUKIAddon
	}
	return peMakerByMark(w, im)
}

// looksLikeShim knows shim by a head in which the string table, and so the names
// of its sections, are missing: it has three or more long ones (.eh_frame,
// .data.ident, .sbatlevel, .vendor_cert), its helpers one, other programs none.
func (h *peHeader) looksLikeShim() bool {
	long := 0
	for _, s := range h.sections {
		if strings.HasPrefix(s.name, "/") {
			long++
		}
	}
	return long >= 3 && h.has(".sbat")
}

// peMakerByMark looks for text that only one maker's programs hold.
func peMakerByMark(w *window, im *Image) ImageKind {
	const product = "efi\x00iPXE\x00" // iPXE's platform and product, its version follows
	demo := strings.Join(strings.Split(demoMark, ""), "\x00")
	switch i, b := w.search(64, product, "://ipxe.org/", "ldlinux.e32", "ldlinux.e64", demo); i {
	case 0:
		im.Version = printable(bytes.TrimLeft(b[len(product):], "\x00"), 64)
		return ImageIPXEEFI
	case 1:
		return ImageIPXEEFI
	case 2, 3:
		if _, b := w.search(16, "Syslinux/"); b != nil { // its HTTP User-Agent
			im.Version = printable(b[len("Syslinux/"):], 16)
		}
		return ImageSyslinuxEFI
	case 4:
		return ImageDemo
	}
	return ImageEFI
}

// sbat reads the SBAT section (shim's SBAT.md): CSV lines of component,
// generation, vendor, package, version and URL. It gives the first component
// after the header line, and the version in its most specific line.
func sbat(b []byte) (component, version string) {
	for line := range strings.Lines(string(bytes.TrimRight(b, "\x00"))) {
		fields := strings.Split(strings.TrimSpace(line), ",")
		name := printable([]byte(fields[0]), 32)
		if name == "" || name == "sbat" {
			continue
		}
		if component == "" {
			component = name
		}
		own := name == component || strings.HasPrefix(name, component+".")
		if own && len(fields) >= 5 {
			version = printable([]byte(fields[4]), 64)
		}
	}
	return component, version
}
