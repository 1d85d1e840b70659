package probe

import (
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"pxe/dhcp"
	"pxe/fault"
)

const grubCfg = `set timeout=5
menuentry 'Install' {
    linux /linux quiet
    initrd /initrd.gz
}
`

// shimTree is a tree that boots UEFI machines.
func shimTree() fstest.MapFS {
	return tree(
		"efi/bootx64.efi", shim(), "efi/grubx64.efi", grubEFI(x64, "/grub"),
		"grub/grub.cfg", grubCfg, "linux", bzImage(true), "initrd.gz", initrd(),
	)
}

// TestEFI: chains on UEFI, whole and broken in one place each.
func TestEFI(t *testing.T) {
	whole := shimTree()
	const nbp = "efi/bootx64.efi"
	tests := map[string]struct {
		files fstest.MapFS
		offer []func(*dhcp.Message) // nil is biosOffer(nbp)
		fault string
		stage StageName
		says  string
		warns string
	}{
		"whole":             {files: whole, says: `would boot: GRUB takes entry "Install" and starts kernel linux (Linux kernel 6.1.0-test for x64, signed) with initrd.gz`},
		"no NBP":            {files: change(whole, nbp, nil), fault: fault.BootFileMissing, stage: StageNBP, says: "PXE-E23"},
		"BIOS NBP":          {files: change(whole, nbp, pxelinuxNBP()), fault: fault.BIOSNBPForUEFI, stage: StageNBP, says: "a boot program for a BIOS was given to UEFI"},
		"NBP for ARM":       {files: change(whole, nbp, efi(0xAA64, true)), fault: fault.NBPWrongArch, stage: StageNBP},
		"NBP is a web page": {files: change(whole, nbp, "<html>404</html>"), fault: fault.NBPNotAProgram, stage: StageNBP},
		"NBP not signed":    {files: change(whole, nbp, efi(x64, false)), says: "starts; what it does next is its own", warns: fault.NBPNotSigned},
		"no second stage":   {files: change(whole, "efi/grubx64.efi", nil), fault: fault.ShimSecondStageMissing, stage: StageLoader, says: "Failed to open efi/grubx64.efi - Not Found"},
		"second stage for ARM": {files: change(whole, "efi/grubx64.efi", grubEFI(0xAA64, "/grub")),
			fault: fault.NBPWrongArch, stage: StageLoader},
		"second stage not signed": {files: change(whole, "efi/grubx64.efi", efi(x64, false)), says: "what it does next is its own", warns: fault.ShimSecondStageRefused},
		"second stage is shim":    {files: change(whole, "efi/grubx64.efi", shim()), fault: fault.ShimSecondStageMissing, stage: StageLoader, says: "for ever"},
		"shim reads the header alone": {
			files: whole, offer: []func(*dhcp.Message){pxeClient(bootTags), withOption(67, []byte(nbp))},
			fault: fault.ShimSecondStageMissing, stage: StageLoader, says: "tftp://192.0.2.1/grubx64.efi", warns: fault.BootFileNotInHeader,
		},
		"backslashes": {
			files: change(whole, `efi\bootx64.efi`, shim()), offer: []func(*dhcp.Message){pxeClient(bootTags), withFile(`efi\bootx64.efi`)},
			says: `takes entry "Install"`,
		},
		"GRUB without shim": {files: change(whole, nbp, grubEFI(x64, "/grub")), says: `takes entry "Install"`},
		"no grub.cfg":       {files: change(whole, "grub/grub.cfg", nil), fault: fault.GRUBConfigNotFound, stage: StageConfig, says: "grub>: 192.0.2.1 has no grub.cfg in /grub"},
		"a disk GRUB looks beside itself": {
			files: change(whole, "efi/grubx64.efi", grubEFI(x64, "/EFI/fedora"), "efi/grub.cfg", grubCfg), says: `takes entry "Install"`,
		},
		"per-machine grub.cfg": {
			files: change(whole, "grub/grub.cfg", nil, "grub/grub.cfg-01-52-54-00-12-34-56", grubCfg), says: `takes entry "Install"`,
		},
		"grub.cfg by UUID, when 97 is echoed": {
			files: change(whole, "grub/grub.cfg", nil, "grub/grub.cfg-ccbbaa77-2211-4443-8000-010203040506", grubCfg),
			offer: append(biosOffer(nbp), withOption(97, append([]byte{0}, testID.uuid[:]...))), says: `takes entry "Install"`,
		},
		"grub.cfg by UUID, when it is not": {
			files: change(whole, "grub/grub.cfg", nil, "grub/grub.cfg-ccbbaa77-2211-4443-8000-010203040506", grubCfg),
			fault: fault.GRUBConfigNotFound, stage: StageConfig,
		},
		"grub.cfg that names another": {
			files: change(whole, "grub/grub.cfg", "menuentry x {\n configfile /other.cfg\n}\n", "other.cfg", grubCfg), says: `takes entry "Install"`,
		},
		"empty grub.cfg":                  {files: change(whole, "grub/grub.cfg", "# nothing\n"), fault: fault.GRUBNoEntry, stage: StageConfig, says: "would stop: grub>: there is no menu entry. Add a menuentry"},
		"no byte in grub.cfg":             {files: change(whole, "grub/grub.cfg", ""), fault: fault.ConfigEmpty, stage: StageConfig, says: "grub>: tftp://192.0.2.1//grub/grub.cfg is empty"},
		"grub.cfg without its last brace": {files: change(whole, "grub/grub.cfg", strings.TrimSuffix(grubCfg, "}\n")), fault: fault.GRUBSyntax, stage: StageConfig, says: "line 2: the { is never closed"},
		"menuentry misspelt":              {files: change(whole, "grub/grub.cfg", "menuentri x {\nlinux /linux\n}\n"), fault: fault.GRUBNoEntry, stage: StageConfig, says: `line 1: "menuentri" is no GRUB command`},
		"linux misspelt":                  {files: change(whole, "grub/grub.cfg", "menuentry x {\nlinuxx /linux\n}\n"), fault: fault.GRUBUnknownCommand, stage: StageConfig, says: "error: can't find command `linuxx'"},
		"initrd misspelt":                 {files: change(whole, "grub/grub.cfg", "menuentry x {\nlinux /linux\ninitrdd /initrd.gz\n}\n"), says: "without initrd", warns: fault.GRUBUnknownCommand},
		"grub.cfg with a byte order mark": {files: change(whole, "grub/grub.cfg", "\uFEFF"+grubCfg), says: `takes entry "Install"`, warns: fault.ConfigByteOrderMark},
		"configfile that is not there":    {files: change(whole, "grub/grub.cfg", "configfile /other.cfg\n"), fault: fault.ConfigIncludeFailed, stage: StageConfig, says: "error: file `/other.cfg' not found: tftp://192.0.2.1/other.cfg is not there"},
		"configfile on a disk":            {files: change(whole, "grub/grub.cfg", "configfile (hd0,1)/other.cfg\n"), says: "only a running machine can tell", warns: fault.ConfigNotFollowed},
		"kernel is a page":                {files: change(whole, "linux", "<html>404</html>"), fault: fault.KernelWrongType, stage: StageKernel, says: "error: invalid magic number"},
		"no timeout":                      {files: change(whole, "grub/grub.cfg", strings.TrimPrefix(grubCfg, "set timeout=5\n")), says: `takes entry "Install"`, warns: fault.ConfigWaits},
		"no kernel":                       {files: change(whole, "linux", nil), fault: fault.KernelMissing, stage: StageKernel, says: "would stop: error: file `/linux' not found: tftp://192.0.2.1/linux is not there (TFTP error 1"},
		"no initrd":                       {files: change(whole, "initrd.gz", nil), fault: fault.InitrdMissing, stage: StageInitrd, says: "error: file `/initrd.gz' not found"},
		"kernel as NBP":                   {files: change(whole, nbp, bzImage(true)), says: "starts by its EFI stub"},
		"unified kernel image":            {files: change(whole, nbp, efi(x64, true, section{".linux", "MZ"}, section{".uname", "6.9"})), says: "kernel, initrd and command line inside"},
		"ACK without siaddr": {
			files: whole, offer: append(biosOffer(nbp), func(m *dhcp.Message) { m.SIAddr = netip.Addr{} }),
			fault: fault.ShimSecondStageMissing, stage: StageLoader,
		},
		"option 13 too small": {
			files: whole, offer: append(biosOffer(nbp), withOption(13, []byte{0, 1})),
			fault: fault.SizeMismatch, stage: StageNBP, says: "PXE-E05",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.offer == nil {
				tt.offer = biosOffer(nbp)
			}
			l := &lab{t: t, files: tt.files, dhcp: serves(tt.offer...)}
			checkChain(t, l.run(Config{Profile: profile(t, "efi-x64"), UUID: testID.uuid}), tt.fault, tt.stage, tt.says, tt.warns)
		})
	}
}

