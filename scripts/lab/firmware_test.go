//go:build linux

package lab

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestSeparateServersBootDebian(t *testing.T) {
	tree := tree(t)
	for _, firmware := range []string{BIOS, EFI} {
		t.Run(firmware, func(t *testing.T) {
			t.Parallel()
			takeMachine(t)
			lan := NewLAN(t)
			server := lan.Host(serverIP + prefixBits)
			serveDHCP(t, server, "--range", firstIP+"-"+lastIP,
				"--bootfile-for", "bios=pxelinux.0", "--bootfile-for", "efi-x64=bootx64.efi")
			files := serve(t, server, "serve-tftp", tree)

			lan.Boot(firmware, folder(t)).WaitFor(kernelRuns, bootTime)
			wantRequests(t, files, fetches[firmware]...)
		})
	}
}

// fetches are what each program loads on the way, in how many blocks at a time of
// which size.
var fetches = map[string][]string{
	BIOS: {
		"pxelinux.0 done 1x1432", // the ROM, which is iPXE
		"ldlinux.c32 done 1x1408", "pxelinux.cfg/default done 1x1408", "linux done 1x1408", "initrd.gz done 1x1408",
	},
	EFI: {
		"bootx64.efi size_probe 4x1468", "bootx64.efi done 4x1468", // OVMF
		"grubx64.efi done 4x512", // shim
		"grub/grub.cfg done 1x1024", "linux done 1x1024", "initrd.gz done 1x1024",
	},
}

func TestProxyBootsDebianBesideForeignDHCP(t *testing.T) {
	tree := tree(t)
	boot := func(t *testing.T, firmware, bootfile, filesIP string) {
		t.Parallel()
		takeMachine(t)
		lan := NewLAN(t)
		foreign := lan.Host(foreignIP + prefixBits)
		dnsmasq(t, foreign, dnsmasqRange)
		own := lan.Host(serverIP + prefixBits)
		serveProxy(t, own, "--bootfile-for", firmware+"="+bootfile, "--next-server", filesIP)
		files := own
		if filesIP == foreignIP {
			files = foreign
		}
		serve(t, files, "serve-tftp", tree)

		lan.Boot(firmware, folder(t)).WaitFor(kernelRuns, bootTime)
	}
	t.Run(BIOS, func(t *testing.T) { boot(t, BIOS, "pxelinux.0", serverIP) })
	// GRUB takes its server from the siaddr of whoever gave the address, and never
	// hears of the proxy; dnsmasq puts its own address there. So the files that
	// GRUB loads must lie on the machine of the foreign DHCP server.
	t.Run(EFI, func(t *testing.T) { boot(t, EFI, "bootx64.efi", foreignIP) })
}

// httpOnly leaves UEFI nothing but HTTP Boot.
var httpOnly = []string{
	"-fw_cfg", "name=opt/org.tianocore/IPv4PXESupport,string=no", "-fw_cfg", "name=opt/org.tianocore/IPv6PXESupport,string=no",
}

// TestHTTPBoot has UEFI boot shim from a URL, and shim GRUB: no flag but --http-url
// says what HTTP Boot gets. There it ends: Debian's signed GRUB cannot speak HTTP.
func TestHTTPBoot(t *testing.T) {
	tree := tree(t)
	t.Parallel()
	takeMachine(t)
	lan := NewLAN(t)
	server := lan.Host(serverIP + prefixBits)
	dhcp := serveDHCP(t, server, "--http-url", "http://"+serverIP+"/")
	web := serve(t, server, "serve-http", tree)

	machine := lan.Boot(EFI, folder(t), httpOnly...)
	machine.WaitFor("Welcome to GRUB!", bootTime)
	if !strings.Contains(dhcp.Out.String(), `"client":"http"`) || !strings.Contains(web.Out.String(), `"path":"//grubx64.efi","status":200`) {
		t.Errorf("the firmware did not boot by HTTP:\n%s\n%s", dhcp.Out.String(), web.Out.String())
	}
}

