package cmd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"pxe/vm"
	"pxe/wire"
)

// vmJSON is what became of a virtual machine.
type vmJSON struct {
	Until    string   `json:"until,omitempty"`
	Seen     bool     `json:"seen"`
	Seconds  float64  `json:"duration_seconds"`
	Console  []string `json:"console_end"` // its last lines
	TimedOut bool     `json:"timed_out"`
}

// tryVM boots a virtual machine on the switch and shows its console until the
// awaited text, the machine's end, or the end of the context.
func tryVM(parent context.Context, s Streams, o tryOptions, sw *wire.Switch) (*vmJSON, error) {
	scratch, err := os.MkdirTemp("", "pxe-try-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	socket := filepath.Join(scratch, "net")
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	defer l.Close()

	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	result := &vmJSON{Until: o.until}
	screen := &console{
		out: s.Out, plain: !s.OutTTY, until: o.until,
		seen: func() { result.Seen = true; cancel() },
	}
	if o.json() {
		screen.out, screen.plain = s.Err, !s.ErrTTY
	}
	begin := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return plugIn(ctx, l, sw) })
	group.Go(func() error {
		defer cancel()
		defer l.Close() // a machine that never came up
		return vm.Run(ctx, vm.Config{
			Arch: o.firmware.arch(), Socket: socket, MAC: o.mac, UUID: o.uuid,
			Memory: o.memory, Accel: string(o.accel), HTTPBoot: o.httpBoot, Serial: screen,
		})
	})
	err = group.Wait()
	result.Seconds = time.Since(begin).Seconds()
	var showErr error
	result.Console, showErr = screen.end()
	err = errors.Join(err, showErr)
	result.TimedOut = errors.Is(context.Cause(parent), context.DeadlineExceeded)
	var missing *vm.MissingError
	if errors.As(err, &missing) {
		err = withHint(err, "install it (Debian and Ubuntu: apt install %s), or leave --vm out: the simulated machine needs nothing", missing.Package)
	}
	return result, err
}

// plugIn connects the one machine that comes to the switch.
func plugIn(ctx context.Context, l net.Listener, sw *wire.Switch) error {
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	conn, err := l.Accept()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	if err != nil {
		return err
	}
	return sw.ServeQEMU(ctx, conn, "machine")
}

// resetTerminal undoes what a machine may have left behind on its console:
// colours, a hidden cursor, no wrapping.
const resetTerminal = "\x1b[0m\x1b[?25h\x1b[?7h\n"

// printVM says how it went, in the last line of the output.
func printVM(s Streams, r *vmJSON) {
	w, st := s.Out, newStyles(s, s.Out, s.OutTTY)
	after := formatDuration(time.Duration(r.Seconds * float64(time.Second)))
	if s.OutTTY {
		fmt.Fprint(w, resetTerminal)
	}
	switch {
	case r.Seen:
		fmt.Fprintf(w, "%s %q is on the console after %s\n", st.ok.Render("booted:"), r.Until, after)
	case r.Until == "":
		fmt.Fprintf(w, "the machine ran for %s\n", after)
	case r.TimedOut:
		fmt.Fprintf(w, "%s %q is not on the console after %s\n", st.bad.Render("did not boot:"), r.Until, after)
	default:
		fmt.Fprintf(w, "%s the machine ended after %s without %q on the console\n", st.bad.Render("did not boot:"), after, r.Until)
	}
}
