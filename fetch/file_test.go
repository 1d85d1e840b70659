package fetch

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// origin is an HTTP server with one file, which misbehaves on request.
type origin struct {
	data     []byte
	etag     string
	modified time.Time
	cut      int // when not 0, the connection ends after so many bytes of body

	ranges  []string                                                 // the Range header of every request
	instead func(w http.ResponseWriter, r *http.Request) (done bool) // asked first, when not nil
}

func (o *origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.ranges = append(o.ranges, r.Header.Get("Range"))
	if o.etag != "" {
		w.Header().Set("ETag", o.etag)
	}
	if o.instead != nil && o.instead(w, r) {
		return
	}
	if o.cut > 0 {
		w = &cutWriter{w, o.cut}
	}
	http.ServeContent(w, r, "", o.modified, bytes.NewReader(o.data))
}

// cutWriter breaks the connection after some bytes.
type cutWriter struct {
	http.ResponseWriter
	left int
}

func (w *cutWriter) Write(p []byte) (int, error) {
	if len(p) < w.left {
		w.left -= len(p)
		return w.ResponseWriter.Write(p)
	}
	w.ResponseWriter.Write(p[:w.left])
	w.ResponseWriter.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

// files is what a directory holds.
func files(tb testing.TB, dir string) map[string]string {
	tb.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		tb.Fatal(err)
	}
	m := map[string]string{}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			tb.Fatal(err)
		}
		m[e.Name()] = string(data)
	}
	return m
}

func wantFiles(tb testing.TB, dir string, want map[string]string) {
	tb.Helper()
	if diff := cmp.Diff(want, files(tb, dir)); diff != "" {
		tb.Errorf("directory (-want +got):\n%s", diff)
	}
}

func TestToFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "linux")
	if err := os.WriteFile(path, []byte("the old one, which is longer"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := &origin{data: []byte("kernel"), etag: `"1"`}
	r, err := newServer(t, o.ServeHTTP).ToFile(t.Context(), Request{URL: fileURL, SHA256: strings.ToUpper(sum(o.data))}, path)
	if err != nil {
		t.Fatal(err)
	}
	want := Result{URL: fileURL, Size: 6, Total: 6, SHA256: sum(o.data), ContentType: "text/plain; charset=utf-8"}
	if diff := cmp.Diff(want, r, ignoreTimes); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	wantFiles(t, dir, map[string]string{"linux": "kernel"})
}

// Until the file is whole, its name shows nothing, or what was there before.
func TestFileAppearsWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "linux")
	os.WriteFile(path, []byte("old"), 0o600)
	o := &origin{data: []byte("kernel")}
	looked := false
	_, err := newServer(t, o.ServeHTTP).ToFile(t.Context(), Request{URL: fileURL, Progress: func(done, total int64) {
		looked = true
		wantFiles(t, dir, map[string]string{"linux": "old", "linux.part": "kernel"})
	}}, path)
	if err != nil || !looked {
		t.Errorf("error %v; the directory was looked at: %v", err, looked)
	}
}

