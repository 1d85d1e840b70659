package fetch

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pxe/tftp"
	"pxe/tftp/tftptest"
)

// wireServer answers requests on a network in memory, and keeps what was asked:
// the datagrams as they came to its port.
func wireServer(t *testing.T, lan *tftptest.Network, answer func(p tftp.Packet) *tftp.Packet) (asked func() (packets []tftp.Packet, ports []uint16)) {
	t.Helper()
	conn, err := lan.Host("192.0.2.1").ListenPacket(t.Context(), "udp", ":69")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var packets []tftp.Packet
	var ports []uint16
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			p, err := tftp.Parse(bytes.Clone(b[:n]))
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			packets = append(packets, p)
			ports = append(ports, netip.MustParseAddrPort(from.String()).Port())
			mu.Unlock()
			if reply := answer(p); reply != nil {
				conn.WriteTo(reply.Append(nil), from)
			}
		}
	}()
	t.Cleanup(func() { conn.Close(); <-done })
	return func() ([]tftp.Packet, []uint16) {
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		return packets, ports
	}
}

// grants is a server of "content" that grants what is asked, as it is asked.
func grants(p tftp.Packet) *tftp.Packet {
	switch p.Op {
	case tftp.OpRRQ:
		reply := tftp.Packet{Op: tftp.OpOACK}
		for _, o := range p.Options {
			if o.Name == "tsize" {
				o.Value = "7"
			}
			reply.Options = append(reply.Options, o)
		}
		return &reply
	case tftp.OpACK:
		if p.Block == 0 {
			return &tftp.Packet{Op: tftp.OpDATA, Block: 1, Data: []byte("content")}
		}
	}
	return nil
}

// What each firmware sends, in its order, and from where.
func TestAsFirmware(t *testing.T) {
	size := tftp.Packet{Op: tftp.OpERROR, Code: tftp.CodeOption, Message: "User aborted the transfer"}
	read := func(name string, pairs ...string) tftp.Packet {
		return tftp.Packet{Op: tftp.OpRRQ, Name: name, Mode: "octet", Options: options(pairs...)}
	}
	ack := func(n uint16) tftp.Packet { return tftp.Packet{Op: tftp.OpACK, Block: n} }
	for name, tt := range map[string]struct {
		want       []tftp.Packet
		from, most uint16 // the source port
	}{
		"bios":     {[]tftp.Packet{read("dir/f", "tsize", "0"), size, read("dir/f", "blksize", "1456"), ack(0), ack(1)}, 2070, 3070},
		"efi":      {[]tftp.Packet{read("dir/f", "tsize", "0", "blksize", "1468", "windowsize", "4"), size, read("dir/f", "blksize", "1468", "windowsize", "4"), ack(0), ack(1)}, 1024, 2048},
		"ipxe":     {[]tftp.Packet{read("dir/f", "blksize", "1432", "tsize", "0"), ack(0), ack(1)}, 1024, 65535},
		"pxelinux": {[]tftp.Packet{read("dir/f", "tsize", "0", "blksize", "1408"), ack(0), ack(1)}, 1024, 65535},
		"shim":     {[]tftp.Packet{read("dir/f", "blksize", "512", "windowsize", "4"), ack(0), ack(1)}, 1024, 2048},
		"grub":     {[]tftp.Packet{read("/dir/f", "blksize", "1024", "tsize", "0"), ack(0), ack(1)}, 25300, 25300},
		"uboot":    {[]tftp.Packet{read("dir/f", "timeout", "5", "blksize", "1468"), ack(0), ack(1)}, 1024, 4096},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				lan := tftptest.NewNetwork(tftptest.Faults{})
				asked := wireServer(t, lan, grants)
				as, ok := FindFirmware(name)
				if !ok {
					t.Fatal("no such firmware")
				}
				var got bytes.Buffer
				c := &Client{Network: packetNetwork{lan.Host("192.0.2.2")}}
				r, err := c.Get(t.Context(), Request{URL: "tftp://192.0.2.1/dir/f", As: as, BlockSize: 8, Window: 9}, &got)
				if err != nil || got.String() != "content" || (r.SizeProbe != nil) != (as.Size != nil) {
					t.Errorf("%q, %+v, %v", got.String(), r, err)
				}
				packets, ports := asked()
				if diff := cmp.Diff(tt.want, packets); diff != "" {
					t.Errorf("sent (-want +got):\n%s", diff)
				}
				for _, port := range ports {
					if port < tt.from || port > tt.most {
						t.Errorf("from port %d, want %d to %d", port, tt.from, tt.most)
					}
				}
			})
		})
	}
	if _, ok := FindFirmware("amiga"); ok || len(Firmwares()) != 7 {
		t.Error("the table and this test differ")
	}
}

