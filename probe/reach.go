package probe

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"pxe/fetch"
)

// knockAfter is the silence of a TFTP server after which the network is asked
// about it. Servers answer in milliseconds, so a chain that works is not touched.
const knockAfter = time.Second

const tftpPort = 69

// reach watches a request to a TFTP server that has not answered before. Its
// context ends when the network says that there is nobody to wait for, which a
// TFTP client's own socket does not hear: the answer may come from any port, so
// it is not bound to one. done ends the watch.
func (r *runner) reach(ctx context.Context, raw string) (watched context.Context, done func()) {
	server := hostOf(raw)
	if u, err := url.Parse(raw); err != nil || u.Scheme != "tftp" || !server.IsValid() || r.reached[server] {
		return ctx, func() {}
	}
	r.reached[server] = true
	watched, cancel := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if sleep(watched, knockAfter) != nil {
			return
		}
		if why := r.knock(watched, netip.AddrPortFrom(server, tftpPort).String()); why != nil {
			cancel(why)
		}
	}()
	return watched, func() {
		cancel(nil)
		<-ended
	}
}

// errNoARP is a host that does not tell its hardware address, or whose gateway
// does not.
var errNoARP = errors.New("its address does not answer ARP")

// knock waits until the network says that a server cannot be reached, or ctx
// ends. ICMP tells of a closed port; only TCP tells of an address that does not
// answer ARP.
func (r *runner) knock(ctx context.Context, server string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	said := make(chan error, 2)
	go func() { said <- r.knockUDP(ctx, server) }()
	go func() { said <- r.knockTCP(ctx, server) }()
	why := <-said
	if why != nil {
		cancel()
	}
	return errors.Join(why, <-said)
}

// knockUDP sends an ERROR packet, which no TFTP server answers (RFC 1350 section
// 5), and waits for what comes back by ICMP.
func (r *runner) knockUDP(ctx context.Context, server string) error {
	conn, err := r.cfg.Network.DialContext(ctx, "udp4", server)
	if err != nil {
		return nil // no route, as the request will find too
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	_, err = conn.Write([]byte{0, 5, 0, 0, 0})
	if err == nil {
		_, err = conn.Read(make([]byte, 1))
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("%w: the host says that nothing listens on UDP port %d", fetch.ErrRefused, tftpPort)
	}
	return nil
}

// knockTCP connects: that the port is closed there is an answer too.
func (r *runner) knockTCP(ctx context.Context, server string) error {
	conn, err := r.cfg.Network.DialContext(ctx, "tcp4", server)
	if err == nil {
		conn.Close()
	}
	if errors.Is(err, syscall.EHOSTUNREACH) {
		return fmt.Errorf("%w: %w", errNoARP, syscall.EHOSTUNREACH)
	}
	return nil
}

// because is why a request under a watched context failed: what the network
// said, if it said anything.
func because(watched context.Context, err error) error {
	cause := context.Cause(watched)
	if err != nil && (errors.Is(cause, fetch.ErrRefused) || errors.Is(cause, errNoARP)) {
		return cause
	}
	return err
}
