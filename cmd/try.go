package cmd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/spf13/cobra"

	"pxe/demo"
	"pxe/probe"
	"pxe/wire"
)

// tryOptions are the flags of `pxe try`.
type tryOptions struct {
	common
	tree     string
	firmware firmware
	bootfile string
	ipxe     string // what iPXE gets
	httpBoot bool
	mac      net.HardwareAddr
	uuid     []byte // in the order of the wire
	vm       bool
	until    string
	timeout  time.Duration
	pcap     string
	memory   int
	accel    accelerator
}

// accelerator is how QEMU runs the machine.
type accelerator string

const (
	accelTCG accelerator = "tcg" // everywhere, slowly
	accelKVM accelerator = "kvm" // Linux on real hardware
)

func newTryCmd(s Streams) *cobra.Command {
	opts := tryOptions{
		firmware: firmwareEFI, accel: accelTCG, timeout: 3 * time.Minute,
		// As QEMU's first card, of both machines.
		mac: net.HardwareAddr{0x52, 0x54, 0x00, 0x12, 0x34, 0x56},
	}
	cmd := &cobra.Command{
		Use:   "try [TREE] [flags]",
		Short: "Boot a tree on an Ethernet inside this process",
		Long: `Boot the files in TREE without touching a network: DHCP, TFTP and HTTP servers
and a machine run on an Ethernet inside this process. No privileges, no free
port and no second machine are needed.

The machine is a simulated one, which walks the chain as the firmware would and
says where it would stop and why. With --vm it is a real one: QEMU with SeaBIOS
or OVMF, whose serial console is shown. TREE may also be a .zip or .iso file, or a
directory in one: x.iso//install. Without TREE a small built-in tree is used,
whose boot programs print one line.`,
		Example: `  pxe try                                     the whole chain, with the built-in tree
  pxe try /srv/tftp --firmware bios           would this tree boot a BIOS machine?
  pxe try /srv/tftp --vm --until 'Run /init'  boot it for real, until the kernel is up
  pxe try /srv/http --vm --http-boot          by UEFI HTTP Boot
  pxe try /srv/ipxe --bootfile ipxe.efi --ipxe http://192.0.2.1/boot.ipxe --vm
  pxe try --pcap try.pcap                     and look at every packet afterwards`,
		Args: optionalArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				opts.tree = args[0]
			}
			return runTry(cmd.Context(), s, opts)
		},
	}
	opts.addTo(cmd)
	f := cmd.Flags()
	enumFlag(cmd, &opts.firmware, "firmware", "f", "the machine's firmware", firmwareBIOS, firmwareEFI)
	f.StringVar(&opts.bootfile, "bootfile", "", "hand out `NAME` (default: what serve-dhcp hands out, or the first program in TREE that suits the firmware)")
	f.StringVar(&opts.ipxe, "ipxe", "", "hand out `URL` to iPXE: its script (default: as to other machines)")
	f.BoolVar(&opts.httpBoot, "http-boot", false, "with --vm: boot by UEFI HTTP Boot, without PXE")
	f.Var(newValue(&opts.mac, "MAC", parseMAC, net.HardwareAddr.String), "mac", "the machine's hardware address")
	f.Var(newValue(&opts.uuid, "UUID", parseWireUUID, nil), "uuid", "the machine's UUID, as PXELINUX prints it (dmidecode swaps the first three groups)")
	f.BoolVar(&opts.vm, "vm", false, "boot a virtual machine (QEMU) in place of the simulated one")
	f.StringVar(&opts.until, "until", "", "with --vm: end with success once `TEXT` is on the console")
	f.Var(newValue(&opts.timeout, "duration", parseTimeout, time.Duration.String), "timeout", "give up after `DURATION`")
	f.StringVar(&opts.pcap, "pcap", "", "keep a capture of the wire in `FILE`")
	f.IntVar(&opts.memory, "memory", 1024, "with --vm: the machine's memory in `MIB`")
	enumFlag(cmd, &opts.accel, "accel", "", "with --vm: QEMU's accelerator", accelTCG, accelKVM)
	return cmd
}

func (o *tryOptions) validate() error {
	switch {
	case !o.vm && o.until != "":
		return withHint(usagef("--until needs a console to watch"), "add --vm")
	case o.httpBoot && (!o.vm || o.firmware != firmwareEFI):
		return withHint(usagef("--http-boot is for virtual machines with UEFI"), "add --vm --firmware "+string(firmwareEFI))
	case o.memory < 64:
		return usagef("--memory %d: want at least 64 MiB", o.memory)
	}
	return nil
}

// tryResult is what `pxe try -o json` prints.
type tryResult struct {
	Boots    bool        `json:"boots"`
	Tree     string      `json:"tree"`
	Firmware firmware    `json:"firmware"`
	Bootfile string      `json:"bootfile"`
	Note     string      `json:"note,omitempty"` // on the boot file
	VM       *vmJSON     `json:"vm,omitempty"`
	Probe    *reportJSON `json:"probe,omitempty"`
}

