package tftp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"
)

// testSender sends blocks full blocks of 8 bytes and an empty one.
func testSender(blocks, window int, oack []Option) *sender {
	content := pattern(8 * blocks)
	return newSender(bytes.NewReader(content), int64(len(content)), terms{blockSize: 8, window: window}, oack, new(Server).timer(plainTerms()))
}

func TestSenderSteps(t *testing.T) {
	lockStep := func() *sender { return testSender(3, 1, nil) }
	withOACK := func() *sender { return testSender(3, 1, options("tsize", 24)) }
	windowed := func() *sender { return testSender(99, 4, options("windowsize", 4)) }
	tests := []struct {
		name   string
		sender *sender
		steps  []step
		err    error
	}{
		{"lock-step, to the empty last block", lockStep(), []step{
			{0, Packet{}, "DATA 1"},
			{1 * ms, ack(1), "DATA 2"},
			{2 * ms, ack(2), "DATA 3"},
			{3 * ms, ack(3), "DATA 4"},
			{4 * ms, ack(4), ""},
		}, nil},
		{"nothing goes before the OACK is acknowledged", withOACK(), []step{
			{0, Packet{}, "OACK"},
			{1 * ms, ack(1), ""},
			{2 * ms, ack(0), "DATA 1"},
		}, nil},
		{"Sorcerer's Apprentice: a duplicate ACK is not answered", lockStep(), []step{
			{0, Packet{}, "DATA 1"},
			{1 * ms, ack(1), "DATA 2"},
			{9 * ms, ack(1), ""},
			{10 * ms, ack(1), ""},
			{11 * ms, ack(2), "DATA 3"},
		}, nil},
		{"ACKs of what was not sent, or long ago, are not answered", lockStep(), []step{
			{0, Packet{}, "DATA 1"},
			{1 * ms, ack(2), ""},
			{1 * ms, ack(0), ""},
			{1 * ms, ack(65535), ""},
			{2 * ms, ack(1), "DATA 2"},
		}, nil},
		{"other packets are not answered", lockStep(), []step{
			{0, Packet{}, "DATA 1"},
			{1 * ms, data(1, 8), ""},
			{1 * ms, oackPacket(nil), ""},
			{1 * ms, Packet{Op: OpWRQ}, ""},
			{2 * ms, ack(1), "DATA 2"},
		}, nil},
		{"resends before the first answer: 125 ms, then 500 ms, doubled", withOACK(), []step{
			{0, Packet{}, "OACK"},
			{124 * ms, Packet{}, ""},
			{125 * ms, Packet{}, "OACK"},
			{624 * ms, Packet{}, ""},
			{625 * ms, Packet{}, "OACK"},
			{1625 * ms, Packet{}, "OACK"},
		}, nil},
		{"resends after a round trip of 2 ms: 20 ms, doubled", withOACK(), []step{
			{0, Packet{}, "OACK"},
			{2 * ms, ack(0), "DATA 1"},
			{21 * ms, Packet{}, ""},
			{22 * ms, Packet{}, "DATA 1"},
			{61 * ms, Packet{}, ""},
			{62 * ms, Packet{}, "DATA 1"},
			{142 * ms, Packet{}, "DATA 1"},
		}, nil},
		{"resends after a round trip of 100 ms: 300 ms", withOACK(), []step{
			{0, Packet{}, "OACK"},
			{100 * ms, ack(0), "DATA 1"},
			{399 * ms, Packet{}, ""},
			{400 * ms, Packet{}, "DATA 1"},
		}, nil},
		{"one loss does not slow down the next", withOACK(), []step{
			{0, Packet{}, "OACK"},
			{2 * ms, ack(0), "DATA 1"},
			{22 * ms, Packet{}, "DATA 1"},
			{62 * ms, Packet{}, "DATA 1"},
			{64 * ms, ack(1), "DATA 2"},
			{84 * ms, Packet{}, "DATA 2"},
		}, nil},
		{"but a needless resend does", withOACK(), []step{
			{0, Packet{}, "OACK"},
			{2 * ms, ack(0), "DATA 1"},
			{22 * ms, Packet{}, "DATA 1"},
			{30 * ms, ack(1), "DATA 2"},
			{49 * ms, ack(1), ""}, // both copies came
			{50 * ms, Packet{}, "DATA 2"},
			{89 * ms, Packet{}, ""},
			{130 * ms, Packet{}, "DATA 2"},
		}, nil},
		{"a copy of the request repeats the first packet, until that is acknowledged", withOACK(), []step{
			{0, Packet{}, "OACK"},
			{1 * ms, Packet{Op: OpRRQ}, ""}, // doubled by the network
			{250 * ms, Packet{Op: OpRRQ}, "OACK"},
			{251 * ms, ack(0), "DATA 1"},
			{252 * ms, Packet{Op: OpRRQ}, ""},
		}, nil},
		{"a copy of the request after a silence comes from a restarted client", withOACK(), []step{
			{0, Packet{}, "OACK"},
			{1 * ms, ack(0), "DATA 1"},
			{2000 * ms, Packet{Op: OpRRQ}, ""},
		}, errRestarted},
		{"a window is sent at once, and the next on its last ACK", windowed(), []step{
			{0, Packet{}, "OACK"},
			{1 * ms, ack(0), "DATA 1, DATA 2, DATA 3, DATA 4"},
			{2 * ms, ack(4), "DATA 5, DATA 6, DATA 7, DATA 8"},
		}, nil},
		{"an ACK inside the window: go on behind it", windowed(), []step{
			{0, Packet{}, "OACK"},
			{1 * ms, ack(0), "DATA 1, DATA 2, DATA 3, DATA 4"},
			{2 * ms, ack(2), "DATA 3, DATA 4, DATA 5, DATA 6"},
			{3 * ms, ack(2), ""}, // for the rest of the first window
			{4 * ms, ack(6), "DATA 7, DATA 8, DATA 9, DATA 10"},
		}, nil},
		{"a duplicate ACK a round trip later: the first block was lost", windowed(), []step{
			{0, Packet{}, "OACK"},
			{1 * ms, ack(0), "DATA 1, DATA 2, DATA 3, DATA 4"},
			{2 * ms, ack(4), "DATA 5, DATA 6, DATA 7, DATA 8"},
			{3 * ms, ack(4), "DATA 5, DATA 6, DATA 7, DATA 8"},
			{4 * ms, ack(4), ""}, // one for each block that the receiver did get
			{4 * ms, ack(4), ""},
			{5 * ms, ack(8), "DATA 9, DATA 10, DATA 11, DATA 12"},
		}, nil},
		{"a duplicate ACK at once is the network's", windowed(), []step{
			{0, Packet{}, "OACK"},
			{2 * ms, ack(0), "DATA 1, DATA 2, DATA 3, DATA 4"},
			{4 * ms, ack(4), "DATA 5, DATA 6, DATA 7, DATA 8"},
			{4 * ms, ack(4), ""},
		}, nil},
		{"silence: the window again", windowed(), []step{
			{0, Packet{}, "OACK"},
			{2 * ms, ack(0), "DATA 1, DATA 2, DATA 3, DATA 4"},
			{22 * ms, Packet{}, "DATA 1, DATA 2, DATA 3, DATA 4"},
			{23 * ms, ack(4), "DATA 5, DATA 6, DATA 7, DATA 8"},
			{24 * ms, ack(4), ""}, // for the copies
		}, nil},
		{"ACKs beyond the window", windowed(), []step{
			{0, Packet{}, "OACK"},
			{1 * ms, ack(0), "DATA 1, DATA 2, DATA 3, DATA 4"},
			{2 * ms, ack(5), ""},
			{2 * ms, ack(65535), ""},
		}, nil},
		{"the last window is short", testSender(5, 4, options("windowsize", 4)), []step{
			{0, Packet{}, "OACK"},
			{1 * ms, ack(0), "DATA 1, DATA 2, DATA 3, DATA 4"},
			{2 * ms, ack(4), "DATA 5, DATA 6"},
			{3 * ms, ack(7), ""},
			{3 * ms, ack(8), ""},
			{30 * ms, Packet{}, "DATA 5, DATA 6"},
			{31 * ms, ack(6), ""},
		}, nil},
		{"an ERROR ends it", withOACK(), []step{
			{0, Packet{}, "OACK"},
			{1 * ms, fault(CodeOption), ""},
			{5000 * ms, Packet{}, ""},
		}, &Error{Code: CodeOption}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			play(t, tt.sender, tt.steps)
			if got := fmt.Sprint(tt.sender.Err()); got != fmt.Sprint(tt.err) {
				t.Errorf("error %v, want %v", got, tt.err)
			}
		})
	}
}

