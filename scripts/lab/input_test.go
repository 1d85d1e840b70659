//go:build linux

package lab

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestServersSayWhyTheyCannotStart shows what real sockets and real users do to
// a server: a message with the value and a hint, and the right exit code.
func TestServersSayWhyTheyCannotStart(t *testing.T) {
	root := folder(t)
	closed := filepath.Join(folder(t), "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		args   []string
		taken  []string // a server that is running already
		nobody bool
		code   int
		want   []string // parts of the message
	}{
		{"TFTP port in use", []string{"serve-tftp", root}, []string{"serve-tftp", root}, false, 1, []string{"69", "in use", "hint:"}},
		{"HTTP port in use", []string{"serve-http", root, "--listen", "127.0.0.1:80"}, []string{"serve-http", root, "--listen", "127.0.0.1:80"}, false, 1, []string{"80", "in use", "hint:"}},
		{"DHCP port in use", []string{"serve-dhcp", "--interface", "eth0", "--force"}, []string{"serve-dhcp", "--interface", "eth0", "--force"}, false, 1, []string{"67", "in use", "hint:"}},
		{"TFTP without privileges", []string{"serve-tftp", root}, nil, true, 1, []string{"69", "permission denied", "hint:"}},
		{"DHCP without privileges", []string{"serve-dhcp", "--interface", "eth0", "--force"}, nil, true, 1, []string{"permitted", "hint:"}},
		{"probe without privileges", []string{"probe-client", "--interface", "eth0"}, nil, true, 1, []string{"permitted", "hint:"}},
		{"root does not exist", []string{"serve-tftp", root + "/nothere"}, nil, false, 1, []string{"nothere", "hint:"}},
		{"root is closed", []string{"serve-tftp", closed, "--listen", "127.0.0.1:6969"}, nil, true, 1, []string{closed, "permission denied", "hint:"}},
		{"interface does not exist", []string{"serve-dhcp", "--interface", "eth9"}, nil, false, 1, []string{"eth9", "hint:"}},
		{"range outside the subnet", []string{"serve-dhcp", "--interface", "eth0", "--range", "10.0.0.1-10.0.0.9"}, nil, false, 2, []string{"10.0.0.1", "192.168.122.0/24"}},
		{"ranges overlap", []string{"serve-dhcp", "--interface", "eth0", "--range", "192.168.122.10-192.168.122.20", "--range", "192.168.122.20-192.168.122.30"}, nil, false, 2, []string{"192.168.122.20", "overlap"}},
		{"host twice", []string{"serve-dhcp", "--interface", "eth0", "--host", "52:54:00:00:00:01=192.168.122.5", "--host", "52:54:00:00:00:01=192.168.122.6"}, nil, false, 2, []string{"52:54:00:00:00:01"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			lan := NewLAN(t)
			host := lan.Host(serverIP + prefixBits)
			home := folder(t)
			env := []string{"HOME=" + home, "TMPDIR=" + home, "XDG_STATE_HOME=" + home}
			if c.taken != nil {
				serve(t, host, append(c.taken, leaseFlag(t, c.taken)...)...)
			}
			args := append([]string{pxe()}, append(c.args, leaseFlag(t, c.args)...)...)
			r := Command{Net: host, Args: args, Nobody: c.nobody, Env: env}.Run(t)
			if r.Code != c.code {
				t.Errorf("exit code %d, want %d", r.Code, c.code)
			}
			for _, want := range c.want {
				if !strings.Contains(r.Stderr, want) {
					t.Errorf("the message lacks %q", want)
				}
			}
			if t.Failed() || strings.Contains(r.Stderr, "goroutine") {
				t.Errorf("%s\n%s", r.Stdout, r.Stderr)
			}
		})
	}
}

// leaseFlag keeps the leases of a serve-dhcp out of the machine's own folder.
func leaseFlag(t *testing.T, args []string) []string {
	if args[0] != "serve-dhcp" {
		return nil
	}
	return []string{"--lease-file", filepath.Join(folder(t), "leases")}
}

// TestServeDHCPRefusesBesideAnotherServer shows that a second DHCP server does
// not start by accident.
func TestServeDHCPRefusesBesideAnotherServer(t *testing.T) {
	t.Parallel()
	lan := NewLAN(t)
	dnsmasq(t, lan.Host(foreignIP+prefixBits), dnsmasqRange)
	own := lan.Host(serverIP + prefixBits)
	args := []string{pxe(), "serve-dhcp", "--interface", "eth0", "--range", firstIP + "-" + lastIP}
	args = append(args, leaseFlag(t, args[1:])...)
	r := Command{Net: own, Args: args}.Run(t)
	for _, want := range []string{foreignIP, "--force", "--proxy"} {
		if r.Code != 1 || !strings.Contains(r.Stderr, want) {
			t.Errorf("exit code %d, want 1 and %q in:\n%s", r.Code, want, r.Stderr)
		}
	}
}
