package boot

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
	if p.signed {
		le.PutUint32(opt[certs:], headers)
		le.PutUint32(opt[certs+4:], 1472)
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
	return append(b, strtab...)
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
		"pxelinux":         with(4000, 0, "\xEA\x24\x7C\x00\x00\x90\x90\x90\xAC\xC8\x83\x29", 0xD6E, "\r\nPXELINUX 6.04 PXE 20200816 \x00"),
		"lpxelinux":        with(4200, 0, "\xEA\x24\x7C\x00\x00\x90\x90\x90\xAC\xC8\x83\x29", 0xE3E, "\r\nPXELINUX 6.04 lwIP 20200816 \x00"),
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

func TestIdentify(t *testing.T) {
	tests := map[string]string{
		"empty":            "empty: empty file",
		"random":           "unknown: unknown data",
		"efi x64":          "efi: EFI program for x64 UEFI",
		"efi ia32 signed":  "efi: EFI program for x86 UEFI, signed",
		"efi arm64":        "efi: EFI program for ARM 64-bit UEFI",
		"efi riscv64":      "efi: EFI program for RISC-V 64-bit UEFI",
		"efi loongarch64":  "efi: EFI program for LoongArch 64-bit UEFI",
		"efi ebc":          "efi: EFI program for EFI byte code (old firmware: x64 UEFI)",
		"efi strange":      "efi: EFI program",
		"windows program":  "windows-pe: Windows program for x64 UEFI",
		"dos program":      "unknown: unknown data",
		"shim":             "shim: shim 16.1 for x64 UEFI, signed",
		"shim arm64":       "shim: shim 16.1 for ARM 64-bit UEFI, signed",
		"mokmanager":       "shim-helper: helper program of shim 16.1 for x64 UEFI, signed",
		"grub":             "grub-efi: GRUB 2.06-13 for x64 UEFI, signed",
		"ipxe.efi":         "ipxe-efi: iPXE 1.21.1+ (g4fd5) for x64 UEFI",
		"ipxe.efi by sbat": "ipxe-efi: iPXE 1.21 for x64 UEFI",
		"ipxe.efi by site": "ipxe-efi: iPXE for x64 UEFI",
		"systemd-boot":     "systemd-boot: systemd-boot 252.39-1 for x64 UEFI",
		"systemd-stub":     "uki-addon: unified kernel image add-on for x64 UEFI",
		"syslinux.efi":     "syslinux-efi: SYSLINUX 6.04 for x64 UEFI",
		"syslinux.efi 32":  "syslinux-efi: SYSLINUX for x86 UEFI",
		"uki":              "uki: unified kernel image 6.9.1-arch for x64 UEFI, signed",
		"uki addon":        "uki-addon: unified kernel image add-on for x64 UEFI",
		"pxelinux":         "pxelinux: PXELINUX 6.04 for x86 BIOS",
		"lpxelinux":        "pxelinux: PXELINUX 6.04 for x86 BIOS",
		"isolinux":         "syslinux-core: disk flavour of SYSLINUX 6.04 for x86 BIOS",
		"ldlinux.sys":      "syslinux-core: disk flavour of SYSLINUX 6.04 for x86 BIOS",
		"undionly.kpxe":    "ipxe-nbp: iPXE for x86 BIOS",
		"ipxe.pxe new":     "ipxe-nbp: iPXE for x86 BIOS",
		"core.0":           "grub-pxe: GRUB for x86 BIOS",
		"wdsnbp":           "windows-nbp: Windows network boot program for x86 BIOS",
		"option rom":       "option-rom: option ROM for x86 BIOS",
		"mbr":              "mbr: disk image or boot sector",
		"bzImage":          "linux-x86: Linux kernel 6.1.0-49-amd64 for x64, signed",
		"bzImage no stub":  "linux-x86: Linux kernel 3.2.0 for x64",
		"bzImage 32":       "linux-x86: Linux kernel 6.1.0-49-686 for x86",
		"memdisk":          "memdisk: MEMDISK 6.04 for x86 BIOS",
		"ipxe.lkrn":        "ipxe-lkrn: iPXE as a kernel (.lkrn) 1.21.1 for x86 BIOS",
		"Image arm64":      "linux-image: Linux kernel for ARM 64-bit",
		"Image arm64 bare": "linux-image: Linux kernel for ARM 64-bit",
		"Image riscv":      "linux-image: Linux kernel for RISC-V 64-bit, signed",
		"zboot":            "linux-zboot: self-unpacking Linux kernel for ARM 64-bit",
		"zImage arm":       "linux-arm: 32-bit ARM Linux kernel for ARM 32-bit UEFI",
		"vmlinux":          "elf: ELF program for x64",
		"elf program":      "elf: ELF program for x64",
		"elf ppc":          "elf: ELF program for PowerPC Open Firmware",
		"c32":              "c32: SYSLINUX module for x86",
		"c32 x64":          "c32: SYSLINUX module for x64",
		"old c32":          "com32: SYSLINUX module of version 4 or older for x86 BIOS",
		"xen":              "multiboot: multiboot kernel",
		"multiboot2":       "multiboot: multiboot kernel",
		"uimage":           "uboot: U-Boot image",
		"fit":              "fit: U-Boot FIT image",
		"dtb":              "dtb: device tree",
		"gzip":             "gzip: gzip data",
		"xz":               "xz: xz data",
		"zstd":             "zstd: zstd data",
		"lz4":              "lz4: lz4 data",
		"lz4 frame":        "lz4: lz4 data",
		"lzma":             "lzma: lzma data",
		"lzop":             "lzop: lzop data",
		"demo":             "pxe-demo: demonstration program of pxe for x86 BIOS",
		"bzip2":            "bzip2: bzip2 data",
		"cpio":             "cpio: cpio archive",
		"microcode":        "cpio: cpio archive",
		"squashfs":         "squashfs: squashfs file system",
		"ext4":             "ext: ext2, ext3 or ext4 file system",
		"iso":              "iso: ISO 9660 image",
		"hybrid iso":       "iso: ISO 9660 image",
		"wim":              "wim: Windows WIM image",
		"html":             "html: HTML page",
		"html late":        "html: HTML page",
		"pem":              "pem: PEM certificate or key",
		"ipxe script":      "ipxe-script: iPXE script",
		"gpxe script":      "ipxe-script: iPXE script",
		"not a script":     "text: text file",
		"pxelinux config":  "pxelinux-config: PXELINUX configuration",
		"grub config":      "grub-config: GRUB configuration",
		"text":             "text: text file",
		"settings":         "grub-config: GRUB configuration",
		"cut rune":         "unknown: unknown data",
		"long text":        "text: text file",
		"bad section name": "efi: EFI program for x64 UEFI",
		"short headers":    "unknown: unknown data",
	}
	samples := imageSamples()
	covered := map[ImageKind]bool{}
	for name, b := range samples {
		im := Identify(b, int64(len(b)))
		covered[im.Kind] = true
		if diff := cmp.Diff(tests[name], im.Kind.String()+": "+im.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if im.Size != int64(len(b)) {
			t.Errorf("%s: size %d, want %d", name, im.Size, len(b))
		}
	}
	for kind := range kinds {
		if !covered[kind] {
			t.Errorf("no sample is %s", kind)
		}
	}
	if len(tests) != len(samples) {
		t.Errorf("%d expectations for %d samples", len(tests), len(samples))
	}
}

func TestKindNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for k := ImageUnknown; k <= ImageText; k++ {
		if _, ok := kinds[k]; !ok {
			t.Errorf("kind %d has no name", k)
		}
		if seen[k.String()] {
			t.Errorf("two kinds are called %s", k)
		}
		seen[k.String()] = true
	}
	if len(kinds) != int(ImageText)+1 {
		t.Errorf("%d names for %d kinds", len(kinds), ImageText+1)
	}
}

func TestIdentifyNotes(t *testing.T) {
	tests := []struct {
		sample string
		size   int64
		want   string
	}{
		{"lpxelinux", 0, "lwIP"},
		{"isolinux", 0, "CD only"},
		{"efi x64", 0, "Secure Boot refuses"},
		{"efi strange", 0, "0x1234"},
		{"uki", 40 << 20, "32 MiB"},
		{"core.0", 600 << 10, "512 KiB"},
		{"bzImage no stub", 0, "no EFI stub"},
		{"zImage arm", 0, "no EFI stub"},
		{"zboot", 0, `"gzip"`},
		{"microcode", 0, "microcode"},
		{"html", 0, "error message"},
	}
	samples := imageSamples()
	for _, tt := range tests {
		im := Identify(samples[tt.sample], tt.size)
		if !slices.ContainsFunc(im.Notes, func(n string) bool { return strings.Contains(n, tt.want) }) {
			t.Errorf("%s: no note says %q: %q", tt.sample, tt.want, im.Notes)
		}
		for _, n := range im.Notes {
			if !strings.HasSuffix(n, ".") {
				t.Errorf("%s: note %q is no sentence", tt.sample, n)
			}
		}
	}
	if got := Identify(samples["shim"], 0).Notes; got != nil {
		t.Errorf("notes on a signed shim: %q", got)
	}
}

// A download may have been cut: its head is all there is.
func TestIdentifyHeadOnly(t *testing.T) {
	shim := imageSamples()["shim"]
	long := append(shim[:0x1000:0x1000], make([]byte, 128<<10)...) // sections and names past the head
	binary.LittleEndian.PutUint32(long[0x604+8:], uint32(len(long)))
	got := Identify(long[:headSize], 1<<20)
	want := Image{Kind: ImageShim, Arch: ArchEFIX64, HasArch: true, EFI: true, Signed: true, Size: 1 << 20}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("shim by its head (-want +got):\n%s", diff)
	}
	helper := imageSamples()["mokmanager"][:0x1000] // its one long name is past the head as well
	if got := Identify(helper, 1<<20); got.Kind != ImageEFI {
		t.Errorf("a helper of shim by its head is %s, want efi", got.Kind)
	}
	if got := Identify(nil, 100); got.Kind != ImageUnknown {
		t.Errorf("a file of 100 bytes without any at hand is %s, want unknown", got.Kind)
	}
	if got := Identify([]byte("#!ipxe\n"), 0); got.Kind != ImageIPXEScript || got.Size != 7 {
		t.Errorf("size below the length of the head: %+v", got)
	}
}

