package fetch

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pxe/tftp"
	"pxe/tftp/tftptest"
)

// newTFTPServer runs a server on the loopback interface and returns its URL,
// with a slash at the end.
func newTFTPServer(tb testing.TB, s *tftp.Server) string {
	tb.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- s.Serve(ctx, conn) }()
	tb.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			tb.Errorf("server: %v", err)
		}
		conn.Close()
	})
	return "tftp://" + conn.LocalAddr().String() + "/"
}

func TestTFTP(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789abcdef"), 50_000)
	asked := make(chan []tftp.Option, 1)
	url := newTFTPServer(t, &tftp.Server{
		Source: tftp.SourceFunc(func(name string, _ netip.AddrPort) (tftp.File, error) {
			switch name {
			case "dir/a file":
				return tftp.Bytes(data), nil
			case "empty":
				return tftp.Bytes(nil), nil
			case "secret":
				return nil, fs.ErrPermission
			}
			return nil, fs.ErrNotExist
		}),
		OnEvent: func(e tftp.Event) {
			if e.File == "options" {
				asked <- e.Options
			}
		},
	})
	c := new(Client)

	t.Run("a file", func(t *testing.T) {
		var got bytes.Buffer
		var done, total int64
		r, err := c.Get(t.Context(), Request{URL: url + "dir/a%20file;mode=octet", Progress: func(d, t int64) { done, total = d, t }}, &got)
		if err != nil {
			t.Fatal(err)
		}
		want := Result{
			URL: url + "dir/a%20file;mode=octet", Size: int64(len(data)), Total: int64(len(data)), SHA256: sum(data),
			TFTP: &tftp.Transfer{Bytes: int64(len(data)), Size: int64(len(data)), BlockSize: 1408, Window: 16},
		}
		opts := cmp.Options{ignoreTimes, cmpopts.IgnoreFields(tftp.Transfer{}, "Asked", "Options", "Blocks", "Retransmits", "Duration", "Peer")}
		if diff := cmp.Diff(want, r, opts); diff != "" {
			t.Errorf("result (-want +got):\n%s", diff)
		}
		if !bytes.Equal(got.Bytes(), data) {
			t.Error("the bytes are not those of the file")
		}
		if done != want.Size || total != want.Size {
			t.Errorf("the last progress was %d of %d, want all of %d", done, total, want.Size)
		}
	})
	t.Run("an empty file", func(t *testing.T) {
		dir := t.TempDir()
		if _, err := c.ToFile(t.Context(), Request{URL: url + "empty"}, filepath.Join(dir, "f")); err != nil {
			t.Fatal(err)
		}
		wantFiles(t, dir, map[string]string{"f": ""})
	})
	t.Run("a beginning", func(t *testing.T) {
		var got bytes.Buffer
		r, err := c.Get(t.Context(), Request{URL: url + "dir/a%20file", Limit: 2000}, &got)
		if err != nil {
			t.Fatal(err)
		}
		if r.Size != 2000 || r.Total != int64(len(data)) || !r.Partial || !bytes.Equal(got.Bytes(), data[:2000]) {
			t.Errorf("result %+v with %d bytes", r, got.Len())
		}
	})
	t.Run("size", func(t *testing.T) {
		size, err := c.Size(t.Context(), Request{URL: url + "dir/a%20file"})
		if err != nil || size != int64(len(data)) {
			t.Errorf("size %d and error %v, want %d", size, err, len(data))
		}
	})
	t.Run("options", func(t *testing.T) {
		for _, tt := range []struct {
			req  Request
			want []tftp.Option
		}{
			{Request{}, []tftp.Option{{Name: "tsize", Value: "0"}, {Name: "blksize", Value: "1408"}, {Name: "windowsize", Value: "16"}}},
			{Request{BlockSize: 512, Window: 1}, []tftp.Option{{Name: "tsize", Value: "0"}, {Name: "blksize", Value: "512"}}},
			{Request{BlockSize: 512, TFTPOptions: []tftp.Option{{Name: "blksize", Value: "1456"}, {Name: "tsize", Value: "0"}}},
				[]tftp.Option{{Name: "blksize", Value: "1456"}, {Name: "tsize", Value: "0"}}},
			{Request{TFTPOptions: []tftp.Option{}}, nil},
		} {
			tt.req.URL = url + "options"
			c.Get(t.Context(), tt.req, io.Discard)
			if diff := cmp.Diff(tt.want, <-asked, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("options (-want +got):\n%s", diff)
			}
		}
	})
	t.Run("failures leave nothing", func(t *testing.T) {
		for name, want := range map[string]struct {
			kind error
			text string
		}{
			"nothing": {ErrNotFound, "fetch " + url + "nothing: TFTP error 1: \"file not found: nothing\""},
			"secret":  {ErrForbidden, "fetch " + url + "secret: TFTP error 2 (access violation)"},
		} {
			dir := t.TempDir()
			_, err := c.ToFile(t.Context(), Request{URL: url + name}, filepath.Join(dir, "f"))
			var packet *tftp.Error
			if !errors.Is(err, want.kind) || !errors.As(err, &packet) || !strings.HasPrefix(err.Error(), want.text) {
				t.Errorf("error %v, want %s", err, want.text)
			}
			wantFiles(t, dir, map[string]string{})
		}
	})
}

