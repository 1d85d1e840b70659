//go:build linux

package lab

import (
	"strings"
	"testing"
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
			serve(t, server, "serve-tftp", tree)

			lan.Boot(firmware, folder(t)).WaitFor(kernelRuns, bootTime)
		})
	}
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

// TestHTTPBoot has UEFI boot shim from a URL, and shim GRUB: no flag but --http-url
// says what HTTP Boot gets.
func TestHTTPBoot(t *testing.T) {
	tree := tree(t)
	t.Parallel()
	takeMachine(t)
	lan := NewLAN(t)
	server := lan.Host(serverIP + prefixBits)
	dhcp := serveDHCP(t, server, "--http-url", "http://"+serverIP+"/")
	web := serve(t, server, "serve-http", tree)

	machine := lan.Boot(EFI, folder(t),
		"-fw_cfg", "name=opt/org.tianocore/IPv4PXESupport,string=no", "-fw_cfg", "name=opt/org.tianocore/IPv6PXESupport,string=no")
	machine.WaitFor("Welcome to GRUB!", bootTime)
	if !strings.Contains(dhcp.Out.String(), `"client":"http"`) || !strings.Contains(web.Out.String(), `"path":"//grubx64.efi","status":200`) {
		t.Errorf("the firmware did not boot by HTTP:\n%s\n%s", dhcp.Out.String(), web.Out.String())
	}
}
