package wire

import (
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
)

// queueLen is how many frames wait at a port for a slow reader.
const queueLen = 1024

// A Port is a socket of a Switch and the [Link] of what is plugged in.
type Port struct {
	name string
	sw   *Switch

	in, out lane // from what is plugged in, and to it
	queue   chan *frame
	handler atomic.Pointer[func(frame []byte)] // takes frames instead of the queue

	once sync.Once
	done chan struct{}

	addrs int // how many the switch learnt here; guarded by sw.mu

	framesIn, framesOut, bytesIn, bytesOut, refused, dropped atomic.Uint64
}

var _ Link = (*Port)(nil)

// PortStats counts frames, seen from what is plugged into the port: In is what
// it sent, Out what it was given.
type PortStats struct {
	In, Out           uint64 // frames
	InBytes, OutBytes uint64
	Refused           uint64 // sent, but of a size that no frame has
	Dropped           uint64 // not given: it was too slow, and its queue full

	Lost, Duplicated, Reordered uint64 // by Faults, both directions
}

// Port adds a port to the switch. The name is for people.
func (s *Switch) Port(name string) *Port {
	p := &Port{name: name, sw: s, queue: make(chan *frame, queueLen), done: make(chan struct{})}
	p.in.arrive = func(data []byte) { s.forward(p, data) }
	p.out.arrive = p.deliver
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ports = append(s.ports[:len(s.ports):len(s.ports)], p)
	return p
}

// Name returns the name that the port was made with.
func (p *Port) Name() string { return p.name }

// MTU returns 1500.
func (p *Port) MTU() int { return MTU }

// ReadFrame implements [Link].
func (p *Port) ReadFrame(buf []byte) (int, error) {
	select {
	case f := <-p.queue:
		return p.take(f, buf)
	case <-p.done:
		return 0, net.ErrClosed
	}
}

func (p *Port) take(f *frame, buf []byte) (n int, err error) {
	if n = copy(buf, f.data[:f.n]); n < f.n {
		err = io.ErrShortBuffer
	}
	p.sw.frames.Put(f)
	return n, err
}

// WriteFrame implements [Link]. A frame shorter than its header or longer than
// 1518 bytes is refused with [ErrFrameSize].
func (p *Port) WriteFrame(data []byte) error {
	if isClosed(p.done) {
		return net.ErrClosed
	}
	if len(data) < headerSize || len(data) > maxFrame {
		p.refused.Add(1)
		return fmt.Errorf("wire: port %s: %d bytes: %w", p.name, len(data), ErrFrameSize)
	}
	p.framesIn.Add(1)
	p.bytesIn.Add(uint64(len(data)))
	p.in.send(data)
	return nil
}

// Close takes the port off the switch.
func (p *Port) Close() error {
	p.once.Do(func() {
		p.sw.unplug(p)
		close(p.done)
	})
	return nil
}

// Stats returns what the port counted so far.
func (p *Port) Stats() PortStats {
	s := PortStats{
		In: p.framesIn.Load(), Out: p.framesOut.Load(),
		InBytes: p.bytesIn.Load(), OutBytes: p.bytesOut.Load(),
		Refused: p.refused.Load(), Dropped: p.dropped.Load(),
	}
	for _, l := range []*lane{&p.in, &p.out} {
		s.Lost += l.lost.Load()
		s.Duplicated += l.duplicated.Load()
		s.Reordered += l.reordered.Load()
		s.Dropped += l.dropped.Load()
	}
	return s
}

// handle has every frame handed to h on the sender's goroutine instead of
// queued for ReadFrame: a host answers without a goroutine in between. Frames
// may come from several goroutines at once.
func (p *Port) handle(h func(frame []byte)) { p.handler.Store(&h) }

// deliver gives a frame to what is plugged in.
func (p *Port) deliver(data []byte) {
	if isClosed(p.done) {
		return
	}
	if h := p.handler.Load(); h != nil {
		p.count(data)
		(*h)(data)
		return
	}
	f := p.sw.frames.Get().(*frame)
	f.n = copy(f.data[:], data)
	select {
	case p.queue <- f:
		p.count(data)
	default:
		p.dropped.Add(1)
		p.sw.frames.Put(f)
	}
}

func (p *Port) count(data []byte) {
	p.framesOut.Add(1)
	p.bytesOut.Add(uint64(len(data)))
}
