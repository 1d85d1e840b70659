package lease

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestJournalGolden pins the format: files written today must load for ever.
func TestJournalGolden(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leases")
	s := openStore(t, path, testConfig("192.0.2.10", "192.0.2.99"))
	s.Pool(0).Commit(Client{Key: "\x01\x52\x54\x00\x12\x34\x56", Name: "node1"}, addr("192.0.2.10"), 6*time.Hour, start)
	s.Pool(0).Commit(Client{Key: "\x01\x52\x54\x00\x12\x34\x57"}, addr("192.0.2.11"), -1, start)
	mustClose(t, s)
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/journal.golden")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDamage(t *testing.T) {
	cfg := testConfig("192.0.2.10", "192.0.2.99")
	journal := func(t *testing.T) (path string, lines []string) {
		path = filepath.Join(t.TempDir(), "leases")
		s := openStore(t, path, cfg)
		for n := range 3 {
			mustCommit(t, s.Pool(0), client(n), address(number(addr("192.0.2.10"))+uint32(n)), start)
		}
		mustClose(t, s)
		b, _ := os.ReadFile(path)
		return path, strings.SplitAfter(string(b), "\n")
	}
	tests := []struct {
		name    string
		damage  func(lines []string) string
		leases  []string
		damaged int
	}{
		{"none", func(l []string) string { return strings.Join(l, "") }, []string{"192.0.2.10", "192.0.2.11", "192.0.2.12"}, 0},
		{"empty file", func([]string) string { return "" }, nil, 0},
		{"header alone", func(l []string) string { return l[0] }, nil, 0},
		{"torn last line", func(l []string) string { return l[0] + l[1] + l[2] + l[3][:9] }, []string{"192.0.2.10", "192.0.2.11"}, 0},
		{"last newline missing", func(l []string) string { return strings.TrimSuffix(strings.Join(l, ""), "\n") }, []string{"192.0.2.10", "192.0.2.11", "192.0.2.12"}, 0},
		{"a changed digit", func(l []string) string {
			return l[0] + l[1] + strings.Replace(l[2], "192.0.2.11", "192.0.2.19", 1) + l[3]
		}, []string{"192.0.2.10", "192.0.2.12"}, 1},
		{"a hole of zeros", func(l []string) string { return l[0] + l[1] + strings.Repeat("\x00", 20_000) + "\n" + l[3] }, []string{"192.0.2.10", "192.0.2.12"}, 1},
		{"a blank line", func(l []string) string { return l[0] + l[1] + "\n" + l[2] + l[3] }, []string{"192.0.2.10", "192.0.2.11", "192.0.2.12"}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path, lines := journal(t)
			text := tt.damage(lines)
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			for range 2 { // the first start mends, the second finds nothing wrong
				s := openStore(t, path, cfg)
				var got []string
				for _, l := range s.Leases(start) {
					got = append(got, l.Addr.String())
				}
				if diff := cmp.Diff(tt.leases, got, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("leases (-want +got):\n%s", diff)
				}
				damaged, copied := s.Damaged()
				if damaged != tt.damaged {
					t.Errorf("%d damaged lines, want %d", damaged, tt.damaged)
				}
				if damaged > 0 {
					if kept, _ := os.ReadFile(copied); string(kept) != text {
						t.Errorf("%s does not hold the file as it was", copied)
					}
				}
				mustClose(t, s)
				tt.damaged = 0
			}
		})
	}
}

// TestSyncedSurvivesTruncation cuts a journal at every byte and checks that
// what was synced before the cut is there.
func TestSyncedSurvivesTruncation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leases")
	s := openStore(t, path, testConfig("192.0.2.10", "192.0.2.99"))
	var ends []int // the size of the file after each sync
	for n := range 10 {
		mustCommit(t, s.Pool(0), client(n), address(number(addr("192.0.2.10"))+uint32(n)), start)
		mustSync(t, s, start)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		ends = append(ends, int(info.Size()))
	}
	mustClose(t, s)
	whole, _ := os.ReadFile(path)
	synced := 0
	for cut := len(header); cut <= len(whole); cut++ {
		for synced < len(ends) && ends[synced] <= cut {
			synced++
		}
		got := 0
		found, err := read(bytes.NewReader(whole[:cut]), func(Lease) { got++ })
		if err != nil || found.damaged != 0 || got < synced {
			t.Fatalf("cut at %d: %d leases of %d synced, %d damaged, %v", cut, got, synced, found.damaged, err)
		}
	}
}

// FuzzRead checks that any file loads or is refused, and that what loads is
// written so that it loads the same.
func FuzzRead(f *testing.F) {
	golden, err := os.ReadFile("testdata/journal.golden")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(golden)
	f.Add([]byte(header + "9b1de0c4 bound never 192.0.2.10 -\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		var first, again []Lease
		if _, err := read(bytes.NewReader(content), func(l Lease) { first = append(first, l) }); err != nil {
			if !errors.Is(err, ErrFormat) {
				t.Fatal(err)
			}
			return
		}
		text := []byte(header)
		for _, l := range first {
			text = appendRecord(text, l)
		}
		found, err := read(bytes.NewReader(text), func(l Lease) { again = append(again, l) })
		if err != nil || found.damaged > 0 || found.torn {
			t.Fatalf("what was written does not load: %+v, %v", found, err)
		}
		if diff := cmp.Diff(first, again, cmpAddr); diff != "" {
			t.Errorf("(-first +again):\n%s", diff)
		}
	})
}

// FuzzTail checks that nothing behind a synced record, whatever a crash or
// another program left there, keeps it from being read.
func FuzzTail(f *testing.F) {
	f.Add([]byte("9b1de0"))
	f.Add([]byte("\x00\x00\n\n"))
	f.Add(bytes.Repeat([]byte("x"), maxLine+1))
	var synced []byte
	for n := range 3 {
		synced = appendRecord(synced, Lease{Addr: addr("192.0.2.10"), Key: client(n).Key, State: Bound, Expires: start})
	}
	f.Fuzz(func(t *testing.T, tail []byte) {
		file := header + string(synced) + string(tail)
		var got []byte
		if _, err := read(strings.NewReader(file), func(l Lease) { got = appendRecord(got, l) }); err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(got, synced) {
			t.Errorf("read %q, which does not begin with what was synced", got)
		}
	})
}
