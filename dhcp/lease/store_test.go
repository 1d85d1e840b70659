package lease

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var cmpAddr = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

func openStore(t testing.TB, path string, cfgs ...Config) *Store {
	t.Helper()
	s, err := Open(path, cfgs, start)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustSync(t testing.TB, s *Store, now time.Time) {
	t.Helper()
	if err := s.Sync(now); err != nil {
		t.Fatal(err)
	}
}

func mustClose(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestStoreKeepsEverything(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leases")
	cfg := testConfig("192.0.2.10", "192.0.2.99")
	s := openStore(t, path, cfg)
	p := s.Pool(0)
	named := client(1)
	named.Name = "node \"1\"\nünïcode"
	mustCommit(t, p, named, addr("192.0.2.10"), start)
	mustCommit(t, p, client(2), addr("192.0.2.11"), start)
	mustCommit(t, p, Client{}, addr("192.0.2.12"), start)
	p.Commit(client(4), addr("192.0.2.13"), -1, start)
	p.Release(client(2).Key, addr("192.0.2.11"), start)
	p.Decline(Client{}.Key, addr("192.0.2.12"), start)
	want := s.Leases(start)
	mustSync(t, s, start)
	mustClose(t, s)

	s = openStore(t, path, cfg)
	defer s.Close()
	if diff := cmp.Diff(want, s.Leases(start), cmpAddr); diff != "" || len(want) != 4 {
		t.Errorf("%d leases (-before +after):\n%s", len(want), diff)
	}
	check(t, s.Pool(0))
}

// TestGroupCommit checks that any number of commits costs one write and one
// sync, and that no commits cost none.
func TestGroupCommit(t *testing.T) {
	s := openStore(t, filepath.Join(t.TempDir(), "leases"), testConfig("192.0.2.10", "192.0.2.99"))
	defer s.Close()
	f := &brokenFile{File: s.journal.file}
	s.journal.file = f
	for n := range 50 {
		mustCommit(t, s.Pool(0), client(n), address(number(addr("192.0.2.10"))+uint32(n)), start)
	}
	for range 3 {
		mustSync(t, s, start)
	}
	if f.writes != 1 || f.syncs != 1 {
		t.Errorf("%d writes and %d syncs, want 1 and 1", f.writes, f.syncs)
	}
}

// brokenFile counts, and fails when told to.
type brokenFile struct {
	File
	writes, syncs     int
	writeErr, syncErr error
}

func (f *brokenFile) Write(b []byte) (int, error) {
	f.writes++
	if f.writeErr != nil {
		n, _ := f.File.Write(b[:len(b)/2]) // as a full disk does
		return n, f.writeErr
	}
	return f.File.Write(b)
}

func (f *brokenFile) Sync() error {
	f.syncs++
	if f.syncErr != nil {
		return f.syncErr
	}
	return f.File.Sync()
}

// brokenDisk is one on which files are made in another way.
type brokenDisk struct {
	systemDisk
	create func(path string) (File, error)
}

func (d brokenDisk) Create(path string) (File, error) { return d.create(path) }

// TestFullDisk checks that a lease which could not be written is reported, that
// the store goes on, and that it mends itself when there is room again.
func TestFullDisk(t *testing.T) {
	full := errors.New("no space left on device")
	tests := []struct {
		name string
		file brokenFile
	}{
		{"half a record", brokenFile{writeErr: full}},
		{"failed sync", brokenFile{syncErr: full}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "leases")
			cfg := testConfig("192.0.2.10", "192.0.2.99")
			s := openStore(t, path, cfg)
			p := s.Pool(0)
			mustCommit(t, p, client(1), addr("192.0.2.10"), start)
			mustSync(t, s, start)

			tt.file.File = s.journal.file
			s.journal.file = &tt.file
			s.journal.disk = brokenDisk{create: func(string) (File, error) { return nil, full }}
			mustCommit(t, p, client(2), addr("192.0.2.11"), start)
			if err := s.Sync(start); !errors.Is(err, full) {
				t.Fatalf("got %v, want the write error", err)
			}
			for i := range 3 {
				now := start.Add(time.Duration(i) * retryAfter)
				mustCommit(t, p, client(3), addr("192.0.2.12"), now)
				if err := s.Sync(now); !errors.Is(err, full) {
					t.Fatalf("retry %d: %v, want the write error", i, err)
				}
			}

			if len(s.journal.pending) > 0 {
				t.Error("a failed journal gathers records without bound")
			}

			s.journal.disk = systemDisk{}
			now := start.Add(10 * retryAfter)
			mustSync(t, s, now)
			mustCommit(t, p, client(4), addr("192.0.2.13"), now)
			mustSync(t, s, now)
			want := s.Leases(now)
			mustClose(t, s)

			s = openStore(t, path, cfg)
			defer s.Close()
			if diff := cmp.Diff(want, s.Leases(now), cmpAddr); diff != "" || len(want) != 4 {
				t.Errorf("%d leases (-before +after):\n%s", len(want), diff)
			}
		})
	}
}

