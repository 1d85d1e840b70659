package wire_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"pxe/wire"
)

func TestDialErrors(t *testing.T) {
	_, h := twoHosts(t)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		ctx              context.Context
		network, address string
		want             error
		text             string
	}{
		{t.Context(), "tcp", "10.0.0.1:80", syscall.ECONNREFUSED, "wire: dial tcp 10.0.0.1:80: connection refused"},
		{t.Context(), "tcp", "192.168.1.1:80", syscall.EHOSTUNREACH, "no route to host"},
		{cancelled, "tcp", "10.0.0.1:80", context.Canceled, ""},
		{cancelled, "udp", "10.0.0.1:80", context.Canceled, ""},
		{t.Context(), "tcp", "boot.example:80", nil, "names are not resolved on this network"},
		{t.Context(), "udp", "boot.example:69", nil, "names are not resolved on this network"},
		{t.Context(), "unix", "/run/x", nil, "unknown network unix"},
	} {
		_, err := h.DialContext(test.ctx, test.network, test.address)
		if err == nil || !strings.Contains(err.Error(), test.text) || test.want != nil && !errors.Is(err, test.want) {
			t.Errorf("dial %s %s: %v, want %v, %q", test.network, test.address, err, test.want, test.text)
		}
	}
}

// A dial that nobody answers ends with its context.
func TestDialCancel(t *testing.T) {
	l := newLAN(t)
	h, _ := l.host(1, "10.0.0.1/24")
	ctx, cancel := context.WithCancel(t.Context())
	l.Tap(func(time.Time, []byte) { cancel() }) // it is asking for the address
	if _, err := h.DialContext(ctx, "tcp", "10.0.0.2:80"); !errors.Is(err, context.Canceled) {
		t.Errorf("dial: %v, want %v", err, context.Canceled)
	}
}

func TestHTTP(t *testing.T) {
	a, b := twoHosts(t)
	body := bytes.Repeat([]byte("kernel"), 1<<18)
	inHandler := make(chan struct{})
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(inHandler)
		}
		w.Write(body)
	})}
	served := make(chan error)
	l := listen(t, a, "10.0.0.1:80")
	go func() { served <- server.Serve(l) }()
	client := &http.Client{Transport: &http.Transport{DialContext: b.DialContext}}
	get := func(path string) error {
		resp, err := client.Get("http://10.0.0.1" + path)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		got, err := io.ReadAll(resp.Body)
		if err == nil && !bytes.Equal(got, body) {
			err = fmt.Errorf("got %d bytes, want %d", len(got), len(body))
		}
		return err
	}
	if err := get("/"); err != nil {
		t.Fatal(err)
	}
	// Shutdown lets the request that runs finish.
	got := make(chan error)
	go func() { got <- get("/slow") }()
	<-inHandler
	if err := server.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("Serve: %v, want %v", err, http.ErrServerClosed)
	}
	if err := <-got; err != nil {
		t.Errorf("request during Shutdown: %v", err)
	}
	if err := get("/"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("request after Shutdown: %v, want %v", err, syscall.ECONNREFUSED)
	}
}

func TestTCPThroughFaults(t *testing.T) {
	body := make([]byte, 1<<20)
	for i := range body {
		body[i] = byte(i * i >> 8)
	}
	for seed := range uint64(4) {
		l := newLAN(t)
		a, _ := l.host(1, "10.0.0.1/24")
		b, port := l.host(2, "10.0.0.2/24")
		server := listen(t, a, ":80")
		go func() {
			c, err := server.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			c.Write(body)
		}()
		c := dial(t, b, "tcp", "10.0.0.1:80")
		port.SetFaults(wire.Faults{Loss: 0.01, Duplicate: 0.01, Reorder: 0.02, Seed: seed})
		c.SetReadDeadline(time.Now().Add(time.Minute))
		got, err := io.ReadAll(c)
		if err != nil || !bytes.Equal(got, body) {
			t.Errorf("seed %d: got %d bytes of %d, %v", seed, len(got), len(body), err)
		}
		if s := port.Stats(); s.Lost == 0 || s.Duplicated == 0 || s.Reordered == 0 {
			t.Errorf("seed %d: nothing went wrong: %+v", seed, s)
		}
	}
}

