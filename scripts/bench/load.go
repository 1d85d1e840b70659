//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// How the clients wait: as PXE firmware does, whole seconds.
const (
	retryAfter = time.Second
	maxTries   = 10 // in a row without an answer
)

// load is many clients that fetch the same file at the same time: the neutral
// client, one thread that calls the kernel, and nobody's TFTP code.
type load struct {
	clients int
	file    string
	image   []byte // what must come
	block   int    // blksize, bytes
	window  int    // windowsize; 1 does not ask for one
	wire    wire
	// halfway, if not nil, is called when half of all bytes have come.
	halfway func()
}

// wire is the way between the clients and the server. A kernel without netem
// cannot delay or drop, so the clients do it themselves, which the server cannot
// tell from a slow network: what they send waits for a round trip, and of what
// goes each way a share is lost, drawn from a seed. Only requests always arrive:
// no server can make up for one that did not.
type wire struct {
	roundTrip time.Duration
	loss      float64
	seed      uint64
}

// outcome is what came of a load.
type outcome struct {
	times   []time.Duration // of the whole transfers, from the common start
	retries int             // packets that clients sent again because nothing came
	lost    int             // transfers that did not come whole
	why     error           // the first of these
	elapsed time.Duration
}

// fetcher is one client of a load.
type fetcher struct {
	fd       int
	known    bool   // the server's port is known
	window   int    // as agreed, blocks
	want     int64  // the block that comes next, from 1
	pending  int    // blocks of the window that are not acknowledged
	gap      bool   // the ACK that tells of a missing block has gone out
	received int    // bytes
	last     []byte // the last packet sent
	tries    int
	heard    time.Time // when something last came, or the last packet was sent again
	over     bool
}

// delayed is a packet on the wire.
type delayed struct {
	at time.Time
	f  *fetcher
	b  []byte
}

// run is one run of a load.
type loadRun struct {
	load
	epoll  int
	out    outcome
	start  time.Time
	open   int // clients that are not done
	total  int // bytes that have come
	queue  []delayed
	chance *rand.Rand
	buf    []byte
	all    []*fetcher
}

// run fetches. It is to be called on the thread of the server's namespace.
func (l load) run() (outcome, error) {
	r := &loadRun{load: l, open: l.clients, buf: make([]byte, 1<<16), chance: rand.New(rand.NewPCG(l.wire.seed, 1))}
	var err error
	if r.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return outcome{}, err
	}
	defer unix.Close(r.epoll)
	for i := range l.clients {
		f := &fetcher{want: 1, window: 1}
		if f.fd, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0); err != nil {
			return outcome{}, fmt.Errorf("open a socket: %w", err)
		}
		defer unix.Close(f.fd)
		if err := unix.EpollCtl(r.epoll, unix.EPOLL_CTL_ADD, f.fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}); err != nil {
			return outcome{}, err
		}
		r.all = append(r.all, f)
	}
	r.start = time.Now()
	for _, f := range r.all {
		r.request(f)
	}
	err = r.turn()
	return r.out, err
}

// request asks for the file, for the first time or again.
func (r *loadRun) request(f *fetcher) {
	text := fmt.Sprintf("\x00\x01%s\x00octet\x00blksize\x00%d\x00", r.file, r.block)
	if r.window > 1 {
		text += fmt.Sprintf("windowsize\x00%d\x00", r.window)
	}
	f.heard = time.Now()
	f.last = []byte(text)
	r.deliver(f, f.last)
}

// turn handles packets until all clients are done.
func (r *loadRun) turn() error {
	const sweepEvery = 50 * time.Millisecond
	events := make([]unix.EpollEvent, 256)
	sweep := time.Now().Add(sweepEvery)
	for r.open > 0 {
		until := sweep
		if len(r.queue) > 0 && r.queue[0].at.Before(until) {
			until = r.queue[0].at
		}
		n, err := wait(r.epoll, events, time.Until(until))
		if err != nil {
			return fmt.Errorf("wait for packets: %w", err)
		}
		for _, e := range events[:n] {
			r.ready(r.all[e.Fd])
		}
		now := time.Now()
		for len(r.queue) > 0 && !r.queue[0].at.After(now) {
			r.write(r.queue[0].f, r.queue[0].b)
			r.queue = r.queue[1:]
		}
		if now.After(sweep) {
			r.overdue(now)
			sweep = now.Add(sweepEvery)
		}
	}
	r.out.elapsed = time.Since(r.start)
	return nil
}

// wait is epoll_pwait2(2), which waits for less than a millisecond if asked to.
// It looks first, because a system call that may wait costs a Go thread more.
func wait(epoll int, events []unix.EpollEvent, d time.Duration) (int, error) {
	first := uintptr(unsafe.Pointer(unsafe.SliceData(events)))
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_WAIT, uintptr(epoll), first, uintptr(len(events)), 0, 0, 0)
	if n == 0 && errno == 0 && d > 0 {
		limit := unix.NsecToTimespec(int64(d))
		n, _, errno = unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(epoll), first, uintptr(len(events)), uintptr(unsafe.Pointer(&limit)), 0, 0)
	}
	switch errno {
	case 0:
		return int(n), nil
	case unix.EINTR:
		return 0, nil
	}
	return 0, errno
}

