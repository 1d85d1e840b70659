package boot

import (
	"strings"
	"testing"
)

func TestNBPMismatch(t *testing.T) {
	tests := []struct {
		sample string
		size   int64 // 0: that of the sample
		arch   Arch
		want   Mismatch
		why    string // part of the sentence
	}{
		{"pxelinux", 0, ArchBIOS, Fits, "PXELINUX 6.04"},
		{"lpxelinux", 0, ArchHTTPBIOS, Fits, "PXELINUX 6.04"},
		{"undionly.kpxe", 0, ArchBIOS, Fits, "iPXE"},
		{"core.0", 0, ArchBIOS, Fits, "GRUB"},
		{"wdsnbp", 0, ArchBIOS, Fits, "Windows"},
		{"random", 0, ArchBIOS, Fits, "whatever it is given"},
		{"core.0", 623616, ArchBIOS, Fits, "GRUB"},
		{"core.0", 623617, ArchBIOS, TooBig, "623616"},
		{"shim", 0, ArchBIOS, EFIForBIOS, "PXE-E79"},
		{"windows program", 0, ArchBIOS, EFIForBIOS, "PXE-E79"},
		{"bzImage", 0, ArchBIOS, NotAProgram, "without a loader"},
		{"isolinux", 0, ArchBIOS, NotAProgram, "disk flavour"},
		{"html", 0, ArchBIOS, NotAProgram, "an HTML page"},
		{"empty", 0, ArchBIOS, NotAProgram, "empty"},

		{"shim", 0, ArchEFIX64, Fits, "runs shim 16.1"},
		{"shim", 0, ArchEFIBC, Fits, "runs shim 16.1"}, // old x64 firmware sends 9
		{"efi ebc", 0, ArchEFIARM64, Fits, "byte code"},
		{"ipxe.efi", 0, ArchEFIX64, Fits, "not signed"},
		{"bzImage", 0, ArchEFIX64, Fits, "Linux kernel"},
		{"uki", 0, ArchHTTPX64, Fits, "unified kernel image"},
		{"efi ia32 signed", 0, ArchEFIX64, WrongProcessor, "x86 UEFI"},
		{"shim", 0, ArchEFIIA32, WrongProcessor, "x64 UEFI"},
		{"shim", 0, ArchEFIARM64, WrongProcessor, "ARM 64-bit"},
		{"shim", 0, ArchHTTPARM64, WrongProcessor, "ARM 64-bit"},
		{"pxelinux", 0, ArchEFIX64, BIOSForUEFI, "PC BIOS code"},
		{"undionly.kpxe", 0, ArchEFIBC, BIOSForUEFI, "PC BIOS code"},
		{"bzImage no stub", 0, ArchEFIX64, NotAProgram, "without an EFI stub"},
		{"mokmanager", 0, ArchEFIX64, NotAProgram, "boots nothing"},
		{"windows program", 0, ArchEFIX64, NotAProgram, "Windows program"},
		{"html", 0, ArchEFIX64, NotAProgram, "an HTML page"},
		{"random", 0, ArchEFIX64, NotAProgram, "unknown data"},
		{"empty", 0, ArchEFIX64, NotAProgram, "empty"},
		{"iso", 0, ArchEFIX64, NotAProgram, "an ISO 9660 image"},
		{"iso", 0, ArchHTTPX64, Fits, "RAM disk"},
		{"mbr", 0, ArchHTTPX64, Fits, "RAM disk"},

		{"fit", 0, ArchUBootARM64, Fits, "not known"},
	}
	samples := imageSamples()
	for _, tt := range tests {
		im := Identify(samples[tt.sample], tt.size)
		got, why := im.NBPMismatch(tt.arch)
		if got != tt.want || !strings.Contains(why, tt.why) {
			t.Errorf("%s for %s: %d, %q; want %d and %q", tt.sample, tt.arch, got, why, tt.want, tt.why)
		}
		if ok, again := im.NBPFor(tt.arch); ok != (got == Fits) || again != why {
			t.Errorf("%s for %s: NBPFor says %v, %q", tt.sample, tt.arch, ok, again)
		}
	}
}

