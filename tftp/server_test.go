package tftp

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pxe/tftp/tftptest"
)

// Requests that get no file get the right code, before any OACK, and a text
// that says nothing of this host.
func TestServerRefuses(t *testing.T) {
	source := SourceFunc(func(name string, _ netip.AddrPort) (File, error) {
		switch name {
		case "there":
			return Bytes(nil), nil
		case "forbidden":
			return nil, &fs.PathError{Op: "open", Path: "/srv/secret/forbidden", Err: fs.ErrPermission}
		case "broken":
			return nil, errors.New("/srv/secret: input/output error")
		case "special":
			return nil, &Error{CodeNoUser, "not for you"}
		}
		return nil, &fs.PathError{Op: "open", Path: "/srv/secret/" + name, Err: fs.ErrNotExist}
	})
	tests := []struct {
		name    string
		request Packet
		code    Code
		message string
	}{
		{"missing", rrq("/pxelinux.cfg/default", "tsize", 0), CodeNotFound, "file not found: pxelinux.cfg/default"},
		{"forbidden", rrq("forbidden", "tsize", 0), CodeAccess, "access denied: forbidden"},
		{"unreadable", rrq("broken"), CodeUndefined, "the file could not be opened"},
		{"as the source says", rrq("special"), CodeNoUser, "not for you"},
		{"out of the tree", rrq("../etc/passwd"), CodeAccess, "file name leaves the tree"},
		{"out of the tree with backslashes", rrq(`..\..\boot.ini`), CodeAccess, "file name leaves the tree"},
		{"control characters", rrq("a\nb"), CodeAccess, "file name with control characters"},
		{"300 bytes", rrq(strings.Repeat("x", 300)), CodeAccess, "file name too long"},
		{"no name", rrq("/"), CodeIllegal, "no file name"},
		{"mail", Packet{Op: OpRRQ, Name: "there", Mode: "mail"}, CodeIllegal, "unknown mode"},
		{"upload", Packet{Op: OpWRQ, Name: "there", Mode: "octet"}, CodeAccess, "this server takes no files"},
		{"blksize 7", rrq("there", "blksize", 7), CodeOption, `option blksize: "7" is not a number from 8 to 65464`},
		{"blksize 0", rrq("there", "blksize", 0), CodeOption, `option blksize: "0" is not a number from 8 to 65464`},
		{"windowsize 0", rrq("there", "windowsize", 0), CodeOption, `option windowsize: "0" is not a number from 1 to 65535`},
		{"timeout 256", rrq("there", "timeout", 256), CodeOption, `option timeout: "256" is not a number from 1 to 255`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inLab(t, tftptest.Faults{}, &Server{Source: source}, func(l *lab) {
				p := l.peer()
				p.send(l.server, tt.request)
				got, from := p.receive()
				want := Packet{Op: OpERROR, Code: tt.code, Message: tt.message}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if from.Port() == l.server.Port() {
					t.Error("the ERROR came from the request port")
				}
				e := l.event()
				var fault *Error
				if e.Kind != EventRefused || !errors.As(e.Err, &fault) || fault.Code != tt.code {
					t.Errorf("event %v with %v, want refused with code %d", e.Kind, e.Err, tt.code)
				}
				if e.Kind == EventRefused && tt.code == CodeNotFound && e.Err.Error() != fault.Error() {
					t.Errorf("error %q: where it was not found is of no interest", e.Err)
				}
				p.expect("")
			})
		})
	}
}

func TestServerIgnoresWhatIsNoRequest(t *testing.T) {
	tests := []struct {
		name   string
		packet string
		answer string
	}{
		{"DATA", "\x00\x03\x00\x01data", ""},
		{"ACK", "\x00\x04\x00\x01", ""},
		{"ERROR", "\x00\x05\x00\x01no\x00", ""},
		{"OACK", "\x00\x06", ""},
		{"nothing", "", ""},
		{"a scanner", "GET / HTTP/1.0\r\n\r\n", ""},
		{"half a request", "\x00\x01name", "ERROR 4"},
		{"a request without an end", "\x00\x01name\x00octet\x00tsize\x00", "ERROR 4"},
		{"a request of 3000 bytes", "\x00\x01" + strings.Repeat("n", 3000), "ERROR 4"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inLab(t, tftptest.Faults{}, &Server{Source: files{}}, func(l *lab) {
				p := l.peer()
				p.sendBytes(l.server, []byte(tt.packet))
				p.expect(tt.answer)
				if e := l.event(); e.Kind != EventMalformed || !errors.Is(e.Err, ErrMalformed) {
					t.Errorf("event %v with %v, want malformed", e.Kind, e.Err)
				}
			})
		})
	}
}