// When each asks again, and when it gives up. A shorter patience of the caller
// ends it sooner.
func TestAsFirmwareWaits(t *testing.T) {
	for name, tt := range map[string]struct {
		patience time.Duration
		tries    int
		gaveUp   time.Duration
	}{
		"efi":   {0, 6, 24 * time.Second},
		"uboot": {0, 10, 50 * time.Second},
		"ipxe":  {0, 6, 15750 * time.Millisecond},
		"grub":  {0, 20, 17500 * time.Millisecond},
		"shim":  {9 * time.Second, 3, 9 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				lan := tftptest.NewNetwork(tftptest.Faults{})
				asked := wireServer(t, lan, func(tftp.Packet) *tftp.Packet { return nil })
				as, _ := FindFirmware(name)
				start := time.Now()
				c := &Client{Network: packetNetwork{lan.Host("192.0.2.2")}}
				_, err := c.Get(t.Context(), Request{URL: "tftp://192.0.2.1/f", As: as, Timeout: tt.patience}, io.Discard)
				packets, _ := asked()
				if d := time.Since(start); !errors.Is(err, ErrNoAnswer) || len(packets) != tt.tries || d != tt.gaveUp {
					t.Errorf("%v after %d tries and %v, want %d and %v", err, len(packets), d, tt.tries, tt.gaveUp)
				}
			})
		})
	}
}

// A server without options: a ROM reads on, EDK2 and GRUB do not boot.
func TestAsFirmwareWithoutOptions(t *testing.T) {
	for name, want := range map[string]string{
		"bios": "", "efi": "the server does not tell the size", "grub": "DATA without an OACK", "pxelinux": "",
	} {
		synctest.Test(t, func(t *testing.T) {
			lan := tftptest.NewNetwork(tftptest.Faults{})
			wireServer(t, lan, func(p tftp.Packet) *tftp.Packet {
				if p.Op == tftp.OpRRQ {
					return &tftp.Packet{Op: tftp.OpDATA, Block: 1, Data: []byte("content")}
				}
				return nil
			})
			as, _ := FindFirmware(name)
			c := &Client{Network: packetNetwork{lan.Host("192.0.2.2")}}
			_, err := c.Get(t.Context(), Request{URL: "tftp://192.0.2.1/f", As: as}, io.Discard)
			if (err == nil) != (want == "") || err != nil && !bytes.Contains([]byte(err.Error()), []byte(want)) {
				t.Errorf("%s: error %v, want %q", name, err, want)
			}
		})
	}
}

// The size goes in the place of the 0 that a fetch asks with.
func TestPut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lan := tftptest.NewNetwork(tftptest.Faults{})
		asked := wireServer(t, lan, func(p tftp.Packet) *tftp.Packet {
			switch p.Op {
			case tftp.OpWRQ:
				return &tftp.Packet{Op: tftp.OpOACK, Options: p.Options}
			case tftp.OpDATA:
				return &tftp.Packet{Op: tftp.OpACK, Block: p.Block}
			}
			return nil
		})
		c := &Client{Network: packetNetwork{lan.Host("192.0.2.2")}}
		content := []byte("content")
		var done, total int64
		r, err := c.Put(t.Context(), Request{
			URL: "tftp://192.0.2.1/up/f", BlockSize: 1024, Window: 4, TFTPTimeout: 3,
			Progress: func(d, t int64) { done, total = d, t },
		}, bytes.NewReader(content), 7)
		if err != nil || r.Size != 7 || r.SHA256 != sum(content) || r.TFTP.Window != 4 || done != 7 || total != 7 {
			t.Errorf("%+v, %v, progress %d of %d", r, err, done, total)
		}
		packets, _ := asked()
		want := []tftp.Packet{
			{Op: tftp.OpWRQ, Name: "up/f", Mode: "octet", Options: options("tsize", "7", "blksize", "1024", "windowsize", "4", "timeout", "3")},
			{Op: tftp.OpDATA, Block: 1, Data: content},
		}
		if diff := cmp.Diff(want, packets); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
		_, err = c.Put(t.Context(), Request{URL: "http://192.0.2.1/f"}, bytes.NewReader(content), 7)
		if err == nil || err.Error() != "upload to http://192.0.2.1/f: bad URL: only tftp takes uploads" {
			t.Errorf("by HTTP: %v", err)
		}
	})
}
