package cmd

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pxe/dhcp/lease"
	"pxe/dhcp/leasefile"
	"pxe/plainfile"
)

type importOptions struct {
	leaseFileOptions
	format     leasefile.Format
	byClientID bool
	dryRun     bool
	files      []string
}

// formatAuto is a format that is seen from the file.
const formatAuto leasefile.Format = "auto"

func newLeasesImportCmd(s Streams) *cobra.Command {
	o := importOptions{format: formatAuto}
	cmd := &cobra.Command{
		Use:   "import FILE...",
		Short: "Take over the leases of another DHCP server",
		Long: `Take over the leases that have not ended from the lease files of ISC dhcpd
(dhcpd.leases), dnsmasq (dnsmasq.leases) or Kea's memfile (kea-leases4.csv), so that
machines keep their addresses when serve-dhcp takes the place of that server. End
that server before. Of several files about one address the last one counts: give the
files of Kea that end in .completed, .2 or .1 in this order before the one without.

Leases are the machine's with that MAC address, as serve-dhcp has it; for one with
--by-client-id give that flag here too. A lease that this server has already and
that ends later stays. What is left out is told with its line, the first ten alone;
under -v all, and also what had ended anyway. The answer is no (exit code 3) if a file has damaged lines, or a
lease that is refused.` + whoMakesIt + ` The file is made if there is none.`,
		Example: `  pxe leases import /var/lib/dhcp/dhcpd.leases --interface eth0
  pxe leases import /var/lib/misc/dnsmasq.leases --interface eth0 --dry-run -v
  pxe leases import kea-leases4.csv.2 kea-leases4.csv --lease-file /var/lib/pxe/dhcp-eth0.leases`,
		Args: someArgs("FILE"),
		RunE: func(_ *cobra.Command, args []string) error {
			o.files = args
			return runLeasesImport(s, o)
		},
	}
	f := cmd.Flags()
	enumFlag(cmd, &o.format, "format", "", "read the files as those of `SERVER`", formatAuto, leasefile.ISC, leasefile.Dnsmasq, leasefile.Kea)
	f.BoolVar(&o.byClientID, "by-client-id", false, "tell machines apart by option 61, not by their MAC alone (RFC 2131)")
	f.BoolVar(&o.dryRun, "dry-run", false, "tell what would be imported, and change nothing")
	o.addTo(cmd)
	return cmd
}

// importJSON is what came of an import.
type importJSON struct {
	Files    []importFileJSON `json:"files"`
	Imported int              `json:"imported"`
	// Checked tells that a running server held the leases against its subnets.
	Checked bool          `json:"checked"`
	DryRun  bool          `json:"dry_run,omitempty"`
	LeftOut []leftOutLine `json:"left_out"`
}

type importFileJSON struct {
	File   string `json:"file"`
	Format string `json:"format"` // "isc", "dnsmasq", "kea"
}

// leftOutLine is a line that gave no lease.
type leftOutLine struct {
	File    string      `json:"file"`
	Line    int         `json:"line"`
	Address *netip.Addr `json:"address,omitempty"`
	Reason  string      `json:"reason"`
	Fault   bool        `json:"fault,omitempty"` // damaged or refused, not merely over
	quiet   bool        // shown under -v alone
}

// foundLease is a record and its file.
type foundLease struct {
	leasefile.Record
	file string
}

func runLeasesImport(s Streams, o importOptions) error {
	result := importJSON{DryRun: o.dryRun, LeftOut: []leftOutLine{}}
	found := make(map[netip.Addr]foundLease)
	for _, name := range o.files {
		file, format, err := o.parse(name)
		if err != nil {
			return err
		}
		result.Files = append(result.Files, importFileJSON{name, string(format)})
		for _, r := range file.Records {
			found[r.Addr] = foundLease{r, name}
		}
		for _, l := range file.LeftOut {
			result.LeftOut = append(result.LeftOut, leftOutLine{File: name, Line: l.Line, Reason: l.Reason, Fault: l.Damaged})
		}
		if format == leasefile.Kea {
			result.LeftOut = append(result.LeftOut, o.otherKeaFiles(name)...)
		}
	}
	path, err := o.target(s)
	if err != nil {
		return err
	}
	edits, taken := o.edits(found, &result, time.Now())
	if err := o.apply(s, path, edits, taken, &result); err != nil {
		return err
	}
	slices.SortStableFunc(result.LeftOut, func(a, b leftOutLine) int {
		if a.File != b.File {
			return slices.Index(o.files, a.File) - slices.Index(o.files, b.File)
		}
		return a.Line - b.Line
	})
	if o.json() {
		if err := writeJSON(s.Out, result); err != nil {
			return err
		}
	} else {
		o.show(s, path, result)
	}
	if slices.ContainsFunc(result.LeftOut, func(l leftOutLine) bool { return l.Fault }) {
		return &noError{}
	}
	return nil
}