// What a fetch that failed leaves: a part where a later one can go on from it,
// else nothing, and the file that was there in any case.
func TestWhatAFailureLeaves(t *testing.T) {
	old := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	data := []byte("0123456789")
	const part = `{
  "url": "http://192.0.2.1/file",
  %s,
  "total_bytes": 10
}
`
	tag := map[string]string{"f.part": "012", "f.part.json": fmt.Sprintf(part, `"etag": "\"1\""`)}
	date := map[string]string{"f.part": "012", "f.part.json": fmt.Sprintf(part, `"last_modified": "Sun, 01 Mar 2026 12:00:00 GMT"`)}
	nothing := map[string]string{}
	noLength := func(w http.ResponseWriter, r *http.Request) bool {
		io.WriteString(w, "012")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	for _, tt := range []struct {
		name   string
		origin *origin
		sha256 string
		want   map[string]string
	}{
		{"an ETag", &origin{data: data, etag: `"1"`, cut: 3}, "", tag},
		{"an ETag and a date", &origin{data: data, etag: `"1"`, modified: old, cut: 3}, "", tag},
		{"a date", &origin{data: data, modified: old, cut: 3}, "", date},
		{"a weak ETag and a date", &origin{data: data, etag: `W/"1"`, modified: old, cut: 3}, "", date},
		{"a weak ETag", &origin{data: data, etag: `W/"1"`, cut: 3}, "", nothing},
		{"a date of this very second", &origin{data: data, modified: time.Now().Add(time.Minute), cut: 3}, "", nothing},
		{"neither", &origin{data: data, cut: 3}, "", nothing},
		{"no length", &origin{etag: `"1"`, instead: noLength}, "", nothing},
		{"missing", &origin{instead: func(w http.ResponseWriter, r *http.Request) bool { w.WriteHeader(404); return true }}, "", nothing},
		{"another file than wanted", &origin{data: data, etag: `"1"`}, sum(nil), nothing},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, before := range []string{"", "old"} {
				dir := t.TempDir()
				want := map[string]string{}
				for name, text := range tt.want {
					want[name] = text
				}
				if before != "" {
					want["f"] = before
					os.WriteFile(filepath.Join(dir, "f"), []byte(before), 0o600)
				}
				_, err := newServer(t, tt.origin.ServeHTTP).ToFile(t.Context(),
					Request{URL: fileURL, SHA256: tt.sha256}, filepath.Join(dir, "f"))
				if err == nil {
					t.Error("no error")
				}
				wantFiles(t, dir, want)
			}
		})
	}
}

func TestResume(t *testing.T) {
	data := []byte("0123456789")
	answer := func(status int, etag, contentRange, body string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if r.Header.Get("Range") == "" {
				return false
			}
			w.Header().Del("ETag")
			if etag != "" {
				w.Header().Set("ETag", etag)
			}
			w.Header().Set("Content-Range", contentRange)
			w.WriteHeader(status)
			io.WriteString(w, body)
			return true
		}
	}
	rest, again := []string{"bytes=3-"}, []string{"bytes=3-", ""}
	for _, tt := range []struct {
		name    string
		second  origin // the server at the second attempt
		req     Request
		ranges  []string
		resumed int64
	}{
		{"the same file", origin{data: data, etag: `"1"`}, Request{}, rest, 3},
		{"a changed file", origin{data: []byte("abcdefghij"), etag: `"2"`}, Request{}, rest, 0},
		{"a shorter file", origin{data: []byte("ab"), etag: `"2"`}, Request{}, rest, 0},
		{"no ranges", origin{data: data, etag: `"1"`, instead: answer(200, `"1"`, "", "0123456789")}, Request{}, rest, 0},
		{"another range than asked", origin{data: data, etag: `"1"`, instead: answer(206, `"1"`, "bytes 4-9/10", "456789")}, Request{}, again, 0},
		{"another length than before", origin{data: []byte("0123456789x"), etag: `"1"`, instead: answer(206, `"1"`, "bytes 3-10/11", "3456789x")}, Request{}, again, 0},
		{"a range of another version", origin{data: []byte("abcdefghij"), etag: `"2"`, instead: answer(206, `"2"`, "bytes 3-9/10", "defghij")}, Request{}, again, 0},
		{"a range of who knows what", origin{data: []byte("abcdefghij"), etag: `"2"`, instead: answer(206, "", "bytes 3-9/10", "defghij")}, Request{}, again, 0},
		{"nothing beyond", origin{data: []byte("abc"), etag: `"2"`, instead: answer(416, "", "bytes */3", "")}, Request{}, again, 0},
		{"told not to", origin{data: data, etag: `"1"`}, Request{NoResume: true}, []string{""}, 0},
		{"another URL", origin{data: data, etag: `"1"`}, Request{URL: fileURL + "2"}, []string{""}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "f")
			first := &origin{data: data, etag: `"1"`, cut: 3}
			if _, err := newServer(t, first.ServeHTTP).ToFile(t.Context(), Request{URL: fileURL}, path); err == nil {
				t.Fatal("the first fetch was not interrupted")
			}
			if tt.req.URL == "" {
				tt.req.URL = fileURL
			}
			var done []int64
			tt.req.Progress = func(d, _ int64) { done = append(done, d) }
			r, err := newServer(t, tt.second.ServeHTTP).ToFile(t.Context(), tt.req, path)
			if err != nil {
				t.Fatal(err)
			}
			wantFiles(t, dir, map[string]string{"f": string(tt.second.data)})
			want := Result{
				URL: tt.req.URL, Size: int64(len(tt.second.data)), Total: int64(len(tt.second.data)),
				Resumed: tt.resumed, SHA256: sum(tt.second.data), ContentType: r.ContentType,
			}
			if diff := cmp.Diff(want, r, ignoreTimes); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.ranges, tt.second.ranges); diff != "" {
				t.Errorf("ranges asked for (-want +got):\n%s", diff)
			}
			if len(done) == 0 || done[0] <= tt.resumed || done[len(done)-1] != want.Size {
				t.Errorf("progress %v, want it to begin after %d and to end at %d", done, tt.resumed, want.Size)
			}
		})
	}
}

