package cmd

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pxe/dhcp"
	"pxe/dhcp/lease"
)

// leaseServer runs a server on the loopback with a lease file.
func leaseServer(t *testing.T, path string, args ...string) *server {
	t.Helper()
	s := startServer(t, append([]string{"serve-dhcp", "--interface", "lo", "--subnet", "127.0.0.0/8", "--range", "127.0.0.100-127.0.0.109",
		"--force", "--port", "0", "--boot-port", "0", "--lease-file", path}, args...)...)
	var first dhcpListeningJSON
	if s.next(&first); first.Event != "listening" {
		t.Fatalf("%+v", first)
	}
	return s
}

// TestLeasesOfARunningServer has a server change its leases, which are there at
// once, and after it has ended.
func TestLeasesOfARunningServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leases")
	file := "--lease-file=" + path
	// What a kill leaves behind is in nobody's way.
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: controlSocket(path), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	stale.Close()
	s := leaseServer(t, path, "--host", "52:54:00:00:00:07=127.0.0.7")
	if info, err := os.Stat(controlSocket(path)); err != nil || info.Mode() != fs.ModeSocket|0o600 {
		t.Fatalf("the socket: %v, %v", info, err)
	}

	if out := mustRun(t, "leases", "reserve", "52:54:00:00:00:01", "127.0.0.50", "--name", "one", file); !strings.Contains(out, "127.0.0.50 reserved by hand (52:54:00:00:00:01)") {
		t.Error(out)
	}
	var line editedJSON
	if s.next(&line); line.Event != "lease-edited" || line.Do != "reserve" || line.MAC != "52:54:00:00:00:01" {
		t.Errorf("%+v", line)
	}
	if out := mustRun(t, "leases", file); !strings.Contains(out, "127.0.0.50  52:54:00:00:00:01  one   reserved") {
		t.Error(out)
	}
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"reserve", "52:54:00:00:00:02", "10.0.0.1"}, lease.ErrNotServed.Error()},
		{[]string{"reserve", "52:54:00:00:00:02", "127.0.0.1"}, lease.ErrExcluded.Error()},
		{[]string{"reserve", "52:54:00:00:00:02", "127.0.0.7"}, lease.ErrConfigured.Error()},
		{[]string{"reserve", "52:54:00:00:00:07", "127.0.0.8"}, "the configuration gives the client 127.0.0.7"},
		{[]string{"release", "127.0.0.100"}, lease.ErrNoLease.Error()},
	} {
		var no *noError
		err := run(t.Context(), Streams{Out: io.Discard, Err: io.Discard}, append([]string{"leases", file}, tt.args...)...)
		if !errors.As(err, &no) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v: %v, want %q", tt.args, err, tt.want)
		}
	}

	s.stop()
	if _, err := os.Lstat(controlSocket(path)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
	if out := mustRun(t, "leases", "unreserve", "52:54:00:00:00:01", file); !strings.Contains(out, "no more reserved") {
		t.Error(out)
	}
	s = leaseServer(t, path)
	if out := mustRun(t, "leases", file); out != "no leases\n" {
		t.Error(out)
	}
	s.stop()
}

// TestImportIntoARunningServer takes more leases than one request has.
func TestImportIntoARunningServer(t *testing.T) {
	const count = 2*controlEdits + 500
	dir := t.TempDir()
	path, other := filepath.Join(dir, "leases"), filepath.Join(dir, "dnsmasq.leases")
	var text strings.Builder
	for n := range count {
		fmt.Fprintf(&text, "0 52:54:00:00:%02x:%02x 127.1.%d.%d * *\n", n>>8, n&255, n>>8, n&255)
	}
	text.WriteString("0 52:54:00:00:ff:ff 127.2.0.0 * *\n") // in no range
	if err := os.WriteFile(other, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	s := leaseServer(t, path, "--range", "127.1.0.0-127.1.255.255")
	var dry, out bytes.Buffer
	err := run(t.Context(), Streams{Out: &dry, Err: io.Discard}, "leases", "import", other, "--lease-file", path, "--dry-run")
	if codeFor(err) != exitNo || !strings.Contains(dry.String(), fmt.Sprintf(": %d\n", count)) || strings.Contains(dry.String(), "nothing was checked") ||
		!strings.Contains(dry.String(), "2501: left out: 127.2.0.0: "+lease.ErrNotInPool.Error()) {
		t.Errorf("dry: %v\n%s", err, dry.String())
	}
	if list := mustRun(t, "leases", "--lease-file", path); list != "no leases\n" {
		t.Errorf("after a dry run: %.500s", list)
	}
	done := make(chan error, 1)
	go func() {
		done <- run(t.Context(), Streams{Out: &out, Err: io.Discard}, "leases", "import", other, "--lease-file", path)
	}()
	for imported := 0; imported < count; {
		var line editedJSON
		if s.next(&line); line.Event != "lease-edited" || line.Do != "import" || line.Count == 0 {
			t.Fatalf("%+v", line)
		}
		imported += line.Count
	}
	if err := <-done; codeFor(err) != exitNo || !strings.Contains(out.String(), "2501: left out: 127.2.0.0: "+lease.ErrNotInPool.Error()) {
		t.Errorf("%v\n%s", err, out.String())
	}
	if list := mustRun(t, "leases", "--lease-file", path); strings.Count(list, "  bound  never\n") != count {
		t.Errorf("%.500s", list)
	}
	s.stop()
}

// TestControlTakesAnything checks that a server outlives what is said to it, and
// who says nothing.
func TestControlTakesAnything(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leases")
	s := leaseServer(t, path)
	for _, tt := range []struct{ say, answer string }{
		{"rubbish\n", `"error":"invalid character`},
		{`{"edits":[{"do":"explode","address":"127.0.0.100"}]}` + "\n", `is no change to leases`},
		{`{"edits":[{"do":"import","address":"127.0.0.100"}]}` + "\n", `"error":"127.0.0.100: `},
		{`{"edits":[{"do":"reserve","address":"127.0.0.100","client":"0"}]}` + "\n", `"error":"encoding/hex`},
		{"{}\n", `"outcomes":[]`},
		{strings.Repeat("x", controlLine+1), ""},
	} {
		conn, err := net.Dial("unix", controlSocket(path))
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, tt.say) // the last one is hung up on
		conn.(*net.UnixConn).CloseWrite()
		answer, _ := io.ReadAll(conn)
		conn.Close()
		if !strings.Contains(string(answer), tt.answer) || tt.answer == "" && len(answer) > 0 {
			t.Errorf("%.50q: %s", tt.say, answer)
		}
	}
	silent, err := net.Dial("unix", controlSocket(path))
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	s.stop() // does not wait for it
}

