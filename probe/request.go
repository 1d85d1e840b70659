package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"

	"pxe/dhcp"
	"pxe/fault"
)

// request asks for the selected address, and takes the ACK as the firmware
// does: from the same server, for the same address.
func (r *runner) request(ctx context.Context, x *exchange, o *Offer, secs uint16) error {
	msg := r.p.message(r.p.request, r.id, query{
		typ: dhcp.TypeRequest, xid: x.xid, secs: secs, address: o.Address, server: o.Server,
	})
	giveUp := time.Now().Add(r.patience(sum(r.p.request.waits)))
	for _, wait := range r.p.request.waits {
		start := r.now()
		if err := x.send(msg, broadcast()); err != nil {
			return err
		}
		r.step(start, Step{Asked: fmt.Sprintf("REQUEST of %v from %v, %d bytes", o.Address, o.Server, len(msg)), Outcome: OutcomeOK})
		ack, err := r.awaitACK(ctx, x, o, earlier(time.Now().Add(wait), giveUp))
		if errors.Is(err, errSilent) && time.Now().Before(giveUp) {
			continue
		}
		if errors.Is(err, errSilent) {
			break
		}
		r.ack = ack
		return err
	}
	return stop(fault.RequestUnanswered, "%v offered %v and did not answer the REQUEST for it", o.Server, o.Address)
}

// awaitACK waits for the answer to a REQUEST. Answers of other servers and
// those that the firmware drops do not count.
func (r *runner) awaitACK(ctx context.Context, x *exchange, o *Offer, deadline time.Time) (*dhcp.Reply, error) {
	for {
		start := r.now()
		reply, _, err := x.receive(ctx, deadline)
		if err != nil {
			return nil, err
		}
		typ := reply.Type()
		if typ != dhcp.TypeAck && typ != dhcp.TypeNak || reply.Addr(dhcp.OptionServerID) != o.Server {
			continue
		}
		step := Step{
			Answer:  fmt.Sprintf("%v from %v", typ, o.Server),
			Outcome: OutcomeOK, Options: dhcp.Describe(reply.Options),
		}
		if r.p.strict && len(reply.Defects) > 0 {
			step.Answer += ", dropped: " + joinDefects(reply.Defects)
			step.Outcome = OutcomeFailed
			r.step(start, step)
			continue
		}
		switch {
		case typ == dhcp.TypeNak:
			step.Outcome = OutcomeFailed
			r.step(start, step)
			return nil, stop(fault.Nak, "%v refuses %v, which it offered before%s", o.Server, o.Address, quoted(reply.Text(dhcp.OptionMessage)))
		case reply.YIAddr != o.Address:
			step.Outcome = OutcomeFailed
			r.step(start, step)
			return nil, stop(fault.ACKDiffers, "%v offered %v and acknowledged %v", o.Server, o.Address, reply.YIAddr)
		}
		r.step(start, step)
		r.compare(o, reply)
		return reply, nil
	}
}

// compare warns when the ACK brings other boot data than the offer: which of
// the two counts differs from firmware to firmware.
func (r *runner) compare(o *Offer, ack *dhcp.Reply) {
	for _, f := range []struct{ what, offered, acked string }{
		{"next server", o.NextServer.String(), ack.SIAddr.String()},
		{"boot file", o.File, ack.File},
		{"option 67", o.Option67, ack.Text(dhcp.OptionBootFileName)},
	} {
		if f.offered != f.acked {
			r.warn("", "%v changes its mind: %s %q in the OFFER, %q in the ACK", o.Server, f.what, f.offered, f.acked)
		}
	}
}

// configure gives the address of the ACK to the network.
func (r *runner) configure(o *Offer) error {
	mask := r.ack.Addr(dhcp.OptionSubnetMask)
	if r.p.maskInOffer {
		mask = o.reply.Addr(dhcp.OptionSubnetMask)
	}
	if !isSet(mask) && r.p.maskInOffer {
		return stop(fault.OfferWithoutMask, "the offer of %v has no subnet mask (option 1)", o.Server)
	}
	prefix := prefixOf(o.Address, mask)
	if !isSet(mask) {
		r.warn(fault.OfferWithoutMask, "%v gives no subnet mask (option 1); %v is assumed", o.Server, prefix)
	}
	lease := &Lease{Address: prefix, Server: o.Server}
	if gw := r.ack.Addr(dhcp.OptionRouter); isSet(gw) {
		lease.Gateway = gw
	}
	if n, ok := r.ack.Options.Uint32(dhcp.OptionLeaseTime); ok {
		lease.Duration = time.Duration(n) * time.Second
	}
	r.rep.Lease = lease
	if err := r.cfg.Network.Configure(lease.Address, lease.Gateway); err != nil {
		return fmt.Errorf("take the address %v: %w", lease.Address, err)
	}
	r.info("address %v, gateway %s", lease.Address, addrText(lease.Gateway))
	return nil
}

// prefixOf joins address and mask; without a usable mask it is the address's
// class of old (RFC 791), as clients assumed before option 1.
func prefixOf(addr, mask netip.Addr) netip.Prefix {
	if isSet(mask) {
		if ones, bits := net.IPMask(mask.AsSlice()).Size(); bits != 0 {
			return netip.PrefixFrom(addr, ones)
		}
	}
	switch first := addr.As4()[0]; {
	case first < 128:
		return netip.PrefixFrom(addr, 8)
	case first < 192:
		return netip.PrefixFrom(addr, 16)
	}
	return netip.PrefixFrom(addr, 24)
}

// release gives the lease back and takes the address off the network. It is
// one datagram that nobody answers, so trying is all that there is.
func (r *runner) release(ctx context.Context) {
	lease := r.rep.Lease
	if lease == nil {
		return
	}
	if !r.cfg.KeepLease && lease.Duration != 0 {
		lease.Released = r.sendRelease(context.WithoutCancel(ctx), lease) == nil
	}
	// A network that cannot forget the address is about to be closed anyway.
	_ = r.cfg.Network.Configure(netip.Prefix{}, netip.Addr{})
}

func (r *runner) sendRelease(ctx context.Context, lease *Lease) error {
	addr := lease.Address.Addr()
	conn, err := r.cfg.Network.ListenPacket(ctx, "udp4", netip.AddrPortFrom(addr, dhcp.ClientPort).String())
	if err != nil {
		return err
	}
	defer conn.Close()
	to := netip.AddrPortFrom(lease.Server, dhcp.ServerPort)
	if _, err := conn.WriteTo(release(r.id, newXID(), addr, lease.Server), net.UDPAddrFromAddrPort(to)); err != nil {
		return err
	}
	if lease.Server == r.fileServer {
		return nil
	}
	return sleep(ctx, arpTime)
}

// arpTime is how long a network gets to find the hardware address of a server
// that was never sent anything but broadcasts, before the address goes.
const arpTime = 100 * time.Millisecond

func addrText(a netip.Addr) string {
	if !isSet(a) {
		return "none"
	}
	return a.String()
}

// quoted is ": " and the text as a server sent it, "" for none.
func quoted(s string) string {
	if s == "" {
		return ""
	}
	return ": " + strconv.Quote(s)
}
