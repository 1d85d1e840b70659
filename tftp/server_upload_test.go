package tftp

import (
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pxe/tftp/tftptest"
)

// memorySink takes files into memory.
type memorySink struct {
	mu     sync.Mutex // guards the fields below
	files  map[string]string
	writes error // what Write fails with
	ends   error // what Commit fails with
	open   int   // uploads that are neither committed nor aborted
}

func (s *memorySink) Create(name string, _ netip.AddrPort, size int64) (Upload, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.files[name]; ok {
		return nil, exists(name)
	}
	if size > 1<<20 {
		return nil, tooLarge(1 << 20)
	}
	s.open++
	return &memoryUpload{sink: s, name: name}, nil
}

type memoryUpload struct {
	sink *memorySink
	name string
	b    bytes.Buffer
}

func (u *memoryUpload) Write(p []byte) (int, error) {
	if u.sink.writes != nil {
		return 0, u.sink.writes
	}
	return u.b.Write(p)
}

func (u *memoryUpload) Commit() error {
	u.sink.mu.Lock()
	defer u.sink.mu.Unlock()
	u.sink.open--
	if u.sink.ends != nil {
		return u.sink.ends
	}
	if u.sink.files == nil {
		u.sink.files = make(map[string]string)
	}
	u.sink.files[u.name] = u.b.String()
	return nil
}

func (u *memoryUpload) Abort() {
	u.sink.mu.Lock()
	defer u.sink.mu.Unlock()
	u.sink.open--
}

// got is a file of s, and whether s has it.
func (s *memorySink) got(name string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	content, ok := s.files[name]
	return content, ok
}

// left fails the test if an upload was neither committed nor aborted, or both.
func (s *memorySink) left(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open != 0 {
		t.Errorf("%d uploads are left", s.open)
	}
}

func wrq(name string, asked ...any) Packet {
	p := rrq(name, asked...)
	p.Op = OpWRQ
	return p
}

// Uploads of every shape over good and bad paths arrive, and both ends know it.
func TestServerTakes(t *testing.T) {
	for name, faults := range map[string]tftptest.Faults{
		"perfect": {Delay: ms},
		"bad":     {Delay: ms, Loss: .05, Duplicate: .05, Reorder: .05, Seed: 1},
	} {
		for _, size := range []int{0, 1, 512, 100_000} {
			for _, asked := range [][]Option{nil, options("tsize", size, "blksize", 1024), options("windowsize", 8)} {
				t.Run(fmt.Sprint(name, size, asked), func(t *testing.T) {
					sink := new(memorySink)
					inLab(t, faults, &Server{Source: files{}, Sink: sink}, func(l *lab) {
						content := pattern(size)
						c := Client{ListenPacket: l.client.ListenPacket}
						got, err := c.Put(l.t.Context(), Request{Server: l.server, Name: "dir/f", Options: asked}, bytes.NewReader(content), int64(size))
						if err != nil || got.Bytes != int64(size) {
							t.Fatalf("%+v, %v", got, err)
						}
						e := l.event()
						if e.Kind != EventDone || !e.Upload || e.File != "dir/f" || e.Bytes != int64(size) || e.Size != int64(size) {
							t.Errorf("event %+v", e)
						}
						if e.BlockSize != got.BlockSize || e.Window != got.Window || e.Blocks != got.Blocks {
							t.Errorf("event %+v, but the client has %+v", e, got)
						}
						if there, ok := sink.got("dir/f"); !ok || there != string(content) {
							t.Errorf("%d bytes are there", len(there))
						}
					})
					sink.left(t)
				})
			}
		}
	}
}

