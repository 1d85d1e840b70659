package share

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"
)

// pipes is a listener whose connections are made in the process.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) DialContext(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	p.conns <- server
	return client, nil
}

func TestServe(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- Serve(ctx, l, HTTP(fstest.MapFS{"file": {Data: []byte("text")}}, nil)) }()
	resp, err := http.Get("http://" + l.Addr().String() + "/file")
	if err != nil {
		t.Fatal(err)
	}
	if got := answerOf(t, resp).Body; got != "text" {
		t.Errorf("body %q, want text", got)
	}
	resp.Body.Close()
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Serve returned %v, want nil when its context ends", err)
	}
}

// OPTIONS *, which net/http would answer by itself, is an event as well.
func TestServeTellsOfOptions(t *testing.T) {
	events := make(chan Event, 1)
	l := newPipes()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- Serve(ctx, l, HTTP(fstest.MapFS{}, func(e Event) { events <- e })) }()
	conn, err := l.DialContext(ctx, "tcp", "")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed {
		t.Fatalf("status %d, want 405", resp.StatusCode)
	}
	if e := <-events; e.Method != "OPTIONS" || e.Status != http.StatusMethodNotAllowed {
		t.Errorf("event %+v", e)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestServeTellsWhyItBroke(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := Serve(t.Context(), l, http.NotFoundHandler()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve returned %v, want %v", err, net.ErrClosed)
	}
}

// A transfer in progress is given its time, then cut, so that the process ends.
func TestServeEndsWithinItsGrace(t *testing.T) {
	for _, tt := range []struct {
		name     string
		transfer time.Duration
		wait     time.Duration // how long Serve goes on after its context ended
		finished bool
	}{
		{"a short transfer ends", time.Second, time.Second, true},
		{"a long transfer is cut", time.Hour, shutdownGrace, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				slow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					select {
					case <-time.After(tt.transfer):
						io.WriteString(w, "done")
					case <-r.Context().Done():
					}
				})
				ctx, cancel := context.WithCancel(t.Context())
				l := newPipes()
				ended := make(chan struct{})
				go func() {
					err := Serve(ctx, l, slow)
					if err != nil {
						t.Errorf("Serve returned %v, want nil", err)
					}
					close(ended)
				}()
				transport := &http.Transport{DialContext: l.DialContext}
				defer transport.CloseIdleConnections()
				got := make(chan error)
				go func() {
					resp, err := (&http.Client{Transport: transport}).Get("http://server/")
					if err == nil {
						resp.Body.Close()
					}
					got <- err
				}()
				synctest.Wait()
				cancel()
				start := time.Now()
				err := <-got
				if finished := err == nil; finished != tt.finished {
					t.Errorf("the transfer ended with %v, want it finished: %v", err, tt.finished)
				}
				<-ended
				// Shutdown looks for idle connections at intervals of up to half a second.
				if waited := time.Since(start); waited < tt.wait || waited > tt.wait+time.Second {
					t.Errorf("Serve went on for %v, want about %v", waited, tt.wait)
				}
			})
		})
	}
}