// runTry sets the network up, boots one machine on it and says how it went.
func runTry(ctx context.Context, s Streams, o tryOptions) (err error) {
	if err := o.validate(); err != nil {
		return err
	}
	tree, err := openTree(o.tree)
	if err != nil {
		return err
	}
	defer tree.close()
	result := tryResult{Tree: tree.title, Firmware: o.firmware}
	if o.bootfile == "" {
		if o.bootfile, result.Note, err = tree.bootfile(o.firmware.arch()); err != nil {
			return err
		}
	}
	result.Bootfile = o.bootfile
	if o.tree == "" && o.vm && o.until == "" {
		o.until = demoMessage(o.firmware)
	}
	if o.ipxe != "" {
		if err := tree.checkIPXE(o.ipxe); err != nil {
			return err
		}
	}
	sw := wire.NewSwitch()
	stopCapture, err := capture(sw, o.pcap)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopCapture()) }()
	servers, err := startTryServers(ctx, s, o, sw, tree)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, servers.stop()) }()

	if !o.json() {
		printTryHeader(s, result)
	}
	if result.Boots, err = result.boot(ctx, s, o, sw); err != nil {
		return err
	}
	if o.json() {
		if err := writeJSON(s.Out, result); err != nil {
			return err
		}
	}
	if !result.Boots {
		return &noError{}
	}
	return nil
}

// boot boots the machine, shows what happens unless the result is to be JSON,
// and reports whether the machine came up. Where a virtual machine did not, the
// simulated one is asked why, if it can do the same.
func (r *tryResult) boot(ctx context.Context, s Streams, o tryOptions, sw *wire.Switch) (bool, error) {
	if o.vm {
		bounded, cancel := context.WithTimeout(ctx, o.timeout)
		defer cancel()
		vm, err := tryVM(bounded, s, o, sw)
		if err != nil {
			return false, err
		}
		r.VM = vm
		if !o.json() {
			printVM(s, vm)
		}
		if vm.Seen || vm.Until == "" || ctx.Err() != nil || o.httpBoot {
			return vm.Seen || vm.Until == "", ctx.Err()
		}
		if !o.json() {
			fmt.Fprintln(s.Out, "the simulated machine, on the same servers:")
			defer func() { r.explain(s) }()
		}
	}
	report, err := trySimulated(ctx, s, o, sw)
	if err != nil {
		return false, err
	}
	r.Probe = reportToJSON(report)
	return report.Verdict.WouldBoot && !o.vm, nil
}

// trySimulated lets a simulated machine walk the chain, on an Ethernet where
// nobody else can answer, so that it need not wait for a second offer.
func trySimulated(ctx context.Context, s Streams, o tryOptions, sw *wire.Switch) (*probe.Report, error) {
	profile, err := profileOf(o.firmware)
	if err != nil {
		return nil, err
	}
	host, err := wire.NewHost(sw.Port("machine"), wire.HostConfig{MAC: o.mac})
	if err != nil {
		return nil, err
	}
	defer host.Close()
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	cfg := probe.Config{
		Network: probeNetwork{host}, Profile: profile, Settle: time.Millisecond, Timeout: tryPatience,
	}
	copy(cfg.UUID[:], o.uuid)
	report, err := showProbe(ctx, s, o.common, cfg)
	if err != nil && ctx.Err() == context.DeadlineExceeded {
		return nil, withHint(fmt.Errorf("gave up after %s", o.timeout), "give it more time with --timeout")
	}
	return report, err
}

// tryPatience is how long our own servers may be silent.
const tryPatience = 10 * time.Second

// explain closes the report on a virtual machine that did not come up.
func (r *tryResult) explain(s Streams) {
	if r.Probe == nil || !r.Probe.Verdict.WouldBoot {
		return
	}
	fmt.Fprintln(s.Out, "so the files are there and fit; why the machine did not come up is on its console, above")
}

// demoMessage is what the built-in tree's program prints.
func demoMessage(f firmware) string {
	if f == firmwareBIOS {
		return demo.BIOSMessage
	}
	return demo.EFIMessage
}

// capture keeps every frame on the wire in a file, when one is named. The
// returned function ends it.
func capture(sw *wire.Switch, file string) (stop func() error, err error) {
	if file == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(file)
	if err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	w, err := wire.NewPcapWriter(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	remove := sw.Tap(w.Record)
	return func() error {
		remove()
		return errors.Join(w.Close(), f.Close())
	}, nil
}

// printTryHeader says what is going to boot.
func printTryHeader(s Streams, r tryResult) {
	st := newStyles(s, s.Out, s.OutTTY)
	fmt.Fprintf(s.Out, "%s %s, tree %s, boot file %s\n", st.bold.Render("pxe try:"), r.Firmware.arch().Title(), r.Tree, r.Bootfile)
	if r.Note != "" {
		fmt.Fprintf(s.Out, "%s %s\n", st.warn.Render("note:"), r.Note)
	}
}
