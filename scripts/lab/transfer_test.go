//go:build linux

package lab

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// TestStrangersFetchWholeFiles lets other people's TFTP clients fetch files of
// every size from us, up to block numbers that roll over.
func TestStrangersFetchWholeFiles(t *testing.T) {
	t.Parallel()
	root := folder(t)
	sums := imageFiles(t, root)
	host := NewNet(t)
	serve(t, host, "serve-tftp", root)

	for _, c := range tftpClients() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			Need(t, c.need...)
			out := filepath.Join(folder(t), "got")
			for _, size := range append(edgeSizes(), c.big()) {
				r := Command{Net: host, Args: c.get(strconv.FormatInt(size, 10), out), Wait: transferTime}.Run(t)
				if size == 0 && c.noEmpty {
					if r.Code == 0 {
						t.Errorf("an empty file came: it can do that now")
					}
					continue
				}
				if r.Code != 0 {
					t.Errorf("%d bytes: exit code %d\n%s%s", size, r.Code, r.Stdout, r.Stderr)
					continue
				}
				if got := fileSum(t, out); got != sums[size] {
					t.Errorf("%d bytes: SHA-256 %s, want %s", size, got, sums[size])
				}
				os.Remove(out)
			}
		})
	}
}
