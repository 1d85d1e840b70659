package fetch

import (
	"math/rand/v2"
	"slices"
	"time"

	"pxe/tftp"
)

// Firmware is how a boot program asks a TFTP server for a file, as data: read
// from its source or seen on the wire. The zero value is nobody in particular.
type Firmware struct {
	Name  string // as users type it: "efi"
	Title string // as users read it
	// Size are the options of the request that only wants the size, and comes
	// first. nil: there is none.
	Size []tftp.Option
	Read []tftp.Option // the options of the request for the file
	// Waits are how long it waits after each try.
	Waits []time.Duration
	// Port is the lowest local port, 0 any; it begins at one of PortSpan ports
	// from there, and counts up.
	Port     uint16
	PortSpan int
	// NeedsSize says that it boots nothing from a server that does not tell the
	// size, NeedsOACK from one that knows no options.
	NeedsSize, NeedsOACK bool
	// Rooted says that its names begin with a slash, always.
	Rooted bool
}

// Firmwares are all that are known, in the order of a boot.
func Firmwares() []Firmware {
	return []Firmware{BIOS(), EFI(), IPXE(), PXELINUX(), Shim(), GRUB(), UBoot()}
}

// FindFirmware is the firmware of that name.
func FindFirmware(name string) (Firmware, bool) {
	all := Firmwares()
	i := slices.IndexFunc(all, func(f Firmware) bool { return f.Name == name })
	if i < 0 {
		return Firmware{}, false
	}
	return all[i], true
}

// BIOS is a PXE ROM of Intel's kind: the options and the lowest port as in a
// published trace. How it repeats is not known, only that it ends with PXE-E32.
func BIOS() Firmware {
	return Firmware{
		Name: "bios", Title: "PXE ROM of a PC BIOS",
		Size: options("tsize", "0"), Read: options("blksize", "1456"),
		Waits: []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second},
		Port:  2070, PortSpan: 1000,
	}
}

// EFI is the PXE base code of EDK2 over IPv4, as OVMF was seen to ask.
func EFI() Firmware {
	return Firmware{
		Name: "efi", Title: "UEFI (EDK2)",
		Size:  options("tsize", "0", "blksize", "1468", "windowsize", "4"),
		Read:  options("blksize", "1468", "windowsize", "4"),
		Waits: slices.Repeat([]time.Duration{4 * time.Second}, 6),
		Port:  1024, PortSpan: 1024, // Udp4Dxe
		NeedsSize: true,
	}
}

// IPXE is iPXE's tftp.c, as its ROMs were seen to ask.
func IPXE() Firmware {
	return Firmware{
		Name: "ipxe", Title: "iPXE",
		Read:  options("blksize", "1432", "tsize", "0"),
		Waits: growing(250*time.Millisecond, 6, func(d time.Duration) time.Duration { return 2 * d }),
	}
}

// PXELINUX is SYSLINUX 6.04, core/fs/pxe/tftp.c.
func PXELINUX() Firmware {
	return Firmware{
		Name: "pxelinux", Title: "PXELINUX",
		Read:  options("tsize", "0", "blksize", "1408"),
		Waits: growing(270*time.Millisecond, 20, func(d time.Duration) time.Duration { return d * 6 / 5 }),
	}
}

// Shim asks through EDK2, with another block size and without a size.
func Shim() Firmware {
	f := EFI()
	f.Name, f.Title = "shim", "shim"
	f.Size, f.Read = nil, options("blksize", "512", "windowsize", "4")
	return f
}

// GRUB is GRUB 2.06, net/tftp.c.
func GRUB() Firmware {
	return Firmware{
		Name: "grub", Title: "GRUB",
		Read:  options("blksize", "1024", "tsize", "0"),
		Waits: growing(400*time.Millisecond, 20, func(d time.Duration) time.Duration { return d + 50*time.Millisecond }),
		Port:  25300, PortSpan: 1, NeedsOACK: true, Rooted: true,
	}
}

// UBoot is U-Boot 2023.01, net/tftp.c, without tftpwindowsize.
func UBoot() Firmware {
	return Firmware{
		Name: "uboot", Title: "U-Boot",
		Read:  options("timeout", "5", "blksize", "1468"),
		Waits: slices.Repeat([]time.Duration{5 * time.Second}, 10),
		Port:  1024, PortSpan: 3072,
	}
}

// firstPort is the port of the first request after power-on.
func (f Firmware) firstPort() uint16 {
	if f.PortSpan == 0 {
		return 0
	}
	return f.Port + uint16(rand.IntN(f.PortSpan))
}

// Silence is how long it lets a server be silent.
func (f Firmware) Silence() time.Duration {
	var sum time.Duration
	for _, wait := range f.Waits {
		sum += wait
	}
	return sum
}

// growing are n waits, the next made from the one before.
func growing(first time.Duration, n int, next func(time.Duration) time.Duration) []time.Duration {
	waits := []time.Duration{first}
	for len(waits) < n {
		waits = append(waits, next(waits[len(waits)-1]))
	}
	return waits
}

// options is a list from names and values in turn.
func options(pairs ...string) []tftp.Option {
	var list []tftp.Option
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, tftp.Option{Name: pairs[i], Value: pairs[i+1]})
	}
	return list
}
