package tftp

import (
	"container/heap"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"
	"runtime"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// maxLoops is how many loops share the transfers of a Serve at most: one moves
// more than a network card of today can take. Half of the processors are left to
// everything else, because a busy loop keeps its own.
const maxLoops = 4

// loops are the loops of a Serve; nil where the portable driver does the work.
type loops struct {
	all  []*loop
	wait sync.WaitGroup

	mu   sync.Mutex // guards next
	next int
}

// newLoops starts the loops; nil if this system has no more descriptors for
// them.
func newLoops() *loops {
	ls := new(loops)
	for range min(max(runtime.GOMAXPROCS(0)/2, 1), maxLoops) {
		l, err := newLoop()
		if err != nil {
			break
		}
		ls.all = append(ls.all, l)
		ls.wait.Go(l.run)
	}
	if len(ls.all) == 0 {
		return nil
	}
	return ls
}

// stop ends the loops, which have no transfers any more.
func (ls *loops) stop() {
	if ls == nil {
		return
	}
	for _, l := range ls.all {
		l.do(func() { l.stopped = true })
	}
	ls.wait.Wait()
}

// pick chooses the loop of the next transfer.
func (ls *loops) pick() *loop {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.next++
	return ls.all[ls.next%len(ls.all)]
}

// host opens the socket of a transfer for a loop. batch is that of exchange.
func (ls *loops) host(local netip.Addr, client netip.AddrPort, batch int) (carrier, error) {
	s, err := listenSocket(local, client.Addr())
	if err != nil {
		return nil, err
	}
	return &hosted{
		exchange: exchange{socket: s, peer: client, latched: true, batch: batch},
		loop:     ls.pick(), host: s, over: make(chan error, 1),
	}, nil
}

// loop is the driver for sockets of this host: one goroutine that waits for the
// sockets of many transfers at once. A packet that comes in is answered by two
// system calls, and nothing is handed from one goroutine to another.
type loop struct {
	epoll, event int
	// in and out are the buffers of all transfers, which use them in turn.
	in, out []byte

	transfers []*hosted // by descriptor
	timers    alarms
	stopped   bool
	fast      int       // how many waits in a row were short
	yielded   time.Time // when others last had a turn, and all sockets a look

	mu   sync.Mutex // guards todo; what is above belongs to run alone
	todo []func()
}

func newLoop() (*loop, error) {
	l := &loop{
		in: make([]byte, 1<<16), out: make([]byte, 0, headerSize+MaxBlockSize),
	}
	var err error
	if l.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, err
	}
	if l.event, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err == nil {
		err = l.control(unix.EPOLL_CTL_ADD, l.event, unix.EPOLLIN)
	}
	if err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *loop) close() {
	unix.Close(l.event)
	unix.Close(l.epoll)
}

func (l *loop) control(op, fd int, events uint32) error {
	return unix.EpollCtl(l.epoll, op, fd, &unix.EpollEvent{Fd: int32(fd), Events: events})
}

// at is the transfer whose socket has that descriptor, nil if there is none.
func (l *loop) at(fd int) *hosted {
	if fd >= len(l.transfers) {
		return nil
	}
	return l.transfers[fd]
}

// do has run call f, soon.
func (l *loop) do(f func()) {
	l.mu.Lock()
	first := len(l.todo) == 0
	l.todo = append(l.todo, f)
	l.mu.Unlock()
	if first {
		var one [8]byte
		binary.NativeEndian.PutUint64(one[:], 1)
		_, _ = unix.Write(l.event, one[:])
	}
}

// loopEvents is how many sockets are looked after in one turn of a loop: so few
// that a CPU's cache still has what they sent.
const loopEvents = 256