// TestHTTPBootEndsInAKernel has UEFI boot iPXE from a URL, and iPXE a kernel and its
// initrd. There is no TFTP server.
func TestHTTPBootEndsInAKernel(t *testing.T) {
	t.Parallel()
	takeMachine(t)
	lan := NewLAN(t)
	root := ipxeTree(t)
	server := lan.Host(serverIP + prefixBits)
	advertise(t, lan)
	serveDHCP(t, server, "--http-url", "http://"+serverIP+"/", "--bootfile-for", EFI+"=ipxe.efi", "--bootfile-for", "ipxe="+ipxeURL)
	web := serve(t, server, "serve-http", root)

	lan.Boot(EFI, folder(t), httpOnly...).WaitFor(kernelRuns, bootTime)
	wantRequests(t, web, append([]string{"UefiHttpBoot HEAD /ipxe.efi 200", "UefiHttpBoot GET /ipxe.efi 200"}, fromIPXE...)...)
}

// httpGRUB is a tree with a GRUB that has the module for HTTP, which Debian's signed
// one has not.
func httpGRUB(t *testing.T) string {
	Need(t, "grub-mkimage", "/usr/lib/grub/x86_64-efi/http.mod")
	root := without(t)
	Command{Args: []string{
		"grub-mkimage", "-O", "x86_64-efi", "-p", "/grub", "-o", filepath.Join(root, "grub.efi"),
		"efinet", "http", "linux", "normal", "configfile", "serial", "terminal",
	}}.MustRun(t)
	return root
}

// TestHTTPBootByGRUB does it by such a GRUB, which looks for four lists of modules
// first that are not there.
func TestHTTPBootByGRUB(t *testing.T) {
	root := httpGRUB(t)
	t.Parallel()
	takeMachine(t)
	lan := NewLAN(t)
	server := lan.Host(serverIP + prefixBits)
	serveDHCP(t, server, "--http-url", "http://"+serverIP+"/", "--bootfile-for", EFI+"=grub.efi")
	web := serve(t, server, "serve-http", root)

	// On connections that stay open it would wait half a minute for each.
	lan.Boot(EFI, folder(t), httpOnly...).WaitFor(kernelRuns, 2*time.Minute)
	wantRequests(t, web, "UefiHttpBoot GET /grub.efi 200", "GRUB GET /grub/x86_64-efi/fs.lst 404",
		"GRUB GET /grub/grub.cfg 200", "GRUB GET /linux 200", "GRUB GET /initrd.gz 200")
}

// TestTryHTTPBoot has UEFI HTTP Boot end in a kernel on the Ethernet of pxe try, without
// privileges: by GRUB, and by iPXE.
func TestTryHTTPBoot(t *testing.T) {
	for _, tt := range []struct {
		name string
		tree func(*testing.T) string
		args []string
		want []string
	}{
		{"grub", httpGRUB, []string{"--bootfile", "grub.efi"}, []string{"path=/grub.efi status=200", "path=/grub/grub.cfg status=200"}},
		{"ipxe", ipxeTree, []string{"--bootfile", "ipxe.efi", "--ipxe", "http://192.0.2.1/boot.ipxe"},
			[]string{"path=/ipxe.efi status=200", "path=/boot.ipxe status=200"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root, home := tt.tree(t), folder(t)
			t.Parallel()
			takeMachine(t)
			r := Command{
				Args: append([]string{
					pxe(), "try", root, "--vm", "--http-boot", "--verbose", "--until", kernelRuns, "--timeout", bootTime.String(),
				}, tt.args...),
				Nobody: true,
				Env:    []string{"HOME=" + home, "TMPDIR=" + home},
				Wait:   bootTime + time.Minute,
			}.Run(t)
			for _, want := range append(tt.want, "path=/linux status=200", "path=/initrd.gz status=200") {
				if r.Code != 0 || !strings.Contains(r.Stderr, want) {
					t.Fatalf("exit code %d, or no %q in\n%s%s", r.Code, want, r.Stderr, r.Stdout)
				}
			}
			if strings.Contains(r.Stderr, "tftp") {
				t.Errorf("something came by TFTP:\n%s", r.Stderr)
			}
		})
	}
}
