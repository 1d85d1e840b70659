//go:build linux

package lab

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// nobody is the user and group without any privilege on every Debian.
const nobody = 65534

// endGrace is how long a process may take to end after SIGTERM.
const endGrace = 5 * time.Second

// Command is a program to be run. Args must be set.
type Command struct {
	Args []string
	// Net is the namespace to run in; nil means the test's own.
	Net *Net
	// Nobody runs it without privileges, even when the test has them.
	Nobody bool
	// Env is added to the test's environment.
	Env []string
	// Stdin may be nil.
	Stdin io.Reader
	// Wait is how long Run lets it take; 0 means one minute.
	Wait time.Duration
}

// Proc is a running process. What it writes is shown when the test fails.
type Proc struct {
	t    TB
	name string
	cmd  *exec.Cmd
	done chan struct{} // closed once the process has ended
	stop sync.Once

	Out Transcript // standard output and standard error
}

// Start starts the process; it is stopped at the end of the test.
func (c Command) Start(t TB) *Proc {
	t.Helper()
	p := &Proc{t: t, name: c.Args[0], done: make(chan struct{})}
	p.cmd = c.prepare(t)
	p.cmd.Stdout = &p.Out
	p.cmd.Stderr = &p.Out
	c.start(t, p.cmd)
	go func() {
		_ = p.cmd.Wait() // the exit code is asked for where it matters
		p.Out.End()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.Stop()
		if t.Failed() {
			t.Logf("%s wrote:\n%s", strings.Join(c.Args, " "), p.Out.String())
		}
	})
	return p
}

// Result is how a process ended.
type Result struct {
	Stdout, Stderr string
	Code           int // exit code; -1 when a signal ended it
}

// Run runs the program to its end.
func (c Command) Run(t TB) Result {
	t.Helper()
	wait := c.Wait
	if wait == 0 {
		wait = time.Minute
	}
	var stdout, stderr strings.Builder
	cmd := c.prepare(t)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	c.start(t, cmd)
	timer := time.AfterFunc(wait, func() { _ = cmd.Process.Kill() })
	err := cmd.Wait()
	r := Result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
	if !timer.Stop() {
		t.Fatalf("%s: still running after %v\n%s%s", strings.Join(c.Args, " "), wait, r.Stdout, r.Stderr)
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) {
		t.Fatalf("%s: %v", strings.Join(c.Args, " "), err)
	}
	return r
}

// MustRun runs the program, which must succeed, and returns its standard output.
func (c Command) MustRun(t TB) string {
	t.Helper()
	r := c.Run(t)
	if r.Code != 0 {
		t.Fatalf("%s: exit code %d\n%s%s", strings.Join(c.Args, " "), r.Code, r.Stdout, r.Stderr)
	}
	return r.Stdout
}

func (c Command) prepare(t TB) *exec.Cmd {
	t.Helper()
	path, err := find(c.Args[0])
	if err != nil {
		t.Fatalf("%v", err)
	}
	cmd := exec.Command(path, c.Args[1:]...)
	cmd.Stdin = c.Stdin
	cmd.Env = append(os.Environ(), c.Env...)
	// A child of the child may hold the output open.
	cmd.WaitDelay = endGrace
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	if c.Nobody && os.Geteuid() == 0 {
		cmd.Dir = "/" // the test's own folder may be closed to others
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	return cmd
}

func (c Command) start(t TB, cmd *exec.Cmd) {
	t.Helper()
	var err error
	if c.Net == nil {
		err = cmd.Start()
	} else {
		// The namespace's thread lives as long as the test, so the process
		// ends with it even when the test is killed.
		cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
		c.Net.Do(func() { err = cmd.Start() })
	}
	if err != nil {
		t.Fatalf("%s: %v", strings.Join(c.Args, " "), err)
	}
}

// WaitFor returns once the process has written text, and fails the test when it
// ends or wait passes first.
func (p *Proc) WaitFor(text string, wait time.Duration) {
	p.t.Helper()
	p.WaitForNth(text, 1, wait)
}

// WaitForNth is WaitFor for a text that shows more than once.
func (p *Proc) WaitForNth(text string, count int, wait time.Duration) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	if err := p.Out.Wait(ctx, text, count); err != nil {
		p.t.Fatalf("%s: %v", p.name, err)
	}
}

// Signal sends a signal to the process.
func (p *Proc) Signal(sig os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.t.Fatalf("%s: %v", p.name, err)
	}
}

// Kill ends the process as a power cut would, and waits until it is gone.
func (p *Proc) Kill() {
	_ = p.cmd.Process.Kill() // an error means that it is gone already
	<-p.done
}

// Stop ends the process in order, by force when it takes too long, and returns
// its exit code.
func (p *Proc) Stop() int {
	p.stop.Do(func() {
		_ = p.cmd.Process.Signal(syscall.SIGTERM) // an error means that it is gone already
		force := time.AfterFunc(endGrace, func() { _ = p.cmd.Process.Kill() })
		<-p.done
		force.Stop()
	})
	return p.cmd.ProcessState.ExitCode()
}

// End waits until the process ends by itself and returns its exit code.
func (p *Proc) End(wait time.Duration) int {
	p.t.Helper()
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(wait):
		p.t.Fatalf("%s: still running after %v", p.name, wait)
		return -1
	}
}

// Pid is the process id.
func (p *Proc) Pid() int { return p.cmd.Process.Pid }
