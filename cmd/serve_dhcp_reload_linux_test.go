package cmd

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	reloadBefore = `
lease_file: %DIR%/leases
subnets:
  - subnet: 127.0.0.0/8
    ranges: [127.0.0.100-127.0.0.109]
  - subnet: 192.0.2.0/24
    ranges: [192.0.2.100-192.0.2.109]
hosts:
  - {mac: "52:54:00:00:00:01", name: one}
  - {mac: "52:54:00:00:00:02", name: two}
boot: {file: pxelinux.0}
`
	reloadAfter = `
lease_file: %DIR%/other
interfaces: [lo, nosuch0]
subnets:
  - subnet: 127.0.0.0/8
    ranges: [127.0.0.100-127.0.0.119]
  - subnet: 198.51.100.0/24
    ranges: [198.51.100.100-198.51.100.109]
hosts:
  - {mac: "52:54:00:00:00:02", name: second}
  - {mac: "52:54:00:00:00:03", name: three}
  - {mac: "52:54:00:00:00:01", name: one}
rules:
  - {name: new, match: {known: on}, file: x.0}
boot: {file: lpxelinux.0}
boot_only: on
`
)

// reloadServer runs a server on the loopback with a file that tests replace.
func reloadServer(t *testing.T, args ...string) (s *server, replace func(text string)) {
	dir := t.TempDir()
	file := filepath.Join(dir, "dhcp.yaml")
	replace = func(text string) {
		t.Helper()
		if err := os.WriteFile(file+".new", []byte(strings.ReplaceAll(text, "%DIR%", dir)), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}
	replace(reloadBefore)
	s = startServer(t, append([]string{"serve-dhcp", "--interface", "lo", "--force", "--port", "0", "--boot-port", "0", "--config", file}, args...)...)
	var first, relayed dhcpListeningJSON
	if s.next(&first); first.Event != "listening" || first.LeaseFile != filepath.Join(dir, "leases") || first.LeaseSeconds != 6*3600 {
		t.Fatalf("%+v", first)
	}
	if s.next(&relayed); relayed.Event != "relayed" {
		t.Fatalf("%+v", relayed)
	}
	return s, replace
}

func hangUp(t *testing.T) {
	t.Helper()
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
}

// TestReloadOnSignal replaces the file with a good one, with a bad one, and with
// the first again.
func TestReloadOnSignal(t *testing.T) {
	s, replace := reloadServer(t)
	replace(reloadAfter)
	hangUp(t)
	var got reloadedJSON
	s.next(&got)
	dir := filepath.Dir(got.File)
	want := reloadedJSON{
		Event: "reloaded", Time: got.Time, File: filepath.Join(dir, "dhcp.yaml"), Because: "SIGHUP",
		Subnets: change{Added: 1, Removed: 1, Changed: 1}, Hosts: change{Added: 1, Changed: 1}, Rules: change{Added: 1}, Others: []string{"boot", "boot_only"},
		Warnings: []string{"the leases stay in " + filepath.Join(dir, "leases") + ": start the server anew"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	replace("subnets:\n  - subnet: 127.0.0.0/8\n    range: 127.0.0.1\nhosts: [{mac: x}]\n")
	hangUp(t)
	var failed reloadFailedJSON
	s.next(&failed)
	wantFailed := reloadFailedJSON{
		Event: "reload-failed", Time: failed.Time, File: want.File, Because: "SIGHUP",
		Error: want.File + `:3:5: unknown key "range" (did you mean ranges?)` + "\n" + want.File + `:4:15: "x" is not a MAC address (write it like 52:54:00:12:34:56)`,
	}
	if diff := cmp.Diff(wantFailed, failed); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	replace(reloadBefore)
	hangUp(t)
	got = reloadedJSON{}
	s.next(&got)
	if got.Subnets != (change{Added: 1, Removed: 1, Changed: 1}) || got.Rules != (change{Removed: 1}) {
		t.Errorf("%+v", got)
	}
	s.stop()
}

// TestReloadWatched waits for a server to see a new file by itself.
func TestReloadWatched(t *testing.T) {
	t.Parallel() // it takes as long as four looks
	s, replace := reloadServer(t, "--watch")
	replace("subnets: [")
	var failed reloadFailedJSON
	if s.next(&failed); failed.Event != "reload-failed" || failed.Because != "changed" || failed.Hint == "" {
		t.Errorf("%+v", failed)
	}
	replace(reloadAfter)
	var got reloadedJSON
	if s.next(&got); got.Event != "reloaded" || got.Because != "changed" {
		t.Errorf("%+v", got)
	}
	s.stop()
}

// TestReloadHangs ends while the file is read from a disk that does not answer.
func TestReloadHangs(t *testing.T) {
	reading, answer := make(chan bool), make(chan bool)
	defer close(answer)
	d := &dhcpServer{hangup: make(chan os.Signal, 1), read: func() (configFile, error) {
		close(reading)
		<-answer
		return configFile{}, nil
	}}
	ctx, cancel := context.WithCancel(t.Context())
	d.hangup <- syscall.SIGHUP
	go func() { <-reading; cancel() }()
	d.follow(ctx, nil)
}

// TestReloadFromAPipe tells of a pipe among the files, and serves on.
func TestReloadFromAPipe(t *testing.T) {
	dir := t.TempDir()
	conf, pipe := filepath.Join(dir, "dhcpd.conf"), filepath.Join(dir, "pipe")
	mkfifo(t, pipe)
	const text = "subnet 127.0.0.0 netmask 255.0.0.0 { range 127.0.0.100 127.0.0.109; }\n"
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	s := startServer(t, "serve-dhcp", "--interface", "lo", "--force", "--port", "0", "--boot-port", "0", "--config", conf, "--lease-file", filepath.Join(dir, "leases"))
	var first dhcpListeningJSON
	s.next(&first)
	if err := os.WriteFile(conf, []byte(text+"include \""+pipe+"\";\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	hangUp(t)
	var failed reloadFailedJSON
	if s.next(&failed); failed.Event != "reload-failed" || !strings.Contains(failed.Error, "pipe: not a regular file but a named pipe") {
		t.Errorf("%+v", failed)
	}
	s.stop()
}

func TestChangeOf(t *testing.T) {
	name := func(s string) string { return s[:1] }
	for _, tt := range []struct {
		old, now []string
		want     change
		text     string
	}{
		{nil, nil, change{}, ""},
		{[]string{"a1", "b1"}, []string{"b1", "a1"}, change{}, ""},
		{[]string{"a1", "b1"}, []string{"a2", "c1", "c2"}, change{Added: 2, Removed: 1, Changed: 1}, "2 added, 1 removed, 1 changed"},
		{[]string{"a1", "a2"}, []string{"a1", "a2", "a3"}, change{Added: 1}, "1 added"},
		{[]string{"a1", "a2"}, []string{"a1"}, change{Removed: 1}, "1 removed"},
	} {
		if got := changeOf(tt.old, tt.now, name); got != tt.want || got.String() != tt.text {
			t.Errorf("%v to %v: got %+v, %q", tt.old, tt.now, got, got)
		}
	}
}
