package cmd

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/lipgloss"
	"github.com/google/go-cmp/cmp"

	"pxe/dhcp/lease"
)

var leaseNow = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func leaseOf(n byte, addr string, state lease.State, left time.Duration) lease.Lease {
	l := lease.Lease{Addr: netip.MustParseAddr(addr), Key: lease.Key([]byte{1, 0x52, 0x54, 0, 0, 0, n}), State: state}
	if left != 0 {
		l.Expires = leaseNow.Add(left)
	}
	return l
}

// TestLeaseTable shows a lease in each state, and what a reservation makes of it.
func TestLeaseTable(t *testing.T) {
	odd := lease.Lease{Addr: netip.MustParseAddr("192.0.2.9"), Key: "\xff\x01", Name: "a\x1b[1mb", State: lease.Bound}
	leases := []lease.Lease{
		leaseOf(20, "192.0.2.20", lease.Reserved, 0),
		leaseOf(21, "192.0.2.21", lease.Reserved, 0),
		leaseOf(22, "192.0.2.22", lease.Reserved, 0),
		odd,
		leaseOf(10, "192.0.2.10", lease.Bound, 6*time.Hour),
		leaseOf(11, "192.0.2.11", lease.Bound, -50*time.Hour),
		leaseOf(12, "192.0.2.12", lease.Released, -90*time.Second),
		leaseOf(13, "192.0.2.13", lease.Declined, 59*time.Second),
		leaseOf(14, "192.0.2.14", lease.Declined, -time.Second), // nothing any more
		leaseOf(20, "192.0.2.20", lease.Bound, time.Hour),
		leaseOf(99, "192.0.2.21", lease.Bound, 24*time.Hour), // for another
		leaseOf(22, "192.0.2.22", lease.Bound, -time.Hour),
	}
	want := []string{
		"ADDRESS     CLIENT             NAME    STATE             ENDS",
		"192.0.2.9   id ff01            a?[1mb  bound             never",
		"192.0.2.10  52:54:00:00:00:0a          bound             in 6h0m, 09:04:05",
		"192.0.2.11  52:54:00:00:00:0b          expired           2d2h ago, 2025-12-31 01:04:05",
		"192.0.2.12  52:54:00:00:00:0c          released          1m30s ago, 03:02:35",
		"192.0.2.13  52:54:00:00:00:0d          declined          in 59s, 03:05:04",
		"192.0.2.20  52:54:00:00:00:14          bound (reserved)  in 1h0m, 04:04:05",
		"192.0.2.21  52:54:00:00:00:63          bound             in 1d0h, 2026-01-03 03:04:05",
		"192.0.2.21  52:54:00:00:00:15          reserved          never",
		"192.0.2.22  52:54:00:00:00:16          reserved          never",
	}
	got := leaseTable(Streams{Out: io.Discard}, leaseRows(leases, leaseNow), leaseNow)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLeaseChanges(t *testing.T) {
	before := leaseRows([]lease.Lease{
		leaseOf(1, "192.0.2.1", lease.Bound, time.Minute),
		leaseOf(2, "192.0.2.2", lease.Bound, time.Hour),
		leaseOf(3, "192.0.2.3", lease.Declined, time.Minute),
	}, leaseNow)
	after := leaseRows([]lease.Lease{
		leaseOf(4, "192.0.2.2", lease.Reserved, 0),
		leaseOf(1, "192.0.2.1", lease.Bound, time.Minute),
		leaseOf(2, "192.0.2.2", lease.Bound, time.Hour),
		leaseOf(3, "192.0.2.3", lease.Declined, time.Minute),
	}, leaseNow.Add(2*time.Minute))
	words := func(changes []leaseChange) (words []string) {
		for _, c := range changes {
			words = append(words, c.change+" "+c.row.Addr.String()+" "+c.row.state)
		}
		return words
	}
	want := []string{"there 192.0.2.1 bound", "there 192.0.2.2 bound", "there 192.0.2.3 declined"}
	if diff := cmp.Diff(want, words(leaseChanges(nil, before))); diff != "" {
		t.Errorf("at first (-want +got):\n%s", diff)
	}
	want = []string{"gone 192.0.2.3 declined", "changed 192.0.2.1 expired", "new 192.0.2.2 reserved"}
	if diff := cmp.Diff(want, words(leaseChanges(byID(before), after))); diff != "" {
		t.Errorf("then (-want +got):\n%s", diff)
	}
	if c := leaseChanges(byID(after), after); c != nil {
		t.Errorf("nothing changed, and is told: %v", words(c))
	}
}

// TestVoidReservation warns of it, and says how to be rid of it.
func TestVoidReservation(t *testing.T) {
	var log bytes.Buffer
	newDHCPView(Streams{Err: &log}, common{}).void([]lease.Lease{leaseOf(1, "192.0.2.1", lease.Reserved, 0)})
	for _, want := range []string{"WARN", "pxe leases unreserve", "addr=192.0.2.1", "client=52:54:00:00:00:01"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %q in %s", want, log.String())
		}
	}
}