// The OACK has what was asked, in that order, in lower case, within the limits.
func TestServerOptions(t *testing.T) {
	server := func() *Server {
		return &Server{
			Source:       files{"f": pattern(100_000), "empty": nil, "text": []byte("a\nb\rc")},
			MaxWindow:    16,
			MaxBlockSize: 9000,
			MTU:          func(local, client netip.Addr) int { return 1500 },
		}
	}
	tests := []struct {
		name    string
		request Packet
		want    string
	}{
		{"EDK2", rrq("f", "tsize", 0, "blksize", 1468, "windowsize", 4), "tsize 100000 blksize 1468 windowsize 4"},
		{"iPXE", rrq("f", "blksize", 1432, "tsize", 0), "blksize 1432 tsize 100000"},
		{"GRUB", rrq("f", "blksize", 1024, "tsize", 0), "blksize 1024 tsize 100000"},
		{"U-Boot", rrq("f", "timeout", 5, "tsize", 0, "blksize", 1468, "windowsize", 8), "timeout 5 tsize 100000 blksize 1468 windowsize 8"},
		{"curl", rrq("f", "tsize", 0, "blksize", 512, "timeout", 6), "tsize 100000 blksize 512 timeout 6"},
		{"an empty file has a size", rrq("empty", "tsize", 0), "tsize 0"},
		{"the client's own size does not matter", rrq("f", "tsize", 999), "tsize 100000"},
		{"capitals", rrq("f", "BlkSize", 600, "TSIZE", 0), "blksize 600 tsize 100000"},
		{"the block fits the MTU", rrq("f", "blksize", 1472), "blksize 1468"},
		{"a huge block", rrq("f", "blksize", 99999999), "blksize 1468"},
		{"a huge window", rrq("f", "windowsize", 65535), "windowsize 16"},
		{"the timeout comes back as it was written", rrq("f", "timeout", "005"), "timeout 005"},
		{"unknown options are left out", rrq("f", "multicast", "", "tsize", 0, "x", "y"), "tsize 100000"},
		{"an option twice", rrq("f", "blksize", 600, "blksize", 700), "blksize 600"},
		{"no option", rrq("f"), "DATA 1"},
		{"a mode in capitals", Packet{Op: OpRRQ, Name: "f", Mode: "OCTET"}, "DATA 1"},
		{"no option that is known", rrq("f", "multicast", ""), "DATA 1"},
		{"the size of converted text", Packet{Op: OpRRQ, Name: "text", Mode: "NetASCII", Options: options("tsize", 0)}, "tsize 7"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inLab(t, tftptest.Faults{}, server(), func(l *lab) {
				p := l.peer()
				p.send(l.server, tt.request)
				packet, _ := p.receive()
				got := summary(packet)
				if packet.Op == OpOACK {
					got = ""
					for _, o := range packet.Options {
						got += o.Name + " " + o.Value + " "
					}
					got = strings.TrimSpace(got)
				}
				if got != tt.want {
					t.Errorf("answer %q, want %q", got, tt.want)
				}
			})
		})
	}
}

func TestBlockLimit(t *testing.T) {
	tests := []struct {
		most, mtu int
		ipv6      bool
		want      int
	}{
		{65464, 0, false, 65464},
		{65464, 1500, false, 1468},
		{65464, 1500, true, 1448},
		{65464, 9000, false, 8968},
		{1024, 9000, false, 1024},
		{65464, 65536, false, 65464},
		{65464, 68, false, 512},
	}
	for _, tt := range tests {
		if got := blockLimit(tt.most, tt.mtu, tt.ipv6); got != tt.want {
			t.Errorf("blockLimit(%d, %d, %v) = %d, want %d", tt.most, tt.mtu, tt.ipv6, got, tt.want)
		}
	}
}

