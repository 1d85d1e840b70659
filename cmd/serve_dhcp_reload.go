package cmd

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"time"

	"pxe/dhcp"
)

// Why a configuration is read again.
const (
	becauseSignal  = "SIGHUP"
	becauseChanged = "changed"
)

// catchHangup makes SIGHUP mean that the file of --config is to be read again,
// from now on: one that comes before the server serves is not lost.
func (d *dhcpServer) catchHangup() {
	d.hangup = make(chan os.Signal, 1)
	if d.o.configFile != "" {
		signal.Notify(d.hangup, syscall.SIGHUP)
		d.cleanup = append(d.cleanup, func() error { signal.Stop(d.hangup); return nil })
	}
}

// follow reads the file of --config again when it is told to, or when it has
// changed, until the context ends.
func (d *dhcpServer) follow(ctx context.Context, server *dhcp.Server) {
	var look <-chan time.Time
	if d.o.watch {
		ticker := time.NewTicker(watchEvery)
		defer ticker.Stop()
		look = ticker.C
	}
	var watch fileWatch
	for {
		because := becauseChanged
		select {
		case <-ctx.Done():
			return
		case <-d.hangup:
			because = becauseSignal
		case <-look:
			if !watch.changed(d.file.files) {
				continue
			}
		}
		d.reload(ctx, server, because)
	}
}

// readAside reads the file of --config, unless the context ends before: a disk that
// does not answer must not hold up the end of the server.
func (d *dhcpServer) readAside(ctx context.Context) (configFile, error) {
	type result struct {
		configFile
		err error
	}
	done := make(chan result, 1)
	go func() {
		c, err := d.read()
		done <- result{c, err}
	}()
	select {
	case r := <-done:
		return r.configFile, r.err
	case <-ctx.Done():
		return configFile{}, ctx.Err()
	}
}

// reload goes on with what the file says now. What is wrong with it is told, and
// the server goes on as it was.
func (d *dhcpServer) reload(ctx context.Context, server *dhcp.Server, because string) {
	c, err := d.readAside(ctx)
	if ctx.Err() != nil {
		return
	}
	if err == nil {
		c.Servers = d.cfg.Servers
		err = c.check(d.o.configFile)
	}
	if err == nil {
		err = explainConfig(c.locate(server.Reload(c.Config)))
	}
	if err != nil {
		if c.denied && !d.o.noConfine {
			err = withHint(err, "the server reaches only the folders of the files that it read at its start: start it anew, or with --no-confine")
		}
		for name := range d.file.files { // behind a fault there may be more of them
			if _, read := c.files[name]; !read {
				c.files[name] = stat(name)
			}
		}
		d.file.files = c.files
		d.metrics.happened(eventReloadFailed)
		d.view.reloadFailed(d.o.configFile, because, err)
		return
	}
	d.metrics.happened(eventReloaded)
	d.view.reloaded(reloadedJSON{
		Event: eventReloaded, Time: time.Now(), File: d.o.configFile, Because: because,
		Subnets:  changeOf(d.cfg.Subnets, c.Subnets, func(s dhcp.Subnet) string { return s.Prefix.String() }),
		Hosts:    changeOf(d.cfg.Hosts, c.Hosts, func(h dhcp.Host) string { return h.MAC.String() + string(h.ClientID) }),
		Rules:    changeOf(d.cfg.Rules, c.Rules, func(r dhcp.Rule) string { return r.Name }),
		Others:   othersChanged(d.cfg, c.Config),
		Warnings: append(warningTexts(c), d.needsStart(&c)...),
	})
	d.view.void(server.VoidReservations())
	d.view.outside(server.LeasesOutside())
	d.cfg, d.file = c.Config, c
}

func warningTexts(c configFile) []string {
	var texts []string
	for _, w := range c.warnings {
		texts = append(texts, w.String())
	}
	return texts
}

// needsStart tells what the file says that a running server cannot do.
func (d *dhcpServer) needsStart(c *configFile) []string {
	var texts []string
	wanted, served := d.o.interfacesFor(c), d.names()
	for _, name := range wanted {
		if !slices.Contains(served, name) {
			texts = append(texts, "interface "+name+" is not served yet: start the server anew")
		}
	}
	for _, name := range served {
		if !slices.Contains(wanted, name) {
			texts = append(texts, "interface "+name+" is served still: start the server anew")
		}
	}
	if d.file.document.LeaseFile != c.document.LeaseFile {
		texts = append(texts, "the leases stay in "+d.o.leaseFile+": start the server anew")
	}
	return texts
}

// change is how many entries of a list are new, gone, and not as they were.
type change struct {
	Added   int `json:"added"`
	Removed int `json:"removed"`
	Changed int `json:"changed"`
}

func (c change) String() string {
	var words []string
	for _, w := range []struct {
		n    int
		what string
	}{{c.Added, "added"}, {c.Removed, "removed"}, {c.Changed, "changed"}} {
		if w.n > 0 {
			words = append(words, fmt.Sprintf("%d %s", w.n, w.what))
		}
	}
	return strings.Join(words, ", ")
}

// changeOf compares two lists; entries with the same name are compared in their
// order.
func changeOf[T any](old, now []T, name func(T) string) change {
	var c change
	had := make(map[string][]T)
	for _, v := range old {
		had[name(v)] = append(had[name(v)], v)
	}
	for _, v := range now {
		same := had[name(v)]
		if len(same) == 0 {
			c.Added++
			continue
		}
		if !reflect.DeepEqual(same[0], v) {
			c.Changed++
		}
		had[name(v)] = same[1:]
	}
	for _, rest := range had {
		c.Removed += len(rest)
	}
	return c
}

// othersChanged names what else differs, as the file calls it.
func othersChanged(a, b dhcp.Config) []string {
	var names []string
	for _, v := range []struct {
		name    string
		differs bool
	}{
		{"boot", !reflect.DeepEqual(a.Boot, b.Boot)}, {"authoritative", a.Authoritative != b.Authoritative},
		{"boot_only", a.BootOnly != b.BootOnly}, {"by_client_id", a.ByClientID != b.ByClientID},
	} {
		if v.differs {
			names = append(names, v.name)
		}
	}
	return names
}
