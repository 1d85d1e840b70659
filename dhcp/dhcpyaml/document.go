package dhcpyaml

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"

	"pxe/dhcp"
)

// Document is what a file says. It does not say the Servers of its Config: these
// are the addresses of the interfaces.
type Document struct {
	Interfaces []string // none: those with an address in a subnet
	LeaseFile  string   // "": where it is kept without one
	Config     dhcp.Config

	name string
	root *node // for Locate; nil in one that Read did not make
}

// Read reads a file; the name is for the places in errors. The error is
// dhcp.FileErrors joined by errors.Join: of the text, or else those of the
// Config's Validate.
func Read(name string, data []byte) (Document, error) {
	r := &reader{file: name}
	d := Document{name: name}
	if d.root = r.parse(data); d.root == nil {
		d.root = &node{kind: kindMap, line: 1, column: 1}
	}
	documentForm().read(r, d.root, &d)
	if err := r.err(); err != nil {
		return Document{}, err
	}
	cfg := d.Config
	cfg.Servers = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})} // which are not known yet
	if err := d.Locate(cfg.Validate()); err != nil {
		return Document{}, err
	}
	return d, nil
}

// Locate gives the faults that Validate found in a Document's Config their places
// in the file. Other errors stay as they are, and all of them do where Read did
// not make the Document.
func (d *Document) Locate(err error) error {
	if err == nil || d.root == nil {
		return err
	}
	faults := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		faults = joined.Unwrap()
	}
	r := &reader{file: d.name}
	for _, fault := range faults {
		var c *dhcp.ConfigError
		if errors.As(fault, &c) {
			r.fault(d.placeOf(c), c.Hint, "%s", c)
		} else {
			r.faults = append(r.faults, fault)
		}
	}
	return r.err()
}

// placeOf is where in the file the entry stands that a fault is about, or the
// key of it.
func (d *Document) placeOf(c *dhcp.ConfigError) *node {
	list := d.root.value(c.List)
	if list == nil {
		return &node{line: 1, column: 1}
	}
	entry := list.entry(c.Index)
	if entry == nil {
		return list
	}
	_, about, ok := strings.Cut(c.Field, ": ")
	if c.List == "boot" {
		about, ok = c.Field, true
	}
	if ok {
		if found := entry.about(about); found != nil {
			return found
		}
	}
	return entry
}

// about finds the value that a fault names: "router 192.0.2.1".
func (n *node) about(what string) *node {
	what = what[strings.LastIndex(what, ": ")+1:]
	what = strings.TrimSpace(what)
	for _, w := range []struct{ words, key string }{
		{"range", "ranges"}, {"router", "router"}, {"DNS server", "dns"}, {"domain", "domain"}, {"option", "options"},
		{"lease time", "lease_time"}, {"maximum lease time", "max_lease_time"}, {"minimum lease time", "min_lease_time"}, {"boot file for ipxe", "ipxe"}, {"boot file for", "file_for"},
		{"boot file", "file"}, {"HTTP URL", "http_url"}, {"next server", "next_server"}, {"name", "name"},
	} {
		rest, ok := strings.CutPrefix(what, w.words)
		value := n.value(w.key)
		if !ok || value == nil {
			continue
		}
		rest = strings.TrimSpace(rest)
		for _, item := range value.items {
			if item.text == rest {
				return item
			}
		}
		for _, p := range value.pairs {
			if o, known := optionOf(namedOptions(), p.key.text); p.key.text == rest || known && w.key == "options" && strconv.Itoa(int(o.code)) == rest {
				return p.key
			}
		}
		return value
	}
	if own := n.value("boot"); own != nil {
		return own.about(what)
	}
	return nil
}
