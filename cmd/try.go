package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"time"

	"github.com/spf13/cobra"

	"pxe/boot"
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
	vm       bool
	until    string
	timeout  time.Duration
	pcap     string
	memory   int
	accel    string
}

// firmware names what kind of machine boots.
type firmware string

// The machines that try and probe-client play.
const (
	firmwareBIOS firmware = "bios"
	firmwareEFI  firmware = "efi-x64"
)

// arch is what the machine says it is in option 93.
func (f firmware) arch() boot.Arch {
	if f == firmwareBIOS {
		return boot.ArchBIOS
	}
	return boot.ArchEFIX64
}

func newTryCmd(s Streams) *cobra.Command {
	opts := tryOptions{firmware: firmwareEFI}
	cmd := &cobra.Command{
		Use:   "try [TREE] [flags]",
		Short: "Boot a tree on an Ethernet inside this process",
		Long: `Boot the files in TREE without touching a network: DHCP, TFTP and HTTP servers
and a machine run on an Ethernet inside this process. No privileges, no free
port and no second machine are needed.

The machine is a simulated one, which walks the chain as the firmware would and
says where it would stop and why. With --vm it is a real one: QEMU with SeaBIOS
or OVMF, whose serial console is shown. Without TREE a small built-in tree is
used, whose boot programs print one line.`,
		Example: `  pxe try                                     the whole chain, with the built-in tree
  pxe try /srv/tftp --firmware bios           would this tree boot a BIOS machine?
  pxe try /srv/tftp --vm --until 'Run /init'  boot it for real, until the kernel is up
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
	f.StringVar(&opts.bootfile, "bootfile", "", "hand out `NAME` (default: the first boot program in TREE that suits the firmware)")
	f.BoolVar(&opts.vm, "vm", false, "boot a virtual machine (QEMU) in place of the simulated one")
	f.StringVar(&opts.until, "until", "", "with --vm: end with success once `TEXT` is on the console")
	f.DurationVar(&opts.timeout, "timeout", 3*time.Minute, "give up after this time")
	f.StringVar(&opts.pcap, "pcap", "", "keep a capture of the wire in `FILE`")
	f.IntVar(&opts.memory, "memory", 1024, "with --vm: the machine's memory in `MIB`")
	f.StringVar(&opts.accel, "accel", "tcg", "with --vm: QEMU's `ACCELERATOR`, tcg or kvm")
	return cmd
}

func (o *tryOptions) validate() error {
	switch {
	case o.timeout <= 0:
		return usagef("--timeout %s: want a time above zero", o.timeout)
	case !o.vm && o.until != "":
		return withHint(usagef("--until needs a console to watch"), "add --vm")
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
	VM       *vmJSON     `json:"vm,omitempty"`
	Probe    *reportJSON `json:"probe,omitempty"`
}

// runTry sets the network up, boots one machine on it and says how it went.
func runTry(ctx context.Context, s Streams, o tryOptions) (err error) {
	if err := o.validate(); err != nil {
		return err
	}
	tree, title, err := openTree(o.tree)
	if err != nil {
		return err
	}
	if o.bootfile == "" {
		if o.bootfile, err = findBootfile(tree, o.firmware.arch()); err != nil {
			return err
		}
	}
	if o.tree == "" && o.vm && o.until == "" {
		o.until = demoMessage(o.firmware)
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

	result := tryResult{Tree: title, Firmware: o.firmware, Bootfile: o.bootfile}
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
// simulated one is asked why.
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
		if vm.Seen || vm.Until == "" || ctx.Err() != nil {
			return vm.Seen || vm.Until == "", ctx.Err()
		}
		if !o.json() {
			fmt.Fprintln(s.Out, "the simulated machine, on the same servers:")
		}
	}
	report, err := trySimulated(ctx, s, o, sw)
	if err != nil {
		return false, err
	}
	r.Probe = reportToJSON(report)
	return report.Verdict.WouldBoot && !o.vm, nil
}

// trySimulated lets a simulated machine walk the chain.
func trySimulated(ctx context.Context, s Streams, o tryOptions, sw *wire.Switch) (*probe.Report, error) {
	host, err := wire.NewHost(sw.Port("machine"), wire.HostConfig{MAC: tryMAC()})
	if err != nil {
		return nil, err
	}
	defer host.Close()
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	return runProbe(ctx, s, o.common, host, string(o.firmware))
}

// tryMAC is the address of the machine, the same at every run, of the kind that
// QEMU gives: a pxelinux.cfg/01-52-54-00-12-34-56 is for the simulated machine
// as for the virtual one.
func tryMAC() net.HardwareAddr { return net.HardwareAddr{0x52, 0x54, 0x00, 0x12, 0x34, 0x56} }

// demoMessage is what the built-in tree's program prints.
func demoMessage(f firmware) string {
	if f == firmwareBIOS {
		return demo.BIOSMessage
	}
	return demo.EFIMessage
}

// openTree opens the directory to boot from, or the built-in tree.
func openTree(dir string) (tree fs.FS, title string, err error) {
	if dir == "" {
		return demo.FS(), "built in", nil
	}
	root, err := openRoot(dir)
	if err != nil {
		return nil, "", err
	}
	return root.FS(), dir, nil
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
}
