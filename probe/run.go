package probe

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"time"

	"pxe/dhcp"
	"pxe/fault"
	"pxe/fetch"
)

// Run walks the chain and reports. A machine that would not boot is a report,
// not an error; an error means that the question could not be answered: a bad
// Config, a network that cannot be used, a context that ended.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	r := newRunner(cfg)
	bootErr := r.boot(ctx)
	r.release(ctx)
	var h *halt
	if bootErr != nil && !errors.As(bootErr, &h) {
		return nil, fmt.Errorf("probe: %w", bootErr)
	}
	r.finish(h)
	return r.rep, nil
}

// runner is one run. It belongs to the goroutine of Run.
type runner struct {
	cfg   Config
	p     Profile
	id    identity
	files fetch.Client
	rep   *Report

	stage   *Stage // the one that runs
	entered time.Duration
	goal    string       // what the machine would boot, once known
	screen  fault.Screen // whose text stands on the screen

	// What loaders find in the firmware's memory (PXE 2.1: cached packets 2
	// and 3): the ACK, and the answer of a proxy or boot server if any.
	ack, pxe *dhcp.Reply

	offer      *Offer     // that gave the address
	fileServer netip.Addr // the one that was asked for the boot program
	reached    map[netip.Addr]bool
}

func newRunner(cfg Config) *runner {
	r := &runner{
		cfg: cfg, p: cfg.Profile,
		id:      identity{cfg.Network.MAC(), cfg.UUID},
		files:   fetch.Client{Network: cfg.Network},
		reached: map[netip.Addr]bool{},
		rep: &Report{
			Firmware: cfg.Profile.Name, Arch: cfg.Profile.Arch,
			MAC: cfg.Network.MAC(), UUID: cfg.UUID, Started: time.Now(),
		},
	}
	if r.p.uefi() {
		r.screen = fault.OnUEFI
	}
	for _, name := range stageNames() {
		r.rep.Stages = append(r.rep.Stages, Stage{Name: name})
	}
	return r
}

// boot is the chain. Its error is a *halt when the machine would stop.
func (r *runner) boot(ctx context.Context) error {
	s, err := r.dhcp(ctx)
	if err != nil {
		return err
	}
	src, err := r.bootServer(ctx, s)
	if err != nil {
		return err
	}
	nbp, err := r.nbp(ctx, src)
	if err != nil {
		return err
	}
	return r.load(ctx, nbp)
}

// halt is the end of a boot that fails.
type halt struct {
	fault fault.Fault
	shown fault.Fault // whose text the screen shows: clients cannot tell all faults apart
	name  string      // of the file or command that it is about; "" for none
	why   string
}

func (h *halt) Error() string { return h.fault.Title + ": " + h.why }

// stop is the halt with that fault of the catalogue.
func stop(id, format string, args ...any) error { return stopAt(id, "", format, args...) }

// stopAt is stop about a file or command, as the screen names it.
func stopAt(id, name, format string, args ...any) error {
	f, _ := fault.ByID(id) // the constants of package fault are all in the catalogue
	return &halt{fault: f, shown: f, name: name, why: fmt.Sprintf(format, args...)}
}

// enter starts a stage, unless it runs already, and ends the one before it.
func (r *runner) enter(name StageName) {
	if r.stage != nil && r.stage.Name == name {
		return
	}
	r.leave(StatusOK, "")
	r.entered = r.now()
	r.stage = r.find(name)
}

// leave ends the stage that runs, if any.
func (r *runner) leave(status Status, reason string) {
	if r.stage == nil {
		return
	}
	r.stage.Status, r.stage.Reason = status, reason
	r.stage.Duration = r.now() - r.entered
	r.stage = nil
}

// skip marks stages that do not run, those among names that have not run yet.
func (r *runner) skip(status Status, reason string, names ...StageName) {
	r.leave(StatusOK, "")
	for _, name := range names {
		if s := r.find(name); s.Status == "" {
			s.Status, s.Reason = status, reason
		}
	}
}

func (r *runner) find(name StageName) *Stage {
	return &r.rep.Stages[slices.Index(stageNames(), name)]
}

// now is the time since the start of the run.
func (r *runner) now() time.Duration { return time.Since(r.rep.Started) }

// step records a step that ends now and began at start.
func (r *runner) step(start time.Duration, s Step) {
	s.Stage, s.Start, s.Duration = r.stage.Name, start, r.now()-start
	r.stage.Steps = append(r.stage.Steps, s)
	if r.cfg.OnStep != nil {
		r.cfg.OnStep(s)
	}
}

// info records what became known without asking.
func (r *runner) info(format string, args ...any) {
	r.step(r.now(), Step{Answer: fmt.Sprintf(format, args...), Outcome: OutcomeInfo})
}

// warn notes what did not stop this boot, once; id is the catalogue's, or "".
func (r *runner) warn(id, format string, args ...any) {
	w := Warning{r.stage.Name, id, fmt.Sprintf(format, args...)}
	if !slices.Contains(r.rep.Warnings, w) {
		r.rep.Warnings = append(r.rep.Warnings, w)
	}
}

// finish closes the report: the stages that were not reached, and the verdict.
func (r *runner) finish(h *halt) {
	r.rep.Duration = r.now()
	if h == nil {
		r.leave(StatusOK, "")
		r.rep.Verdict = Verdict{WouldBoot: true, Sentence: "would boot: " + r.goal}
		return
	}
	failed := r.stage.Name
	r.leave(StatusFailed, h.why)
	for i := range r.rep.Stages {
		if s := &r.rep.Stages[i]; s.Status == "" {
			s.Status, s.Reason = StatusNotReached, fmt.Sprintf("not reached: %s failed", failed)
		}
	}
	f, shown := h.fault, h.shown.Shown(r.screen, h.name)
	r.rep.Verdict = Verdict{Fault: &f, Shown: shown, Stage: failed, Why: h.why, Sentence: stopSentence(f, r.errorLine(shown), h.why)}
}

// errorLine is the line of what the screen shows that says what is wrong: the
// firmware's with a number, or the first of a loader. "" when there is none.
func (r *runner) errorLine(shown string) string {
	for line := range strings.SplitSeq(shown, "\n") {
		if r.screen != fault.OnBIOS && r.screen != fault.OnUEFI || strings.HasPrefix(line, "PXE-E") {
			return line
		}
	}
	return ""
}

// stopSentence is the verdict on a machine that does not boot: what its screen
// shows, why, and what to do.
func stopSentence(f fault.Fault, shown, why string) string {
	if shown == "" {
		shown = f.Title
	}
	return fmt.Sprintf("would stop: %s: %s. %s", strings.TrimRight(shown, "."), strings.TrimRight(why, "."), f.Remedy)
}

// patience is how long to wait for one answer: the firmware's own wait, or
// less if the caller has less.
func (r *runner) patience(firmware time.Duration) time.Duration {
	if t := r.cfg.Timeout; t > 0 && t < firmware {
		return t
	}
	return firmware
}

// newXID is a transaction number that no other client is likely to use now.
func newXID() uint32 { return rand.Uint32() }
