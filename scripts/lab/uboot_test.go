//go:build linux

package lab

import (
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestUBoot has U-Boot fetch a file by windows of eight blocks, and compares what is
// in its memory. Its serial line is typed on as a person would: after its prompt.
func TestUBoot(t *testing.T) {
	const uboot = "/usr/lib/u-boot/qemu_arm/u-boot.bin"
	Need(t, "qemu-system-arm", uboot)
	t.Parallel()
	takeMachine(t)
	lan := NewLAN(t)
	root := folder(t)
	const size = 3_000_017
	randomFile(t, filepath.Join(root, "image"), size)
	data, err := os.ReadFile(filepath.Join(root, "image"))
	if err != nil {
		t.Fatal(err)
	}
	server := lan.Host(serverIP + prefixBits)
	dhcp := serveDHCP(t, server)
	files := serve(t, server, "serve-tftp", root)

	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); out.Close() })
	machine := Command{Net: lan.bridge, Stdin: in, Args: []string{
		"qemu-system-arm", "-accel", "tcg", "-machine", "virt", "-m", "256", "-nodefaults", "-no-reboot", "-display", "none",
		"-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
		"-netdev", "tap,id=n0,script=no,downscript=no,ifname=" + lan.tap(), "-device", "virtio-net-pci,netdev=n0,romfile=",
		"-bios", uboot,
	}}.Start(t)
	const prompt = "\n=> "
	typed := 0
	do := func(command string) {
		t.Helper()
		typed++
		machine.WaitForNth(prompt, typed, time.Minute)
		if _, err := out.WriteString(command + "\n"); err != nil {
			t.Fatal(err)
		}
	}
	machine.WaitFor("Hit any key to stop autoboot", time.Minute)
	if _, err := out.WriteString("\n"); err != nil {
		t.Fatal(err)
	}
	do("setenv autoload no; setenv bootfile; setenv tftpwindowsize 8; dhcp")
	do("tftpboot 0x41000000 image")
	do("crc32 0x41000000 ${filesize}")
	machine.WaitFor(fmt.Sprintf("==> %08x", crc32.ChecksumIEEE(data)), time.Minute)
	dhcp.WaitFor(`"client":"uboot"`, ready)
	wantRequests(t, files, "image done 8x1468")
}
