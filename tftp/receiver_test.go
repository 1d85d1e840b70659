package tftp

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

func testReceiver(w io.Writer, asked ...any) *receiver {
	return newReceiver(Packet{Op: OpRRQ, Name: "f", Mode: "octet", Options: options(asked...)}, w, new(Client).timer())
}

func TestReceiverSteps(t *testing.T) {
	start := step{0, Packet{}, "RRQ f"}
	probe := func() *receiver {
		r := testReceiver(io.Discard, "tsize", 0)
		r.probe = true
		return r
	}
	tests := []struct {
		name     string
		receiver *receiver
		steps    []step
		bytes    int64
		err      error
	}{
		{"RFC 1350", testReceiver(io.Discard), []step{
			start,
			{1 * ms, data(1, 512), "ACK 1"},
			{2 * ms, data(2, 7), "ACK 2"},
		}, 519, nil},
		{"a server that knows no options", testReceiver(io.Discard, "blksize", 1408, "tsize", 0), []step{
			start,
			{1 * ms, data(1, 512), "ACK 1"},
			{2 * ms, data(2, 0), "ACK 2"},
		}, 512, nil},
		{"with options", testReceiver(io.Discard, "blksize", 8, "tsize", 0), []step{
			start,
			{1 * ms, oackPacket(options("blksize", 8, "tsize", 9)), "ACK 0"},
			{2 * ms, data(1, 8), "ACK 1"},
			{3 * ms, data(2, 1), "ACK 2"},
		}, 9, nil},
		{"a second OACK: our ACK was lost", testReceiver(io.Discard, "blksize", 8), []step{
			start,
			{1 * ms, oackPacket(options("blksize", 8)), "ACK 0"},
			{2 * ms, oackPacket(options("blksize", 8)), "ACK 0"},
			{3 * ms, data(1, 8), "ACK 1"},
			{4 * ms, oackPacket(options("blksize", 8)), ""},
		}, 8, nil},
		{"a block twice: our ACK was lost", testReceiver(io.Discard), []step{
			start,
			{1 * ms, data(1, 512), "ACK 1"},
			{2 * ms, data(1, 512), "ACK 1"},
			{3 * ms, data(2, 512), "ACK 2"},
			{4 * ms, data(1, 512), ""},
		}, 1024, nil},
		{"a block that cannot come yet", testReceiver(io.Discard), []step{
			start,
			{1 * ms, data(2, 512), ""},
			{1 * ms, data(0, 512), ""},
			{2 * ms, data(1, 512), "ACK 1"},
			{3 * ms, data(3, 512), ""},
		}, 512, nil},
		{"asks again: 1 s, doubled", testReceiver(io.Discard), []step{
			start,
			{999 * ms, Packet{}, ""},
			{1000 * ms, Packet{}, "RRQ f"},
			{2999 * ms, Packet{}, ""},
			{3000 * ms, Packet{}, "RRQ f"},
		}, 0, nil},
		{"repeats its ACK after a round trip of 10 ms: 50 ms", testReceiver(io.Discard), []step{
			start,
			{10 * ms, data(1, 512), "ACK 1"},
			{59 * ms, Packet{}, ""},
			{60 * ms, Packet{}, "ACK 1"},
		}, 512, nil},
		{"a window: one ACK at its end", testReceiver(io.Discard, "windowsize", 3), []step{
			start,
			{1 * ms, oackPacket(options("windowsize", 3)), "ACK 0"},
			{2 * ms, data(1, 512), ""},
			{2 * ms, data(2, 512), ""},
			{2 * ms, data(3, 512), "ACK 3"},
			{3 * ms, data(4, 512), ""},
			{3 * ms, data(5, 1), "ACK 5"},
		}, 4*512 + 1, nil},
		{"a window with a gap: one ACK, however many follow", testReceiver(io.Discard, "windowsize", 4), []step{
			start,
			{1 * ms, oackPacket(options("windowsize", 4)), "ACK 0"},
			{2 * ms, data(1, 512), ""},
			{2 * ms, data(3, 512), "ACK 1"},
			{2 * ms, data(4, 512), ""},
			{3 * ms, data(2, 512), ""},
			{3 * ms, data(3, 512), ""},
			{3 * ms, data(4, 512), ""},
			{3 * ms, data(5, 512), "ACK 5"},
		}, 5 * 512, nil},
		{"a window that comes twice: one ACK, at its end", testReceiver(io.Discard, "windowsize", 2), []step{
			start,
			{1 * ms, oackPacket(options("windowsize", 2)), "ACK 0"},
			{2 * ms, data(1, 512), ""},
			{2 * ms, data(2, 512), "ACK 2"},
			{30 * ms, data(1, 512), ""},
			{30 * ms, data(2, 512), "ACK 2"},
			{31 * ms, data(3, 512), ""},
			{31 * ms, data(2, 512), ""}, // a straggler: 3 shows that the ACK arrived
		}, 3 * 512, nil},
		{"silence inside a window", testReceiver(io.Discard, "windowsize", 4), []step{
			start,
			{1 * ms, oackPacket(options("windowsize", 4)), "ACK 0"},
			{2 * ms, data(1, 512), ""},
			{52 * ms, Packet{}, "ACK 1"},
		}, 512, nil},
		{"ERROR", testReceiver(io.Discard), []step{
			start,
			{1 * ms, fault(CodeNotFound), ""},
		}, 0, &Error{Code: CodeNotFound}},
		{"a block larger than agreed", testReceiver(io.Discard, "blksize", 8), []step{
			start,
			{1 * ms, oackPacket(options("blksize", 8)), "ACK 0"},
			{2 * ms, data(1, 9), "ERROR 4"},
		}, 0, ErrProtocol},
		{"a file shorter than announced", testReceiver(io.Discard, "tsize", 0), []step{
			start,
			{1 * ms, oackPacket(options("tsize", 100)), "ACK 0"},
			{2 * ms, data(1, 99), "ERROR 0"},
		}, 0, ErrSize},
		{"a file longer than announced", testReceiver(io.Discard, "tsize", 0), []step{
			start,
			{1 * ms, oackPacket(options("tsize", 600)), "ACK 0"},
			{2 * ms, data(1, 512), "ACK 1"},
			{2 * ms, data(2, 512), "ERROR 0"},
		}, 512, ErrSize},
		{"nowhere to write", testReceiver(brokenWriter{}), []step{
			start,
			{1 * ms, data(1, 512), "ERROR 3"},
		}, 0, errBroken},
		{"size probe", probe(), []step{
			start,
			{1 * ms, oackPacket(options("tsize", 42)), "ERROR 8"},
		}, 0, nil},
		{"size probe of a server without tsize", probe(), []step{
			start,
			{1 * ms, oackPacket(nil), "ERROR 8"},
		}, 0, ErrNoSize},
		{"size probe of a server without options", probe(), []step{
			start,
			{1 * ms, data(1, 512), "ERROR 8"},
		}, 0, ErrNoSize},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			play(t, tt.receiver, tt.steps)
			err := tt.receiver.Err()
			var want, got *Error
			if errors.As(tt.err, &want) && (!errors.As(err, &got) || *got != *want) {
				t.Errorf("error %v, want %v", err, tt.err)
			} else if want == nil && !errors.Is(err, tt.err) {
				t.Errorf("error %v, want %v", err, tt.err)
			}
			if tt.receiver.bytes != tt.bytes {
				t.Errorf("%d bytes, want %d", tt.receiver.bytes, tt.bytes)
			}
		})
	}
}

