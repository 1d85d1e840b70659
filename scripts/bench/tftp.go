//go:build linux

package main

import (
	"crypto/rand"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"pxe/scripts/lab"
)

// tftpServers are the servers that pxe is measured by, and the command of each. The
// limits of transfers at a time are raised where there is one.
func (b *bench) tftpServers(root string) map[string][]string {
	return map[string][]string{
		"tftpd-hpa": {"in.tftpd", "--foreground", "--listen", "--address", ":69", "--user", "root", "--secure", root},
		"atftpd":    {"atftpd", "--daemon", "--no-fork", "--user", "root", "--group", "root", "--maxthread", "5000", "--logfile", "/dev/null", root},
		"dnsmasq": {"dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--user=root", "--pid-file=",
			"--log-facility=/dev/null", "--enable-tftp", "--tftp-root=" + root, "--tftp-max=5000"},
		"pin/tftp": {b.path("pintftp"), root},
		"pxe":      {b.path("pxe"), "serve-tftp", root},
	}
}

// tftpNames is the order of the tables.
var tftpNames = []string{"tftpd-hpa", "atftpd", "dnsmasq", "pin/tftp", "pxe"}

// contestants are those of them that take part.
func (b *bench) contestants() []string {
	if b.peers == "" {
		return tftpNames
	}
	wanted := strings.Split(b.peers, ",")
	return slices.DeleteFunc(slices.Clone(tftpNames), func(name string) bool { return !slices.Contains(wanted, name) })
}

// scenario is a load that all contestants bear in turn.
type scenario struct {
	name    string
	clients int
	size    int // bytes
	block   int // bytes
	window  int // blocks
	wire    wire
	// anyCPU lets the kernel place client and server. Otherwise they share one CPU:
	// in lock-step only one of them has work at a time, and to wake another CPU of
	// a virtual machine takes longer than the work.
	anyCPU bool
}

const (
	ethernet = 1468 // bytes in a block that fills an Ethernet frame
	million  = 1_000_000
)

// measureTFTP is one client on a perfect wire.
func measureTFTP(b *bench) {
	b.compareTFTP("TFTP, one client", []scenario{
		{name: "blksize 512", clients: 1, size: 40 * million, block: 512, window: 1},
		{name: "blksize 1468", clients: 1, size: 40 * million, block: ethernet, window: 1},
		{name: "blksize 1468, any CPU", clients: 1, size: 40 * million, block: ethernet, window: 1, anyCPU: true},
		{name: "blksize 1468, window 16", clients: 1, size: 40 * million, block: ethernet, window: 16},
		{name: "blksize 1468, window 64", clients: 1, size: 40 * million, block: ethernet, window: 64},
	})
}

// measureTFTPMany is many clients that ask in the same instant.
func measureTFTPMany(b *bench) {
	b.compareTFTP("TFTP, many clients at once, blksize 1468, lock-step", []scenario{
		{name: "16 x 4 MB", clients: 16, size: 4 * million, block: ethernet, window: 1},
		{name: "100 x 1 MB", clients: 100, size: million, block: ethernet, window: 1},
		{name: "1000 x 256 KB", clients: 1000, size: 256 << 10, block: ethernet, window: 1},
	})
}

// measureTFTPWire is a slow wire and a bad one. The contestants run at the same
// time: they wait nearly always.
func measureTFTPWire(b *bench) {
	slow := wire{roundTrip: 20 * time.Millisecond}
	lossy := func(share float64) wire { return wire{roundTrip: time.Millisecond, loss: share} }
	b.compareTFTP("TFTP, 16 clients, blksize 1468, slow and lossy wires", []scenario{
		{name: "20 ms", clients: 16, size: 256 << 10, block: ethernet, window: 1, wire: slow},
		{name: "20 ms, window 16", clients: 16, size: 256 << 10, block: ethernet, window: 16, wire: slow},
		{name: "1 ms, 1 % lost", clients: 16, size: 256 << 10, block: ethernet, window: 1, wire: lossy(.01)},
		{name: "1 ms, 1 % lost, window 16", clients: 16, size: 256 << 10, block: ethernet, window: 16, wire: lossy(.01)},
		{name: "1 ms, 5 % lost", clients: 16, size: 64 << 10, block: ethernet, window: 1, wire: lossy(.05)},
		{name: "1 ms, 5 % lost, window 16", clients: 16, size: 64 << 10, block: ethernet, window: 16, wire: lossy(.05)},
	})
}

