package dhcp

import (
	"cmp"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"pxe/boot"
	"pxe/dhcp/lease"
)

// Config is what a server knows and promises. It is read only once a Server
// has it. Validate tells everything that is wrong with one.
type Config struct {
	// Servers are our own addresses, one on each wire that is served: option 54,
	// the source of replies, and the next server unless another is named. Clients
	// have to reach them.
	Servers []netip.Addr
	// Subnets that get addresses from us. A client behind a relay is in the
	// subnet that the relay names; one on a wire of ours is in the subnet that
	// holds our address there.
	Subnets []Subnet
	// Hosts are machines with an address, a name or settings of their own.
	Hosts []Host
	// Rules tell some clients something else than the rest. What a host says goes
	// before them; of two rules for a client the first one counts, for each thing
	// that it says.
	Rules []Rule
	// Boot is for clients for which no rule names a file.
	Boot Boot

	// Proxy makes this a proxyDHCP server: it tells boot clients what to boot
	// and leaves the addresses to another server. Subnets and Hosts are then
	// not used.
	Proxy bool
	// BootOnly leaves clients alone that do not boot from the network, unless they
	// did before and so have a lease, or are configured hosts.
	BootOnly bool
	// Authoritative servers refuse (NAK) or adopt clients that say they have an
	// address of which we know nothing. Leave it off beside other servers.
	Authoritative bool
	// ByClientID keys leases on option 61 where a client sends one, as RFC 2131
	// 4.2 has it. Without it the hardware address alone counts, so that a
	// machine keeps one address from its firmware to its operating system.
	ByClientID bool
}

// Subnet is one network and what its clients are told.
type Subnet struct {
	Prefix netip.Prefix
	// Network is what the subnets of one wire have in common: a client may get an
	// address of any of them. Subnets with the same Prefix, which differ in their
	// Ranges and in For, are on one wire anyway. "" is a wire of its own.
	Network string
	Ranges  []lease.Range
	// For is who gets addresses of the Ranges. Configured hosts have their own
	// address in any case.
	For Match
	// BOOTP clients get addresses of the Ranges too, and keep them for ever.
	BOOTP  bool
	Router netip.Addr // option 3; the zero Addr leaves it out
	DNS    []netip.Addr
	Domain string // as hosts are named (RFC 1123), without a dot at the end
	// LeaseTime is for clients that ask for none; 0 means DefaultLeaseTime.
	LeaseTime time.Duration
	// MaxLeaseTime is the most that a client gets by asking; 0 means LeaseTime
	// or DefaultMaxLeaseTime, whichever is longer.
	MaxLeaseTime time.Duration
	// MinLeaseTime is the least that a client gets, asked for or not; 0 means
	// two minutes, or one of the others if that is shorter.
	MinLeaseTime time.Duration
	// Options are further ones, such as NTP servers, for clients that ask for
	// them or have no list of wishes. They cannot be those that the server
	// makes itself.
	Options Options
}

// The lease times of a Subnet that sets none.
const (
	DefaultLeaseTime    = 6 * time.Hour
	DefaultMaxLeaseTime = 12 * time.Hour
)

// LongestLease is the longest lease that ends: option 51 with one second more
// means for ever.
const LongestLease = (1<<32 - 2) * time.Second

// Host is a machine that we know by its MAC.
type Host struct {
	// MAC is by what the machine is known; or else ClientID, which is option 61.
	MAC      net.HardwareAddr
	ClientID []byte
	Addrs    []netip.Addr // its addresses, one a subnet, given to nobody else; none: one of a range
	Name     string       // option 12, with a domain or without; "" leaves it out
	Boot     *Boot        // its table of files; nil means the Config's
	Settings
}

// in is the host's address in a subnet; the zero Addr: it has none.
func (h *Host) in(p netip.Prefix) netip.Addr {
	if i := slices.IndexFunc(h.Addrs, p.Contains); i >= 0 {
		return h.Addrs[i]
	}
	return netip.Addr{}
}

// id is what the host is known by, as text.
func (h *Host) id() string {
	if len(h.MAC) == 0 && len(h.ClientID) > 0 {
		return "client-id " + lease.Key(h.ClientID).String()
	}
	return h.MAC.String()
}

// Boot is where machines find what they boot.
type Boot struct {
	// NextServer is the TFTP server: siaddr and option 66. The zero Addr means
	// our own address.
	NextServer netip.Addr
	// File is for BIOS machines, and for clients that do not say what they are.
	File string
	// FileFor is for clients of one architecture, and has precedence. One that
	// is in neither gets no file: a BIOS program would hang any other machine.
	// What is there for an HTTP architecture has to be a URL, unless there is
	// HTTPURL.
	FileFor map[boot.Arch]string
	// HTTPURL is where the files are for UEFI HTTP Boot, "http://192.0.2.1/boot/":
	// names that are no URLs follow it. "": only URLs are given out.
	HTTPURL string
	// IPXE is for clients that run iPXE already: a script's URL, usually.
	// Without it they get the file of their architecture like any other, unless
	// that is iPXE again.
	IPXE string
}

