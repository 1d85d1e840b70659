package tftp

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"
)

func TestLooseNames(t *testing.T) {
	tree := fstest.MapFS{
		"Boot/BCD":           {Data: []byte("bcd")},
		"Boot/Fonts/wgl.ttf": {Data: []byte("font")},
		"boot/pxeboot.n12":   {Data: []byte("n12")},
		"boot/Fonts/x":       {Data: []byte("x")},
		"LINUX":              {Data: []byte("1")},
		"Linux":              {Data: []byte("2")},
		"linux":              {Data: []byte("3")},
		"größe":              {Data: []byte("4")},
		"dir/sub/f":          {Data: []byte("5")},
		"Secret":             {Data: []byte("6")},
	}
	forbidden := SourceFunc(func(name string, client netip.AddrPort) (File, error) {
		if name == "Secret" {
			return nil, fs.ErrPermission
		}
		return FS(tree).Open(name, client)
	})
	s := LooseNames(tree, forbidden, nil)
	tests := []struct {
		name, want string
		err        error
	}{
		{"Boot/BCD", "bcd", nil},
		{"boot/bcd", "bcd", nil}, // boot has none, so that of Boot
		{"BOOT/PXEBOOT.N12", "n12", nil},
		{"BOOT/fonts/X", "x", nil},
		{"BOOT/FONTS/WGL.TTF", "font", nil},
		{"linux", "3", nil},
		{"Linux", "2", nil},
		{"lInUX", "1", nil}, // the first by byte
		{"GRÖSSE", "", fs.ErrNotExist},
		{"GRÖßE", "4", nil},
		{"DIR/SUB", "", fs.ErrNotExist},
		{"DIR/SUB/F", "5", nil},
		{"dir/sub", "", fs.ErrPermission}, // there as asked, and a directory
		{"SECRET", "", fs.ErrPermission},
		{"linux/x", "", fs.ErrNotExist},
		{"nowhere", "", fs.ErrNotExist},
	}
	for range 2 { // the second time from what is remembered
		for _, tt := range tests {
			got, err := read(t, s, tt.name)
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("%s: %q, %v; want %q, %v", tt.name, got, err, tt.want, tt.err)
			}
		}
	}
}

// What is remembered of a directory does not hide what has changed in it.
func TestLooseNamesSeeChanges(t *testing.T) {
	base, dir := testDir(t)
	tree := filepath.Join(base, "tree")
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(tree, old, old); err != nil {
		t.Fatal(err)
	}
	s := LooseNames(os.DirFS(tree), dir, nil).(*looseNames)
	for range 2 {
		if got, err := read(t, s, "PXELINUX.0"); got != "loader" {
			t.Fatalf("%q, %v", got, err)
		}
	}
	if len(s.dirs) != 1 {
		t.Errorf("%d directories are remembered, want 1", len(s.dirs))
	}
	write(t, filepath.Join(tree, "new"), "new")
	if got, err := read(t, s, "NEW"); got != "new" {
		t.Errorf("%q, %v", got, err)
	}
	// Just changed: not to be remembered, for the next change may bear the same time.
	write(t, filepath.Join(tree, "newer"), "newer")
	if got, err := read(t, s, "NEWER"); got != "newer" {
		t.Errorf("%q, %v", got, err)
	}
}

// A tree that is made to be searched for long is not.
func TestLooseNamesBounds(t *testing.T) {
	tree := fstest.MapFS{}
	name := strings.Repeat("a", 10)
	for i := range 1 << 10 { // all cases of one name, each a directory of the same
		var b []byte
		for bit, c := range []byte(name) {
			b = append(b, c-byte(i>>bit&1)*('a'-'A'))
		}
		tree[string(b)+"/"+string(b)+"/x"] = &fstest.MapFile{}
	}
	s := LooseNames(tree, FS(tree), nil).(*looseNames)
	tries := maxLooseTries
	if _, ok := s.find(".", []string{name, name, "y"}, &tries); ok || tries >= 0 {
		t.Errorf("found %v, %d tries left", ok, tries)
	}
	big := fstest.MapFS{"linux": {}}
	for i := range maxLooseEntries {
		big[fmt.Sprint(i)] = &fstest.MapFile{}
	}
	if _, err := read(t, LooseNames(big, FS(big), nil), "LINUX"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a directory with too much in it: %v", err)
	}
	if _, err := read(t, LooseNames(big, FS(big), nil), "linux"); err != nil {
		t.Errorf("as it is there: %v", err)
	}
}