// measureTFTPStorm is a thousand machines that boot at once, with a real image.
func measureTFTPStorm(b *bench) {
	b.compareTFTP("TFTP, boot storm, blksize 1468", []scenario{
		{name: "1000 x 40 MB", clients: 1000, size: 40 * million, block: ethernet, window: 1},
		{name: "1000 x 40 MB, window 16", clients: 1000, size: 40 * million, block: ethernet, window: 16},
	})
}

// sample is what one contestant did in one round.
type sample struct {
	outcome
	bytes   int     // that came in whole files
	cpu     float64 // seconds, of the server
	clients float64 // the same of the clients
	memory  float64 // bytes more than before the first client
}

func (s sample) rate() float64 { return float64(s.bytes) / 1e6 / s.elapsed.Seconds() }

// percentile is by the nearest rank; 0 when nothing came whole.
func (s sample) percentile(share float64) float64 {
	n := len(s.times)
	if n == 0 {
		return 0
	}
	return s.times[min(max(int(share*float64(n)+.999999)-1, 0), n-1)].Seconds()
}

// compareTFTP lets all contestants bear all scenarios, round after round, and
// prints a table.
func (b *bench) compareTFTP(title string, scenarios []scenario) {
	lab.Need(b, "in.tftpd", "atftpd", "dnsmasq")
	if b.scenario != "" {
		scenarios = slices.DeleteFunc(scenarios, func(s scenario) bool { return s.name != b.scenario })
	}
	root, image := b.tree(scenarios)
	servers := b.tftpServers(root)
	results := make([]map[string][]sample, len(scenarios))
	for i := range results {
		results[i] = map[string][]sample{}
	}
	hosts := map[string]*lab.Net{}
	for _, name := range b.contestants() {
		hosts[name] = lab.NewNet(b)
	}
	for round := range b.rounds {
		for i, s := range scenarios {
			s.wire.seed = uint64(round)
			var mu sync.Mutex
			var running sync.WaitGroup
			var failure any // of one that runs beside others
			for _, name := range b.contestants() {
				measure := func() {
					got := b.bear(hosts[name], servers[name], s, image)
					mu.Lock()
					defer mu.Unlock()
					results[i][name] = append(results[i][name], got)
					b.Logf("%s: %s, round %d: %.1f MB/s, %d retries, %d lost", s.name, name, round+1, got.rate(), got.retries, got.lost)
					b.Logf("    %.1f MB per CPU s", float64(got.bytes)/1e6/(got.cpu+got.clients))
				}
				if s.wire.roundTrip > 0 {
					running.Go(func() {
						defer func() {
							if r := recover(); r != nil {
								mu.Lock()
								defer mu.Unlock()
								failure = r
							}
						}()
						measure()
					})
				} else {
					measure()
				}
			}
			running.Wait()
			if failure != nil {
				panic(failure)
			}
		}
	}
	printTFTP(title, scenarios, results, b.contestants())
	b.cleanUp()
}

// tree makes the folder that is served, with a file for each size, and returns
// the longest.
func (b *bench) tree(scenarios []scenario) (root string, image []byte) {
	root = b.path("tree")
	if err := os.MkdirAll(root, 0o755); err != nil {
		b.Fatalf("%v", err)
	}
	longest := slices.MaxFunc(scenarios, func(a, b scenario) int { return a.size - b.size })
	image = make([]byte, longest.size)
	_, _ = rand.Read(image)
	for _, s := range scenarios {
		if err := os.WriteFile(root+"/"+s.file(), image[:s.size], 0o644); err != nil {
			b.Fatalf("%v", err)
		}
	}
	return root, image
}

// file is the file that the clients of a scenario ask for.
func (s scenario) file() string { return fmt.Sprintf("image-%d", s.size) }