// A client gets no larger block than fits the way to it, and no larger one than the
// server may give, however it writes the option.
func TestRequestLimits(t *testing.T) {
	for _, tt := range []struct {
		client string
		most   int // of the server
		mtu    int
		option string
		want   int
	}{
		{"192.0.2.2", 0, 1500, "blksize", 1468},
		{"2001:db8::2", 0, 1500, "blksize", 1448},
		{"192.0.2.2", 0, 1500, "BLKSIZE", 1468},
		{"192.0.2.2", 1408, 1500, "blksize", 1408},
		{"192.0.2.2", 1408, 1280, "blksize", 1248},
		{"2001:db8::2", 1408, 0, "blksize", 1408},
		{"192.0.2.2", 1408, 1500, "tsize", 1408}, // nobody looks for the MTU
	} {
		r := &request{
			server: &Server{MaxBlockSize: tt.most, MTU: func(netip.Addr, netip.Addr) int { return tt.mtu }},
			client: addrPortOf(tt.client, 1), packet: rrq("f", tt.option, 65464),
		}
		if got := r.limits().blockSize; got != tt.want {
			t.Errorf("%+v: %d", tt, got)
		}
	}
}

// A request that comes again, from the network or from an impatient client, is
// the same request.
func TestServerJoinsDuplicateRequests(t *testing.T) {
	inLab(t, tftptest.Faults{}, &Server{Source: files{"f": pattern(1000)}}, func(l *lab) {
		p := l.peer()
		request := rrq("f", "tsize", 0)
		p.send(l.server, request)
		tid := p.expect("OACK")
		p.send(l.server, request) // doubled by the network
		p.expect("")
		p.send(l.server, request) // the client has not had the OACK
		if again := p.expect("OACK"); again != tid {
			t.Errorf("a second transfer began, on %v", again)
		}
		p.send(tid, ack(0))
		p.expect("DATA 1")
		p.send(l.server, request) // a straggler
		p.send(tid, ack(1))
		p.expect("DATA 2")
		p.send(tid, ack(2))
		if e := l.event(); e.Kind != EventDone {
			t.Errorf("event %v with %v", e.Kind, e.Err)
		}
		l.noEvent()
		p.send(l.server, request) // now it is another
		if again := p.expect("OACK"); again == tid {
			t.Error("the transfer that was over answers")
		}
	})
}

// A client that asks for something else from its port has a new request, and
// the end of the old one does not end that.
func TestServerSupersedes(t *testing.T) {
	inLab(t, tftptest.Faults{}, &Server{Source: files{"f": pattern(1000)}}, func(l *lab) {
		p := l.peer()
		p.send(l.server, rrq("f", "tsize", 0))
		old := p.expect("OACK")
		p.send(l.server, rrq("f", "blksize", 1456))
		tid := p.expect("OACK")
		if e := l.event(); tid == old || e.Kind != EventSizeProbe {
			t.Errorf("event %v with %v", e.Kind, e.Err)
		}
		p.expect("")
		p.send(l.server, rrq("f", "blksize", 1456))
		if again := p.expect("OACK"); again != tid {
			t.Errorf("a copy of the new request began a transfer of its own")
		}
		p.expect("")
	})
}

// A stranger gets ERROR 5, and the transfer does not notice.
func TestServerTellsStrangers(t *testing.T) {
	inLab(t, tftptest.Faults{}, &Server{Source: files{"f": pattern(1000)}, Timeout: 2 * time.Second}, func(l *lab) {
		p, stranger := l.peer(), l.peer()
		p.send(l.server, rrq("f"))
		tid := p.expect("DATA 1")
		stranger.send(tid, ack(1))
		stranger.expect("ERROR 5")
		stranger.send(tid, fault(CodeUndefined))
		stranger.expect("") // an ERROR is never answered
		stranger.sendBytes(tid, []byte("rubbish"))
		stranger.expect("")
		p.expect("")
		p.send(tid, ack(1))
		p.expect("DATA 2")
		p.send(tid, ack(2))
		if e := l.event(); e.Kind != EventDone {
			t.Errorf("event %v with %v", e.Kind, e.Err)
		}
	})
}

