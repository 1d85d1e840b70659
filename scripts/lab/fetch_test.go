//go:build linux

package lab

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// fetched is what pxe fetch --json says of a file.
type fetched struct {
	URL      string `json:"url"`
	Size     int64  `json:"size_bytes"`
	SHA256   string `json:"sha256"`
	ExitCode int    `json:"exit_code"`
	Error    string `json:"error"`
	TFTP     struct {
		BlockSize int `json:"blksize_bytes"`
		Window    int `json:"window_blocks"`
	} `json:"tftp"`
}

// fetchAll fetches every URL into a new folder, as JSON lines.
func fetchAll(t *testing.T, net *Net, args ...string) (r Result, files []fetched) {
	t.Helper()
	args = append([]string{pxe(), "fetch", "--json", "-o", folder(t)}, args...)
	r = Command{Net: net, Args: args, Wait: transferTime}.Run(t)
	for dec := json.NewDecoder(strings.NewReader(r.Stdout)); dec.More(); {
		var f fetched
		if err := dec.Decode(&f); err != nil {
			t.Fatalf("%v\n%s%s", err, r.Stdout, r.Stderr)
		}
		files = append(files, f)
	}
	return r, files
}

// TestFetchFromStrangers fetches files of every size from other people's TFTP
// servers, with the options of everybody.
func TestFetchFromStrangers(t *testing.T) {
	t.Parallel()
	root := folder(t)
	sums := imageFiles(t, root)
	for _, server := range tftpServers() {
		t.Run(server.name, func(t *testing.T) {
			t.Parallel()
			host := NewNet(t)
			server.start(t, host, root)
			window := func(n int) int {
				if server.window {
					return n
				}
				return 1
			}
			for _, tt := range []struct {
				args   string
				block  int
				window int
				big    bool
			}{
				{"--blksize 512 --window 1", 512, 1, true},
				{"--blksize 1468 --window 1", 1468, 1, false},
				{"--blksize 1468 --window 16", 1468, window(16), true},
				{"--blksize 64 --window 4", 64, window(4), false}, // atftpd: the OACK must fit too
				{"--blksize 1024 --tftp-timeout 2", 1024, window(16), false},
				{"--as bios", 1456, 1, false},
				{"--as efi", 1468, window(4), false},
				{"--as ipxe", 1432, 1, false},
				{"--as pxelinux", 1408, 1, false},
				{"--as shim", 512, window(4), false},
				{"--as grub", 1024, 1, false},
				{"--as uboot", 1468, 1, false},
			} {
				sizes := edgeSizes()
				if tt.big {
					sizes = append(sizes, bigSize(tt.block))
				}
				if tt.args == "--as efi" && server.noEmptySize {
					sizes = sizes[1:]
					if r, _ := fetchAll(t, host, "--as", "efi", "tftp://127.0.0.1/0"); r.Code != 1 || !strings.Contains(r.Stderr, "does not tell the size") {
						t.Errorf("an empty file: exit code %d\n%s", r.Code, r.Stderr)
					}
				}
				var urls []string
				for _, size := range sizes {
					urls = append(urls, "tftp://127.0.0.1/"+strconv.FormatInt(size, 10))
				}
				r, files := fetchAll(t, host, append(strings.Fields(tt.args), urls...)...)
				if r.Code != 0 || len(files) != len(urls) {
					t.Errorf("%s: exit code %d, %d of %d files\n%s%s", tt.args, r.Code, len(files), len(urls), r.Stdout, r.Stderr)
				}
				block := tt.block
				if block < server.smallest {
					block = 512
				}
				for _, f := range files {
					size, _ := strconv.ParseInt(filepath.Base(f.URL), 10, 64)
					if f.Error == "" && (f.Size != size || f.SHA256 != sums[size]) {
						t.Errorf("%s: %s: %d bytes, %s", tt.args, f.URL, f.Size, f.SHA256)
					}
					if f.Error == "" && (f.TFTP.BlockSize != block || f.TFTP.Window != tt.window) {
						t.Errorf("%s: %s: blocks of %d, window %d", tt.args, f.URL, f.TFTP.BlockSize, f.TFTP.Window)
					}
				}
			}
		})
	}
}

// TestFetchAnswers reports what other people's servers say as an exit code, and
// leaves nothing of a file that did not come.
func TestFetchAnswers(t *testing.T) {
	t.Parallel()
	root := folder(t)
	want := randomFile(t, filepath.Join(root, "image"), 3_000_017)
	servers := append(tftpServers(), tftpServer{name: "busybox httpd", start: func(t *testing.T, net *Net, root string) { httpd(t, net, root) }})
	for _, server := range servers {
		t.Run(server.name, func(t *testing.T) {
			t.Parallel()
			base := "tftp://127.0.0.1/"
			if server.name == "busybox httpd" {
				base = "http://127.0.0.1/"
			}
			host := NewNet(t)
			dir := folder(t)
			out := filepath.Join(dir, "got")
			fetch := func(name string) Result {
				return Command{Net: host, Args: []string{pxe(), "fetch", "-o", out, "--json", "--timeout", "3s", base + name}}.Run(t)
			}
			if r := fetch("image"); r.Code != 1 {
				t.Errorf("without a server: exit code %d, want 1\n%s%s", r.Code, r.Stdout, r.Stderr)
			}
			server.start(t, host, root)
			if r := fetch("image"); r.Code != 0 || fileSum(t, out) != want {
				t.Errorf("exit code %d\n%s%s", r.Code, r.Stdout, r.Stderr)
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

// TestPutToStrangers sends files of every size to other people's servers, and is
// told so by those that take none.
func TestPutToStrangers(t *testing.T) {
	t.Parallel()
	files := folder(t)
	sums := imageFiles(t, files)
	for _, server := range tftpServers() {
		t.Run(server.name, func(t *testing.T) {
			t.Parallel()
			host := NewNet(t)
			root := folder(t)
			server.start(t, host, root)
			put := func(size int64, args ...string) Result {
				name := strconv.FormatInt(size, 10)
				args = append([]string{pxe(), "fetch", "--json", "--put", filepath.Join(files, name), "tftp://127.0.0.1/" + name}, args...)
				return Command{Net: host, Args: args, Wait: transferTime}.Run(t)
			}
			if !server.uploads {
				if r := put(512); r.Code != 1 || !strings.Contains(r.Stderr, "TFTP error") {
					t.Errorf("exit code %d, want 1\n%s%s", r.Code, r.Stdout, r.Stderr)
				}
				return
			}
			for _, tt := range []struct {
				args string
				big  int64
			}{
				{"--blksize 512 --window 1", bigSize(512)},
				{"--blksize 1468 --window 1", 0},
				{"--blksize 1468 --window 8", bigSize(1468)},
			} {
				sizes := edgeSizes()
				if tt.big > 0 {
					sizes = append(sizes, tt.big)
				}
				for _, size := range sizes {
					r := put(size, strings.Fields(tt.args)...)
					path := filepath.Join(root, strconv.FormatInt(size, 10))
					if r.Code != 0 || fileSum(t, path) != sums[size] {
						t.Errorf("%s, %d bytes: exit code %d, SHA-256 equal: %v\n%s%s", tt.args, size, r.Code, r.Code == 0, r.Stdout, r.Stderr)
					}
					os.Remove(path)
				}
			}
		})
	}
}
