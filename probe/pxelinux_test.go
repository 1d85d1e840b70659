package probe

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"pxe/boot"
	"pxe/dhcp"
	"pxe/fault"
)

const simpleConfig = "DEFAULT install\nLABEL install\n  KERNEL linux\n  INITRD initrd.gz\n  APPEND quiet\n"

// pxelinuxTree is a tree that boots.
func pxelinuxTree() fstest.MapFS {
	return tree(
		"pxelinux.0", pxelinuxNBP(), "ldlinux.c32", c32(),
		"pxelinux.cfg/default", simpleConfig,
		"linux", bzImage(false), "initrd.gz", initrd(),
	)
}

// change is a tree with files replaced, or removed where the content is nil.
func change(fs fstest.MapFS, pairs ...any) fstest.MapFS {
	fs = maps.Clone(fs)
	for i := 0; i < len(pairs); i += 2 {
		delete(fs, pairs[i].(string))
		if pairs[i+1] != nil {
			maps.Copy(fs, tree(pairs[i], pairs[i+1]))
		}
	}
	return fs
}

// biosOffer is what a plain DHCP server with next-server and filename sends.
func biosOffer(name string) []func(*dhcp.Message) {
	return []func(*dhcp.Message){pxeClient(bootTags), withFile(name)}
}

