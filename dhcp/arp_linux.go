package dhcp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// A probe asks twice, in case one frame is lost, and takes silence for an
// answer after a fraction of what RFC 5227 2.1.1 waits: the client is waiting
// for its OFFER, and probes for itself once it has the address.
const (
	arpProbes = 2
	arpWait   = 150 * time.Millisecond
)

// ARP is a Prober of the operating system, for one Ethernet interface. It is
// safe for concurrent use.
type ARP struct {
	raw  *rawSocket
	done chan struct{} // closed when nothing is received any more
	err  error         // why; set before that

	mu    sync.Mutex
	asked map[*arpQuestion]bool
}

var _ Prober = (*ARP)(nil)

// arpQuestion is a probe that waits for answers.
type arpQuestion struct {
	addr   netip.Addr
	client net.HardwareAddr
	holder chan net.HardwareAddr // has room for one
}

// ListenARP opens a Prober. It needs CAP_NET_RAW: without it the error wraps
// fs.ErrPermission. On an interface that is no Ethernet it wraps
// errors.ErrUnsupported.
func ListenARP(ifname string) (*ARP, error) {
	iface, err := net.InterfaceByName(ifname)
	if err != nil {
		return nil, fmt.Errorf("interface %s: %w", ifname, err)
	}
	if len(iface.HardwareAddr) != 6 || iface.Flags&net.FlagLoopback != 0 {
		return nil, fmt.Errorf("ARP on %s: %w: it is no Ethernet", ifname, errors.ErrUnsupported)
	}
	raw, err := openRaw(iface, unix.ETH_P_ARP)
	if err != nil {
		return nil, err
	}
	if err := raw.receive(arpFilter); err != nil {
		raw.Close()
		return nil, err
	}
	a := &ARP{raw: raw, done: make(chan struct{}), asked: make(map[*arpQuestion]bool)}
	go a.receive()
	return a, nil
}

// arpFilter lets ARP for IPv4 on Ethernet pass.
var arpFilter = []bpf.Instruction{
	bpf.LoadAbsolute{Off: 0, Size: 4}, // hardware and protocol
	bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: arpEthernet<<16 | arpIPv4, SkipTrue: 3},
	bpf.LoadAbsolute{Off: 4, Size: 2}, // the sizes of their addresses
	bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: 6<<8 | 4, SkipTrue: 1},
	bpf.RetConstant{Val: arpSize},
	bpf.RetConstant{Val: 0},
}

// Close ends all probes with net.ErrClosed.
func (a *ARP) Close() error {
	err := a.raw.Close()
	<-a.done
	return err
}

// receive hands what arrives to the probes until the socket fails or closes.
func (a *ARP) receive() {
	defer close(a.done)
	buf := make([]byte, arpSize)
	for {
		n, err := a.raw.Read(buf)
		if errors.Is(err, unix.ENETDOWN) {
			continue // told once; the interface may come up again
		}
		if err != nil {
			a.err = err
			return
		}
		if p, err := parseARP(buf[:n]); err == nil {
			a.hear(p)
		}
	}
}

// hear gives a packet to those probes that it answers.
func (a *ARP) hear(p arpPacket) {
	if bytes.Equal(p.senderMAC, a.raw.iface.HardwareAddr) {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for q := range a.asked {
		if !p.claims(q.addr) || bytes.Equal(p.senderMAC, q.client) {
			continue
		}
		select {
		case q.holder <- p.senderMAC:
		default: // one is enough
		}
	}
}

// Probe implements Prober, in 300 ms.
func (a *ARP) Probe(ctx context.Context, addr netip.Addr, client net.HardwareAddr) (net.HardwareAddr, error) {
	q := &arpQuestion{addr, client, make(chan net.HardwareAddr, 1)}
	a.mu.Lock()
	a.asked[q] = true
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		delete(a.asked, q)
		a.mu.Unlock()
	}()
	packet := arpProbe(a.raw.iface.HardwareAddr, addr).append(nil)
	for range arpProbes {
		if err := a.raw.send(packet, broadcastMAC); err != nil {
			return nil, fmt.Errorf("probe %s: %w", addr, err)
		}
		timer := time.NewTimer(arpWait)
		select {
		case <-timer.C:
			continue
		case holder := <-q.holder:
			timer.Stop()
			return holder, nil
		case <-a.done:
			timer.Stop()
			return nil, fmt.Errorf("probe %s: %w", addr, a.err)
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		}
	}
	return nil, nil
}
