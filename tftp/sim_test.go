package tftp

import (
	"bytes"
	"container/heap"
	"fmt"
	"math/rand/v2"
	"time"
)

// epoch is when every simulated transfer begins.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// link is what a simulated path does to packets. fate, when set, decides
// instead of the probabilities. ring, when set, is how many packets the client has
// room for, of which it takes one in each drain.
type link struct {
	ring                     int
	drain                    time.Duration
	loss, duplicate, reorder float64
	delay                    time.Duration // one way
	seed                     uint64
	fate                     func() byte
}

// simulation carries packets between two machines in virtual time.
type simulation struct {
	link   link
	rand   *rand.Rand
	now    time.Time
	queue  flights
	serial int
	client machine
	sent   [2]int    // packets by each machine, until the client was done
	ringed time.Time // when the ring will be empty
	trace  func(now time.Time, from int, packet []byte)
}

type flightOf struct {
	at     time.Time
	serial int // keeps the order of equal times
	to     int
	packet []byte
}

type flights []flightOf

func (f flights) Len() int      { return len(f) }
func (f flights) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f flights) Less(i, j int) bool {
	if f[i].at.Equal(f[j].at) {
		return f[i].serial < f[j].serial
	}
	return f[i].at.Before(f[j].at)
}
func (f *flights) Push(x any) { *f = append(*f, x.(flightOf)) }
func (f *flights) Pop() any {
	old := *f
	x := old[len(old)-1]
	*f = old[:len(old)-1]
	return x
}

func newSimulation(l link) *simulation {
	return &simulation{link: l, rand: rand.New(rand.NewPCG(l.seed, 1)), now: epoch}
}

// run lets the two machines talk until both are done, and returns how long that
// took. Machine 1 does not exist before the first packet for it: request makes
// it, as a server makes a sender.
func (s *simulation) run(client machine, request func(p Packet) machine) time.Duration {
	s.client = client
	machines := [2]machine{client, nil}
	client.Start(s.now)
	s.flush(0, client)
	for !client.Done() || machines[1] != nil && !machines[1].Done() {
		next, tick := s.next(machines)
		s.now = next
		if tick != nil {
			tick.Tick(s.now)
			s.flushAll(machines)
			continue
		}
		f := heap.Pop(&s.queue).(flightOf)
		p, err := Parse(f.packet)
		if err != nil {
			panic(fmt.Sprintf("machine %d sent %x: %v", 1-f.to, f.packet, err))
		}
		if f.to == 1 && machines[1] == nil {
			machines[1] = request(p)
			machines[1].Start(s.now)
		} else {
			machines[f.to].Packet(s.now, p)
		}
		s.flushAll(machines)
	}
	return s.now.Sub(epoch)
}

// next is when something happens: a packet arrives, or a machine's deadline
// passes, and then which.
func (s *simulation) next(machines [2]machine) (at time.Time, tick machine) {
	for _, m := range machines {
		if m != nil && !m.Done() && (tick == nil || m.Deadline().Before(at)) {
			at, tick = m.Deadline(), m
		}
	}
	if len(s.queue) > 0 && !s.queue[0].at.After(at) {
		return s.queue[0].at, nil
	}
	return at, tick
}

func (s *simulation) flushAll(machines [2]machine) {
	for i, m := range machines {
		if m != nil {
			s.flush(i, m)
		}
	}
}

func (s *simulation) flush(from int, m machine) {
	for {
		b, ok := m.AppendNext(s.now, nil)
		if !ok {
			return
		}
		if !s.client.Done() || from == 0 {
			s.sent[from]++
		}
		if s.trace != nil {
			s.trace(s.now, from, b)
		}
		copies, late := s.fate()
		for range copies {
			delay := s.link.delay
			if late {
				delay = 2*delay + time.Millisecond
			}
			s.serial++
			at, ok := s.now.Add(delay), true
			if from == 1 && s.link.ring > 0 {
				at, ok = s.throughRing(at)
			}
			if ok {
				heap.Push(&s.queue, flightOf{at, s.serial, 1 - from, b})
			}
		}
	}
}

// throughRing is when the client takes a packet out of its ring that arrives at a
// time, if there is room for it.
func (s *simulation) throughRing(arrival time.Time) (taken time.Time, ok bool) {
	if s.ringed.Before(arrival) {
		s.ringed = arrival
	}
	if s.ringed.Sub(arrival) >= time.Duration(s.link.ring)*s.link.drain {
		return taken, false
	}
	s.ringed = s.ringed.Add(s.link.drain)
	return s.ringed, true
}

// fate decides what becomes of a packet.
func (s *simulation) fate() (copies int, late bool) {
	if s.link.fate != nil {
		switch b := s.link.fate(); {
		case b < 0x30:
			return 0, false
		case b < 0x48:
			return 2, b&1 == 1
		default:
			return 1, b < 0x60
		}
	}
	copies = 1
	if s.rand.Float64() < s.link.loss {
		copies = 0
	} else if s.rand.Float64() < s.link.duplicate {
		copies = 2
	}
	return copies, s.rand.Float64() < s.link.reorder
}

// simulated is one transfer of content in virtual time.
type simulated struct {
	content []byte
	options []Option
	limit   int64
	link    link
	trace   func(now time.Time, from int, packet []byte)
}

type simulatedResult struct {
	got      []byte
	client   *receiver
	server   *sender
	duration time.Duration
	sent     [2]int
}

func (x simulated) run() simulatedResult {
	var got bytes.Buffer
	s := newSimulation(x.link)
	s.trace = x.trace
	rrq := Packet{Op: OpRRQ, Name: "f", Mode: "octet", Options: x.options}
	result := simulatedResult{client: newReceiver(rrq, &got, new(Client).timer())}
	result.client.limit = x.limit
	result.duration = s.run(result.client, func(p Packet) machine {
		size := int64(len(x.content))
		agreed, oack, err := negotiate(p.Options, size, limits{MaxBlockSize, maxWindow})
		if err != nil {
			panic(err)
		}
		result.server = newSender(bytes.NewReader(x.content), size, agreed, oack, new(Server).timer(agreed))
		return result.server
	})
	result.got, result.sent = got.Bytes(), s.sent
	return result
}

// pattern is n bytes in which no block looks like another.
func pattern(n int) []byte {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(uint64(n), 7))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// options is a list from names and values in turn.
func options(pairs ...any) []Option {
	var list []Option
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, Option{fmt.Sprint(pairs[i]), fmt.Sprint(pairs[i+1])})
	}
	return list
}
