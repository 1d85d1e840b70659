package dhcp

import (
	"container/heap"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	modelRuns = flag.Uint64("model.runs", 0, "how many runs TestModel makes; 0: as many as are quick")
	modelSeed = flag.Uint64("model.seed", 0, "the seed of TestModel's first run; the next ones follow")
)

// TestModel lets clients live with a server, its lease file and a network that
// fail in every way, and checks what they were promised: see modelBook. A run
// depends on its seed alone. One that failed is told in full, and is to be had
// again by
//
//	go test -run TestModel ./dhcp -args -model.runs 1 -model.seed SEED
func TestModel(t *testing.T) {
	runs := *modelRuns
	switch {
	case runs > 0:
	case raceDetector():
		runs = 150
	default:
		runs = 2000
	}
	var next atomic.Uint64
	var workers sync.WaitGroup
	var mu sync.Mutex
	happened := make(modelCounts)
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for n := next.Add(1) - 1; n < runs && !t.Failed(); n = next.Add(1) - 1 {
				m := newModel(*modelSeed+n, false)
				if err := m.run(); err != nil {
					again := newModel(*modelSeed+n, true)
					again.run()
					t.Errorf("seed %d: %v\n%s", *modelSeed+n, err, strings.Join(again.told, "\n"))
				}
				mu.Lock()
				for what, times := range m.counts {
					happened[what] += times
				}
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	t.Logf("%d runs: %v", runs, happened)
	if runs < 100 || t.Failed() {
		return
	}
	for _, what := range []string{
		"ACK", "NAK", "BOOTP", "DECLINE", "RELEASE", "INFORM", "renewal", "end of a lease", "next client",
		"kill", "loss of power", "stop", "crash at start", "reload", "clock jump", "failed write", "reservation",
	} {
		if happened[what] == 0 {
			t.Errorf("%s: never happened", what)
		}
	}
}

// raceDetector reports whether the test runs under the race detector, which takes
// ten times as long.
func raceDetector() bool {
	info, _ := debug.ReadBuildInfo()
	return slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// modelCounts tell how often something happened: a run has to go where it is meant
// to.
type modelCounts map[string]int

// The addresses of the model's network. Its first wire is the server's own, the
// second is behind a relay.
var (
	modelServer = toServer.Addr()
	modelRelay  = netip.MustParseAddr("10.1.0.1")
)

const (
	modelClients = 8
	modelDoings  = 60               // what is done to clients, the server and the network
	modelPace    = 25 * time.Second // the mean time between two of them
	modelCalm    = 6 * time.Minute  // at the end, when all works, and all clients get an address
)

// model is a network in a time of its own, which leaps from event to event.
type model struct {
	rng    *rand.Rand
	now    time.Time // the true one, by which clients go
	events modelEvents
	seq    int
	err    error
	counts modelCounts

	clients []*modelClient
	server  *modelServerState
	book    *modelBook
	calm    bool // nothing fails any more
	// squatters are strangers on an address, until then.
	squatters map[netip.Addr]time.Time

	tell bool
	told []string // what happened, where the run is told
}

func newModel(seed uint64, tell bool) *model {
	m := &model{
		rng: rand.New(rand.NewPCG(seed, 53)), now: testStart, tell: tell, counts: make(modelCounts),
		squatters: make(map[netip.Addr]time.Time),
	}
	m.book = newModelBook(m)
	m.server = newModelServer(m)
	for n := range modelClients {
		m.clients = append(m.clients, newModelClient(m, n))
	}
	return m
}

// run is a life of the network: a time in which all that can go wrong does, then
// one in which nothing does.
func (m *model) run() error {
	m.server.start()
	at := time.Duration(0)
	for range modelDoings {
		at += time.Duration(m.rng.ExpFloat64() * float64(modelPace))
		m.after(at, m.disturb)
	}
	m.until(m.now.Add(at))
	m.relax()
	m.until(m.now.Add(modelCalm))
	for _, c := range m.clients {
		if m.err == nil && !isSet(c.addr) && m.now.Sub(c.lost) > time.Minute {
			m.fail("client %d has no address in the end, but is %s", c.n, c.state)
		}
	}
	return m.err
}

// disturb does one thing.
func (m *model) disturb() {
	switch n := m.rng.IntN(100); {
	case n < 60:
		m.clients[m.rng.IntN(len(m.clients))].disturb()
	case n < 66: // a stranger comes
		a := forward(m.server.cfg.Subnets[wireLocal].Ranges[0].First, m.rng.IntN(4))
		m.squatters[a] = m.now.Add(time.Duration(m.rng.IntN(300)) * time.Second)
	default:
		m.server.disturb()
	}
}

// relax ends every disturbance and brings every client up.
func (m *model) relax() {
	m.calm = true
	clear(m.squatters)
	m.server.relax()
	for _, c := range m.clients {
		c.relax()
	}
}

// until lets time pass.
func (m *model) until(end time.Time) {
	for m.err == nil && len(m.events) > 0 && !m.events[0].at.After(end) {
		e := heap.Pop(&m.events).(modelEvent)
		m.now = e.at
		e.do()
	}
	m.now = end
}

func (m *model) after(d time.Duration, do func()) {
	m.seq++
	heap.Push(&m.events, modelEvent{m.now.Add(d), m.seq, do})
}

// fail ends the run; its first reason counts.
func (m *model) fail(f string, args ...any) {
	m.note(f, args...)
	if m.err == nil {
		m.err = fmt.Errorf(f, args...)
	}
}

func (m *model) note(f string, args ...any) {
	if m.tell {
		m.told = append(m.told, fmt.Sprintf("%9.3f ", m.now.Sub(testStart).Seconds())+fmt.Sprintf(f, args...))
	}
}

// modelEvent is something that will happen.
type modelEvent struct {
	at  time.Time
	seq int
	do  func()
}

// modelEvents is a heap: the next one, of several the one that was planned first.
type modelEvents []modelEvent

func (q modelEvents) Len() int { return len(q) }
func (q modelEvents) Less(i, j int) bool {
	return q[i].at.Before(q[j].at) || q[i].at.Equal(q[j].at) && q[i].seq < q[j].seq
}
func (q modelEvents) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *modelEvents) Push(x any)   { *q = append(*q, x.(modelEvent)) }
func (q *modelEvents) Pop() any {
	last := len(*q) - 1
	e := (*q)[last]
	*q = (*q)[:last]
	return e
}
