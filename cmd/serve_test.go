package cmd

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"testing"
)

// server is a serve command that runs in a test and tells what happens as JSON.
type server struct {
	t      *testing.T
	lines  *bufio.Scanner
	cancel context.CancelFunc
	done   chan error
}

// startServer runs a serve command; `-o json` is added. It is not confined, as the
// test itself would be.
func startServer(t *testing.T, args ...string) *server {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	stdout, out := io.Pipe()
	s := &server{t, bufio.NewScanner(stdout), cancel, make(chan error, 1)}
	go func() {
		s.done <- run(ctx, Streams{Out: out, Err: io.Discard}, append(args, "-o", "json", "--no-confine")...)
		out.Close()
	}()
	return s
}

// next reads the server's next line.
func (s *server) next(v any) {
	s.t.Helper()
	if !s.lines.Scan() {
		s.t.Fatalf("no more lines; the server ended with %v", <-s.done)
	}
	if err := json.Unmarshal(s.lines.Bytes(), v); err != nil {
		s.t.Fatalf("%s: %v", s.lines.Bytes(), err)
	}
}

// stop ends the server, which must take it well.
func (s *server) stop() {
	s.t.Helper()
	s.cancel()
	if err := <-s.done; err != nil {
		s.t.Errorf("the server ended with %v, want nil", err)
	}
}
