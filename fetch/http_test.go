package fetch

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// pipes is a network inside the test: every address leads to one HTTP server.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

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

func (p *pipes) ListenPacket(context.Context, string, string) (net.PacketConn, error) {
	return nil, errors.New("no datagrams here")
}

// newServer gives a client whose network has just one HTTP server.
func newServer(tb testing.TB, h http.HandlerFunc) *Client {
	p := &pipes{make(chan net.Conn), make(chan struct{})}
	server := &http.Server{Handler: h}
	go server.Serve(p)
	tb.Cleanup(func() { server.Close() })
	return &Client{Network: p}
}

const fileURL = "http://192.0.2.1/file"

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// ignoreTimes leaves out of a comparison what differs from run to run.
var ignoreTimes = cmpopts.IgnoreFields(Result{}, "Duration")

func TestGet(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789abcdef"), 50_000)
	var seen *http.Request
	c := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		seen = r
		w.Header().Set("Content-Type", "application/efi")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	})
	var got bytes.Buffer
	var done, total int64
	r, err := c.Get(t.Context(), Request{URL: fileURL, Progress: func(d, t int64) { done, total = d, t }}, &got)
	if err != nil {
		t.Fatal(err)
	}
	want := Result{
		URL: fileURL, Size: int64(len(data)), Total: int64(len(data)), SHA256: sum(data), ContentType: "application/efi",
	}
	if diff := cmp.Diff(want, r, ignoreTimes); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	if !bytes.Equal(got.Bytes(), data) {
		t.Error("the bytes are not those of the file")
	}
	if done != want.Size || total != want.Size {
		t.Errorf("the last progress was %d of %d, want all of %d", done, total, want.Size)
	}
	if agent := seen.UserAgent(); agent != "pxe" {
		t.Errorf("User-Agent = %q, want pxe", agent)
	}
	if enc := seen.Header.Get("Accept-Encoding"); enc != "" {
		t.Errorf("Accept-Encoding = %q, want none: the file as it is", enc)
	}
}

// hijack answers with raw bytes and closes the connection.
func hijack(raw string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		conn, buf, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		buf.WriteString(raw)
		buf.Flush()
		conn.Close()
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(code) }
}

func redirect(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
}

func TestFailures(t *testing.T) {
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		req     Request
		kind    error
		text    string
	}{
		{"missing", status(404), Request{}, ErrNotFound, "fetch http://192.0.2.1/file: HTTP 404 Not Found"},
		{"gone", status(410), Request{}, ErrNotFound, "HTTP 410 Gone"},
		{"forbidden", status(403), Request{}, ErrForbidden, "HTTP 403 Forbidden"},
		{"password wanted", status(401), Request{}, ErrForbidden, "HTTP 401 Unauthorized"},
		{"server trouble", status(500), Request{}, nil, "HTTP 500 Internal Server Error"},
		{"a status of its own", status(599), Request{}, nil, "HTTP 599"},
		{"a part that nobody asked for", status(206), Request{}, nil, "HTTP 206 Partial Content"},
		{"a redirect, as firmware sees it", redirect("/else"), Request{NoRedirect: true}, nil, `HTTP 302 Found to "/else"`},
		{"redirects without end", redirect("/file"), Request{}, nil, "stopped after 10 redirects"},
		{"a redirect to another scheme", redirect("tftp://192.0.2.1/x"), Request{}, nil, "unsupported protocol scheme"},
		{"a body too short", hijack("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), Request{},
			io.ErrUnexpectedEOF, "the connection ended after 3 of 10 bytes"},
		{"chunks that do not end", hijack("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"), Request{},
			io.ErrUnexpectedEOF, "unexpected EOF"},
		{"not HTTP", hijack("SSH-2.0-OpenSSH\r\n"), Request{}, nil, "malformed HTTP response"},
		{"another file", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "abc") },
			Request{SHA256: sum([]byte("abd"))}, ErrChecksum, "SHA-256 is ba7816bf"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.req.URL = fileURL
			_, err := newServer(t, tt.handler).Get(t.Context(), tt.req, io.Discard)
			if err == nil {
				t.Fatal("no error")
			}
			if tt.kind != nil && !errors.Is(err, tt.kind) {
				t.Errorf("error %q is not %q", err, tt.kind)
			}
			for _, other := range []error{ErrNotFound, ErrForbidden, ErrRefused, ErrNoAnswer, ErrBadURL, ErrChecksum} {
				if other != tt.kind && errors.Is(err, other) {
					t.Errorf("error %q is %q", err, other)
				}
			}
			if !strings.Contains(err.Error(), tt.text) {
				t.Errorf("error %q does not say %q", err, tt.text)
			}
		})
	}
}