func TestTCPHalfClose(t *testing.T) {
	a, b := twoHosts(t)
	server := listen(t, a, ":80")
	go func() {
		c, err := server.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		question, _ := io.ReadAll(c)
		c.Write(bytes.ToUpper(question))
	}()
	c := dial(t, b, "tcp", "10.0.0.1:80")
	c.Write([]byte("all of it"))
	if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(c)
	if string(got) != "ALL OF IT" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if c.RemoteAddr().String() != "10.0.0.1:80" || c.LocalAddr().(*net.TCPAddr).IP.String() != "10.0.0.2" {
		t.Errorf("connected %v to %v", c.LocalAddr(), c.RemoteAddr())
	}
}

func TestDeadlines(t *testing.T) {
	a, b := twoHosts(t)
	server := listen(t, a, ":80")
	dhcp, err := b.ListenDHCP(68)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]interface {
		SetReadDeadline(time.Time) error
		SetDeadline(time.Time) error
	}{
		"udp": listenPacket(t, b, ":1000").(net.Conn), "tcp": dial(t, b, "tcp", "10.0.0.1:80"), "dhcp": dhcp,
		"listener": server.(interface {
			SetReadDeadline(time.Time) error
			SetDeadline(time.Time) error
		}),
	} {
		read := func() error {
			switch c := c.(type) {
			case net.PacketConn:
				_, _, err := c.ReadFrom(make([]byte, 10))
				return err
			case net.Conn:
				_, err := c.Read(make([]byte, 10))
				return err
			default:
				if _, err := server.Accept(); err != nil {
					return err
				}
				_, err := server.Accept()
				return err
			}
		}
		check := func(when string) {
			t.Helper()
			err := read()
			var timeout net.Error
			if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &timeout) || !timeout.Timeout() {
				t.Errorf("%s: read with a deadline %s: %v, want a timeout", name, when, err)
			}
		}
		c.SetReadDeadline(time.Now().Add(time.Millisecond))
		check("to come")
		check("that came")
		c.SetDeadline(time.Unix(1, 0))
		check("long ago")
		// One that is moved while a read waits.
		c.SetReadDeadline(time.Time{})
		waiting := make(chan struct{})
		go func() {
			close(waiting)
			c.SetReadDeadline(time.Unix(1, 0))
		}()
		<-waiting
		check("set meanwhile")
	}
}

func TestReadAfterClose(t *testing.T) {
	a, b := twoHosts(t)
	listen(t, a, ":80")
	for name, c := range map[string]net.Conn{
		"udp": dial(t, b, "udp", "10.0.0.1:69"), "tcp": dial(t, b, "tcp", "10.0.0.1:80"),
	} {
		if err := c.Close(); err != nil {
			t.Errorf("%s: Close: %v", name, err)
		}
		_, readErr := c.Read(make([]byte, 1))
		_, writeErr := c.Write(make([]byte, 1))
		for op, err := range map[string]error{"Read": readErr, "Write": writeErr, "second Close": c.Close()} {
			if !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s: %s after Close: %v, want net.ErrClosed", name, op, err)
			}
		}
	}
}

// Writes of several goroutines do not mix.
func TestTCPConcurrentWrites(t *testing.T) {
	a, b := twoHosts(t)
	server := listen(t, a, ":80")
	c := dial(t, b, "tcp", "10.0.0.1:80")
	const size, each = 200_000, 5
	var wg sync.WaitGroup
	for _, letter := range []string{"a", "b", "c"} {
		wg.Go(func() {
			for range each {
				c.Write(bytes.Repeat([]byte(letter), size))
			}
		})
	}
	go func() {
		wg.Wait()
		c.Close()
	}()
	peer, err := server.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	block := make([]byte, size)
	for i := range 3 * each {
		if _, err := io.ReadFull(peer, block); err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(block, block[:1]); n != size {
			t.Fatalf("write %d is mixed: %d of %d bytes are %q", i, n, size, block[0])
		}
	}
}

// A connection has its addresses even if its peer is gone before it is accepted.
func TestTCPAcceptAfterReset(t *testing.T) {
	a, b := twoHosts(t)
	server := listen(t, a, ":80")
	local := dial(t, b, "tcp", "10.0.0.1:80").LocalAddr()
	b.Close()
	c, err := server.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, err = c.Read(make([]byte, 1))
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("Read: %v, want %v", err, syscall.ECONNRESET)
	}
	if got := c.RemoteAddr().String(); got != local.String() {
		t.Errorf("RemoteAddr %v, want %v", got, local)
	}
}
