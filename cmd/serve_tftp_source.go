package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"

	"pxe/plainfile"
	"pxe/tftp"
)

// bootTrees are several trees; the first one that has a file serves it.
type bootTrees []*bootTree

func openAll(paths []string) (bootTrees, error) {
	var trees bootTrees
	for _, path := range paths {
		tree, err := openFiles(path)
		if err != nil {
			trees.close()
			return nil, err
		}
		trees = append(trees, tree)
	}
	return trees, nil
}

func (t bootTrees) close() {
	for _, tree := range t {
		_ = tree.close() // was only read
	}
}

func (t bootTrees) folders() []string {
	var all []string
	for _, tree := range t {
		all = append(all, tree.folders()...)
	}
	return all
}

// source finds files in the trees, as the flags say; log learns where it does not
// look.
func (o serveTFTPOptions) source(trees bootTrees, log *slog.Logger) (tftp.Source, error) {
	var exact, loose []tftp.Source
	for _, tree := range trees {
		exact = append(exact, tree.tftp)
		if o.looseNames {
			loose = append(loose, tftp.LooseNames(tree.files, tree.tftp, func(dir string) {
				log.Warn("too many files in a folder for --loose-names: there, names must be as they are asked for", "root", tree.title, "folder", dir)
			}))
		}
	}
	source := tftp.Chain(append(exact, loose...)...)
	switch o.perClient {
	case perClientIP:
		source = tftp.PerClient(tftp.IPFolders, source)
	case perClientMAC:
		if !knowsNeighbours {
			return nil, withHint(usagef("--per-client mac works on Linux only"), "use --per-client ip")
		}
		source = tftp.PerClient(tftp.MACFolders(neighbourMAC), source)
	}
	for _, prefix := range o.stripPrefixes {
		source = tftp.StripPrefix(prefix, source)
	}
	return source, nil
}

// rewrite is what the map file makes of names; nil without one.
func (o serveTFTPOptions) rewrite() (func(string, tftp.Op, netip.Addr) (string, error), error) {
	if o.mapFile == "" {
		return nil, nil
	}
	f, err := plainfile.Open(o.mapFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, withHint(usagef("no such file: %s", o.mapFile), "--map wants a map file of tftpd-hpa")
	case err != nil:
		return nil, &usageError{readable(err, o.mapFile)}
	}
	defer f.Close()
	rules, err := tftp.ParseRules(f, o.mapFile)
	if errors.Is(err, tftp.ErrRuleSize) {
		return nil, withHint(&usageError{fmt.Errorf("--map: %w", err)}, "the work for one name is bounded: make it several rules, or repeat less ({n} of at most 1000 in all)")
	}
	if err != nil {
		return nil, withHint(&usageError{fmt.Errorf("--map: %w", err)}, "the rules are those of `man tftpd`, FILENAME REMAPPING")
	}
	return rules.Rewrite, nil
}
