//go:build linux

package lab

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pxe/fault"
)

// verdict is the end of what `pxe probe-client -o json` prints.
type verdict struct {
	WouldBoot bool   `json:"would_boot"`
	Fault     string `json:"fault"`
	Stage     string `json:"stage"`
	Sentence  string `json:"sentence"`
}

// probe plugs a simulated client into the Ethernet and lets it judge.
func probe(t *testing.T, lan *LAN, firmware string) (verdict, Result) {
	t.Helper()
	r := Command{Net: lan.Host(), Args: []string{
		pxe(), "probe-client", "--interface", "eth0", "--firmware", firmware, "--output", "json",
		"--timeout", "20s", // the firmware hopes for an offer for a minute
	}}.Run(t)
	var report struct {
		Verdict verdict `json:"verdict"`
	}
	if err := json.Unmarshal([]byte(r.Stdout), &report); err != nil {
		t.Fatalf("exit code %d, %v\n%s%s", r.Code, err, r.Stdout, r.Stderr)
	}
	return report.Verdict, r
}

// nbp is the boot program of the lab's tree for a firmware.
var nbp = map[string]string{BIOS: "pxelinux.0", EFI: "bootx64.efi"}

// without is the lab's tree with some files missing.
func without(t *testing.T, names ...string) string {
	t.Helper()
	from, to := tree(t), folder(t)
	for _, name := range []string{
		"pxelinux.0", "ldlinux.c32", "pxelinux.cfg/default",
		"bootx64.efi", "grubx64.efi", "grub/grub.cfg", "linux", "initrd.gz",
	} {
		if slices.Contains(names, name) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(to, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Link(filepath.Join(from, name), filepath.Join(to, name)); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// servers starts what one case is served by, on a host at serverIP.
type servers func(t *testing.T, net *Net, root, bootfile string)

func ours(t *testing.T, net *Net, root, bootfile string) {
	t.Helper()
	serveDHCP(t, net, "--range", firstIP+"-"+lastIP, "--bootfile-for", "bios="+bootfile, "--bootfile-for", "efi-x64="+bootfile)
	serve(t, net, "serve-tftp", root)
}

func theirs(t *testing.T, net *Net, root, bootfile string) {
	t.Helper()
	dnsmasq(t, net, append(dnsmasqTFTP(root), dnsmasqRange, "--dhcp-boot="+bootfile)...)
}

func TestProbeJudgesDnsmasqAsItJudgesOurs(t *testing.T) {
	tree := tree(t)
	for _, firmware := range []string{BIOS, EFI} {
		for name, start := range map[string]servers{"ours": ours, "dnsmasq": theirs} {
			t.Run(firmware+" "+name, func(t *testing.T) {
				t.Parallel()
				lan := NewLAN(t)
				start(t, lan.Host(serverIP+prefixBits), tree, nbp[firmware])
				got, r := probe(t, lan, firmware)
				if !got.WouldBoot || got.Fault != "" || r.Code != 0 {
					t.Errorf("%+v, exit code %d\n%s%s", got, r.Code, r.Stdout, r.Stderr)
				}
			})
		}
	}
}

func TestProbeNamesTheFault(t *testing.T) {
	noTFTP := func(t *testing.T, net *Net, root, bootfile string) {
		dnsmasq(t, net, dnsmasqRange, "--dhcp-boot="+bootfile)
	}
	deadTFTP := func(t *testing.T, net *Net, root, bootfile string) {
		dnsmasq(t, net, dnsmasqRange, "--dhcp-boot="+bootfile+",,192.168.122.99")
	}
	noBootfile := func(t *testing.T, net *Net, root, bootfile string) {
		dnsmasq(t, net, append(dnsmasqTFTP(root), dnsmasqRange)...)
	}
	// Option 60 without 43 sends the client to port 4011, where nobody is.
	class := func(t *testing.T, net *Net, root, bootfile string) {
		dnsmasq(t, net, append(dnsmasqTFTP(root), dnsmasqRange, "--dhcp-boot="+bootfile,
			"--dhcp-option-force=60,PXEClient")...)
	}
	classOnly := func(t *testing.T, net *Net, root, bootfile string) {
		dnsmasq(t, net, append(dnsmasqTFTP(root), dnsmasqRange, "--dhcp-option-force=60,PXEClient")...)
	}
	for _, c := range []struct {
		name     string
		firmware string
		start    servers
		missing  string
		bootfile string // "" means the right one
		want     string
	}{
		{"no boot file name", BIOS, noBootfile, "", "", fault.NoBootFile},
		{"no boot file name", EFI, noBootfile, "", "", fault.NoBootFile},
		{"boot file missing", BIOS, theirs, "pxelinux.0", "", fault.BootFileMissing},
		{"boot file missing", EFI, theirs, "bootx64.efi", "", fault.BootFileMissing},
		{"BIOS file for UEFI", EFI, theirs, "", "pxelinux.0", fault.BIOSNBPForUEFI},
		{"UEFI file for BIOS", BIOS, theirs, "", "bootx64.efi", fault.EFINBPForBIOS},
		{"ldlinux.c32 missing", BIOS, theirs, "ldlinux.c32", "", fault.LdlinuxMissing},
		{"configuration missing", BIOS, theirs, "pxelinux.cfg/default", "", fault.ConfigNotFound},
		{"GRUB missing", EFI, theirs, "grubx64.efi", "", fault.ShimSecondStageMissing},
		{"GRUB configuration missing", EFI, theirs, "grub/grub.cfg", "", fault.GRUBConfigNotFound},
		{"kernel missing", BIOS, theirs, "linux", "", fault.KernelMissing},
		{"kernel missing", EFI, theirs, "linux", "", fault.KernelMissing},
		{"initrd missing", BIOS, theirs, "initrd.gz", "", fault.InitrdMissing},
		{"initrd missing", EFI, theirs, "initrd.gz", "", fault.InitrdMissing},
		{"TFTP server down", BIOS, noTFTP, "", "", fault.TFTPRefused},
		{"TFTP server down", EFI, noTFTP, "", "", fault.TFTPRefused},
		{"machine of the TFTP server down", BIOS, deadTFTP, "", "", fault.ServerUnreachable},
		{"machine of the TFTP server down", EFI, deadTFTP, "", "", fault.ServerUnreachable},
		{"60 without 43, no 4011", BIOS, classOnly, "", "", fault.BootServerSilent},
		{"60 without 43, no 4011", EFI, class, "", "", fault.BootServerSilent},
	} {
		t.Run(c.name+" "+c.firmware, func(t *testing.T) {
			t.Parallel()
			bootfile := c.bootfile
			if bootfile == "" {
				bootfile = nbp[c.firmware]
			}
			lan := NewLAN(t)
			c.start(t, lan.Host(serverIP+prefixBits), without(t, c.missing), bootfile)
			got, r := probe(t, lan, c.firmware)
			if got.Fault != c.want || got.WouldBoot || r.Code != 3 {
				t.Errorf("fault %q (exit code %d), want %q (3): %s\n%s%s", got.Fault, r.Code, c.want, got.Sentence, r.Stdout, r.Stderr)
			}
		})
	}
}

// TestProbeNamesGRUBsServer shows the trap of shim and GRUB behind a proxy:
// GRUB asks the machine that gave the address.
func TestProbeNamesGRUBsServer(t *testing.T) {
	t.Parallel()
	lan := NewLAN(t)
	dnsmasq(t, lan.Host(foreignIP+prefixBits), dnsmasqRange)
	own := lan.Host(serverIP + prefixBits)
	serveProxy(t, own, "--bootfile-for", EFI+"="+nbp[EFI])
	serve(t, own, "serve-tftp", tree(t))
	got, r := probe(t, lan, EFI)
	if got.Fault != fault.GRUBWrongServer || r.Code != 3 {
		t.Errorf("fault %q (exit code %d), want %q (3): %s\n%s%s", got.Fault, r.Code, fault.GRUBWrongServer, got.Sentence, r.Stdout, r.Stderr)
	}
}
