package boot

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// Arch is a client system architecture as sent in DHCPv4 option 93 and DHCPv6
// option 61 (RFC 4578 2.1, RFC 5970 3.3; numbers from the IANA registry
// "Processor Architecture Types"). The zero value is an x86 BIOS, as on the wire.
type Arch uint16

// The architectures that this project treats by name.
const (
	ArchBIOS        Arch = 0
	ArchEFIIA32     Arch = 6
	ArchEFIX64      Arch = 7
	ArchEFIBC       Arch = 9 // sent for x64 by firmware of 2005 to 2012 (RFC 4578 erratum)
	ArchEFIARM      Arch = 10
	ArchEFIARM64    Arch = 11
	ArchHTTPX64     Arch = 16
	ArchHTTPEBC     Arch = 17
	ArchHTTPARM64   Arch = 19
	ArchHTTPBIOS    Arch = 20
	ArchUBootARM64  Arch = 22
	ArchEFIRISCV64  Arch = 27
	ArchHTTPRISCV64 Arch = 28
	ArchEFILoong64  Arch = 39
	ArchHTTPLoong64 Arch = 40
	ArchRPiBoot     Arch = 41
)

// unknownArch begins the name of a number outside the registry.
const unknownArch = "arch-"

// Platform is the kind of firmware behind an architecture; it decides which
// boot programs run and which messages the firmware prints.
type Platform uint8

// The platforms.
const (
	PlatformOther Platform = iota
	PlatformBIOS
	PlatformUEFI
	PlatformUBoot
)

func (p Platform) String() string {
	switch p {
	case PlatformBIOS:
		return "BIOS"
	case PlatformUEFI:
		return "UEFI"
	case PlatformUBoot:
		return "U-Boot"
	}
	return "other"
}

type archInfo struct {
	name     string
	title    string
	platform Platform
	http     bool
	base     Arch // the same machine without HTTP Boot
}

// archs is the registry; names are what users type, titles what they read.
var archs = map[Arch]archInfo{
	0:  {"bios", "x86 BIOS", PlatformBIOS, false, 0},
	1:  {"pc98", "NEC PC-98", PlatformOther, false, 1},
	2:  {"efi-ia64", "Itanium UEFI", PlatformUEFI, false, 2},
	3:  {"alpha", "DEC Alpha", PlatformOther, false, 3},
	4:  {"arc-x86", "Arc x86", PlatformOther, false, 4},
	5:  {"intel-lean", "Intel Lean Client", PlatformOther, false, 5},
	6:  {"efi-ia32", "x86 UEFI", PlatformUEFI, false, 6},
	7:  {"efi-x64", "x64 UEFI", PlatformUEFI, false, 7},
	8:  {"efi-xscale", "Xscale UEFI", PlatformUEFI, false, 8},
	9:  {"efi-bc", "EFI byte code (old firmware: x64 UEFI)", PlatformUEFI, false, 9},
	10: {"efi-arm", "ARM 32-bit UEFI", PlatformUEFI, false, 10},
	11: {"efi-arm64", "ARM 64-bit UEFI", PlatformUEFI, false, 11},
	12: {"ppc-of", "PowerPC Open Firmware", PlatformOther, false, 12},
	13: {"ppc-epapr", "PowerPC ePAPR", PlatformOther, false, 13},
	14: {"ppc-opal", "PowerPC OPAL v3", PlatformOther, false, 14},
	15: {"http-ia32", "x86 UEFI HTTP Boot", PlatformUEFI, true, 6},
	16: {"http-x64", "x64 UEFI HTTP Boot", PlatformUEFI, true, 7},
	17: {"http-bc", "EFI byte code HTTP Boot", PlatformUEFI, true, 9},
	18: {"http-arm", "ARM 32-bit UEFI HTTP Boot", PlatformUEFI, true, 10},
	19: {"http-arm64", "ARM 64-bit UEFI HTTP Boot", PlatformUEFI, true, 11},
	20: {"http-bios", "x86 BIOS HTTP Boot", PlatformBIOS, true, 0},
	21: {"uboot-arm", "ARM 32-bit U-Boot", PlatformUBoot, false, 21},
	22: {"uboot-arm64", "ARM 64-bit U-Boot", PlatformUBoot, false, 22},
	23: {"http-uboot-arm", "ARM 32-bit U-Boot HTTP", PlatformUBoot, true, 21},
	24: {"http-uboot-arm64", "ARM 64-bit U-Boot HTTP", PlatformUBoot, true, 22},
	25: {"efi-riscv32", "RISC-V 32-bit UEFI", PlatformUEFI, false, 25},
	26: {"http-riscv32", "RISC-V 32-bit UEFI HTTP Boot", PlatformUEFI, true, 25},
	27: {"efi-riscv64", "RISC-V 64-bit UEFI", PlatformUEFI, false, 27},
	28: {"http-riscv64", "RISC-V 64-bit UEFI HTTP Boot", PlatformUEFI, true, 27},
	29: {"efi-riscv128", "RISC-V 128-bit UEFI", PlatformUEFI, false, 29},
	30: {"http-riscv128", "RISC-V 128-bit UEFI HTTP Boot", PlatformUEFI, true, 29},
	31: {"s390", "s390 basic", PlatformOther, false, 31},
	32: {"s390x", "s390 extended", PlatformOther, false, 32},
	33: {"efi-mips32", "MIPS 32-bit UEFI", PlatformUEFI, false, 33},
	34: {"efi-mips64", "MIPS 64-bit UEFI", PlatformUEFI, false, 34},
	35: {"efi-sunway32", "Sunway 32-bit UEFI", PlatformUEFI, false, 35},
	36: {"efi-sunway64", "Sunway 64-bit UEFI", PlatformUEFI, false, 36},
	37: {"efi-loongarch32", "LoongArch 32-bit UEFI", PlatformUEFI, false, 37},
	38: {"http-loongarch32", "LoongArch 32-bit UEFI HTTP Boot", PlatformUEFI, true, 37},
	39: {"efi-loongarch64", "LoongArch 64-bit UEFI", PlatformUEFI, false, 39},
	40: {"http-loongarch64", "LoongArch 64-bit UEFI HTTP Boot", PlatformUEFI, true, 39},
	41: {"rpiboot", "Raspberry Pi boot ROM", PlatformOther, false, 41},
}