func TestSenderAgreedTimeout(t *testing.T) {
	timer := new(Server).timer(plainTerms())
	timer.agree(5000 * ms)
	s := newSender(bytes.NewReader(nil), 0, plainTerms(), options("timeout", 5), timer)
	play(t, s, []step{
		{0, Packet{}, "OACK"},
		{4999 * ms, Packet{}, ""},
		{5000 * ms, Packet{}, "OACK"},
		{5001 * ms, ack(0), "DATA 1"},
		{10000 * ms, Packet{}, ""},
		{10001 * ms, Packet{}, "DATA 1"},
		{15001 * ms, Packet{}, "DATA 1"},
	})
}

// failingFile fails once a read reaches byte at.
type failingFile struct {
	io.ReaderAt
	at  int64
	err error
}

func (f failingFile) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > f.at {
		return 0, f.err
	}
	return f.ReaderAt.ReadAt(p, off)
}

// A file that cannot be read to its end never gives its client a last block.
func TestSenderFileFails(t *testing.T) {
	content := bytes.NewReader(pattern(3 * chunkSize))
	for _, err := range []error{ErrChanged, io.EOF, errors.New("disk on fire")} {
		s := newSender(failingFile{content, 2 * chunkSize, err}, content.Size(), terms{blockSize: chunkSize, window: 1}, nil, new(Server).timer(plainTerms()))
		play(t, s, []step{
			{0, Packet{}, "DATA 1"},
			{1 * ms, ack(1), "DATA 2"},
			{2 * ms, ack(2), "ERROR 0"},
			{3 * ms, ack(2), ""},
			{3000 * ms, Packet{}, ""},
		})
		want := err
		if err == io.EOF {
			want = ErrChanged
		}
		if !errors.Is(s.Err(), want) || !s.Done() {
			t.Errorf("file fails with %v: error %v, want %v", err, s.Err(), want)
		}
	}
}