// A mark is found wherever it stands, also across the windows of a search, and
// nothing is read without end.
func TestIdentifyFileSearches(t *testing.T) {
	const mark = "efi\x00iPXE\x00\x001.21\x00"
	file := append(pe{machine: 0x8664}.bytes(), make([]byte, 8<<20)...)
	for _, tt := range []struct {
		at   int
		want ImageKind
	}{
		{0x2000, ImageIPXEEFI},
		{256<<10 - 3, ImageIPXEEFI},
		{512<<10 - 1, ImageIPXEEFI},
		{3 << 20, ImageIPXEEFI},
		{6 << 20, ImageEFI}, // beyond what is read
	} {
		copy(file[tt.at:], mark)
		r := &countingReader{r: bytes.NewReader(file)}
		im := IdentifyFile(r, int64(len(file)))
		if im.Kind != tt.want || im.Kind == ImageIPXEEFI && im.Version != "1.21" {
			t.Errorf("mark at %#x: %s", tt.at, im)
		}
		if r.n > readLimit {
			t.Errorf("mark at %#x: %d bytes read", tt.at, r.n)
		}
		clear(file[tt.at : tt.at+len(mark)])
	}
}

type countingReader struct {
	r *bytes.Reader
	n int64
}

func (c *countingReader) ReadAt(b []byte, off int64) (int, error) {
	n, err := c.r.ReadAt(b, off)
	c.n += int64(n)
	return n, err
}

