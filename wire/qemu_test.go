package wire_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pxe/wire"
)

// framed is frames as QEMU's stream has them.
func framed(frames ...[]byte) []byte {
	var b []byte
	for _, f := range frames {
		b = binary.BigEndian.AppendUint32(b, uint32(len(f)))
		b = append(b, f...)
	}
	return b
}

// machine is a connection whose reading half is given; what is written to it
// is dropped.
type machine struct {
	net.Conn // a net.Pipe's end, for the rest
	r        io.Reader
}

func newMachine(r io.Reader) *machine {
	c, _ := net.Pipe()
	return &machine{Conn: c, r: r}
}

func (m *machine) Read(b []byte) (int, error)  { return m.r.Read(b) }
func (m *machine) Write(b []byte) (int, error) { return len(b), nil }

func TestServeQEMUReads(t *testing.T) {
	good, giant := frame(0xff, 1, "hello"), make([]byte, 1519)
	tests := []struct {
		name string
		in   []byte
		want []string // payloads on the wire
		err  string   // "" for a clean end
	}{
		{"nothing", nil, nil, ""},
		{"frames", framed(good, frame(2, 1, "again")), []string{"hello", "again"}, ""},
		{"largest", framed(frame(2, 1, strings.Repeat("x", 1504))), []string{strings.Repeat("x", 1504)}, ""},
		{"giant is skipped", framed(giant, good), []string{"hello"}, ""},
		{"runt is skipped", framed(make([]byte, 13), nil, good), []string{"hello"}, ""},
		{"largest that QEMU has is skipped", framed(make([]byte, 69632), good), []string{"hello"}, ""},
		{"more is not QEMU", framed(good, make([]byte, 69633)), []string{"hello"}, "69633 bytes: not the size of an Ethernet frame"},
		{"not QEMU at all", []byte("GET / HTTP/1.0\r\n"), nil, "not the size of an Ethernet frame"},
		{"cut in the length", append(framed(good), 0, 0), []string{"hello"}, "length of a frame: unexpected EOF"},
		{"cut after the length", append(framed(good), 0, 0, 0, 60), []string{"hello"}, "frame of 60 bytes: unexpected EOF"},
		{"cut in the frame", framed(good, good)[:30], []string{"hello"}, "frame of 19 bytes: unexpected EOF"},
		{"cut in a giant", framed(giant)[:1522], nil, "frame of 1519 bytes: unexpected EOF"},
	}
	for _, test := range tests {
		for name, torn := range map[string]func(io.Reader) io.Reader{
			"whole": func(r io.Reader) io.Reader { return r }, "byte by byte": iotest.OneByteReader, "with its error": iotest.DataErrReader,
		} {
			t.Run(test.name+" "+name, func(t *testing.T) {
				sw := wire.NewSwitch()
				peer := stations(sw, "peer")[0]
				err := sw.ServeQEMU(t.Context(), newMachine(torn(bytes.NewReader(test.in))), "vm")
				if test.err == "" && err != nil || test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
					t.Errorf("error %v, want %q", err, test.err)
				}
				if diff := cmp.Diff(test.want, peer.frames(t)); diff != "" {
					t.Errorf("on the wire (-want +got):\n%s", diff)
				}
				if n := len(sw.Ports()); n != 1 {
					t.Errorf("%d ports are left, want the peer's", n)
				}
			})
		}
	}
}