// Sending must not feed the garbage collector.
func TestSenderAllocatesNothing(t *testing.T) {
	s := testSender(1<<16, 1, nil)
	buf := make([]byte, 0, 64)
	now := epoch
	s.Start(now)
	s.AppendNext(now, buf)
	block := uint16(0)
	if n := testing.AllocsPerRun(10000, func() {
		block++
		s.Packet(now, ack(block))
		if _, ok := s.AppendNext(now, buf); !ok {
			t.Fatal("nothing to send")
		}
	}); n != 0 {
		t.Errorf("%v allocations for each block, want 0", n)
	}
}

// Where two windows in a row lose blocks they go out in pieces, with a pause
// between; when they come whole for long they grow again.
func TestBurst(t *testing.T) {
	now := epoch
	b := newBurst(16)
	// run is how many blocks go out before a pause, and a window's worth of them.
	run := func() (n int) {
		t.Helper()
		for ; n < 16 && b.next(now); n++ {
		}
		if n < 16 {
			if now = now.Add(burstPause - 1); b.next(now) {
				t.Error("the pause was cut short")
			}
			if now = now.Add(1); !b.next(now) {
				t.Error("the pause does not end")
			}
		}
		return n
	}
	expect := func(want int, lost bool) {
		t.Helper()
		if got := run(); got != want {
			t.Errorf("%d blocks back to back, want %d", got, want)
		}
		b.answered(lost)
	}
	expect(16, true)
	expect(16, true) // a second one
	expect(8, true)
	expect(4, true)
	expect(4, true) // and no less
	for range burstTrial {
		expect(4, false)
	}
	expect(8, true) // that was a mistake
	for range 2 * burstTrial {
		expect(4, false)
	}
	for range 2 * burstTrial {
		expect(8, false)
	}
	expect(16, false)
	expect(16, true)
}
