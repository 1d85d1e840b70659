package tftp

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pxe/tftp/tftptest"
)

// On one port downloads and uploads of many clients arrive whole, over good and
// bad paths.
func TestSinglePort(t *testing.T) {
	content := pattern(100_000)
	for name, faults := range map[string]tftptest.Faults{
		"perfect": {Delay: ms},
		"bad":     {Delay: ms, Loss: .05, Duplicate: .05, Reorder: .05, Seed: 1},
	} {
		t.Run(name, func(t *testing.T) {
			sink := new(memorySink)
			inLab(t, faults, &Server{Source: files{"f": content}, Sink: sink, SinglePort: true}, func(l *lab) {
				var wait sync.WaitGroup
				for i := range 10 {
					wait.Go(func() {
						c := Client{ListenPacket: l.client.ListenPacket}
						asked := options("blksize", 1000+i, "windowsize", i+1)
						var got bytes.Buffer
						transfer, err := c.Get(l.t.Context(), Request{Server: l.server, Name: "f", Options: asked}, &got)
						if err != nil || !bytes.Equal(got.Bytes(), content) || transfer.Peer != l.server {
							t.Errorf("%+v, %v", transfer, err)
						}
					})
					wait.Go(func() {
						c := Client{ListenPacket: l.client.ListenPacket}
						transfer, err := c.Put(l.t.Context(), Request{Server: l.server, Name: fmt.Sprint("up", i), Options: options("windowsize", i+1, "blksize", 16<<i)},
							bytes.NewReader(content), int64(len(content)))
						if err != nil || transfer.Peer != l.server {
							t.Errorf("%+v, %v", transfer, err)
						}
					})
				}
				wait.Wait()
				for done := 0; done < 20; {
					switch e := l.event(); {
					case e.Kind == EventDone:
						done++
					case e.Kind == EventMalformed && faults.Duplicate > 0: // a copy that came after the end
					default:
						t.Errorf("event %+v", e)
						done++
					}
				}
				for i := range 10 {
					if there, _ := sink.got(fmt.Sprint("up", i)); there != string(content) {
						t.Errorf("upload %d: %d bytes are there", i, len(there))
					}
				}
			})
			sink.left(t)
		})
	}
}

// What belongs to no transfer is no request either, and what ends does so as on
// ports of its own.
func TestSinglePortSteps(t *testing.T) {
	inLab(t, tftptest.Faults{}, &Server{Source: files{"f": pattern(1000), "g": nil}, SinglePort: true}, func(l *lab) {
		p, stranger := l.peer(), l.peer()
		p.send(l.server, rrq("f"))
		p.expect("DATA 1")
		stranger.send(l.server, ack(1))
		stranger.expect("")
		if e := l.event(); e.Kind != EventMalformed {
			t.Errorf("event %+v", e)
		}
		p.send(l.server, ack(1))
		p.expect("DATA 2")
		p.send(l.server, rrq("g")) // another request from the same port
		p.expect("DATA 1")
		if e := l.event(); e.Err != errSuperseded {
			t.Errorf("event %+v", e)
		}
		p.send(l.server, ack(1))
		if e := l.event(); e.Kind != EventDone {
			t.Errorf("event %+v", e)
		}
		p.send(l.server, rrq("nothing"))
		p.expect("ERROR 1")
		l.event()
		p.send(l.server, rrq("f"))
		p.expect("DATA 1")
		if err := l.stop(); err != nil {
			t.Error(err)
		}
		p.expect("ERROR 0")
	})
}

// A port's queue is bounded, and it reads as a socket does.
func TestPortConn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := tftptest.NewNetwork(tftptest.Faults{})
		pc, err := network.Host("192.0.2.1").ListenPacket(t.Context(), "udp", ":69")
		if err != nil {
			t.Fatal(err)
		}
		defer pc.Close()
		client := addrPortOf("192.0.2.2", 7)
		c := newPortConn(newDoor(pc), client, client.Addr())
		full := portQueue / 1000
		for range full + 5 {
			c.deliver(make([]byte, 1000))
		}
		b := make([]byte, 2000)
		for i := range full {
			if n, from, err := c.ReadFrom(b); n != 1000 || addrPort(from) != client || err != nil {
				t.Fatalf("packet %d: %d bytes, %v, %v", i, n, from, err)
			}
		}
		deadline := func(d time.Duration) {
			if err := c.SetReadDeadline(time.Now().Add(d)); err != nil {
				t.Fatal(err)
			}
		}
		deadline(time.Second)
		start := time.Now()
		if _, _, err := c.ReadFrom(b); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		deadline(2 * noDeadline)
		time.AfterFunc(noDeadline+time.Second, func() { c.deliver([]byte("x")) })
		if n, _, err := c.ReadFrom(b); n != 1 || err != nil {
			t.Errorf("%d bytes, %v", n, err)
		}
		time.AfterFunc(time.Second, func() { deadline(-time.Second) })
		if _, _, err := c.ReadFrom(b); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error(err)
		}
		deadline(time.Second)
		c.Close()
		if _, _, err := c.ReadFrom(b); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
		if _, err := c.WriteTo(b, net.UDPAddrFromAddrPort(client)); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
		c.deliver([]byte("late"))
	})
}
