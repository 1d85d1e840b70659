package archive

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"testing"
	"testing/fstest"
)

// zipOf makes a zip file; each name is stored if it begins with "stored",
// deflated otherwise.
func zipOf(t testing.TB, files map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, content := range files {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate}
		if bytes.HasPrefix([]byte(name), []byte("stored")) {
			h.Method = zip.Store
		}
		f, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// compressible are n bytes that no two places have in common, and that shrink.
func compressible(n int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = "0123456789abcdef"[random.IntN(16)]
	}
	return b
}

func TestZip(t *testing.T) {
	small := map[string][]byte{"boot/linux": compressible(2000), "stored/linux": compressible(2000), "empty": nil}
	if err := fstest.TestFS(open(t, zipOf(t, small)), "boot/linux", "stored/linux", "empty"); err != nil {
		t.Error(err)
	}
	files := map[string][]byte{"boot/linux": compressible(1 << 20), "stored/linux": compressible(1 << 20), "empty": nil}
	tree := open(t, zipOf(t, files))
	for name, want := range files {
		f, err := tree.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		// In blocks, with steps back as a lost window makes them, and one jump to
		// the beginning.
		r := f.(io.ReaderAt)
		for _, at := range []int{0, 1000, 90_000, 40_000, 40_001, 500_000, 400_000, 700_000, 0, 1<<20 - 10, 1<<20 - 1} {
			if at >= len(want) {
				continue
			}
			got := make([]byte, 1000)
			n, err := r.ReadAt(got, int64(at))
			if !bytes.Equal(got[:n], want[at:][:min(1000, len(want)-at)]) || (n < 1000) != (err == io.EOF) {
				t.Errorf("%s at %d: %d bytes, %v", name, at, n, err)
			}
		}
	}
}

// What is read again within a window must not be inflated again.
func TestInflatedKeepsAWindow(t *testing.T) {
	opened := 0
	content := compressible(1 << 20)
	f := &inflated{size: int64(len(content)), open: func() (io.ReadCloser, error) {
		opened++
		return io.NopCloser(bytes.NewReader(content)), nil
	}}
	block := make([]byte, 16<<10)
	for at := 0; at < len(content); at += len(block) {
		for _, off := range []int{at, max(0, at-64*1468)} {
			if _, err := f.ReadAt(block, int64(off)); err != nil || !bytes.Equal(block, content[off:][:len(block)]) {
				t.Fatalf("at %d: %v", off, err)
			}
		}
	}
	if opened != 1 || cap(f.history) > 4*historySize {
		t.Errorf("opened %d times, %d bytes of memory", opened, cap(f.history))
	}
}

func TestZipRefuses(t *testing.T) {
	good := zipOf(t, map[string][]byte{"deflated": compressible(5000), "stored": compressible(5000)})
	readOne := func(b []byte, name string) error {
		tree, err := Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return err
		}
		_, err = fs.ReadFile(tree, name)
		return err
	}
	central := bytes.LastIndex(good, []byte("PK\x01\x02"))
	first := bytes.Index(good, []byte("PK\x01\x02"))
	patch := func(at int, b ...byte) []byte {
		bad := bytes.Clone(good)
		copy(bad[at:], b)
		return bad
	}
	entry := func(name string) int { // where the central directory tells of it
		for _, at := range []int{first, central} {
			if bytes.HasPrefix(good[at+46:], []byte(name)) {
				return at
			}
		}
		t.Fatal("no entry")
		return 0
	}
	for _, tt := range []struct {
		what string
		b    []byte
		name string
		want error
	}{
		{"missing", good, "nowhere", fs.ErrNotExist},
		{"climbs", good, "../deflated", fs.ErrInvalid},
		{"checksum", patch(entry("deflated")+16, 1, 2, 3, 4), "deflated", zip.ErrChecksum},
		{"method", patch(entry("deflated")+10, 12), "deflated", errors.ErrUnsupported},
		{"encrypted", patch(entry("deflated")+8, 1), "deflated", fs.ErrPermission},
		{"larger than told", patch(entry("deflated")+24, 0, 1, 0, 0), "deflated", nil},
		{"smaller than told", patch(entry("stored")+24, 0xff, 0xff, 0, 0), "stored", ErrFormat},
		{"elsewhere", patch(entry("stored")+42, 1, 2, 3), "stored", ErrFormat},
	} {
		err := readOne(tt.b, tt.name)
		if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.what, err, tt.want)
		}
	}
}

// Any bytes are refused or read, within bounds.
func FuzzZip(f *testing.F) {
	f.Add(zipOf(f, map[string][]byte{"boot/linux": compressible(40), "stored": []byte("x"), "a/b/": nil}))
	f.Add(zipOf(f, nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if tree, err := Open(bytes.NewReader(b), int64(len(b))); err == nil {
			readAll(t, tree)
		}
	})
}
