package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"pxe/dhcp"
	"pxe/dhcp/lease"
	"pxe/dhcp/once"
	"pxe/plainfile"
)

// leaseDir names the lease file if no flag did, and makes its folder then. One
// that was named has to be in a folder that is there: it may be misspelt.
func (d *dhcpServer) leaseDir(s Streams) error {
	named := d.o.leaseFile != ""
	if !named {
		d.o.leaseFile = defaultLeaseFile(s, d.names()...)
	}
	var err error
	if d.o.leaseFile, err = leaseTarget(d.o.leaseFile); err != nil {
		return err
	}
	dir := filepath.Dir(d.o.leaseFile)
	_, err = os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist) && named:
		return withHint(fmt.Errorf("lease file %s: there is no folder %s", d.o.leaseFile, dir), "make it with `mkdir -p %s`, or correct --lease-file", dir)
	case errors.Is(err, fs.ErrNotExist):
		if err = os.MkdirAll(dir, 0o755); err == nil {
			d.view.log.Info("made the folder of the leases", "folder", dir)
		}
	}
	if err != nil {
		return withHint(fmt.Errorf("lease file: %w", err), "choose another place with --lease-file")
	}
	return nil
}

// openOnce opens the list of one-time boots, if the configuration has any. One of
// a file may get some while the server runs.
func (d *dhcpServer) openOnce(s Streams) error {
	ofHosts := slices.ContainsFunc(d.cfg.Hosts, func(h dhcp.Host) bool { return h.Once })
	if d.o.configFile == "" && !ofHosts && !slices.ContainsFunc(d.cfg.Rules, func(r dhcp.Rule) bool { return r.Once }) {
		return nil
	}
	if err := d.leaseDir(s); err != nil { // a proxy keeps no leases, and has the folder for this
		return err
	}
	var err error
	if d.once, err = once.Open(onceFile(d.o.leaseFile)); err != nil {
		return explainOnce(fmt.Errorf("one-time boots: %w", err))
	}
	return nil
}

func (d *dhcpServer) openLeases(s Streams) error {
	if d.cfg.Proxy {
		return nil
	}
	if err := d.leaseDir(s); err != nil {
		return err
	}
	path := d.o.leaseFile
	var err error
	d.leases, err = lease.Open(path, d.cfg.Pools(), time.Now())
	if errors.Is(err, lease.ErrLocked) {
		return withHint(fmt.Errorf("lease file %w", err), "a server runs with it already; a second one needs another --lease-file")
	}
	if err != nil {
		return explainLeaseFile(err)
	}
	d.cleanup = append(d.cleanup, d.leases.Close)
	lossOf(path, d.leases).tell(d.view.log)
	return nil
}

// leaseFileLoss is what could not be read of a lease file.
type leaseFileLoss struct {
	path   string
	lines  int
	copied string // the file as it was; "": it still is
}

func lossOf(path string, store *lease.Store) leaseFileLoss {
	lines, copied := store.Damaged()
	return leaseFileLoss{path, lines, copied}
}

// tell warns of it.
func (l leaseFileLoss) tell(log *slog.Logger) {
	switch {
	case l.lines == 0:
	case l.copied == "":
		log.Warn("some leases could not be read", "file", l.path, "lines", l.lines)
	default:
		log.Warn("some leases could not be read and are lost", "file", l.path, "lines", l.lines, "copy", l.copied)
	}
}

// warn is tell for the commands.
func (l leaseFileLoss) warn(s Streams, c common) { l.tell(newLogger(s, c)) }

// leaseTarget is the file that the name of a lease file means. Whoever names a link
// to it has the same lock, socket and list of one-time boots beside it.
func leaseTarget(path string) (string, error) {
	target, err := plainfile.Target(path)
	if err != nil {
		return "", explainLeaseFile(err)
	}
	return target, nil
}

// explainLeaseFile tells what failed, and what to do; nil stays nil.
func explainLeaseFile(err error) error {
	if err == nil {
		return nil
	}
	hint := leaseFileHint(err, os.Geteuid() == 0)
	if errors.Is(err, lease.ErrFormat) { // "leases: not a lease file of pxe"
		err = fmt.Errorf("lease file %w", err)
	} else {
		err = fmt.Errorf("lease file: %w", err)
	}
	if hint == "" {
		return err
	}
	return withHint(err, "%s", hint)
}

// leaseFileHint is what to do about a lease file that cannot be had; "" is not known.
func leaseFileHint(err error, root bool) string {
	switch {
	case errors.Is(err, fs.ErrPermission) && !root:
		return "the file is another user's: run the command as that one, with sudo for root's; or choose another file with --lease-file"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "make room on that disk: the file is written anew beside the old one, which is as it was; or choose another place with --lease-file"
	case errors.Is(err, lease.ErrFormat), errors.Is(err, fs.ErrPermission), errors.Is(err, plainfile.ErrIrregular), errors.Is(err, syscall.EROFS):
		return "choose another file with --lease-file"
	}
	return ""
}

// defaultLeaseFile is where the leases of a server on those interfaces are: one
// server has one file.
func defaultLeaseFile(s Streams, ifaces ...string) string {
	name := "dhcp.leases"
	if len(ifaces) == 1 {
		name = "dhcp-" + ifaces[0] + ".leases"
	}
	return filepath.Join(stateDir(s, os.Geteuid() == 0), name)
}

// stateDir is where leases are kept: what systemd says, else the system's place
// for root, else the user's.
func stateDir(s Streams, root bool) string {
	if dir := s.getenv("STATE_DIRECTORY"); dir != "" {
		first, _, _ := strings.Cut(dir, ":")
		return first
	}
	if root {
		return "/var/lib/pxe"
	}
	if dir := s.getenv("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "pxe")
	}
	return filepath.Join(s.getenv("HOME"), ".local", "state", "pxe")
}
