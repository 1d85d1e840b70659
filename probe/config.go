package probe

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"pxe/fetch"
)

// Network is a host on the Ethernet to be probed: the hardware address of a
// machine that has no IP address yet. A wire.Host is one.
type Network interface {
	fetch.Network
	// MAC is the hardware address that asks, 6 bytes.
	MAC() net.HardwareAddr
	// ListenDHCP receives UDP datagrams for a port without an address, and
	// sends them by broadcast from 0.0.0.0.
	ListenDHCP(port uint16) (net.PacketConn, error)
	// Configure sets the IPv4 address and the gateway; the zero Prefix removes
	// the address, the zero Addr means no gateway.
	Configure(prefix netip.Prefix, gateway netip.Addr) error
}

// Config is what to probe, as what, and how patiently.
type Config struct {
	Network Network
	Profile Profile
	// UUID is the machine's UUID as option 97 has it (see boot.FormatUUID);
	// zeros, as firmware sends that knows none, if left out.
	UUID [16]byte

	// Head is how many bytes of a kernel or initrd are fetched, 64 KiB at least,
	// which tell what it is; 0 fetches them whole. Boot programs and
	// configurations are always fetched whole.
	Head int64
	// Timeout is the longest that a server may be silent: the wait for offers
	// in all, for an ACK, for a boot server, for the next block of a file.
	// 0 is as patient as the firmware (a minute without any offer).
	Timeout time.Duration
	// Settle is how long to go on listening when an offer has come that no
	// other can beat; 0 means DefaultSettle. Offers that another may still beat
	// are waited out as the firmware does.
	Settle time.Duration
	// Faithful waits whenever the firmware does, though the outcome is known.
	Faithful bool
	// KeepLease leaves the lease with the server; otherwise it is released at
	// the end, so that probes do not eat up the pool.
	KeepLease bool

	// OnStep is called with each step as it ends, OnProgress while a file comes
	// in (total is -1 when the server does not tell). Both may be nil; they are
	// called from the goroutine of Run.
	OnStep     func(Step)
	OnProgress func(name string, done, total int64)
}

// DefaultSettle is how long offers are collected behind one that cannot lose.
const DefaultSettle = 500 * time.Millisecond

func (c *Config) validate() error {
	var errs []error
	if c.Network == nil {
		errs = append(errs, errors.New("no network"))
	} else if n := len(c.Network.MAC()); n != 6 {
		errs = append(errs, fmt.Errorf("hardware address of %d bytes: want 6", n))
	}
	if c.Profile.Name == "" {
		errs = append(errs, errors.New("no firmware profile"))
	}
	if c.Head < 0 {
		errs = append(errs, fmt.Errorf("head of %d bytes", c.Head))
	}
	if c.Timeout < 0 || c.Settle < 0 {
		errs = append(errs, errors.New("negative wait"))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	if c.Settle == 0 {
		c.Settle = DefaultSettle
	}
	return nil
}
