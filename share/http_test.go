package share

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var modified = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// newTree makes a boot tree on disk: files, links that stay inside and links
// that lead out, to a file called secret beside the root.
func newTree(tb testing.TB) *os.Root {
	tb.Helper()
	dir := tb.TempDir()
	root := filepath.Join(dir, "root")
	write := func(name, text string) {
		tb.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			tb.Fatal(err)
		}
		if err := os.Chtimes(path, modified, modified); err != nil {
			tb.Fatal(err)
		}
	}
	link := func(target, name string) {
		tb.Helper()
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			tb.Fatal(err)
		}
	}
	write("secret", "outside")
	write("root/grubx64.efi", "MZ grub")
	write("root/linux", "<html>0123456789")
	write("root/index.html", "<p>")
	write("root/debian/grub.cfg", "set timeout=5\n")
	write("root/a b&<c>", "odd")
	link("debian/grub.cfg", "inside")
	link("../secret", "outside")
	link(filepath.Join(dir, "secret"), "absolute")
	link("..", "up")
	opened, err := os.OpenRoot(root)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { opened.Close() })
	return opened
}

// ask sends one request, its path as given and not cleaned, to a handler.
func ask(h http.Handler, method, path string, header map[string]string) *http.Response {
	r := httptest.NewRequest(method, "/", nil)
	r.URL = &url.URL{Path: path}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

// answer is what a client sees of a response.
type answer struct {
	Status int
	Type   string
	Length int64
	Body   string
}

func answerOf(tb testing.TB, resp *http.Response) answer {
	tb.Helper()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header.Get("Content-Type"), announced(resp.Header), string(body)}
}

func TestAnswers(t *testing.T) {
	h := HTTP(newTree(t).FS(), nil)
	const text, binary = "text/plain; charset=utf-8", "application/octet-stream"
	missing := answer{404, text, 10, "Not Found\n"}
	forbidden := answer{403, text, 10, "Forbidden\n"}
	for _, tt := range []struct {
		name, method, path string
		header             map[string]string
		want               answer
	}{
		{"a program", "GET", "/grubx64.efi", nil, answer{200, "application/efi", 7, "MZ grub"}},
		{"as shim asks", "GET", "//grubx64.efi", nil, answer{200, "application/efi", 7, "MZ grub"}},
		{"as UEFI asks first", "HEAD", "/grubx64.efi", nil, answer{200, "application/efi", 7, ""}},
		{"the type is not guessed", "GET", "/linux", nil, answer{200, binary, 16, "<html>0123456789"}},
		{"a configuration", "GET", "/debian//grub.cfg", nil, answer{200, text, 14, "set timeout=5\n"}},
		{"dots inside", "GET", "/debian/../grubx64.efi", nil, answer{200, "application/efi", 7, "MZ grub"}},
		{"dots over the root", "GET", "/../../grubx64.efi", nil, answer{200, "application/efi", 7, "MZ grub"}},
		{"no redirect from index.html", "GET", "/index.html", nil, answer{200, "text/html; charset=utf-8", 3, "<p>"}},
		{"no redirect from a slash too many", "GET", "/linux/", nil, answer{200, binary, 16, "<html>0123456789"}},
		{"a link inside", "GET", "/inside", nil, answer{200, binary, 14, "set timeout=5\n"}},

		{"the beginning", "GET", "/linux", map[string]string{"Range": "bytes=0-5"}, answer{206, binary, 6, "<html>"}},
		{"the rest", "GET", "/linux", map[string]string{"Range": "bytes=14-"}, answer{206, binary, 2, "89"}},
		{"the end", "GET", "/linux", map[string]string{"Range": "bytes=-1"}, answer{206, binary, 1, "9"}},
		{"beyond the end", "GET", "/linux", map[string]string{"Range": "bytes=99-"},
			answer{416, text, -1, "invalid range: failed to overlap\n"}},
		{"far beyond the end", "GET", "/linux", map[string]string{"Range": "bytes=14-99999999999999999999"}, answer{206, binary, 2, "89"}},
		{"another unit", "GET", "/linux", map[string]string{"Range": "lines=1-2"}, answer{200, binary, 16, "<html>0123456789"}},
		{"backwards", "GET", "/linux", map[string]string{"Range": "bytes=3-1"}, answer{200, binary, 16, "<html>0123456789"}},

		{"missing", "GET", "/nothing", nil, missing},
		{"missing, HEAD", "HEAD", "/nothing", nil, answer{404, text, 10, ""}},
		{"below a file", "GET", "/linux/x", nil, missing},
		{"a name too long", "GET", "/" + strings.Repeat("x", 300), nil, missing},
		{"a zero byte", "GET", "/linux\x00", nil, missing},
		{"not UTF-8", "GET", "/\xff", nil, missing},
		{"a link outside", "GET", "/outside", nil, forbidden},
		{"an absolute link", "GET", "/absolute", nil, forbidden},
		{"a link to the directory above", "GET", "/up/secret", nil, forbidden},
		{"POST", "POST", "/linux", nil, answer{405, text, 19, "Method Not Allowed\n"}},
		{"the server itself", "OPTIONS", "*", nil, answer{405, text, 19, "Method Not Allowed\n"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, answerOf(t, ask(h, tt.method, tt.path, tt.header))); diff != "" {
				t.Errorf("%s %q (-want +got):\n%s", tt.method, tt.path, diff)
			}
		})
	}
}

