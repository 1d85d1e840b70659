package cmd

import (
	"fmt"
	"log/slog"
	"mime"
	"time"

	"github.com/landlock-lsm/go-landlock/landlock"
	landlocksys "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/cap"
)

// confine takes from the whole process, every thread of it, what it does not
// need: a fault in it is then worth less to whoever finds one.
//
// Where it needs files, one capability stays if it was there: root reads and
// writes whosever files as before, or a server that was started from a user's
// folder with sudo would fail only when it rewrites its leases, days later. With
// Landlock that goes for the named files alone. A kernel without it has the rest.
//
// The process is not given to another user: its lease file is root's, and has to
// stay so for the next start.
func (o confineOptions) confine(log *slog.Logger, c confinement) error {
	if o.noConfine {
		return nil
	}
	// These read files of the system at their first use, and without them would
	// do worse and not say so.
	_, _ = time.Now().Zone()
	mime.TypeByExtension(".")

	if _, err := cap.Prctlw(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("confine: no new privileges: %w", err)
	}
	abi, err := landlocksys.LandlockGetABIVersion()
	if err != nil {
		abi = 0
	}
	if c.self {
		c.read = append(c.read, "/proc/self")
	}
	read := landlock.PathAccess(landlocksys.AccessFSReadFile|landlocksys.AccessFSReadDir, c.read...)
	if err := landlock.V5.BestEffort().RestrictPaths(read, landlock.RWDirs(c.write...)); err != nil {
		return fmt.Errorf("confine: %w", err)
	}
	kept, err := dropCapabilities(c)
	if err != nil {
		return fmt.Errorf("confine: drop capabilities: %w", err)
	}
	log.Debug("confined", "landlock", abi, "capabilities", kept)
	if abi == 0 {
		log.Debug("this kernel has no Landlock: files elsewhere stay in reach", "because", err)
	}
	return nil
}

// dropCapabilities gives up all but the one for the files of the confinement.
func dropCapabilities(c confinement) (kept *cap.Set, err error) {
	kept = cap.NewSet()
	var keep cap.Value
	switch {
	case len(c.write) > 0:
		keep = cap.DAC_OVERRIDE
	case len(c.read) > 0:
		keep = cap.DAC_READ_SEARCH
	default:
		return kept, kept.SetProc()
	}
	had, err := cap.GetProc().GetFlag(cap.Permitted, keep)
	if err != nil {
		return nil, err
	}
	for _, flag := range []cap.Flag{cap.Permitted, cap.Effective} {
		if err := kept.SetFlag(flag, had, keep); err != nil {
			return nil, err
		}
	}
	return kept, kept.SetProc()
}
