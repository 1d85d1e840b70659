package dhcp

import (
	"net"
	"net/netip"
	"net/url"
	"time"

	"pxe/boot"
	"pxe/dhcp/lease"
)

// Config is what a server knows and promises. It is read only once a Server
// has it. Validate tells everything that is wrong with one.
type Config struct {
	// Server is our own address: option 54, the source of replies, and the next
	// server unless Boot names another. It has to be reachable by the clients.
	Server netip.Addr
	// Subnets that get addresses from us. A client behind a relay is in the
	// subnet that the relay names; one on our own wire is in the subnet that
	// holds Server.
	Subnets []Subnet
	// Hosts are machines with an address or a name of their own.
	Hosts []Host
	Boot  Boot

	// Proxy makes this a proxyDHCP server: it tells boot clients what to boot
	// and leaves the addresses to another server. Subnets and Hosts are then
	// not used.
	Proxy bool
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
	Ranges []lease.Range
	Router netip.Addr // option 3; the zero Addr leaves it out
	DNS    []netip.Addr
	Domain string // as hosts are named (RFC 1123), without a dot at the end
	// LeaseTime is for clients that ask for none; 0 means DefaultLeaseTime.
	LeaseTime time.Duration
	// MaxLeaseTime is the most that a client gets by asking; 0 means LeaseTime
	// or DefaultMaxLeaseTime, whichever is longer.
	MaxLeaseTime time.Duration
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
	MAC  net.HardwareAddr
	Addr netip.Addr // its address, given to nobody else; the zero Addr: one of a range
	Name string     // option 12, with a domain or without; "" leaves it out
	Boot *Boot      // what it boots; nil means the Config's
}

// Boot is where machines find what they boot.
type Boot struct {
	// NextServer is the TFTP server: siaddr and option 66. The zero Addr means
	// the Config's Server.
	NextServer netip.Addr
	// File is for BIOS machines, and for clients that do not say what they are.
	File string
	// FileFor is for clients of one architecture, and has precedence. One that
	// is in neither gets no file: a BIOS program would hang any other machine.
	// HTTP architectures need a URL.
	FileFor map[boot.Arch]string
	// IPXE is for clients that run iPXE already: a script's URL, usually.
	// Without it they get the file of their architecture like any other.
	IPXE string
}

// For returns the file or URL for a machine; ok is false when there is none.
func (b Boot) For(m boot.Machine) (file string, ok bool) {
	if m.Kind == boot.KindIPXE && b.IPXE != "" {
		return b.IPXE, true
	}
	arch := boot.ArchBIOS
	if m.HasArch {
		arch = m.Arch
	}
	file = b.FileFor[arch]
	switch {
	case file != "":
	case arch == boot.ArchBIOS:
		file = b.File
	case arch == boot.ArchEFIBC: // what firmware of 2005 to 2012 calls x64
		file = b.FileFor[boot.ArchEFIX64]
	}
	if m.Kind == boot.KindHTTP && !isURL(file) {
		return "", false
	}
	return file, file != ""
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

// nextServer is the address for siaddr.
func (c *Config) nextServer(b *Boot) netip.Addr {
	if isSet(b.NextServer) {
		return b.NextServer
	}
	return c.Server
}

// leaseTime is what a client gets that asks for so many seconds; asked is false
// when it asks for nothing. A short wish is not granted below two minutes, or
// the client would do nothing but renew.
func (s *Subnet) leaseTime(seconds uint32, asked bool) time.Duration {
	normal := s.LeaseTime
	if normal == 0 {
		normal = DefaultLeaseTime
	}
	most := s.MaxLeaseTime
	if most == 0 {
		most = max(normal, DefaultMaxLeaseTime)
	}
	if !asked {
		return normal
	}
	return max(min(time.Duration(seconds)*time.Second, most), min(2*time.Minute, normal))
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
		Excluded: append([]netip.Addr{c.Server, c.Boot.NextServer, s.Router}, s.DNS...),
	}
	for _, h := range c.Hosts {
		if s.Prefix.Contains(h.Addr) {
			p.Reserved = append(p.Reserved, h.Addr)
		}
		if h.Boot != nil {
			p.Excluded = append(p.Excluded, h.Boot.NextServer)
		}
	}
	return p
}
