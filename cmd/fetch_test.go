package cmd

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"pxe/fetch"
	"pxe/share"
	"pxe/tftp"
)

// TestFetchScripts is how pxe fetch behaves. Every script has its own servers
// of the files below srv: $TFTP, $HTTP and $HTTPS. Below $HTTP/cut/ the
// connection breaks after four bytes of a whole file; $HTTP/redirect/ redirects.
// $CLOSED is an address where nobody listens.
func TestFetchScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/fetch",
		RequireExplicitExec: true,
		Cmds:                map[string]func(ts *testscript.TestScript, neg bool, args []string){"exits": exits},
		Setup: func(env *testscript.Env) error {
			root, err := os.OpenRoot(filepath.Join(env.WorkDir, "srv"))
			if err != nil {
				return err
			}
			env.Defer(func() { root.Close() })
			handler := bootHTTP(share.HTTP(root.FS(), nil))
			plain := httptest.NewServer(handler)
			env.Defer(plain.Close)
			env.Setenv("HTTP", plain.URL)
			secure := httptest.NewUnstartedServer(handler)
			secure.Config.ErrorLog = log.New(io.Discard, "", 0)
			secure.StartTLS()
			env.Defer(secure.Close)
			env.Setenv("HTTPS", secure.URL)
			cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
			if err := os.WriteFile(filepath.Join(env.WorkDir, "ca.pem"), cert, 0o644); err != nil {
				return err
			}

			closed, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			env.Setenv("CLOSED", closed.Addr().String())
			closed.Close()

			if err := serveTFTP(env, "TFTP", &tftp.Server{Source: tftp.Dir(root)}); err != nil {
				return err
			}
			return takeUploads(env)
		},
	})
}

// serveTFTP runs a server, whose URL is in a variable.
func serveTFTP(env *testscript.Env, variable string, s *tftp.Server) error {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, conn) }()
	env.Defer(func() { cancel(); <-done; conn.Close() })
	env.Setenv(variable, "tftp://"+conn.LocalAddr().String())
	return nil
}

// takeUploads runs a server, $UPLOADS, which takes what it is sent below uploads.
func takeUploads(env *testscript.Env) error {
	dir := filepath.Join(env.WorkDir, "uploads")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	env.Defer(func() { root.Close() })
	return serveTFTP(env, "UPLOADS", &tftp.Server{Source: tftp.Dir(root), Sink: tftp.UploadDir{Root: root}})
}

// bootHTTP adds the misbehaving paths to a server.
func bootHTTP(files http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", files)
	mux.Handle("/cut/", http.StripPrefix("/cut", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") == "" {
			w = &cutWriter{w}
		}
		files.ServeHTTP(w, r)
	})))
	mux.HandleFunc("/redirect/", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, strings.TrimPrefix(r.URL.Path, "/redirect"), http.StatusFound)
	})
	return mux
}

// cutWriter breaks the connection after four bytes.
type cutWriter struct{ http.ResponseWriter }

func (w *cutWriter) Write(p []byte) (int, error) {
	w.ResponseWriter.Write(p[:4])
	w.ResponseWriter.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

// run is one call of the program with its own streams.
func run(ctx context.Context, s Streams, args ...string) error {
	root := newRootCmd(s)
	root.SetArgs(args)
	return root.ExecuteContext(ctx)
}

// A name that nobody knows is the name's fault, not the server's.
func TestFetchOfAnUnknownName(t *testing.T) {
	err := explainFetch(&fetch.Error{URL: "tftp://nohost/x", Err: &net.DNSError{Err: "no such host", Name: "nohost", IsNotFound: true}}, "")
	if !strings.Contains(hintOf(err), "check the server's name") || codeFor(err) != exitFailed {
		t.Errorf("%v, hint %q", err, hintOf(err))
	}
}

// Silence and a closed port have other reasons for HTTP and in mid-transfer.
func TestFetchHints(t *testing.T) {
	for _, tt := range []struct {
		err        fetch.Error
		want, none string
	}{
		{fetch.Error{URL: "http://192.0.2.1/x", Kind: fetch.ErrNoAnswer}, "TCP", "TFTP"},
		{fetch.Error{URL: "tftp://192.0.2.1/x", Kind: fetch.ErrNoAnswer}, "UDP to port 69", "TCP"},
		{fetch.Error{URL: "tftp://192.0.2.1/x", Kind: fetch.ErrNoAnswer, Err: tftp.ErrGone}, "started again", "is the server running"},
	} {
		if hint := hintOf(explainFetch(&tt.err, "")); !strings.Contains(hint, tt.want) || strings.Contains(hint, tt.none) {
			t.Errorf("%+v: hint %q", tt.err, hint)
		}
	}
}

// A terminal gets text, and nothing that it would obey.
func TestFetchOnATerminal(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/text":
			io.WriteString(w, "LABEL größer\n\tKERNEL linux\r\n")
		case "/escape":
			io.WriteString(w, "LABEL \x1b]0;title\a\n")
		case "/escape-in-utf8":
			io.WriteString(w, "LABEL \u009b31m\n")
		case "/program":
			w.Write([]byte("MZ\x00\x00"))
		}
	}))
	defer server.Close()
	for _, tt := range []struct {
		path, output string
		refused      bool
	}{
		{"/text", "", false},
		{"/escape", "", true},
		{"/escape-in-utf8", "", true},
		{"/program", "", true},
		{"/program", "-", false},
	} {
		var out, errOut bytes.Buffer
		err := run(t.Context(), Streams{Out: &out, Err: &errOut, OutTTY: true, ErrTTY: true}, "fetch", server.URL+tt.path, "--output", tt.output)
		if errors.Is(err, errNotText) != tt.refused || (out.Len() == 0) != tt.refused {
			t.Errorf("%s, --output %q: error %v and %q, want it refused: %v", tt.path, tt.output, err, out.String(), tt.refused)
		}
		if tt.refused && !strings.Contains(hintOf(err), "-o FILE") {
			t.Errorf("%s: hint %q", tt.path, hintOf(err))
		}
	}
}

func TestFetchUsesTheProxyOfTheEnvironment(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "by proxy: "+r.URL.String())
	}))
	defer proxy.Close()
	for _, name := range []string{"HTTP_PROXY", "http_proxy"} {
		var out bytes.Buffer
		env := func(n string) string { return map[string]string{name: proxy.URL}[n] }
		if err := run(t.Context(), Streams{Out: &out, Err: io.Discard, Getenv: env}, "fetch", "http://boot.example/linux"); err != nil {
			t.Fatal(err)
		}
		if want := "by proxy: http://boot.example/linux"; out.String() != want {
			t.Errorf("%s: got %q, want %q", name, out.String(), want)
		}
	}
}
