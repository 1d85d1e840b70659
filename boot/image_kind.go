package boot

// ImageKind is what a file is, judged from its bytes.
type ImageKind uint8

// The kinds of file that turn up in a boot tree, wanted or not.
const (
	ImageUnknown ImageKind = iota
	ImageEmpty

	// EFI programs.
	ImageEFI         // of no known make
	ImageShim        // verifies and starts the second stage beside it
	ImageMokManager  // mmx64.efi, fbx64.efi: shim's helpers, no boot loaders
	ImageGRUBEFI     // with its prefix and modules inside
	ImageIPXEEFI     // ipxe.efi, snponly.efi
	ImageSystemdBoot // boot menu of systemd
	ImageSyslinuxEFI // syslinux.efi
	ImageUKI         // unified kernel image: kernel, initrd and command line in one
	ImageUKIAddon    // add-on to a UKI, not bootable
	ImageDemo        // the program that pxe carries with it, for UEFI or for a BIOS
	ImageWindowsPE   // a PE for Windows, not for firmware

	// Programs for a PC BIOS.
	ImagePXELINUX     // pxelinux.0, lpxelinux.0
	ImageSyslinuxCore // isolinux.bin, ldlinux.sys: SYSLINUX for disks, not for PXE
	ImageIPXENBP      // undionly.kpxe, ipxe.pxe
	ImageGRUBPXE      // GRUB's core image for i386-pc-pxe
	ImageWindowsNBP   // wdsnbp.com, pxeboot.com
	ImageOptionROM    // code for a network card's flash
	ImageMBR          // boot sector or disk image

	// Kernels and what SYSLINUX starts like one.
	ImageLinuxX86   // bzImage, zImage
	ImageLinuxImage // Image of arm64 or RISC-V
	ImageLinuxZBoot // compressed kernel that unpacks itself under UEFI
	ImageLinuxARM   // zImage of 32-bit ARM
	ImageIPXELKRN   // iPXE in a Linux kernel's clothes
	ImageMemdisk    // MEMDISK: boots a disk image given as initrd
	ImageELF
	ImageMultiboot // Xen and other kernels that need a multiboot loader
	ImageC32       // SYSLINUX 5+ module (ELF)
	ImageCOM32     // SYSLINUX 3 and 4 module
	ImageUBoot     // U-Boot legacy image
	ImageFIT       // U-Boot flattened image tree
	ImageDTB       // device tree

	// Archives and file systems.
	ImageGzip
	ImageXZ
	ImageZstd
	ImageLZ4
	ImageLZMA
	ImageLZOP
	ImageBzip2
	ImageCPIO
	ImageSquashFS
	ImageExt
	ImageISO
	ImageWIM

	// Text.
	ImageHTML // nearly always an error page saved as something else
	ImagePEM
	ImageIPXEScript
	ImagePXELINUXConfig
	ImageGRUBConfig
	ImageText
)

type kindInfo struct {
	name    string // for machines
	article string // "a " and the like; "" before proper names and mass nouns
	title   string // for people
}

var kinds = map[ImageKind]kindInfo{
	ImageUnknown:        {"unknown", "", "unknown data"},
	ImageEmpty:          {"empty", "an ", "empty file"},
	ImageEFI:            {"efi", "an ", "EFI program"},
	ImageShim:           {"shim", "", "shim"},
	ImageMokManager:     {"shim-helper", "a ", "helper program of shim"},
	ImageGRUBEFI:        {"grub-efi", "", "GRUB"},
	ImageIPXEEFI:        {"ipxe-efi", "", "iPXE"},
	ImageSystemdBoot:    {"systemd-boot", "", "systemd-boot"},
	ImageSyslinuxEFI:    {"syslinux-efi", "", "SYSLINUX"},
	ImageUKI:            {"uki", "a ", "unified kernel image"},
	ImageUKIAddon:       {"uki-addon", "a ", "unified kernel image add-on"},
	ImageDemo:           {"pxe-demo", "the ", "demonstration program of pxe"},
	ImageWindowsPE:      {"windows-pe", "a ", "Windows program"},
	ImagePXELINUX:       {"pxelinux", "", "PXELINUX"},
	ImageSyslinuxCore:   {"syslinux-core", "the ", "disk flavour of SYSLINUX"},
	ImageIPXENBP:        {"ipxe-nbp", "", "iPXE"},
	ImageGRUBPXE:        {"grub-pxe", "", "GRUB"},
	ImageWindowsNBP:     {"windows-nbp", "a ", "Windows network boot program"},
	ImageOptionROM:      {"option-rom", "an ", "option ROM"},
	ImageMBR:            {"mbr", "a ", "disk image or boot sector"},
	ImageLinuxX86:       {"linux-x86", "a ", "Linux kernel"},
	ImageLinuxImage:     {"linux-image", "a ", "Linux kernel"},
	ImageLinuxZBoot:     {"linux-zboot", "a ", "self-unpacking Linux kernel"},
	ImageLinuxARM:       {"linux-arm", "a ", "32-bit ARM Linux kernel"},
	ImageIPXELKRN:       {"ipxe-lkrn", "", "iPXE as a kernel (.lkrn)"},
	ImageMemdisk:        {"memdisk", "", "MEMDISK"},
	ImageELF:            {"elf", "an ", "ELF program"},
	ImageMultiboot:      {"multiboot", "a ", "multiboot kernel"},
	ImageC32:            {"c32", "a ", "SYSLINUX module"},
	ImageCOM32:          {"com32", "a ", "SYSLINUX module of version 4 or older"},
	ImageUBoot:          {"uboot", "a ", "U-Boot image"},
	ImageFIT:            {"fit", "a ", "U-Boot FIT image"},
	ImageDTB:            {"dtb", "a ", "device tree"},
	ImageGzip:           {"gzip", "", "gzip data"},
	ImageXZ:             {"xz", "", "xz data"},
	ImageZstd:           {"zstd", "", "zstd data"},
	ImageLZ4:            {"lz4", "", "lz4 data"},
	ImageLZMA:           {"lzma", "", "lzma data"},
	ImageLZOP:           {"lzop", "", "lzop data"},
	ImageBzip2:          {"bzip2", "", "bzip2 data"},
	ImageCPIO:           {"cpio", "a ", "cpio archive"},
	ImageSquashFS:       {"squashfs", "a ", "squashfs file system"},
	ImageExt:            {"ext", "an ", "ext2, ext3 or ext4 file system"},
	ImageISO:            {"iso", "an ", "ISO 9660 image"},
	ImageWIM:            {"wim", "a ", "Windows WIM image"},
	ImageHTML:           {"html", "an ", "HTML page"},
	ImagePEM:            {"pem", "a ", "PEM certificate or key"},
	ImageIPXEScript:     {"ipxe-script", "an ", "iPXE script"},
	ImagePXELINUXConfig: {"pxelinux-config", "a ", "PXELINUX configuration"},
	ImageGRUBConfig:     {"grub-config", "a ", "GRUB configuration"},
	ImageText:           {"text", "a ", "text file"},
}

// String is the stable name of the kind: "pxelinux", "linux-x86".
func (k ImageKind) String() string { return k.info().name }

// Title is the name that users read: "Linux kernel".
func (k ImageKind) Title() string { return k.info().title }

// phrase is the title as the object of a sentence: "a Linux kernel", "shim".
func (k ImageKind) phrase() string { return k.info().article + k.info().title }

func (k ImageKind) info() kindInfo {
	if info, ok := kinds[k]; ok {
		return info
	}
	return kinds[ImageUnknown]
}
