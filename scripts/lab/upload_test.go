//go:build linux

package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestStrangersSendWholeFiles lets other people's TFTP clients send files of every
// size to a confined server, up to block numbers that roll over.
func TestStrangersSendWholeFiles(t *testing.T) {
	t.Parallel()
	files, uploads := folder(t), folder(t)
	sums := imageFiles(t, files)
	host := NewNet(t)
	server := serve(t, host, "serve-tftp", folder(t), "--upload", uploads)

	for i, c := range tftpClients() {
		if c.put == nil {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			Need(t, c.need...)
			for _, size := range append(edgeSizes(), c.big()) {
				file := filepath.Join(files, strconv.FormatInt(size, 10))
				name := fmt.Sprintf("%d-%d", i, size)
				r := Command{Net: host, Args: c.put(file, name), Wait: transferTime}.Run(t)
				if r.Code != 0 {
					t.Errorf("%d bytes: exit code %d\n%s%s", size, r.Code, r.Stdout, r.Stderr)
					continue
				}
				if got := fileSum(t, filepath.Join(uploads, name)); got != sums[size] {
					t.Errorf("%d bytes: SHA-256 %s, want %s", size, got, sums[size])
				}
				again := Command{Net: host, Args: c.put(file, name), Wait: transferTime}.Run(t)
				if text := again.Stdout + again.Stderr; again.Code == 0 && !strings.Contains(text, "exists") {
					t.Errorf("%d bytes: sent once more without a complaint: %s", size, text)
				}
				os.Remove(filepath.Join(uploads, name))
			}
		})
	}
	t.Cleanup(func() {
		if text := server.Out.String(); strings.Contains(text, `"outcome":"failed"`) {
			t.Errorf("an upload failed:\n%s", text)
		}
		left, err := os.ReadDir(uploads)
		if err != nil || len(left) > 0 {
			t.Errorf("%v is left, %v", left, err)
		}
	})
}
