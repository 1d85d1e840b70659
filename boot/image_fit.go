package boot

import "fmt"

// Mismatch is why a file cannot do a job on a machine.
type Mismatch uint8

// The mismatches. The zero value is none: the file fits.
const (
	Fits           Mismatch = iota
	NotAProgram             // not code at all, or code for another job
	EFIForBIOS              // an EFI program where a BIOS is to run it
	BIOSForUEFI             // PC BIOS code where UEFI firmware is to run it
	WrongProcessor          // the right kind of code for another processor
	TooBig                  // does not fit into the memory of a BIOS
)

// NBPMismatch tells why firmware of architecture a would not run the file as
// its boot program, or Fits; the sentence explains either.
func (im Image) NBPMismatch(a Arch) (Mismatch, string) {
	switch a.Platform() {
	case PlatformBIOS:
		return im.nbpForBIOS(a)
	case PlatformUEFI:
		return im.nbpForUEFI(a)
	}
	return Fits, fmt.Sprintf("what %s firmware runs is not known here; the file is %s", a.Title(), im.phrase())
}

// NBPFor reports whether firmware of architecture a would run the file as its
// boot program, and in a sentence why or why not.
func (im Image) NBPFor(a Arch) (ok bool, why string) {
	m, why := im.NBPMismatch(a)
	return m == Fits, why
}

func (im Image) nbpForBIOS(a Arch) (Mismatch, string) {
	switch {
	case im.Kind == ImageEmpty:
		return NotAProgram, "the file is empty"
	case im.Size > biosNBPLimit && !im.EFI && im.nativeNBP():
		return TooBig, fmt.Sprintf("it is %d bytes long, and a BIOS has room for %d at most", im.Size, biosNBPLimit)
	case im.nativeNBP():
		return Fits, fmt.Sprintf("a BIOS runs %s", im.phrase())
	case im.Kind == ImageUnknown:
		return Fits, "it is of no known kind; a BIOS runs whatever it is given"
	case im.isKernel():
		return NotAProgram, fmt.Sprintf("it is %s, which a BIOS cannot run without a loader such as PXELINUX", im.phrase())
	case im.EFI || im.Kind == ImageWindowsPE:
		return EFIForBIOS, fmt.Sprintf("it is %s, and a BIOS cannot run EFI programs: it hangs or reports PXE-E79", im.phrase())
	}
	return NotAProgram, fmt.Sprintf("it is %s, which a BIOS cannot run as a boot program", im.phrase())
}

// nativeNBP reports a program that a BIOS can start from the network.
func (im Image) nativeNBP() bool {
	switch im.Kind {
	case ImagePXELINUX, ImageIPXENBP, ImageGRUBPXE, ImageWindowsNBP, ImageDemo:
		return true
	}
	return false
}

func (im Image) nbpForUEFI(a Arch) (Mismatch, string) {
	switch {
	case im.Kind == ImageEmpty:
		return NotAProgram, "the file is empty"
	case a.HTTP() && (im.Kind == ImageISO || im.Kind == ImageMBR):
		return Fits, "UEFI HTTP Boot loads disk and CD images as a RAM disk"
	case im.Kind == ImageMokManager || im.Kind == ImageUKIAddon:
		return NotAProgram, fmt.Sprintf("it is %s, which starts but boots nothing", im.phrase())
	case im.EFI && !runsOn(im.Arch, a):
		return WrongProcessor, fmt.Sprintf("it is for %s, and the client is %s", im.Arch.Title(), a.Title())
	case im.EFI && !im.Signed:
		return Fits, fmt.Sprintf("%s firmware runs %s; with Secure Boot on it does not, for it is not signed", a.Title(), im.phrase())
	case im.EFI:
		return Fits, fmt.Sprintf("%s firmware runs %s", a.Title(), im.phrase())
	case im.HasArch && im.Arch == ArchBIOS:
		return BIOSForUEFI, fmt.Sprintf("it is %s, PC BIOS code that UEFI firmware downloads and then refuses without a word", im.Kind.phrase())
	case im.isKernel():
		return NotAProgram, fmt.Sprintf("it is %s without an EFI stub, so no EFI program", im.phrase())
	}
	return NotAProgram, fmt.Sprintf("it is %s, not an EFI program", im.phrase())
}

// runsOn reports whether EFI code for one architecture runs on firmware of
// another: the same processor, EFI byte code anywhere, and x64 code on firmware
// that calls itself EBC, as x64 firmware of 2005 to 2012 did.
func runsOn(code, firmware Arch) bool {
	f := firmware.Base()
	return code == f || code == ArchEFIBC || f == ArchEFIBC && code == ArchEFIX64
}

