package boot

import (
	"bytes"
	"encoding/binary"
	"math"
)

// Truncated reports whether the file ends before what its own headers promise.
// That it is false proves nothing: not every format states a size, and what
// Identify has not seen, it cannot judge.
func (im Image) Truncated() bool { return im.Size < im.Needs }

// promise records that the file is to have at least n bytes.
func (im *Image) promise(n int64) { im.Needs = max(im.Needs, n) }

// extent is where a stretch of a file ends. A sum that no file reaches stays
// one: it does not wrap round to a small number.
func extent(offset, size uint64) int64 {
	end := offset + size
	if end < offset || end > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(end)
}

// bzImageEnd is where an x86 kernel ends: its setup in sectors, one more for
// the boot sector, and the rest in paragraphs of 16 bytes (Linux
// Documentation/arch/x86/boot.rst). Those are rounded up, and neither Linux
// before 2.6.30 nor iPXE fills up the last one.
func bzImageEnd(w *window) int64 {
	sectors := int64(4) // 0 stands for it
	if b := w.at(0x1F1, 1); b != nil && b[0] != 0 {
		sectors = int64(b[0])
	}
	paragraphs := int64(w.u32(0x1F4))
	if w.u16(0x206) < protocolSyssize32 {
		paragraphs &= 0xFFFF
	}
	return (sectors+1)*512 + max(16*paragraphs-15, 0)
}

// pxelinuxLeast is less than any PXELINUX has, in bytes, and more than the code
// at its beginning, which unpacks the rest.
const pxelinuxLeast = 4 << 10

// pxelinuxEnd is where a PXELINUX ends. Since version 4 most of it is packed
// (core/lzo): its code pushes the address to unpack to, which is 1 MiB, the
// length and the address of what is packed, and calls the unpacker. It runs
// from 7C00.
func pxelinuxEnd(w *window) int64 {
	const base = 0x7C00
	code := w.head[:min(len(w.head), pxelinuxLeast)]
	_, call, found := bytes.Cut(code, []byte("\x68\x00\x00\x10\x00\xFF\x35")) // push 100000; push dword [...]
	if !found || len(call) < 10 || call[4] != 0x68 || call[9] != 0xE8 {       // push ...; call
		return pxelinuxLeast
	}
	length := int64(binary.LittleEndian.Uint32(call)) - base
	data := int64(binary.LittleEndian.Uint32(call[5:])) - base
	if length < 0 || data < 0 {
		return pxelinuxLeast
	}
	end := max(pxelinuxLeast, length+4, data)
	if b := w.at(length, 4); b != nil {
		end = max(end, data+int64(binary.LittleEndian.Uint32(b)))
	}
	return end
}

// elfEnd is where an ELF file ends: behind the last of its segments and of its
// section headers. 0 for big-endian ones.
func elfEnd(w *window) int64 {
	if !w.has(0, "\x7FELF") || w.has(5, "\x02") {
		return 0
	}
	wide := w.has(4, "\x02") // ELFCLASS64
	word := func(narrowAt, wideAt int64) uint64 {
		if wide {
			return w.u64(wideAt)
		}
		return uint64(w.u32(narrowAt))
	}
	counts, least := int64(42), uint64(32) // e_phentsize, e_phnum, e_shentsize, e_shnum; a program header
	if wide {
		counts, least = 54, 56
	}
	segments, sections := word(28, 32), word(32, 40)
	size, count := uint64(w.u16(counts)), uint64(w.u16(counts+2))
	end := extent(segments, size*count)
	if n := uint64(w.u16(counts+4)) * uint64(w.u16(counts+6)); n > 0 {
		end = max(end, extent(sections, n))
	}
	if size < least { // these are no headers: one would reach into the next
		count = 0
	}
	for i := range min(count, 64) {
		at := extent(segments, i*size)
		end = max(end, extent(word(at+4, at+8), word(at+16, at+32)))
	}
	return end
}