// ready reads what has come for a client, a window at most.
func (r *loadRun) ready(f *fetcher) {
	for range r.window {
		if f.over {
			return
		}
		n, err := r.read(f)
		switch {
		case err == unix.EAGAIN:
			return
		case err != nil:
			r.end(f, err)
			return
		case r.dropped():
		default:
			if err := r.packet(f, r.buf[:n]); err != nil {
				r.end(f, err)
			}
		}
	}
}

// read reads a packet. The first shows the server's port; what comes from
// elsewhere from then on does not reach the client.
func (r *loadRun) read(f *fetcher) (int, error) {
	if f.known {
		n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(f.fd), uintptr(unsafe.Pointer(unsafe.SliceData(r.buf))), uintptr(len(r.buf)))
		if errno != 0 {
			return 0, errno
		}
		return int(n), nil
	}
	n, from, err := unix.Recvfrom(f.fd, r.buf, 0)
	if err != nil {
		return 0, err
	}
	f.known = true
	return n, unix.Connect(f.fd, from)
}

// packet takes a packet of the server. An error ends the transfer.
func (r *loadRun) packet(f *fetcher, b []byte) error {
	if len(b) < 4 {
		return fmt.Errorf("a packet of %d bytes", len(b))
	}
	switch op := binary.BigEndian.Uint16(b); {
	case op == 6 && f.want == 1: // OACK
		if _, rest, found := bytes.Cut(bytes.ToLower(b), []byte("windowsize\x00")); found {
			text, _, _ := bytes.Cut(rest, []byte{0})
			f.window, _ = strconv.Atoi(string(text))
		}
		f.progress()
		r.acknowledge(f)
	case op == 6:
	case op == 3 && binary.BigEndian.Uint16(b[2:]) == uint16(f.want):
		return r.data(f, b[4:])
	case op == 3 && binary.BigEndian.Uint16(b[2:]) == uint16(f.want-1):
		r.acknowledge(f) // it has come twice: the ACK was lost
	case op == 3 && !f.gap:
		f.gap = true
		r.acknowledge(f)
	case op == 5:
		return fmt.Errorf("the server says %q", b[4:])
	}
	return nil
}

// data takes the block that was to come.
func (r *loadRun) data(f *fetcher, data []byte) error {
	size := min(r.block, len(r.image)-f.received)
	if len(data) != size || !bytes.Equal(data, r.image[f.received:f.received+size]) {
		return fmt.Errorf("block %d is not that of the file", f.want)
	}
	f.progress()
	f.received += size
	f.want++
	f.pending++
	last := size < r.block
	if f.pending == f.window || last {
		r.acknowledge(f)
	}
	if half := len(r.image) * r.clients / 2; r.halfway != nil && r.total < half && r.total+size >= half {
		r.halfway()
	}
	r.total += size
	if last {
		r.end(f, nil)
	}
	return nil
}

func (f *fetcher) progress() {
	f.heard, f.tries, f.gap = time.Now(), 0, false
}

func (r *loadRun) acknowledge(f *fetcher) {
	f.pending = 0
	f.last = binary.BigEndian.AppendUint32(f.last[:0], 4<<16|uint32(uint16(f.want-1)))
	r.send(f, f.last)
}

// overdue repeats the last packet of the clients that have waited too long.
func (r *loadRun) overdue(now time.Time) {
	for _, f := range r.all {
		if f.over || now.Sub(f.heard) < retryAfter {
			continue
		}
		if f.tries++; f.tries > maxTries {
			r.end(f, fmt.Errorf("no answer to block %d", f.want-1))
			continue
		}
		r.out.retries++
		f.heard = now
		r.send(f, f.last)
	}
}

func (r *loadRun) dropped() bool { return r.wire.loss > 0 && r.chance.Float64() < r.wire.loss }

// send puts a packet on the wire.
func (r *loadRun) send(f *fetcher, b []byte) {
	if !r.dropped() {
		r.deliver(f, b)
	}
}

// deliver is send for what is not lost.
func (r *loadRun) deliver(f *fetcher, b []byte) {
	if r.wire.roundTrip == 0 {
		r.write(f, b)
		return
	}
	r.queue = append(r.queue, delayed{time.Now().Add(r.wire.roundTrip), f, bytes.Clone(b)})
}

// write hands a packet to the kernel. One that it refuses is lost; so is one of
// a client that is gone.
func (r *loadRun) write(f *fetcher, b []byte) {
	if f.known {
		_, _, _ = unix.RawSyscall(unix.SYS_WRITE, uintptr(f.fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
		return
	}
	_ = unix.Sendto(f.fd, b, 0, &unix.SockaddrInet4{Port: 69, Addr: [4]byte{127, 0, 0, 1}})
}

// end ends a client's part.
func (r *loadRun) end(f *fetcher, err error) {
	f.over = true
	r.open--
	_ = unix.EpollCtl(r.epoll, unix.EPOLL_CTL_DEL, f.fd, nil)
	if err == nil {
		r.out.times = append(r.out.times, time.Since(r.start))
		return
	}
	r.out.lost++
	if r.out.why == nil {
		r.out.why = err
	}
}
