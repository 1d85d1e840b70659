//go:build linux

package lab

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pxe/wire"
)

// ipxeScript boots Debian's installer from where the script came from. The ROM of
// QEMU's card is iPXE itself: it goes to undionly.kpxe, which is given the script
// once more, and has another driver for the card.
const ipxeScript = `#!ipxe
iseq ${net0/chip} virtio-net && iseq ${platform} pcbios && chain tftp://${next-server}/undionly.kpxe ||
kernel linux console=ttyS0,115200 initrd=initrd.gz
initrd initrd.gz
boot
`

// fromIPXE is what iPXE fetches for that script.
var fromIPXE = []string{"iPXE GET /boot.ipxe 200", "iPXE GET /linux 200", "iPXE GET /initrd.gz 200"}

const ipxeURL = "http://" + serverIP + "/boot.ipxe"

// ipxeTree is the lab's tree with iPXE for both firmwares and the script.
func ipxeTree(t *testing.T) string {
	t.Helper()
	root := without(t)
	for _, name := range []string{"ipxe.efi", "undionly.kpxe"} {
		Need(t, "/usr/lib/ipxe/"+name)
		program, err := os.ReadFile("/usr/lib/ipxe/" + name)
		if err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(root, name), string(program))
	}
	put(t, filepath.Join(root, "boot.ipxe"), ipxeScript)
	return root
}

// advertise plugs in a router, without which iPXE waits thirteen seconds for one.
func advertise(t *testing.T, lan *LAN) {
	t.Helper()
	var link wire.Link
	var err error
	lan.Host().Do(func() { link, err = wire.OpenInterface("eth0") })
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- wire.AnswerSolicitations(link) }()
	t.Cleanup(func() {
		link.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestIPXEChain has firmware load iPXE by TFTP, and iPXE a kernel and its initrd by
// HTTP, as its script says.
func TestIPXEChain(t *testing.T) {
	for firmware, loader := range map[string][]string{
		BIOS: {"undionly.kpxe done 1x1432"},
		EFI:  {"ipxe.efi size_probe 4x1468", "ipxe.efi done 4x1468"},
	} {
		t.Run(firmware, func(t *testing.T) {
			t.Parallel()
			takeMachine(t)
			lan := NewLAN(t)
			root := ipxeTree(t)
			server := lan.Host(serverIP + prefixBits)
			advertise(t, lan)
			serveDHCP(t, server, "--bootfile", "undionly.kpxe", "--bootfile-for", "efi-x64=ipxe.efi", "--bootfile-for", "ipxe="+ipxeURL)
			files := serve(t, server, "serve-tftp", root)
			web := serve(t, server, "serve-http", root)

			lan.Boot(firmware, folder(t)).WaitFor(kernelRuns, bootTime)
			wantRequests(t, files, loader...)
			wantRequests(t, web, fromIPXE...)
		})
	}
}

// TestTryChainsIPXE has the BIOS machine do the same on the Ethernet of pxe try, without
// privileges: its ROM is given the script's URL.
func TestTryChainsIPXE(t *testing.T) {
	t.Parallel()
	takeMachine(t)
	root, home := ipxeTree(t), folder(t)
	r := Command{
		Args: []string{
			pxe(), "try", root, "--vm", "--firmware", BIOS, "--bootfile", "http://192.0.2.1/boot.ipxe", "--verbose",
			"--until", kernelRuns, "--timeout", bootTime.String(),
		},
		Nobody: true,
		Env:    []string{"HOME=" + home, "TMPDIR=" + home},
		Wait:   bootTime + time.Minute,
	}.Run(t)
	for _, want := range []string{
		`msg="tftp done" client=192.0.2.194:`, "file=undionly.kpxe",
		"path=/boot.ipxe status=200", "path=/linux status=200", "path=/initrd.gz status=200",
	} {
		if r.Code != 0 || !strings.Contains(r.Stderr, want) {
			t.Fatalf("exit code %d, or no %q in\n%s%s", r.Code, want, r.Stderr, r.Stdout)
		}
	}
}
