package once

import (
	"bytes"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var (
	start = time.Unix(1_760_000_000, 0)
	one   = net.HardwareAddr{0x52, 0x54, 0, 0, 0, 1}
	two   = net.HardwareAddr{0x52, 0x54, 0, 0, 0, 2}
)

func open(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestStates takes a machine through its one boot, over restarts of the server.
func TestStates(t *testing.T) {
	path := filepath.Join(t.TempDir(), "once")
	s := open(t, path)
	want := func(state State, now time.Time) {
		t.Helper()
		if got := s.State(one, now); got != state {
			t.Fatalf("%s, want %s", got, state)
		}
	}
	want(Armed, start)
	s.Finish(one, start) // an operating system that was there before
	want(Armed, start)
	s.Begin(one, start)
	if _, err := os.Stat(path); err == nil {
		t.Error("written before Sync")
	}
	if err := s.Sync(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	want(Booting, start.Add(Window))
	want(Done, start.Add(Window+time.Second))
	s.Finish(one, start.Add(time.Minute))
	if err := s.Sync(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	want(Done, start.Add(time.Minute))
	s.Begin(one, start.Add(time.Hour))
	want(Done, start.Add(time.Hour))
}

// TestArmBesideAServer arms a machine while a server has the file, and note is
// taken on both sides.
func TestArmBesideAServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "once")
	s := open(t, path)
	s.Begin(one, start)
	s.Begin(two, start)
	if err := s.Sync(); err != nil {
		t.Fatal(err)
	}
	s.Finish(two, start) // not yet written
	had, err := Arm(path, one, net.HardwareAddr{2, 0, 0, 0, 0, 9})
	if err != nil || len(had) != 1 || had[0].MAC.String() != one.String() {
		t.Fatalf("armed %v, %v", had, err)
	}
	if err := s.Refresh(); err != nil || s.State(one, start) != Armed || s.State(two, start) != Done {
		t.Errorf("%v: %s and %s", err, s.State(one, start), s.State(two, start))
	}
	if err := s.Sync(); err != nil {
		t.Fatal(err)
	}
	entries, err := Read(path)
	if err != nil || len(entries) != 1 || entries[0].State != Done || entries[0].MAC.String() != two.String() {
		t.Errorf("%v, %v", entries, err)
	}
}

func TestBadFiles(t *testing.T) {
	for _, text := range []string{"leases\n", header + "x\n", header + "52:54:00:00:00:01 done\n", header + "52:54:00:00:00:01 gone 5\n", header + "52:54:00:00:00:01 done x\n", header + strings.Repeat("x", 1<<17)} {
		path := filepath.Join(t.TempDir(), "once")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); err == nil {
			t.Errorf("%.40q is read", text)
		}
		if _, err := Arm(path, one); err == nil {
			t.Errorf("%.40q is overwritten", text)
		}
	}
	if _, err := Open(t.TempDir()); err == nil || errors.Is(err, ErrFormat) {
		t.Errorf("a folder: %v", err)
	}
}

// FuzzParse writes down what was read, and reads the same.
func FuzzParse(f *testing.F) {
	f.Add([]byte(header + "52:54:00:00:00:01 done 1760000000\n52:54:00:00:00:02 booting -5\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		entries, err := parse(bytes.NewReader(text))
		if err != nil {
			return
		}
		written := format(entries)
		again, err := parse(bytes.NewReader(written))
		if len(text) > 0 && (err != nil || !bytes.Equal(written, format(again))) {
			t.Errorf("%q is written as %q: %v", text, written, err)
		}
	})
}
