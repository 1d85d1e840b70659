package dhcpdconf

import (
	"errors"
	"net"
	"net/netip"
	"slices"

	"pxe/dhcp/lease"
)

// File is a configuration that was read. It does not change.
type File struct {
	subnets  []*subnet
	hosts    []*host
	classes  []*class
	warnings []Warning
}

// subnet is a declaration of one.
type subnet struct {
	Pos
	prefix  netip.Prefix
	network string // of the shared-network that it is in; "" for none
	scope   *scope
	ranges  []placedRange
}

type placedRange struct {
	Pos
	lease.Range
}

// host is a declaration of one.
type host struct {
	Pos
	name  string
	mac   net.HardwareAddr
	addrs []netip.Addr
	scope *scope
}

// class is a declaration of one.
type class struct {
	Pos
	match condition
	scope *scope
}

// Read reads a configuration and the files that it includes, each by open. The
// error is that of open for the first file, an *Error where the text cannot be
// cut into statements, else several of them joined by errors.Join.
func Read(name string, open func(name string) ([]byte, error)) (*File, error) {
	p := &parser{open: open}
	list, err := p.file(name, Pos{File: name, Line: 1, Column: 1}, 0, 0)
	if err != nil {
		return nil, err
	}
	c := &compiler{options: standardOptions(), spaces: standardSpaces()}
	c.block(list, place{scope: &scope{}})
	if len(c.errs) > 0 {
		return nil, errors.Join(c.errs...)
	}
	return &c.file, nil
}

// serves reports whether a subnet has addresses to give. One without is in a file
// to tell dhcpd of the server's own wire.
func (f *File) serves(s *subnet) bool {
	return len(s.ranges) > 0 || slices.ContainsFunc(f.hosts, func(h *host) bool { return slices.ContainsFunc(h.addrs, s.prefix.Contains) })
}
