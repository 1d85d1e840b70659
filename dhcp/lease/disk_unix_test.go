//go:build unix

package lease

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"pxe/plainfile"
)

// TestJournalIsARegularFile refuses everything else, and leaves it as it is.
func TestJournalIsARegularFile(t *testing.T) {
	dir := t.TempDir()
	pipe, link := filepath.Join(dir, "pipe"), filepath.Join(dir, "link")
	if err := syscall.Mkfifo(pipe, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(pipe, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{pipe, link, dir} {
		if _, err := Open(path, nil, start); !errors.Is(err, plainfile.ErrIrregular) {
			t.Errorf("open %s: %v", path, err)
		}
		if _, err := Read(path); !errors.Is(err, plainfile.ErrIrregular) {
			t.Errorf("read %s: %v", path, err)
		}
	}
	if info, err := os.Lstat(pipe); err != nil || info.Mode().Type() != os.ModeNamedPipe {
		t.Errorf("the pipe: %v, %v", info, err)
	}
	if all, _ := os.ReadDir(dir); len(all) != 2 {
		t.Errorf("files were made: %v", all)
	}
}

// TestJournalBehindALink writes the file that the link leads to, one that is not
// there yet as well.
func TestJournalBehindALink(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "leases"), filepath.Join(dir, "link")
	if err := os.Symlink("leases", link); err != nil {
		t.Fatal(err)
	}
	for n := range 2 {
		s := openStore(t, link, testConfig("192.0.2.10", "192.0.2.99"))
		mustCommit(t, s.Pool(0), client(n), address(number(addr("192.0.2.10"))+uint32(n)), start)
		if _, err := Open(path, nil, start); !errors.Is(err, ErrLocked) {
			t.Errorf("by its own name: %v, want ErrLocked", err)
		}
		mustClose(t, s)
	}
	if to, err := os.Readlink(link); to != "leases" {
		t.Errorf("the link leads to %q, %v", to, err)
	}
	s, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if leases := s.Leases(start); len(leases) != 2 {
		t.Error(leases)
	}
}

// TestLinksBesideAJournal has links where the store makes files of its own.
func TestLinksBesideAJournal(t *testing.T) {
	dir := t.TempDir()
	path, victim := filepath.Join(dir, "leases"), filepath.Join(dir, "victim")
	for _, end := range []string{".new", ".damaged", ".lock"} {
		if err := os.WriteFile(victim, []byte("precious"), 0o644); err != nil {
			t.Fatal(err)
		}
		os.Remove(path + end)
		if err := os.Symlink("victim", path+end); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(header+"damage\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		s, err := Open(path, nil, start)
		if err == nil {
			err = s.Close()
		}
		if refused := end == ".lock"; refused != (err != nil) || refused && !strings.Contains(err.Error(), "symbolic link") {
			t.Errorf("%s: %v", end, err)
		}
		if text, err := os.ReadFile(victim); string(text) != "precious" {
			t.Errorf("%s: the file behind the link has %q, %v", end, text, err)
		}
		if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
			t.Errorf("%s: the journal is %v, %v", end, info, err)
		}
	}
}
