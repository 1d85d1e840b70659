package boot

import (
	"bytes"
	"encoding/binary"
	"io"
)

// grubModules bounds the walk over the modules in a GRUB image; Debian's has 190.
const grubModules = 4096

// grubObjectPrefix is the module type that holds the prefix (GRUB
// include/grub/kernel.h, OBJ_TYPE_PREFIX).
const grubObjectPrefix = 3

// GRUBPrefix finds the prefix that grub-mkimage built into an EFI GRUB: the
// folder of its configuration, such as "/grub", "/debian-installer/amd64/grub"
// or "/EFI/debian". The prefix stands behind all modules, so it takes the whole
// file. The second value is false when r is no such GRUB or has none. A GRUB may
// look elsewhere first: Red Hat's beside itself, others through a script inside.
func GRUBPrefix(r io.ReaderAt, size int64) (string, bool) {
	w := newWindow(r, size)
	h, ok := readPE(w)
	if !ok {
		return "", false
	}
	for _, s := range h.sections {
		if s.name == "mods" {
			return grubPrefix(w, s, h.plus)
		}
	}
	return "", false
}

// grubPrefix walks the modules: a header {magic "mimg", [padding], offset, size}
// in the machine's word size, then per module {type u32, size u32, data}, where
// size includes those eight bytes.
func grubPrefix(w *window, s peSection, wide bool) (string, bool) {
	if !w.has(s.offset, "mimg") {
		return "", false
	}
	first, total := int64(w.u32(s.offset+4)), int64(w.u32(s.offset+8))
	if wide {
		first, total = int64(w.u64(s.offset+8)), int64(w.u64(s.offset+16))
	}
	if first < 0 || total < 0 || first > s.size || total > s.size {
		return "", false
	}
	at, end := s.offset+first, s.offset+total
	for n := 0; n < grubModules && at < end; n++ {
		head := w.at(at, 8)
		if head == nil {
			return "", false
		}
		length := int64(binary.LittleEndian.Uint32(head[4:]))
		if length < 8 {
			return "", false
		}
		if binary.LittleEndian.Uint32(head) == grubObjectPrefix {
			data, _, _ := bytes.Cut(w.read(at+8, int(min(length-8, 256))), []byte{0})
			prefix := printable(data, len(data))
			if prefix == "" || len(prefix) != len(data) {
				return "", false
			}
			return prefix, true
		}
		at += length
	}
	return "", false
}
