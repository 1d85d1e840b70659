package tftp

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"
)

// Whole transfers in virtual time, for every shape of file and path.

func TestTransferShapes(t *testing.T) {
	for _, size := range []int{0, 1, 511, 512, 513, 1024, 16 * 512, 100_000} {
		for _, opts := range [][]Option{
			nil,
			options("tsize", 0),
			options("blksize", 8),
			options("blksize", 1468, "tsize", 0),
			options("tsize", 0, "blksize", 512, "windowsize", 4),
			options("windowsize", 64, "blksize", 65464, "tsize", 0),
		} {
			t.Run(fmt.Sprint(size, opts), func(t *testing.T) {
				content := pattern(size)
				got := simulated{content: content, options: opts, link: link{delay: time.Millisecond}}.run()
				if got.client.Err() != nil || got.server.Err() != nil {
					t.Fatalf("client: %v, server: %v", got.client.Err(), got.server.Err())
				}
				if !bytes.Equal(got.got, content) {
					t.Fatal("the content differs")
				}
				if n := got.client.retransmits + got.server.retransmits; n != 0 {
					t.Errorf("%d packets were sent again on a perfect path", n)
				}
				if _, asked := findOption(opts, "tsize"); asked && got.client.size != int64(size) {
					t.Errorf("the client was told a size of %d, want %d", got.client.size, size)
				}
			})
		}
	}
}

// Block 65535 is followed by block 0.
func TestTransferRollsOver(t *testing.T) {
	for _, opts := range [][]Option{
		options("blksize", 8),
		options("blksize", 8, "windowsize", 16),
	} {
		t.Run(fmt.Sprint(opts), func(t *testing.T) {
			content := pattern(8*65536 + 100)
			lossy := link{loss: 0.0001, duplicate: 0.0001, reorder: 0.0001, delay: time.Millisecond, seed: 5}
			got := simulated{content: content, options: opts, link: lossy}.run()
			if got.client.Err() != nil || !bytes.Equal(got.got, content) {
				t.Fatalf("client: %v, %d of %d bytes", got.client.Err(), len(got.got), len(content))
			}
			if got.server.last != 65536+13 {
				t.Errorf("%d blocks, want %d", got.server.last, 65536+13)
			}
		})
	}
}

// On a bad path a transfer completes, in a time that shows that nobody waited
// for a fixed timer, and without floods.
func TestTransferOnBadPaths(t *testing.T) {
	content := pattern(256 << 10)
	blocks := len(content)/1468 + 1
	tests := []struct {
		name    string
		link    link
		window  int
		longest time.Duration // as measured, and half as much
		packets float64       // by the server, for each block
	}{
		{"perfect", link{delay: 500 * time.Microsecond}, 1, 300 * time.Millisecond, 1.1},
		{"perfect", link{delay: 500 * time.Microsecond}, 16, 30 * time.Millisecond, 1.1},
		{"1% loss", link{loss: .01, delay: 500 * time.Microsecond}, 1, 700 * time.Millisecond, 1.1},
		{"1% loss", link{loss: .01, delay: 500 * time.Microsecond}, 16, 100 * time.Millisecond, 1.5},
		{"5% loss", link{loss: .05, delay: 500 * time.Microsecond}, 1, 2 * time.Second, 1.2},
		{"5% loss", link{loss: .05, delay: 500 * time.Microsecond}, 16, 2500 * time.Millisecond, 2.5},
		{"20% loss", link{loss: .2, delay: 500 * time.Microsecond}, 1, 12 * time.Second, 2},
		{"20% loss", link{loss: .2, delay: 500 * time.Microsecond}, 16, 10 * time.Second, 6},
		{"all doubled", link{duplicate: 1, delay: 500 * time.Microsecond}, 1, 300 * time.Millisecond, 1.1},
		{"all doubled", link{duplicate: 1, delay: 500 * time.Microsecond}, 16, 30 * time.Millisecond, 1.5},
		{"reordered", link{reorder: .1, delay: 500 * time.Microsecond}, 1, 500 * time.Millisecond, 1.1},
		{"reordered", link{reorder: .1, delay: 500 * time.Microsecond}, 16, 500 * time.Millisecond, 6},
		{"20 ms away", link{delay: 10 * time.Millisecond}, 1, 4 * time.Second, 1.1},
		{"20 ms away", link{delay: 10 * time.Millisecond}, 16, 400 * time.Millisecond, 1.1},
		{"everything", link{loss: .05, duplicate: .05, reorder: .05, delay: 5 * time.Millisecond}, 1, 5 * time.Second, 1.3},
		{"everything", link{loss: .05, duplicate: .05, reorder: .05, delay: 5 * time.Millisecond}, 16, 3 * time.Second, 4},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s window %d", tt.name, tt.window), func(t *testing.T) {
			var worst time.Duration
			most := 0
			for seed := range uint64(20) {
				tt.link.seed = seed
				got := simulated{content: content, options: options("blksize", 1468, "tsize", 0, "windowsize", tt.window), link: tt.link}.run()
				if got.client.Err() != nil || !bytes.Equal(got.got, content) {
					t.Fatalf("seed %d: client: %v, %d of %d bytes", seed, got.client.Err(), len(got.got), len(content))
				}
				if err := got.server.Err(); err != nil && !got.server.allSent() {
					t.Fatalf("seed %d: server: %v", seed, err)
				}
				// Without the time that the server waits for a lost last ACK.
				worst = max(worst, got.client.timer.progress.Sub(epoch))
				most = max(most, got.sent[1])
			}
			if worst > tt.longest {
				t.Errorf("took %v, want at most %v", worst, tt.longest)
			}
			if perBlock := float64(most) / float64(blocks); perBlock > tt.packets {
				t.Errorf("the server sent %.2f packets for each block, want at most %.2f", perBlock, tt.packets)
			}
			t.Logf("worst of 20: %v, %.2f packets for each block", worst, float64(most)/float64(blocks))
		})
	}
}