func TestSecondStage(t *testing.T) {
	tests := map[string]string{
		"shim":            "grubx64.efi",
		"shim arm64":      "grubaa64.efi",
		"pxelinux":        "ldlinux.c32",
		"syslinux.efi":    "ldlinux.e64",
		"syslinux.efi 32": "ldlinux.e32",
		"grub":            "",
		"bzImage":         "",
	}
	samples := imageSamples()
	for name, want := range tests {
		if got := Identify(samples[name], 0).SecondStage(); got != want {
			t.Errorf("%s loads %q next, want %q", name, got, want)
		}
	}
	strange := Image{Kind: ImageShim, Arch: 2, HasArch: true}
	if got := strange.SecondStage(); got != "" {
		t.Errorf("shim for Itanium loads %q next", got)
	}
}

// Whatever the bytes: no panic, the same answer twice, and more bytes never
// change what the head has told, save to name the maker of an EFI program.
func FuzzIdentify(f *testing.F) {
	for _, b := range imageSamples() {
		f.Add(b, []byte("tail"))
	}
	f.Fuzz(func(t *testing.T, b, tail []byte) {
		head := make([]byte, headSize)
		copy(head, b)
		whole := append(bytes.Clone(head), tail...)
		size := int64(len(whole))

		before, after := Identify(head, size), Identify(whole, size)
		if diff := cmp.Diff(after, IdentifyFile(bytes.NewReader(whole), size)); diff != "" {
			t.Errorf("Identify and IdentifyFile disagree:\n%s", diff)
		}
		type claim struct {
			Arch                 Arch
			HasArch, EFI, Signed bool
		}
		of := func(im Image) claim { return claim{im.Arch, im.HasArch, im.EFI, im.Signed} }
		if diff := cmp.Diff(of(before), of(after)); diff != "" {
			t.Errorf("more bytes changed a claim (-head +whole):\n%s", diff)
		}
		maker := before.EFI && !before.isKernel()
		if before.Kind != after.Kind && !maker {
			t.Errorf("more bytes turned %s into %s", before.Kind, after.Kind)
		}

		short := Identify(b, int64(len(b)))
		if (short.Kind == ImageEmpty) != (len(b) == 0) {
			t.Errorf("%d bytes are %s", len(b), short.Kind)
		}
		for a := ArchBIOS; a <= ArchRPiBoot; a++ {
			for _, judge := range []func(Arch) (bool, string){short.NBPFor, short.KernelFor, short.ModuleFor} {
				if _, why := judge(a); why == "" {
					t.Errorf("no reason given about %s on %s", short, a)
				}
			}
		}
		for _, s := range append(short.Notes, short.Version) {
			if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7F }) {
				t.Errorf("control characters from the file got out: %q", s)
			}
		}
	})
}
