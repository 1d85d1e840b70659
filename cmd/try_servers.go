package cmd

import (
	"context"
	"io/fs"
	"log/slog"
	"net/netip"
	"time"

	"golang.org/x/sync/errgroup"

	"pxe/boot"
	"pxe/dhcp"
	"pxe/dhcp/lease"
	"pxe/share"
	"pxe/tftp"
	"pxe/wire"
)

// The network of `pxe try`: addresses that are reserved for documentation
// (RFC 5737), so that they are nobody's when they appear in a capture.
var (
	tryServer = netip.MustParsePrefix("192.0.2.1/24")
	tryRange  = lease.Range{First: netip.MustParseAddr("192.0.2.100"), Last: netip.MustParseAddr("192.0.2.199")}
)

// tryServers are the servers of `pxe try`: one host that is DHCP, TFTP and HTTP
// server.
type tryServers struct {
	host   *wire.Host
	group  *errgroup.Group
	cancel context.CancelFunc
}

// startTryServers plugs the servers into the switch. They run until stop.
func startTryServers(ctx context.Context, s Streams, o tryOptions, sw *wire.Switch, tree *bootTree) (*tryServers, error) {
	host, err := wire.NewHost(sw.Port("server"), wire.HostConfig{Addrs: []netip.Prefix{tryServer}})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	group, ctx := errgroup.WithContext(ctx)
	servers := &tryServers{host, group, cancel}
	// Without a router's word iPXE waits thirteen seconds for one.
	router := sw.Port("router")
	group.Go(func() error { return wire.AnswerSolicitations(router) })
	context.AfterFunc(ctx, func() { router.Close() })
	log := newLogger(s, o.common)
	for _, start := range []func() error{
		func() error { return servers.dhcp(ctx, log, o) },
		func() error { return servers.tftp(ctx, log, tree.tftp) },
		func() error { return servers.http(ctx, log, tree.files) },
	} {
		if err := start(); err != nil {
			servers.stop()
			return nil, err
		}
	}
	return servers, nil
}

// stop ends the servers and takes their host off the network.
func (t *tryServers) stop() error {
	t.cancel()
	err := t.group.Wait()
	t.host.Close()
	return err
}

func (t *tryServers) dhcp(ctx context.Context, log *slog.Logger, o tryOptions) error {
	cfg := dhcp.Config{
		Servers: []netip.Addr{tryServer.Addr()},
		Subnets: []dhcp.Subnet{{
			Prefix: tryServer.Masked(), Ranges: []lease.Range{tryRange}, Router: tryServer.Addr(), LeaseTime: time.Hour,
		}},
		Boot: dhcp.Boot{
			FileFor: map[boot.Arch]string{o.firmware.arch(): o.bootfile}, IPXE: o.ipxe,
			HTTPURL: "http://" + tryServer.Addr().String() + "/",
		},
	}
	store, err := lease.Open("", cfg.Pools(), time.Now())
	if err != nil {
		return err
	}
	server, err := dhcp.New(cfg, store)
	if err != nil {
		return err
	}
	server.OnEvent = func(e dhcp.Event) {
		log.Debug("dhcp "+e.Kind.String(), "client", e.Machine.MAC.String(), "address", e.Addr, "file", e.File, "reason", e.Reason)
	}
	for port, serve := range map[uint16]func(context.Context, dhcp.Conn, netip.Addr) error{67: server.Serve, 4011: server.ServeBoot} {
		conn, err := t.host.ListenDHCP(port)
		if err != nil {
			return err
		}
		t.group.Go(func() error { return serve(ctx, wireConn{conn}, tryServer.Addr()) })
	}
	return nil
}

func (t *tryServers) tftp(ctx context.Context, log *slog.Logger, source tftp.Source) error {
	conn, err := t.host.ListenPacket(ctx, "udp", tryAddr(69))
	if err != nil {
		return err
	}
	server := &tftp.Server{
		Source:       source,
		ListenPacket: t.host.ListenPacket,
		MTU:          func(_, _ netip.Addr) int { return wire.MTU },
		OnEvent: func(e tftp.Event) {
			log.Debug("tftp "+e.Kind.String(), "client", e.Client, "file", e.File, "bytes", e.Bytes)
		},
	}
	t.group.Go(func() error {
		defer conn.Close()
		return server.Serve(ctx, conn)
	})
	return nil
}

func (t *tryServers) http(ctx context.Context, log *slog.Logger, tree fs.FS) error {
	l, err := t.host.Listen("tcp", tryAddr(80))
	if err != nil {
		return err
	}
	handler := share.HTTP(tree, func(e share.Event) {
		log.Debug("http", "client", e.Client, "path", e.Path, "status", e.Status, "bytes", e.Bytes)
	})
	t.group.Go(func() error { return share.Serve(ctx, l, handler) })
	return nil
}

func tryAddr(port uint16) string { return netip.AddrPortFrom(tryServer.Addr(), port).String() }
