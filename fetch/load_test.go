package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"pxe/tftp"
	"pxe/tftp/tftptest"
)

func TestLoadTFTP(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789"), 5000)
	onLAN(t, tftptest.Faults{Delay: time.Millisecond}, &tftp.Server{}, map[string][]byte{"f": content}, func(t *testing.T, c *Client) {
		calls := 0
		r := c.Load(t.Context(), Load{
			Request: Request{URL: "tftp://192.0.2.1/f"}, Clients: 50, Repeat: 2,
			OnResult: func(over, failed int) { calls++ },
		})
		if r.Done != 100 || len(r.Times) != 100 || r.Failed() != 0 || r.Bytes != 100*50_000 || r.Size != 50_000 || r.SHA256 != sum(content) {
			t.Errorf("%+v", r)
		}
		if calls != 100 {
			t.Errorf("told of %d transfers", calls)
		}
		// All began at once: two after the other take as long as one client's.
		if most := 3 * r.Percentile(1); r.Duration > most || r.Percentile(.5) == 0 {
			t.Errorf("all took %v, one at most %v", r.Duration, r.Percentile(1))
		}
	})
}

func TestLoadFailures(t *testing.T) {
	var n atomic.Int64
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		switch n.Add(1) % 5 {
		case 0:
			http.Error(w, "", http.StatusServiceUnavailable)
		case 1:
			http.NotFound(w, r)
		case 2:
			io.WriteString(w, "something else")
		default:
			io.WriteString(w, "the file")
		}
	})
	r := server.Load(t.Context(), Load{Request: Request{URL: fileURL, SHA256: sum([]byte("the file"))}, Clients: 2, Repeat: 50})
	if r.Done != 40 || r.Failed() != 60 || len(r.Failures) != 3 {
		t.Errorf("%d done, %d failed, %+v", r.Done, r.Failed(), r.Failures)
	}
	for _, f := range r.Failures {
		if f.Count != 20 {
			t.Errorf("%d times %v, want 20", f.Count, f.Err)
		}
	}
}

// Without a checksum the first that comes is the measure.
func TestLoadComparesContent(t *testing.T) {
	var n atomic.Int64
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, n.Add(1) > 3) })
	path := filepath.Join(t.TempDir(), "kept")
	r := server.Load(t.Context(), Load{Request: Request{URL: fileURL}, Repeat: 5, File: path})
	if r.Done != 3 || len(r.Failures) != 1 || !errors.Is(r.Failures[0].Err, errOtherContent) {
		t.Errorf("%+v", r)
	}
	if got, err := os.ReadFile(path); string(got) != "false" {
		t.Errorf("kept %q, %v", got, err)
	}
}

func TestLoadCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	if r := server.Load(ctx, Load{Request: Request{URL: fileURL}, Clients: 3, Repeat: 3}); r.Done != 0 || r.Failed() != 0 {
		t.Errorf("%+v", r)
	}
}

func TestReasonsAreBounded(t *testing.T) {
	var list []Failure
	for i := range 1000 {
		list = addFailure(list, fmt.Errorf("reason %d", i))
	}
	if r := (LoadReport{Failures: list}); len(list) != maxReasons || r.Failed() != 1000 {
		t.Errorf("%d reasons, %d failures", len(list), r.Failed())
	}
}

func TestPercentile(t *testing.T) {
	var r LoadReport
	if r.Percentile(.5) != 0 {
		t.Error("a percentile of nothing")
	}
	for i := range 100 {
		r.Times = append(r.Times, time.Duration(i+1))
	}
	for share, want := range map[float64]time.Duration{0: 1, .5: 50, .9: 90, .99: 99, 1: 100} {
		if got := r.Percentile(share); got != want {
			t.Errorf("percentile %v: %d, want %d", share, got, want)
		}
	}
}
