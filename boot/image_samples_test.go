package boot

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// pe is a small PE32+ (or PE32) file for tests.
type pe struct {
	machine   uint16
	subsystem uint16 // 0: EFI application
	narrow    bool   // PE32
	signed    bool
	sections  []peTestSection
	stub      string // at 0x40: text for kernels that are PE files too
}

type peTestSection struct {
	name string // longer than eight bytes goes to the string table
	data string
}

func (p pe) bytes() []byte {
	const start, headers = 0x600, 0x1000
	b := make([]byte, headers)
	le := binary.LittleEndian
	copy(b, "MZ")
	copy(b[0x40:], p.stub)
	le.PutUint32(b[0x3C:], start)
	copy(b[start:], "PE\x00\x00")
	coff := b[start+4:]
	le.PutUint16(coff, p.machine)
	le.PutUint16(coff[2:], uint16(len(p.sections)))
	le.PutUint16(coff[16:], 240)
	opt := coff[20:]
	le.PutUint16(opt, 0x20B)
	certs := 144
	if p.narrow {
		le.PutUint16(opt, 0x10B)
		certs = 128
	}
	le.PutUint16(opt[68:], 10)
	if p.subsystem != 0 {
		le.PutUint16(opt[68:], p.subsystem)
	}
	strtab := make([]byte, 4)
	table := opt[240:]
	for i, s := range p.sections {
		row := table[40*i:]
		if len(s.name) > 8 {
			copy(row, fmt.Sprintf("/%d", len(strtab)))
			strtab = append(append(strtab, s.name...), 0)
		} else {
			copy(row, s.name)
		}
		le.PutUint32(row[16:], uint32(len(s.data)))
		le.PutUint32(row[20:], uint32(len(b)))
		b = append(b, s.data...)
		table = b[start+4+20+240:] // append may have moved it
		coff = b[start+4:]
	}
	le.PutUint32(coff[8:], uint32(len(b))) // symbol table without symbols
	b = append(b, strtab...)
	if p.signed {
		opt = b[start+4+20:]
		le.PutUint32(opt[certs:], uint32(len(b)))
		le.PutUint32(opt[certs+4:], 1472)
		b = append(b, make([]byte, 1472)...)
	}
	return b
}

// bzImage is an x86 kernel; with stub it is a PE file as well.
func bzImage(version string, xloadflags uint16, stub *pe) []byte {
	b := make([]byte, 0x1000)
	if stub != nil {
		b = stub.bytes()
	}
	le := binary.LittleEndian
	copy(b[0x1FE:], "\x55\xAA")
	copy(b[0x202:], "HdrS")
	le.PutUint16(b[0x206:], 0x020F)
	le.PutUint16(b[0x20E:], 0x100) // version at 0x300
	b[0x211] = 1
	le.PutUint16(b[0x236:], xloadflags)
	copy(b[0x300:], version+"\x00")
	return b
}

// with puts text at an offset of a file of n zero bytes.
func with(n int, parts ...any) []byte {
	b := make([]byte, n)
	for i := 0; i < len(parts); i += 2 {
		copy(b[parts[i].(int):], parts[i+1].(string))
	}
	return b
}

func elf(class byte, machine, kind uint16, interpreter bool) []byte {
	b := with(256, 0, "\x7FELF"+string(class))
	le := binary.LittleEndian
	le.PutUint16(b[16:], kind)
	le.PutUint16(b[18:], machine)
	at, size, count := 28, 42, 44
	if class == 2 {
		at, size, count = 32, 54, 56
	}
	le.PutUint32(b[at:], 0x80)
	le.PutUint16(b[size:], 32)
	le.PutUint16(b[count:], 2)
	le.PutUint32(b[0x80:], 1) // PT_LOAD
	le.PutUint32(b[0xA0:], 2) // PT_DYNAMIC
	if interpreter {
		le.PutUint32(b[0xA0:], 3)
	}
	return b
}

const (
	shimSBAT = "sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md\n" +
		"shim,4,UEFI shim,shim,1,https://github.com/rhboot/shim\nshim.example,1,Example,shim,16.1,https://example.org/\n"
	grubSBAT = "sbat,1,SBAT Version,sbat,1,https://example.org/\ngrub,5,Free Software Foundation,grub,2.06,https://www.gnu.org/software/grub/\n" +
		"grub.example,5,Example,grub2,2.06-13,https://example.org/\n"
)

