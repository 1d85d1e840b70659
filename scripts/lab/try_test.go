//go:build linux

package lab

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// bootTime is how long a machine may take from power to its kernel's first
// process. Two emulated machines on two busy cores need about a minute.
const bootTime = 5 * time.Minute

// kernelRuns is what Debian's kernel writes when it starts the initrd's first process.
const kernelRuns = "Run /init"

func TestTryBootsDebianOnRealFirmwareWithoutPrivileges(t *testing.T) {
	tree := tree(t)
	for _, firmware := range []string{BIOS, EFI} {
		t.Run(firmware, func(t *testing.T) {
			t.Parallel()
			takeMachine(t)
			home := folder(t)
			capture := filepath.Join(home, "wire.pcap")
			r := Command{
				Args: []string{
					pxe(), "try", tree, "--vm", "--firmware", firmware,
					"--until", kernelRuns, "--timeout", bootTime.String(), "--pcap", capture,
				},
				Nobody: true,
				Env:    []string{"HOME=" + home, "TMPDIR=" + home},
				Wait:   bootTime + time.Minute,
			}.Run(t)
			if r.Code != 0 || !strings.Contains(r.Stdout+r.Stderr, kernelRuns) {
				t.Fatalf("exit code %d\n%s\n%s", r.Code, r.Stdout, r.Stderr)
			}
			left, err := os.ReadDir(home)
			if err != nil || len(left) != 1 {
				t.Errorf("left behind beside the capture: %v, %v", left, err)
			}
			Need(t, "tcpdump")
			frames := Command{Args: []string{"tcpdump", "-n", "-r", capture}}.MustRun(t)
			if !strings.Contains(frames, "BOOTP/DHCP") || !strings.Contains(frames, "TFTP") {
				t.Errorf("the capture holds no DHCP or no TFTP: %d bytes of text", len(frames))
			}
		})
	}
}

func TestTryWithoutAnythingInstalledWouldBoot(t *testing.T) {
	home := folder(t)
	for _, firmware := range []string{BIOS, EFI} {
		r := Command{
			Args:   []string{pxe(), "try", "--firmware", firmware},
			Nobody: true,
			Env:    []string{"HOME=" + home, "TMPDIR=" + home, "PATH=/nonexistent"},
		}.Run(t)
		if r.Code != 0 || !strings.Contains(r.Stdout, "would boot") {
			t.Errorf("%s: exit code %d\n%s\n%s", firmware, r.Code, r.Stdout, r.Stderr)
		}
	}
}
