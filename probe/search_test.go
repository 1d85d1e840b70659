package probe

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"pxe/fault"
	"pxe/fetch"
)

// TestUnreadable: files that are there and that the server may not read. The
// screen shows what it shows for missing ones; the verdict tells them apart.
func TestUnreadable(t *testing.T) {
	bios, efi := pxelinuxTree(), shimTree()
	menu := change(bios, "pxelinux.cfg/default", "UI menu.c32\nTIMEOUT 50\n"+simpleConfig, "menu.c32", c32(), "libcom32.c32", c32(), "libutil.c32", c32())
	tests := map[string]struct {
		files  fstest.MapFS // nil: bios
		locked string
		fault  string
		stage  StageName
		says   string
		warns  string
	}{
		"NBP":           {locked: "pxelinux.0", fault: fault.TFTPForbidden, stage: StageNBP, says: "PXE-E3C: TFTP Error - Access Violation: tftp://192.0.2.1/pxelinux.0 may not be read"},
		"ldlinux.c32":   {locked: "ldlinux.c32", fault: fault.TFTPForbidden, stage: StageLoader, says: "Failed to load ldlinux.c32: tftp://192.0.2.1/ldlinux.c32 may not be read"},
		"configuration": {locked: "pxelinux.cfg/default", fault: fault.TFTPForbidden, stage: StageConfig, says: "Unable to locate configuration file: tftp://192.0.2.1/pxelinux.cfg/default may not be read (TFTP error 2"},
		"folder":        {locked: "pxelinux.cfg", fault: fault.TFTPForbidden, stage: StageConfig, says: "nor may 10 more of the 11 names that PXELINUX asks for"},
		"a name before": {locked: "pxelinux.cfg/01-", says: `takes entry "install"`, warns: fault.TFTPForbidden},
		"module":        {files: menu, locked: "libutil.c32", fault: fault.TFTPForbidden, stage: StageConfig, says: "Failed to load COM32 file libutil.c32: tftp://192.0.2.1/libutil.c32 may not be read"},
		"kernel":        {locked: "linux", fault: fault.TFTPForbidden, stage: StageKernel, says: "Loading linux... failed: No such file or directory: tftp://192.0.2.1/linux may not be read"},
		"initrd":        {locked: "initrd.gz", fault: fault.TFTPForbidden, stage: StageInitrd, says: "Make the file world-readable"},
		"DEFAULT that is no label": {files: change(bios, "pxelinux.cfg/default", "DEFAULT linux\nLABEL x\n"), locked: "linux",
			fault: fault.TFTPForbidden, stage: StageKernel, says: "may not be read"},
		"include": {files: change(bios, "pxelinux.cfg/default", "INCLUDE x.cfg\n"+simpleConfig, "x.cfg", "#"), locked: "x.cfg",
			says: `takes entry "install"`, warns: fault.ConfigIncludeFailed},

		"second stage":       {files: efi, locked: "efi/grubx64.efi", fault: fault.TFTPForbidden, stage: StageLoader, says: "Failed to open efi/grubx64.efi - Not Found: tftp://192.0.2.1/efi/grubx64.efi may not be read"},
		"shim's neighbours":  {files: efi, locked: "efi/revocations", says: `takes entry "Install"`},
		"grub.cfg":           {files: efi, locked: "grub/grub.cfg", fault: fault.TFTPForbidden, stage: StageConfig, says: "would stop: grub>: tftp://192.0.2.1//grub/grub.cfg-01"},
		"one grub.cfg":       {files: efi, locked: "grub/grub.cfg-C0000264", says: `takes entry "Install"`, warns: fault.TFTPForbidden},
		"kernel under GRUB":  {files: efi, locked: "linux", fault: fault.TFTPForbidden, stage: StageKernel, says: "error: file `/linux' not found: tftp://192.0.2.1/linux may not be read"},
		"grub.cfg by a file": {files: change(efi, "grub/grub.cfg", "configfile /x.cfg\n", "x.cfg", grubCfg), locked: "x.cfg", fault: fault.TFTPForbidden, stage: StageConfig, says: "error: file `/x.cfg' not found: tftp://192.0.2.1/x.cfg may not be read"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			firmware, nbp := "efi-x64", "efi/bootx64.efi"
			if tt.files == nil || tt.files["pxelinux.0"] != nil {
				firmware, nbp = "bios", "pxelinux.0"
			}
			if tt.files == nil {
				tt.files = bios
			}
			l := &lab{t: t, files: tt.files, locked: []string{tt.locked}, dhcp: serves(biosOffer(nbp)...)}
			rep := l.run(Config{Profile: profile(t, firmware), UUID: testID.uuid})
			checkChain(t, rep, tt.fault, tt.stage, tt.says, tt.warns)
			for _, s := range rep.Stages {
				for _, step := range s.Steps {
					if step.Outcome == OutcomeAbsent && strings.Contains(step.Answer, "error 2") {
						t.Errorf("counts as absent: %+v", step)
					}
				}
			}
		})
	}
}

func TestFileErrorSentence(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{errEmpty, "http://h/f is empty"},
		{&fetch.Error{Kind: fetch.ErrNotFound, Err: &fetch.StatusError{Code: 404}}, "http://h/f is not there (HTTP 404 Not Found)"},
		{&fetch.Error{Kind: fetch.ErrForbidden, Err: &fetch.StatusError{Code: 403}}, "http://h/f may not be read (HTTP 403 Forbidden)"},
		{&fetch.Error{Err: &fetch.StatusError{Code: 500}}, "http://h/f: HTTP 500 Internal Server Error"},
	} {
		if got := (&fileError{url: "http://h/f", err: tt.err}).sentence(); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
	r := &runner{}
	var h *halt
	err := r.halted(&fileError{url: "http://h/f", err: &fetch.Error{Kind: fetch.ErrForbidden, Err: &fetch.StatusError{Code: 403}}}, fault.KernelMissing)
	if !errors.As(err, &h) || h.fault.ID != fault.HTTPForbidden || h.shown.ID != fault.KernelMissing {
		t.Errorf("403 of a kernel: %v", err)
	}
}

func TestConfigLines(t *testing.T) {
	for text, want := range map[string]int{"": 0, "a": 1, "a\n": 1, "a\nb": 2, "a\nb\n": 2} {
		if got := configLines([]byte(text)); got != strings.Replace(fmt.Sprintf("configuration of %d lines", want), "1 lines", "1 line", 1) {
			t.Errorf("%q: %s", text, got)
		}
	}
}
