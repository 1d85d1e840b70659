package tftp

import (
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// uploadTree is a directory with something in it, and the secret beside it.
func uploadTree(t *testing.T) (base string, root *os.Root) {
	t.Helper()
	base = t.TempDir()
	write(t, filepath.Join(base, "secret"), "secret")
	write(t, filepath.Join(base, "tree/old"), "old")
	write(t, filepath.Join(base, "tree/logs/boot"), "boot")
	for link, target := range map[string]string{"out": "..", "toold": "old", "dangling": "../new", "tosecret": "../secret"} {
		if err := os.Symlink(target, filepath.Join(base, "tree", link)); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(filepath.Join(base, "tree"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return base, root
}

// all lists the files of a tree.
func all(t *testing.T, base string) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(os.DirFS(base), ".", func(name string, e fs.DirEntry, err error) error {
		if !e.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// put sends a file in two pieces.
func put(t *testing.T, d UploadDir, name, content string, size int64) error {
	t.Helper()
	u, err := d.Create(name, netip.AddrPort{}, size)
	if err != nil {
		return err
	}
	for _, part := range []string{content[:len(content)/2], content[len(content)/2:]} {
		if _, err := u.Write([]byte(part)); err != nil {
			u.Abort()
			return err
		}
	}
	return u.Commit()
}

func TestUploadDir(t *testing.T) {
	tests := []struct {
		name      string
		overwrite bool
		size      int64
		content   string
		code      Code   // of the error; only with file == ""
		file      string // where the content is afterwards
	}{
		{"new", false, -1, "new", 0, "tree/new"},
		{"/new", false, 3, "new", 0, "tree/new"},
		{`logs\new`, false, 3, "new", 0, "tree/logs/new"},
		{"empty", false, 0, "", 0, "tree/empty"},
		{"ten", false, -1, "0123456789", 0, "tree/ten"},
		{"old", true, -1, "new", 0, "tree/old"},
		{"new", true, -1, "new", 0, "tree/new"},

		{"old", false, -1, "new", CodeExists, ""},
		{"toold", false, -1, "new", CodeExists, ""},
		{"dangling", false, -1, "new", CodeExists, ""},
		{"logs", false, -1, "new", CodeExists, ""},
		{"logs", true, -1, "new", CodeAccess, ""},
		{"tosecret", true, -1, "new", CodeAccess, ""},
		{"nowhere/new", false, -1, "new", CodeNotFound, ""},
		{"old/new", true, -1, "new", CodeNotFound, ""},
		{"../new", true, -1, "new", CodeAccess, ""},
		{"out/new", true, -1, "new", CodeAccess, ""},
		{"out/secret", true, -1, "new", CodeAccess, ""},
		{".pxe-upload-x", true, -1, "new", CodeAccess, ""},
		{"", true, -1, "new", CodeIllegal, ""},
		{"large", false, 11, "", CodeDiskFull, ""},
		{"large", false, -1, "0123456789x", CodeDiskFull, ""},
		{"large", false, 3, "0123456789x", CodeDiskFull, ""}, // more than was told
	}
	for _, tt := range tests {
		base, root := uploadTree(t)
		before := all(t, base)
		err := put(t, UploadDir{Root: root, Overwrite: tt.overwrite, MaxSize: 10}, tt.name, tt.content, tt.size)
		if tt.file == "" {
			var fault *Error
			if err = asFault(err); !errors.As(err, &fault) || fault.Code != tt.code {
				t.Errorf("%q: error %v, want code %d", tt.name, err, tt.code)
			}
			if after := all(t, base); !slices.Equal(before, after) {
				t.Errorf("%q: left %q", tt.name, after)
			}
			for name, want := range map[string]string{"secret": "secret", "tree/old": "old"} {
				if got, _ := os.ReadFile(filepath.Join(base, name)); string(got) != want {
					t.Errorf("%q: %s holds %q", tt.name, name, got)
				}
			}
			continue
		}
		got, readErr := os.ReadFile(filepath.Join(base, tt.file))
		if err != nil || readErr != nil || string(got) != tt.content {
			t.Errorf("%q: %v; %s holds %q, %v", tt.name, err, tt.file, got, readErr)
		}
		if strings.Contains(strings.Join(all(t, base), " "), uploadPrefix) {
			t.Errorf("%q: left %q", tt.name, all(t, base))
		}
	}
}

// asFault is what the client is told of an error.
func asFault(err error) error {
	if err == nil {
		return nil
	}
	return faultFor(err, "x")
}

// Until it is whole a file is not there, and without Overwrite the first of two
// stays.
func TestUploadDirIsAtomic(t *testing.T) {
	base, root := uploadTree(t)
	for _, overwrite := range []bool{false, true} {
		d := UploadDir{Root: root, Overwrite: overwrite}
		name := map[bool]string{false: "a", true: "b"}[overwrite]
		file := filepath.Join(base, "tree", name)
		var uploads []Upload
		for _, content := range []string{"first", "second"} {
			u, err := d.Create(name, netip.AddrPort{}, -1)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := u.Write([]byte(content)); err != nil {
				t.Fatal(err)
			}
			uploads = append(uploads, u)
		}
		if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("half a file: %v", err)
		}
		want := "first"
		if err := uploads[0].Commit(); err != nil {
			t.Error(err)
		}
		err := uploads[1].Commit()
		if overwrite {
			want = "second"
		}
		var fault *Error
		if overwrite != (err == nil) || err != nil && (!errors.As(err, &fault) || fault.Code != CodeExists) {
			t.Errorf("overwrite %v: the second: %v", overwrite, err)
		}
		if got, _ := os.ReadFile(file); string(got) != want {
			t.Errorf("overwrite %v: %q, want %q", overwrite, got, want)
		}
	}
}

func TestUploadDirSweep(t *testing.T) {
	base, root := uploadTree(t)
	d := UploadDir{Root: root}
	now := time.Now()
	for name, age := range map[string]time.Duration{
		"dead": 2 * time.Hour, "logs/dead": 2 * time.Hour, "young": time.Minute, "other": 2 * time.Hour,
	} {
		file := filepath.Join(base, "tree", filepath.Dir(name), uploadPrefix+filepath.Base(name))
		if name == "other" {
			file = filepath.Join(base, "tree/other")
		}
		write(t, file, "half")
		if err := os.Chtimes(file, now.Add(-age), now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Sweep(now.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	left := strings.Join(all(t, base), " ")
	if strings.Contains(left, "dead") || !strings.Contains(left, uploadPrefix+"young") || !strings.Contains(left, "tree/other") {
		t.Errorf("left %s", left)
	}
}
