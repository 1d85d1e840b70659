package lease

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestReadBeside reads a journal in all states in which its writer may have it.
func TestReadBeside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leases")
	if _, err := Read(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	cfg := testConfig("192.0.2.10", "192.0.2.99")
	s := openStore(t, path, cfg)
	defer s.Close()
	mustCommit(t, s.Pool(0), client(1), addr("192.0.2.20"), start)
	mustCommit(t, s.Pool(0), client(2), addr("192.0.2.11"), start)
	mustReserve(t, s, client(3), "192.0.2.200")
	mustReserve(t, s, client(4), "192.0.2.30")
	if _, err := s.Unreserve(addr("192.0.2.30")); err != nil {
		t.Fatal(err)
	}
	mustSync(t, s, start)
	end := start.Add(time.Hour)
	want := []Lease{
		{Addr: addr("192.0.2.200"), Key: client(3).Key, Name: client(3).Name, State: Reserved},
		{Addr: addr("192.0.2.11"), Key: client(2).Key, Name: client(2).Name, State: Bound, Expires: end},
		{Addr: addr("192.0.2.20"), Key: client(1).Key, Name: client(1).Name, State: Bound, Expires: end},
	}
	for _, tt := range []struct {
		name   string
		change func()
	}{
		{"synced", func() {}},
		{"rewritten", func() {
			if err := s.rewrite(start); err != nil {
				t.Fatal(err)
			}
		}},
		{"a line half written", func() {
			if _, err := s.journal.file.Write([]byte("00000000 bound 2026-01-02T")); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		tt.change()
		before, _ := os.ReadFile(path)
		got, err := Read(path)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if diff := cmp.Diff(want, got.Leases(start), cmpAddr); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
		if after, _ := os.ReadFile(path); string(after) != string(before) {
			t.Errorf("%s: the reader changed the file", tt.name)
		}
	}
}