// A machine on a unix socket, as QEMU connects.
func TestServeQEMUBothWays(t *testing.T) {
	sw := wire.NewSwitch()
	peer := stations(sw, "peer")[0]
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "wire"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	vm, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- sw.ServeQEMU(context.Background(), conn, "vm") }()

	vm.Write(framed(frame(0xff, 7, "from the machine")))
	buf := make([]byte, 2048)
	n, err := peer.ReadFrame(buf)
	if err != nil || string(buf[14:n]) != "from the machine" {
		t.Fatalf("peer got %q, %v", buf[14:n], err)
	}
	short := frame(7, 1, "short")
	for _, f := range [][]byte{short, frame(7, 1, strings.Repeat("x", 1500))} {
		if err := peer.WriteFrame(f); err != nil {
			t.Fatal(err)
		}
	}
	padded := append(short, make([]byte, 60-len(short))...)
	want := framed(padded, frame(7, 1, strings.Repeat("x", 1500)))
	got := make([]byte, len(want))
	if _, err := io.ReadFull(vm, got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("machine got % x..., want % x...", got[:80], want[:80])
	}
	// It ends with frames unread, which resets the connection.
	peer.send(t, 7, 1, "read in part")
	if _, err := vm.Read(got[:1]); err != nil {
		t.Fatal(err)
	}
	vm.Close()
	if err := <-served; err != nil {
		t.Errorf("after the machine ended: %v", err)
	}
}

func TestServeQEMUEndsWithContext(t *testing.T) {
	sw := wire.NewSwitch()
	conn, vm := net.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error)
	go func() { served <- sw.ServeQEMU(ctx, conn, "vm") }()
	vm.Write([]byte{0, 0}) // within a frame
	cancel()
	if err := <-served; err != nil {
		t.Errorf("ServeQEMU: %v", err)
	}
	if _, err := vm.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the connection is still open: %v", err)
	}
}

// A machine that does not read must not stop the wire.
func TestServeQEMUStalledMachine(t *testing.T) {
	sw := wire.NewSwitch()
	ports := stations(sw, "a", "b")
	conn, vm := net.Pipe() // no buffer: the first write blocks
	defer vm.Close()
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error)
	go func() { served <- sw.ServeQEMU(ctx, conn, "vm") }()
	vm.Write(framed(frame(0xff, 7, "up"))) // its port is there
	for range 5000 {
		ports[0].send(t, 0xff, 1, "x")
		if _, err := ports[1].ReadFrame(make([]byte, 64)); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// brokenWriter is a machine that is silent and cannot be written to.
type brokenWriter struct{ net.Conn }

func (brokenWriter) Write([]byte) (int, error) { return 0, os.ErrInvalid }

func TestServeQEMUWriteError(t *testing.T) {
	sw := wire.NewSwitch()
	peer := stations(sw, "peer")[0]
	conn, vm := net.Pipe()
	served := make(chan error)
	go func() { served <- sw.ServeQEMU(t.Context(), brokenWriter{conn}, "vm") }()
	vm.Write(framed(frame(0xff, 7, "up")))
	peer.send(t, 7, 1, "x")
	if err := <-served; !errors.Is(err, os.ErrInvalid) {
		t.Errorf("ServeQEMU: %v, want %v", err, os.ErrInvalid)
	}
}

// What is on the wire is what a plain reading of the stream gives, however
// it is torn.
func FuzzServeQEMU(f *testing.F) {
	f.Add(framed(frame(0xff, 1, "hello")), uint8(3))
	f.Add(framed(make([]byte, 13), frame(0xff, 1, "x"), make([]byte, 1519)), uint8(1))
	f.Add([]byte{0, 1, 0x10, 1}, uint8(0))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0}, uint8(0))
	f.Fuzz(func(t *testing.T, stream []byte, piece uint8) {
		var want []string
		for rest := stream; len(rest) >= 4; {
			n := int(binary.BigEndian.Uint32(rest))
			if n > 69632 || n > len(rest)-4 {
				break
			}
			if n >= 14 && n <= 1518 {
				want = append(want, string(rest[4+14:4+n]))
			}
			rest = rest[4+n:]
		}
		sw := wire.NewSwitch()
		var got []string
		sw.Tap(func(_ time.Time, f []byte) { got = append(got, string(f[14:])) })
		sw.ServeQEMU(t.Context(), newMachine(&pieces{stream, int(piece) + 1}), "vm")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("on the wire (-want +got):\n%s", diff)
		}
	})
}

// pieces reads at most n bytes at once.
type pieces struct {
	data []byte
	n    int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.data) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(p.n, len(b))], p.data)
	p.data = p.data[n:]
	return n, nil
}