func TestServerMaxTransfers(t *testing.T) {
	inLab(t, tftptest.Faults{}, &Server{Source: files{"f": pattern(1000)}, MaxTransfers: 2, Timeout: 2 * time.Second}, func(l *lab) {
		first, second, third := l.peer(), l.peer(), l.peer()
		first.send(l.server, rrq("f"))
		first.expect("DATA 1")
		second.send(l.server, rrq("f"))
		second.expect("DATA 1")
		time.Sleep(answerGrace - ms) // of the bubble
		third.send(l.server, rrq("f"))
		third.expect("")
		if e := l.event(); e.Kind != EventDropped || !errors.Is(e.Err, ErrBusy) {
			t.Errorf("event %v with %v, want dropped with ErrBusy", e.Kind, e.Err)
		}
		// A client that changes its mind takes the place that it has.
		first.send(l.server, rrq("f", "tsize", 0))
		first.expect("OACK")
		if e := l.event(); e.Kind != EventFailed || !errors.Is(e.Err, errSuperseded) {
			t.Errorf("event %v with %v, want errSuperseded", e.Kind, e.Err)
		}
	})
}

// Where there is no room the one that has waited longest for an answer goes, and
// nobody who has answered.
func TestServerCrowdsOut(t *testing.T) {
	for _, singlePort := range []bool{false, true} {
		sink := new(memorySink)
		server := &Server{Source: files{"f": pattern(1000)}, Sink: sink, MaxTransfers: 2, SinglePort: singlePort}
		inLab(t, tftptest.Faults{}, server, func(l *lab) {
			real, forged, second, third := l.peer(), l.peer(), l.peer(), l.peer()
			real.send(l.server, rrq("f"))
			tid := real.expect("DATA 1")
			real.send(tid, ack(1))
			real.expect("DATA 2")
			forged.send(l.server, wrq("g", "timeout", 255))
			forged.expect("OACK")
			time.Sleep(answerGrace) // of the bubble
			second.send(l.server, rrq("f"))
			to := second.expect("DATA 1")
			if e := l.event(); e.Kind != EventFailed || e.Err != ErrCrowdedOut || !e.Upload {
				t.Errorf("event %+v", e)
			}
			sink.left(t)
			for range 10 { // real was sent DATA 2 again meanwhile
				if packet, _ := forged.receive(); packet.Op != 0 && packet.Op != OpOACK {
					t.Errorf("who was crowded out received %+v", packet)
				}
			}
			second.send(to, ack(1))
			for packet, _ := second.receive(); packet.Block != 2; packet, _ = second.receive() {
			}
			third.send(l.server, rrq("f"))
			third.expect("")
			if e := l.event(); e.Kind != EventDropped || !errors.Is(e.Err, ErrBusy) {
				t.Errorf("event %+v", e)
			}
			real.send(tid, ack(2))
			if e := l.event(); e.Kind != EventDone || e.Client != addrPort(real.conn.LocalAddr()) {
				t.Errorf("event %+v", e)
			}
		})
	}
}

// Whoever is not admitted crowds nobody out.
func TestServerCrowdsOutForTheAdmitted(t *testing.T) {
	limits := &Limits{PerSource: 1}
	inLab(t, tftptest.Faults{}, &Server{Source: files{"f": nil}, MaxTransfers: 1, Admit: limits.Admit}, func(l *lab) {
		first, second := l.peer(), l.peer()
		first.send(l.server, rrq("f"))
		first.expect("DATA 1")
		time.Sleep(answerGrace) // of the bubble
		second.send(l.server, rrq("f"))
		if e := l.event(); e.Kind != EventDropped || !errors.Is(e.Err, ErrSource) {
			t.Errorf("event %+v", e)
		}
		l.noEvent()
	})
}