// For returns the file or URL for a machine; ok is false when there is none.
func (b Boot) For(m boot.Machine) (file string, ok bool) {
	if file, _ = b.entry(m); Misfit(file, m, true) != "" {
		return "", false
	}
	return file, file != ""
}

// entry is the file for a machine, suitable or not, and where it stands.
func (b *Boot) entry(m boot.Machine) (file, entry string) {
	const table = "boot file for "
	switch {
	case m.Kind == boot.KindIPXE && b.IPXE != "":
		return b.IPXE, table + "ipxe"
	case m.Kind == boot.KindRPi:
		return "", "" // its ROM asks for bootcode.bin whatever it is told
	}
	arch := boot.ArchBIOS
	if m.HasArch {
		arch = m.Arch
	}
	try := []boot.Arch{arch}
	if arch.HTTP() && b.HTTPURL != "" {
		try = append(try, arch.Base())
	}
	if arch.Base() == boot.ArchEFIBC { // what firmware of 2005 to 2012 calls x64
		try = append(try, boot.ArchEFIX64)
	}
	for _, a := range try {
		file = b.FileFor[a]
		if file == "" && a == boot.ArchBIOS {
			file = b.File
		}
		if file != "" {
			if m.Kind == boot.KindHTTP {
				file = b.url(file)
			}
			return file, table + a.String()
		}
	}
	return "", ""
}

// url is the URL of a file for HTTP Boot, where there is one.
func (b *Boot) url(file string) string {
	if isURL(file) || b.HTTPURL == "" {
		return file
	}
	return strings.TrimSuffix(b.HTTPURL, "/") + "/" + strings.TrimPrefix(file, "/")
}

// isURL reports whether file is one that UEFI HTTP Boot can fetch.
func isURL(file string) bool {
	u, err := url.Parse(file)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// DefaultFiles are the names under which distributions and boot loaders install
// the first program of each architecture.
func DefaultFiles() map[boot.Arch]string {
	return map[boot.Arch]string{
		boot.ArchBIOS:       "pxelinux.0",
		boot.ArchEFIIA32:    "bootia32.efi",
		boot.ArchEFIX64:     "bootx64.efi",
		boot.ArchEFIARM:     "bootarm.efi",
		boot.ArchEFIARM64:   "bootaa64.efi",
		boot.ArchEFIRISCV64: "bootriscv64.efi",
		boot.ArchEFILoong64: "bootloongarch64.efi",
	}
}

// LeaseTimes are how long a lease lasts for a client that asks for no time, and
// the most that one gets by asking.
func (s *Subnet) LeaseTimes() (normal, most time.Duration) { return s.leaseTimes(Settings{}) }

func (s *Subnet) leaseTimes(own Settings) (normal, most time.Duration) {
	normal = cmp.Or(own.LeaseTime, s.LeaseTime, DefaultLeaseTime)
	most = cmp.Or(own.MaxLeaseTime, s.MaxLeaseTime)
	if most == 0 {
		most = max(normal, DefaultMaxLeaseTime)
	}
	return normal, most
}

// leaseTime is what a client gets that asks for so many seconds; asked is false
// when it asks for nothing. A short wish is not granted, or the client would do
// nothing but renew. Each of the three times may be said by another rule; the
// least has the last word, as in dhcpd.
func (s *Subnet) leaseTime(seconds uint32, asked bool, own Settings) time.Duration {
	normal, most := s.leaseTimes(own)
	least := cmp.Or(own.MinLeaseTime, s.MinLeaseTime, min(2*time.Minute, normal, most))
	wish := normal
	if asked {
		wish = time.Duration(seconds) * time.Second
	}
	return max(min(wish, most), least)
}

// Pools are the lease pools of the configuration, one a subnet and in their
// order, as a Server expects them in its Store.
func (c *Config) Pools() []lease.Config {
	pools := make([]lease.Config, len(c.Subnets))
	for i := range c.Subnets {
		pools[i] = c.pool(&c.Subnets[i])
	}
	return pools
}

func (c *Config) pool(s *Subnet) lease.Config {
	p := lease.Config{
		Subnet:   s.Prefix,
		Ranges:   s.Ranges,
		Excluded: slices.Concat(c.Servers, []netip.Addr{c.Boot.NextServer, s.Router}, s.DNS),
	}
	for _, r := range c.Rules {
		p.Excluded = append(p.Excluded, r.NextServer)
	}
	for i := range c.Hosts {
		h := &c.Hosts[i]
		if addr := h.in(s.Prefix); addr.IsValid() {
			p.Reserved = append(p.Reserved, addr)
		}
		p.Excluded = append(p.Excluded, h.NextServer)
		if h.Boot != nil {
			p.Excluded = append(p.Excluded, h.Boot.NextServer)
		}
	}
	return p
}