// imageSamples is one made-up file for every kind at least; the key is the name
// of the case.
func imageSamples() map[string][]byte {
	efi := pe{machine: 0x8664}
	section := func(pairs ...string) []peTestSection {
		var out []peTestSection
		for i := 0; i < len(pairs); i += 2 {
			out = append(out, peTestSection{pairs[i], pairs[i+1]})
		}
		return out
	}
	return map[string][]byte{
		"empty":            {},
		"random":           with(300, 0, "\x01\x02\x03\x04"),
		"efi x64":          efi.bytes(),
		"efi ia32 signed":  pe{machine: 0x14C, narrow: true, signed: true}.bytes(),
		"efi arm64":        pe{machine: 0xAA64}.bytes(),
		"efi riscv64":      pe{machine: 0x5064}.bytes(),
		"efi loongarch64":  pe{machine: 0x6264}.bytes(),
		"efi ebc":          pe{machine: 0x0EBC}.bytes(),
		"efi strange":      pe{machine: 0x1234}.bytes(),
		"windows program":  pe{machine: 0x8664, subsystem: 3}.bytes(),
		"dos program":      with(400, 0, "MZ"),
		"shim":             pe{machine: 0x8664, signed: true, sections: section(".eh_frame", "x", ".data.ident", "x", ".vendor_cert", "x", ".sbat", shimSBAT)}.bytes(),
		"shim arm64":       pe{machine: 0xAA64, signed: true, sections: section(".vendor_cert", "x", ".sbat", shimSBAT)}.bytes(),
		"mokmanager":       pe{machine: 0x8664, signed: true, sections: section(".eh_frame", "x", ".sbat", shimSBAT)}.bytes(),
		"grub":             pe{machine: 0x8664, signed: true, sections: section("mods", "mimg", ".sbat", grubSBAT)}.bytes(),
		"ipxe.efi":         pe{machine: 0x8664, sections: section(".rodata", "\x01efi\x00iPXE\x00\x00\x001.21.1+ (g4fd5)\x00")}.bytes(),
		"ipxe.efi by sbat": pe{machine: 0x8664, sections: section(".sbat", "sbat,1,x,y,1,z\nipxe,1,iPXE,ipxe,1.21,https://ipxe.org\n")}.bytes(),
		"ipxe.efi by site": pe{machine: 0x8664, sections: section(".rodata", "Error (https://ipxe.org/%08x)")}.bytes(),
		"systemd-boot":     pe{machine: 0x8664, sections: section(".sdmagic", "#### LoaderInfo: systemd-boot 252.39-1 ####\x00")}.bytes(),
		"systemd-stub":     pe{machine: 0x8664, sections: section(".sdmagic", "#### LoaderInfo: systemd-stub 252.39-1 ####\x00")}.bytes(),
		"syslinux.efi":     pe{machine: 0x8664, sections: section(".text", "Syslinux/6.04\x00 .. ldlinux.e64\x00")}.bytes(),
		"syslinux.efi 32":  pe{machine: 0x14C, narrow: true, sections: section(".text", "ldlinux.e32\x00")}.bytes(),
		"uki":              pe{machine: 0x8664, signed: true, sections: section(".linux", "MZ", ".uname", "6.9.1-arch", ".initrd", "x")}.bytes(),
		"uki addon":        pe{machine: 0x8664, sections: section(".cmdline", "quiet")}.bytes(),
		"pxelinux":         with(8000, 0, "\xEA\x24\x7C\x00\x00\x90\x90\x90\xAC\xC8\x83\x29", 0xD6E, "\r\nPXELINUX 6.04 PXE 20200816 \x00"),
		"lpxelinux":        with(8200, 0, "\xEA\x24\x7C\x00\x00\x90\x90\x90\xAC\xC8\x83\x29", 0xE3E, "\r\nPXELINUX 6.04 lwIP 20200816 \x00"),
		"isolinux":         with(2000, 0, "\xFA\xEA\x6C\x7C", 0x53A, "\r\nISOLINUX 6.04 20200816 \x00"),
		"ldlinux.sys":      with(600, 0, "\r\nSYSLINUX 6.04 20200816\x00"),
		"undionly.kpxe":    with(600, 0, "\xEA\x05\x00\xC0\x07\x66\x9C\x66\x60"),
		"ipxe.pxe new":     with(600, 0, "\xEA\x0A\x00\xC0\x07\x32\xAE\x18"),
		"core.0":           with(600, 0, "\xB2\x7F\xEA\x00\x82\x00\x00"),
		"demo":             with(120, 0, "\xEA\x05\x7C\x00\x00", 0x55, "\r\npxe: this machine boots (BIOS)\r\n"),
		"wdsnbp":           with(600, 0, "\xE9\x00\x01", 0x40, "WDSNBP started"),
		"option rom":       with(600, 0, "\x55\xAA\x94", 0x18, "\x1C\x00", 0x1C, "PCIR"),
		"mbr":              with(512, 0, "\x33\xC0", 0x1FE, "\x55\xAA"),
		"bzImage":          bzImage("6.1.0-49-amd64 (builder@example) #1 SMP", 1, &pe{machine: 0x8664, signed: true}),
		"bzImage no stub":  bzImage("3.2.0 (x) #1", 1, nil),
		"bzImage 32":       bzImage("6.1.0-49-686 (x) #1", 0, &pe{machine: 0x14C, narrow: true}),
		"memdisk":          bzImage("MEMDISK 6.04 20200816", 0, nil),
		"ipxe.lkrn":        bzImage("iPXE 1.21.1", 0, nil),
		"Image arm64":      pe{machine: 0xAA64}.withMark(0x38, "ARM\x64"),
		"Image arm64 bare": with(4096, 0x38, "ARM\x64"),
		"Image riscv":      pe{machine: 0x5064, signed: true}.withMark(0x38, "RSC\x05"),
		"zboot":            pe{machine: 0xAA64}.withMark(4, "zimg", 0x18, "gzip\x00"),
		"zImage arm":       with(4096, 0x24, "\x18\x28\x6F\x01"),
		"vmlinux":          elf(2, 62, 2, false),
		"elf program":      elf(2, 62, 3, true),
		"elf ppc":          elf(2, 21, 2, false),
		"c32":              elf(1, 3, 3, false),
		"c32 x64":          elf(2, 62, 3, false),
		"old c32":          with(2000, 0, "\xB8\xFF\x4C\xCD\x21"),
		"xen":              with(5000, 0, "\x7FELF", 0x1000, "\x02\xB0\xAD\x1B\x03\x00\x00\x00\xFB\x4F\x52\xE4"),
		"multiboot2":       with(0x4100, 0x4000, "\xD6\x50\x52\xE8\x00\x00\x00\x00\x18\x00\x00\x00\x12\xAF\xAD\x17"),
		"uimage":           with(100, 0, "\x27\x05\x19\x56"),
		"fit":              with(300, 0, "\xD0\x0D\xFE\xED", 0x40, "\x00images\x00"),
		"dtb":              with(300, 0, "\xD0\x0D\xFE\xED"),
		"gzip":             with(100, 0, "\x1F\x8B\x08"),
		"xz":               with(100, 0, "\xFD7zXZ\x00"),
		"zstd":             with(100, 0, "\x28\xB5\x2F\xFD"),
		"lz4":              with(100, 0, "\x02\x21\x4C\x18"),
		"lz4 frame":        with(100, 0, "\x04\x22\x4D\x18"),
		"lzma":             with(100, 0, "\x5D\x00\x00\x80"),
		"lzop":             with(100, 0, "\x89LZO"),
		"bzip2":            with(100, 0, "BZh9"),
		"cpio":             with(200, 0, "070701"),
		"microcode":        with(5000, 0, "070701", 110, "kernel/x86/microcode/GenuineIntel.bin"),
		"squashfs":         with(100, 0, "hsqs"),
		"ext4":             with(2000, 0x438, "\x53\xEF"),
		"iso":              with(0x8100, 0x8001, "CD001"),
		"hybrid iso":       with(0x8100, 0x1FE, "\x55\xAA", 0x8001, "CD001"),
		"wim":              with(300, 0, "MSWIM\x00\x00\x00"),
		"html":             []byte("<!DOCTYPE html>\n<title>404</title>"),
		"html late":        []byte("<?xml version=\"1.0\"?>\n<HTML><body>no"),
		"pem":              []byte("-----BEGIN CERTIFICATE-----\nMII\n"),
		"ipxe script":      []byte("#!ipxe\ndhcp\n"),
		"gpxe script":      []byte("\n#!gpxe\ndhcp\n"),
		"not a script":     []byte("#!ipxescript\n"),
		"pxelinux config":  []byte("# comment\nDEFAULT linux\nLABEL linux\n  KERNEL vmlinuz\n"),
		"grub config":      []byte("set timeout=5\nmenuentry 'x' {\n}\n"),
		"text":             []byte("Hello, world.\n"),
		"settings":         []byte("# a=b\nset x\nname\tvalue\nset y=z\n"),
		"cut rune":         []byte("caf\xC3"),
		"long text":        append(bytes.Repeat([]byte("a"), 4095), "\u00E9"...), // its last rune is cut by what is looked at
		"bad section name": pe{machine: 0x8664, sections: section("/x", "", "/9999999", "")}.bytes(),
		"short headers":    with(0x80, 0, "MZ", 0x3C, "\x40", 0x40, "PE\x00\x00\x64\x86"),
	}
}

// withMark writes marks over the file: for kernels that are PE files too.
func (p pe) withMark(parts ...any) []byte {
	b := p.bytes()
	for i := 0; i < len(parts); i += 2 {
		copy(b[parts[i].(int):], parts[i+1].(string))
	}
	return b
}