var errBroken = errors.New("broken")

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

// What firmware refuses is refused: an OACK may only grant what was asked.
func TestReceiverOACK(t *testing.T) {
	asked := []any{"blksize", 1468, "tsize", 0, "timeout", 5, "windowsize", 4}
	tests := []struct {
		name string
		oack []Option
		ok   bool
	}{
		{"all of it", options("blksize", 1468, "tsize", 10, "timeout", 5, "windowsize", 4), true},
		{"in another order, in capitals", options("WINDOWSIZE", 4, "TSIZE", 10), true},
		{"less of it", options("blksize", 8, "windowsize", 1), true},
		{"nothing", nil, true},
		{"an option that was not asked for", options("multicast", "1.2.3.4,5,1"), false},
		{"a larger block", options("blksize", 1469), false},
		{"a block below the least", options("blksize", 7), false},
		{"a block size that is no number", options("blksize", "big"), false},
		{"a larger window", options("windowsize", 5), false},
		{"a window of none", options("windowsize", 0), false},
		{"another timeout", options("timeout", 6), false},
		{"a shorter timeout", options("timeout", 4), false},
		{"a negative size", options("tsize", -1), false},
		{"an option twice", options("blksize", 512, "blksize", 512), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var w bytes.Buffer
			r := testReceiver(&w, asked...)
			out := "ACK 0"
			if !tt.ok {
				out = "ERROR 8"
			}
			play(t, r, []step{{0, Packet{}, "RRQ f"}, {1 * ms, oackPacket(tt.oack), out}})
			if err := r.Err(); (err == nil) != tt.ok || !tt.ok && !errors.Is(err, ErrProtocol) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// An option that is not ours is passed on and may come back.
func TestReceiverUnknownOption(t *testing.T) {
	r := testReceiver(io.Discard, "multicast", "", "x-vendor", "1")
	play(t, r, []step{
		{0, Packet{}, "RRQ f"},
		{1 * ms, oackPacket(options("x-vendor", "anything")), "ACK 0"},
	})
}
