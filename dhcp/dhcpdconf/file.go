package dhcpdconf

import (
	"errors"
	"net"
	"net/netip"
	"slices"

	"pxe/dhcp"
	"pxe/dhcp/lease"
)

// File is a configuration that was read. It does not change.
type File struct {
	subnets  []*subnet
	hosts    []*host
	classes  []*class
	spaces   map[string]uint8 // the option around each option space; 0: none is said
	warnings []Warning
}

// subnet is a declaration of one.
type subnet struct {
	Pos
	prefix  netip.Prefix
	network string // of the shared-network that it is in; "" for none
	scope   *scope
	ranges  []placedRange // without those of pools
	bootp   []placedRange // the same, for BOOTP clients too
	pools   []*pool
}

// pool is a declaration of one, or the part of it that is in one subnet.
type pool struct {
	Pos
	scope   *scope
	ranges  []placedRange
	bootp   bool // it is for BOOTP clients too, as long as it does not deny them
	permits []permit
}

// permit is who gets addresses of a pool, or does not.
type permit struct {
	deny  bool
	match dhcp.Match
	class *class // in place of match
}

type placedRange struct {
	Pos
	lease.Range
}

// host is a declaration of one.
type host struct {
	Pos
	name     string
	mac      net.HardwareAddr
	clientID []byte
	addrs    []netip.Addr
	scope    *scope
}

// class is a declaration of one, with all its subclasses.
type class struct {
	Pos
	name       string
	when       *dhcp.Match // nil: there is no match if
	value      *operand    // by which subclasses are told apart; nil: there are none
	subclasses []subclass
	members    dhcp.Match // who is in it
	scope      *scope
}

// subclass is one value of a class. Its scope may be the class's.
type subclass struct {
	match dhcp.Match
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
	c := &compiler{options: standardOptions(), spaces: standardSpaces(), blocks: blocks(), statements: settingsStatements()}
	c.block(list, place{scope: &scope{}})
	c.close()
	if len(c.errs) > 0 {
		return nil, errors.Join(c.errs...)
	}
	c.file.spaces = c.spaces
	return &c.file, nil
}

// serves reports whether a subnet has addresses to give. One without is in a file
// to tell dhcpd of the server's own wire.
func (f *File) serves(s *subnet) bool {
	return len(s.ranges)+len(s.bootp) > 0 || len(s.pools) > 0 ||
		slices.ContainsFunc(f.hosts, func(h *host) bool { return slices.ContainsFunc(h.addrs, s.prefix.Contains) })
}
