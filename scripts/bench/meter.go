//go:build linux

package main

import (
	"bytes"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// meter tells what a server uses: a control group (cgroups(7), version 2) with
// the process that was started and those that it starts, of which some servers
// have one for each client.
type meter struct{ dir string }

var groupMount = regexp.MustCompile(`(?m)^\S+ (\S+) cgroup2 `)

// newMeter begins to measure a process.
func (b *bench) newMeter(pid int) meter {
	mounts, err := os.ReadFile("/proc/mounts")
	if err != nil {
		b.Fatalf("%v", err)
	}
	m := groupMount.FindSubmatch(mounts)
	if m == nil {
		b.Fatalf("cgroup2 is not mounted")
	}
	dir, err := os.MkdirTemp(string(m[1]), "pxe-bench-")
	if err == nil {
		err = os.WriteFile(dir+"/cgroup.procs", []byte(strconv.Itoa(pid)), 0)
	}
	if err != nil {
		b.Fatalf("control group: %v", err)
	}
	return meter{dir}
}

// close ends what still runs, children that wait for a client for example.
func (m meter) close() {
	_ = os.WriteFile(m.dir+"/cgroup.kill", []byte("1"), 0)
	for end := time.Now().Add(readyTime); os.Remove(m.dir) != nil && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
}

// cpu is the CPU time used so far, in seconds.
func (m meter) cpu() float64 {
	stat, _ := os.ReadFile(m.dir + "/cpu.stat")
	usage, _, _ := bytes.Cut(bytes.TrimPrefix(stat, []byte("usage_usec ")), []byte("\n"))
	return number(string(usage)) / 1e6
}

// memory is the memory that is in use and not a file's, in bytes.
func (m meter) memory() float64 {
	list, _ := os.ReadFile(m.dir + "/cgroup.procs")
	total := 0.0
	for _, pid := range strings.Fields(string(list)) {
		n, _ := statusBytes(pid, "RssAnon")
		total += n
	}
	return total
}

var statusLine = regexp.MustCompile(`(?m)^(\w+):\s+(\d+) kB$`)

// statusBytes reads one line of a process's status; !ok when the process is gone.
func statusBytes(pid, line string) (n float64, ok bool) {
	status, _ := os.ReadFile("/proc/" + pid + "/status")
	for _, m := range statusLine.FindAllSubmatch(status, -1) {
		if string(m[1]) == line {
			return number(string(m[2])) * 1024, true
		}
	}
	return 0, false
}
