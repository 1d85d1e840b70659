package archive

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// image unpacks an image of testdata. They hold the same few files and were made
// by
//
//	rockridge  genisoimage -R
//	joliet     genisoimage -J -joliet-long
//	plain      genisoimage
//	xorriso    xorriso -as mkisofs -r -J
func image(t testing.TB, name string) []byte {
	t.Helper()
	f, err := os.Open("testdata/" + name + ".iso.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func open(t testing.TB, b []byte) fs.FS {
	t.Helper()
	tree, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

const longName = "a file with a name that is longer than any that ISO 9660 itself allows, and longer than the 110 bytes that fit into one record beside the other entries, so that it goes on in a continuation area.txt"

// kernel is `seq 1 1000`.
func kernel() string {
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintln(&b, i+1)
	}
	return b.String()
}

func TestISO(t *testing.T) {
	const deep = "a/b/c/d/e/f/g/h/i/j/deep.txt" // deeper than ISO 9660 allows
	tests := map[string]map[string]string{      // what is in the files of an image
		"rockridge": {
			"EFI/BOOT/BOOTX64.EFI": "loader\n", "install.amd/vmlinuz": kernel(), "install/vmlinuz": kernel(), "EFI/kernel": kernel(),
			longName: "long\n", "empty": "", "README.txt": "readme\n", "größe.txt": "größe\n", deep: "deep\n",
		},
		"xorriso": {
			"EFI/BOOT/BOOTX64.EFI": "loader\n", "install/vmlinuz": kernel(), "EFI/kernel": kernel(),
			longName: "long\n", "empty": "", "README.txt": "readme\n", "größe.txt": "größe\n",
		},
		"joliet": {
			"EFI/BOOT/BOOTX64.EFI": "loader\n", "install.amd/vmlinuz": kernel(), "empty": "", "README.txt": "readme\n", "größe.txt": "größe\n",
		},
		"plain": {
			"efi/boot/bootx64.efi": "loader\n", "install.amd/vmlinuz": kernel(), "empty": "", "readme.txt": "readme\n",
		},
	}
	for name, files := range tests {
		tree := open(t, image(t, name))
		for file, want := range files {
			got, err := fs.ReadFile(tree, file)
			if diff := cmp.Diff(want, string(got)); err != nil || diff != "" {
				t.Errorf("%s: %s: %v (-want +got):\n%s", name, file, err, diff)
			}
		}
	}
}

// The rules of fs.FS, and that every file can be read at any place.
func TestISOIsAFileSystem(t *testing.T) {
	for name, file := range map[string]string{"joliet": "install.amd/vmlinuz", "plain": "efi/boot/bootx64.efi", "xorriso": longName} {
		if err := fstest.TestFS(follow{open(t, image(t, name))}, file); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	f, err := open(t, image(t, "plain")).Open("install.amd/vmlinuz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() != int64(len(kernel())) || info.Name() != "vmlinuz" || !info.Mode().IsRegular() {
		t.Errorf("%v, %v", info, err)
	}
	b := make([]byte, 10)
	if _, err := f.(io.ReaderAt).ReadAt(b, 1000); err != nil || string(b) != kernel()[1000:1010] {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := f.(io.Seeker).Seek(-10, io.SeekEnd); err != nil {
		t.Error(err)
	}
	if rest, err := io.ReadAll(f); string(rest) != kernel()[len(kernel())-10:] || err != nil {
		t.Errorf("%q, %v", rest, err)
	}
}

// follow hides the symbolic links from fstest, which does not expect Open to
// follow them.
type follow struct{ fs.FS }

func (f follow) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	if d, ok := file.(*isoDir); ok {
		var entries []*record
		for _, e := range d.entries {
			if e.link == "" {
				entries = append(entries, e)
			}
		}
		d.entries = entries
	}
	return file, err
}

func TestISORefuses(t *testing.T) {
	tree := open(t, image(t, "rockridge"))
	for name, want := range map[string]error{
		"nowhere": fs.ErrNotExist, "empty/x": fs.ErrNotExist, "install/nowhere": fs.ErrNotExist,
		"absolute": fs.ErrPermission, "outside": fs.ErrPermission, "loop": fs.ErrPermission,
		"../x": fs.ErrInvalid, "": fs.ErrInvalid,
	} {
		if _, err := tree.Open(name); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", name, err, want)
		}
	}
	f, err := tree.Open("pipe")
	if err != nil {
		t.Fatal(err)
	}
	if info, _ := f.Stat(); info.Mode().IsRegular() {
		t.Errorf("a pipe has mode %v", info.Mode())
	}
}

func TestOpenRefuses(t *testing.T) {
	whole := image(t, "plain")
	for name, b := range map[string][]byte{
		"nothing": nil, "text": []byte("hello"), "zip": []byte("PK\x03\x04rubbish"),
		"no root directory": whole[:sectorSize*20], "no descriptor": whole[:descriptorStart+100],
	} {
		if _, err := Open(bytes.NewReader(b), int64(len(b))); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v, want ErrFormat", name, err)
		}
	}
	// A file that is not there to its end.
	b := whole[:bytes.LastIndex(whole, []byte("1\n2\n3\n"))+100]
	if _, err := open(t, b).Open("install.amd/vmlinuz"); !errors.Is(err, ErrFormat) {
		t.Errorf("an image cut short: %v", err)
	}
}

// readAll reads a tree to the end, but no more than a million bytes and a
// thousand names of it. Of every file there must be as much as it says, or an
// error.
func readAll(t *testing.T, tree fs.FS) {
	names, bytesLeft := 0, int64(1_000_000)
	_ = fs.WalkDir(tree, ".", func(name string, e fs.DirEntry, err error) error {
		if names++; names > 1000 {
			return fs.SkipAll
		}
		if !fs.ValidPath(name) {
			t.Fatalf("name %q", name)
		}
		if err != nil {
			return nil
		}
		f, err := tree.Open(name)
		if err != nil {
			return nil
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil || !info.Mode().IsRegular() || info.Size() > bytesLeft {
			return nil
		}
		bytesLeft -= info.Size()
		got, err := io.ReadAll(f)
		if err == nil && int64(len(got)) != info.Size() {
			t.Fatalf("%s: %d bytes, want %d", name, len(got), info.Size())
		}
		return nil
	})
}

// An image with any bytes in any place is refused or read, within bounds.
func FuzzISO(f *testing.F) {
	images := [][]byte{image(f, "rockridge"), image(f, "joliet"), image(f, "plain"), image(f, "xorriso")}
	f.Add(uint8(0), uint32(descriptorStart+rootRecord), []byte{34, 0, 255, 255, 255, 255})
	f.Add(uint8(1), uint32(19*sectorSize), []byte("\x00\xffNM"))
	f.Add(uint8(3), uint32(24*sectorSize+33), []byte("SP\x07\x01\xbe\xef\xff"))
	f.Fuzz(func(t *testing.T, which uint8, at uint32, patch []byte) {
		b := bytes.Clone(images[int(which)%len(images)])
		copy(b[descriptorStart+int(at)%(len(b)-descriptorStart):], patch)
		if tree, err := Open(bytes.NewReader(b), int64(len(b))); err == nil {
			readAll(t, tree)
		}
	})
}