// TestSecondServerRefuses names the file, and who has it.
func TestSecondServerRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leases")
	s := leaseServer(t, path)
	err := run(t.Context(), Streams{Out: io.Discard, Err: io.Discard}, "serve-dhcp", "--interface", "lo", "--subnet", "127.0.0.0/8", "--range",
		"127.0.0.100-127.0.0.109", "--force", "--port", "0", "--boot-port", "0", "--lease-file", path, "--no-confine")
	want := fmt.Sprintf("lease file %s: lease file is in use by another process (process %d)", path, os.Getpid())
	if err == nil || err.Error() != want || !strings.Contains(hintOf(err), "another --lease-file") {
		t.Errorf("%v, want %s", err, want)
	}
	mustRun(t, "leases", "--lease-file", path) // the socket of the first is still there
	mustRun(t, "leases", "reserve", "52:54:00:00:00:01", "127.0.0.50", "--lease-file", path)
	var line editedJSON
	s.next(&line)
	s.stop()
}

// TestNobodyAnswers tells who has the lease file, where the socket is missing.
func TestNobodyAnswers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leases")
	store, err := lease.Open(path, nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	err = run(t.Context(), Streams{Out: io.Discard, Err: io.Discard}, "leases", "reserve", "52:54:00:00:00:01", "192.0.2.1", "--lease-file", path)
	if err == nil || codeFor(err) != exitFailed || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "(process ") || hintOf(err) == "" {
		t.Errorf("%v", err)
	}
}

// TestServesWithoutControl serves where the name of the socket would be too long.
func TestServesWithoutControl(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 25))
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s := leaseServer(t, filepath.Join(dir, "leases"))
	s.stop()
}

func TestPoolMetrics(t *testing.T) {
	m := newDHCPMetrics()
	if text := scrape(t, m.all()); strings.Contains(text, "pxe_dhcp_addresses") {
		t.Error("there are addresses before there is a server")
	}
	cfg := dhcpConfigOf(t, "--range", "192.168.122.100-192.168.122.109")
	store, err := lease.Open("", cfg.Pools(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Pool(0).Commit(lease.Client{Key: "x"}, netip.MustParseAddr("192.168.122.100"), time.Hour, time.Now()); err != nil {
		t.Fatal(err)
	}
	server, err := dhcp.New(cfg, store)
	if err != nil {
		t.Fatal(err)
	}
	m.pools.use(server)
	text := scrape(t, m.all())
	for _, want := range []string{`pxe_dhcp_addresses{subnet="192.168.122.0/24"} 10`, `pxe_dhcp_addresses_in_use{subnet="192.168.122.0/24"} 1`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

// TestLinkToALeaseFile names one lease file in two ways: the commands find the
// server, which serves on although it reaches only the folder of the file itself.
func TestLinkToALeaseFile(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "there", "leases"), filepath.Join(dir, "link")
	if err := os.Mkdir(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	s := leaseServer(t, link)
	var line editedJSON
	for n, file := range []string{path, link} {
		mustRun(t, "leases", "reserve", fmt.Sprintf("52:54:00:00:00:%02x", n), fmt.Sprintf("127.0.0.%d", 50+n), "--lease-file", file)
		if s.next(&line); line.Event != "lease-edited" {
			t.Errorf("%+v", line)
		}
	}
	s.stop()
	if list := mustRun(t, "leases", "--lease-file", path); strings.Count(list, "reserved") != 2 {
		t.Error(list)
	}
	if all, _ := os.ReadDir(dir); len(all) != 2 {
		t.Errorf("files beside the link: %v", all)
	}
}