// TestPXELINUX: chains on a BIOS, whole and broken in one place each.
func TestPXELINUX(t *testing.T) {
	whole := pxelinuxTree()
	menu := change(whole, "pxelinux.cfg/default", "UI menu.c32\nTIMEOUT 50\n"+simpleConfig,
		"menu.c32", c32(), "libcom32.c32", c32(), "libutil.c32", c32())
	tests := map[string]struct {
		files fstest.MapFS
		offer []func(*dhcp.Message) // nil is biosOffer("pxelinux.0")
		fault string                // "" would boot
		stage StageName
		says  string // in the sentence
		warns string // ID of a warning
	}{
		"whole":       {files: whole, says: `would boot: PXELINUX 6.04 takes entry "install" and starts kernel linux (Linux kernel 6.1.0-test for x64) with initrd.gz`},
		"no NBP":      {files: change(whole, "pxelinux.0", nil), fault: fault.BootFileMissing, stage: StageNBP, says: "PXE-E3B"},
		"EFI NBP":     {files: change(whole, "pxelinux.0", efi(x64, true)), fault: fault.EFINBPForBIOS, stage: StageNBP, says: "PXE-E79"},
		"NBP too big": {files: change(whole, "pxelinux.0", append(pxelinuxNBP(), make([]byte, 700000)...)), fault: fault.NBPTooBig, stage: StageNBP},
		"EFI NBP that is too big besides": {files: change(whole, "pxelinux.0", append(efi(x64, true), make([]byte, 700000)...)),
			fault: fault.EFINBPForBIOS, stage: StageNBP},
		"NBP of no known make, too big": {files: change(whole, "pxelinux.0", append(at(100, 0, "\x01\x02\x03"), make([]byte, 700000)...)),
			fault: fault.NBPTooBig, stage: StageNBP},
		"NBP is a web page": {files: change(whole, "pxelinux.0", "<!DOCTYPE html><html>404"), fault: fault.NBPNotAProgram, stage: StageNBP},
		"no ldlinux.c32":    {files: change(whole, "ldlinux.c32", nil), fault: fault.LdlinuxMissing, stage: StageLoader, says: "Failed to load ldlinux.c32"},
		"old ldlinux.c32":   {files: change(whole, "ldlinux.c32", at(100, 0, "\xB8\xFF\x4C\xCD\x21")), fault: fault.ModuleMismatch, stage: StageLoader},
		"ldlinux.c32 in /boot/syslinux": {files: change(whole, "ldlinux.c32", nil, "boot/syslinux/ldlinux.c32", c32()),
			says: "starts kernel linux"},
		"no configuration":                      {files: change(whole, "pxelinux.cfg/default", nil), fault: fault.ConfigNotFound, stage: StageConfig, says: "has none of the 11 names"},
		"empty configuration counts as missing": {files: change(whole, "pxelinux.cfg/default", ""), fault: fault.ConfigEmpty, stage: StageConfig, says: "pxelinux.cfg/default is empty"},
		"no default":                            {files: change(whole, "pxelinux.cfg/default", "LABEL x\nKERNEL linux\n"), fault: fault.ConfigNoDefault, stage: StageConfig},
		"no kernel":                             {files: change(whole, "linux", nil), fault: fault.KernelMissing, stage: StageKernel, says: "would stop: Loading linux... failed: No such file or directory: tftp://192.0.2.1/linux is not there (TFTP error 1"},
		"kernel is a page":                      {files: change(whole, "linux", "<html>404</html>"), fault: fault.KernelWrongType, stage: StageKernel},
		"kernel for ARM":                        {files: change(whole, "linux", at(4096, 0x38, "ARM\x64")), fault: fault.KernelWrongArch, stage: StageKernel},
		"no initrd":                             {files: change(whole, "initrd.gz", nil), fault: fault.InitrdMissing, stage: StageInitrd},
		"initrd is a page":                      {files: change(whole, "initrd.gz", "<html>404</html>"), fault: fault.InitrdWrongType, stage: StageInitrd},
		"no initrd wanted":                      {files: change(whole, "pxelinux.cfg/default", "DEFAULT linux\n"), says: "without initrd"},
		"DEFAULT that is no label": {files: change(whole, "pxelinux.cfg/default", strings.Replace(simpleConfig, "install", "nope", 1)),
			fault: fault.ConfigNameAsFile, stage: StageKernel, says: `Loading nope... failed: No such file or directory: there is no LABEL "nope" to boot`},
		"KERNEL misspelt": {files: change(whole, "pxelinux.cfg/default", strings.Replace(simpleConfig, "KERNEL", "KERNAL", 1)),
			fault: fault.ConfigNameAsFile, stage: StageKernel, says: "LABEL install has no KERNEL or LINUX line", warns: fault.ConfigUnknownDirective},
		"byte order mark": {files: change(whole, "pxelinux.cfg/default", "\uFEFF"+simpleConfig), fault: fault.ConfigByteOrderMark, stage: StageConfig, says: "byte order mark (BOM)"},
		"forgotten 01-":   {files: change(whole, "pxelinux.cfg/52-54-00-12-34-56", simpleConfig), says: `takes entry "install"`, warns: fault.ConfigNotFound},
		"forgotten 01-, and nothing else": {files: change(whole, "pxelinux.cfg/52-54-00-12-34-56", simpleConfig, "pxelinux.cfg/default", nil), fault: fault.ConfigNotFound, stage: StageConfig,
			says: "there is pxelinux.cfg/52-54-00-12-34-56, and PXELINUX asks for pxelinux.cfg/01-52-54-00-12-34-56, with 01- before the address"},
		"an empty file of its own": {files: change(whole, "pxelinux.cfg/01-52-54-00-12-34-56", ""), says: `takes entry "install"`, warns: fault.ConfigEmpty},
		"menu":                     {files: menu, says: `takes entry "install"`},
		"no menu module":           {files: change(menu, "menu.c32", nil), fault: fault.ModuleMissing, stage: StageConfig, says: "menu.c32"},
		"no library":               {files: change(menu, "libutil.c32", nil), fault: fault.ModuleMissing, stage: StageConfig, says: "libutil.c32"},
		"modules in PATH": {
			files: change(menu, "libutil.c32", nil, "lib/libutil.c32", c32(), "pxelinux.cfg/default", "PATH lib/\nUI menu.c32\nTIMEOUT 50\n"+simpleConfig),
			says:  `takes entry "install"`,
		},
		"menu without a timeout": {files: change(menu, "pxelinux.cfg/default", "UI menu.c32\n"+simpleConfig), says: `takes entry "install"`, warns: fault.ConfigWaits},
		"include":                {files: change(whole, "pxelinux.cfg/default", "INCLUDE extra.cfg\n", "extra.cfg", simpleConfig), says: `takes entry "install"`},
		"include that is not there": {files: change(whole, "pxelinux.cfg/default", "INCLUDE extra.cfg\n"+simpleConfig),
			says: `takes entry "install"`, warns: fault.ConfigIncludeFailed},
		"configuration that names another": {files: change(whole, "pxelinux.cfg/default", "DEFAULT x\nLABEL x\nCONFIG other.cfg\n", "other.cfg", simpleConfig),
			says: `takes entry "install"`},
		"configurations in a circle": {files: change(whole, "pxelinux.cfg/default", "DEFAULT x\nLABEL x\nCONFIG pxelinux.cfg/default\n"),
			fault: fault.ConfigNoDefault, stage: StageConfig},
		"local boot":                   {files: change(whole, "pxelinux.cfg/default", "DEFAULT x\nLABEL x\nLOCALBOOT 0\n"), says: "boots the local disk"},
		"a module":                     {files: change(whole, "pxelinux.cfg/default", "DEFAULT reboot.c32\n", "reboot.c32", c32()), says: "starts reboot.c32"},
		"kernel on a host with a name": {files: change(whole, "pxelinux.cfg/default", "DEFAULT http://boot.example/linux\n"), says: "not looked at"},
		"folder": {
			files: tree("a/pxelinux.0", pxelinuxNBP(), "a/ldlinux.c32", c32(), "a/pxelinux.cfg/default", simpleConfig, "a/linux", bzImage(false), "a/initrd.gz", initrd()),
			offer: biosOffer("a/pxelinux.0"), says: `takes entry "install"`,
		},
		"folder by option 210, file by 209": {
			files: tree("pxelinux.0", pxelinuxNBP(), "b/ldlinux.c32", c32(), "b/my.cfg", simpleConfig, "b/linux", bzImage(false), "b/initrd.gz", initrd()),
			offer: append(biosOffer("pxelinux.0"), withOption(209, []byte("my.cfg")), withOption(210, []byte("b/"))),
			says:  `takes entry "install"`,
		},
		"209 that is not there": {files: whole, offer: append(biosOffer("pxelinux.0"), withOption(209, []byte("my.cfg"))), says: `takes entry "install"`},
		"upper-case hardware address": {
			files: change(whole, "pxelinux.cfg/01-52-54-00-12-34-5A", simpleConfig), says: `takes entry "install"`, // no letters in ours: see TestUpperCase
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.offer == nil {
				tt.offer = biosOffer("pxelinux.0")
			}
			l := &lab{t: t, files: tt.files, dhcp: serves(tt.offer...)}
			checkChain(t, l.run(Config{Profile: profile(t, "bios"), UUID: testID.uuid}), tt.fault, tt.stage, tt.says, tt.warns)
		})
	}
}

