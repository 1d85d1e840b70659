package boot

import "bytes"

// magics are the files known by their first bytes, and the file systems known
// by bytes further in.
var magics = []struct {
	off  int64
	mark string
	kind ImageKind
}{
	{0, "\x1F\x8B", ImageGzip},
	{0, "\xFD7zXZ\x00", ImageXZ},
	{0, "\x28\xB5\x2F\xFD", ImageZstd},
	{0, "\x02\x21\x4C\x18", ImageLZ4}, // legacy frame, which the kernel wants
	{0, "\x04\x22\x4D\x18", ImageLZ4},
	{0, "\x5D\x00\x00", ImageLZMA},
	{0, "\x89LZO", ImageLZOP},
	{0, "BZh", ImageBzip2},
	{0, "070701", ImageCPIO},
	{0, "070702", ImageCPIO},
	{0, "hsqs", ImageSquashFS},
	{0, "MSWIM\x00\x00\x00", ImageWIM},
	{0, "\x27\x05\x19\x56", ImageUBoot},
	{0, "\xD0\x0D\xFE\xED", ImageDTB},
	{0, "\xB8\xFF\x4C\xCD\x21", ImageCOM32}, // mov ax, 4CFF; int 21h: "return" under DOS
	{0x8001, "CD001", ImageISO},             // before a boot sector: isohybrid has both
	{0x438, "\x53\xEF", ImageExt},
}

// identifyMagic places data files.
func identifyMagic(w *window, im *Image) bool {
	for _, m := range magics {
		if !w.has(m.off, m.mark) {
			continue
		}
		im.Kind = m.kind
		switch m.kind {
		case ImageDTB:
			if bytes.Contains(w.head, []byte("\x00images\x00")) {
				im.Kind = ImageFIT
			}
		case ImageCPIO:
			if bytes.Contains(w.head[:min(len(w.head), 4096)], []byte("kernel/x86/microcode")) {
				im.note("It begins with processor microcode; the initrd proper follows.")
			}
		case ImageCOM32:
			im.setArch(ArchBIOS)
		}
		return true
	}
	return false
}
