package cmd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"pxe/probe"
	"pxe/wire"
)

// probeClientOptions are the flags of `pxe probe-client`.
type probeClientOptions struct {
	common
	iface     string
	firmware  firmware
	mac       net.HardwareAddr
	uuid      [16]byte // in the order of the wire
	head      int64
	timeout   time.Duration
	faithful  bool
	keepLease bool
}

func newProbeClientCmd(s Streams) *cobra.Command {
	o := probeClientOptions{firmware: firmwareEFI}
	cmd := &cobra.Command{
		Use:   "probe-client --interface IF [flags]",
		Short: "Boot as a machine's firmware would, and say where it stops",
		Long: `Walk the boot chain as a network boot firmware does, on a real network, and end
with a verdict in one sentence: would this machine boot, and if not, what would
its screen show, why, and what is to be done.

The probe is a host of its own on the interface, with a hardware address of its
own: the interface needs no address, and the machine's own network is not
disturbed. It sends what the firmware sends, takes the offer that the firmware
takes, fetches the boot program, and goes on as PXELINUX, shim and GRUB do, to
the kernel and initrd of the default entry. Nothing of what it fetches is run.
The lease is released at the end.

A DHCP server on this machine and this interface does not hear the probe; give it
one end of a veth pair, or try ` + "`pxe try`" + `.

The exit code is 3 when the machine would not boot. Raw frames need root or
CAP_NET_RAW.`,
		Example: `  pxe probe-client --interface eth0                        what happens to a UEFI machine here?
  pxe probe-client --interface eth0 --firmware bios        and to a BIOS machine?
  pxe probe-client --interface eth0 --mac 52:54:00:12:34:56   as the machine that will not boot
  pxe probe-client --interface eth0 --head -o json         quickly, for a script`,
		Args: func(cmd *cobra.Command, args []string) error {
			err := noArgs(cmd, args)
			if err != nil && cmd.Flags().Changed("head") {
				return withHint(err, "its size needs an equals sign: --head=%s", args[0])
			}
			return err
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return runProbeClient(cmd.Context(), s, o) },
	}
	o.addTo(cmd)
	f := cmd.Flags()
	f.StringVarP(&o.iface, "interface", "i", "", "probe through the Ethernet interface `IF`")
	enumFlag(cmd, &o.firmware, "firmware", "f", "behave as this firmware", firmwareBIOS, firmwareEFI)
	f.Var(newValue(&o.mac, "MAC", parseMAC, nil), "mac", "ask with this hardware address (default: one made of the interface's, the same at every run)")
	f.Var(newValue(&o.uuid, "uuid", parseProbeUUID, nil), "uuid", "ask as the machine with this `UUID`, as PXELINUX prints it (dmidecode swaps the first three groups)")
	f.Var(newValue(&o.head, "size", parseSize, nil), "head", "fetch no more than the first `SIZE` bytes of a kernel or initrd (64K without a size)")
	f.Lookup("head").NoOptDefVal = "64K"
	f.Var(newValue(&o.timeout, "duration", parseTimeout, nil), "timeout", "wait no longer than `DURATION` for an answer (default: as long as the firmware, a minute for offers)")
	f.BoolVar(&o.faithful, "faithful", false, "wait whenever the firmware does, though the outcome is known")
	f.BoolVar(&o.keepLease, "keep-lease", false, "do not release the address at the end")
	_ = cmd.RegisterFlagCompletionFunc("interface", completeInterfaces)
	return cmd
}

func runProbeClient(ctx context.Context, s Streams, o probeClientOptions) error {
	if o.iface == "" {
		return withHint(usagef("--interface is missing"), "interfaces of this machine: %s", strings.Join(interfaces(), ", "))
	}
	profile, err := profileOf(o.firmware)
	if err != nil {
		return err
	}
	mac := o.mac
	if mac == nil {
		if mac, err = probeMAC(o.iface); err != nil {
			return err
		}
	}
	link, err := wire.OpenInterface(o.iface)
	if err != nil {
		return explainLink(err, o.iface)
	}
	host, err := wire.NewHost(link, wire.HostConfig{MAC: mac})
	if err != nil {
		return errors.Join(err, link.Close())
	}
	defer host.Close()
	report, err := showProbe(ctx, s, o.common, probe.Config{
		Network: probeNetwork{host}, Profile: profile, UUID: o.uuid, Head: o.head,
		Timeout: o.timeout, Faithful: o.faithful, KeepLease: o.keepLease,
	})
	if err != nil {
		return err
	}
	if o.json() {
		if err := writeJSON(s.Out, reportToJSON(report)); err != nil {
			return err
		}
	}
	if !report.Verdict.WouldBoot {
		return &noError{}
	}
	return nil
}

func profileOf(f firmware) (probe.Profile, error) {
	p, ok := probe.FindProfile(string(f))
	if !ok {
		return p, usagef("no firmware %q", f)
	}
	return p, nil
}

// probeNetwork makes a host the network of a probe.
type probeNetwork struct{ *wire.Host }

// ListenDHCP implements probe.Network.
func (n probeNetwork) ListenDHCP(port uint16) (net.PacketConn, error) {
	conn, err := n.Host.ListenDHCP(port)
	if err != nil {
		return nil, err
	}
	return conn, nil
}

// probeMAC is the hardware address that a probe through an interface uses, so
// that repeated probes share one lease: the interface's own, marked as locally
// administered, with one more bit turned where it was marked already.
func probeMAC(iface string) (net.HardwareAddr, error) {
	i, err := net.InterfaceByName(iface)
	if err != nil {
		err = fmt.Errorf("interface %s: %w", iface, errors.Unwrap(err))
		return nil, withHint(err, "interfaces of this machine: %s", strings.Join(interfaces(), ", "))
	}
	if len(i.HardwareAddr) != 6 {
		return nil, fmt.Errorf("interface %s is not an Ethernet interface", iface)
	}
	return localMAC(i.HardwareAddr), nil
}

func localMAC(mac net.HardwareAddr) net.HardwareAddr {
	const local, other = 0x02, 0x04
	mac = append(net.HardwareAddr(nil), mac...)
	if mac[0]&local != 0 {
		mac[0] ^= other
	}
	mac[0] |= local
	return mac
}

// explainLink adds the next step to an interface that cannot be opened.
func explainLink(err error, iface string) error {
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return withHint(err, "a real interface can be probed on Linux alone; `pxe try` works everywhere")
	case errors.Is(err, os.ErrPermission):
		return withHint(err, "run it as root, or once: setcap cap_net_raw+ep %s", thisProgram())
	case errors.Is(err, syscall.ENETDOWN):
		return withHint(err, "bring it up with: ip link set %s up", iface)
	}
	return err
}

// thisProgram is the file that is running, as a word for a shell.
func thisProgram() string {
	path, err := os.Executable()
	if err != nil {
		return `"$(command -v pxe)"`
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

// parseProbeUUID reads a UUID whose text is in the order of its bytes on the
// wire; any will do, for firmware sends the strangest.
func parseProbeUUID(s string) ([16]byte, error) {
	u, err := uuid.Parse(s)
	if err != nil {
		return u, fmt.Errorf("%q is not a UUID: want ccbbaa77-2211-4443-8001-020304050607", s)
	}
	return u, nil
}