func TestMethodsAreNamed(t *testing.T) {
	resp := ask(HTTP(fstest.MapFS{}, nil), "PUT", "/x", nil)
	if got := resp.Header.Get("Allow"); got != "GET, HEAD" {
		t.Errorf("Allow = %q, want GET, HEAD", got)
	}
}

func TestContentTypes(t *testing.T) {
	for name, want := range map[string]string{
		"bootx64.efi":            "application/efi",
		"BOOTX64.EFI":            "application/efi",
		"live.iso":               "application/vnd.efi-iso",
		"disk.img":               "application/vnd.efi-img",
		"boot.ipxe":              "text/plain; charset=utf-8",
		"host.ks":                "text/plain; charset=utf-8",
		"debian.preseed":         "text/plain; charset=utf-8",
		"pxelinux.cfg/default":   "application/octet-stream",
		"pxelinux.0":             "application/octet-stream",
		"initrd.gz":              "application/octet-stream",
		"dir.efi/vmlinuz":        "application/octet-stream",
		"autounattend.xml":       "application/xml",
		"grub.cfg-01-52-54-00":   "application/octet-stream",
		"debian/dists/InRelease": "application/octet-stream",
	} {
		if got := contentType(name); got != want {
			t.Errorf("contentType(%q) = %q, want %q", name, got, want)
		}
	}
}

// A client that resumes sends what it knows of the file: EDK2 with If-Match or
// If-Unmodified-Since, curl, wget and this program with If-Range.
func TestConditions(t *testing.T) {
	root := newTree(t)
	h := HTTP(root.FS(), nil)
	first := ask(h, "GET", "/linux", nil)
	tag, date := first.Header.Get("ETag"), first.Header.Get("Last-Modified")
	if tag == "" || strings.HasPrefix(tag, "W/") {
		t.Errorf("ETag = %q, want a strong one", tag)
	}
	if want := "Sun, 01 Mar 2026 12:00:00 GMT"; date != want {
		t.Errorf("Last-Modified = %q, want %q", date, want)
	}
	conditions := []struct {
		name         string
		header       map[string]string
		same, change int // status while the file is the same, and after it changed
	}{
		{"If-Range, tag", map[string]string{"Range": "bytes=6-", "If-Range": tag}, 206, 200},
		{"If-Range, date", map[string]string{"Range": "bytes=6-", "If-Range": date}, 206, 200},
		{"If-Match", map[string]string{"Range": "bytes=6-", "If-Match": tag}, 206, 412},
		{"If-Unmodified-Since", map[string]string{"Range": "bytes=6-", "If-Unmodified-Since": date}, 206, 412},
		{"If-None-Match", map[string]string{"If-None-Match": tag}, 304, 200},
	}
	check := func(when string, status func(i int) int) {
		for i, c := range conditions {
			if got := ask(h, "GET", "/linux", c.header).StatusCode; got != status(i) {
				t.Errorf("%s, %s: status %d, want %d", when, c.name, got, status(i))
			}
		}
	}
	check("same file", func(i int) int { return conditions[i].same })
	later := modified.Add(time.Second)
	if err := root.Chtimes("linux", later, later); err != nil {
		t.Fatal(err)
	}
	check("changed file", func(i int) int { return conditions[i].change })
}

