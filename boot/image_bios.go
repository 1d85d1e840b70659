package boot

import (
	"bytes"
	"strings"
)

// biosNBPLimit is the most that fits between 7C00, where a BIOS loads an NBP,
// and A0000, where its memory ends (iPXE arch/x86/image/pxe_image.c). Boot ROMs
// keep some of it to themselves.
const biosNBPLimit = 0xA0000 - 0x7C00

// demoMark is the beginning of what the demonstration program prints; the one
// for UEFI has it in UTF-16.
const demoMark = "pxe: this machine boots"

// biosNBPRisky is where boot ROMs begin to fail.
const biosNBPRisky = 512 << 10

// identifyBIOSProgram places the programs that a PC BIOS starts. They have no
// common header; each maker's has marks of its own.
func identifyBIOSProgram(w *window, im *Image) bool {
	switch {
	case w.u32(8) == 0x2983C8AC: // PXELINUX's hcdhcp magic (core/pxelinux.asm)
		im.Kind = ImagePXELINUX
		banner := syslinuxBanner(w.head, "PXELINUX ")
		if strings.Contains(banner, "lwIP") {
			im.note("It is the lwIP flavour (lpxelinux.0), which reads HTTP and FTP as well as TFTP.")
		}
		im.Version, _, _ = strings.Cut(banner, " ")
		im.promise(pxelinuxEnd(w))
	case isIPXENBP(w):
		im.Kind = ImageIPXENBP
	case w.has(0, "\xB2\x7F\xEA\x00\x82\x00\x00"): // GRUB's pxeboot.S: drive 7F, jump to 0:8200
		im.Kind = ImageGRUBPXE
	case bytes.Contains(w.head, []byte(demoMark)):
		im.Kind = ImageDemo
	case bytes.Contains(w.head, []byte("WDSNBP")):
		im.Kind = ImageWindowsNBP
	case w.has(0, "\x55\xAA") && w.has(int64(w.u16(0x18)), "PCIR"):
		im.Kind = ImageOptionROM
		im.note("It is made for the flash memory of a network card, not for the network.")
	case syslinuxBanner(w.head, "ISOLINUX ") != "":
		im.Kind = ImageSyslinuxCore
		im.Version, _, _ = strings.Cut(syslinuxBanner(w.head, "ISOLINUX "), " ")
		im.note("It is ISOLINUX, which boots from CD only; the network needs pxelinux.0.")
	case syslinuxBanner(w.head, "SYSLINUX ") != "":
		im.Kind = ImageSyslinuxCore
		im.Version, _, _ = strings.Cut(syslinuxBanner(w.head, "SYSLINUX "), " ")
		im.note("It is SYSLINUX for disks; the network needs pxelinux.0.")
	default:
		return false
	}
	im.setArch(ArchBIOS)
	if im.Size > biosNBPRisky {
		im.note("It is larger than 512 KiB: many boot ROMs cannot load it.")
	}
	return true
}

// isIPXENBP knows iPXE by its far jump to 07C0 and, since 2023, by the header
// after it (arch/x86/prefix/pxeprefix.S); before that by what the jump leads to:
// saving all registers, which its first bytes do in this order.
func isIPXENBP(w *window) bool {
	if !w.has(0, "\xEA") || !w.has(3, "\xC0\x07") {
		return false
	}
	return w.u16(6) == 0x18AE || w.has(5, "\x66\x9C\x66\x60")
}

// syslinuxBanner is what follows "\r\nPXELINUX " in a SYSLINUX core: version,
// flavour and build date.
func syslinuxBanner(head []byte, name string) string {
	i := bytes.Index(head, []byte("\r\n"+name))
	if i < 0 {
		return ""
	}
	return printable(head[i+2+len(name):], 64)
}

// identifyDisk places what is left with a boot signature.
func identifyDisk(w *window, im *Image) bool {
	if !w.has(0x1FE, "\x55\xAA") {
		return false
	}
	im.Kind = ImageMBR
	im.note("It is made to be started from a disk, not from the network.")
	return true
}
