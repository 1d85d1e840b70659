//go:build linux

package lab

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// udhcpc runs busybox's client once and returns the address that it is given,
// and after how long.
func udhcpc(t *testing.T, net *Net, args ...string) (string, time.Duration) {
	t.Helper()
	Need(t, "busybox")
	script := writeScript(t, clientScript)
	begin := time.Now()
	out := Command{Net: net, Args: append([]string{
		"busybox", "udhcpc", "-f", "-q", "-n", "-i", "eth0", "-s", script, "-t", "5", "-T", "2",
	}, args...)}.MustRun(t)
	took := time.Since(begin)
	_, after, ok := strings.Cut(out, "lab bound ")
	if !ok {
		t.Fatalf("no address:\n%s", out)
	}
	addr, _, _ := strings.Cut(after, "\n")
	return addr, took
}

// TestAddressInUse has a host on an address of the range that no server gave it:
// the client that wishes for it gets another one, and the log names the host.
func TestAddressInUse(t *testing.T) {
	t.Parallel()
	lan := NewLAN(t)
	server := serveDHCP(t, lan.Host(serverIP+prefixBits), "--range", firstIP+"-"+lastIP)
	squatter := lan.Host(firstIP + prefixBits)
	const mac = "52:54:00:66:66:66"
	squatter.IP("link set eth0 address %s", mac)

	addr, took := udhcpc(t, lan.Host(), "-r", firstIP)
	t.Logf("bound to %s after %v", addr, took)
	if addr == firstIP {
		t.Errorf("the client has %s, which is in use", addr)
	}
	server.WaitFor(`"event":"conflict"`, ready)
	for _, line := range strings.Split(server.Out.String(), "\n") {
		if !strings.Contains(line, `"event":"conflict"`) {
			continue
		}
		var e struct{ Address, Holder string }
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.Address != firstIP || e.Holder != mac {
			t.Errorf("%s, %v: want the holder %s of %s", line, err, mac, firstIP)
		}
	}
	if strings.Contains(server.Out.String(), `"event":"unprobed"`) {
		t.Error("an address was offered without a probe")
	}
}

// TestServersGiveUpPrivileges looks at every thread of each server.
func TestServersGiveUpPrivileges(t *testing.T) {
	t.Parallel()
	lan := NewLAN(t)
	host := lan.Host(serverIP + prefixBits)
	root := folder(t)
	const readAnyFile, anyFile = 1 << 2, 1 << 1 // CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE
	for _, tt := range []struct {
		p    *Proc
		caps int
	}{
		{serveDHCP(t, host), anyFile},
		{serveProxy(t, lan.Host(serverIP+prefixBits)), 0},
		{serve(t, host, "serve-tftp", root), readAnyFile},
		{serve(t, host, "serve-http", root), readAnyFile},
	} {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", tt.p.Pid()))
		if err != nil || len(threads) < 2 {
			t.Fatalf("%s has %d threads, %v", tt.p.name, len(threads), err)
		}
		for _, thread := range threads {
			status, err := os.ReadFile(thread)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{
				fmt.Sprintf("CapEff:\t%016x\n", tt.caps), fmt.Sprintf("CapPrm:\t%016x\n", tt.caps), "NoNewPrivs:\t1\n",
			} {
				if !strings.Contains(string(status), want) {
					t.Errorf("%s: no %q in\n%s", thread, want, status)
				}
			}
		}
	}
}

// TestConfinedServerServes has all three servers at work where they are
// confined: the leases of another user's folder are kept over a restart, and a
// file that came later is served.
func TestConfinedServerServes(t *testing.T) {
	t.Parallel()
	Need(t, "curl")
	lan := NewLAN(t)
	host := lan.Host(serverIP + prefixBits)
	dir := folder(t)
	if err := os.Chown(dir, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	args := []string{"serve-dhcp", "--interface", "eth0", "--force", "--lease-file", filepath.Join(dir, "leases"), "--range", firstIP + "-" + lastIP}
	client := lan.Host()
	p := serve(t, host, args...)
	first, _ := udhcpc(t, client)
	p.Stop()
	serve(t, host, args...)
	if again, took := udhcpc(t, client); again != first {
		t.Errorf("%s after the restart, was %s", again, first)
	} else if took > ready {
		t.Errorf("it took %v", took)
	}

	serve(t, host, "serve-tftp", dir)
	serve(t, host, "serve-http", dir)
	if err := os.WriteFile(filepath.Join(dir, "later"), []byte("later\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, scheme := range []string{"http", "tftp"} {
		got := Command{Net: host, Args: []string{"curl", "-s", scheme + "://" + serverIP + "/later"}}.MustRun(t)
		if got != "later\n" {
			t.Errorf("by %s: %q", scheme, got)
		}
	}
}

// TestOnce has a machine boot one time: its firmware is told a file, then its
// operating system asks, then its firmware gets the disk, until it is armed.
func TestOnce(t *testing.T) {
	t.Parallel()
	lan := NewLAN(t)
	leases := filepath.Join(folder(t), "leases")
	host := lan.Host(serverIP + prefixBits)
	server := serve(t, host, "serve-dhcp", "--interface", "eth0", "--force", "--once", "--lease-file", leases)
	machine := lan.Host()
	const mac = "52:54:00:77:00:01"
	machine.IP("link set eth0 address %s", mac)
	class := []string{"-V", "PXEClient:Arch:00000:UNDI:002001"}

	udhcpc(t, machine, class...)
	server.WaitFor(`"event":"ack"`, ready)
	machine.IP("addr flush dev eth0")
	udhcpc(t, machine) // the installer
	machine.IP("addr flush dev eth0")
	udhcpc(t, machine, class...)
	server.WaitFor(`"rule":"booted once already"`, ready)
	out := Command{Net: host, Args: []string{pxe(), "arm", mac, "--lease-file", leases}}.MustRun(t)
	if !strings.Contains(out, mac+" armed; it was done since ") {
		t.Errorf("arm says %q", out)
	}
	machine.IP("addr flush dev eth0")
	udhcpc(t, machine, class...)
	lines := strings.Split(strings.TrimSpace(server.Out.String()), "\n")
	if last := lines[len(lines)-1]; !strings.Contains(last, `"file":"pxelinux.0"`) {
		t.Errorf("after it was armed the machine gets %s", last)
	}
}