func TestResumeByDate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	o := &origin{data: []byte("0123456789"), modified: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), cut: 3}
	c := newServer(t, o.ServeHTTP)
	c.ToFile(t.Context(), Request{URL: fileURL}, path)
	o.cut = 0
	r, err := c.ToFile(t.Context(), Request{URL: fileURL}, path)
	if err != nil || r.Resumed != 3 || r.SHA256 != sum(o.data) {
		t.Errorf("error %v, result %+v; want 3 bytes resumed", err, r)
	}
}

// A server that is down must not cost what was already here.
func TestPartSurvivesFailures(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	o := &origin{data: []byte("0123456789"), etag: `"1"`, cut: 3}
	c := newServer(t, o.ServeHTTP)
	c.ToFile(t.Context(), Request{URL: fileURL}, path)
	before := files(t, dir)
	if len(before) != 2 {
		t.Fatalf("the first fetch left %v", before)
	}
	for name, bad := range map[string]struct {
		c   *Client
		url string
	}{
		"status 503":         {newServer(t, status(503)), fileURL},
		"another URL":        {newServer(t, status(404)), fileURL + "2"},
		"a scheme unlike it": {&Client{Network: c.Network}, "tftp://192.0.2.1/f"},
	} {
		if _, err := bad.c.ToFile(t.Context(), Request{URL: bad.url}, path); err == nil {
			t.Errorf("%s: no error", name)
		}
		wantFiles(t, dir, before)
	}
	o.cut = 0
	if r, err := c.ToFile(t.Context(), Request{URL: fileURL}, path); err != nil || r.Resumed != 3 {
		t.Errorf("error %v, result %+v; want 3 bytes resumed", err, r)
	}
}

// A second interruption adds to the part.
func TestResumeTwice(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	o := &origin{data: []byte("0123456789"), etag: `"1"`, cut: 3}
	c := newServer(t, o.ServeHTTP)
	for _, want := range []string{"012", "012345", "012345678"} {
		if _, err := c.ToFile(t.Context(), Request{URL: fileURL}, path); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("error %v, want %v", err, io.ErrUnexpectedEOF)
		}
		if got := files(t, dir)["f.part"]; got != want {
			t.Errorf("part = %q, want %q", got, want)
		}
	}
	o.cut = 0
	if _, err := c.ToFile(t.Context(), Request{URL: fileURL}, path); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, dir, map[string]string{"f": "0123456789"})
}

func TestBrokenValidatorIsNothing(t *testing.T) {
	for _, text := range []string{"", "{", "[]", `{"url":"` + fileURL + `"}`, `{"url":"` + fileURL + `","etag":"\"1\"","total_bytes":3}`} {
		dir := t.TempDir()
		os.WriteFile(filepath.Join(dir, "f.part"), []byte("xyz"), 0o600)
		os.WriteFile(filepath.Join(dir, "f.part.json"), []byte(text), 0o600)
		o := &origin{data: []byte("0123456789"), etag: `"1"`}
		if _, err := newServer(t, o.ServeHTTP).ToFile(t.Context(), Request{URL: fileURL}, filepath.Join(dir, "f")); err != nil {
			t.Fatal(err)
		}
		wantFiles(t, dir, map[string]string{"f": "0123456789"})
		if diff := cmp.Diff([]string{""}, o.ranges); diff != "" {
			t.Errorf("ranges asked for with the validator %q (-want +got):\n%s", text, diff)
		}
	}
}