// A peer that vanishes is given up after the patience that is documented.
func TestTransferGivesUp(t *testing.T) {
	dead := func(after int) func() byte {
		return func() byte {
			if after--; after >= 0 {
				return 0xff
			}
			return 0
		}
	}
	tests := []struct {
		name           string
		packets        int // that get through
		client, server error
	}{
		{"nobody there", 0, ErrNoAnswer, nil},
		{"OACK lost for ever", 1, ErrNoAnswer, ErrNoAnswer},
		{"silence after the OACK", 2, ErrStalled, ErrNoAnswer},
		{"silence in the middle", 20, ErrStalled, ErrStalled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := simulated{
				content: pattern(100_000), options: options("tsize", 0),
				link: link{delay: time.Millisecond, fate: dead(tt.packets)},
			}.run()
			if !errors.Is(got.client.Err(), tt.client) || !errors.Is(got.client.Err(), ErrTimeout) {
				t.Errorf("client: %v, want %v", got.client.Err(), tt.client)
			}
			if got.server != nil && !errors.Is(got.server.Err(), tt.server) {
				t.Errorf("server: %v, want %v", got.server.Err(), tt.server)
			}
			if got.duration < 31*time.Second || got.duration > 33*time.Second {
				t.Errorf("given up after %v, want 31 s and up to one interval more", got.duration)
			}
		})
	}
}

// A lost last ACK is no failure of the server's, and costs the client nothing.
func TestTransferLastACKLost(t *testing.T) {
	n := 0
	x := simulated{content: pattern(1000), options: options("tsize", 0), link: link{delay: time.Millisecond}}
	// RRQ, OACK, ACK 0, DATA 1, ACK 1, DATA 2, then nothing.
	x.link.fate = func() byte {
		if n++; n <= 6 {
			return 0xff
		}
		return 0
	}
	got := x.run()
	if got.client.Err() != nil || !bytes.Equal(got.got, x.content) {
		t.Errorf("client: %v", got.client.Err())
	}
	if !got.server.allSent() || !errors.Is(got.server.Err(), ErrStalled) {
		t.Errorf("server: all sent is %v, error %v", got.server.allSent(), got.server.Err())
	}
}

func TestTransferLimit(t *testing.T) {
	content := pattern(2000)
	tests := []struct {
		limit   int64
		want    int
		partial bool
	}{
		{1, 1, true},
		{512, 512, true},
		{1999, 1999, true},
		{2000, 2000, false},
		{5000, 2000, false},
	}
	for _, tt := range tests {
		got := simulated{content: content, options: options("tsize", 0), limit: tt.limit}.run()
		if got.client.Err() != nil {
			t.Errorf("limit %d: %v", tt.limit, got.client.Err())
		}
		if !bytes.Equal(got.got, content[:tt.want]) || got.client.partial != tt.partial {
			t.Errorf("limit %d: %d bytes, partial %v; want %d, %v", tt.limit, len(got.got), got.client.partial, tt.want, tt.partial)
		}
		var fault *Error
		if tt.partial && (!errors.As(got.server.Err(), &fault) || fault.Code != CodeUndefined) {
			t.Errorf("limit %d: the server got %v, want ERROR 0", tt.limit, got.server.Err())
		}
	}
}

// A client whose receive ring has room for less than the window that it asks for
// gets the file in about the time that it needs to take the packets, and few of
// them are sent in vain.
func TestTransferIntoSmallRing(t *testing.T) {
	content := pattern(1 << 20)
	blocks := float64(len(content)/1468 + 1)
	for _, tt := range []struct {
		ring, window int
	}{{8, 4}, {8, 8}, {8, 16}, {8, 64}, {16, 64}, {6, 32}} {
		got := simulated{content: content, options: options("blksize", 1468, "windowsize", tt.window), link: link{
			delay: 100 * time.Microsecond, ring: tt.ring, drain: 100 * time.Microsecond,
		}}.run()
		if got.client.Err() != nil || !bytes.Equal(got.got, content) {
			t.Fatalf("ring %d, window %d: %v, %d of %d bytes", tt.ring, tt.window, got.client.Err(), len(got.got), len(content))
		}
		perBlock := float64(got.sent[1]) / blocks
		t.Logf("ring %d, window %d: %v, %.2f packets for each block", tt.ring, tt.window, got.duration, perBlock)
		if perBlock > 1.5 || got.duration > 300*ms {
			t.Errorf("ring %d, window %d: %.2f packets for each block in %v", tt.ring, tt.window, perBlock, got.duration)
		}
	}
}