func TestStatusIsInTheChain(t *testing.T) {
	_, err := newServer(t, redirect("/else")).Get(t.Context(), Request{URL: fileURL, NoRedirect: true}, io.Discard)
	var status *StatusError
	if !errors.As(err, &status) {
		t.Fatalf("no *StatusError in %v", err)
	}
	if diff := cmp.Diff(&StatusError{Code: 302, Location: "/else"}, status); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
}

func TestRedirectIsFollowed(t *testing.T) {
	c := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/file" {
			http.Redirect(w, r, "/moved", http.StatusMovedPermanently)
			return
		}
		io.WriteString(w, "text")
	})
	r, err := c.Get(t.Context(), Request{URL: fileURL}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if want := "http://192.0.2.1/moved"; r.URL != want {
		t.Errorf("the result names %q, want %q", r.URL, want)
	}
}

func TestConnectionRefused(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String() + "/file"
	l.Close()
	if _, err := new(Client).Get(t.Context(), Request{URL: url}, io.Discard); !errors.Is(err, ErrRefused) {
		t.Errorf("error %v, want %v", err, ErrRefused)
	}
}

func TestHTTPS(t *testing.T) {
	server := httptest.NewUnstartedServer(status(200))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	_, err := new(Client).Get(t.Context(), Request{URL: server.URL}, io.Discard)
	if unknown := (x509.UnknownAuthorityError{}); !errors.As(err, &unknown) {
		t.Errorf("error %v, want the certificate refused", err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	c := &Client{TLS: &tls.Config{RootCAs: roots}}
	if _, err := c.Get(t.Context(), Request{URL: server.URL}, io.Discard); err != nil {
		t.Errorf("with the server's root: %v", err)
	}
}

// The proxy is the caller's choice, and none when the network is.
func TestProxy(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "by proxy: "+r.URL.Host)
	}))
	defer proxy.Close()
	through, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	direct := newServer(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "direct") })
	for want, c := range map[string]*Client{
		"by proxy: 192.0.2.1": {Proxy: http.ProxyURL(through)},
		"direct":              {Proxy: http.ProxyURL(through), Network: direct.Network},
	} {
		var got strings.Builder
		if _, err := c.Get(t.Context(), Request{URL: fileURL}, &got); err != nil {
			t.Fatal(err)
		}
		if got.String() != want {
			t.Errorf("got %q, want %q", got.String(), want)
		}
	}
}

func TestSize(t *testing.T) {
	method := ""
	head := func(code int, length string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			method = r.Method
			if length != "" {
				w.Header().Set("Content-Length", length)
			}
			w.WriteHeader(code)
		}
	}
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		want    int64
		kind    error
	}{
		{"told", head(200, "123456789012"), 123456789012, nil},
		{"missing", head(404, "9"), 0, ErrNotFound},
		{"not told", hijack("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), 0, ErrNoSize},
	} {
		size, err := newServer(t, tt.handler).Size(t.Context(), Request{URL: fileURL})
		if size != tt.want || !errors.Is(err, tt.kind) {
			t.Errorf("%s: size %d and error %v, want %d and %v", tt.name, size, err, tt.want, tt.kind)
		}
	}
	if method != "HEAD" {
		t.Errorf("asked by %s, want HEAD", method)
	}
}

func TestLimit(t *testing.T) {
	const data = "0123456789"
	known := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		io.WriteString(w, data)
	}
	unknown := func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, data)
		w.(http.Flusher).Flush()
	}
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		limit   int64
		body    string
		total   int64
		partial bool
	}{
		{"a beginning", known, 4, "0123", 10, true},
		{"a beginning, length unknown", unknown, 4, "0123", -1, true},
		{"just the whole", known, 10, data, 10, false},
		{"just the whole, length unknown", unknown, 10, data, 10, false},
		{"more than the whole", known, 11, data, 10, false},
		{"more than the whole, length unknown", unknown, 11, data, 10, false},
	} {
		var got strings.Builder
		r, err := newServer(t, tt.handler).Get(t.Context(), Request{URL: fileURL, Limit: tt.limit}, &got)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		want := Result{
			URL: fileURL, Size: int64(len(tt.body)), Total: tt.total, Partial: tt.partial, SHA256: sum([]byte(tt.body)),
			ContentType: "text/plain; charset=utf-8",
		}
		if diff := cmp.Diff(want, r, ignoreTimes); diff != "" || got.String() != tt.body {
			t.Errorf("%s: got %q, want %q; result (-want +got):\n%s", tt.name, got.String(), tt.body, diff)
		}
	}
}

