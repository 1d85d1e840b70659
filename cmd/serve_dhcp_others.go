package cmd

import (
	"context"
	"fmt"
	"strings"

	"pxe/dhcp"
)

// openSearch opens what the searches for other servers receive with: the port of
// the clients, which a DHCP client on this machine may have.
func (d *dhcpServer) openSearch() (err error) {
	if d.cfg.Proxy {
		return nil
	}
	d.search, err = dhcp.ListenRaw(d.o.iface, d.main.LocalAddr().Port()+1)
	switch {
	case err == nil:
		d.cleanup = append(d.cleanup, d.search.Close)
		return nil
	case d.o.force:
		d.view.log.Warn("other DHCP servers are not looked for", "because", err)
		return nil
	}
	return withHint(fmt.Errorf("look for other DHCP servers: %w", err), "this needs root or CAP_NET_RAW; --force serves without looking")
}

// lookForOthers refuses to give out addresses beside another server that does,
// unless it is told to.
func (d *dhcpServer) lookForOthers(ctx context.Context) error {
	if d.cfg.Proxy || d.o.force {
		return nil
	}
	d.view.log.Info("looking for other DHCP servers", "interface", d.o.iface, "for", dhcp.SearchTime)
	found, err := dhcp.FindServers(ctx, d.search, d.net.mac, d.main.LocalAddr().Port())
	if err != nil || len(found) == 0 {
		return err
	}
	var names []string
	for _, f := range found {
		names = append(names, fmt.Sprintf("%s (which offers %s)", f.Server, f.Offered))
	}
	return withHint(fmt.Errorf("%s has a DHCP server already: %s", d.o.iface, strings.Join(names, ", ")),
		"tell machines only what to boot, beside it: --proxy. Or serve all the same: --force")
}

// watchForOthers warns of servers that came later, until the context ends.
func (d *dhcpServer) watchForOthers(ctx context.Context, server *dhcp.Server) {
	if d.search != nil {
		server.Watch(ctx, d.search, d.net.mac, d.main.LocalAddr().Port())
	}
}
