package boot

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

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
		if im.Size != int64(len(b)) || im.Truncated() {
			t.Errorf("%s: size %d of %d, needs %d", name, im.Size, len(b), im.Needs)
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
	want := Image{Kind: ImageShim, Arch: ArchEFIX64, HasArch: true, EFI: true, Signed: true, Size: 1 << 20, Needs: int64(len(shim))}
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
