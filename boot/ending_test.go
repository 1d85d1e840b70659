package boot

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// noise is what no packer makes smaller.
func noise(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{}).Read(b)
	return b
}

func gzipped(data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(data)
	z.Close()
	return b.Bytes()
}

// zstandard is a frame with a checksum: a raw block of data, then one byte
// repeated.
func zstandard(data []byte) []byte {
	n := len(data) << 3
	b := append([]byte("\x28\xB5\x2F\xFD\x04\x58"), byte(n), byte(n>>8), byte(n>>16))
	return append(append(b, data...), "\x53\x00\x00x" /* RLE, last */ +"\x01\x02\x03\x04"...)
}

// lz4 is two blocks of the legacy format.
func lz4(data []byte) []byte {
	block := append([]byte{byte(len(data)), byte(len(data) >> 8), 0, 0}, data...)
	return append(append([]byte("\x02\x21\x4C\x18"), block...), block...)
}

func xz(data []byte) []byte { return append(append([]byte(xzMagic), data...), "\x00\x00YZ"...) }

// cpio is an archive of one file, and the member that marks its end.
func cpio(data []byte) []byte {
	var b []byte
	for _, m := range []struct {
		name string
		data []byte
	}{{"kernel/x86/x.bin", data}, {"TRAILER!!!", nil}} {
		b = fmt.Appendf(b, "070701%048X%08X%032X%08X%08X", 0, len(m.data), 0, len(m.name)+1, 0)
		b = append(append(b, m.name...), 0)
		b = append(append(pad4(b), m.data...), make([]byte, -len(m.data)&3)...)
	}
	return pad4(b)
}

func pad4(b []byte) []byte { return append(b, make([]byte, -len(b)&3)...) }

func ends(b []byte, chunk int) string {
	e := NewEnding()
	for len(b) > 0 {
		n := min(chunk, len(b))
		e.Write(b[:n])
		b = b[n:]
	}
	return e.Close()
}

// TestEnding: each format alone and behind others, whole and cut.
func TestEnding(t *testing.T) {
	data := noise(3000)
	zeros := make([]byte, 512)
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	tests := map[string]struct {
		file []byte
		cut  string // the format that it breaks off in without its last 20 bytes; "" is not noticed
	}{
		"gzip":                     {gzipped(data), "gzip"},
		"gzip of zeros":            {gzipped(make([]byte, 1<<20)), "gzip"},
		"two of gzip":              {join(gzipped(data), gzipped(data)), "gzip"},
		"zstd":                     {zstandard(data), "zstd"},
		"lz4":                      {lz4(data), "lz4"},
		"xz":                       {xz(data), "xz"},
		"cpio":                     {cpio(data), "cpio"},
		"microcode and zstd":       {join(cpio(data), zeros, zstandard(data)), "zstd"},
		"microcode and gzip":       {join(cpio(data), zeros, gzipped(data)), "gzip"},
		"gzip and firmware behind": {join(gzipped(data), zeros, cpio(data)), "cpio"},
		"xz and firmware behind":   {join(xz(data), gzipped(data)), ""}, // not looked at
		"lz4 twice":                {join(lz4(data), lz4(data)), "lz4"},
		"lz4 and cpio":             {join(lz4(data), cpio(data)), "cpio"},
		"damaged gzip":             {append([]byte("\x1F\x8B\x08"), make([]byte, 3000)...), ""},
		"kernel":                   {kernel(0x020F, 3, 0x800), ""},
		"text":                     {[]byte(strings.Repeat("hello ", 100)), ""},
	}
	for name, tt := range tests {
		for _, chunk := range []int{7, 1408, 1 << 20} {
			if got := ends(tt.file, chunk); got != "" {
				t.Errorf("%s ends inside %s", name, got)
			}
			if got := ends(join(tt.file, zeros), chunk); got != "" {
				t.Errorf("%s with zeros behind ends inside %s", name, got)
			}
			if got := ends(tt.file[:len(tt.file)-20], chunk); got != tt.cut {
				t.Errorf("%s, cut, ends inside %q, want %q", name, got, tt.cut)
			}
		}
	}
	if got := ends(nil, 1); got != "" {
		t.Errorf("nothing ends inside %s", got)
	}
}

// TestEndingCutAnywhere: there is no length at which a single archive, cut,
// seems whole, once its magic is there.
func TestEndingCutAnywhere(t *testing.T) {
	data := noise(200)
	for name, file := range map[string][]byte{
		"gzip": gzipped(data), "zstd": zstandard(data), "xz": xz(data), "cpio": bytes.TrimRight(cpio(data), "\x00"),
	} {
		for n := 6; n < len(file); n++ {
			if got := ends(file[:n], 64); got != name {
				t.Fatalf("%d of %d bytes of %s end inside %q", n, len(file), name, got)
			}
		}
	}
}

// Whatever the bytes: an end, the same however they come, and zeros behind a
// whole file leave it whole.
func FuzzEnding(f *testing.F) {
	data := noise(64)
	for _, b := range [][]byte{gzipped(data), zstandard(data), lz4(data), xz(data), cpio(data), append(cpio(data), zstandard(data)...)} {
		f.Add(b)
		f.Add(b[:len(b)-9])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		whole := ends(b, 1<<20)
		if pieces := ends(b, 3); pieces != whole {
			t.Errorf("in one piece it ends inside %q, in many %q", whole, pieces)
		}
		if bytes.HasSuffix(b, []byte(xzMagic[:5])) {
			return // a zero makes that the beginning of an archive
		}
		if longer := ends(append(bytes.Clone(b), make([]byte, 64)...), 1<<20); whole == "" && longer != "" {
			t.Errorf("zeros behind a whole file: it ends inside %s", longer)
		}
	})
}
