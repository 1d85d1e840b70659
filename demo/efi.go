package demo

import (
	"bytes"
	"debug/pe"
	"encoding/binary"
	"unicode/utf16"
)

// EFIMessage is the line that the UEFI program prints.
const EFIMessage = "pxe: this machine boots (UEFI)"

// efiCode is the entry point, called with the image handle in RCX and the
// system table in RDX (UEFI 2.10, 2.3.4.2). The message follows it directly.
// It addresses memory relative to RIP alone, so it needs no relocation.
const efiCode = "" +
	"\x48\x83\xEC\x28" + //         00 sub rsp, 28h         32 bytes for callees, and alignment
	"\x48\x8B\x5A\x60" + //         04 mov rbx, [rdx+60h]   SystemTable.BootServices
	"\x48\x8B\x4A\x40" + //         08 mov rcx, [rdx+40h]   SystemTable.ConOut
	"\x48\x8D\x15\x17\x00\x00\x00" + // 0C lea rdx, [rip+17h]   message, at 2A
	"\xFF\x51\x08" + //             13 call [rcx+8]         ConOut.OutputString(ConOut, message)

	// The firmware resets a machine whose boot program has not taken over
	// within five minutes (UEFI 2.10, 3.1.2): this one never will.
	"\x31\xC9" + //                 16 xor ecx, ecx         0 seconds: off
	"\x31\xD2" + //                 18 xor edx, edx
	"\x45\x31\xC0" + //             1A xor r8d, r8d
	"\x45\x31\xC9" + //             1D xor r9d, r9d
	"\xFF\x93\x00\x01\x00\x00" + // 20 call [rbx+100h]      BootServices.SetWatchdogTimer(0, 0, 0, nil)

	// Sleep rather than return, which would start the next boot option.
	"\xF4" + //                     26 hlt                  <- for ever
	"\xEB\xFD" + //                 27 jmp 26
	"\x90" //                       29 nop                  UTF-16 starts at an even address

// Where the parts of the UEFI program are, in the file and in memory. Sections
// are a page apart and none is both writable and executable, as firmware that
// enforces memory protection demands.
const (
	efiPageSize   = 0x1000
	efiFileAlign  = 0x200
	efiTextRVA    = 1 * efiPageSize
	efiRelocRVA   = 2 * efiPageSize
	efiImageSize  = 3 * efiPageSize
	efiHeaderSize = efiFileAlign // all headers fit in one unit
)

// efiProgram is an EFI application for x64: a PE32+ image with a section of
// code and an empty relocation table. Without that table a loader may take the
// image for one that only runs at its preferred address.
func efiProgram() []byte {
	text := append([]byte(efiCode), utf16z("\r\n"+EFIMessage+"\r\n")...)
	reloc := relocations()

	var image bytes.Buffer
	write := func(part any) { // to memory, from fixed-size values: cannot fail
		_ = binary.Write(&image, binary.LittleEndian, part)
	}
	pad := func() { image.Write(make([]byte, -image.Len()&(efiFileAlign-1))) }

	const peOffset = 0x40
	dos := [peOffset]byte{0: 'M', 1: 'Z', 0x3C: peOffset}
	write(dos)
	write([4]byte{'P', 'E'})
	write(pe.FileHeader{
		Machine:              pe.IMAGE_FILE_MACHINE_AMD64,
		NumberOfSections:     2,
		SizeOfOptionalHeader: uint16(binary.Size(pe.OptionalHeader64{})),
		Characteristics:      pe.IMAGE_FILE_EXECUTABLE_IMAGE | pe.IMAGE_FILE_LARGE_ADDRESS_AWARE,
	})
	optional := pe.OptionalHeader64{
		Magic:               0x20B, // PE32+
		SizeOfCode:          efiFileAlign,
		AddressOfEntryPoint: efiTextRVA,
		BaseOfCode:          efiTextRVA,
		SectionAlignment:    efiPageSize,
		FileAlignment:       efiFileAlign,
		SizeOfImage:         efiImageSize,
		SizeOfHeaders:       efiHeaderSize,
		Subsystem:           pe.IMAGE_SUBSYSTEM_EFI_APPLICATION,
		DllCharacteristics:  pe.IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE | pe.IMAGE_DLLCHARACTERISTICS_NX_COMPAT,
		NumberOfRvaAndSizes: 16,
	}
	optional.DataDirectory[pe.IMAGE_DIRECTORY_ENTRY_BASERELOC] = pe.DataDirectory{
		VirtualAddress: efiRelocRVA,
		Size:           uint32(len(reloc)),
	}
	write(optional)
	write(pe.SectionHeader32{
		Name:             [8]uint8{'.', 't', 'e', 'x', 't'},
		VirtualSize:      uint32(len(text)),
		VirtualAddress:   efiTextRVA,
		SizeOfRawData:    efiFileAlign,
		PointerToRawData: efiHeaderSize,
		Characteristics:  pe.IMAGE_SCN_CNT_CODE | pe.IMAGE_SCN_MEM_EXECUTE | pe.IMAGE_SCN_MEM_READ,
	})
	write(pe.SectionHeader32{
		Name:             [8]uint8{'.', 'r', 'e', 'l', 'o', 'c'},
		VirtualSize:      uint32(len(reloc)),
		VirtualAddress:   efiRelocRVA,
		SizeOfRawData:    efiFileAlign,
		PointerToRawData: efiHeaderSize + efiFileAlign,
		Characteristics:  pe.IMAGE_SCN_CNT_INITIALIZED_DATA | pe.IMAGE_SCN_MEM_DISCARDABLE | pe.IMAGE_SCN_MEM_READ,
	})
	pad()
	image.Write(text)
	pad()
	image.Write(reloc)
	pad()
	return image.Bytes()
}

// relocations is a table of one block that relocates nothing: its page, its
// size of 12 bytes, and two entries of type ABSOLUTE, which are padding.
func relocations() []byte {
	block := binary.LittleEndian.AppendUint32(nil, efiTextRVA)
	block = binary.LittleEndian.AppendUint32(block, 12)
	return append(block, 0, 0, 0, 0)
}

// utf16z is s in little-endian UTF-16 with a terminating zero.
func utf16z(s string) []byte {
	var b []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return append(b, 0, 0)
}
