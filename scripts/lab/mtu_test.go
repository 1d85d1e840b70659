//go:build linux

package lab

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// tunnelPath is a server and a client with a router between them, whose link to
// the client carries packets of 1400 bytes only, and which sends no ICMP: so that
// nobody learns of it. That is what a badly configured tunnel looks like.
func tunnelPath(t *testing.T) (server, client *Net) {
	t.Helper()
	server, router, client := NewNet(t), NewNet(t), NewNet(t)
	router.IP("link add near type veth peer name eth0 netns %s", server.path)
	router.IP("link add far type veth peer name eth0 netns %s", client.path)
	router.IP("addr add 192.0.2.254/24 dev near")
	router.IP("addr add 198.51.100.254/24 dev far")
	router.IP("link set far mtu 1400")
	client.IP("link set eth0 mtu 1400")
	router.IP("link set near up")
	router.IP("link set far up")
	server.IP("addr add 192.0.2.1/24 dev eth0")
	server.IP("link set eth0 up")
	server.IP("route add default via 192.0.2.254")
	client.IP("addr add 198.51.100.2/24 dev eth0")
	client.IP("link set eth0 up")
	client.IP("route add default via 198.51.100.254")
	var err error
	router.Do(func() { err = os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0) })
	if err != nil {
		t.Fatal(err)
	}
	router.IP("rule add pref 1 iif lo blackhole") // what it says itself
	return server, client
}

// TestFindMTU finds the largest block that comes through a tunnel: behind it our
// server's larger blocks arrive in pieces, and those of atftpd, which leaves DF to
// the kernel and so forbids fragments, do not arrive.
func TestFindMTU(t *testing.T) {
	t.Parallel()
	root := folder(t)
	randomFile(t, filepath.Join(root, "image"), 100_000)
	for name, tt := range map[string]struct {
		start  func(t *testing.T, net *Net)
		beyond string
	}{
		"pxe":    {func(t *testing.T, net *Net) { serve(t, net, "serve-tftp", root) }, "pieces"},
		"atftpd": {func(t *testing.T, net *Net) { atftpd(t, net, root) }, "lost"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, client := tunnelPath(t)
			tt.start(t, server)
			out := Command{Net: client, Args: []string{pxe(), "fetch", "--find-mtu", "--json", "tftp://192.0.2.1/image"}}.MustRun(t)
			var got struct {
				Largest int    `json:"largest_blksize_bytes"`
				Packet  int    `json:"packet_bytes"`
				Limit   string `json:"limit"`
				Beyond  string `json:"beyond"`
			}
			if err := json.Unmarshal([]byte(out), &got); err != nil {
				t.Fatal(err)
			}
			if got.Largest != 1368 || got.Packet != 1400 || got.Limit != "path" || got.Beyond != tt.beyond {
				t.Errorf("%s", out)
			}
		})
	}
}