// What is refused is refused before the client sends any of it.
func TestServerTakesNot(t *testing.T) {
	for _, tt := range []struct {
		name    string
		sink    Sink
		request Packet
		code    Code
	}{
		{"no uploads", nil, wrq("f"), CodeAccess},
		{"there already", &memorySink{files: map[string]string{"f": ""}}, wrq("f"), CodeExists},
		{"too large", new(memorySink), wrq("f", "tsize", 1<<20+1), CodeDiskFull},
		{"a size that is none", new(memorySink), wrq("f", "tsize", "big"), CodeOption},
		{"blocks that are none", new(memorySink), wrq("f", "blksize", 7), CodeOption},
		{"a name that is none", new(memorySink), wrq("../f"), CodeAccess},
		{"a folder", new(memorySink), wrq("sub/x/"), CodeAccess},
		{"a folder of Windows", new(memorySink), wrq(`sub\x\`), CodeAccess},
		{"a folder by a dot", new(memorySink), wrq("sub/x/."), CodeAccess},
		{"a mode that is none", new(memorySink), Packet{Op: OpWRQ, Name: "f", Mode: "mail"}, CodeIllegal},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inLab(t, tftptest.Faults{}, &Server{Source: files{}, Sink: tt.sink}, func(l *lab) {
				p := l.peer()
				p.send(l.server, tt.request)
				p.expect(fmt.Sprintf("ERROR %d", tt.code))
				if e := l.event(); e.Kind != EventRefused || !e.Upload {
					t.Errorf("event %+v", e)
				}
			})
			if s, ok := tt.sink.(*memorySink); ok {
				s.left(t)
			}
		})
	}
}

// What fails in the middle leaves nothing, and the client learns why.
func TestServerTakesHalf(t *testing.T) {
	full := fmt.Errorf("%w: no space left on device", &Error{CodeDiskFull, "disk full"})
	for _, tt := range []struct {
		name  string
		sink  *memorySink
		asked []any
		play  func(l *lab, p *peer, tid netip.AddrPort)
		err   error
	}{
		{"a full disk", &memorySink{writes: full}, nil, func(l *lab, p *peer, tid netip.AddrPort) {
			p.send(tid, data(1, 512))
			p.expect("ERROR 3")
		}, full},
		{"a disk that is full at the end", &memorySink{ends: full}, nil, func(l *lab, p *peer, tid netip.AddrPort) {
			p.send(tid, data(1, 1))
			p.expect("ERROR 3")
		}, full},
		{"an error of the disk", &memorySink{writes: errBroken}, nil, func(l *lab, p *peer, tid netip.AddrPort) {
			p.send(tid, data(1, 512))
			p.expect("ERROR 3")
		}, errBroken},
		{"a client that gives up", new(memorySink), nil, func(l *lab, p *peer, tid netip.AddrPort) {
			p.send(tid, data(1, 512))
			p.expect("ACK 1")
			p.send(tid, fault(CodeUndefined))
		}, &Error{Code: CodeUndefined}},
		{"a client that falls silent", new(memorySink), nil, func(l *lab, p *peer, tid netip.AddrPort) {
			p.send(tid, data(1, 512))
		}, ErrStalled},
		{"a client that never begins", new(memorySink), nil, func(l *lab, p *peer, tid netip.AddrPort) {}, ErrNoAnswer},
		{"less than announced", new(memorySink), []any{"tsize", 100}, func(l *lab, p *peer, tid netip.AddrPort) {
			p.send(tid, data(1, 99))
			p.expect("ERROR 0")
		}, ErrSize},
		{"a server that stops", new(memorySink), nil, func(l *lab, p *peer, tid netip.AddrPort) {
			p.send(tid, data(1, 512))
			p.expect("ACK 1")
			if err := l.stop(); err != nil {
				l.t.Error(err)
			}
			p.expect("ERROR 0")
		}, errStopped},
		{"another request", new(memorySink), nil, func(l *lab, p *peer, tid netip.AddrPort) {
			p.send(l.server, wrq("other"))
		}, errSuperseded},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inLab(t, tftptest.Faults{}, &Server{Source: files{}, Sink: tt.sink}, func(l *lab) {
				p := l.peer()
				p.send(l.server, wrq("f", tt.asked...))
				begin := "ACK 0"
				if tt.asked != nil {
					begin = "OACK"
				}
				tt.play(l, p, p.expect(begin))
				if e := l.event(); e.Kind != EventFailed || !sameError(e.Err, tt.err) {
					t.Errorf("event %v with %v, want %v", e.Kind, e.Err, tt.err)
				}
				if _, ok := tt.sink.got("f"); ok {
					t.Error("the file is there")
				}
			})
			tt.sink.left(t)
		})
	}
}

// The last ACK is repeated for whoever did not get it, and the next request need
// not wait until that is over.
func TestServerDallies(t *testing.T) {
	sink := new(memorySink)
	inLab(t, tftptest.Faults{}, &Server{Source: files{"g": nil}, Sink: sink}, func(l *lab) {
		p := l.peer()
		p.send(l.server, wrq("f"))
		tid := p.expect("ACK 0")
		p.send(tid, data(1, 512))
		p.expect("ACK 1")
		p.send(tid, data(2, 1))
		p.expect("ACK 2")
		if e := l.event(); e.Kind != EventDone || e.Duration > time.Second {
			t.Errorf("event %+v", e)
		}
		for range 2 {
			time.Sleep(5 * time.Second) // of the bubble
			p.send(tid, data(2, 1))
			p.expect("ACK 2")
		}
		p.send(tid, data(1, 512))
		p.expect("")
		p.send(l.server, rrq("g"))
		p.expect("DATA 1")
		synctest.Wait()
		p.send(tid, data(2, 1)) // that wait has ended
		p.expect("")

		q := l.peer()
		q.send(l.server, wrq("h"))
		tid = q.expect("ACK 0")
		q.send(tid, data(1, 1))
		q.expect("ACK 1")
		time.Sleep(dallyTime + ms) // of the bubble
		q.send(tid, data(1, 1))
		q.expect("")
	})
	sink.left(t)
}

// A request that comes twice is one upload: its answer was lost, or it was.
func TestServerJoinsDuplicateUploads(t *testing.T) {
	sink := new(memorySink)
	inLab(t, tftptest.Faults{}, &Server{Source: files{}, Sink: sink}, func(l *lab) {
		p := l.peer()
		p.send(l.server, wrq("f", "blksize", 8))
		tid := p.expect("OACK")
		time.Sleep(100 * ms) // of the bubble
		p.send(l.server, wrq("f", "blksize", 8))
		if again := p.expect("OACK"); again != tid {
			t.Errorf("the OACK came from %v, then from %v", tid, again)
		}
		p.send(tid, oackPacket(options("blksize", 16))) // not the client's to say
		p.send(tid, data(1, 8))
		p.expect("ACK 1")
		p.send(l.server, wrq("f", "blksize", 8)) // a late copy
		p.expect("")
		p.send(tid, data(2, 0))
		p.expect("ACK 2")
		l.event()
	})
	sink.left(t)
}

// Text arrives as this host writes it, wherever the blocks were cut.
func TestServerTakesText(t *testing.T) {
	for in, want := range map[string]string{
		"a\r\nb\r\n": "a\nb\n", "a\r\x00b": "a\rb", "a\rb": "a\rb", "a\r": "a\r", "\r\r\n": "\r\n", "a\nb\x00": "a\nb\x00", "": "",
		"1234567\r\n9": "1234567\n9", "1234567\r\x009": "1234567\r9", "1234567\r": "1234567\r",
	} {
		sink := new(memorySink)
		inLab(t, tftptest.Faults{}, &Server{Source: files{}, Sink: sink}, func(l *lab) {
			p := l.peer()
			request := wrq("f", "blksize", 8, "tsize", len(want))
			request.Mode = "NetASCII"
			p.send(l.server, request)
			tid := p.expect("OACK")
			for block, rest := uint16(1), in; ; block++ {
				part := rest[:min(8, len(rest))]
				p.send(tid, Packet{Op: OpDATA, Block: block, Data: []byte(part)})
				p.expect(fmt.Sprintf("ACK %d", block))
				if rest = rest[len(part):]; len(part) < 8 {
					break
				}
			}
			if e := l.event(); e.Kind != EventDone || e.Bytes != int64(len(in)) {
				t.Errorf("event %+v", e)
			}
		})
		if got, _ := sink.got("f"); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
		sink.left(t)
	}
}

// An upload waits for its disk, and what others download does not.
func TestUploadsWaitAlone(t *testing.T) {
	block := make(chan struct{})
	entered := make(chan struct{})
	server := listenAndServe(t, "127.0.0.1:0", &Server{Source: files{"g": pattern(100_000)}, Sink: slowSink{entered, block}})
	put := make(chan error, 1)
	go func() {
		_, err := new(Client).Put(t.Context(), Request{Server: server, Name: "f"}, strings.NewReader("x"), 1)
		put <- err
	}()
	<-entered
	var got bytes.Buffer
	if _, err := new(Client).Get(t.Context(), Request{Server: server, Name: "g"}, &got); err != nil || got.Len() != 100_000 {
		t.Errorf("%d bytes, %v", got.Len(), err)
	}
	close(block)
	if err := <-put; err != nil {
		t.Error(err)
	}
}

// slowSink has a disk that writes when block is closed.
type slowSink struct{ entered, block chan struct{} }

func (s slowSink) Create(string, netip.AddrPort, int64) (Upload, error) {
	return &slowUpload{io.Discard, s}, nil
}

type slowUpload struct {
	io.Writer
	sink slowSink
}

func (u *slowUpload) Commit() error {
	close(u.sink.entered)
	<-u.sink.block
	return nil
}

func (u *slowUpload) Abort() {}
