package cmd

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/charmbracelet/x/ansi"

	"pxe/tftp"
)

// Log lines and a table on one terminal: each line stays whole, the table is
// below and gone at the end.
func TestLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &screen{width: 80, height: 24}
		l := newLive(Streams{Err: out, ErrTTY: true, Getenv: noColor, ErrSize: func() (int, int) { return out.width, out.height }})
		rows := []string{"a 10%", strings.Repeat("wide", 50)}
		show := func(change []string) {
			l.mu.Lock()
			rows = change
			l.mu.Unlock()
			time.Sleep(liveInterval)
			synctest.Wait()
		}
		check := func(want ...string) {
			t.Helper()
			l.mu.Lock()
			defer l.mu.Unlock()
			if got := out.text(); strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("on the screen:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		fmt.Fprint(l, "log 1\r\n")
		check("log 1")
		done := make(chan struct{})
		go func() {
			l.run(ctx, func() []string { return rows })
			close(done)
		}()
		time.Sleep(liveInterval)
		synctest.Wait()
		wide := ansi.Truncate(rows[1], 79, "…")
		check("log 1", "a 10%", wide)
		fmt.Fprint(l, "log 2\r\n")
		check("log 1", "log 2", "a 10%", wide)
		show(nil)
		check("log 1", "log 2")
		var many []string
		for i := range 20 {
			many = append(many, fmt.Sprint("row ", i))
		}
		show(many)
		if got := out.text(); len(got) != 2+liveRows || got[len(got)-1] != "12 more" {
			t.Errorf("%d lines, the last %q", len(got), got[len(got)-1])
		}
		cancel()
		<-done
		check("log 1", "log 2")
	})
}

// The table shows transfers that take their time, and how far they are.
func TestRunning(t *testing.T) {
	now := time.Now()
	r := newRunning()
	r.now = func() time.Time { return now }
	v := newTFTPView(Streams{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}, ErrTTY: true}, common{format: formatText}, r)
	source := r.source(tftp.SourceFunc(func(string, netip.AddrPort) (tftp.File, error) { return tftp.Bytes(make([]byte, 1000)), nil }))
	f, err := source.Open("linux\n\u009b", netip.MustParseAddrPort("192.0.2.7:1234"))
	if err != nil {
		t.Fatal(err)
	}
	if len(v.rows()) != 0 || r.count() != 1 {
		t.Errorf("rows %q of %d", v.rows(), r.count())
	}
	for _, off := range []int64{0, 400, 200} { // what is sent again is no progress
		if _, err := f.ReadAt(make([]byte, 100), off); err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(2 * time.Second)
	rows := v.rows()
	if len(rows) != 1 || ansi.Strip(rows[0]) != `192.0.2.7       linux??              ━━━━━━━━━━━━━━━━━━━━━━━━  50%  250 B/s` {
		t.Errorf("rows %q", rows)
	}
	if w := ansi.StringWidth(rows[0]); w > 79 {
		t.Errorf("a row of %d cells", w)
	}
	f.Close()
	if len(v.rows()) != 0 || r.count() != 0 {
		t.Errorf("rows %q of %d", v.rows(), r.count())
	}
}

// A file that may let its readers wait still says so.
func TestRunningMayWait(t *testing.T) {
	for _, want := range []bool{false, true} {
		source := newRunning().source(tftp.SourceFunc(func(string, netip.AddrPort) (tftp.File, error) {
			if want {
				return slowFile{tftp.Bytes(nil)}, nil
			}
			return tftp.Bytes(nil), nil
		}))
		f, err := source.Open("f", netip.AddrPort{})
		if err != nil || tftp.MayWait(f) != want {
			t.Errorf("MayWait is %v, %v; want %v", tftp.MayWait(f), err, want)
		}
	}
}

type slowFile struct{ tftp.File }

func (slowFile) MayWait() bool { return true }
