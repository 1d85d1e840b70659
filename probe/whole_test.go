package probe

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"testing/fstest"

	"pxe/boot"
	"pxe/fault"
)

// longKernel has a body of 128 KiB, longer than what is kept of a kernel.
func longKernel(stub bool) []byte {
	b := append(bzImage(stub), make([]byte, 128<<10)...)
	binary.LittleEndian.PutUint32(b[0x1F4:], uint32(len(b)-5*512)/16) // setup of 4 sectors
	return b
}

// longModule states where its section headers are, in its second half.
func longModule() []byte {
	b := append(c32(), make([]byte, 1<<10)...)
	le := binary.LittleEndian
	le.PutUint32(b[32:], uint32(len(b)-40))
	le.PutUint16(b[46:], 40)
	le.PutUint16(b[48:], 1)
	return b
}

// longInitrd is gzip data of 200 KiB.
func longInitrd() []byte {
	data := make([]byte, 200<<10)
	rand.NewChaCha8([32]byte{}).Read(data)
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(data)
	z.Close()
	return b.Bytes()
}

// TestTruncated: each file of a chain, cut. What is whole is seen to boot in
// the same trees.
func TestTruncated(t *testing.T) {
	bios := change(pxelinuxTree(), "ldlinux.c32", longModule(), "linux", longKernel(false), "initrd.gz", longInitrd(),
		"pxelinux.cfg/default", "UI menu.c32\nTIMEOUT 50\n"+simpleConfig,
		"menu.c32", longModule(), "libcom32.c32", longModule(), "libutil.c32", longModule())
	uefi := change(shimTree(), "linux", longKernel(true), "initrd.gz", longInitrd())
	cut := func(fs fstest.MapFS, name string, n int) fstest.MapFS {
		return change(fs, name, fs[name].Data[:n])
	}
	for name, tt := range map[string]struct {
		firmware string
		files    fstest.MapFS
		head     int64
		stage    StageName // "" would boot
		says     string
	}{
		"BIOS":                    {firmware: "bios", files: bios, says: "would boot"},
		"BIOS, heads":             {firmware: "bios", files: bios, head: 1, says: "would boot"},
		"UEFI":                    {firmware: "efi-x64", files: uefi, says: "would boot"},
		"UEFI, heads":             {firmware: "efi-x64", files: uefi, head: 1, says: "would boot"},
		"PXELINUX":                {firmware: "bios", files: cut(bios, "pxelinux.0", 1000), stage: StageNBP, says: "pxelinux.0 has 1000 bytes, and its headers say that it has at least 4096"},
		"core module":             {firmware: "bios", files: cut(bios, "ldlinux.c32", 700), stage: StageLoader, says: "ldlinux.c32 has 700 bytes, and its headers say that it has at least 1280"},
		"menu":                    {firmware: "bios", files: cut(bios, "menu.c32", 700), stage: StageConfig, says: "menu.c32 has 700 bytes"},
		"library":                 {firmware: "bios", files: cut(bios, "libutil.c32", 700), stage: StageConfig, says: "libutil.c32 has 700 bytes"},
		"kernel":                  {firmware: "bios", files: cut(bios, "linux", 100_000), stage: StageKernel, says: "linux has 100000 bytes, and its headers say that it has at least"},
		"kernel, only its head":   {firmware: "bios", files: cut(bios, "linux", 100_000), head: 1, stage: StageKernel, says: "linux has 100000 bytes"},
		"initrd":                  {firmware: "bios", files: cut(bios, "initrd.gz", 100_000), stage: StageInitrd, says: "initrd.gz has 100000 bytes, and it ends in the middle of its gzip data"},
		"initrd, only its head":   {firmware: "bios", files: cut(bios, "initrd.gz", 100_000), head: 1, says: "would boot"}, // nobody can tell
		"shim":                    {firmware: "efi-x64", files: cut(uefi, "efi/bootx64.efi", 4200), stage: StageNBP, says: "a file of the boot is cut short: bootx64.efi has 4200 bytes"},
		"GRUB":                    {firmware: "efi-x64", files: cut(uefi, "efi/grubx64.efi", 4200), stage: StageLoader, says: "grubx64.efi has 4200 bytes"},
		"kernel under GRUB":       {firmware: "efi-x64", files: cut(uefi, "linux", 100_000), stage: StageKernel, says: "linux has 100000 bytes"},
		"initrd under GRUB":       {firmware: "efi-x64", files: cut(uefi, "initrd.gz", 100_000), stage: StageInitrd, says: "Copy the file again"},
		"damaged ELF header":      {firmware: "bios", files: change(bios, "ldlinux.c32", wild()), stage: StageLoader, says: "say that it has at least 4294967"},
		"wrong program is no cut": {firmware: "bios", files: change(bios, "pxelinux.0", efi(x64, true)[:4200]), stage: StageNBP, says: "PXE-E79"},
	} {
		t.Run(name, func(t *testing.T) {
			nbp, id := "pxelinux.0", ""
			if tt.firmware != "bios" {
				nbp = "efi/bootx64.efi"
			}
			if tt.stage != "" {
				id = fault.FileTruncated
			}
			if name == "wrong program is no cut" {
				id = fault.EFINBPForBIOS
			}
			l := &lab{t: t, files: tt.files, dhcp: serves(biosOffer(nbp)...)}
			checkChain(t, l.run(Config{Profile: profile(t, tt.firmware), UUID: testID.uuid, Head: tt.head}), id, tt.stage, tt.says, "")
		})
	}
}

// wild is a module with a segment that ends beyond any file.
func wild() []byte {
	b := longModule()
	binary.LittleEndian.PutUint32(b[0x80+16:], 0xFFFFFFFF)
	return b
}

// TestWholeWithoutSize: a part of a file whose size the server does not tell is
// not taken for all of it.
func TestWholeWithoutSize(t *testing.T) {
	im := boot.Identify(longKernel(false)[:4096], 4096)
	if !im.Truncated() {
		t.Fatalf("%v needs %d", im, im.Needs)
	}
	if err := whole(content{File: File{Size: -1, Bytes: 4096, Partial: true, Image: im}}); err != nil {
		t.Errorf("a part: %v", err)
	}
	if err := whole(content{File: File{Size: 4096, Bytes: 4096, Image: im}}); err == nil {
		t.Error("a whole file that is too short is taken")
	}
	im.Needs = 1 << 62
	if err := whole(content{File: File{URL: "tftp://h/linux", Size: 4096, Image: im}}); err.Error() != "a file of the boot is cut short: linux has 4096 bytes, and its headers say that it has more" {
		t.Errorf("%v", err)
	}
}