// String is the name that users type: "bios", "efi-x64"; "arch-77" for a number
// outside the registry.
func (a Arch) String() string {
	if info, ok := archs[a]; ok {
		return info.name
	}
	return unknownArch + strconv.Itoa(int(a))
}

// Title is the name that users read: "x64 UEFI".
func (a Arch) Title() string {
	if info, ok := archs[a]; ok {
		return info.title
	}
	return fmt.Sprintf("unknown architecture %d", uint16(a))
}

// Known reports whether a is in the registry.
func (a Arch) Known() bool { _, ok := archs[a]; return ok }

// HTTP reports whether a client of this architecture boots from a URL (UEFI
// HTTP Boot and its kin) and not by TFTP.
func (a Arch) HTTP() bool { return archs[a].http }

// Base is the architecture of the same machine without HTTP Boot.
func (a Arch) Base() Arch {
	if info, ok := archs[a]; ok {
		return info.base
	}
	return a
}

// Platform is the kind of firmware that sends this architecture.
func (a Arch) Platform() Platform { return archs[a].platform }

// ParseArch reads a name ("efi-x64") or a registry number in decimal or hex
// ("7", "0x07", "arch-77").
func ParseArch(s string) (Arch, error) {
	name := strings.ToLower(strings.TrimSpace(s))
	for a, info := range archs {
		if info.name == name {
			return a, nil
		}
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(name, unknownArch), 0, 16)
	if err != nil {
		return 0, fmt.Errorf("unknown architecture %q: want a name such as bios, efi-x64, efi-arm64 or an option 93 number", s)
	}
	return Arch(n), nil
}

// ArchNames lists every name that ParseArch takes, in the order of the registry.
func ArchNames() []string {
	order := make([]Arch, 0, len(archs))
	for a := range archs {
		order = append(order, a)
	}
	sort.Slice(order, func(i, j int) bool { return order[i] < order[j] })
	names := make([]string, len(order))
	for i, a := range order {
		names[i] = archs[a].name
	}
	return names
}
