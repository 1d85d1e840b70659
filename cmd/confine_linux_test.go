package cmd

import (
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestConfine runs itself again, as a process that confines itself and then
// tries what it should not be able to do, and what it should.
func TestConfine(t *testing.T) {
	dir := os.Getenv(confinedEnv)
	if dir != "" {
		tryConfined(t, dir)
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	for _, name := range []string{"read", "write"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "secret"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	again := exec.Command(self, "-test.run=^TestConfine$", "-test.v")
	again.Dir = dir
	again.Env = append(os.Environ(), confinedEnv+"="+dir)
	if out, err := again.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestConfine") {
		t.Errorf("%v\n%s", err, out)
	}
}

func tryConfined(t *testing.T, dir string) {
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	// A relative path counts from where the process is.
	if err := (confineOptions{}).confine(logger, confinement{read: []string{"read"}, write: []string{filepath.Join(dir, "write")}}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(log.String(), "has no Landlock") {
		t.Log(log.String())
		return
	}
	if _, err := os.ReadFile("/etc/passwd"); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("read /etc/passwd: %v", err)
	}
	if _, err := os.ReadFile(filepath.Join(dir, "secret")); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("read a file beside the folders: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "read", "new"), nil, 0o644); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("write where only reading is allowed: %v", err)
	}
	if _, err := os.ReadDir(filepath.Join(dir, "read")); err != nil {
		t.Errorf("read the folder: %v", err)
	}
	// What a lease file goes through.
	leases := filepath.Join(dir, "write", "leases")
	for _, err := range []error{
		os.WriteFile(leases, []byte("first"), 0o644),
		os.WriteFile(leases+".new", []byte("second"), 0o644),
		os.Rename(leases+".new", leases),
		os.Truncate(leases, 0),
		os.Link(leases, leases+".damaged"),
		os.Remove(leases),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0") // as every TFTP transfer does
	if err != nil {
		t.Errorf("a UDP socket: %v", err)
	} else {
		conn.Close()
	}
}