func TestKernelMismatch(t *testing.T) {
	tests := []struct {
		sample string
		arch   Arch
		want   Mismatch
		why    string
	}{
		{"bzImage", ArchBIOS, Fits, "6.1.0-49-amd64"},
		{"bzImage 32", ArchBIOS, Fits, "for x86"},
		{"bzImage no stub", ArchBIOS, Fits, "3.2.0"},
		{"memdisk", ArchBIOS, Fits, "MEMDISK"},
		{"ipxe.lkrn", ArchBIOS, Fits, "iPXE"},
		{"random", ArchBIOS, Fits, "no known kind"},
		{"Image arm64", ArchBIOS, WrongProcessor, "for ARM 64-bit"},
		{"uki", ArchBIOS, EFIForBIOS, "only UEFI"},
		{"gzip", ArchBIOS, NotAProgram, "unpacked"},
		{"html", ArchBIOS, NotAProgram, "an HTML page, not a kernel"},
		{"shim", ArchBIOS, NotAProgram, "not a kernel"},
		{"empty", ArchBIOS, NotAProgram, "empty"},

		{"bzImage", ArchEFIX64, Fits, "6.1.0-49-amd64"},
		{"bzImage", ArchHTTPX64, Fits, "6.1.0-49-amd64"},
		{"bzImage", ArchEFIBC, Fits, "6.1.0-49-amd64"},
		{"bzImage no stub", ArchEFIX64, Fits, "no EFI stub"},
		{"uki", ArchEFIX64, Fits, "unified kernel image"},
		{"bzImage 32", ArchEFIX64, WrongProcessor, "it is for x86,"},
		{"bzImage", ArchEFIARM64, WrongProcessor, "it is for x64,"},
		{"Image arm64", ArchEFIARM64, Fits, "ARM 64-bit"},
		{"zboot", ArchEFIARM64, Fits, "self-unpacking"},
		{"Image riscv", ArchEFIARM64, WrongProcessor, "RISC-V"},
		{"memdisk", ArchEFIX64, BIOSForUEFI, "needs a BIOS"},
		{"ipxe.lkrn", ArchEFIX64, BIOSForUEFI, "needs a BIOS"},
	}
	samples := imageSamples()
	for _, tt := range tests {
		im := Identify(samples[tt.sample], 0)
		got, why := im.KernelMismatch(tt.arch)
		if got != tt.want || !strings.Contains(why, tt.why) {
			t.Errorf("%s on %s: %d, %q; want %d and %q", tt.sample, tt.arch, got, why, tt.want, tt.why)
		}
		if ok, again := im.KernelFor(tt.arch); ok != (got == Fits) || again != why {
			t.Errorf("%s on %s: KernelFor says %v, %q", tt.sample, tt.arch, ok, again)
		}
	}
}

func TestInitrdFor(t *testing.T) {
	tests := []struct {
		sample string
		kernel ImageKind
		want   bool
	}{
		{"gzip", ImageLinuxX86, true},
		{"zstd", ImageLinuxX86, true},
		{"cpio", ImageLinuxX86, true},
		{"microcode", ImageLinuxX86, true},
		{"random", ImageLinuxX86, true},
		{"uimage", ImageLinuxARM, true},
		{"iso", ImageLinuxX86, false},
		{"bzImage", ImageLinuxX86, false},
		{"html", ImageLinuxX86, false},
		{"text", ImageLinuxX86, false},
		{"empty", ImageLinuxX86, false},
		{"iso", ImageMemdisk, true},
		{"mbr", ImageMemdisk, true},
		{"gzip", ImageMemdisk, true},
		{"cpio", ImageMemdisk, false},
		{"html", ImageMemdisk, false},
	}
	samples := imageSamples()
	for _, tt := range tests {
		got, why := Identify(samples[tt.sample], 0).InitrdFor(tt.kernel)
		if got != tt.want || why == "" {
			t.Errorf("%s as initrd of %s: %v, %q; want %v", tt.sample, tt.kernel, got, why, tt.want)
		}
	}
}

func TestModuleFor(t *testing.T) {
	tests := []struct {
		sample string
		arch   Arch
		want   bool
		why    string
	}{
		{"c32", ArchBIOS, true, "x86"},
		{"c32", ArchEFIIA32, true, "x86"},
		{"c32 x64", ArchEFIX64, true, "x64"},
		{"c32 x64", ArchBIOS, false, "modules for x86"},
		{"c32", ArchEFIX64, false, "modules for x64"},
		{"old c32", ArchBIOS, false, "COM32R"},
		{"elf program", ArchEFIX64, false, "not a SYSLINUX module"},
		{"html", ArchBIOS, false, "not a SYSLINUX module"},
	}
	samples := imageSamples()
	for _, tt := range tests {
		got, why := Identify(samples[tt.sample], 0).ModuleFor(tt.arch)
		if got != tt.want || !strings.Contains(why, tt.why) {
			t.Errorf("%s on %s: %v, %q; want %v and %q", tt.sample, tt.arch, got, why, tt.want, tt.why)
		}
	}
}
