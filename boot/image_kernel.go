package boot

import "strings"

// Of the x86 boot protocol.
const (
	protocolVersion   = 0x0200 // first protocol with a version string
	protocolSyssize32 = 0x0204 // first protocol in which syssize has 32 bits
	protocolXLF       = 0x020C // first protocol with xloadflags
	xlfKernel64       = 1 << 0 // xloadflags: has a 64-bit entry point
	loadedHigh        = 1 << 0 // loadflags: bzImage; clear is a zImage
	lkrnMagic         = 0x18AE // at 0x24 of iPXE's .lkrn (arch/x86/prefix/lkrnprefix.S)
)

// identifyLinux places kernels and the programs that dress up as one
// (Linux Documentation/arch/x86/boot.rst, arch/arm64/booting.rst,
// arch/riscv/boot-image-header.rst).
func identifyLinux(w *window, im *Image) bool {
	switch {
	case w.has(0x1FE, "\x55\xAA") && w.has(0x202, "HdrS"):
		identifyBzImage(w, im)
	case w.has(0x38, "ARM\x64"):
		im.Kind = ImageLinuxImage
		im.setArch(ArchEFIARM64)
		efiStub(w, im)
	case w.has(0x38, "RSC\x05"):
		im.Kind = ImageLinuxImage
		im.setArch(ArchEFIRISCV64)
		efiStub(w, im)
	case w.has(0, "MZ") && w.has(4, "zimg"):
		im.Kind = ImageLinuxZBoot
		efiStub(w, im)
		im.note("Its compression is %q.", printable(w.at(0x18, 32), 32))
	case w.u32(0x24) == 0x016F2818:
		im.Kind = ImageLinuxARM
		im.setArch(ArchEFIARM)
		efiStub(w, im)
	default:
		return false
	}
	if !im.EFI && im.Kind != ImageMemdisk && im.Kind != ImageIPXELKRN {
		im.note("It has no EFI stub: UEFI firmware cannot start it by itself.")
	}
	return true
}

// efiStub records what a kernel that is a PE program too is as such. Its word
// on the architecture is better than the kernel's own: old ones set no flag.
func efiStub(w *window, im *Image) {
	h, ok := readPE(w)
	if !ok {
		return
	}
	im.EFI, im.Signed = true, h.signed
	im.promise(h.end)
	if a, ok := peMachines[h.machine]; ok {
		im.setArch(a)
	}
}

// identifyBzImage reads the header of the x86 boot protocol.
func identifyBzImage(w *window, im *Image) {
	im.promise(bzImageEnd(w))
	protocol := w.u16(0x206)
	if p := w.u16(0x20E); p != 0 && protocol >= protocolVersion {
		im.Version = printable(w.read(0x200+int64(p), 128), 128)
	}
	switch {
	case strings.HasPrefix(im.Version, "MEMDISK "):
		im.Kind = ImageMemdisk
		im.Version, _, _ = strings.Cut(strings.TrimPrefix(im.Version, "MEMDISK "), " ")
		im.setArch(ArchBIOS)
		return
	case w.u16(0x24) == lkrnMagic, strings.HasPrefix(im.Version, "iPXE"):
		im.Kind = ImageIPXELKRN
		im.Version = strings.TrimPrefix(im.Version, "iPXE ")
		im.setArch(ArchBIOS)
		return
	}
	im.Kind = ImageLinuxX86
	im.setArch(ArchEFIIA32)
	if protocol >= protocolXLF && w.u16(0x236)&xlfKernel64 != 0 {
		im.setArch(ArchEFIX64)
	}
	efiStub(w, im)
	// "6.1.0-49-amd64 (builder) #1 SMP ...": the release is enough to know it by.
	im.Version, _, _ = strings.Cut(im.Version, " ")
	if w.u16(0x211)&loadedHigh == 0 {
		im.note("It is a zImage, the kernel format of the 1990s.")
	}
}