// TestEFIAsks: the files that EDK2, shim and GRUB ask for, in order: the size
// first, shim's optional neighbours, and GRUB always from the root.
func TestEFIAsks(t *testing.T) {
	l := &lab{t: t, files: shimTree(), dhcp: serves(biosOffer("efi/bootx64.efi")...)}
	l.run(Config{Profile: profile(t, "efi-x64")})
	want := []string{
		"efi/bootx64.efi", "efi/bootx64.efi",
		"efi/revocations_sku.efi", "efi/revocations_sbat.efi", "efi/shim_certificate_0.efi", "efi/grubx64.efi",
		"grub/grub.cfg-01-52-54-00-12-34-56",
		"grub/grub.cfg-C0000264", "grub/grub.cfg-C000026", "grub/grub.cfg-C00002", "grub/grub.cfg-C0000",
		"grub/grub.cfg-C000", "grub/grub.cfg-C00", "grub/grub.cfg-C0", "grub/grub.cfg-C",
		"grub/grub.cfg", "grub/grub.cfg-52-54-00-12-34-56", // ours: a forgotten 01-
		"linux", "initrd.gz",
	}
	if diff := cmp.Diff(want, l.asked); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// TestGRUBBehindProxy: GRUB reads from the next server of the plain DHCP
// server's ACK, which a proxy does not set.
func TestGRUBBehindProxy(t *testing.T) {
	for name, tt := range map[string]struct {
		siaddr netip.Addr
		says   string
	}{
		"none":    {netip.Addr{}, "no next-server"},
		"another": {netip.MustParseAddr("192.0.2.9"), "GRUB came from 192.0.2.1 and asks 192.0.2.9"},
	} {
		t.Run(name, func(t *testing.T) {
			plain := func(m *dhcp.Message) { m.SIAddr = tt.siaddr }
			l := &lab{t: t, files: shimTree()}
			l.dhcp = func(m *dhcp.Message) []dhcp.Message {
				if m.Type() == dhcp.TypeDiscover {
					return []dhcp.Message{
						answer(m, dhcp.TypeOffer, plain),
						answer(m, dhcp.TypeOffer, noAddress, pxeClient(bootTags), withFile("efi/bootx64.efi")),
					}
				}
				return serves(plain)(m)
			}
			rep := l.run(Config{Profile: profile(t, "efi-x64")})
			checkChain(t, rep, fault.GRUBWrongServer, StageConfig, tt.says, "")
		})
	}
}

// TestOACK: what EDK2 makes of answers to its size probe (PxeBcBoot.c), and a
// ROM, which does without.
func TestOACK(t *testing.T) {
	const data = "\x00\x03\x00\x01"
	program := string(at(300, 0, "\xEA\x05\x00\xC0\x07\x66\x9C\x66\x60")) // iPXE, in one block
	for name, tt := range map[string]struct {
		answer     string
		uefi, says string
	}{
		"OACK without tsize":   {"\x00\x06blksize\x001468\x00", fault.OACKWithoutTsize, "PXE-E53"},
		"data at once":         {data + program, fault.TFTPNoOptions, "PXE-E99"},
		"option not asked for": {"\x00\x06tsize\x00300\x00multicast\x00224.0.0.1,1,1\x00", fault.OACKUnasked, "PXE-E99"},
		"block size raised":    {"\x00\x06tsize\x00300\x00blksize\x009000\x00", fault.OACKUnasked, "PXE-E99"},
		"error 0":              {"\x00\x05\x00\x00no\x00", fault.TFTPError, "PXE-E23"},
		"error 2":              {"\x00\x05\x00\x02no\x00", fault.TFTPForbidden, "PXE-E23"},
	} {
		t.Run(name, func(t *testing.T) {
			l := &lab{t: t, dhcp: serves(biosOffer("x")...)}
			l.tftp = func(packet []byte) []byte {
				if packet[1] != 1 { // not an RRQ
					return nil
				}
				return []byte(tt.answer)
			}
			checkChain(t, l.run(Config{Profile: profile(t, "efi-x64")}), tt.uefi, StageNBP, tt.says, "")
			if strings.HasPrefix(tt.answer, data) {
				rep := l.run(Config{Profile: profile(t, "bios")})
				checkChain(t, rep, "", "", "x (iPXE for x86 BIOS) starts", "") // the ROM has read its program
			}
		})
	}
}

// TestTFTPFaults: a TFTP server that is not there, for each firmware.
func TestTFTPFaults(t *testing.T) {
	for firmware, says := range map[string][2]string{"efi-x64": {"PXE-E22", "PXE-E18"}, "bios": {"PXE-E32", "PXE-E32"}} {
		l := &lab{t: t, noTFTP: true, dhcp: serves(biosOffer("x")...)}
		checkChain(t, l.run(Config{Profile: profile(t, firmware)}), fault.TFTPRefused, StageNBP, says[0], "")
		l = &lab{t: t, tftp: func([]byte) []byte { return nil }, dhcp: serves(biosOffer("x")...)}
		checkChain(t, l.run(Config{Profile: profile(t, firmware)}), fault.TFTPSilent, StageNBP, says[1], "")
		l = &lab{t: t, dhcp: serves(append(biosOffer("x"), nextServer("192.0.2.9"))...)} // nobody has it
		checkChain(t, l.run(Config{Profile: profile(t, firmware)}), fault.ServerUnreachable, StageNBP, "192.0.2.9", "")
	}
	l := &lab{t: t, files: shimTree(), dhcp: serves(append(biosOffer("x"), nextServer("198.51.100.9"))...)}
	checkChain(t, l.run(Config{Profile: profile(t, "efi-x64")}), fault.ServerUnreachable, StageNBP, "198.51.100.9", "") // no gateway leads there
}
