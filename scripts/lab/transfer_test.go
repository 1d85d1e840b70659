//go:build linux

package lab

import (
	"path/filepath"
	"testing"
	"time"
)

// transferTime is how long one client may take for 40 MB in 80,000 round trips.
const transferTime = 3 * time.Minute

// TestStrangersFetchWholeFiles lets other people's TFTP clients fetch 40 MB: in
// 512-byte blocks the 16-bit block number rolls over on the way.
func TestStrangersFetchWholeFiles(t *testing.T) {
	const size = 40_000_123
	root := folder(t)
	want := randomFile(t, filepath.Join(root, "image"), size)
	host := NewNet(t)
	serve(t, host, "serve-tftp", root)

	curl := func(block string) []string {
		return []string{"curl", "-sS", "--tftp-blksize", block, "-o", "OUT", "tftp://127.0.0.1/image"}
	}
	atftp := func(block string) []string {
		return []string{"atftp", "--option", "blksize " + block, "--get", "-r", "image", "-l", "OUT", "127.0.0.1"}
	}
	for name, args := range map[string][]string{
		"tftp-hpa":   {"tftp", "-m", "binary", "127.0.0.1", "-c", "get", "image", "OUT"},
		"atftp 512":  {"atftp", "--get", "-r", "image", "-l", "OUT", "127.0.0.1"},
		"atftp 1428": atftp("1428"),
		"curl 512":   curl("512"),
		"curl 1468":  curl("1468"),
		"curl 8192":  curl("8192"),
	} {
		t.Run(name, func(t *testing.T) {
			Need(t, args[0])
			out := filepath.Join(folder(t), "got")
			for i := range args {
				if args[i] == "OUT" {
					args[i] = out
				}
			}
			Command{Net: host, Args: args, Wait: transferTime}.MustRun(t)
			if got := fileSum(t, out); got != want {
				t.Errorf("SHA-256 %s, want %s", got, want)
			}
		})
	}
}