// checkChain holds a report against what a chain should come to.
func checkChain(t *testing.T, rep *Report, id string, stage StageName, says, warns string) {
	t.Helper()
	v := rep.Verdict
	switch {
	case id == "" && !v.WouldBoot:
		t.Fatalf("%s", v.Sentence)
	case id != "" && (v.WouldBoot || v.Fault.ID != id || v.Stage != stage):
		t.Fatalf("%s in %s: %s; want %s in %s", faultID(v), v.Stage, v.Sentence, id, stage)
	}
	if !strings.Contains(v.Sentence, says) {
		t.Errorf("%q does not say %q", v.Sentence, says)
	}
	if warns != "" && !slices.ContainsFunc(rep.Warnings, func(w Warning) bool { return w.Fault == warns }) {
		t.Errorf("warnings %+v, want %s", rep.Warnings, warns)
	}
	failed := false
	for _, s := range rep.Stages {
		if s.Status == "" || s.Status != StatusOK && s.Reason == "" {
			t.Errorf("stage %s: status %q, reason %q", s.Name, s.Status, s.Reason)
		}
		if failed != (s.Status == StatusNotReached) {
			t.Errorf("stage %s is %s behind the failed one", s.Name, s.Status)
		}
		failed = failed || s.Status == StatusFailed
	}
}

func faultID(v Verdict) string {
	if v.Fault == nil {
		return "no fault"
	}
	return v.Fault.ID
}

