package boot

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"
)

// The files of TestNeeds beside the samples: formats that state a size in
// fields which the samples leave at zero.

// kernel has a body as long as its header says, in paragraphs of 16 bytes.
func kernel(protocol uint16, sectors byte, paragraphs uint32) []byte {
	b := bzImage("6.1.0 (x) #1", 1, nil)[:1024]
	b[0x1F1] = sectors
	binary.LittleEndian.PutUint32(b[0x1F4:], paragraphs)
	binary.LittleEndian.PutUint16(b[0x206:], protocol)
	return append(b, make([]byte, 1<<20)...)
}

// packedPXELINUX unpacks itself: its code at 0x70D, the length of what is
// packed at 0xC56 and the packed bytes at 0xD90, as in 6.04.
func packedPXELINUX() []byte {
	b := append(bytes.Clone(imageSamples()["pxelinux"]), make([]byte, 32000)...)
	copy(b[0x706:], "\x68\x00\x00\x10\x00\xFF\x35\x56\x88\x00\x00\x68\x90\x89\x00\x00\xE8")
	binary.LittleEndian.PutUint32(b[0xC56:], uint32(len(b)-0xD90))
	return b
}

// module is an ELF file with a segment up to segment, and its section headers,
// two of 40 or 64 bytes, at table.
func module(class byte, segment, table uint32) []byte {
	b := append(elf(class, 3, 3, false), make([]byte, 8<<10)...)
	le := binary.LittleEndian
	if class == 2 {
		copy(b[16:], elf(2, 62, 3, false)[16:20])
		le.PutUint16(b[54:], 56)
		le.PutUint32(b[0x80+56:], 2)
		le.PutUint32(b[40:], table)
		le.PutUint16(b[58:], 64)
		le.PutUint16(b[60:], 2)
		le.PutUint64(b[0x80+8:], 0x100)
		le.PutUint64(b[0x80+32:], uint64(segment)-0x100)
		return b
	}
	le.PutUint32(b[32:], table)
	le.PutUint16(b[46:], 40)
	le.PutUint16(b[48:], 2)
	le.PutUint32(b[0x80+4:], 0x100)
	le.PutUint32(b[0x80+16:], segment-0x100)
	return b
}

// TestNeeds: what the headers of each format promise, and that a file which is
// a byte shorter is called truncated.
func TestNeeds(t *testing.T) {
	samples := imageSamples()
	whole := func(name string) int64 { return int64(len(samples[name])) }
	clearing := pe{machine: 0x8664, sections: []peTestSection{{".text", "code"}, {".bss", "xxxx"}}}.bytes()
	binary.LittleEndian.PutUint32(clearing[0x600+24+240+40+16:], 1<<20) // size of .bss
	binary.LittleEndian.PutUint32(clearing[0x600+24+240+40+20:], 0)     // which is not in the file
	twice := kernel(0x020F, 3, 0x800)
	copy(twice[0x3C:], samples["bzImage"][0x3C:0x40])
	copy(twice[0x600:0x1000], samples["bzImage"][0x600:0x1000])
	huge := module(2, 0x1000, 0x1800)
	binary.LittleEndian.PutUint64(huge[0x80+8:], math.MaxUint64-0x100)
	tests := map[string]struct {
		file []byte
		want int64
	}{
		"signed program":         {samples["shim"], whole("shim")},
		"signed PE32":            {samples["efi ia32 signed"], whole("efi ia32 signed")},
		"program":                {samples["systemd-boot"], whole("systemd-boot") - 4}, // its string table is nobody's
		"headers alone":          {samples["efi x64"], 0x600 + 24 + 240},
		"memory to be cleared":   {clearing, 0x1004},
		"kernel":                 {kernel(0x020F, 3, 0x800), 4*512 + 0x8000 - 15},
		"kernel, 4 sectors":      {kernel(0x020F, 0, 0x800), 5*512 + 0x8000 - 15},
		"kernel, 16-bit syssize": {kernel(0x0203, 3, 0x10800), 4*512 + 0x8000 - 15},
		"kernel without syssize": {kernel(0x020F, 3, 0), 4 * 512},
		"kernel and program":     {twice, 4*512 + 0x8000 - 15},
		"signed kernel":          {samples["bzImage"], whole("bzImage")},
		"signed arm64 kernel":    {samples["Image riscv"], whole("Image riscv")},
		"PXELINUX":               {packedPXELINUX(), 40000},
		"old PXELINUX":           {samples["pxelinux"], pxelinuxLeast},
		"module by segment":      {module(1, 0x1800, 0x1000), 0x1800},
		"module by table":        {module(1, 0x1000, 0x1800), 0x1800 + 80},
		"64-bit, by segment":     {module(2, 0x1800, 0x1000), 0x1800},
		"64-bit, by table":       {module(2, 0x1000, 0x1800), 0x1800 + 128},
		"sum that overflows":     {huge, math.MaxInt64},
		"gzip":                   {samples["gzip"], 0},
		"text":                   {samples["grub config"], 0},
	}
	for name, tt := range tests {
		im := Identify(tt.file, int64(len(tt.file)))
		if im.Needs != tt.want {
			t.Errorf("%s (%s) needs %#x, want %#x", name, im, im.Needs, tt.want)
		}
		if im.Truncated() != (tt.want > int64(len(tt.file))) {
			t.Errorf("%s: %d bytes and needs %d: truncated %v", name, im.Size, im.Needs, im.Truncated())
		}
		for cut := im.Needs - 1; cut > 0x700 && cut < im.Size; cut /= 2 { // what it is stays visible
			short := Identify(tt.file[:cut], cut)
			if short.Kind == im.Kind && !short.Truncated() {
				t.Errorf("%s cut to %d of %d bytes is not truncated (needs %d)", name, cut, im.Size, short.Needs)
			}
			if whole := Identify(tt.file[:cut], im.Size); whole.Truncated() {
				t.Errorf("%s by its first %d bytes is truncated, needs %d", name, cut, whole.Needs)
			}
		}
	}
	if (Image{}).Truncated() {
		t.Error("a file that nobody has looked at is truncated")
	}
}

// More bytes never make a whole file truncated, and what a file needs does not
// depend on what follows it.
func FuzzNeeds(f *testing.F) {
	for _, b := range imageSamples() {
		f.Add(b, []byte("tail"))
	}
	for _, b := range [][]byte{packedPXELINUX(), kernel(0x020F, 3, 0x40), module(1, 0x800, 0x900), module(2, 0x800, 0x900)} {
		f.Add(b, []byte("tail"))
		f.Add(b[:0x800], b[0x800:])
	}
	f.Fuzz(func(t *testing.T, b, tail []byte) {
		before := Identify(b, int64(len(b)))
		longer := append(bytes.Clone(b), tail...)
		after := Identify(longer, int64(len(longer)))
		if before.Needs < 0 || after.Needs < 0 {
			t.Fatalf("needs %d, with more bytes %d", before.Needs, after.Needs)
		}
		if before.Needs == 0 || before.Truncated() || before.Kind != after.Kind || before.EFI != after.EFI {
			return
		}
		if after.Truncated() || after.Needs != before.Needs {
			t.Errorf("%s of %d bytes needs %d; with %d more bytes it needs %d", before, len(b), before.Needs, len(tail), after.Needs)
		}
	})
}