// run turns until it is stopped.
func (l *loop) run() {
	defer l.close()
	events := make([]unix.EpollEvent, loopEvents)
	lap, read := time.Now(), 0
	for !l.stopped {
		now := time.Now()
		if t := l.only(now); t != nil {
			n, from, err := t.host.readSoon(t.in)
			if err == unix.EAGAIN {
				l.fast = 0
			}
			l.took(t, n, from, err)
			continue
		}
		if read == 0 {
			lap = now
		}
		n, err := l.wait(now, events)
		if err != nil {
			l.fail(fmt.Errorf("wait for packets: %w", err))
		}
		for _, e := range events[:n] {
			if t := l.at(int(e.Fd)); t != nil {
				l.ready(t, e.Events)
			} else if int(e.Fd) == l.event {
				l.work()
			}
		}
		// The sockets come in turn: now whatever had come when the lap began has
		// been read, and no client is late because the loop was.
		if read += n; n < len(events) || read >= len(l.timers) {
			if n == 0 {
				lap = time.Now()
			}
			l.tick(lap)
			read = 0
		}
	}
}

// work does what do was told.
func (l *loop) work() {
	var count [8]byte
	_, _ = unix.Read(l.event, count[:])
	l.mu.Lock()
	todo := l.todo
	l.todo = nil
	l.mu.Unlock()
	for _, f := range todo {
		f()
	}
}

// While packets come within holdTime of each other, the loop waits for them
// without letting go of its processor, which the scheduler would otherwise look
// for, take away and look for again: in lock-step that costs as much as the
// packet. Every holdTime it lets others have a turn; and where it waits for what
// needs that processor itself, it tries again only after holdAfter short waits.
const (
	holdTime  = time.Millisecond
	holdAfter = 16
)

// wait waits for packets, or until the next alarm. The error is not one that
// goes away.
func (l *loop) wait(now time.Time, events []unix.EpollEvent) (n int, err error) {
	timeout := -1 // milliseconds; for ever
	if len(l.timers) > 0 {
		left := l.timers[0].alarm.Sub(now)
		timeout = int(min(max(0, (left+time.Millisecond-1)/time.Millisecond), math.MaxInt32))
	}
	if now.Sub(l.yielded) >= holdTime {
		runtime.Gosched()
		l.yielded = now
	}
	if l.fast >= holdAfter && timeout != 0 {
		if n, err = epollHold(l.epoll, events, holdTime); n > 0 || err != nil {
			return n, ignoreInterrupt(err)
		}
		l.fast = 0
	}
	n, err = unix.EpollWait(l.epoll, events, timeout)
	if l.fast++; time.Since(now) >= holdTime {
		l.fast = 0
	}
	return max(n, 0), ignoreInterrupt(err)
}

// only is the transfer to wait for when there is no other and its packets come
// fast: that saves asking which socket has one. All sockets get a look every
// holdTime all the same.
func (l *loop) only(now time.Time) *hosted {
	if l.fast < holdAfter || len(l.timers) != 1 || now.Sub(l.yielded) >= holdTime {
		return nil
	}
	t := l.timers[0]
	if t.full || t.alarm.Sub(now) < holdTime {
		return nil
	}
	return t
}

// epollHold is EpollWait in which the thread keeps its processor.
func epollHold(epoll int, events []unix.EpollEvent, d time.Duration) (int, error) {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(epoll),
		uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)),
		uintptr(d/time.Millisecond), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

func ignoreInterrupt(err error) error {
	if err == unix.EINTR {
		return nil
	}
	return err
}

// ready takes one packet of a transfer, or sends what its socket had no room for.
func (l *loop) ready(t *hosted, events uint32) {
	if events&unix.EPOLLOUT != 0 {
		t.full = false
		_ = l.control(unix.EPOLL_CTL_MOD, t.host.fd, unix.EPOLLIN)
	}
	n, from, err := t.socket.read(t.in)
	if events&unix.EPOLLERR != 0 && err != nil && !isRefusal(err) {
		t.refused() // or an ICMP error that is nobody's would be reported for ever
	}
	l.took(t, n, from, err)
}

// took takes what came of a read.
func (l *loop) took(t *hosted, n int, from netip.AddrPort, err error) {
	now := time.Now()
	if err != unix.EAGAIN && err != unix.EINTR {
		if err := t.heard(now, t.machine, n, from, err); err != nil {
			l.end(t, err)
			return
		}
	}
	l.proceed(now, t)
}

