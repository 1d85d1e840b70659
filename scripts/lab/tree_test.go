//go:build linux

package lab

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestTrees asks for what is in several trees, whatever the client makes of the
// names.
func TestTrees(t *testing.T) {
	first := files(t, map[string]string{"menu": "first", "Boot/BCD": "bcd"})
	second := files(t, map[string]string{"menu": "second", "linux": "kernel"})
	for link, target := range map[string]string{"out": "/etc/passwd", "up": "../..", "in": "linux"} {
		if err := os.Symlink(target, filepath.Join(second, link)); err != nil {
			t.Fatal(err)
		}
	}
	host := NewNet(t)
	serve(t, host, "serve-tftp", first, second, "--loose-names")
	for name, want := range map[string]string{
		"menu": "data first", "/menu": "data first", "linux": "data kernel", "tftp://192.168.122.1/linux": "data kernel",
		`\boot\bcd`: "data bcd", "LINUX": "data kernel", "linux\xff": "data kernel", "in": "data kernel",
		"nowhere": "error 1", "out": "error 2", "up/x": "error 2", "../menu": "error 2", "Boot": "error 2",
	} {
		if got := newAsker(t, host).get("127.0.0.1", name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

// TestPerClient has two machines on one wire, one with folders of its own.
func TestPerClient(t *testing.T) {
	root := files(t, map[string]string{
		"menu": "common", "01-52-54-00-12-34-56/menu": "by MAC", "192.168.122.100/menu": "by address", "C0A87A64/only": "by address in hex",
	})
	lan := NewLAN(t)
	mine, other := lan.Host("192.168.122.100/24"), lan.Host("192.168.122.101/24")
	mine.IP("link set eth0 down")
	mine.IP("link set eth0 address 52:54:00:12:34:56")
	mine.IP("link set eth0 up")
	for _, tt := range []struct {
		by, menu, only string
	}{
		{"mac", "data by MAC", "error 1"},
		{"ip", "data by address", "data by address in hex"},
	} {
		server := lan.Host(serverIP + "/24")
		p := serve(t, server, "serve-tftp", root, "--per-client", tt.by)
		for _, ask := range []struct {
			host       *Net
			name, want string
		}{
			{mine, "menu", tt.menu}, {mine, "only", tt.only},
			{other, "menu", "data common"}, {other, "only", "error 1"},
		} {
			if got := newAsker(t, ask.host).get(serverIP, ask.name); got != ask.want {
				t.Errorf("by %s: %s: %q, want %q", tt.by, ask.name, got, ask.want)
			}
		}
		p.Stop()
		server.IP("link del eth0") // its address is needed once more
		mine.IP("neigh flush all")
		other.IP("neigh flush all")
	}
}

// TestArchivesAreServed makes a zip file and ISO images of one tree, and fetches
// from them over TFTP and HTTP what was put in.
func TestArchivesAreServed(t *testing.T) {
	Need(t, "genisoimage", "zip", "curl")
	tree := files(t, map[string]string{"install/menu.cfg": "menu", "EFI/BOOT/BOOTX64.EFI": "loader"})
	want := randomFile(t, filepath.Join(tree, "install/vmlinuz"), 5_000_123)
	// Text shrinks, so that the zip file has something to inflate.
	if err := os.WriteFile(filepath.Join(tree, "install/initrd"), []byte(strings.Repeat("all work and no play\n", 200_000)), 0o644); err != nil {
		t.Fatal(err)
	}
	initrd := fileSum(t, filepath.Join(tree, "install/initrd"))
	archives := folder(t)
	for name, args := range map[string][]string{
		"tree.zip":      {"sh", "-c", "cd " + tree + " && zip -q -r " + archives + "/tree.zip ."},
		"rockridge.iso": {"genisoimage", "-quiet", "-R", "-o", archives + "/rockridge.iso", tree},
		"joliet.iso":    {"genisoimage", "-quiet", "-J", "-o", archives + "/joliet.iso", tree},
	} {
		t.Run(name, func(t *testing.T) {
			Command{Args: args}.MustRun(t)
			host := NewNet(t)
			archive := filepath.Join(archives, name)
			serve(t, host, "serve-tftp", archive+"//install", archive)
			serve(t, host, "serve-http", archive)
			for url, sum := range map[string]string{
				"tftp://127.0.0.1/vmlinuz": want, "tftp://127.0.0.1/initrd": initrd, "tftp://127.0.0.1/install/vmlinuz": want,
				"http://127.0.0.1/install/vmlinuz": want, "http://127.0.0.1/install/initrd": initrd,
			} {
				out := filepath.Join(folder(t), "got")
				Command{Net: host, Args: []string{"curl", "-sS", "--tftp-blksize", "1468", "-o", out, url}}.MustRun(t)
				if got := fileSum(t, out); got != sum {
					t.Errorf("%s: SHA-256 %s, want %s", url, got, sum)
				}
			}
			part := Command{Net: host, Args: []string{"curl", "-sS", "-r", "1000-1019", "http://127.0.0.1/install/initrd"}}.MustRun(t)
			if part != strings.Repeat("all work and no play\n", 50)[1000:1020] {
				t.Errorf("a range: %q", part)
			}
			if list := (Command{Net: host, Args: []string{"curl", "-sS", "http://127.0.0.1/install/"}}).MustRun(t); !strings.Contains(list, "vmlinuz") {
				t.Errorf("a directory: %q", list)
			}
		})
	}
}

// TestLimits has more clients at once than one address may be, and reads in the
// metrics how that went.
func TestLimits(t *testing.T) {
	Need(t, "curl")
	root := files(t, map[string]string{"menu": "menu", "linux": strings.Repeat("kernel", 1000)})
	host := NewNet(t)
	p := serve(t, host, "serve-tftp", root, "--per-source", "11", "--rate", "13/1h", "--metrics", "127.0.0.1:9469")
	var first *asker
	var firstTID *net.UDPAddr
	answers := 0
	for i := range 12 { // that ask and never acknowledge
		a := newAsker(t, host)
		answer, _, tid := a.ask("127.0.0.1", opRRQ, "linux", 500*time.Millisecond)
		if i == 0 {
			first, firstTID = a, tid
		}
		if strings.HasPrefix(answer, "data ") {
			answers++
		}
	}
	if answers != 11 {
		t.Errorf("%d of 12 were answered, want 11", answers)
	}
	p.WaitFor(`"outcome":"dropped"`, ready)
	metrics := func(want ...string) {
		t.Helper()
		text := Command{Net: host, Args: []string{"curl", "-sS", "http://127.0.0.1:9469/metrics"}}.MustRun(t)
		for _, line := range want {
			if !strings.Contains(text, "\n"+line+"\n") {
				t.Errorf("the metrics have no %s", line)
			}
		}
	}
	metrics("pxe_tftp_active_transfers 11", `pxe_tftp_refused_total{reason="per_source"} 1`, `pxe_tftp_requests_total{outcome="dropped"} 1`)
	// One that gives up makes room for one more, as its ERROR takes effect.
	if _, err := first.conn.WriteToUDP([]byte("\x00\x05\x00\x00enough\x00"), firstTID); err != nil {
		t.Fatal(err)
	}
	p.WaitFor(`"outcome":"closed_early"`, ready)
	if got := newAsker(t, host).get("127.0.0.1", "menu"); got != "data menu" {
		t.Errorf("a place that is free: %q", got)
	}
	p.WaitFor(`"outcome":"done"`, ready)
	// The twelve that were let in and one more are all that may in an hour.
	if got := newAsker(t, host).get("127.0.0.1", "menu"); got != "data menu" {
		t.Errorf("the last of the rate: %q", got)
	}
	p.WaitForNth(`"outcome":"done"`, 2, ready)
	if answer, _, _ := newAsker(t, host).ask("127.0.0.1", opRRQ, "menu", 500*time.Millisecond); answer != "" {
		t.Errorf("over the rate: %q", answer)
	}
	metrics(`pxe_tftp_refused_total{reason="rate"} 1`, `pxe_tftp_requests_total{outcome="done"} 2`, "pxe_tftp_sent_bytes_total 8")
}
