package tftp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pxe/tftp/tftptest"
)

// A Client against a Server, for every shape of file, over every kind of path.
func TestGet(t *testing.T) {
	content := files{
		"empty": nil, "one": pattern(1), "exact": pattern(4 * 1468), "big": pattern(300_000),
	}
	paths := map[string]tftptest.Faults{
		"perfect":    {},
		"lossy":      {Loss: .05, Delay: ms, Seed: 1},
		"duplicates": {Duplicate: .3, Delay: ms, Seed: 2},
		"reordering": {Reorder: .1, Delay: ms, Seed: 3},
		"all":        {Loss: .05, Duplicate: .05, Reorder: .05, Delay: 10 * ms, Seed: 4},
		"awful":      {Loss: .2, Duplicate: .1, Reorder: .1, Delay: 10 * ms, Seed: 5},
	}
	for path, faults := range paths {
		for name, want := range content {
			for _, window := range []int{1, 4, 64} {
				t.Run(fmt.Sprint(path, " ", name, " ", window), func(t *testing.T) {
					inLab(t, faults, &Server{Source: content}, func(l *lab) {
						c := Client{ListenPacket: l.client.ListenPacket}
						var got bytes.Buffer
						transfer, err := c.Get(l.t.Context(), Request{
							Server: l.server, Name: name,
							Options: options("blksize", 1468, "tsize", 0, "windowsize", window),
						}, &got)
						if err != nil || !bytes.Equal(got.Bytes(), want) {
							t.Fatalf("error %v, %d of %d bytes", err, got.Len(), len(want))
						}
						if transfer.Bytes != int64(len(want)) || transfer.Size != int64(len(want)) || transfer.Blocks != int64(len(want)/1468+1) {
							t.Errorf("transfer %+v", transfer)
						}
					})
				})
			}
		}
	}
}

func TestGetTransfer(t *testing.T) {
	inLab(t, tftptest.Faults{Delay: 5 * ms}, &Server{Source: files{"f": pattern(3000)}}, func(l *lab) {
		var calls []int64
		c := Client{ListenPacket: l.client.ListenPacket}
		got, err := c.Get(l.t.Context(), Request{
			Server: l.server, Name: "f", Options: options("windowsize", 2, "blksize", 1024, "tsize", 0),
			Progress: func(done, total int64) { calls = append(calls, done, total) },
		}, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if got.Peer.Addr() != l.server.Addr() || got.Peer == l.server {
			t.Errorf("peer %v", got.Peer)
		}
		got.Peer = netip.AddrPort{}
		want := Transfer{
			Bytes: 3000, Size: 3000, BlockSize: 1024, Window: 2, Blocks: 3,
			Duration: 30 * ms, // RRQ, OACK, ACK, DATA, ACK, DATA
			Asked:    options("windowsize", 2, "blksize", 1024, "tsize", 0),
			Options:  options("windowsize", 2, "blksize", 1024, "tsize", 3000),
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]int64{1024, 3000, 2048, 3000, 3000, 3000}, calls); diff != "" {
			t.Errorf("progress (-want +got):\n%s", diff)
		}
	})
}

func TestSize(t *testing.T) {
	inLab(t, tftptest.Faults{}, &Server{Source: files{"f": pattern(3000)}}, func(l *lab) {
		c := Client{ListenPacket: l.client.ListenPacket}
		for _, opts := range [][]Option{nil, options("tsize", 0, "blksize", 1468, "windowsize", 4)} {
			got, err := c.Size(l.t.Context(), Request{Server: l.server, Name: "f", Options: opts})
			if err != nil || got.Size != 3000 {
				t.Errorf("%+v, %v", got, err)
			}
			if e := l.event(); e.Kind != EventSizeProbe {
				t.Errorf("the server saw %v with %v", e.Kind, e.Err)
			}
		}
		if _, err := c.Size(l.t.Context(), Request{Server: l.server, Name: "other"}); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("error %v, want fs.ErrNotExist", err)
		}
	})
}

