package cmd

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"time"

	"pxe/dhcp"
	"pxe/dhcp/lease"
)

// Who has the lock of a lease file makes the changes of its leases: a command takes
// it where no server runs, and else asks the server, through a socket beside the
// file. A file of requests, as --once has, would do for what a person wants to be
// so; but a change of leases has an answer, whether the address is free or who has
// it until when, which only the server knows, and the command may say "done" only
// once it is on the disk. Nothing is left behind by a request that nobody reads.
//
// A request is a line of JSON, and so is its answer. The socket is for its owner
// alone, and is open before the server confines itself.

// controlSocket is the socket beside a lease file.
func controlSocket(leaseFile string) string { return leaseFile + ".ctl" }

// controlRequest has changes to make, or to try: what would come of them, after those
// that the same command tried before.
type controlRequest struct {
	Edits []lease.Edit `json:"edits,omitempty"`
	Try   []lease.Edit `json:"try,omitempty"`
}

type controlAnswer struct {
	Outcomes []lease.Outcome `json:"outcomes"`
	Error    string          `json:"error,omitempty"`
}

const (
	controlEdits   = 1000    // of one request
	controlLine    = 4 << 20 // more than so many edits have, in bytes
	controlTimeout = 10 * time.Second
)

// openControl opens the socket. Without it the server serves all the same.
func (d *dhcpServer) openControl() error {
	if d.leases == nil {
		return nil
	}
	path := controlSocket(d.o.leaseFile)
	// Nobody else listens, as the lease file is locked: it was left by a kill.
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSocket != 0 {
		os.Remove(path)
	}
	l, err := net.Listen("unix", path)
	if err == nil {
		if err = os.Chmod(path, 0o600); err != nil {
			l.Close()
		}
	}
	if err != nil {
		d.view.log.Warn("leases cannot be changed while this server runs", "because", err)
		return nil
	}
	d.control = l
	// Before the lease file is unlocked: the next server has its own socket then.
	d.cleanup = append([]func() error{func() error { l.Close(); return nil }}, d.cleanup...)
	return nil
}

// serveControl answers one command after the other until the context ends.
func (d *dhcpServer) serveControl(ctx context.Context, server *dhcp.Server) {
	stop := context.AfterFunc(ctx, func() { d.control.Close() })
	defer stop()
	for {
		conn, err := d.control.Accept()
		if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of files, for example
			d.view.log.Warn("a command could not be answered", "because", err)
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
			}
			continue
		}
		hangUp := context.AfterFunc(ctx, func() { conn.Close() })
		d.answerControl(conn, server)
		hangUp()
		conn.Close()
	}
}

// answerControl answers the requests of one command.
func (d *dhcpServer) answerControl(conn net.Conn, server *dhcp.Server) {
	lines := bufio.NewScanner(conn)
	lines.Buffer(nil, controlLine)
	var tried *lease.Store // of the changes that were tried; nil: none were
	for {
		conn.SetDeadline(time.Now().Add(controlTimeout))
		if !lines.Scan() {
			return
		}
		var req controlRequest
		var answer controlAnswer
		err := json.Unmarshal(lines.Bytes(), &req)
		if err == nil && len(req.Try) > 0 && tried == nil {
			tried, err = server.CopyLeases()
		}
		switch {
		case err != nil:
		case len(req.Try) > 0:
			answer.Outcomes = server.TryEdits(tried, req.Try)
		default:
			answer.Outcomes, err = server.EditLeases(req.Edits)
		}
		if err != nil {
			answer.Error = err.Error()
		}
		gone := json.NewEncoder(conn).Encode(answer) != nil
		if err == nil && len(req.Try) == 0 { // whoever listens has the command wait no more
			d.view.edited(req.Edits, answer.Outcomes)
		}
		if gone {
			return
		}
	}
}

// editedLeases is what came of changes.
type editedLeases struct {
	outcomes []lease.Outcome
	byServer bool          // that serves them: they are good for its subnets
	file     leaseFileLoss // of changes in the file
}