func TestDestinations(t *testing.T) {
	o := &origin{data: []byte("kernel")}
	c := newServer(t, o.ServeHTTP)
	req := Request{URL: fileURL}

	t.Run("a link stays and its target is replaced", func(t *testing.T) {
		dir := t.TempDir()
		os.WriteFile(filepath.Join(dir, "linux-6.1"), []byte("old"), 0o600)
		if err := os.Symlink("linux-6.1", filepath.Join(dir, "linux")); err != nil {
			t.Fatal(err)
		}
		if _, err := c.ToFile(t.Context(), req, filepath.Join(dir, "linux")); err != nil {
			t.Fatal(err)
		}
		wantFiles(t, dir, map[string]string{"linux": "kernel", "linux-6.1": "kernel"})
		if target, err := os.Readlink(filepath.Join(dir, "linux")); target != "linux-6.1" {
			t.Errorf("the link is %q (%v)", target, err)
		}
	})
	t.Run("a device is written to and stays one", func(t *testing.T) {
		if _, err := c.ToFile(t.Context(), req, os.DevNull); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
			t.Errorf("%s is a file now (%v)", os.DevNull, err)
		}
	})
	t.Run("a directory is refused", func(t *testing.T) {
		if _, err := c.ToFile(t.Context(), req, t.TempDir()); err == nil {
			t.Error("no error")
		}
	})
	t.Run("a missing directory is said", func(t *testing.T) {
		if _, err := c.ToFile(t.Context(), req, filepath.Join(t.TempDir(), "no", "f")); !errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrNotFound) {
			t.Errorf("error %v, want %v and not %v", err, fs.ErrNotExist, ErrNotFound)
		}
	})
	t.Run("a part that is a link is not followed", func(t *testing.T) {
		dir := t.TempDir()
		os.WriteFile(filepath.Join(dir, "precious"), []byte("mine"), 0o600)
		if err := os.Symlink("precious", filepath.Join(dir, "f.part")); err != nil {
			t.Fatal(err)
		}
		if _, err := c.ToFile(t.Context(), req, filepath.Join(dir, "f")); err == nil {
			t.Error("no error")
		}
		wantFiles(t, dir, map[string]string{"precious": "mine", "f.part": "mine"})
	})
}

// FuzzResume interrupts a fetch anywhere and resumes it from a server that has
// the same file or another one, and that may understand ranges or not. What is
// there in the end is always one version, never a mixture.
func FuzzResume(f *testing.F) {
	f.Add([]byte("0123456789"), []byte("0123456789"), uint8(3), uint8(0))
	f.Add([]byte("0123456789"), []byte("abcdefghij"), uint8(3), uint8(0))
	f.Add([]byte("0123456789"), []byte("abc"), uint8(9), uint8(1))
	f.Add([]byte("0123456789"), []byte(""), uint8(5), uint8(2))
	f.Add([]byte("0"), []byte("01"), uint8(1), uint8(3))
	f.Fuzz(func(t *testing.T, before, after []byte, cut, manners uint8) {
		path := filepath.Join(t.TempDir(), "f")
		o := &origin{data: before, etag: `"` + sum(before) + `"`, cut: int(cut)}
		c := newServer(t, o.ServeHTTP)
		if _, err := c.ToFile(t.Context(), Request{URL: fileURL}, path); err == nil {
			os.Remove(path)
		}
		o.data, o.etag, o.cut = after, `"`+sum(after)+`"`, 0
		o.instead = func(w http.ResponseWriter, r *http.Request) bool {
			switch manners % 4 {
			case 1: // knows no ranges
				r.Header.Del("Range")
			case 2: // knows ranges but not If-Range
				r.Header.Del("If-Range")
			case 3: // neither, and no ETag any more
				r.Header.Del("If-Range")
				w.Header().Del("ETag")
			}
			return false
		}
		r, err := c.ToFile(t.Context(), Request{URL: fileURL}, path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, after) {
			t.Errorf("the file is %q, want %q", got, after)
		}
		if r.SHA256 != sum(after) || r.Size != int64(len(after)) {
			t.Errorf("result %+v is not that of %q", r, after)
		}
		if r.Resumed > 0 && !bytes.Equal(before, after) {
			t.Errorf("resumed %d bytes of another version", r.Resumed)
		}
	})
}
