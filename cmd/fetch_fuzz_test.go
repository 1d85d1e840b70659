package cmd

import (
	"path/filepath"
	"strings"
	"testing"
)

// Whatever the URL, a file that goes into a directory is one in that directory.
func FuzzDestination(f *testing.F) {
	for _, url := range []string{
		"tftp://192.0.2.1/dir/linux", "tftp://192.0.2.1/linux;mode=octet", "http://192.0.2.1/",
		"http://192.0.2.1/a/..", "http://192.0.2.1/a%2f..%2f..%2fb", "http://192.0.2.1/%2e%2e", "tftp://192.0.2.1/;mode=octet", "::",
	} {
		f.Add(url)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, url string) {
		dest, err := destination(dir, url)
		if err != nil {
			return
		}
		name, ok := strings.CutPrefix(dest, dir+string(filepath.Separator))
		if !ok || name == "" || name == "." || name == ".." || strings.ContainsRune(name, filepath.Separator) {
			t.Errorf("%q goes to %q", url, dest)
		}
	})
}
