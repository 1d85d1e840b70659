//go:build linux

package lab

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Net is a network namespace. It belongs to one thread of the test process, so
// that nothing is left of it when the test ends, however it ends.
type Net struct {
	t    TB
	path string // names the namespace to ip
	work chan func()
}

// NewNet makes a namespace whose only interface is the loopback.
func NewNet(t TB) *Net {
	t.Helper()
	Need(t, "ip")
	NeedRoot(t)
	n := &Net{t: t, work: make(chan func())}
	made := make(chan error)
	go n.serve(made)
	if err := <-made; err != nil {
		cannot(t, "cannot make a network namespace: %v", err)
	}
	t.Cleanup(func() { close(n.work) })
	n.Do(func() {
		// Neighbour discovery has nothing to do here but noise.
		_ = os.WriteFile("/proc/sys/net/ipv6/conf/all/disable_ipv6", []byte("1"), 0)
	})
	n.IP("link set lo up")
	return n
}

// serve is the namespace's thread. The goroutine ends without unlocking it, so
// the thread ends too and is never used for anything else.
func (n *Net) serve(made chan<- error) {
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		made <- err
		return
	}
	n.path = fmt.Sprintf("/proc/%d/task/%d/ns/net", os.Getpid(), unix.Gettid())
	made <- nil
	for fn := range n.work {
		fn()
	}
}

// Do runs fn inside the namespace; sockets that it opens stay there. fn must
// not fail the test: it is not on the test's goroutine.
func (n *Net) Do(fn func()) {
	done := make(chan struct{})
	n.work <- func() {
		defer close(done)
		fn()
	}
	<-done
}

// WaitPort returns once something listens on a port, "udp" or "tcp": many
// servers do not say when they are ready.
func (n *Net) WaitPort(protocol string, port int, wait time.Duration) {
	n.t.Helper()
	// The second column is the local address, the fourth the state of a socket
	// that takes whatever comes.
	listens := regexp.MustCompile(fmt.Sprintf(`(?m)^ *\d+: [0-9A-F]+:%04X \S+ (07|0A) `, port))
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(wait); ; <-tick.C {
		var v4, v6 []byte
		n.Do(func() {
			v4, _ = os.ReadFile("/proc/thread-self/net/" + protocol)
			v6, _ = os.ReadFile("/proc/thread-self/net/" + protocol + "6")
		})
		if listens.Match(v4) || listens.Match(v6) {
			return
		}
		if time.Now().After(end) {
			n.t.Fatalf("nothing listens on %s port %d after %v", protocol, port, wait)
		}
	}
}

// IP runs ip(8) in the namespace with the words of args.
func (n *Net) IP(format string, args ...any) {
	n.t.Helper()
	words := strings.Fields(fmt.Sprintf(format, args...))
	Command{Net: n, Args: append([]string{"ip"}, words...)}.MustRun(n.t)
}

// LAN is an Ethernet: a bridge in a namespace of its own, into which hosts and
// virtual machines are plugged.
type LAN struct {
	t      TB
	bridge *Net
	ports  int
}

// NewLAN makes an Ethernet with nothing plugged in.
func NewLAN(t TB) *LAN {
	t.Helper()
	l := &LAN{t: t, bridge: NewNet(t)}
	l.bridge.IP("link add br0 type bridge")
	l.bridge.IP("link set br0 up")
	return l
}

// Host plugs in a host: a namespace whose eth0 has the given addresses
// ("192.168.122.1/24"), or none.
func (l *LAN) Host(addrs ...string) *Net {
	l.t.Helper()
	host := NewNet(l.t)
	l.Plug(host, "eth0", addrs...)
	return host
}

// Plug plugs in a host that there is already, by another interface of it.
func (l *LAN) Plug(host *Net, name string, addrs ...string) {
	l.t.Helper()
	l.ports++
	l.bridge.IP("link add port%d type veth peer name %s netns %s", l.ports, name, host.path)
	l.bridge.IP("link set port%d master br0 up", l.ports)
	for _, addr := range addrs {
		host.IP("addr add %s broadcast + dev %s", addr, name)
	}
	host.IP("link set %s up", name)
}

// tap plugs in a tap for a virtual machine and returns its name in l.bridge.
func (l *LAN) tap() string {
	l.t.Helper()
	l.ports++
	name := fmt.Sprintf("tap%d", l.ports)
	l.bridge.IP("tuntap add %s mode tap", name)
	l.bridge.IP("link set %s master br0 up", name)
	return name
}
