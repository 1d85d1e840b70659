package tftp

import (
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"testing"
	"time"

	"pxe/tftp/tftptest"
)

// staying is the server's end of an upload, with the wait after it.
type staying struct {
	machine
	taker taker
	took  bool
}

func newStaying(request Packet, size int, w io.Writer) machine {
	agreed, oack, err := negotiate(request.Options, int64(size), limits{MaxBlockSize, maxWindow})
	if err != nil {
		panic(err)
	}
	t := newTaker(w, -1, agreed, oack, new(Server).timer(agreed), nil)
	return &staying{machine: t, taker: t}
}

func (s *staying) AppendNext(now time.Time, b []byte) ([]byte, bool) {
	b, ok := s.machine.AppendNext(now, b)
	if !s.took && s.taker.Done() && s.taker.Err() == nil {
		s.took, s.machine = true, &dallier{last: uint16(s.taker.next - 1)}
		s.machine.Start(now)
	}
	return b, ok
}

// An upload of every shape over every kind of path.
func TestPutOverBadPaths(t *testing.T) {
	for name, l := range map[string]link{
		"perfect":   {delay: ms},
		"lossy":     {delay: ms, loss: .05, seed: 1},
		"duplicate": {delay: ms, duplicate: .3, seed: 2},
		"awful":     {delay: 10 * ms, loss: .2, duplicate: .1, reorder: .1, seed: 3},
	} {
		for _, size := range []int{0, 1, 511, 512, 1024, 100_000} {
			for _, asked := range [][]Option{nil, options("tsize", size, "blksize", 1024), options("blksize", 512, "windowsize", 8)} {
				content := pattern(size)
				var got bytes.Buffer
				u := &uploader{
					request: Packet{Op: OpWRQ, Name: "f", Mode: "octet", Options: asked},
					file:    bytes.NewReader(content), size: int64(size), timer: new(Client).timer(),
				}
				newSimulation(l).run(u, func(p Packet) machine { return newStaying(p, size, &got) })
				if !bytes.Equal(got.Bytes(), content) {
					t.Errorf("%s, %d bytes, %v: %d bytes arrived", name, size, asked, got.Len())
				}
				if err := u.Err(); err != nil {
					t.Errorf("%s, %d bytes, %v: %v", name, size, asked, err)
				}
			}
		}
	}
}

func TestUploader(t *testing.T) {
	oack := func(pairs ...any) Packet { return oackPacket(options(pairs...)) }
	for _, tt := range []struct {
		name  string
		asked []Option
		steps []step
		err   error
	}{
		{"without options", nil, []step{
			{0, Packet{}, "WRQ"},
			{ms, ack(0), "DATA 1"},
			{2 * ms, ack(0), ""}, // the Sorcerer's Apprentice
			{3 * ms, ack(1), "DATA 2"},
			{4 * ms, ack(2), ""},
		}, nil},
		{"a lost request", nil, []step{
			{0, Packet{}, "WRQ"},
			{time.Second, Packet{}, "WRQ"},
			{time.Second + ms, ack(0), "DATA 1"},
			{time.Second + 2*ms, ack(1), "DATA 2"},
			{time.Second + 3*ms, ack(2), ""},
		}, nil},
		{"a window", options("windowsize", 2, "blksize", 300), []step{
			{0, Packet{}, "WRQ"},
			{ms, oack("windowsize", 2, "blksize", 300), "DATA 1, DATA 2"},
			{2 * ms, ack(2), "DATA 3"},
			{3 * ms, ack(3), ""},
		}, nil},
		{"an OACK twice", options("blksize", 600), []step{
			{0, Packet{}, "WRQ"},
			{ms, oack("blksize", 600), "DATA 1"},
			{2 * ms, oack("blksize", 600), ""},
			{3 * ms, ack(1), "DATA 2"},
			{4 * ms, ack(2), ""},
		}, nil},
		{"refused", nil, []step{{0, Packet{}, "WRQ"}, {ms, fault(CodeExists), ""}}, &Error{Code: CodeExists}},
		{"raised", options("blksize", 600), []step{{0, Packet{}, "WRQ"}, {ms, oack("blksize", 700), "ERROR 8"}}, ErrProtocol},
		{"full in the middle", nil, []step{
			{0, Packet{}, "WRQ"},
			{ms, ack(0), "DATA 1"},
			{2 * ms, fault(CodeDiskFull), ""},
		}, &Error{Code: CodeDiskFull}},
		{"no answer", nil, []step{{0, Packet{}, "WRQ"}, {time.Minute, Packet{}, ""}}, ErrNoAnswer},
		{"a stall", nil, []step{{0, Packet{}, "WRQ"}, {ms, ack(0), "DATA 1"}, {time.Minute, Packet{}, ""}}, ErrStalled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			u := &uploader{
				request: Packet{Op: OpWRQ, Name: "f", Mode: "octet", Options: tt.asked},
				file:    bytes.NewReader(pattern(700)), size: 700, timer: new(Client).timer(),
			}
			play(t, u, tt.steps)
			if !u.Done() || !sameError(u.Err(), tt.err) {
				t.Errorf("done %v with %v, want %v", u.Done(), u.Err(), tt.err)
			}
		})
	}
}

func TestPut(t *testing.T) {
	content := pattern(5000)
	scripted(t, func(l *lab, s *peer, request Packet, client netip.AddrPort) {
		if request.Name != "up/f" || fmt.Sprint(request.Options) != "[{tsize 5000} {blksize 4096}]" {
			l.t.Errorf("asked for %+v", request)
		}
		s.send(client, oackPacket(request.Options))
		s.expect("DATA 1")
		s.send(client, ack(1))
		s.expect("DATA 2")
		s.send(client, ack(2))
	}, func(l *lab) {
		c := Client{ListenPacket: l.client.ListenPacket}
		var last int64
		got, err := c.Put(l.t.Context(), Request{
			Server: l.server, Name: "up/f", Options: options("tsize", 5000, "blksize", 4096),
			Progress: func(done, total int64) { last = done },
		}, bytes.NewReader(content), 5000)
		if err != nil || got.Bytes != 5000 || got.Blocks != 2 || got.BlockSize != 4096 || last != 5000 {
			l.t.Errorf("%+v, %v, progress %d", got, err, last)
		}
	})
}

// A server of ours takes nothing.
func TestPutRefused(t *testing.T) {
	inLab(t, tftptest.Faults{}, &Server{Source: files{}}, func(l *lab) {
		c := Client{ListenPacket: l.client.ListenPacket}
		_, err := c.Put(l.t.Context(), Request{Server: l.server, Name: "f"}, bytes.NewReader(nil), 0)
		want := `tftp: put "f" to 192.0.2.1:69: TFTP error 2 (access violation): "this server takes no files"`
		if err == nil || err.Error() != want {
			l.t.Errorf("error %v, want %s", err, want)
		}
	})
}