func (im Image) isKernel() bool {
	switch im.Kind {
	case ImageLinuxX86, ImageLinuxImage, ImageLinuxZBoot, ImageLinuxARM:
		return true
	}
	return false
}

// KernelMismatch tells why a boot loader on a machine of architecture a could
// not start the file as a kernel (PXELINUX's LINUX, GRUB's linux), or Fits; the
// sentence explains either.
func (im Image) KernelMismatch(a Arch) (Mismatch, string) {
	bios := a.Platform() == PlatformBIOS
	switch im.Kind {
	case ImageEmpty:
		return NotAProgram, "the file is empty"
	case ImageUnknown:
		return Fits, "it is of no known kind"
	case ImageMemdisk, ImageIPXELKRN:
		if !bios {
			return BIOSForUEFI, fmt.Sprintf("%s needs a BIOS", im.Kind.Title())
		}
		return Fits, fmt.Sprintf("a boot loader starts %s like a kernel", im.Kind.Title())
	case ImageUKI:
		if bios {
			return EFIForBIOS, "it is a unified kernel image, which only UEFI can start"
		}
	case ImageLinuxX86:
		if bios {
			return Fits, fmt.Sprintf("it is %s", im.phrase())
		}
		if !im.EFI && runsOn(im.Arch, a) {
			return Fits, "it has no EFI stub: GRUB can start it, Secure Boot and iPXE refuse it"
		}
	case ImageLinuxImage, ImageLinuxZBoot, ImageLinuxARM:
	case ImageGzip, ImageXZ, ImageZstd, ImageLZ4, ImageLZMA, ImageLZOP, ImageBzip2:
		return NotAProgram, fmt.Sprintf("it is %s: an initrd, or a kernel that has to be unpacked first", im.Kind.Title())
	default:
		return NotAProgram, fmt.Sprintf("it is %s, not a kernel", im.phrase())
	}
	if !runsOn(im.Arch, a) {
		return WrongProcessor, fmt.Sprintf("it is for %s, and the machine is %s", im.archTitle(), a.Title())
	}
	return Fits, fmt.Sprintf("it is %s", im.phrase())
}

// KernelFor reports whether a boot loader on a machine of architecture a could
// start the file as a kernel, and in a sentence why or why not.
func (im Image) KernelFor(a Arch) (ok bool, why string) {
	m, why := im.KernelMismatch(a)
	return m == Fits, why
}

// InitrdFor reports whether the file could be the initrd of a kernel: for Linux
// an archive, plain or compressed; for MEMDISK a disk image. The sentence says
// why or why not.
func (im Image) InitrdFor(kernel ImageKind) (ok bool, why string) {
	title := im.Kind.phrase()
	switch im.Kind {
	case ImageGzip, ImageXZ, ImageZstd, ImageLZ4, ImageLZMA, ImageLZOP, ImageBzip2, ImageUnknown:
		return true, "it is " + title
	case ImageISO, ImageMBR:
		if kernel == ImageMemdisk {
			return true, "MEMDISK boots " + title
		}
		return false, fmt.Sprintf("it is %s, which Linux does not unpack", title)
	case ImageCPIO, ImageExt, ImageSquashFS, ImageUBoot:
		if kernel != ImageMemdisk {
			return true, "it is " + title
		}
		return false, fmt.Sprintf("it is %s, not a disk image for MEMDISK", title)
	case ImageEmpty:
		return false, "the file is empty"
	}
	return false, fmt.Sprintf("it is %s, not an initrd", title)
}

// ModuleFor reports whether SYSLINUX on a machine of architecture a could load
// the file as a module (.c32): ELF of the loader's own word size, since version
// 5. The sentence says why or why not.
func (im Image) ModuleFor(a Arch) (ok bool, why string) {
	want := ArchEFIIA32
	if a.Platform() == PlatformUEFI {
		want = a.Base()
	}
	switch {
	case im.Kind == ImageCOM32:
		return false, "it is a module of SYSLINUX 4 or older, which version 5 and later report as \"not a COM32R image\""
	case im.Kind != ImageC32:
		return false, fmt.Sprintf("it is %s, not a SYSLINUX module", im.Kind.phrase())
	case im.Arch != want:
		return false, fmt.Sprintf("it is %s, and this SYSLINUX loads modules for %s", im.phrase(), Image{Kind: ImageC32, Arch: want}.archTitle())
	}
	return true, "it is " + im.phrase()
}