// What goes wrong can be told apart, and the text says what and where.
func TestGetFails(t *testing.T) {
	none := func(l *lab) {}
	tests := []struct {
		name   string
		source Source
		change func(l *lab)
		want   error
		text   string
	}{
		{"not there", files{}, none, fs.ErrNotExist,
			`tftp: get "f" from 192.0.2.1:69: TFTP error 1: "file not found: f"`},
		{"forbidden", SourceFunc(func(string, netip.AddrPort) (File, error) { return nil, fs.ErrPermission }), none, fs.ErrPermission,
			`tftp: get "f" from 192.0.2.1:69: TFTP error 2 (access violation): "access denied: f"`},
		{"no server", files{}, func(l *lab) { l.server = netip.MustParseAddrPort("192.0.2.9:69") }, ErrNoAnswer,
			`tftp: get "f" from 192.0.2.9:69: no answer`},
		{"a timeout is a timeout", files{}, func(l *lab) { l.server = netip.MustParseAddrPort("192.0.2.9:69") }, os.ErrDeadlineExceeded, ""},
		{"a file that changes", SourceFunc(func(string, netip.AddrPort) (File, error) {
			return struct {
				io.ReaderAt
				memoryFile
			}{failingFile{bytes.NewReader(pattern(100_000)), 50_000, ErrChanged}, Bytes(pattern(100_000)).(memoryFile)}, nil
		}), none, &Error{CodeUndefined, "the file could not be read to its end"},
			`tftp: get "f" from 192.0.2.1:69: TFTP error 0 (not defined): "the file could not be read to its end"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inLab(t, tftptest.Faults{}, &Server{Source: tt.source}, func(l *lab) {
				tt.change(l)
				c := Client{ListenPacket: l.client.ListenPacket}
				_, err := c.Get(l.t.Context(), Request{Server: l.server, Name: "f"}, io.Discard)
				if !sameError(err, tt.want) {
					t.Errorf("error %v, want %v", err, tt.want)
				}
				if tt.text != "" && fmt.Sprint(err) != tt.text {
					t.Errorf("text %q, want %q", err, tt.text)
				}
			})
		})
	}
}

// A request that cannot be sent as it is asked for is not sent at all.
func TestGetRefusesRequests(t *testing.T) {
	server := netip.MustParseAddrPort("192.0.2.1:69")
	for name, req := range map[string]Request{
		"no server":                {Name: "f"},
		"no port":                  {Server: netip.AddrPortFrom(server.Addr(), 0), Name: "f"},
		"any server":               {Server: netip.MustParseAddrPort("0.0.0.0:69"), Name: "f"},
		"no name":                  {Server: server},
		"NUL in the name":          {Server: server, Name: "f\x00octet"},
		"NUL in an option":         {Server: server, Name: "f", Options: options("blksize", "8\x00")},
		"an option without a name": {Server: server, Name: "f", Options: options("", "8")},
		"too long":                 {Server: server, Name: strings.Repeat("x", 510)},
	} {
		var network countingNetwork
		c := Client{ListenPacket: network.listen}
		if _, err := c.Get(t.Context(), req, io.Discard); err == nil || network > 0 {
			t.Errorf("%s: error %v, %d sockets opened", name, err, network)
		}
	}
}

// scripted is a server that says what it is told to, from one port.
func scripted(t *testing.T, script func(l *lab, server *peer, request Packet, client netip.AddrPort), client func(l *lab)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		network := tftptest.NewNetwork(tftptest.Faults{})
		l := &lab{t: t, network: network, client: network.Host("192.0.2.2"), server: netip.MustParseAddrPort("192.0.2.1:69")}
		conn, err := network.Host("192.0.2.1").ListenPacket(t.Context(), "udp", ":69")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		done := make(chan struct{})
		go func() {
			defer close(done)
			s := &peer{t, conn}
			request, from := s.receive()
			if request.Op != 0 {
				script(l, s, request, from)
			}
		}()
		client(l)
		<-done
	})
}

// Strangers are told so, and do not disturb; so is a server that answers from
// an address that was not asked.
func TestGetStrangers(t *testing.T) {
	t.Run("in mid-transfer", func(t *testing.T) {
		scripted(t, func(l *lab, s *peer, _ Packet, client netip.AddrPort) {
			stranger := l.peer()
			s.send(client, data(1, 512))
			s.expect("ACK 1")
			stranger.send(client, data(2, 512))
			stranger.expect("ERROR 5")
			stranger.send(client, fault(CodeNotFound))
			s.send(client, data(2, 3))
			s.expect("ACK 2")
			stranger.expect("")
		}, func(l *lab) {
			c := Client{ListenPacket: l.client.ListenPacket}
			if got, err := c.Get(l.t.Context(), Request{Server: l.server, Name: "f"}, io.Discard); err != nil || got.Bytes != 515 {
				l.t.Errorf("%+v, %v", got, err)
			}
		})
	})
	t.Run("in place of the server", func(t *testing.T) {
		scripted(t, func(l *lab, s *peer, _ Packet, client netip.AddrPort) {
			conn, err := l.network.Host("192.0.2.77").ListenPacket(l.t.Context(), "udp", ":0")
			if err != nil {
				t.Error(err)
			}
			other := &peer{t, conn}
			other.send(client, data(1, 512))
			other.expect("ERROR 5")
		}, func(l *lab) {
			c := Client{ListenPacket: l.client.ListenPacket}
			_, err := c.Get(l.t.Context(), Request{Server: l.server, Name: "f"}, io.Discard)
			if !errors.Is(err, ErrNoAnswer) || !strings.Contains(err.Error(), "192.0.2.77 answered") {
				l.t.Errorf("error %v", err)
			}
		})
	})
}

// A canceled client tells the server, at once.
func TestGetCanceled(t *testing.T) {
	cause := errors.New("enough")
	scripted(t, func(l *lab, s *peer, _ Packet, client netip.AddrPort) {
		s.send(client, data(1, 512))
		s.expect("ACK 1")
		time.Sleep(10 * ms) // of the bubble
		s.expect("ERROR 0")
	}, func(l *lab) {
		ctx, cancel := context.WithCancelCause(l.t.Context())
		time.AfterFunc(5*ms, func() { cancel(cause) })
		start := time.Now()
		c := Client{ListenPacket: l.client.ListenPacket}
		got, err := c.Get(ctx, Request{Server: l.server, Name: "f"}, io.Discard)
		if !errors.Is(err, cause) || got.Bytes != 512 {
			l.t.Errorf("%+v, %v", got, err)
		}
		if d := time.Since(start); d != 5*ms {
			l.t.Errorf("returned after %v, want 5ms", d)
		}
		if _, err := c.Get(ctx, Request{Server: l.server, Name: "f"}, io.Discard); !errors.Is(err, cause) {
			l.t.Errorf("a second Get: %v", err)
		}
	})
}

// The request goes out as it was given.
func TestGetRequest(t *testing.T) {
	want := Packet{Op: OpRRQ, Name: `\Boot\BCD`, Mode: "octet", Options: options("TSIZE", 0, "blksize", 1456, "x", "")}
	scripted(t, func(l *lab, s *peer, got Packet, client netip.AddrPort) {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		s.send(client, fault(CodeAccess))
	}, func(l *lab) {
		c := Client{ListenPacket: l.client.ListenPacket}
		_, err := c.Get(l.t.Context(), Request{Server: l.server, Name: want.Name, Options: want.Options}, io.Discard)
		if !errors.Is(err, fs.ErrPermission) {
			l.t.Errorf("error %v", err)
		}
	})
}

// A server that falls silent is told from one that never answered.
func TestGetStalls(t *testing.T) {
	scripted(t, func(l *lab, s *peer, _ Packet, client netip.AddrPort) {
		s.send(client, data(1, 512))
	}, func(l *lab) {
		c := Client{ListenPacket: l.client.ListenPacket}
		got, err := c.Get(l.t.Context(), Request{Server: l.server, Name: "f"}, io.Discard)
		if !errors.Is(err, ErrStalled) || errors.Is(err, ErrNoAnswer) || got.Bytes != 512 {
			l.t.Errorf("%+v, %v", got, err)
		}
	})
}

// A firmware's habits: its port, its waits whatever the round trip, and no DATA
// without an OACK.
func TestGetAsFirmware(t *testing.T) {
	waits := []time.Duration{50 * ms, 350 * ms}
	t.Run("no answer", func(t *testing.T) {
		scripted(t, func(l *lab, s *peer, _ Packet, client netip.AddrPort) {
			if client.Port() != 25301 { // 25300 is taken
				l.t.Errorf("asked from port %d", client.Port())
			}
			time.Sleep(100 * ms) // of the bubble
			s.expect("RRQ f")
			s.expect("")
		}, func(l *lab) {
			taken, err := l.client.ListenPacket(l.t.Context(), "udp", ":25300")
			if err != nil {
				l.t.Fatal(err)
			}
			defer taken.Close()
			start := time.Now()
			c := Client{ListenPacket: l.client.ListenPacket}
			_, err = c.Get(l.t.Context(), Request{Server: l.server, Name: "f", Waits: waits, Port: 25300}, io.Discard)
			if d := time.Since(start); !errors.Is(err, ErrNoAnswer) || d != 400*ms {
				l.t.Errorf("%v after %v, want ErrNoAnswer after 400ms", err, d)
			}
		})
	})
	t.Run("a stall", func(t *testing.T) {
		scripted(t, func(l *lab, s *peer, _ Packet, client netip.AddrPort) {
			s.send(client, oackPacket(options("timeout", 5)))
			s.expect("ACK 0")
			s.expect("ACK 0") // 50 ms later, not 5 s
		}, func(l *lab) {
			c := Client{ListenPacket: l.client.ListenPacket}
			start := time.Now()
			_, err := c.Get(l.t.Context(), Request{Server: l.server, Name: "f", Options: options("timeout", 5), Waits: waits}, io.Discard)
			if d := time.Since(start); !errors.Is(err, ErrStalled) || d != 400*ms {
				l.t.Errorf("%v after %v, want ErrStalled after 400ms", err, d)
			}
		})
	})
	t.Run("no OACK", func(t *testing.T) {
		scripted(t, func(l *lab, s *peer, _ Packet, client netip.AddrPort) {
			s.send(client, data(1, 5))
			s.expect("ERROR 8")
		}, func(l *lab) {
			c := Client{ListenPacket: l.client.ListenPacket}
			_, err := c.Get(l.t.Context(), Request{Server: l.server, Name: "f", Options: options("tsize", 0), NeedOACK: true}, io.Discard)
			if !errors.Is(err, ErrProtocol) {
				l.t.Errorf("error %v", err)
			}
		})
	})
}