// The end of Serve is the end of its transfers, and their clients are told.
func TestServerStops(t *testing.T) {
	inLab(t, tftptest.Faults{}, &Server{Source: files{"f": pattern(1000)}}, func(l *lab) {
		p := l.peer()
		p.send(l.server, rrq("f"))
		p.expect("DATA 1")
		if err := l.stop(); err != nil {
			t.Errorf("Serve returned %v, want nil", err)
		}
		p.expect("ERROR 0")
		if e := l.event(); e.Kind != EventFailed || !errors.Is(e.Err, errStopped) {
			t.Errorf("event %v with %v, want errStopped", e.Kind, e.Err)
		}
		p.send(l.server, rrq("f"))
		p.expect("")
	})
}

// A socket outlives a Serve and can be served again.
func TestServeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := tftptest.NewNetwork(tftptest.Faults{})
		host := network.Host("192.0.2.1")
		conn, err := host.ListenPacket(t.Context(), "udp", ":69")
		if err != nil {
			t.Fatal(err)
		}
		s := &Server{Source: files{"f": nil}, ListenPacket: host.ListenPacket}
		for range 2 {
			ctx, cancel := context.WithCancel(t.Context())
			served := make(chan error)
			go func() { served <- s.Serve(ctx, conn) }()
			c := Client{ListenPacket: network.Host("192.0.2.2").ListenPacket}
			if _, err := c.Get(t.Context(), Request{Server: addrPort(conn.LocalAddr()), Name: "f"}, io.Discard); err != nil {
				t.Error(err)
			}
			cancel()
			if err := <-served; err != nil {
				t.Error(err)
			}
		}
	})
}

// A client that comes back after a reset asks from the port that it had before,
// with the same request; it must not wait until its old self is given up.
func TestServerRestartedClient(t *testing.T) {
	inLab(t, tftptest.Faults{}, &Server{Source: files{"f": pattern(1000)}}, func(l *lab) {
		p := l.peer()
		p.send(l.server, rrq("f"))
		tid := p.expect("DATA 1")
		p.send(tid, ack(1))
		p.expect("DATA 2")
		for packet, _ := p.receive(); packet.Op != 0; packet, _ = p.receive() {
		}
		time.Sleep(3 * time.Second) // of the bubble
		p.send(l.server, rrq("f"))
		if e := l.event(); !errors.Is(e.Err, errRestarted) {
			t.Errorf("event %v with %v, want errRestarted", e.Kind, e.Err)
		}
		for packet, _ := p.receive(); packet.Op != 0; packet, _ = p.receive() {
		}
		p.send(l.server, rrq("f"))
		p.expect("DATA 1")
	})
}

// Rules see the name as the client wrote it, rubbish apart; what they make of it
// is what is looked for.
func TestServerRewrites(t *testing.T) {
	rules, err := ParseRules(strings.NewReader("r ^/boot/ /\na ^secret$ not\\ yours\n"), "map")
	if err != nil {
		t.Fatal(err)
	}
	server := &Server{Source: files{"f": pattern(10), "secret": nil}, Rewrite: rules.Rewrite}
	inLab(t, tftptest.Faults{}, server, func(l *lab) {
		p := l.peer()
		p.send(l.server, rrq("/boot/f\xff"))
		p.send(p.expect("DATA 1"), ack(1))
		if e := l.event(); e.Kind != EventDone || e.File != "f" || e.Note == "" {
			t.Errorf("event %+v", e)
		}
		p.send(l.server, rrq("secret"))
		p.expect("ERROR 2")
		if e := l.event(); e.Kind != EventRefused || !sameError(e.Err, &Error{CodeAccess, "not yours"}) {
			t.Errorf("event %+v", e)
		}
		p.send(l.server, rrq("/boot/../etc"))
		p.expect("ERROR 2")
		l.event()
	})
}