// tick looks at the transfers whose time has come.
func (l *loop) tick(now time.Time) {
	for len(l.timers) > 0 && !l.timers[0].alarm.After(now) {
		t := l.timers[0]
		if deadline := t.machine.Deadline(); deadline.After(now) {
			t.alarm = deadline // it has moved on with the packets since
			heap.Fix(&l.timers, t.place)
			continue
		}
		t.machine.Tick(now)
		l.proceed(now, t)
	}
}

// proceed sends what a transfer has to send, and sees to what comes then.
func (l *loop) proceed(now time.Time, t *hosted) {
	wasFull := t.full
	err := t.flush(now, t.machine)
	if err == nil && t.full && !wasFull {
		err = l.control(unix.EPOLL_CTL_MOD, t.host.fd, unix.EPOLLIN|unix.EPOLLOUT)
	}
	if err != nil || t.machine.Done() {
		l.end(t, err)
		return
	}
	// The alarm may go off early now and then: the deadline moves on with every
	// packet, and the heap need not be put in order as often.
	if deadline := t.machine.Deadline(); deadline.Before(t.alarm) || !t.alarm.After(now) {
		t.alarm = deadline
		heap.Fix(&l.timers, t.place)
	}
}

// begin takes a transfer over.
func (l *loop) begin(t *hosted) {
	t.in, t.out = l.in, l.out
	if err := l.control(unix.EPOLL_CTL_ADD, t.host.fd, unix.EPOLLIN); err != nil {
		t.over <- fmt.Errorf("watch a socket: %w", err)
		return
	}
	now := time.Now()
	for len(l.transfers) <= t.host.fd {
		l.transfers = append(l.transfers, nil)
	}
	l.transfers[t.host.fd] = t
	t.machine.Start(now)
	t.alarm = now
	heap.Push(&l.timers, t)
	l.proceed(now, t)
}

// end gives a transfer back.
func (l *loop) end(t *hosted, err error) {
	if l.at(t.host.fd) != t {
		return
	}
	l.transfers[t.host.fd] = nil
	heap.Remove(&l.timers, t.place)
	_ = l.control(unix.EPOLL_CTL_DEL, t.host.fd, 0)
	t.in, t.out = nil, nil
	t.over <- err
}

// fail ends all transfers.
func (l *loop) fail(err error) {
	for _, t := range l.transfers {
		if t != nil {
			l.end(t, err)
		}
	}
}

// hosted is a transfer in the hands of a loop.
type hosted struct {
	exchange
	loop    *loop
	host    *hostSocket // the exchange's socket
	machine machine
	over    chan error

	alarm time.Time // when tick looks at it
	place int       // in the loop's timers
}

// run is as that of driver.
func (t *hosted) run(ctx context.Context, m machine) error {
	t.machine = m
	t.loop.do(func() { t.loop.begin(t) })
	stop := context.AfterFunc(ctx, func() {
		t.loop.do(func() { t.loop.end(t, context.Cause(ctx)) })
	})
	defer stop()
	return <-t.over
}

// lastWords is that of exchange, which had its buffer from the loop.
func (t *hosted) lastWords(m machine, end error) error {
	t.in = make([]byte, maxOptions+1)
	return t.exchange.lastWords(m, end)
}

// forward hands over a packet of the peer that came in elsewhere.
func (t *hosted) forward(p Packet) {
	t.loop.do(func() {
		if t.loop.at(t.host.fd) != t {
			return
		}
		now := time.Now()
		t.machine.Packet(now, p)
		t.loop.proceed(now, t)
	})
}

// alarms are transfers in the order of their alarms, a heap.
type alarms []*hosted

func (a alarms) Len() int           { return len(a) }
func (a alarms) Less(i, j int) bool { return a[i].alarm.Before(a[j].alarm) }
func (a alarms) Swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	a[i].place, a[j].place = i, j
}
func (a *alarms) Push(x any) {
	t := x.(*hosted)
	t.place = len(*a)
	*a = append(*a, t)
}
func (a *alarms) Pop() any {
	old := *a
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*a = old[:len(old)-1]
	return t
}
