//go:build linux

package lab

import (
	"os"
	"path/filepath"
)

// The firmwares that QEMU can run, named as --firmware names them.
const (
	BIOS = "bios"    // SeaBIOS with QEMU's iPXE ROM
	EFI  = "efi-x64" // OVMF with EDK2's own PXE
)

// Debian's build of OVMF.
const (
	ovmfCode = "/usr/share/OVMF/OVMF_CODE_4M.fd"
	ovmfVars = "/usr/share/OVMF/OVMF_VARS_4M.fd"
)

// NeedFirmware ends the test unless QEMU and its firmwares are installed.
func NeedFirmware(t TB) {
	t.Helper()
	Need(t, "qemu-system-x86_64", ovmfCode, ovmfVars, "/usr/lib/ipxe/qemu/pxe-virtio.rom")
}

// Boot plugs a machine without a disk into the Ethernet and switches it on. Its
// transcript is the serial console. dir takes what the machine writes, more is for
// QEMU.
func (l *LAN) Boot(firmware, dir string, more ...string) *Proc {
	l.t.Helper()
	NeedFirmware(l.t)
	args := []string{
		"qemu-system-x86_64", "-accel", "tcg", "-m", "1024", "-nodefaults", "-no-reboot", "-display", "none",
		"-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
		"-netdev", "tap,id=n0,script=no,downscript=no,ifname=" + l.tap(),
	}
	const card = "virtio-net-pci,netdev=n0,bootindex=1"
	if firmware == BIOS {
		args = append(args, "-machine", "pc,graphics=off", "-device", card)
	} else {
		vars := filepath.Join(dir, "vars.fd")
		l.copy(vars, ovmfVars)
		args = append(args, "-machine", "q35",
			"-drive", "if=pflash,format=raw,readonly=on,file="+ovmfCode,
			"-drive", "if=pflash,format=raw,file="+vars,
			"-device", "virtio-rng-pci",
			"-device", card+",romfile=")
	}
	return Command{Net: l.bridge, Args: append(args, more...)}.Start(l.t)
}

func (l *LAN) copy(to, from string) {
	l.t.Helper()
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, data, 0o600)
	}
	if err != nil {
		l.t.Fatalf("%v", err)
	}
}
