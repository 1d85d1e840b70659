package boot

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
)

type grubModule struct {
	kind uint32
	data string
}

// grubMods is the content of a "mods" section, in the layout of 64-bit or
// 32-bit machines.
func grubMods(wide bool, modules ...grubModule) string {
	var body []byte
	for _, m := range modules {
		body = binary.LittleEndian.AppendUint32(body, m.kind)
		body = binary.LittleEndian.AppendUint32(body, uint32(8+len(m.data)))
		body = append(body, m.data...)
	}
	head := []byte("mimg")
	if wide {
		head = binary.LittleEndian.AppendUint32(head, 0)
		head = binary.LittleEndian.AppendUint64(head, 24)
		head = binary.LittleEndian.AppendUint64(head, uint64(24+len(body)))
	} else {
		head = binary.LittleEndian.AppendUint32(head, 12)
		head = binary.LittleEndian.AppendUint32(head, uint32(12+len(body)))
	}
	return string(append(head, body...))
}

func grubFile(wide bool, mods string) []byte {
	p := pe{machine: 0x8664, sections: []peTestSection{{"mods", mods}}}
	if !wide {
		p.machine, p.narrow = 0x14C, true
	}
	return p.bytes()
}

func TestGRUBPrefix(t *testing.T) {
	code := grubModule{0, strings.Repeat("\x7FELF", 5000)}
	prefix := grubModule{3, "/debian-installer/amd64/grub\x00\x00\x00\x00"}
	wide := grubMods(true, code, grubModule{2, "normal\x00"}, prefix)
	tests := []struct {
		name string
		file []byte
		want string
	}{
		{"behind code and a script", grubFile(true, wide), "/debian-installer/amd64/grub"},
		{"32-bit", grubFile(false, grubMods(false, code, grubModule{3, "/grub\x00"})), "/grub"},
		{"with a device", grubFile(true, grubMods(true, grubModule{3, "(tftp)/grub\x00"})), "(tftp)/grub"},
		{"none", grubFile(true, grubMods(true, code)), ""},
		{"empty", grubFile(true, grubMods(true, grubModule{3, "\x00\x00\x00\x00"})), ""},
		{"not text", grubFile(true, grubMods(true, grubModule{3, "/gr\x01ub\x00"})), ""},
		{"cut before the prefix", grubFile(true, wide)[:0x1800], ""},
		{"module of no length", grubFile(true, strings.Replace(wide, "\x00\x00\x00\x00\x28\x4E\x00\x00", "\x00\x00\x00\x00\x00\x00\x00\x00", 1)), ""},
		{"no magic", grubFile(true, strings.Replace(wide, "mimg", "gimm", 1)), ""},
		{"no GRUB", pe{machine: 0x8664}.bytes(), ""},
		{"no PE", []byte("#!ipxe\n"), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := GRUBPrefix(bytes.NewReader(tt.file), int64(len(tt.file)))
			if got != tt.want || ok != (tt.want != "") {
				t.Errorf("GRUBPrefix = %q, %v; want %q", got, ok, tt.want)
			}
		})
	}
}

// A prefix put into an image of any shape comes out again, and no bytes make
// the walk fail.
func FuzzGRUBPrefix(f *testing.F) {
	f.Add(uint32(0), "code", "/grub", true)
	f.Add(uint32(2), "normal\x00", "/EFI/debian", false)
	f.Add(uint32(3), "/first\x00", "/second", true)
	f.Add(uint32(0), "\x00\x00\x00\x00", "", true)
	f.Fuzz(func(t *testing.T, kind uint32, data, prefix string, wide bool) {
		file := grubFile(wide, grubMods(wide, grubModule{kind, data}, grubModule{3, prefix + "\x00"}))
		got, ok := GRUBPrefix(bytes.NewReader(file), int64(len(file)))
		if kind != grubObjectPrefix {
			want, plain := prefix, prefix != "" && len(prefix) < 256
			for _, c := range []byte(prefix) {
				plain = plain && c > ' ' && c <= '~'
			}
			if plain && (got != want || !ok) {
				t.Errorf("put %q in, got %q, %v", want, got, ok)
			}
		}
		if ok && (got == "" || strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || r > '~' })) {
			t.Errorf("%q is no prefix", got)
		}
		raw := []byte(data)
		GRUBPrefix(bytes.NewReader(raw), int64(len(raw)))
	})
}