func TestListing(t *testing.T) {
	h := HTTP(newTree(t).FS(), nil)
	const want = `<!DOCTYPE html>
<title>/</title>
<h1>/</h1>
<pre>
<a href="/a%20b&amp;%3Cc%3E">a b&amp;&lt;c&gt;</a>
<a href="/absolute">absolute</a>
<a href="/debian">debian/</a>
<a href="/grubx64.efi">grubx64.efi</a>
<a href="/index.html">index.html</a>
<a href="/inside">inside</a>
<a href="/linux">linux</a>
<a href="/outside">outside</a>
<a href="/up">up</a>
</pre>
`
	const sub = `<!DOCTYPE html>
<title>/debian</title>
<h1>/debian</h1>
<pre>
<a href="/">..</a>
<a href="/debian/grub.cfg">grub.cfg</a>
</pre>
`
	const typ = "text/html; charset=utf-8"
	for _, tt := range []struct {
		method, path string
		want         answer
	}{
		{"GET", "/", answer{200, typ, int64(len(want)), want}},
		{"GET", "", answer{200, typ, int64(len(want)), want}},
		{"HEAD", "/", answer{200, typ, int64(len(want)), ""}},
		{"GET", "/debian", answer{200, typ, int64(len(sub)), sub}},
		{"GET", "/debian/", answer{200, typ, int64(len(sub)), sub}},
		{"GET", "/up", answer{403, "text/plain; charset=utf-8", 10, "Forbidden\n"}},
	} {
		if diff := cmp.Diff(tt.want, answerOf(t, ask(h, tt.method, tt.path, nil))); diff != "" {
			t.Errorf("%s %q (-want +got):\n%s", tt.method, tt.path, diff)
		}
	}
}

// failFS fails every open with one error.
type failFS struct{ err error }

func (f failFS) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: f.err}
}

func TestStatusOfErrors(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want int
	}{
		{fs.ErrNotExist, 404},
		{fs.ErrPermission, 403},
		{errors.New("path escapes from parent"), 403},
		{syscall.EIO, 500},
	} {
		var got Event
		h := HTTP(failFS{tt.err}, func(e Event) { got = e })
		if resp := ask(h, "GET", "/x", nil); resp.StatusCode != tt.want {
			t.Errorf("%v: status %d, want %d", tt.err, resp.StatusCode, tt.want)
		}
		if !errors.Is(got.Err, tt.err) {
			t.Errorf("event has the error %v, want %v", got.Err, tt.err)
		}
	}
}

