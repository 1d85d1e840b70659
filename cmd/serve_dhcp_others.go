package cmd

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"pxe/dhcp"
)

// lookForOthers refuses to give out addresses beside another server that does,
// unless it is told to. All interfaces are searched at the same time.
func (d *dhcpServer) lookForOthers(ctx context.Context) error {
	if d.cfg.Proxy || d.o.force {
		return nil
	}
	d.view.log.Info("looking for other DHCP servers", "interface", strings.Join(d.names(), " "), "for", dhcp.SearchTime)
	group, ctx := errgroup.WithContext(ctx)
	for _, w := range d.wires {
		group.Go(func() error { return w.lookForOthers(ctx) })
	}
	return group.Wait()
}

func (w *dhcpWire) lookForOthers(ctx context.Context) error {
	found, err := dhcp.FindServers(ctx, w.search, w.mac, w.main.LocalAddr().Port())
	if err != nil || len(found) == 0 {
		return err
	}
	var names []string
	for _, f := range found {
		names = append(names, fmt.Sprintf("%s (which offers %s)", f.Server, f.Offered))
	}
	return withHint(fmt.Errorf("%s has a DHCP server already: %s", w.name, strings.Join(names, ", ")),
		"tell machines only what to boot, beside it: --proxy. Or serve all the same: --force")
}

// names are those of the interfaces that are served.
func (d *dhcpServer) names() []string {
	var names []string
	for _, w := range d.wires {
		names = append(names, w.name)
	}
	return names
}
