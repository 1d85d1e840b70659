package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"pxe/dhcp"
)

// dhcpWire is an interface that a DHCP server serves, and its sockets there.
type dhcpWire struct {
	name string
	attachment
	main   *dhcp.Socket
	boot   *dhcp.Socket    // nil without --boot-port
	search *dhcp.RawSocket // nil for a proxy, or without the privilege
	arp    *dhcp.ARP       // nil: no address is probed
}

func attachments(wires []*dhcpWire) []attachment {
	var all []attachment
	for _, w := range wires {
		all = append(all, w.attachment)
	}
	return all
}

// eachWire takes a step for all interfaces.
func (d *dhcpServer) eachWire(step func(*dhcpServer, *dhcpWire) error) error {
	for _, w := range d.wires {
		if err := step(d, w); err != nil {
			return err
		}
	}
	return nil
}

func (d *dhcpServer) listen(w *dhcpWire) error {
	open := func(port uint16) (*dhcp.Socket, error) {
		socket, err := dhcp.Listen(w.name, port)
		if err != nil {
			return nil, d.explainListen(err, w.name, port)
		}
		d.cleanup = append(d.cleanup, socket.Close)
		return socket, nil
	}
	var err error
	if w.main, err = open(d.o.port); err != nil {
		return err
	}
	if d.o.bootPort != 0 {
		w.boot, err = open(d.o.bootPort)
	}
	return err
}

func (d *dhcpServer) explainListen(err error, iface string, port uint16) error {
	err = fmt.Errorf("listen on UDP port %d of %s: %w", port, iface, err)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return withHint(err, "DHCP ports are permitted to root, and to programs with CAP_NET_BIND_SERVICE and CAP_NET_RAW")
	case errors.Is(err, syscall.EADDRINUSE) && port == d.o.bootPort:
		return withHint(err, "another boot server has this port; find it with `ss -lnup sport = :%d`, or do without it: --boot-port 0", port)
	case errors.Is(err, syscall.EADDRINUSE):
		return withHint(err, "another DHCP server or proxy has this port; find it with `ss -lnup sport = :%d`", port)
	case errors.Is(err, errors.ErrUnsupported):
		return withHint(err, "serve-dhcp needs Linux; `pxe try` runs everywhere")
	}
	return err
}

// openSearch opens what the searches for other servers receive with: the port of
// the clients, which a DHCP client on this machine may have.
func (d *dhcpServer) openSearch(w *dhcpWire) (err error) {
	if d.cfg.Proxy {
		return nil
	}
	w.search, err = dhcp.ListenRaw(w.name, w.main.LocalAddr().Port()+1)
	switch {
	case err == nil:
		d.cleanup = append(d.cleanup, w.search.Close)
		return nil
	case d.o.force:
		d.view.log.Warn("other DHCP servers are not looked for", "interface", w.name, "because", err)
		return nil
	}
	return withHint(fmt.Errorf("look for other DHCP servers: %w", err), "this needs root or CAP_NET_RAW; --force serves without looking")
}

// openARP opens what addresses are probed with.
func (d *dhcpServer) openARP(w *dhcpWire) error {
	if d.cfg.Proxy || d.o.noARPProbe {
		return nil
	}
	arp, err := dhcp.ListenARP(w.name)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		d.view.log.Debug("addresses are not probed", "interface", w.name, "because", err)
		return nil
	case err != nil:
		d.view.log.Warn("addresses are not probed before they are offered", "interface", w.name, "because", err)
		return nil
	}
	w.arp = arp
	d.cleanup = append(d.cleanup, arp.Close)
	return nil
}

// probing is the connection of the DHCP port, with the probes if there are any.
func (w *dhcpWire) probing() dhcp.Conn {
	if w.arp == nil {
		return w.main
	}
	return struct {
		dhcp.Conn
		dhcp.Prober
	}{w.main, w.arp}
}

// watchForOthers warns of servers that came later, until the context ends.
func (w *dhcpWire) watchForOthers(ctx context.Context, server *dhcp.Server) {
	if w.search != nil {
		server.Watch(ctx, w.search, w.mac, w.main.LocalAddr().Port())
	}
}
