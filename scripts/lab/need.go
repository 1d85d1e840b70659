package lab

import (
	"os"
	"os/exec"
	"strings"
)

// TB is the part of testing.TB that the lab uses, so that a program which
// measures can use the lab as a test does.
type TB interface {
	Helper()
	Logf(format string, args ...any)
	Fatalf(format string, args ...any)
	Skipf(format string, args ...any)
	Cleanup(func())
	Failed() bool
}

// Need ends the test unless every tool is there. A tool with a slash is a file
// that must exist, any other a program that scripts/test has unpacked, or that
// must be on the PATH (or in one of the sbin folders, which an ordinary user's
// PATH leaves out).
func Need(t TB, tools ...string) {
	t.Helper()
	var missing []string
	for _, tool := range tools {
		if _, err := find(tool); err != nil {
			missing = append(missing, tool)
		}
	}
	if len(missing) > 0 {
		cannot(t, "not installed: %s", strings.Join(missing, ", "))
	}
}

// NeedRoot ends the test unless it runs as root, which namespaces, raw sockets
// and ports below 1024 ask for.
func NeedRoot(t TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		cannot(t, "needs root")
	}
}

// cannot skips the test on a developer's machine and fails it in CI, where a
// test that did not run is a test that did not pass.
func cannot(t TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("CI=true and "+format, args...)
	}
	t.Skipf(format, args...)
}

// find gives the path of a tool.
func find(tool string) (string, error) {
	if strings.Contains(tool, "/") {
		_, err := os.Stat(tool)
		return tool, err
	}
	if path, err := exec.LookPath("/usr/local/lib/pxe-lab/" + tool); err == nil {
		return path, nil
	}
	path, err := exec.LookPath(tool)
	if err == nil {
		return path, nil
	}
	for _, dir := range []string{"/usr/local/sbin/", "/usr/sbin/", "/sbin/"} {
		if path, err := exec.LookPath(dir + tool); err == nil {
			return path, nil
		}
	}
	return "", err
}