// TestPXELINUXAsks: the files that PXELINUX and the ROM ask for, in order.
func TestPXELINUXAsks(t *testing.T) {
	l := &lab{t: t, files: pxelinuxTree(), dhcp: serves(biosOffer("pxelinux.0")...)}
	l.run(Config{Profile: profile(t, "bios"), UUID: testID.uuid})
	want := []string{
		"pxelinux.0", "pxelinux.0", "ldlinux.c32",
		"pxelinux.cfg/ccbbaa77-2211-4443-8000-010203040506",
		"pxelinux.cfg/01-52-54-00-12-34-56",
		"pxelinux.cfg/C0000264", "pxelinux.cfg/C000026", "pxelinux.cfg/C00002", "pxelinux.cfg/C0000",
		"pxelinux.cfg/C000", "pxelinux.cfg/C00", "pxelinux.cfg/C0", "pxelinux.cfg/C",
		"pxelinux.cfg/default", "pxelinux.cfg/52-54-00-12-34-56", // ours: a forgotten 01-
		"linux", "initrd.gz",
	}
	if diff := cmp.Diff(want, l.asked); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// TestUpperCase: a file named after the hardware address in upper case is the
// commonest reason why a machine does not get its own configuration.
func TestUpperCase(t *testing.T) {
	mac := slices.Clone(testID.mac)
	testMAC := append(mac[:5:5], 0xAB)
	l := &lab{t: t, mac: testMAC, dhcp: serves(biosOffer("pxelinux.0")...),
		files: change(pxelinuxTree(), "pxelinux.cfg/01-52-54-00-12-34-AB", simpleConfig)}
	rep := l.run(Config{Profile: profile(t, "bios")})
	checkChain(t, rep, "", "", `takes entry "install"`, fault.ConfigNotFound)

	l.files = change(l.files, "pxelinux.cfg/default", nil)
	rep = l.run(Config{Profile: profile(t, "bios")})
	checkChain(t, rep, fault.ConfigNotFound, StageConfig, "there is pxelinux.cfg/01-52-54-00-12-34-AB, and PXELINUX asks for pxelinux.cfg/01-52-54-00-12-34-ab, in lower case", "")
}

// TestHead: only the beginning of large files, when asked.
func TestHead(t *testing.T) {
	big := append(initrd(), make([]byte, 3<<20)...)
	l := &lab{t: t, files: change(pxelinuxTree(), "initrd.gz", big), dhcp: serves(biosOffer("pxelinux.0")...)}
	rep := l.run(Config{Profile: profile(t, "bios"), Head: 100_000})
	checkChain(t, rep, "", "", "initrd.gz", "")
	steps := rep.Stages[6].Steps
	f := steps[len(steps)-1].File
	if !f.Partial || f.Bytes != 100_000 || f.Size != int64(len(big)) || f.Image.Kind != boot.ImageGzip {
		t.Errorf("file %+v", f)
	}
}

// TestPXELINUXSource: where PXELINUX reads, out of the cached packets.
func TestPXELINUXSource(t *testing.T) {
	reply := func(edit ...func(*dhcp.Message)) *dhcp.Reply {
		m := answer(&dhcp.Message{}, dhcp.TypeAck, edit...)
		r, err := dhcp.ParseReply(m.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	next := func(s string) func(*dhcp.Message) {
		return func(m *dhcp.Message) { m.SIAddr, _ = netip.ParseAddr(s) }
	}
	inside := pxeClient(dhcp.PXEOptions{{Code: 209, Data: []byte("my.cfg")}, {Code: 210, Data: []byte("in/")}})
	tests := map[string]struct {
		ack, pxe *dhcp.Reply
		want     string // server, prefix, configuration
	}{
		"ACK":                            {ack: reply(withFile("a/pxelinux.0"), next("192.0.2.5")), want: "192.0.2.5 a/ "},
		"no next server: option 54":      {ack: reply(withFile("pxelinux.0"), next("")), want: "192.0.2.1  "},
		"header over option 67":          {ack: reply(withFile("a/x.0"), withOption(67, []byte("b/x.0"))), want: "192.0.2.1 a/ "},
		"option 67 without header":       {ack: reply(withOption(67, []byte("b/x.0"))), want: "192.0.2.1 b/ "},
		"underscore ends the prefix too": {ack: reply(withFile("my_pxelinux.0")), want: "192.0.2.1 my_ "},
		"the proxy over the ACK":         {ack: reply(next("192.0.2.5")), pxe: reply(withFile("p/x.0"), next("192.0.2.6")), want: "192.0.2.6 p/ "},
		"a proxy without next server":    {ack: reply(next("192.0.2.5")), pxe: reply(withFile("p/x.0"), next("")), want: "192.0.2.5 p/ "},
		"209 and 210":                    {ack: reply(withFile("a/x.0"), withOption(209, []byte("c.cfg\x00")), withOption(210, []byte("/d/"))), want: "192.0.2.1 /d/ c.cfg"},
		"209 and 210 inside 43":          {ack: reply(withFile("a/x.0"), inside), want: "192.0.2.1 in/ my.cfg"},
	}
	for name, tt := range tests {
		x := (&runner{ack: tt.ack, pxe: tt.pxe}).newPXELINUX(program{})
		if got := x.server.String() + " " + x.prefix + " " + x.config; got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// TestOwnConfig: a machine that finds a file of its own is not warned of
// another in upper case.
func TestOwnConfig(t *testing.T) {
	mac := append(slices.Clone(testID.mac)[:5:5], 0xAB)
	l := &lab{t: t, mac: mac, dhcp: serves(biosOffer("pxelinux.0")...),
		files: change(pxelinuxTree(), "pxelinux.cfg/01-52-54-00-12-34-ab", simpleConfig, "pxelinux.cfg/01-52-54-00-12-34-AB", simpleConfig)}
	if rep := l.run(Config{Profile: profile(t, "bios")}); len(rep.Warnings) != 0 {
		t.Errorf("warnings %+v", rep.Warnings)
	}
}
