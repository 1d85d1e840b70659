//go:build linux

package lab

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// TestFetchFromStrangers fetches from other people's servers and reports the
// answer as an exit code.
func TestFetchFromStrangers(t *testing.T) {
	root := folder(t)
	const size = 3_000_017
	want := randomFile(t, filepath.Join(root, "image"), size)

	servers := map[string]struct {
		url   string
		start func(t *testing.T, net *Net)
	}{
		"tftpd-hpa":     {"tftp://127.0.0.1/", func(t *testing.T, net *Net) { tftpdHPA(t, net, root) }},
		"dnsmasq":       {"tftp://127.0.0.1/", func(t *testing.T, net *Net) { dnsmasq(t, net, dnsmasqTFTP(root)...) }},
		"busybox httpd": {"http://127.0.0.1/", func(t *testing.T, net *Net) { httpd(t, net, root) }},
	}
	for name, server := range servers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host := NewNet(t)
			dir := folder(t)
			out := filepath.Join(dir, "got")
			fetch := func(name string) Result {
				return Command{Net: host, Args: []string{
					pxe(), "fetch", "-o", out, "--json", "--timeout", "3s", server.url + name,
				}}.Run(t)
			}

			if r := fetch("image"); r.Code != 1 {
				t.Errorf("without a server: exit code %d, want 1\n%s%s", r.Code, r.Stdout, r.Stderr)
			}
			server.start(t, host)
			r := fetch("image")
			var result struct {
				Size   int64  `json:"size_bytes"`
				SHA256 string `json:"sha256"`
			}
			if err := json.Unmarshal([]byte(r.Stdout), &result); err != nil {
				t.Fatalf("%v\n%s%s", err, r.Stdout, r.Stderr)
			}
			if r.Code != 0 || result.Size != size || result.SHA256 != want || fileSum(t, out) != want {
				t.Errorf("exit code %d, %d bytes, %s", r.Code, result.Size, result.SHA256)
			}
			if err := os.Remove(out); err != nil {
				t.Fatal(err)
			}

			if r := fetch("nothere"); r.Code != 3 {
				t.Errorf("missing file: exit code %d, want 3\n%s%s", r.Code, r.Stdout, r.Stderr)
			}
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("a failed fetch left %v", left)
			}
		})
	}
}
