package fetch

import (
	"context"
	"errors"
	"io/fs"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pxe/tftp"
	"pxe/tftp/tftptest"
)

// onLAN runs f with a server of files on a network in memory, whose clock moves
// only when everybody waits.
func onLAN(t *testing.T, faults tftptest.Faults, server *tftp.Server, files map[string][]byte, f func(t *testing.T, c *Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		lan := tftptest.NewNetwork(faults)
		host := lan.Host("192.0.2.1")
		conn, err := host.ListenPacket(t.Context(), "udp", ":69")
		if err != nil {
			t.Fatal(err)
		}
		server.ListenPacket = host.ListenPacket
		server.Source = tftp.SourceFunc(func(name string, _ netip.AddrPort) (tftp.File, error) {
			if b, ok := files[name]; ok {
				return tftp.Bytes(b), nil
			}
			return nil, fs.ErrNotExist
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			if err := server.Serve(ctx, conn); err != nil {
				t.Errorf("server: %v", err)
			}
		}()
		f(t, &Client{Network: packetNetwork{lan.Host("192.0.2.2")}})
		cancel()
		<-done
		conn.Close()
	})
}

func TestFindBlock(t *testing.T) {
	for _, tt := range []struct {
		name    string
		faults  tftptest.Faults
		most    int // of the server
		size    int // of the file
		largest int
		mtu     int
		limit   BlockLimit
	}{
		{"an Ethernet", tftptest.Faults{Largest: 1472}, 0, 100_000, 1468, 1500, LimitPath},
		{"a tunnel", tftptest.Faults{Largest: 1372}, 0, 100_000, 1368, 1400, LimitPath},
		{"far away", tftptest.Faults{Largest: 1372, Delay: 50 * time.Millisecond}, 0, 100_000, 1368, 1400, LimitPath},
		{"far away and lossy", tftptest.Faults{Largest: 1372, Delay: 5 * time.Millisecond, Loss: .02, Seed: 1}, 0, 100_000, 1368, 1400, LimitPath},
		{"jumbo frames", tftptest.Faults{Largest: 8972}, 0, 100_000, 8968, 9000, LimitPath},
		{"just RFC 1350", tftptest.Faults{Largest: 516}, 0, 100_000, 512, 544, LimitPath},
		{"not even that", tftptest.Faults{Largest: 515}, 0, 100_000, 0, 0, LimitPath},
		{"a server's limit", tftptest.Faults{}, 1024, 100_000, 1024, 1056, LimitServer},
		{"a server's limit that is too high", tftptest.Faults{Largest: 1372}, 1468, 100_000, 1368, 1400, LimitPath},
		{"a short file", tftptest.Faults{}, 0, 700, 700, 732, LimitFile},
		{"no limit", tftptest.Faults{}, 0, 100_000, tftp.MaxBlockSize, tftp.MaxBlockSize + 32, LimitProtocol},
	} {
		t.Run(tt.name, func(t *testing.T) {
			files := map[string][]byte{"f": make([]byte, tt.size)}
			onLAN(t, tt.faults, &tftp.Server{MaxBlockSize: tt.most}, files, func(t *testing.T, c *Client) {
				start := time.Now()
				tries := 0
				r, err := c.FindBlock(t.Context(), Request{URL: "tftp://192.0.2.1/f"}, func(BlockTry) { tries++ })
				if err != nil || r.Largest != tt.largest || r.MTU != tt.mtu || r.Limit != tt.limit {
					t.Errorf("%+v, %v, want %d, MTU %d, limit %s", r, err, tt.largest, tt.mtu, tt.limit)
				}
				if tries != len(r.Tries) || tries > 20 {
					t.Errorf("told of %d of %d tries", tries, len(r.Tries))
				}
				if d := time.Since(start); d > 40*time.Second {
					t.Errorf("took %v", d)
				}
			})
		})
	}
}

func TestFindBlockFails(t *testing.T) {
	files := map[string][]byte{"short": make([]byte, 511)}
	onLAN(t, tftptest.Faults{}, &tftp.Server{}, files, func(t *testing.T, c *Client) {
		for url, want := range map[string]struct {
			kind error
			text string
		}{
			"tftp://192.0.2.1/short": {nil, "the file has 511 bytes, too few for a block of 512"},
			"tftp://192.0.2.1/none":  {ErrNotFound, "file not found"},
			"tftp://192.0.2.9/f":     {ErrNoAnswer, "no answer"},
			"http://192.0.2.1/f":     {ErrBadURL, "only TFTP has blocks"},
		} {
			_, err := c.FindBlock(t.Context(), Request{URL: url, Timeout: 5 * time.Second}, nil)
			if err == nil || want.kind != nil && !errors.Is(err, want.kind) || !strings.Contains(err.Error(), want.text) {
				t.Errorf("%s: error %v, want %s", url, err, want.text)
			}
		}
	})
}
