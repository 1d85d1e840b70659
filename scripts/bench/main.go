//go:build linux

package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"pxe/scripts/lab"
)

func main() {
	rounds := flag.Int("rounds", 5, "rounds per figure, an odd `number`")
	only := flag.String("only", "", "one `figure`: tftp, tftp-many, tftp-wire, tftp-storm, dhcp, dhcp-latency, dhcp-leases, dhcp-clients, try or size")
	peers := flag.String("peers", "", "only these TFTP `servers`, separated by commas")
	scenario := flag.String("scenario", "", "only the TFTP `scenario` of this name")
	flag.Parse()
	os.Exit(run(*only, &bench{rounds: *rounds, peers: *peers, scenario: *scenario}))
}

// figures are the measurements, in the order of the report.
var figures = []struct {
	name    string
	measure func(b *bench)
}{
	{"tftp", measureTFTP},
	{"tftp-many", measureTFTPMany},
	{"tftp-wire", measureTFTPWire},
	{"tftp-storm", measureTFTPStorm},
	{"dhcp", measureDHCP},
	{"dhcp-latency", measureDHCPLatency},
	{"dhcp-leases", measureDHCPLeases},
	{"dhcp-clients", measureDHCPClients},
	{"try", measureTry},
	{"size", measureSize},
}

// run measures and returns the exit code.
func run(only string, b *bench) (code int) {
	work, err := os.MkdirTemp("", "pxe-bench-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
	defer os.RemoveAll(work)
	b.work = work
	defer b.end(&code)
	lab.NeedRoot(b)
	defer goFirst()()
	b.build("pxe", "pxe/cmd/pxe")
	b.build("pintftp", "pxe/scripts/bench/pintftp")
	for _, f := range figures {
		if only == "" || only == f.name {
			f.measure(b)
			b.cleanUp()
		}
	}
	return 0
}

// goFirst puts this session before all others, which use this machine too, where
// the kernel shares it out by sessions (sched(7), autogroup).
func goFirst() (undo func()) {
	const file = "/proc/self/autogroup"
	_ = os.WriteFile(file, []byte("-20"), 0)
	return func() { _ = os.WriteFile(file, []byte("0"), 0) }
}

// build makes one of the contestants, small and static as it is released.
func (b *bench) build(name, pkg string) {
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", b.path(name), pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
}

// path is where something of this run lies.
func (b *bench) path(name string) string { return filepath.Join(b.work, name) }
