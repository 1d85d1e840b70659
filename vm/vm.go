// Package vm runs a virtual machine with real firmware (SeaBIOS with QEMU's
// iPXE ROMs, or OVMF with EDK2's own PXE) whose only disk is the network: a
// QEMU process, unprivileged, its network card on a unix socket and its console
// on the serial line.
package vm

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"pxe/boot"
)

// Config describes the machine. Arch and Socket must be set.
type Config struct {
	// Arch is boot.ArchBIOS or boot.ArchEFIX64.
	Arch boot.Arch
	// Socket is the unix socket of the Ethernet that the card is plugged into
	// (QEMU's -netdev stream, as a client).
	Socket string
	// MAC is the card's address; nil means QEMU's first, 52:54:00:12:34:56.
	MAC net.HardwareAddr
	// UUID is the machine's as option 97 has it, in the order of the wire; nil
	// means none.
	UUID []byte
	// Memory is in MiB; 0 means 1024. Debian's installer wants no less.
	Memory int
	// Accel is QEMU's accelerator; "" means tcg, which runs everywhere.
	Accel string
	// HTTPBoot leaves UEFI nothing to boot by but HTTP Boot, without PXE.
	HTTPBoot bool
	// Serial receives what the machine writes to its console. Nil discards it.
	Serial io.Writer
}

// MissingError says what must be installed first.
type MissingError struct {
	What    string // "QEMU", "the UEFI firmware OVMF"
	Package string // Debian's name of the package
}

func (e *MissingError) Error() string { return e.What + " is not installed" }

// exitGrace is how long QEMU may take to end after it was told to.
const exitGrace = 3 * time.Second

// Run starts the machine and waits until it powers off, reboots or crashes, or
// ctx ends; the end of ctx is no error. Everything that Run writes to disk is
// gone when it returns.
func Run(ctx context.Context, cfg Config) error {
	qemu, err := exec.LookPath("qemu-system-x86_64")
	if err != nil {
		return &MissingError{"QEMU (qemu-system-x86_64)", "qemu-system-x86"}
	}
	scratch, err := os.MkdirTemp("", "pxe-vm-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	args, err := arguments(cfg, scratch)
	if err != nil {
		return err
	}

	var stderr strings.Builder
	cmd := exec.CommandContext(ctx, qemu, args...)
	cmd.Stdout = cfg.Serial
	cmd.Stderr = &stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = exitGrace
	err = cmd.Run()
	if ctx.Err() != nil {
		return nil
	}
	if err == nil {
		return nil
	}
	if rom := missingROM(stderr.String()); rom != "" {
		return &MissingError{"QEMU's network boot ROM " + rom, "ipxe-qemu"}
	}
	return fmt.Errorf("qemu: %w: %s", err, strings.TrimSpace(stderr.String()))
}

// arguments is QEMU's command line. scratch is a directory for what the machine
// changes.
func arguments(cfg Config, scratch string) ([]string, error) {
	memory := cfg.Memory
	if memory == 0 {
		memory = 1024
	}
	accel := cfg.Accel
	if accel == "" {
		accel = "tcg"
	}
	args := []string{
		"-accel", accel, "-m", strconv.Itoa(memory),
		"-nodefaults", "-no-reboot", "-display", "none",
		// The machine's console, and never a signal from ours.
		"-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
		"-netdev", "stream,id=net,server=off,addr.type=unix,addr.path=" + escape(cfg.Socket),
	}
	if cfg.UUID != nil {
		args = append(args, "-uuid", smbiosUUID(cfg.UUID))
	}
	if cfg.HTTPBoot {
		for _, family := range []string{"IPv4", "IPv6"} {
			args = append(args, "-fw_cfg", "name=opt/org.tianocore/"+family+"PXESupport,string=no")
		}
	}
	card := "virtio-net-pci,netdev=net,bootindex=1"
	if cfg.MAC != nil {
		card += ",mac=" + cfg.MAC.String()
	}
	switch cfg.Arch {
	case boot.ArchBIOS:
		// Without graphics SeaBIOS writes its screen to the serial line.
		args = append(args, "-machine", "pc,graphics=off", "-device", card)
	case boot.ArchEFIX64:
		code, vars, err := ovmf()
		if err != nil {
			return nil, err
		}
		own := filepath.Join(scratch, "vars.fd")
		if err := copyFile(own, vars); err != nil {
			return nil, err
		}
		args = append(args, "-machine", "q35",
			"-drive", "if=pflash,format=raw,readonly=on,file="+escape(code),
			"-drive", "if=pflash,format=raw,file="+escape(own),
			// EDK2 wants random numbers before it starts its network.
			"-device", "virtio-rng-pci",
			// An empty ROM: EDK2's own driver and PXE, not QEMU's iPXE.
			"-device", card+",romfile=")
	default:
		return nil, fmt.Errorf("no virtual machine for %s: want %s or %s", cfg.Arch, boot.ArchBIOS, boot.ArchEFIX64)
	}
	return args, nil
}

// smbiosUUID is a UUID as SMBIOS tools write it: what the firmware sends has
// the first three groups little-endian.
func smbiosUUID(wire []byte) string {
	u := slices.Clone(wire)
	slices.Reverse(u[0:4])
	slices.Reverse(u[4:6])
	slices.Reverse(u[6:8])
	return boot.FormatUUID(u)
}

// firmwares are the places where distributions put OVMF: code, then the empty
// variable store that belongs to it (Debian and Ubuntu, Fedora, Arch, openSUSE).
var firmwares = [][2]string{
	{"/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"},
	{"/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"},
	{"/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"},
	{"/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"},
	{"/usr/share/qemu/ovmf-x86_64-code.bin", "/usr/share/qemu/ovmf-x86_64-vars.bin"},
}

func ovmf() (code, vars string, err error) {
	for _, f := range firmwares {
		if isFile(f[0]) && isFile(f[1]) {
			return f[0], f[1], nil
		}
	}
	return "", "", &MissingError{"the UEFI firmware OVMF", "ovmf"}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func copyFile(dst, src string) error {
	data, err := os.ReadFile(src)
	if err != nil {
		return err
	}
	return os.WriteFile(dst, data, 0o600)
}

// escape doubles the commas of a path: QEMU splits its options at single ones.
func escape(path string) string { return strings.ReplaceAll(path, ",", ",,") }

// missingROM finds the name in QEMU's complaint about a ROM file that is not there.
func missingROM(stderr string) string {
	_, rest, ok := strings.Cut(stderr, "failed to find romfile \"")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "\"")
	return name
}
