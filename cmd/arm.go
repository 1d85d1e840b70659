package cmd

import (
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/spf13/cobra"

	"pxe/dhcp/once"
	"pxe/plainfile"
)

type armOptions struct {
	leaseFileOptions
	list bool
	macs []net.HardwareAddr
}

func newArmCmd(s Streams) *cobra.Command {
	var o armOptions
	cmd := &cobra.Command{
		Use:   "arm MAC...",
		Short: "Let a machine boot from the network once more",
		Long: `Let machines boot from the network one more time, of those that serve-dhcp --once
sends to their disk after their first boot. --list shows what it knows of each:
"booting" until an operating system asks for an address, or for ten minutes, then
"done". Machines that are not listed are armed.

The list is in a file beside that of the leases, which is found by the interface
of the server or named by --lease-file; neither is needed where there is one alone. A
running server takes note at once.`,
		Example: `  pxe arm 52:54:00:12:34:56 --interface eth0
  pxe arm --list --interface eth0
  pxe arm 52:54:00:12:34:56 --lease-file /var/lib/pxe/dhcp-eth0.leases`,
		RunE: func(_ *cobra.Command, args []string) error {
			if err := o.check(args); err != nil {
				return err
			}
			return runArm(s, o)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.list, "list", false, "show what is known, and arm nobody")
	o.leaseFileOptions.addTo(cmd)
	return cmd
}

func (o *armOptions) check(args []string) error {
	switch {
	case o.list && len(args) > 0:
		return usagef("--list arms nobody, and wants no MAC")
	case !o.list && len(args) == 0:
		return withHint(usagef("missing argument MAC"), "--list shows the machines that had their boot")
	}
	for _, arg := range args {
		mac, err := parseMAC(arg)
		if err != nil {
			return &usageError{err}
		}
		o.macs = append(o.macs, mac)
	}
	return nil
}

// onceFile is the file of one-time boots beside a lease file.
func onceFile(leaseFile string) string { return leaseFile + ".once" }

// armedJSON is what is known of a machine.
type armedJSON struct {
	MAC   string     `json:"mac"`
	State string     `json:"state"`           // "armed", "booting", "done"
	Since *time.Time `json:"since,omitempty"` // of "booting" and "done"
}

func runArm(s Streams, o armOptions) error {
	leases, err := o.file(s)
	if err != nil {
		return err
	}
	path := onceFile(leases)
	if o.list {
		return listArmed(s, o, path)
	}
	if stat(path) == nil && stat(leases) == nil { // or a misspelt name would be a new file
		return withHint(fmt.Errorf("no machine has had its one boot: there is no %s", path),
			"only serve-dhcp --once keeps such a list; name its interfaces as on its command line, or its --lease-file")
	}
	had, err := once.Arm(path, o.macs...)
	if err != nil {
		return explainOnce(err)
	}
	if o.json() {
		lines := []armedJSON{}
		for _, mac := range o.macs {
			lines = append(lines, armedJSON{MAC: mac.String(), State: once.Armed.String()})
		}
		return writeJSON(s.Out, lines)
	}
	for _, mac := range o.macs {
		text := "was armed already"
		for _, e := range had {
			if e.MAC.String() == mac.String() {
				text = fmt.Sprintf("armed; it was %s since %s", e.State, e.Since.Format(time.DateTime))
			}
		}
		fmt.Fprintf(s.Out, "%s %s\n", mac, text)
	}
	return nil
}

func explainOnce(err error) error {
	if errors.Is(err, once.ErrFormat) || errors.Is(err, plainfile.ErrIrregular) {
		return withHint(err, "name the lease file of a server, not another file")
	}
	return err
}

func listArmed(s Streams, o armOptions, path string) error {
	entries, err := once.Read(path)
	if err != nil {
		return explainOnce(err)
	}
	if o.json() {
		lines := []armedJSON{}
		for _, e := range entries {
			since := e.Since.UTC()
			lines = append(lines, armedJSON{e.MAC.String(), e.State.String(), &since})
		}
		return writeJSON(s.Out, lines)
	}
	if len(entries) == 0 {
		fmt.Fprintf(s.Out, "no machine has had its one boot, says %s\n", path)
	}
	for _, e := range entries {
		fmt.Fprintf(s.Out, "%s  %-7s  since %s\n", e.MAC, e.State, e.Since.Format(time.DateTime))
	}
	return nil
}