// tellingDisk tells what is done on it.
type tellingDisk struct {
	systemDisk
	did []string
}

func (d *tellingDisk) Create(path string) (File, error) {
	d.did = append(d.did, "create")
	f, err := d.systemDisk.Create(path)
	return &tellingFile{f, d}, err
}

func (d *tellingDisk) Rename(from, to string) error {
	d.did = append(d.did, "rename")
	return d.systemDisk.Rename(from, to)
}

func (d *tellingDisk) SyncDir(path string) error {
	d.did = append(d.did, "sync directory")
	return d.systemDisk.SyncDir(path)
}

type tellingFile struct {
	File
	d *tellingDisk
}

func (f *tellingFile) Sync() error {
	f.d.did = append(f.d.did, "sync")
	return f.File.Sync()
}

// TestOpenWritesAnew checks that nothing is appended to a file of another process,
// of which nobody knows what is on the disk: that may have been killed between the
// rename and its sync, or after a sync that failed.
func TestOpenWritesAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leases")
	cfg := testConfig("192.0.2.10", "192.0.2.99")
	s := openStore(t, path, cfg)
	mustCommit(t, s.Pool(0), client(1), addr("192.0.2.10"), start)
	mustClose(t, s)

	disk := &tellingDisk{}
	s, err := OpenOn(disk, path, []Config{cfg}, start)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"create", "sync", "rename", "sync directory"}, disk.did); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	mustCommit(t, s.Pool(0), client(2), addr("192.0.2.11"), start)
	mustClose(t, s)
	s = openStore(t, path, cfg)
	defer s.Close()
	if got := len(s.Leases(start)); got != 2 {
		t.Errorf("%d leases, want 2", got)
	}
}

// TestOpenOnFullDisk starts when there is no room: the leases are known, and no
// more are acknowledged until there is.
func TestOpenOnFullDisk(t *testing.T) {
	full := errors.New("no space left on device")
	broken := brokenDisk{create: func(string) (File, error) { return nil, full }}
	path := filepath.Join(t.TempDir(), "leases")
	cfg := testConfig("192.0.2.10", "192.0.2.99")
	if _, err := OpenOn(broken, path, []Config{cfg}, start); !errors.Is(err, full) {
		t.Errorf("without a file: %v, want the error", err)
	}
	s := openStore(t, path, cfg)
	mustCommit(t, s.Pool(0), client(1), addr("192.0.2.10"), start)
	mustClose(t, s)

	for _, mended := range []bool{false, true} {
		s, err := OpenOn(broken, path, []Config{cfg}, start)
		if err != nil {
			t.Fatal(err)
		}
		if l, ok := s.Pool(0).At(addr("192.0.2.10")); !ok || l.State != Bound {
			t.Errorf("the lease is %+v", l)
		}
		mustCommit(t, s.Pool(0), client(2), addr("192.0.2.11"), start)
		if err := s.Sync(start); !errors.Is(err, full) {
			t.Errorf("sync: %v, want the error", err)
		}
		if mended {
			s.journal.disk = systemDisk{}
			mustSync(t, s, start.Add(retryAfter))
		}
		if err := s.Close(); mended != (err == nil) {
			t.Errorf("mended %t, close: %v", mended, err)
		}
	}
	s = openStore(t, path, cfg)
	defer s.Close()
	if got := len(s.Leases(start)); got != 2 {
		t.Errorf("%d leases, want 2", got)
	}
}

