package tftp

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"testing"
	"time"

	pin "github.com/pin/tftp/v3"
)

// An independent implementation as the other side.

// pinServer serves content with pin/tftp on a loopback address.
func pinServer(t testing.TB, content []byte) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := pin.NewServer(func(name string, w io.ReaderFrom) error {
		if name != "f" {
			return fs.ErrNotExist
		}
		w.(pin.OutgoingTransfer).SetSize(int64(len(content)))
		_, err := w.ReadFrom(bytes.NewReader(content))
		return err
	}, nil)
	s.SetTimeout(time.Second)
	done := make(chan error, 1)
	go func() { done <- s.Serve(conn) }()
	t.Cleanup(func() {
		s.Shutdown()
		<-done
	})
	return addrPort(conn.LocalAddr())
}

var interopSizes = []int{0, 1, 511, 512, 1468, 4 * 1468, 1_000_000}

func TestOurClientTheirServer(t *testing.T) {
	for _, size := range interopSizes {
		content := pattern(size)
		server := pinServer(t, content)
		for _, opts := range [][]Option{nil, options("blksize", 1468, "tsize", 0), options("tsize", 0, "blksize", 1024, "windowsize", 8)} {
			var got bytes.Buffer
			transfer, err := new(Client).Get(t.Context(), Request{Server: server, Name: "f", Options: opts}, &got)
			if err != nil || !bytes.Equal(got.Bytes(), content) {
				t.Errorf("%d bytes with %v: %v, got %d bytes", size, opts, err, got.Len())
			}
			if transfer.Window != 1 {
				t.Errorf("%d bytes with %v: window %d of a server that has none", size, opts, transfer.Window)
			}
		}
	}
}

func TestOurClientTheirServerRefuses(t *testing.T) {
	server := pinServer(t, nil)
	_, err := new(Client).Get(t.Context(), Request{Server: server, Name: "other"}, io.Discard)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want fs.ErrNotExist", err)
	}
}

func TestTheirClientOurServer(t *testing.T) {
	for _, size := range interopSizes {
		content := pattern(size)
		server := listenAndServe(t, "127.0.0.1:0", &Server{Source: files{"f": content}})
		for _, blockSize := range []int{512, 1468} {
			var got bytes.Buffer
			if err := pinGet(server, blockSize, "octet", &got); err != nil || !bytes.Equal(got.Bytes(), content) {
				t.Errorf("%d bytes in blocks of %d: %v, got %d bytes", size, blockSize, err, got.Len())
			}
		}
	}
}

// pin's client turns netascii back, so what was text arrives as it was.
func TestTheirClientOurServerNetASCII(t *testing.T) {
	text := bytes.Repeat([]byte("a line\nand\rmore\r\n"), 1000)
	server := listenAndServe(t, "127.0.0.1:0", &Server{Source: files{"f": text}})
	var got bytes.Buffer
	if err := pinGet(server, 512, "netascii", &got); err != nil || !bytes.Equal(got.Bytes(), text) {
		t.Errorf("%v, got %d of %d bytes", err, got.Len(), len(text))
	}
}

func pinGet(server netip.AddrPort, blockSize int, mode string, w io.Writer) error {
	c, err := pin.NewClient(server.String())
	if err != nil {
		return err
	}
	c.SetBlockSize(blockSize)
	c.RequestTSize(true)
	r, err := c.Receive("f", mode)
	if err != nil {
		return err
	}
	_, err = r.WriteTo(w)
	return err
}