func TestBadURLs(t *testing.T) {
	for url, text := range map[string]string{
		"":                                 "no scheme",
		"192.0.2.1/pxelinux.0":             "no scheme",
		"tfpt://192.0.2.1/x":               `scheme "tfpt" is not one of tftp, http, https`,
		"tftp:///x":                        "no server is named",
		"http:///x":                        "no server is named",
		"http://192.0.2.1:x/":              "invalid port",
		"tftp://192.0.2.1:0/x":             `"0" is not a port`,
		"tftp://192.0.2.1:65536/x":         `"65536" is not a port`,
		"tftp://192.0.2.1":                 "no file is named",
		"tftp://192.0.2.1/":                "no file is named",
		"tftp://192.0.2.1/a%00b":           "zero byte",
		"tftp://192.0.2.1/a?b":             "write ? as %3F",
		"tftp://192.0.2.1/a#b":             "# as %23",
		"tftp://192.0.2.1/a;mode=netascii": `mode "netascii" is not supported`,
		"http://192.0.2.1/\n":              "invalid control character",
	} {
		_, err := new(Client).Get(t.Context(), Request{URL: url}, io.Discard)
		if !errors.Is(err, ErrBadURL) || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: error %v, want a bad URL: %s", url, err, text)
		}
	}
}

func TestPasswordIsNotShown(t *testing.T) {
	c := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != "secret" {
			w.WriteHeader(401)
		}
	})
	r, err := c.Get(t.Context(), Request{URL: "http://user:secret@192.0.2.1/x"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if want := "http://user:xxxxx@192.0.2.1/x"; r.URL != want {
		t.Errorf("the result names %q, want %q", r.URL, want)
	}
	_, err = newServer(t, status(404)).Get(t.Context(), Request{URL: "http://user:secret@192.0.2.1/x"}, io.Discard)
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("the error %q tells the password", err)
	}
}

// stall waits for the client to leave.
func stall(r *http.Request) { <-r.Context().Done() }

func TestSilence(t *testing.T) {
	const limit = 10 * time.Second
	say := func(w io.Writer, text string) {
		io.WriteString(w, text)
		w.(http.Flusher).Flush()
	}
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		dest    io.Writer
		after   time.Duration
		text    string // of the error; "" for none
	}{
		{"no answer", func(w http.ResponseWriter, r *http.Request) { stall(r) },
			io.Discard, limit, "the server was silent for 10s"},
		{"silence after the header", func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			stall(r)
		}, io.Discard, limit, "the server was silent for 10s"},
		{"silence in the middle", func(w http.ResponseWriter, r *http.Request) {
			say(w, "abc")
			stall(r)
		}, io.Discard, limit, "after 3 bytes the server was silent for 10s"},
		{"slow, but not silent", func(w http.ResponseWriter, r *http.Request) {
			for range 5 {
				time.Sleep(limit - time.Second)
				say(w, "abc")
			}
		}, io.Discard, 5 * (limit - time.Second), ""},
		{"a slow destination is not the server's fault", func(w http.ResponseWriter, r *http.Request) {
			say(w, "abc")
		}, slowWriter(3 * limit), 3 * limit, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newServer(t, tt.handler)
				start := time.Now()
				_, err := c.Get(t.Context(), Request{URL: fileURL, Timeout: limit}, tt.dest)
				if took := time.Since(start); took != tt.after {
					t.Errorf("ended after %v, want %v", took, tt.after)
				}
				if tt.text == "" {
					if err != nil {
						t.Error(err)
					}
					return
				}
				if !errors.Is(err, ErrNoAnswer) || !strings.Contains(err.Error(), tt.text) {
					t.Errorf("error %v, want no answer: %s", err, tt.text)
				}
			})
		})
	}
}

// slowWriter is a destination that takes its time for every write.
type slowWriter time.Duration

func (d slowWriter) Write(p []byte) (int, error) {
	time.Sleep(time.Duration(d))
	return len(p), nil
}

// Whatever cause the caller gives, it is the caller's end and no silence.
func TestCancelIsTheCallers(t *testing.T) {
	for _, cause := range []error{nil, errors.New("interrupt signal received")} {
		ctx, cancel := context.WithCancelCause(t.Context())
		c := newServer(t, func(w http.ResponseWriter, r *http.Request) { cancel(cause); stall(r) })
		_, err := c.Get(ctx, Request{URL: fileURL}, io.Discard)
		if !errors.Is(err, context.Canceled) || errors.Is(err, ErrNoAnswer) {
			t.Errorf("with the cause %v: error %v, want %v", cause, err, context.Canceled)
		}
	}
}
