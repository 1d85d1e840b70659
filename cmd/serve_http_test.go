package cmd

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pxe/share"
)

func TestServeHTTP(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "linux"), []byte("kernel"), 0o644); err != nil {
		t.Fatal(err)
	}
	server := startServer(t, "serve-http", dir, "--listen", "127.0.0.1:0")
	var listening listeningJSON
	server.next(&listening)
	if listening.Event != "listening" || listening.Root != dir {
		t.Errorf("first line %+v", listening)
	}

	got := make(chan error, 1)
	go func() {
		resp, err := http.Get(listening.URL + "linux")
		if err == nil {
			resp.Body.Close()
		}
		got <- err
	}()
	var request requestJSON
	server.next(&request)
	if err := <-got; err != nil {
		t.Fatal(err)
	}
	if request.Event != "request" || request.Path != "/linux" || request.Status != 200 || request.SentBytes != 6 {
		t.Errorf("line of the request %+v", request)
	}
	server.stop()
}

func TestServeHTTPSaysWhatIsWrong(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, tt := range []struct {
		args       []string
		code       int
		text, hint string
	}{
		{[]string{}, exitUsage, "missing argument ROOT", ""},
		{[]string{"/nonexistent"}, exitFailed, "no such directory", "mkdir -p"},
		{[]string{t.TempDir(), "--listen", taken.Addr().String()}, exitFailed, "address already in use", "another server has this port"},
		{[]string{t.TempDir(), "--listen", "192.0.2.1:0"}, exitFailed, "cannot assign", "does not have that address"},
		{[]string{t.TempDir(), "--listen", "80"}, exitUsage, "want :80", ""},
		{[]string{t.TempDir(), "--listen", "localhost"}, exitUsage, "not [ADDRESS]:PORT", ""},
		{[]string{t.TempDir(), "--listen", ":99999"}, exitUsage, "not a port", ""},
	} {
		err := run(t.Context(), Streams{Out: io.Discard, Err: io.Discard}, append([]string{"serve-http"}, tt.args...)...)
		if err == nil || codeFor(err) != tt.code || !strings.Contains(err.Error(), tt.text) || !strings.Contains(hintOf(err), tt.hint) {
			t.Errorf("%q: code %d, error %v, hint %q; want %d, %q, %q", tt.args, codeFor(err), err, hintOf(err), tt.code, tt.text, tt.hint)
		}
	}
}

func TestListenWithoutPrivileges(t *testing.T) {
	err := listenError(&net.OpError{Op: "listen", Err: os.NewSyscallError("bind", syscall.EACCES)}, ":80", 8080)
	if want := "CAP_NET_BIND_SERVICE"; !strings.Contains(hintOf(err), want) || !strings.Contains(hintOf(err), "--listen :8080") {
		t.Errorf("hint %q does not say %s", hintOf(err), want)
	}
}

// The port that is taken is not what is advised.
func TestListenElsewhere(t *testing.T) {
	inUse := &net.OpError{Op: "listen", Err: os.NewSyscallError("bind", syscall.EADDRINUSE)}
	for asked, want := range map[string]string{
		":69": "--listen :6969", "127.0.0.1:69": "--listen 127.0.0.1:6969", "127.0.0.1:6969": "--listen 127.0.0.1:6970", "[::1]:tftp": "--listen [::1]:6969",
	} {
		if hint := hintOf(listenError(inUse, asked, 6969)); !strings.HasSuffix(hint, want) {
			t.Errorf("%s: hint %q, want %s", asked, hint, want)
		}
	}
	err := listenError(&net.OpError{Op: "listen", Err: &net.DNSError{Name: "foo", IsNotFound: true}}, "foo:69", 6969)
	if !strings.Contains(hintOf(err), `the name "foo"`) {
		t.Errorf("hint %q", hintOf(err))
	}
}

func TestHTTPLogLines(t *testing.T) {
	client := netip.MustParseAddrPort("192.0.2.7:1234")
	for _, tt := range []struct {
		event share.Event
		want  string
	}{
		{share.Event{Method: "GET", Path: "/linux", Status: 200, Length: 2000, Bytes: 2000, Duration: time.Second, UserAgent: "GRUB 2.06"},
			`INFO sent path=/linux status=200 sent="2.0 KB" in=1s agent="GRUB 2.06"`},
		{share.Event{Method: "HEAD", Path: "/linux", Status: 200, Length: 2000, UserAgent: "UefiHttpBoot/1.0"},
			`INFO "told the size" path=/linux status=200 method=HEAD agent=UefiHttpBoot/1.0`},
		{share.Event{Method: "GET", Path: "/a\nb", Status: 404, Bytes: 10, Err: fs.ErrNotExist},
			`INFO "not found" path=/a\nb status=404`},
		{share.Event{Method: "GET", Path: "/x", Status: 403, Bytes: 10, Err: &fs.PathError{Op: "statat", Path: "x", Err: errors.New("path escapes from parent")}},
			`WARN refused path=/x status=403 err="path escapes from parent"`},
		{share.Event{Method: "GET", Path: "/x", Range: "bytes=5-", Status: 206, Bytes: 10, Err: io.ErrUnexpectedEOF},
			`WARN interrupted path=/x status=206 range="bytes=5-" err="unexpected EOF"`},
		{share.Event{Method: "GET", Path: "/x", Status: 200, Length: 20, Bytes: 10, Err: &net.OpError{Op: "readfrom", Net: "tcp", Err: os.NewSyscallError("sendfile", syscall.ECONNRESET)}},
			`WARN interrupted path=/x status=200 err="connection reset by peer"`},
	} {
		var out bytes.Buffer
		plain := slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == "client" {
				return slog.Attr{}
			}
			return a
		}})
		tt.event.Client = client
		httpView{serverView{log: slog.New(plain)}}.request(tt.event)
		got := strings.NewReplacer("level=", "", "msg=", "").Replace(strings.TrimSpace(out.String()))
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("log line (-want +got):\n%s", diff)
		}
	}
}