// TestRewriteLeavesNothingBehind checks that a rewrite that fails leaves the
// old journal as it was, in use, and no other file.
func TestRewriteLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "leases")
	s := openStore(t, path, testConfig("192.0.2.10", "192.0.2.99"))
	defer s.Close()
	mustCommit(t, s.Pool(0), client(1), addr("192.0.2.10"), start)
	mustSync(t, s, start)
	before, _ := os.ReadFile(path)
	s.journal.disk = brokenDisk{create: func(path string) (File, error) {
		f, err := systemDisk{}.Create(path)
		return &brokenFile{File: f, syncErr: errors.New("no space left on device")}, err
	}}
	if err := s.rewrite(start); err == nil {
		t.Fatal("no error")
	}
	after, _ := os.ReadFile(path)
	if !bytes.Equal(before, after) {
		t.Errorf("the journal changed from\n%s\nto\n%s", before, after)
	}
	names, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(names) != 2 {
		t.Errorf("files %v, want the journal and its lock", names)
	}
	mustCommit(t, s.Pool(0), client(2), addr("192.0.2.11"), start)
	mustSync(t, s, start)
}

func TestCompaction(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leases")
	cfg := testConfig("192.0.2.10", "192.0.2.99")
	s := openStore(t, path, cfg)
	now := start
	most := 0
	for n := range 40 {
		for range 1000 {
			mustCommit(t, s.Pool(0), client(n%3), address(number(addr("192.0.2.10"))+uint32(n%3)), now)
			now = now.Add(time.Second)
		}
		mustSync(t, s, now)
		most = max(most, s.journal.records)
	}
	if most > 11_010 {
		t.Errorf("the journal grew to %d records for 3 leases", most)
	}
	want := s.Leases(now)
	mustClose(t, s)
	s = openStore(t, path, cfg)
	defer s.Close()
	if diff := cmp.Diff(want, s.Leases(now), cmpAddr); diff != "" || len(want) != 3 {
		t.Errorf("%d leases (-before +after):\n%s", len(want), diff)
	}
}

// TestStrangersSurvive checks that a start with other ranges loses nothing.
func TestStrangersSurvive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leases")
	right, wrong := testConfig("192.0.2.10", "192.0.2.99"), testConfig("192.0.2.50", "192.0.2.99")
	s := openStore(t, path, right)
	mustCommit(t, s.Pool(0), client(1), addr("192.0.2.10"), start)
	mustClose(t, s)

	s = openStore(t, path, wrong)
	if err := s.rewrite(start); err != nil {
		t.Fatal(err)
	}
	if err := s.Pool(0).Commit(client(1), addr("192.0.2.10"), time.Hour, start); !errors.Is(err, ErrNotInPool) {
		t.Errorf("renewal outside of the ranges: %v, want ErrNotInPool", err)
	}
	mustClose(t, s)

	s = openStore(t, path, right)
	if _, ok := s.Pool(0).At(addr("192.0.2.10")); !ok {
		t.Error("the lease is lost")
	}
	mustClose(t, s)

	s = openStore(t, path, wrong)
	defer s.Close()
	if got := s.Leases(start.Add(2 * time.Hour)); len(got) != 0 {
		t.Errorf("after its end the stranger is still there: %v", got)
	}
}

func TestSecondProcessIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leases")
	s := openStore(t, path, testConfig("192.0.2.10", "192.0.2.99"))
	_, err := Open(path, nil, start)
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), fmt.Sprintf("process %d", os.Getpid())) {
		t.Errorf("got %v, want ErrLocked and the process", err)
	}
	mustClose(t, s)
	mustClose(t, openStore(t, path))
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	foreign := filepath.Join(dir, "dhcpd.leases")
	const text = "lease 192.0.2.10 {\n}\n"
	if err := os.WriteFile(foreign, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(foreign, nil, start); !errors.Is(err, ErrFormat) {
		t.Errorf("a foreign file: %v, want ErrFormat", err)
	}
	if got, _ := os.ReadFile(foreign); string(got) != text {
		t.Errorf("the foreign file was changed to %q", got)
	}
	if _, err := Open(filepath.Join(dir, "no", "leases"), nil, start); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
	if _, err := Open("", []Config{testConfig("192.0.2.9", "192.0.2.1")}, start); err == nil {
		t.Error("a bad range was accepted")
	}
}