func TestEvents(t *testing.T) {
	start := time.Date(2026, 3, 1, 13, 0, 0, 0, time.UTC)
	clock := start
	var events []Event
	h := &handler{
		tree:    newTree(t).FS(),
		onEvent: func(e Event) { events = append(events, e) },
		now:     func() time.Time { clock = clock.Add(time.Second); return clock },
	}
	ask(h, "HEAD", "/linux", map[string]string{"User-Agent": "UefiHttpBoot/1.0"})
	ask(h, "GET", "//linux", map[string]string{"Range": "bytes=6-"})
	ask(h, "GET", "/../nothing", nil)
	client := netip.MustParseAddrPort("192.0.2.1:1234") // httptest's
	want := []Event{
		{Time: start.Add(1 * time.Second), Client: client, UserAgent: "UefiHttpBoot/1.0", Method: "HEAD", Path: "/linux",
			Status: 200, Length: 16, Duration: time.Second},
		{Time: start.Add(3 * time.Second), Client: client, Method: "GET", Path: "//linux", Range: "bytes=6-",
			Status: 206, Length: 10, Bytes: 10, Duration: time.Second},
		{Time: start.Add(5 * time.Second), Client: client, Method: "GET", Path: "/../nothing",
			Status: 404, Length: 10, Bytes: 10, Duration: time.Second, Err: fs.ErrNotExist},
	}
	if diff := cmp.Diff(want, events, cmpopts.EquateErrors(), cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// hangUp is a client that leaves after some bytes.
type hangUp struct {
	http.ResponseWriter
	left int
}

var errGone = errors.New("connection reset by peer")

func (w *hangUp) Write(p []byte) (int, error) {
	n := min(len(p), w.left)
	w.left -= n
	if n < len(p) {
		return n, errGone
	}
	return n, nil
}

func TestClientThatLeavesIsTold(t *testing.T) {
	tree := fstest.MapFS{"big": {Data: bytes.Repeat([]byte("x"), 1000)}}
	var got Event
	h := HTTP(tree, func(e Event) { got = e })
	h.ServeHTTP(&hangUp{httptest.NewRecorder(), 600}, httptest.NewRequest("GET", "/big", nil))
	if !errors.Is(got.Err, errGone) || got.Bytes != 600 || got.Length != 1000 {
		t.Errorf("event has %d of %d bytes and the error %v, want 600 of 1000 and %v", got.Bytes, got.Length, got.Err, errGone)
	}
}

// shrunk is a file that is shorter than it says.
type shrunk struct{ fs.FS }

func (s shrunk) Open(name string) (fs.File, error) {
	f, err := s.FS.Open(name)
	if err != nil {
		return nil, err
	}
	return shrunkFile{f.(seekFile)}, nil
}

type seekFile interface {
	fs.File
	io.Seeker
}

type shrunkFile struct{ seekFile }

func (shrunkFile) Read([]byte) (int, error) { return 0, io.EOF }

func TestFileThatShrinksIsTold(t *testing.T) {
	var got Event
	h := HTTP(shrunk{fstest.MapFS{"file": {Data: []byte("0123456789")}}}, func(e Event) { got = e })
	ask(h, "GET", "/file", nil)
	if !errors.Is(got.Err, io.ErrUnexpectedEOF) {
		t.Errorf("event has the error %v, want %v", got.Err, io.ErrUnexpectedEOF)
	}
}

// kernelCopy is a connection that can take a file from the kernel.
type kernelCopy struct {
	http.ResponseWriter
	from io.Reader
}

func (w *kernelCopy) ReadFrom(src io.Reader) (int64, error) {
	w.from = src
	return io.Copy(struct{ io.Writer }{w.ResponseWriter}, src)
}

// Sendfile happens where the connection's ReadFrom is given the *os.File.
func TestFilesReachTheKernel(t *testing.T) {
	h := HTTP(newTree(t).FS(), func(Event) {})
	w := &kernelCopy{ResponseWriter: httptest.NewRecorder()}
	h.ServeHTTP(w, httptest.NewRequest("GET", "/linux", nil))
	limited, ok := w.from.(*io.LimitedReader)
	if !ok {
		t.Fatalf("the connection was given a %T, want *io.LimitedReader", w.from)
	}
	if _, ok := limited.R.(*os.File); !ok {
		t.Errorf("the connection was given a %T, want *os.File", limited.R)
	}
}

// FuzzPath asks for any path. Whatever it is, the answer is that file of the
// tree which the cleaned path names, or a listing, or a refusal: never a
// redirect, and never a byte from outside the root.
func FuzzPath(f *testing.F) {
	for _, p := range []string{
		"/linux", "//grubx64.efi", "/debian", "/inside", "/outside", "/absolute", "/up/secret", "/up",
		"/../secret", "/debian/../../secret", "/..\\secret", "/linux\x00", "/\xff", "*", "", "/./", "/debian/grub.cfg/..",
	} {
		f.Add(p)
	}
	root := newTree(f)
	files := map[string]string{}
	for _, name := range []string{"grubx64.efi", "linux", "index.html", "debian/grub.cfg", "a b&<c>", "inside"} {
		data, err := root.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		files[name] = string(data)
	}
	h := HTTP(root.FS(), nil)
	f.Fuzz(func(t *testing.T, p string) {
		got := answerOf(t, ask(h, "GET", p, nil))
		switch got.Status {
		case 200:
			name := strings.Trim(filepath.ToSlash(filepath.Clean("/"+p)), "/")
			want, isFile := files[name]
			if isFile && got.Body != want {
				t.Errorf("%q gave %q, want %q", p, got.Body, want)
			}
			if isListing := name == "" || name == "debian"; !isFile && !isListing {
				t.Errorf("%q gave %q, want a refusal", p, got.Body)
			}
		case 403, 404:
		default:
			t.Errorf("%q gave status %d", p, got.Status)
		}
	})
}

// GRUB stands still for half a minute on a connection that stays open after an error.
func TestErrorsEndGRUBsConnection(t *testing.T) {
	handler := HTTP(fstest.MapFS{"linux": {Data: []byte("kernel")}}, nil)
	for _, tt := range []struct {
		agent, path, want string
	}{
		{"GRUB 2.06-13+deb12u2", "/fs.lst", "close"},
		{"GRUB 2.06-13+deb12u2", "/linux", ""},
		{"iPXE/1.0.0", "/fs.lst", ""},
	} {
		r := httptest.NewRequest(http.MethodGet, tt.path, nil)
		r.Header.Set("User-Agent", tt.agent)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if got := w.Result().Header.Get("Connection"); got != tt.want {
			t.Errorf("%s, %s: Connection: %q, want %q", tt.agent, tt.path, got, tt.want)
		}
	}
}