// bear measures one server, freshly started, under one load.
func (b *bench) bear(host *lab.Net, server []string, s scenario, image []byte) sample {
	host.Do(func() { b.place(s.anyCPU) })
	p := lab.Command{Net: host, Args: server}.Start(b)
	defer p.Stop()
	host.WaitPort("udp", 69, readyTime)
	m := b.newMeter(p.Pid())
	defer m.close()
	idle, cpu := m.memory(), m.cpu()
	var got sample
	var err error
	l := load{
		clients: s.clients, file: s.file(), image: image[:s.size], block: s.block, window: s.window, wire: s.wire,
		halfway: func() { got.memory = m.memory() - idle },
	}
	host.Do(func() {
		before := threadCPU()
		b.policy(unix.SCHED_BATCH) // on machines of their own they would not interrupt the server
		got.outcome, err = l.run()
		b.policy(unix.SCHED_NORMAL)
		got.clients = threadCPU() - before
	})
	if err != nil {
		b.Fatalf("%v: %v", server, err)
	}
	if got.why != nil {
		b.Logf("%s: the first of the lost: %v", server[0], got.why)
	}
	got.bytes = len(got.times) * s.size
	got.cpu = m.cpu() - cpu
	return got
}

// threadCPU is the CPU time that this thread has used, in seconds.
func threadCPU() float64 {
	var t unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t)
	return float64(t.Nano()) / 1e9
}

// policy sets how the kernel schedules this thread (sched(7)).
func (b *bench) policy(policy uint32) {
	err := unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: policy, Nice: -20}, 0)
	if err != nil {
		b.Logf("cannot choose how to be scheduled: %v", err)
	}
}

// place puts the calling thread, and what it starts, on one CPU or on all, and
// before all others, which use this machine too.
func (b *bench) place(anyCPU bool) {
	var set unix.CPUSet
	if anyCPU {
		for cpu := range 1024 {
			set.Set(cpu)
		}
	} else {
		set.Set(0)
	}
	err := unix.SchedSetaffinity(0, &set)
	if err == nil {
		err = unix.Setpriority(unix.PRIO_PROCESS, 0, -20) // of the thread (setpriority(2))
	}
	if err != nil {
		b.Logf("cannot choose the CPUs: %v", err)
	}
}

// printTFTP writes a table in Markdown: medians of the rounds, and the median of
// each round's ratio to the best peer, which is the one of the highest median.
func printTFTP(title string, scenarios []scenario, results []map[string][]sample, names []string) {
	fmt.Printf("\n### %s\n\n| | | MB/s | x best peer | lost | client retries | p50 s | p99 s | CPU s/GB | clients' CPU s/GB | KB a client |\n", title)
	fmt.Println("|---|---|---|---|---|---|---|---|---|---|---|")
	for i, s := range scenarios {
		rates := map[string]series{}
		best := names[0] // pxe only if it is alone
		for _, name := range names {
			rates[name] = each(results[i][name], sample.rate)
			if name != "pxe" && rates[name].median() > rates[best].median() {
				best = name
			}
		}
		for _, name := range names {
			all := results[i][name]
			lost := each(all, func(s sample) float64 { return float64(s.lost) })
			retries := each(all, func(s sample) float64 { return float64(s.retries) })
			fmt.Printf("| %s | %s | %s | %.2f | %.0f | %.0f | %.3g | %.3g | %.1f | %.1f | %.0f |\n",
				s.name, name, rates[name].spread("%.1f"), rates[name].against(rates[best]), slices.Max(lost), slices.Max(retries),
				each(all, func(s sample) float64 { return s.percentile(.5) }).median(),
				each(all, func(s sample) float64 { return s.percentile(.99) }).median(),
				each(all, func(s sample) float64 { return s.cpu / (float64(s.bytes) / 1e9) }).median(),
				each(all, func(s sample) float64 { return s.clients / (float64(s.bytes) / 1e9) }).median(),
				each(all, func(sm sample) float64 { return sm.memory / 1024 / float64(s.clients) }).median())
		}
	}
}

// each is one number of every sample.
func each(all []sample, value func(sample) float64) series {
	var s series
	for _, one := range all {
		s = append(s, value(one))
	}
	return s
}