// packetNetwork is a Network of datagrams alone.
type packetNetwork struct{ tftptest.Host }

func (packetNetwork) DialContext(context.Context, string, string) (net.Conn, error) {
	return nil, errors.New("no connections here")
}

// Four minutes for a file, and never a silence of ten seconds: a server is not
// silent while its blocks arrive, however slowly.
func TestTFTPSlowIsNotSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := tftptest.NewNetwork(tftptest.Faults{Delay: time.Second})
		host := lan.Host("192.0.2.1")
		conn, err := host.ListenPacket(t.Context(), "udp", ":69")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			server := &tftp.Server{ListenPacket: host.ListenPacket, Source: tftp.SourceFunc(func(string, netip.AddrPort) (tftp.File, error) {
				return tftp.Bytes(make([]byte, 60_000)), nil
			})}
			if err := server.Serve(ctx, conn); err != nil {
				t.Errorf("server: %v", err)
			}
		}()
		c := &Client{Network: packetNetwork{lan.Host("192.0.2.2")}}
		start := time.Now()
		r, err := c.Get(t.Context(), Request{URL: "tftp://192.0.2.1/f", BlockSize: 512, Window: 1, Timeout: 10 * time.Second}, io.Discard)
		if took := time.Since(start); err != nil || r.Size != 60_000 || took < 3*time.Minute {
			t.Errorf("%d bytes after %v, error %v", r.Size, took, err)
		}
		cancel()
		<-done
		conn.Close()
	})
}

// failing is a file that breaks after some bytes.
type failing struct{ tftp.File }

func (f failing) ReadAt(p []byte, off int64) (int, error) {
	if off >= 100_000 {
		return 0, errors.New("disk error")
	}
	return f.File.ReadAt(p, off)
}

func TestTFTPInterruptedLeavesNothing(t *testing.T) {
	url := newTFTPServer(t, &tftp.Server{Source: tftp.SourceFunc(func(string, netip.AddrPort) (tftp.File, error) {
		return failing{tftp.Bytes(make([]byte, 200_000))}, nil
	})})
	dir := t.TempDir()
	began := false
	_, err := new(Client).ToFile(t.Context(), Request{URL: url + "f", Progress: func(int64, int64) { began = true }}, filepath.Join(dir, "f"))
	if err == nil || !began {
		t.Errorf("error %v; bytes arrived: %v", err, began)
	}
	wantFiles(t, dir, map[string]string{})
}

// The beginning that came before a failure reaches the writer, however short.
func TestTFTPInterruptedGivesTheBeginning(t *testing.T) {
	url := newTFTPServer(t, &tftp.Server{Source: tftp.SourceFunc(func(string, netip.AddrPort) (tftp.File, error) {
		return failing{tftp.Bytes(make([]byte, 200_000))}, nil
	})})
	var got bytes.Buffer
	_, err := new(Client).Get(t.Context(), Request{URL: url + "f", BlockSize: 1000, Window: 1}, &got)
	if least := 100_000; err == nil || got.Len() < least {
		t.Errorf("error %v after %d bytes, want one after %d at least", err, got.Len(), least)
	}
}

