package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"pxe/dhcp"
	"pxe/fault"
)

// bootServer finds the packet that the boot file is read from: the ACK, a proxy
// offer, or the answer of a boot server on port 4011.
func (r *runner) bootServer(ctx context.Context, s selection) (*dhcp.Reply, error) {
	src, err := r.bootData(ctx, s)
	if err != nil {
		return nil, err
	}
	if src != r.ack {
		r.pxe = src
	}
	p, err := planMenu(discoveryTags(src), hasFile(src))
	if err != nil || p.discover {
		r.enter(StageBootServer)
	}
	if err != nil {
		return nil, err
	}
	if p.discover {
		if src, err = r.followMenu(ctx, p); err != nil {
			return nil, err
		}
		r.pxe = src
	}
	if r.stage.Name != StageBootServer {
		r.skip(StatusNotNeeded, "not needed: the offer says all", StageBootServer)
	}
	return src, nil
}

// bootData is the packet with the boot data. Offers with option 60 and no
// discovery tags send the firmware to port 4011 for it.
func (r *runner) bootData(ctx context.Context, s selection) (*dhcp.Reply, error) {
	src, offers := r.ack, s.proxies
	if len(offers) > 0 {
		src = offers[0].reply
	} else {
		offers = []*Offer{s.offer}
	}
	if c := offers[0].Class; c != ClassDHCPBINL && c != ClassProxyBINL || !r.asks(offers[0]) {
		return src, nil
	}
	r.enter(StageBootServer)
	return r.askInTurn(ctx, offers)
}

// asks reports whether the firmware goes to port 4011 with an offer that has
// option 60 alone. EDK2 always does, ROMs only when it names no file.
func (r *runner) asks(o *Offer) bool { return r.p.askWithFile || !o.hasFile() }

// discoveryTags is option 43 of a packet that has PXE discovery tags.
func discoveryTags(reply *dhcp.Reply) dhcp.PXEOptions {
	if class, _ := classifyPXE(reply); class == ClassDHCPPXE10 || class == ClassProxyPXE10 {
		return reply.PXE()
	}
	return nil
}

// askInTurn asks the server of each offer for boot data, until one answers with
// any: a file, or a menu.
func (r *runner) askInTurn(ctx context.Context, offers []*Offer) (*dhcp.Reply, error) {
	var why error
	for _, o := range offers {
		server := o.NextServer
		if !isSet(server) {
			server = o.Server
		}
		reply, err := r.ask(ctx, plan{to: []netip.AddrPort{netip.AddrPortFrom(server, dhcp.BootPort)}})
		switch {
		case errors.Is(err, errSilent):
			why = stop(fault.BootServerSilent, "the offer of %v has option 60 and no boot data in option 43, and %v does not answer on port %d",
				o.Server, server, dhcp.BootPort)
		case err != nil:
			return nil, err
		case !hasFile(reply) && discoveryTags(reply) == nil:
			why = stop(fault.BootServerNoFile, "the answer of %v on port %d names no boot file", server, dhcp.BootPort)
		default:
			return reply, nil
		}
	}
	return nil, why
}

// followMenu asks for the item of a boot menu.
func (r *runner) followMenu(ctx context.Context, p plan) (*dhcp.Reply, error) {
	r.info("%v", p)
	switch {
	case p.waits == 255:
		r.warn(fault.ConfigWaits, "the boot menu waits for a key before it takes %q", p.prompt)
	case p.waits > 0:
		r.info("the prompt stands for %d s", p.waits)
		if r.cfg.Faithful {
			if err := sleep(ctx, time.Duration(p.waits)*time.Second); err != nil {
				return nil, err
			}
		}
	}
	reply, err := r.ask(ctx, p)
	if errors.Is(err, errSilent) {
		return nil, stop(fault.BootServerNotFound, "no boot server of type %d answers at %v", p.item.Type, p.to[0])
	}
	return reply, err
}

// ask sends a boot server request as the firmware does, to one target after the
// other, and returns the first answer that counts; errSilent when none comes.
func (r *runner) ask(ctx context.Context, p plan) (*dhcp.Reply, error) {
	conn, err := r.listenForBootServer(ctx, p)
	if err != nil {
		return nil, err
	}
	x := newExchange(ctx, conn, r.id)
	defer x.close()
	for _, to := range p.to {
		reply, err := r.askOne(ctx, x, p, to)
		if !errors.Is(err, errSilent) {
			return reply, err
		}
	}
	return nil, errSilent
}

// listenForBootServer opens the port that requests come from. A broadcast goes
// out as a client's DHCP messages do, from port 68.
func (r *runner) listenForBootServer(ctx context.Context, p plan) (net.PacketConn, error) {
	if p.to[0] == broadcast() {
		return r.cfg.Network.ListenDHCP(dhcp.ClientPort)
	}
	local := netip.AddrPortFrom(r.rep.Lease.Address.Addr(), r.p.bootPort)
	return r.cfg.Network.ListenPacket(ctx, "udp4", local.String())
}

func (r *runner) askOne(ctx context.Context, x *exchange, p plan, to netip.AddrPort) (*dhcp.Reply, error) {
	a := r.p.bootServer
	if to == broadcast() {
		a.flags = dhcp.FlagBroadcast
	}
	q := query{typ: dhcp.TypeRequest, xid: x.xid, client: r.rep.Lease.Address.Addr()}
	if p.discover {
		q.item = &p.item
	}
	begin := time.Now()
	giveUp := begin.Add(r.patience(sum(a.waits)))
	for i, wait := range a.waits {
		start := r.now()
		q.secs = a.secsOf(i, time.Since(begin))
		msg := r.p.message(a, r.id, q)
		err := x.send(msg, to)
		if errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH) {
			return nil, stop(fault.ServerUnreachable, "the boot server %v is on another network, and the gateway is %s", to.Addr(), addrText(r.rep.Lease.Gateway))
		}
		if err != nil {
			return nil, err
		}
		reply, err := r.awaitBootServer(ctx, x, p, earlier(time.Now().Add(wait), giveUp))
		step := Step{Asked: fmt.Sprintf("boot server request to %v, %d bytes", to, len(msg)), Outcome: OutcomeFailed, Answer: "no answer"}
		if err == nil {
			step.Outcome, step.Options = OutcomeOK, dhcp.Describe(reply.Options)
			step.Answer = fmt.Sprintf("%v from %v, file %q", reply.Type(), reply.Addr(dhcp.OptionServerID), fileOf(reply))
		}
		if err == nil || errors.Is(err, errSilent) {
			r.step(start, step)
		}
		if !errors.Is(err, errSilent) {
			return reply, err
		}
		if !time.Now().Before(giveUp) {
			break
		}
	}
	return nil, errSilent
}

func (r *runner) awaitBootServer(ctx context.Context, x *exchange, p plan, deadline time.Time) (*dhcp.Reply, error) {
	for {
		reply, from, err := x.receive(ctx, deadline)
		if err != nil {
			return nil, err
		}
		server := reply.SIAddr
		if !isSet(server) {
			server = from
		}
		if r.p.strict && len(reply.Defects) > 0 || !p.accepts(server) {
			continue
		}
		return reply, nil
	}
}

// fileOf is the boot file that a packet names in either place.
func fileOf(r *dhcp.Reply) string {
	if r.File != "" {
		return r.File
	}
	return r.Text(dhcp.OptionBootFileName)
}

// sleep waits, or ends with ctx.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