// editLeases makes changes in a lease file, or has them made by the server that
// has it open.
func editLeases(path string, edits []lease.Edit) (editedLeases, error) {
	now := time.Now()
	store, err := lease.Open(path, nil, now)
	if errors.Is(err, lease.ErrLocked) {
		outcomes, err := askServer(path, edits, false, err)
		return editedLeases{outcomes: outcomes, byServer: true}, err
	}
	if err != nil {
		return editedLeases{}, explainLeaseFile(err)
	}
	e := editedLeases{outcomes: applyTo(store, edits, now), file: lossOf(path, store)}
	if err := store.Sync(now); err != nil {
		store.Close() // it would say the same again
		return e, explainLeaseFile(err)
	}
	return e, explainLeaseFile(store.Close())
}

// tryEdits tells what would come of changes, and makes none.
func tryEdits(path string, edits []lease.Edit) (editedLeases, error) {
	outcomes, err := askServer(path, edits, true, nil)
	if !errors.Is(err, errNoServer) {
		return editedLeases{outcomes: outcomes, byServer: true}, err
	}
	now := time.Now()
	store, err := lease.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		store, err = lease.Open("", nil, now)
	}
	if err != nil {
		return editedLeases{}, explainLeaseFile(err)
	}
	return editedLeases{outcomes: applyTo(store, edits, now), file: lossOf(path, store)}, nil
}

func applyTo(store *lease.Store, edits []lease.Edit, now time.Time) []lease.Outcome {
	outcomes := make([]lease.Outcome, len(edits))
	for i, e := range edits {
		outcomes[i] = store.Apply(e, now)
	}
	return outcomes
}

// errNoServer: nobody listens beside the lease file.
var errNoServer = errors.New("no server answers")

// askServer has a running server make changes, or try them. locked says which one;
// nil: there may be none.
func askServer(path string, edits []lease.Edit, try bool, locked error) ([]lease.Outcome, error) {
	conn, err := net.DialTimeout("unix", controlSocket(path), controlTimeout)
	switch {
	case err != nil && locked == nil:
		return nil, errNoServer
	case err != nil:
		return nil, withHint(fmt.Errorf("lease file %w, which cannot be asked: %w", locked, err),
			"is it a server that starts or ends, or another command? Then try again; or run the command as the user of the server")
	}
	defer conn.Close()
	lines := bufio.NewScanner(conn)
	lines.Buffer(nil, 4*controlLine)
	var all []lease.Outcome
	for len(edits) > 0 {
		some := edits[:min(len(edits), controlEdits)]
		edits = edits[len(some):]
		req := controlRequest{Edits: some}
		if try {
			req = controlRequest{Try: some}
		}
		answer, err := ask(conn, lines, req)
		if err != nil {
			return all, fmt.Errorf("ask the server for changes of its leases: %w", err)
		}
		all = append(all, answer.Outcomes...)
		if answer.Error != "" {
			return all, fmt.Errorf("the server could not make the changes durable: %s", answer.Error)
		}
	}
	return all, nil
}

func ask(conn net.Conn, lines *bufio.Scanner, req controlRequest) (controlAnswer, error) {
	conn.SetDeadline(time.Now().Add(controlTimeout))
	if err := json.NewEncoder(conn).Encode(req); err != nil {
		return controlAnswer{}, err
	}
	var answer controlAnswer
	if !lines.Scan() {
		err := lines.Err()
		if err == nil {
			err = errors.New("it ended in between")
		}
		return answer, err
	}
	err := json.Unmarshal(lines.Bytes(), &answer)
	if err == nil && answer.Error == "" && len(answer.Outcomes) != len(req.Edits)+len(req.Try) {
		err = fmt.Errorf("%d answers to %d changes", len(answer.Outcomes), len(req.Edits)+len(req.Try))
	}
	return answer, err
}
