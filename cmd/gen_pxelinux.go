package cmd

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/google/renameio/v2/maybe"
	"github.com/spf13/cobra"

	"pxe/bootcfg"
	"pxe/plainfile"
)

type genPXELINUXOptions struct {
	menu   bootcfg.Menu
	output string
	mac    net.HardwareAddr
	uuid   []byte
	ip     netip.Prefix
	force  bool
	json   bool
}

func newGenPXELINUXCmd(s Streams) *cobra.Command {
	var o genPXELINUXOptions
	cmd := &cobra.Command{
		Use:   "gen-pxelinux [flags]",
		Short: "Write a PXELINUX configuration",
		Long: `Write a configuration for PXELINUX, to standard output or into the boot tree.

Each --label begins an entry, and the --title, --kernel, --initrd, --append and
--text after it are about that entry, so the order of the flags matters. A single
entry needs no --label. The first entry is the default unless --default says
another. Nothing waits for a key unless --timeout, --prompt or --ui asks for it.

Files are relative to the folder of pxelinux.0. "::path" counts from the root of
the TFTP server; lpxelinux.0 and syslinux.efi take URLs as well.

With --output DIR, the folder of pxelinux.0, the text goes to the file that
PXELINUX looks up: DIR/pxelinux.cfg/default, or with --mac, --uuid or --ip the one
for these machines, and the name of the file is printed. A file that already says
the same is left alone; one that says something else is replaced only by --force.`,
		Example: `  pxe gen-pxelinux --kernel debian/linux --initrd debian/initrd.gz --append 'vga=788 --- quiet'
  pxe gen-pxelinux --output /srv/tftp --timeout 10s --ui menu.c32 \
      --label install --title 'Install ^Debian' --kernel debian/linux --initrd debian/initrd.gz \
      --label rescue --kernel debian/linux --initrd debian/initrd.gz --append rescue/enable=true \
      --local-boot --title 'Boot from disk'
  pxe gen-pxelinux --output /srv/tftp --mac 52:54:00:12:34:56 --serial 0,115200 \
      --kernel linux --initrd initrd.gz --append console=ttyS0,115200n8`,
		Args: func(cmd *cobra.Command, args []string) error {
			err := noArgs(cmd, args)
			if err != nil && cmd.Flags().Changed("local-boot") {
				return withHint(err, "its name needs an equals sign: --local-boot=%s", args[0])
			}
			return err
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if !cmd.Flags().Changed("prompt") { // a time limit is of no use without something to wait in
				o.menu.Prompt = o.menu.Timeout > 0 && o.menu.UI == ""
			}
			return runGenPXELINUX(s, o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false // an entry's flags stay together
	e := entryFlags{&o.menu}
	f.Var(eachValue(e.label), "label", "begin an entry called `NAME`")
	f.Var(eachValue(e.title), "title", "show `TEXT` for the entry; ^ before a letter makes it a hot key")
	f.Var(eachValue(e.kernel), "kernel", "boot the kernel in `FILE`")
	f.Var(eachValue(e.initrd), "initrd", "give the kernel the initrd in `FILE` (repeatable)")
	f.Var(eachValue(e.append), "append", "give the kernel the arguments in `TEXT`")
	f.Var(eachValue(e.text), "text", "show `TEXT` when the entry is chosen, a line each (repeatable)")
	f.Var(eachValue(e.localBoot), "local-boot", "begin an entry called `NAME` (local) that boots from the local disk")
	f.Lookup("local-boot").NoOptDefVal = "local"
	f.StringVar(&o.menu.Title, "menu-title", "", "show `TEXT` above the menu")
	f.StringVar(&o.menu.Default, "default", "", "boot the entry called `NAME` when nobody touches a key (the first)")
	f.Var(newValue(&o.menu.Timeout, "duration", parseDuration, nil), "timeout", "wait `DURATION` for a key, at a prompt unless there is a --ui")
	f.BoolVar(&o.menu.Prompt, "prompt", false, "wait at a prompt, for ever without --timeout")
	f.StringVar(&o.menu.UI, "ui", "", "show the menu with `MODULE`, such as menu.c32, which must be in the tree with its libraries")
	f.Var(newValue(&o.menu.Serial, "port", parseSerial, nil), "serial", "use a serial console: `PORT[,BAUD]` (115200 baud)")
	f.StringVarP(&o.output, "output", "o", "", "write into the boot tree in `DIR`")
	f.Var(newValue(&o.mac, "mac", parseMAC, nil), "mac", "write for the machine with the hardware address `MAC`")
	f.Var(newValue(&o.uuid, "uuid", parseWireUUID, nil), "uuid", "write for the machine with `UUID`, as PXELINUX prints it (dmidecode swaps the first three groups)")
	f.Var(newValue(&o.ip, "address", parseHexPrefix, nil), "ip", "write for the machine with `ADDRESS`, or those of a network (/24, /16, ...)")
	f.BoolVar(&o.force, "force", false, "replace a file that says something else")
	f.BoolVar(&o.json, "json", false, "print the result of --output as JSON")
	_ = cmd.MarkFlagDirname("output")
	_ = cmd.RegisterFlagCompletionFunc("ui", cobra.FixedCompletions([]string{"menu.c32", "vesamenu.c32"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func runGenPXELINUX(s Streams, o genPXELINUXOptions) error {
	name, err := o.fileName()
	if err != nil {
		return err
	}
	if len(o.menu.Entries) == 0 {
		return withHint(usagef("there is nothing to boot"), "name a kernel with --kernel FILE, or give --local-boot")
	}
	if o.menu.Default == "" {
		o.menu.Default = o.menu.Entries[0].Name
	}
	text, err := bootcfg.PXELINUX(o.menu)
	if err != nil {
		return &usageError{fmt.Errorf("the menu is not valid:\n%w", err)}
	}
	if o.output == "" {
		_, err := s.Out.Write(text)
		return err
	}
	file := filepath.Join(o.output, filepath.FromSlash(name))
	changed, err := writeTreeFile(o.output, file, text, o.force)
	if err != nil {
		return err
	}
	for _, missing := range missingFiles(o.output, o.menu) {
		st := newStyles(s, s.Err, s.ErrTTY)
		fmt.Fprintf(s.Err, "%s %s is not in %s\n", st.warn.Render("warning:"), missing, o.output)
	}
	if o.json {
		return writeJSON(s.Out, genJSON{Path: file, Size: len(text), Changed: changed})
	}
	fmt.Fprintln(s.Out, file)
	return nil
}

// genJSON is the result of a generator that writes into a boot tree.
type genJSON struct {
	Path    string `json:"path"`
	Size    int    `json:"size_bytes"`
	Changed bool   `json:"changed"` // false: the file said the same before
}

// fileName is the file that PXELINUX looks up, below the folder of pxelinux.0.
func (o genPXELINUXOptions) fileName() (string, error) {
	given := 0
	for _, is := range []bool{o.mac != nil, o.uuid != nil, o.ip.IsValid()} {
		if is {
			given++
		}
	}
	switch {
	case given > 1:
		return "", usagef("only one of --mac, --uuid and --ip can name the file")
	case given == 1 && o.output == "":
		return "", withHint(usagef("--mac, --uuid and --ip name a file, and nothing is to be written to one"), "add --output DIR")
	case o.mac != nil:
		return bootcfg.PXELINUXNameMAC(1, o.mac), nil
	case o.uuid != nil:
		return bootcfg.PXELINUXNameUUID(o.uuid)
	case o.ip.IsValid():
		return bootcfg.PXELINUXNameIP(o.ip)
	}
	return bootcfg.PXELINUXDefault, nil
}

// writeTreeFile writes a file below a boot tree that exists, readable for every
// server. It reports whether anything changed.
func writeTreeFile(tree, file string, text []byte, force bool) (changed bool, err error) {
	if info, err := os.Stat(tree); errors.Is(err, fs.ErrNotExist) {
		return false, withHint(fmt.Errorf("no such directory: %s", tree), "name the folder that holds pxelinux.0")
	} else if err != nil {
		return false, err
	} else if !info.IsDir() {
		return false, withHint(fmt.Errorf("%s is not a directory", tree), "name the folder that holds pxelinux.0")
	}
	old, err := plainfile.Read(file)
	switch {
	case err == nil && bytes.Equal(old, text):
		return false, nil
	case err == nil && !force:
		return false, withHint(fmt.Errorf("%s exists and says something else", file), "--force replaces it")
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return false, err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return false, err
	}
	return true, maybe.WriteFile(file, text, 0o644)
}

// missingFiles lists what the menu names below the tree and is not there. Names
// on other servers, or from the server's root, cannot be told.
func missingFiles(tree string, m bootcfg.Menu) []string {
	names := []string{m.UI}
	for _, e := range m.Entries {
		names = append(append(names, e.Kernel), e.Initrds...)
	}
	var missing []string
	seen := map[string]bool{}
	for _, name := range names {
		if name == "" || seen[name] || bootcfg.ResolvePXELINUX("", name) != name {
			continue
		}
		seen[name] = true
		if strings.Contains(name, "://") || exists(filepath.Join(tree, filepath.FromSlash(name))) {
			continue
		}
		missing = append(missing, name)
	}
	return missing
}

// entryFlags builds the menu's entries as the flags come. What is said before
// any --label is about an entry called linux.
type entryFlags struct{ menu *bootcfg.Menu }

func (f entryFlags) current() *bootcfg.Entry {
	if len(f.menu.Entries) == 0 {
		f.menu.Entries = append(f.menu.Entries, bootcfg.Entry{Name: "linux"})
	}
	return &f.menu.Entries[len(f.menu.Entries)-1]
}

func (f entryFlags) label(name string) error {
	f.menu.Entries = append(f.menu.Entries, bootcfg.Entry{Name: name})
	return nil
}

func (f entryFlags) localBoot(name string) error {
	normal := 0
	f.menu.Entries = append(f.menu.Entries, bootcfg.Entry{Name: name, Local: &normal})
	return nil
}

func (f entryFlags) title(s string) error  { return setOnce(&f.current().Title, s) }
func (f entryFlags) kernel(s string) error { return setOnce(&f.current().Kernel, s) }
func (f entryFlags) append(s string) error { return setOnce(&f.current().Append, s) }

func (f entryFlags) initrd(s string) error {
	e := f.current()
	e.Initrds = append(e.Initrds, s)
	return nil
}

func (f entryFlags) text(s string) error {
	e := f.current()
	if e.Help != "" {
		e.Help += "\n"
	}
	e.Help += s
	return nil
}

// setOnce sets a value that an entry has one of. The second is most likely meant
// for another entry, whose --label was forgotten.
func setOnce(p *string, s string) error {
	if *p != "" {
		return fmt.Errorf("the entry has %q already; begin another with --label", *p)
	}
	*p = s
	return nil
}

// eachValue is a flag that hands every value it is given to a function, in the
// order of the command line.
type eachValue func(string) error

func (f eachValue) Set(s string) error { return f(s) }
func (f eachValue) Type() string       { return "string" }
func (f eachValue) String() string     { return "" }

// parseSerial reads "0" or "0,9600".
func parseSerial(s string) (*bootcfg.Serial, error) {
	port, baud, ok := strings.Cut(s, ",")
	if !ok {
		baud = "115200"
	}
	p, errPort := strconv.Atoi(port)
	b, errBaud := strconv.Atoi(baud)
	if errPort != nil || errBaud != nil {
		return nil, fmt.Errorf("%q is not a serial port: want 0 or 0,115200", s)
	}
	return &bootcfg.Serial{Port: p, Baud: b}, nil
}

// parseWireUUID reads a UUID whose text is in the order of its bytes.
func parseWireUUID(s string) ([]byte, error) {
	raw, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	if err != nil || len(raw) != 16 {
		return nil, fmt.Errorf("%q is not a UUID: want ccbbaa77-2211-4443-8001-020304050607", s)
	}
	_, err = bootcfg.PXELINUXNameUUID(raw)
	return raw, err
}

// parseHexPrefix reads an IPv4 address or a network of whole hexadecimal digits.
func parseHexPrefix(s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	if err != nil {
		addr, addrErr := netip.ParseAddr(s)
		if addrErr != nil || !addr.Is4() {
			return netip.Prefix{}, fmt.Errorf("%q is not an IPv4 address: want 192.168.122.7 or 192.168.122.0/24", s)
		}
		p = netip.PrefixFrom(addr, addr.BitLen())
	}
	_, err = bootcfg.PXELINUXNameIP(p)
	return p, err
}
