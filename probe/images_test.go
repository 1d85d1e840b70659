package probe

import (
	"encoding/binary"
	"testing"
	"testing/fstest"

	"pxe/boot"
)

// Boot images as small as they can be and still be taken for what they are.

// at puts text at offsets of a file of n zero bytes.
func at(n int, parts ...any) []byte {
	b := make([]byte, n)
	for i := 0; i < len(parts); i += 2 {
		copy(b[parts[i].(int):], parts[i+1].(string))
	}
	return b
}

func pxelinuxNBP() []byte {
	return at(8000, 0, "\xEA\x24\x7C\x00\x00\x90\x90\x90\xAC\xC8\x83\x29", 0xD6E, "\r\nPXELINUX 6.04 PXE 20200816 \x00")
}

// c32 is a SYSLINUX module: a shared object for 32-bit x86.
func c32() []byte {
	b := at(256, 0, "\x7FELF\x01")
	le := binary.LittleEndian
	le.PutUint16(b[16:], 3) // ET_DYN
	le.PutUint16(b[18:], 3) // i386
	le.PutUint32(b[28:], 0x80)
	le.PutUint16(b[42:], 32)
	le.PutUint16(b[44:], 1)
	le.PutUint32(b[0x80:], 1) // PT_LOAD
	return b
}

// section is a section of an EFI program.
type section struct{ name, data string }

// efi is an EFI program, machine 0x8664 for x64.
func efi(machine uint16, signed bool, sections ...section) []byte {
	const start, headers = 0x600, 0x1000
	b := make([]byte, headers)
	le := binary.LittleEndian
	copy(b, "MZ")
	le.PutUint32(b[0x3C:], start)
	copy(b[start:], "PE\x00\x00")
	coff := b[start+4:]
	le.PutUint16(coff, machine)
	le.PutUint16(coff[2:], uint16(len(sections)))
	le.PutUint16(coff[16:], 240)
	opt := coff[20:]
	le.PutUint16(opt, 0x20B)
	le.PutUint16(opt[68:], 10) // EFI application
	for i, s := range sections {
		row := b[start+24+240+40*i:]
		copy(row[:8], s.name)
		le.PutUint32(row[16:], uint32(len(s.data)))
		le.PutUint32(row[20:], uint32(len(b)))
		b = append(b, s.data...)
	}
	if signed {
		le.PutUint32(b[start+24+144:], uint32(len(b)))
		le.PutUint32(b[start+24+148:], 1472)
		b = append(b, make([]byte, 1472)...)
	}
	return b
}

const x64 = 0x8664

// shim has sections with long names, which only its string table tells.
func shim() []byte {
	return efi(x64, true, section{"/4", ""}, section{"/14", ""}, section{"/26", ""}, section{".sbat", "shim,4,UEFI shim,shim,16.1,x\n"})
}

// grubEFI has its prefix where grub-mkimage puts it.
func grubEFI(machine uint16, prefix string) []byte {
	le := binary.LittleEndian
	data := prefix + "\x00"
	mods := at(24, 0, "mimg")
	le.PutUint64(mods[8:], 24)
	module := le.AppendUint32(nil, 3) // OBJ_TYPE_PREFIX
	module = le.AppendUint32(module, uint32(8+len(data)))
	mods = append(append(mods, module...), data...)
	le.PutUint64(mods[16:], uint64(len(mods)))
	return efi(machine, true, section{"mods", string(mods)})
}

// bzImage is an x86-64 kernel; with an EFI stub for UEFI.
func bzImage(stub bool) []byte {
	b := make([]byte, 0x1000)
	if stub {
		b = efi(x64, true)
	}
	le := binary.LittleEndian
	copy(b[0x1FE:], "\x55\xAA")
	copy(b[0x202:], "HdrS")
	le.PutUint16(b[0x206:], 0x020F)
	le.PutUint16(b[0x20E:], 0x100)
	b[0x211] = 1
	le.PutUint16(b[0x236:], 1)
	copy(b[0x300:], "6.1.0-test (x) #1\x00")
	return b
}

func initrd() []byte { return at(5000, 0, "\x1F\x8B\x08") }

// tree is a file tree from name and content pairs.
func tree(pairs ...any) fstest.MapFS {
	fs := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		switch data := pairs[i+1].(type) {
		case string:
			fs[pairs[i].(string)] = &fstest.MapFile{Data: []byte(data)}
		case []byte:
			fs[pairs[i].(string)] = &fstest.MapFile{Data: data}
		}
	}
	return fs
}

// TestImages: the images above are what they claim to be, else the chains prove
// nothing.
func TestImages(t *testing.T) {
	for want, data := range map[boot.ImageKind][]byte{
		boot.ImagePXELINUX: pxelinuxNBP(),
		boot.ImageC32:      c32(),
		boot.ImageShim:     shim(),
		boot.ImageGRUBEFI:  grubEFI(x64, "/grub"),
		boot.ImageLinuxX86: bzImage(true),
		boot.ImageGzip:     initrd(),
		boot.ImageEFI:      efi(x64, false),
	} {
		if got := boot.Identify(data, int64(len(data))); got.Kind != want {
			t.Errorf("%v is taken for %v", want, got.Kind)
		}
	}
	prefixed := program{content: content{data: grubEFI(x64, "/debian-installer/amd64/grub")}}
	if got := grubPrefixes(prefixed); len(got) != 1 || got[0] != "/debian-installer/amd64/grub" {
		t.Errorf("prefixes %v", got)
	}
}
