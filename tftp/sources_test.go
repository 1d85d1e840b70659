package tftp

import (
	"bytes"
	"embed"
	"errors"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestCleanName(t *testing.T) {
	tests := []struct {
		name, want string
		note       bool
		code       Code // of the error; only with want == ""
	}{
		{"pxelinux.0", "pxelinux.0", false, 0},
		{"/pxelinux.0", "pxelinux.0", false, 0},
		{"///boot//grub/./grub.cfg", "boot/grub/grub.cfg", false, 0},
		{`\Boot\BCD`, "Boot/BCD", false, 0},
		{`boot\x64/wdsmgfw.efi`, "boot/x64/wdsmgfw.efi", false, 0},
		{"x//amd64/linux", "x/amd64/linux", false, 0},
		{"bios/../images/linux", "images/linux", false, 0},
		{"dir/", "dir", false, 0},
		{"tftp://192.0.2.1/ipxe.efi", "ipxe.efi", false, 0},
		{"TFTP://[2001:db8::1]:69//grubx64.efi", "grubx64.efi", false, 0},
		{"snponly.efi\xff", "snponly.efi", true, 0},
		{"snponly.efi\xff\xff", "snponly.efi", true, 0},
		{"snponly.efi\x00", "snponly.efi", true, 0},
		{"größe", "größe", false, 0},
		{"latin-\xe4", "latin-\xe4", false, 0},
		{"..hidden/..", "", false, CodeIllegal},
		{"..hidden", "..hidden", false, 0},
		{strings.Repeat("a", 255), strings.Repeat("a", 255), false, 0},

		{"..", "", false, CodeAccess},
		{"../etc/passwd", "", false, CodeAccess},
		{"/../etc/passwd", "", false, CodeAccess},
		{"a/../../etc/passwd", "", false, CodeAccess},
		{`..\..\boot.ini`, "", false, CodeAccess},
		{"tftp://host/../x", "", false, CodeAccess},
		{"a\nb", "", false, CodeAccess},
		{"a\x00b", "", false, CodeAccess},
		{"a\x7fb", "", false, CodeAccess},
		{strings.Repeat("a", 256), "", false, CodeAccess},
		{"", "", false, CodeIllegal},
		{"/", "", false, CodeIllegal},
		{".", "", false, CodeIllegal},
		{"a/..", "", false, CodeIllegal},
		{"tftp://host", "", false, CodeIllegal},
		{"\xff", "", true, CodeIllegal},
	}
	for _, tt := range tests {
		got, note, err := CleanName(tt.name)
		if got != tt.want || (note != "") != tt.note {
			t.Errorf("CleanName(%q) = %q, note %q; want %q", tt.name, got, note, tt.want)
		}
		var fault *Error
		if (tt.want == "") != errors.As(err, &fault) || fault != nil && fault.Code != tt.code {
			t.Errorf("CleanName(%q): error %v, want code %d", tt.name, err, tt.code)
		}
	}
}

// Whatever is asked for, a clean name stays in the tree.
func FuzzCleanName(f *testing.F) {
	for _, s := range []string{"/a/b", `..\a`, "tftp://h/../x", "a\xff", "a/./../..//b", "\xff/..", "tftp:///tftp://x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		clean, _, err := CleanName(name)
		if err != nil {
			if clean != "" || !errors.As(err, new(*Error)) {
				t.Fatalf("CleanName(%q) = %q with error %v", name, clean, err)
			}
			return
		}
		if !filepath.IsLocal(clean) || clean == "." || len(clean) > maxName || strings.Contains(clean, `\`) ||
			strings.ContainsFunc(clean, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Fatalf("CleanName(%q) = %q", name, clean)
		}
		if utf8.ValidString(clean) && !fs.ValidPath(clean) {
			t.Fatalf("CleanName(%q) = %q, which package io/fs does not take", name, clean)
		}
	})
}

var nobody netip.AddrPort

// read opens and reads a whole file of a source.
func read(t *testing.T, s Source, name string) (string, error) {
	t.Helper()
	f, err := s.Open(name, nobody)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b := make([]byte, f.Size())
	_, err = io.ReadFull(io.NewSectionReader(f, 0, f.Size()), b)
	return string(b), err
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// testDir is a tree with the secret beside it.
func testDir(t *testing.T) (base string, source Source) {
	t.Helper()
	base = t.TempDir()
	write(t, filepath.Join(base, "secret"), "secret")
	write(t, filepath.Join(base, "tree/pxelinux.0"), "loader")
	write(t, filepath.Join(base, "tree/boot/linux"), "kernel")
	root, err := os.OpenRoot(filepath.Join(base, "tree"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return base, Dir(root)
}

func TestDir(t *testing.T) {
	base, dir := testDir(t)
	tree := filepath.Join(base, "tree")
	for link, target := range map[string]string{
		"inside": "boot/linux", "outside": "../secret", "absolute": filepath.Join(base, "secret"),
		"dirlink": "..", "loop": "loop", "dangling": "nowhere",
	} {
		if err := os.Symlink(target, filepath.Join(tree, link)); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name, want string
		err        error
	}{
		{"pxelinux.0", "loader", nil},
		{"boot/linux", "kernel", nil},
		{"inside", "kernel", nil},
		{"missing", "", fs.ErrNotExist},
		{"boot/missing", "", fs.ErrNotExist},
		{"pxelinux.0/below", "", fs.ErrNotExist},
		{"dangling", "", fs.ErrNotExist},
		{strings.Repeat("x", 255) + "y", "", fs.ErrNotExist},
		{"boot", "", fs.ErrPermission},
		{"outside", "", fs.ErrPermission},
		{"absolute", "", fs.ErrPermission},
		{"dirlink/secret", "", fs.ErrPermission},
		{"../secret", "", fs.ErrPermission},
		{"loop", "", fs.ErrPermission},
	}
	for _, tt := range tests {
		got, err := read(t, dir, tt.name)
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%s: %q, %v; want %q, %v", tt.name, got, err, tt.want, tt.err)
		}
	}
}

// A file that changes under a transfer fails it; one that is replaced does not.
func TestDirFileChanges(t *testing.T) {
	tests := []struct {
		name   string
		change func(t *testing.T, path string)
		want   error
	}{
		{"nothing", func(*testing.T, string) {}, nil},
		{"replaced by rename", func(t *testing.T, path string) {
			write(t, path+".new", "KERNEL")
			if err := os.Rename(path+".new", path); err != nil {
				t.Fatal(err)
			}
		}, nil},
		{"removed", func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}, nil},
		{"truncated", func(t *testing.T, path string) {
			if err := os.Truncate(path, 3); err != nil {
				t.Fatal(err)
			}
		}, ErrChanged},
		{"longer", func(t *testing.T, path string) { write(t, path, "kernel 2") }, ErrChanged},
		{"longer, with the old time", func(t *testing.T, path string) {
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			write(t, path, "kernel 2")
			if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
				t.Fatal(err)
			}
		}, ErrChanged},
		{"overwritten in place", func(t *testing.T, path string) {
			write(t, path, "KERNEL")
			// A write within the clock tick of the one before leaves no trace.
			later := time.Now().Add(time.Second)
			if err := os.Chtimes(path, later, later); err != nil {
				t.Fatal(err)
			}
		}, ErrChanged},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			base, dir := testDir(t)
			f, err := dir.Open("boot/linux", nobody)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			b := make([]byte, 6)
			if _, err := f.ReadAt(b[:3], 0); err != nil {
				t.Fatal(err)
			}
			tt.change(t, filepath.Join(base, "tree/boot/linux"))
			_, err = f.ReadAt(b[3:], 3)
			if !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			if err == nil && string(b) != "kernel" {
				t.Errorf("a mixture: %q", b)
			}
		})
	}
}

func TestChainAndStripPrefix(t *testing.T) {
	broken := SourceFunc(func(name string, _ netip.AddrPort) (File, error) {
		if name == "broken" {
			return nil, fs.ErrPermission
		}
		return nil, fs.ErrNotExist
	})
	tree := files{"pxelinux.0": []byte("loader"), "boot/linux": []byte("kernel"), "tftpboots": []byte("other")}
	first := files{"menu": []byte("menu"), "pxelinux.0": []byte("first")}
	s := StripPrefix("/tftpboot/", Chain(first, broken, tree))
	tests := []struct {
		name, want string
		err        error
	}{
		{"menu", "menu", nil},
		{"pxelinux.0", "first", nil},
		{"boot/linux", "kernel", nil},
		{"tftpboot/boot/linux", "kernel", nil},
		{"tftpboots", "other", nil},
		{"broken", "", fs.ErrPermission},
		{"nowhere", "", fs.ErrNotExist},
	}
	for _, tt := range tests {
		got, err := read(t, s, tt.name)
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%s: %q, %v; want %q, %v", tt.name, got, err, tt.want, tt.err)
		}
	}
	if _, err := Chain().Open("x", nobody); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty chain: %v", err)
	}
}

//go:embed doc.go
var embedded embed.FS

func TestFS(t *testing.T) {
	if got, err := read(t, FS(embedded), "doc.go"); err != nil || !strings.HasPrefix(got, "// Package tftp") {
		t.Errorf("%.20q, %v", got, err)
	}
	s := FS(fstest.MapFS{"a/b": {Data: []byte("b")}})
	for name, want := range map[string]error{
		"a/b": nil, "a": fs.ErrPermission, "c": fs.ErrNotExist, "latin-\xe4": fs.ErrNotExist,
	} {
		if _, err := read(t, s, name); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
}

// netascii wherever the blocks begin, and again when they are sent again.
func TestNetASCII(t *testing.T) {
	text := strings.Repeat("line\nreturn\rboth\r\nend\n\n\r\r", 40_000)
	want := strings.NewReplacer("\r", "\r\x00", "\n", "\r\n").Replace(text)
	f, err := newNetASCIIFile(Bytes([]byte(text)))
	if err != nil {
		t.Fatal(err)
	}
	if f.Size() != int64(len(want)) {
		t.Fatalf("size %d, want %d", f.Size(), len(want))
	}
	for _, at := range []int64{0, 5, 511, 700_001, 699_000, 4, 1_000_000, int64(len(want)) - 100} {
		got := make([]byte, 100)
		if n, err := f.ReadAt(got, at); n != 100 || err != nil {
			t.Fatalf("ReadAt %d: %d, %v", at, n, err)
		}
		if diff := cmp.Diff(want[at:][:100], string(got)); diff != "" {
			t.Errorf("at %d (-want +got):\n%s", at, diff)
		}
	}
	if n, err := f.ReadAt(make([]byte, 100), int64(len(want))-1); n != 1 || err != io.EOF {
		t.Errorf("at the end: %d, %v", n, err)
	}
}

func TestNetASCIILimits(t *testing.T) {
	if f, err := newNetASCIIFile(Bytes(nil)); err != nil || f.Size() != 0 {
		t.Errorf("empty file: %v", err)
	}
	var fault *Error
	if _, err := newNetASCIIFile(hugeFile{}); !errors.As(err, &fault) {
		t.Errorf("a huge file: %v, want an *Error", err)
	}
	shrunk := struct {
		io.ReaderAt
		memoryFile
	}{bytes.NewReader(nil), Bytes([]byte("text")).(memoryFile)}
	if _, err := newNetASCIIFile(shrunk); !errors.Is(err, ErrChanged) {
		t.Errorf("a file that shrinks: %v, want ErrChanged", err)
	}
}

type hugeFile struct{ memoryFile }

func (hugeFile) Size() int64 { return maxNetASCII + 1 }

// Whoever asks for a directory is told that it is one: its rights are not to blame.
func TestDirectoriesAreCalledSo(t *testing.T) {
	_, dir := testDir(t)
	for name, source := range map[string]Source{"boot": dir, "a": FS(fstest.MapFS{"a/b": {}})} {
		_, err := source.Open(name, nobody)
		var told *Error
		if !errors.As(err, &told) || told.Code != CodeAccess || told.Message != "a directory, not a file: "+name {
			t.Errorf("%s: %v", name, err)
		}
	}
}
