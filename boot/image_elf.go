package boot

import "encoding/binary"

// elfMachines maps e_machine to the UEFI architecture of the same processor.
var elfMachines = map[uint16]Arch{
	3:   ArchEFIIA32,
	62:  ArchEFIX64,
	40:  ArchEFIARM,
	183: ArchEFIARM64,
	243: ArchEFIRISCV64,
	258: ArchEFILoong64,
	21:  12, // PPC64: Open Firmware
}

// Of the ELF header.
const (
	elfShared      = 3 // e_type of shared objects and of position-independent programs
	elfInterpreter = 3 // p_type that programs for an operating system have
)

// identifyELF places ELF files, and kernels with a multiboot header in their
// first 8 KiB (multiboot2: 32 KiB).
func identifyELF(w *window, im *Image) bool {
	elf := w.has(0, "\x7FELF")
	multiboot := hasMultiboot(w.head)
	if !elf && !multiboot {
		return false
	}
	im.Kind = ImageELF
	im.promise(elfEnd(w))
	if elf {
		if a, ok := elfMachines[w.u16(18)]; ok {
			im.setArch(a)
		}
	}
	switch {
	case multiboot:
		im.Kind = ImageMultiboot
	case isSyslinuxModule(w, im):
		im.Kind = ImageC32
	}
	return true
}

// hasMultiboot looks for the header of either multiboot specification, which is
// aligned and whose first words, magic to checksum, add up to zero.
func hasMultiboot(head []byte) bool {
	for _, v := range []struct {
		magic               uint32
		within, step, words int
	}{
		{0x1BADB002, 8 << 10, 4, 3},
		{0xE85250D6, 32 << 10, 8, 4},
	} {
		for at := 0; at+4*v.words <= min(len(head), v.within); at += v.step {
			if binary.LittleEndian.Uint32(head[at:]) != v.magic {
				continue
			}
			var sum uint32
			for i := range v.words {
				sum += binary.LittleEndian.Uint32(head[at+4*i:])
			}
			if sum == 0 {
				return true
			}
		}
	}
	return false
}

// isSyslinuxModule tells the modules of SYSLINUX 5 and later from other ELF
// files: shared objects for x86 that name no interpreter.
func isSyslinuxModule(w *window, im *Image) bool {
	if !im.HasArch || im.Arch != ArchEFIIA32 && im.Arch != ArchEFIX64 || w.u16(16) != elfShared {
		return false
	}
	table, size, count := int64(w.u32(28)), int64(w.u16(42)), w.u16(44)
	if w.has(4, "\x02") { // ELFCLASS64
		table, size, count = int64(w.u64(32)), int64(w.u16(54)), w.u16(56)
	}
	for i := range int64(min(count, 64)) {
		at := table + i*size
		if at < 0 || at > int64(len(w.head))-4 {
			return false
		}
		if binary.LittleEndian.Uint32(w.head[at:]) == elfInterpreter {
			return false
		}
	}
	return count > 0
}
