package cmd

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/spf13/cobra"

	"pxe/dhcp"
	"pxe/dhcp/lease"
)

// The changes of leases that a running server makes for a command.
const whoMakesIt = `

A running server does it at once; where none runs, the file is changed. Done means
that it is on the disk.`

func newLeasesReleaseCmd(s Streams) *cobra.Command {
	return newLeasesEndCmd(s, lease.EditRelease, cobra.Command{
		Use:   "release ADDR|MAC...",
		Short: "End leases, so that others may have the addresses",
		Long: `End the lease of an address or of a machine, as if the machine had released it, or
the rest of an address that was declined. A machine that is still there does not
know, and goes on with the address until it asks for more time: release what is
left of machines that are gone.` + whoMakesIt,
		Example: `  pxe leases release 192.168.122.107
  pxe leases release 52:54:00:12:34:56 --interface eth0`,
	})
}

func newLeasesUnreserveCmd(s Streams) *cobra.Command {
	return newLeasesEndCmd(s, lease.EditUnreserve, cobra.Command{
		Use:   "unreserve ADDR|MAC...",
		Short: "End reservations made by `pxe leases reserve`",
		Long: `End reservations by address or machine. The machine keeps a lease that it has until
that ends.` + whoMakesIt,
		Example: `  pxe leases unreserve 192.168.122.50
  pxe leases unreserve 52:54:00:12:34:56 --interface eth0`,
	})
}

// newLeasesEndCmd completes a command that puts an end to something.
func newLeasesEndCmd(s Streams, do lease.EditKind, cmd cobra.Command) *cobra.Command {
	var o leaseFileOptions
	cmd.Args = someArgs("ADDR|MAC")
	cmd.RunE = func(_ *cobra.Command, args []string) error { return runLeasesEnd(s, o, do, args) }
	o.addTo(&cmd)
	return &cmd
}

func newLeasesReserveCmd(s Streams) *cobra.Command {
	var o leaseFileOptions
	var name string
	cmd := &cobra.Command{
		Use:   "reserve MAC ADDR",
		Short: "Keep an address for one machine",
		Long: `Keep an address of a subnet, in its ranges or not, for one machine, which gets it the
next time that it asks. A machine has one such address, and the hosts of the
configuration go before. An address that another machine has is free for this one
when the lease of that one ends; it is not renewed.` + whoMakesIt,
		Example: `  pxe leases reserve 52:54:00:12:34:56 192.168.122.50
  pxe leases reserve 52:54:00:12:34:56 192.168.122.50 --name node1 --interface eth0`,
		Args: exactArgs("MAC", "ADDR"),
		RunE: func(_ *cobra.Command, args []string) error {
			mac, err := parseMAC(args[0])
			if err != nil {
				return &usageError{err}
			}
			addr, err := parseIPv4(args[1])
			if err != nil {
				return &usageError{err}
			}
			if len(name) > 255 {
				return usagef("--name is longer than 255 bytes")
			}
			return runLeasesReserve(s, o, lease.Edit{Do: lease.EditReserve, Addr: addr, Key: dhcp.KeyOfMAC(mac), Name: name})
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "note the `NAME` of the machine, for people to read")
	o.addTo(cmd)
	return cmd
}

// runLeasesEnd ends leases or reservations.
func runLeasesEnd(s Streams, o leaseFileOptions, do lease.EditKind, args []string) error {
	path, err := o.file(s)
	if err != nil {
		return err
	}
	store, err := o.read(path)
	if err != nil {
		return err
	}
	now := time.Now()
	leases := store.Leases(now)
	var edits []lease.Edit
	for _, arg := range args {
		if addr, err := netip.ParseAddr(arg); err == nil {
			edits = append(edits, lease.Edit{Do: do, Addr: addr})
			continue
		}
		mac, err := parseMAC(arg)
		if err != nil {
			return &usageError{fmt.Errorf("%q is neither an IPv4 nor a MAC address", arg)}
		}
		of := editsOf(do, leases, mac, now)
		if len(of) == 0 {
			return &noError{fmt.Errorf("%s has no %s", mac, map[lease.EditKind]string{lease.EditRelease: "lease", lease.EditUnreserve: "reservation"}[do])}
		}
		edits = append(edits, of...)
	}
	return applyEdits(s, o, path, edits)
}

// editsOf are the edits that end all that a machine has.
func editsOf(do lease.EditKind, leases []lease.Lease, mac net.HardwareAddr, now time.Time) []lease.Edit {
	var edits []lease.Edit
	key := dhcp.KeyOfMAC(mac)
	for _, l := range leases {
		reservation := l.State == lease.Reserved
		live := l.State == lease.Bound && !l.Expired(now)
		if l.Key == key && (do == lease.EditUnreserve && reservation || do == lease.EditRelease && live) {
			edits = append(edits, lease.Edit{Do: do, Addr: l.Addr, Key: key})
		}
	}
	return edits
}

func runLeasesReserve(s Streams, o leaseFileOptions, e lease.Edit) error {
	path, err := o.file(s)
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); err != nil { // or a misspelt name would be a new file
		_, err = o.read(path)
		return err
	}
	return applyEdits(s, o, path, []lease.Edit{e})
}

// editedLineJSON is what came of one change.
type editedLineJSON struct {
	Do      string     `json:"do"`
	Address netip.Addr `json:"address"`
	leaseClient
	Done  bool   `json:"done"`
	Error string `json:"error,omitempty"`
	// Holder has the address that was reserved until its lease ends.
	Holder *leaseLineJSON `json:"holder,omitempty"`
}

// applyEdits makes changes, and tells of each. The answer is no when one was not
// made.
func applyEdits(s Streams, o leaseFileOptions, path string, edits []lease.Edit) error {
	made, err := editLeases(path, edits)
	made.file.warn(s, o.common)
	if err != nil {
		return err
	}
	now := time.Now()
	lines := make([]editedLineJSON, len(edits))
	var refused error
	for i, out := range made.outcomes {
		e := edits[i]
		line := editedLineJSON{Do: string(e.Do), Address: e.Addr, leaseClient: clientOf(out.Lease.Key), Done: out.Error == "", Error: out.Error}
		if out.Lease.Key == "" {
			line.leaseClient = clientOf(e.Key)
		}
		if out.Holder != nil {
			holder := leaseRow{Lease: *out.Holder, state: out.Holder.State.String()}
			line.Holder = new(leaseLineJSON)
			*line.Holder = holder.json()
		}
		lines[i] = line
		if out.Error != "" {
			refused = errors.Join(refused, errors.New(out.Error))
			continue
		}
		if o.json() {
			continue
		}
		fmt.Fprintf(s.Out, "%s %s%s\n", e.Addr, editWords[e.Do], forClient(line.leaseClient))
		if out.Holder != nil {
			fmt.Fprintln(s.Out, held(*out.Holder, now))
		}
	}
	if o.json() {
		if err := writeJSON(s.Out, lines); err != nil {
			return err
		}
	}
	if refused != nil {
		return &noError{refused}
	}
	return nil
}

func forClient(c leaseClient) string {
	if text := c.String(); text != "" {
		return " (" + text + ")"
	}
	return ""
}

// held says who has an address that was reserved for another.
func held(l lease.Lease, now time.Time) string {
	row := leaseRow{Lease: l}
	if l.State == lease.Declined {
		return "the address rests, as a stranger uses it; that ends " + row.ends(now)
	}
	return fmt.Sprintf("%s has the address; its lease ends %s", clientOf(l.Key), row.ends(now))
}