func TestTFTPNobodyListens(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "tftp://" + conn.LocalAddr().String() + "/f"

	_, err = new(Client).Get(t.Context(), Request{URL: url, Timeout: 50 * time.Millisecond}, io.Discard)
	if !errors.Is(err, ErrNoAnswer) || !errors.Is(err, tftp.ErrNoAnswer) {
		t.Errorf("from a server that is silent: %v, want %v and that of package tftp", err, ErrNoAnswer)
	}
	conn.Close()
	if _, err := new(Client).Get(t.Context(), Request{URL: url}, io.Discard); !errors.Is(err, ErrRefused) {
		t.Errorf("from a closed port: %v, want %v", err, ErrRefused)
	}
}

// A network in the process has addresses and no names.
func TestTFTPOnANetworkNeedsAnAddress(t *testing.T) {
	c := newServer(t, status(200))
	_, err := c.Get(t.Context(), Request{URL: "tftp://server/f"}, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "has no resolver") {
		t.Errorf("error %v", err)
	}
	_, err = c.Get(t.Context(), Request{URL: "tftp://192.0.2.1/f"}, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "no datagrams here") {
		t.Errorf("error %v, want that of the network", err)
	}
}

// The tries of package tftp, at doubled intervals of 8 s at most, fill the time
// that the server may be silent, and do not outlast it.
func TestTries(t *testing.T) {
	for silence, want := range map[time.Duration]struct {
		first   time.Duration
		retries int
	}{
		80 * time.Millisecond: {10 * time.Millisecond, 2},
		4 * time.Second:       {500 * time.Millisecond, 2},
		10 * time.Second:      {time.Second, 2},
		16 * time.Second:      {time.Second, 3},
		30 * time.Second:      {time.Second, 4},
		time.Minute:           {time.Second, 8},
	} {
		first, retries := tries(silence)
		if first != want.first || retries != want.retries {
			t.Errorf("tries(%v) = %v, %d, want %v, %d", silence, first, retries, want.first, want.retries)
		}
	}
}

func TestTFTPNames(t *testing.T) {
	for in, want := range map[string]string{
		"tftp://h/pxelinux.0":                    "pxelinux.0",
		"tftp://h/dir/pxelinux.0":                "dir/pxelinux.0",
		"tftp://h//srv/pxelinux.0":               "/srv/pxelinux.0",
		"tftp://h/a%20b;mode=octet":              "a b",
		"tftp://h/a;mode=OCTET":                  "a",
		"tftp://h/a%3Bmode=octet":                "a;mode=octet",
		"tftp://h/a%2Fb":                         "a/b",
		"tftp://h/Boot%5Cx64%5Cwdsnbp.com":       `Boot\x64\wdsnbp.com`,
		"tftp://[fe80::1%25eth0]/debian/bootx64": "debian/bootx64",
	} {
		u, err := url.Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := tftpName(u); got != want || err != nil {
			t.Errorf("%s names %q (%v), want %q", in, got, err, want)
		}
	}
}

// FuzzTFTPName: any name without a zero byte can be asked for, by escaping it.
func FuzzTFTPName(f *testing.F) {
	for _, name := range []string{"pxelinux.0", "/srv/x", "a b", "a;mode=netascii", "100%", "a?b#c", `\x`, "\xff", "..", "a\x00"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		escaped := strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
		u, err := url.Parse("tftp://192.0.2.1/" + escaped)
		if err != nil {
			t.Fatal(err)
		}
		got, err := tftpName(u)
		if unusable := name == "" || strings.Contains(name, "\x00"); unusable != (err != nil) {
			t.Fatalf("name %q: error %v", name, err)
		}
		if err == nil && got != name {
			t.Errorf("asked for %q, want %q", got, name)
		}
	})
}
