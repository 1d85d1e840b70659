//go:build linux

package lab

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFirmwareThatHadItsBoot has real firmware ask a server that knows it had its
// one boot: it goes on to its next boot device and asks for no file.
func TestFirmwareThatHadItsBoot(t *testing.T) {
	for firmware, goesOn := range map[string]string{BIOS: "No more network devices", EFI: "BdsDxe: failed to load"} {
		t.Run(firmware, func(t *testing.T) {
			t.Parallel()
			takeMachine(t)
			lan := NewLAN(t)
			host := lan.Host(serverIP + prefixBits)
			root := folder(t)
			leases := filepath.Join(folder(t), "leases")
			server := serve(t, host, "serve-dhcp", "--interface", "eth0", "--force", "--once", "--lease-file", leases)
			files := serve(t, host, "serve-tftp", root)
			if err := os.WriteFile(leases+".once", []byte("pxe once 1\n52:54:00:12:34:56 done 1760000000\n"), 0o644); err != nil {
				t.Fatal(err)
			}

			machine := lan.Boot(firmware, folder(t))
			server.WaitFor(`"rule":"booted once already"`, bootTime)
			machine.WaitFor(goesOn, bootTime)
			if strings.Contains(files.Out.String(), `"event":"request"`) {
				t.Errorf("it asks for files:\n%s", files.Out.String())
			}
		})
	}
}