func (o *importOptions) parse(name string) (*leasefile.File, leasefile.Format, error) {
	f, err := plainfile.Open(name)
	if err != nil {
		return nil, "", explainIrregular(err)
	}
	defer f.Close()
	format := o.format
	if format == formatAuto {
		format = ""
	}
	file, format, err := leasefile.Parse(f, format)
	if errors.Is(err, leasefile.ErrFormat) {
		return nil, format, withHint(fmt.Errorf("%s: %w", name, err), "--format says whose file it is")
	}
	if err != nil {
		return nil, format, fmt.Errorf("%s: %w", name, err)
	}
	return file, format, nil
}

// otherKeaFiles are those beside one of Kea's that it has not merged into it yet.
func (o *importOptions) otherKeaFiles(name string) []leftOutLine {
	var lines []leftOutLine
	for _, end := range []string{".completed", ".2", ".1"} {
		if other := name + end; stat(other) != nil && !slices.Contains(o.files, other) {
			lines = append(lines, leftOutLine{File: name, Reason: "there is " + filepath.Base(other) + " beside it, with older leases: name it first"})
		}
	}
	return lines
}

// target is the file to import into. Its folder is made if no flag named it.
func (o *importOptions) target(s Streams) (string, error) {
	path, err := o.file(s)
	if err != nil || o.leaseFile != "" || o.dryRun {
		return path, err
	}
	return path, os.MkdirAll(filepath.Dir(path), 0o755)
}

// edits are the imports of what has not ended, and where each was found; the rest
// is left out.
func (o *importOptions) edits(found map[netip.Addr]foundLease, result *importJSON, now time.Time) (edits []lease.Edit, from []foundLease) {
	for _, addr := range slices.SortedFunc(maps.Keys(found), netip.Addr.Compare) {
		f := found[addr]
		leave := leftOutLine{File: f.file, Line: f.Line, Address: &f.Addr, quiet: true}
		key, ok := f.Key(o.byClientID)
		switch {
		case f.Over != "":
			leave.Reason = f.Over
		case !f.Expires.IsZero() && !now.Before(f.Expires):
			leave.Reason = "ended " + f.Expires.Format(time.RFC3339)
		case !ok:
			leave.Reason, leave.Fault, leave.quiet = "no hardware address says whose it is", true, false
		default:
			edits = append(edits, lease.Edit{Do: lease.EditImport, Addr: f.Addr, Key: key, Name: f.Name, Expires: f.Expires})
			from = append(from, f)
			continue
		}
		result.LeftOut = append(result.LeftOut, leave)
	}
	return edits, from
}

// apply makes the edits, or tries them if that is all that is wanted, and counts them.
func (o *importOptions) apply(s Streams, path string, edits []lease.Edit, from []foundLease, result *importJSON) error {
	if len(edits) == 0 {
		return nil
	}
	change := editLeases
	if o.dryRun {
		change = tryEdits
	}
	made, err := change(path, edits)
	made.file.warn(s, o.common)
	if err != nil {
		return err
	}
	result.Checked = made.byServer
	for i, out := range made.outcomes {
		if out.Error == "" {
			result.Imported++
			continue
		}
		f := from[i]
		result.LeftOut = append(result.LeftOut, leftOutLine{File: f.file, Line: f.Line, Address: &f.Addr, Reason: out.Error, Fault: true})
	}
	return nil
}

// maxLeftOut is how many lines that gave no lease are shown without -v.
const maxLeftOut = 10

func (o *importOptions) show(s Streams, path string, result importJSON) {
	over, told, more := 0, 0, 0
	for _, l := range result.LeftOut {
		if l.quiet && !o.verbose {
			over++
			continue
		}
		if told == maxLeftOut && !o.verbose {
			more++
			continue
		}
		told++
		where := l.File
		if l.Line > 0 {
			where = fmt.Sprintf("%s:%d", l.File, l.Line)
		}
		text := printable(l.Reason)
		if l.Address != nil && !strings.HasPrefix(text, l.Address.String()) {
			text = l.Address.String() + ": " + text
		}
		fmt.Fprintf(s.Out, "%s: left out: %s\n", where, text)
	}
	if more > 0 {
		fmt.Fprintf(s.Out, "left out as well: %d more; -v shows all\n", more)
	}
	did := "leases imported"
	if result.DryRun {
		did = "leases to import"
	}
	for _, f := range result.Files {
		fmt.Fprintf(s.Out, "read %s, a file of %s\n", f.File, serverNames[leasefile.Format(f.Format)])
	}
	fmt.Fprintf(s.Out, "%s into %s: %d\n", did, path, result.Imported)
	if !result.Checked && result.Imported > 0 {
		fmt.Fprintln(s.Out, "no running server was asked: nothing was checked against its subnets")
	}
	if over > 0 {
		fmt.Fprintf(s.Out, "leases left out that had ended: %d\n", over)
	}
}

var serverNames = map[leasefile.Format]string{leasefile.ISC: "ISC dhcpd", leasefile.Dnsmasq: "dnsmasq", leasefile.Kea: "Kea"}
