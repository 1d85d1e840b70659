//go:build linux

package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// work is a folder that every user may read; it holds the program under test
// and the boot tree.
var work string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if work, err = os.MkdirTemp("", "pxe-lab-"); err == nil {
		defer os.RemoveAll(work)
		if err = os.Chmod(work, 0o755); err == nil {
			err = build(pxe())
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		return 1
	}
	return m.Run()
}

// build makes the program as it is released: static, so that it runs anywhere.
func build(path string) error {
	cmd := exec.Command("go", "build", "-trimpath", "-o", path, "pxe/cmd/pxe")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	return cmd.Run()
}

// pxe is the path of the program under test.
func pxe() string { return filepath.Join(work, "pxe") }

// folder makes a folder for one test that nobody may write.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(work, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

// debianTree makes the boot tree once, without privileges. The script comes in
// by standard input: the folder that it lies in may be closed to others.
var debianTree = sync.OnceValues(func() (string, error) {
	script, err := os.Open("../boot-tree")
	if err != nil {
		return "", err
	}
	defer script.Close()
	dir := filepath.Join(work, "debian")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	cmd := exec.Command("bash", "-s", "--", dir)
	cmd.Dir, cmd.Stdin = "/", script
	cmd.Env = append(os.Environ(), "PXE="+pxe())
	if os.Geteuid() == 0 {
		if err := os.Chown(dir, nobody, nobody); err != nil {
			return "", err
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("boot-tree: %w\n%s", err, out)
	}
	return dir, os.Chmod(dir, 0o755)
})

// tree is the boot tree of Debian's packages.
func tree(t *testing.T) string {
	t.Helper()
	for _, file := range []string{
		"/usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64/linux",
		"/usr/lib/PXELINUX/pxelinux.0",
		"/usr/lib/syslinux/modules/bios/ldlinux.c32",
		"/usr/lib/shim/shimx64.efi.signed",
		"/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed",
	} {
		Need(t, file)
	}
	dir, err := debianTree()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// machines are the virtual machines that may run at the same time: each keeps
// one CPU busy and takes a gigabyte of memory.
var machines = make(chan struct{}, 2)

// takeMachine waits until another virtual machine may run; the end of the test
// gives the place back.
func takeMachine(t *testing.T) {
	t.Helper()
	NeedFirmware(t)
	machines <- struct{}{}
	t.Cleanup(func() { <-machines })
}
