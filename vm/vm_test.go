package vm

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pxe/boot"
)

func TestArgumentsBIOS(t *testing.T) {
	args, err := arguments(Config{Arch: boot.ArchBIOS, Socket: "/tmp/a,b", MAC: []byte{2, 0, 0, 0, 0, 1},
		UUID: []byte{0xcc, 0xbb, 0xaa, 0x77, 0x22, 0x11, 0x44, 0x43, 1, 2, 3, 4, 5, 6, 7, 8}}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"stream,id=net,server=off,addr.type=unix,addr.path=/tmp/a,,b",
		"virtio-net-pci,netdev=net,bootindex=1,mac=02:00:00:00:00:01",
		"77aabbcc-1122-4344-0102-030405060708", // the other way round on the wire
		"pc,graphics=off", "tcg", "1024",
	} {
		if !slices.Contains(args, want) {
			t.Errorf("no argument %q in %q", want, args)
		}
	}
}

func TestArgumentsHTTPBoot(t *testing.T) {
	for _, http := range []bool{false, true} {
		args, err := arguments(Config{Arch: boot.ArchBIOS, HTTPBoot: http}, t.TempDir())
		if err != nil || slices.Contains(args, "name=opt/org.tianocore/IPv4PXESupport,string=no") != http {
			t.Errorf("HTTP Boot %v: %q, %v", http, args, err)
		}
	}
}

func TestArgumentsRefuseOtherArchitectures(t *testing.T) {
	_, err := arguments(Config{Arch: boot.ArchEFIARM64}, t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "efi-arm64") {
		t.Errorf("error %v, want one that names efi-arm64", err)
	}
}

func TestMissingROM(t *testing.T) {
	got := missingROM("qemu-system-x86_64: -device virtio-net-pci: failed to find romfile \"efi-virtio.rom\"\n")
	if got != "efi-virtio.rom" {
		t.Errorf("got %q", got)
	}
	if got := missingROM("something else"); got != "" {
		t.Errorf("got %q from another complaint", got)
	}
}

// fakeQEMU puts a script in QEMU's place.
func fakeQEMU(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "qemu-system-x86_64"), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
}

func TestRunCarriesTheConsoleAndTheComplaint(t *testing.T) {
	fakeQEMU(t, "echo hello from the console\necho no memory >&2\nexit 1\n")
	var serial strings.Builder
	err := Run(context.Background(), Config{Arch: boot.ArchBIOS, Serial: &serial})
	if serial.String() != "hello from the console\n" {
		t.Errorf("console %q", serial.String())
	}
	if err == nil || !strings.Contains(err.Error(), "no memory") {
		t.Errorf("error %v, want QEMU's own words", err)
	}
}

func TestRunSaysWhatToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	var missing *MissingError
	if err := Run(context.Background(), Config{Arch: boot.ArchBIOS}); !errors.As(err, &missing) || missing.Package != "qemu-system-x86" {
		t.Errorf("error %v, want one that names the package", err)
	}
	fakeQEMU(t, `echo 'failed to find romfile "efi-virtio.rom"' >&2; exit 1`)
	if err := Run(context.Background(), Config{Arch: boot.ArchBIOS}); !errors.As(err, &missing) || missing.Package != "ipxe-qemu" {
		t.Errorf("error %v, want one that names the package", err)
	}
}