// Who is not admitted is dropped or told, as the error says; who was admitted
// gives the room back.
func TestServerAdmits(t *testing.T) {
	limits := &Limits{PerSource: 1}
	server := &Server{Source: files{"f": pattern(1000)}, Admit: limits.Admit}
	inLab(t, tftptest.Faults{}, server, func(l *lab) {
		for range 2 {
			first, second := l.peer(), l.peer()
			first.send(l.server, rrq("f"))
			tid := first.expect("DATA 1")
			first.send(l.server, rrq("f")) // a copy is no second transfer
			second.send(l.server, rrq("f"))
			if e := l.event(); e.Kind != EventDropped || !errors.Is(e.Err, ErrSource) {
				t.Errorf("event %+v", e)
			}
			second.expect("")
			first.send(tid, fault(CodeUndefined))
			if e := l.event(); e.Kind != EventClosed {
				t.Errorf("event %+v", e)
			}
		}
	})
	server = &Server{Source: files{}, Admit: func(netip.AddrPort, time.Time) (func(), error) {
		return nil, &Error{CodeUndefined, "closed on Sundays"}
	}}
	inLab(t, tftptest.Faults{}, server, func(l *lab) {
		p := l.peer()
		p.send(l.server, rrq("f"))
		p.expect("ERROR 0")
		if e := l.event(); e.Kind != EventRefused || e.Err == nil {
			t.Errorf("event %+v", e)
		}
	})
}

// A client that asks for something else has the place that it had, also where it may
// have only one.
func TestServerAdmitsSuperseding(t *testing.T) {
	limits := &Limits{PerSource: 1}
	inLab(t, tftptest.Faults{}, &Server{Source: files{"f": pattern(1000)}, Admit: limits.Admit}, func(l *lab) {
		p := l.peer()
		p.send(l.server, rrq("f", "tsize", 0))
		p.expect("OACK")
		p.send(l.server, rrq("f"))
		p.expect("DATA 1")
		if e := l.event(); e.Kind != EventSizeProbe {
			t.Errorf("event %+v", e)
		}
		l.peer().send(l.server, rrq("f"))
		if e := l.event(); e.Kind != EventDropped || !errors.Is(e.Err, ErrSource) {
			t.Errorf("event %+v", e)
		}
	})
	if len(limits.running) != 0 {
		t.Errorf("places are kept: %v", limits.running)
	}
}

// IdleTimeout goes before everything that the other settings and the client's
// timeout option add up to.
func TestServerIdleTimeout(t *testing.T) {
	for _, idle := range []time.Duration{2 * time.Second, 3 * time.Minute} {
		for _, options := range [][]any{nil, {"timeout", 1}, {"timeout", 255}} {
			inLab(t, tftptest.Faults{}, &Server{Source: files{"f": pattern(1000)}, IdleTimeout: idle}, func(l *lab) {
				l.peer().send(l.server, rrq("f", options...))
				e := l.event()
				if !errors.Is(e.Err, ErrNoAnswer) || e.Duration < idle || e.Duration > idle+time.Second {
					t.Errorf("idle timeout %v, options %v: %v after %v", idle, options, e.Err, e.Duration)
				}
			})
		}
	}
}

// MaxDuration ends what moves as well as what does not, and the client is told.
func TestServerMaxDuration(t *testing.T) {
	for name, request := range map[string]Packet{"download": rrq("f"), "upload": wrq("g")} {
		t.Run(name, func(t *testing.T) {
			sink := new(memorySink)
			server := &Server{Source: files{"f": pattern(1 << 20)}, Sink: sink, MaxDuration: 10 * time.Second}
			inLab(t, tftptest.Faults{}, server, func(l *lab) {
				start := time.Now()
				p := l.peer()
				p.send(l.server, request)
				packet, tid := p.receive()
				for packet.Op != OpERROR {
					switch packet.Op {
					case OpDATA:
						p.send(tid, ack(packet.Block))
					case OpACK:
						p.send(tid, data(packet.Block+1, 512))
					default:
						t.Fatalf("received %+v", packet)
					}
					time.Sleep(500 * ms)       // of the bubble
					for packet.Op != OpERROR { // the newest
						next, _ := p.receive()
						if next.Op == 0 {
							break
						}
						packet = next
					}
				}
				if took := time.Since(start); packet.Message != errTooLong.Error() || took < 10*time.Second || took > 11*time.Second {
					t.Errorf("%+v after %v", packet, took)
				}
				if e := l.event(); e.Kind != EventFailed || e.Err != errTooLong || e.Duration.Round(time.Second) != 10*time.Second {
					t.Errorf("event %+v", e)
				}
			})
			sink.left(t)
		})
	}
}