// However many ask for what is not there, each directory is read by one of them,
// and few directories at once; one that is too large is read and told of once.
func TestLooseNamesReadOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tree := fstest.MapFS{"large/f": {}}
		const dirs, clients = 20, 50
		for i := range dirs {
			tree[fmt.Sprintf("d%d/f", i)] = &fstest.MapFile{}
		}
		slow := &slowDirs{FS: tree, reads: make(map[string]int)}
		var told []string
		s := LooseNames(slow, FS(tree), func(dir string) { told = append(told, dir) })
		ask := func(dir string) {
			if _, err := s.Open(dir+"/F2", netip.AddrPort{}); !errors.Is(err, fs.ErrNotExist) {
				t.Error(err)
			}
		}
		ask("nowhere") // "." is remembered
		var wait sync.WaitGroup
		for range clients {
			for i := range dirs {
				wait.Go(func() { ask(fmt.Sprintf("D%d", i)) })
			}
			wait.Go(func() { ask("Large") })
		}
		wait.Wait()
		ask("LARGE")
		for dir, n := range slow.reads {
			if n != 1 {
				t.Errorf("%s was read %d times", dir, n)
			}
		}
		if slow.most > maxLooseReaders {
			t.Errorf("%d directories were read at once", slow.most)
		}
		if len(told) != 1 || told[0] != "large" {
			t.Errorf("told of %q", told)
		}
	})
}

// slowDirs are files whose directories take a second to read, the one named large
// being too large, and how often each was read.
type slowDirs struct {
	fs.FS
	mu    sync.Mutex // guards the fields below
	reads map[string]int
	now   int
	most  int // at the same time
}

func (s *slowDirs) Open(name string) (fs.File, error) {
	f, err := s.FS.Open(name)
	if d, ok := f.(fs.ReadDirFile); ok {
		return &slowDir{d, s, name}, err
	}
	return f, err
}

type slowDir struct {
	fs.ReadDirFile
	tree *slowDirs
	name string
}

func (d *slowDir) ReadDir(n int) ([]fs.DirEntry, error) {
	d.tree.mu.Lock()
	d.tree.reads[d.name]++
	d.tree.now++
	d.tree.most = max(d.tree.most, d.tree.now)
	d.tree.mu.Unlock()
	time.Sleep(time.Second) // of the bubble
	d.tree.mu.Lock()
	d.tree.now--
	d.tree.mu.Unlock()
	entries, err := d.ReadDirFile.ReadDir(n)
	if d.name == "large" {
		entries = slices.Repeat(entries, n)
	}
	return entries, err
}

func TestPerClient(t *testing.T) {
	tree := files{
		"menu": []byte("common"), "linux": []byte("kernel"),
		"192.0.2.7/menu": []byte("dotted"), "C0000207/menu": []byte("hex"), "C0000207/only": []byte("hex only"),
		"2001:db8::1/menu":                      []byte("v6"),
		"20010DB8000000000000000000000002/menu": []byte("v6 hex"),
		"01-52-54-00-12-34-56/menu":             []byte("mac"),
	}
	macs := map[string]net.HardwareAddr{
		"192.0.2.7": {0x52, 0x54, 0x00, 0x12, 0x34, 0x56},
		"192.0.2.9": {1, 2, 3, 4, 5, 6, 7, 8}, // no Ethernet
	}
	byIP := PerClient(IPFolders, tree)
	byMAC := PerClient(MACFolders(func(a netip.Addr) net.HardwareAddr { return macs[a.String()] }), tree)
	for _, tt := range []struct {
		source             Source
		client, name, want string
	}{
		{byIP, "192.0.2.7", "menu", "dotted"},
		{byIP, "192.0.2.7", "only", "hex only"},
		{byIP, "192.0.2.7", "linux", "kernel"},
		{byIP, "192.0.2.8", "menu", "common"},
		{byIP, "::ffff:192.0.2.7", "menu", "dotted"},
		{byIP, "2001:db8::1%eth0", "menu", "v6"},
		{byIP, "2001:db8::2", "menu", "v6 hex"},
		{byMAC, "192.0.2.7", "menu", "mac"},
		{byMAC, "::ffff:192.0.2.7", "menu", "mac"},
		{byMAC, "192.0.2.7", "linux", "kernel"},
		{byMAC, "192.0.2.8", "menu", "common"},
		{byMAC, "192.0.2.9", "menu", "common"},
	} {
		f, err := tt.source.Open(tt.name, netip.AddrPortFrom(netip.MustParseAddr(tt.client), 1))
		if err != nil {
			t.Errorf("%s for %s: %v", tt.name, tt.client, err)
			continue
		}
		b := make([]byte, f.Size())
		_, _ = f.ReadAt(b, 0)
		if string(b) != tt.want {
			t.Errorf("%s for %s: %q, want %q", tt.name, tt.client, b, tt.want)
		}
	}
}