// mustRun runs a command to its end and returns what it printed.
func mustRun(t *testing.T, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	if err := run(t.Context(), Streams{Out: &out, Err: io.Discard}, args...); err != nil {
		t.Fatalf("pxe %s: %v\n%s", strings.Join(args, " "), err, out.String())
	}
	return out.String()
}

// TestLeasesWatch sees a reservation come and go, line by line.
func TestLeasesWatch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leases")
	store, err := lease.Open(path, nil, leaseNow)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	file := "--lease-file=" + path
	mustRun(t, "leases", "reserve", "52:54:00:00:00:01", "192.0.2.1", file)
	ctx, cancel := context.WithCancel(t.Context())
	stdout, out := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, Streams{Out: out, Err: io.Discard}, "leases", "--watch", "-o", "json", file)
		out.Close()
	}()
	lines := bufio.NewScanner(stdout)
	next := func(change, addr string) {
		t.Helper()
		var line leaseChangeJSON
		if !lines.Scan() {
			t.Fatalf("no more lines: %v", <-done)
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil || line.Change != change || line.Address.String() != addr || line.Time.IsZero() {
			t.Errorf("got %s, %v, want %s of %s", lines.Bytes(), err, change, addr)
		}
	}
	next("there", "192.0.2.1")
	mustRun(t, "leases", "reserve", "52:54:00:00:00:02", "192.0.2.2", file)
	next("new", "192.0.2.2")
	mustRun(t, "leases", "unreserve", "192.0.2.1", file)
	next("gone", "192.0.2.1")
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestLeasesOnATerminal is a table that is drawn anew, no wider and no longer than
// the terminal.
func TestLeasesOnATerminal(t *testing.T) {
	var out bytes.Buffer
	s := Streams{Out: &out, OutTTY: true, ErrSize: func() (int, int) { return 30, 4 }}
	var leases []lease.Lease
	for n := range byte(5) {
		leases = append(leases, leaseOf(n, netip.AddrFrom4([4]byte{192, 0, 2, n}).String(), lease.Bound, time.Hour))
	}
	s.Getenv = func(name string) string { return map[string]string{"NO_COLOR": "1"}[name] }
	redraw(s, leaseRows(leases, leaseNow), leaseFileLoss{}, leaseNow)
	want := "\x1b[H\x1b[JADDRESS    CLIENT           …\n192.0.2.0  52:54:00:00:00:00…\nand 4 more\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestLeasesOutside warns of them at the start of a server.
func TestLeasesOutside(t *testing.T) {
	var log bytes.Buffer
	view := newDHCPView(Streams{Err: &log}, common{})
	view.outside(0)
	if log.Len() > 0 {
		t.Errorf("none are: %s", log.String())
	}
	if view.outside(3); !strings.Contains(log.String(), "WARN") || !strings.Contains(log.String(), "count=3") {
		t.Error(log.String())
	}
}

// TestDamagedLeaseFile has every command tell of it: those that look, and the one
// that makes the file anew.
func TestDamagedLeaseFile(t *testing.T) {
	dir := t.TempDir()
	path, other := filepath.Join(dir, "leases"), filepath.Join(dir, "dnsmasq.leases")
	if err := os.WriteFile(other, []byte("0 52:54:00:00:00:01 192.0.2.1 * *\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"leases"},
		{"leases", "-o", "json"},
		{"leases", "import", "--dry-run", other},
		{"leases", "release", "192.0.2.1"},
		{"leases", "reserve", "52:54:00:00:00:01", "192.0.2.1"},
	} {
		if err := os.WriteFile(path, []byte("pxe leases 1\ndamage\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		var stderr bytes.Buffer
		run(t.Context(), Streams{Out: io.Discard, Err: &stderr}, append(args, "--lease-file", path)...)
		if n := strings.Count(stderr.String(), "some leases could not be read"); n != 1 {
			t.Errorf("%v: told %d times: %s", args, n, stderr.String())
		}
		copied := strings.Contains(stderr.String(), path+".damaged")
		if looks := len(args) == 1 || args[1] == "-o" || args[1] == "import"; copied == looks {
			t.Errorf("%v: the copy is told of: %v", args, copied)
		}
	}
}

// TestImportLeavesOutALot shows ten lines of them, each line named once, and all
// under -v.
func TestImportLeavesOutALot(t *testing.T) {
	const count = 25
	dir := t.TempDir()
	other := filepath.Join(dir, "dhcpd.leases")
	if err := os.WriteFile(other, []byte(strings.Repeat("lease 192.0.2.1 {\n  ends 5 2199/13/02 09:04:05;\n}\n", count)), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		flag  string
		shown int
		more  bool
	}{{"--verbose=false", 10, true}, {"-v", count, false}} {
		var out bytes.Buffer
		err := run(t.Context(), Streams{Out: &out, Err: io.Discard}, "leases", "import", other, "--lease-file", filepath.Join(dir, "leases"), tt.flag)
		text := out.String()
		if codeFor(err) != exitNo || strings.Count(text, ": left out: ") != tt.shown || strings.Contains(text, "left out as well: 15 more") != tt.more ||
			!strings.Contains(text, "dhcpd.leases:5: left out: \"5 2199/13/02 09:04:05\" is not a time\n") {
			t.Errorf("%s: %v\n%s", tt.flag, err, text)
		}
	}
}

// TestLongNameOnATerminal leaves room for the rest of the line, and is whole elsewhere.
func TestLongNameOnATerminal(t *testing.T) {
	long := leaseOf(1, "192.0.2.1", lease.Bound, time.Hour)
	long.Name = strings.Repeat("long", 60)
	rows := leaseRows([]lease.Lease{long}, leaseNow)
	s := Streams{Out: io.Discard, OutTTY: true, ErrSize: func() (int, int) { return 80, 24 }}
	for _, line := range leaseTable(s, rows, leaseNow) {
		if width := lipgloss.Width(line); width > 80 {
			t.Errorf("%d wide: %s", width, line)
		}
	}
	if line := leaseTable(s, rows, leaseNow)[1]; !strings.Contains(line, "longlonglon") || !strings.HasSuffix(line, "…  bound  in 1h0m, 04:04:05") {
		t.Error(line)
	}
	s.OutTTY = false
	if line := leaseTable(s, rows, leaseNow)[1]; !strings.Contains(line, long.Name) {
		t.Error(line)
	}
}

func TestLeaseFileHint(t *testing.T) {
	for _, tt := range []struct {
		err  error
		root bool
		want string
	}{
		{&fs.PathError{Op: "open", Path: "x", Err: fs.ErrPermission}, false, "sudo"},
		{&fs.PathError{Op: "open", Path: "x", Err: fs.ErrPermission}, true, "choose another file"},
		{fmt.Errorf("rewrite leases: %w", syscall.ENOSPC), true, "make room"},
		{fmt.Errorf("x: %w", lease.ErrFormat), false, "choose another file"},
		{errors.New("something else"), false, ""},
	} {
		if hint := leaseFileHint(tt.err, tt.root); !strings.Contains(hint, tt.want) || tt.want == "" && hint != "" {
			t.Errorf("%v, root %v: %q, want %q", tt.err, tt.root, hint, tt.want)
		}
	}
	err := explainLeaseFile(fmt.Errorf("rewrite leases: %w", &fs.PathError{Op: "write", Path: "x.new", Err: syscall.ENOSPC}))
	if want := "lease file: rewrite leases: write x.new: no space left on device"; err.Error() != want || hintOf(err) == "" {
		t.Errorf("%v, want %s", err, want)
	}
}
