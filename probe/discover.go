package probe

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"pxe/dhcp"
	"pxe/fault"
)

// dhcp gets an address and boot data: DISCOVER, selection, REQUEST, ACK.
func (r *runner) dhcp(ctx context.Context) (selection, error) {
	r.enter(StageDHCP)
	conn, err := r.cfg.Network.ListenDHCP(dhcp.ClientPort)
	if err != nil {
		return selection{}, err
	}
	x := newExchange(ctx, conn, r.id)
	defer x.close()
	s, secs, err := r.discover(ctx, x)
	if err != nil {
		return selection{}, err
	}
	r.offer = s.offer
	if s.offer.Class == ClassBOOTP { // two packets, not four
		r.ack = s.offer.reply
	} else if err := r.request(ctx, x, s.offer, secs); err != nil {
		return selection{}, err
	}
	return s, r.configure(s.offer)
}

// discover sends DISCOVERs and collects offers until the firmware would select
// one. secs is that field of the last DISCOVER, which the REQUEST repeats.
func (r *runner) discover(ctx context.Context, x *exchange) (s selection, secs uint16, err error) {
	begin := time.Now()
	giveUp := begin.Add(r.patience(sum(r.p.discover.waits)))
	ok := false
	for i, wait := range r.p.discover.waits {
		secs = r.p.discover.secsOf(i, time.Since(begin))
		if err := r.sendDiscover(x, secs); err != nil {
			return s, secs, err
		}
		known := r.answering()
		end := earlier(time.Now().Add(wait), giveUp)
		if s, ok, err = r.collect(ctx, x, end); err != nil {
			return s, secs, err
		}
		if ok && !r.awaitsProxy(s, i+1) || !time.Now().Before(giveUp) {
			break
		}
		// The same servers as before say the same as before. The firmware asks
		// on, and there is nothing more to learn from it.
		if !ok && known > 0 && r.answering() == known && !r.cfg.Faithful {
			break
		}
	}
	explain(r.p.rules, r.rep.Offers, s, ok)
	r.reportOffers()
	if !ok {
		return s, secs, r.noOffer()
	}
	return s, secs, nil
}

func (r *runner) sendDiscover(x *exchange, secs uint16) error {
	start := r.now()
	msg := r.p.message(r.p.discover, r.id, query{typ: dhcp.TypeDiscover, xid: x.xid, secs: secs})
	if err := x.send(msg, broadcast()); err != nil {
		return err
	}
	r.step(start, Step{Asked: fmt.Sprintf("DISCOVER by broadcast, %d bytes", len(msg)), Outcome: OutcomeOK})
	return nil
}

// awaitsProxy reports whether the firmware goes on after so many waits although
// it could take s: a plain DHCP offer in hand, a ROM waits a second time for a
// proxy. Only a faithful probe has the time.
func (r *runner) awaitsProxy(s selection, waits int) bool {
	return r.cfg.Faithful && s.offer.Class == ClassDHCPOnly && len(s.proxies) == 0 && waits < r.p.proxyWaits
}

// collect takes offers until end, or until an offer that cannot lose has come
// and the others have had time to show themselves.
func (r *runner) collect(ctx context.Context, x *exchange, end time.Time) (s selection, ok bool, err error) {
	deadline := end
	for {
		start := r.now()
		reply, from, err := x.receive(ctx, deadline)
		if errors.Is(err, errSilent) {
			s, ok = choose(r.p.rules, r.rep.Offers)
			return s, ok, nil
		}
		if err != nil {
			return s, false, err
		}
		if t := reply.Type(); t != dhcp.TypeOffer && t != dhcp.TypeBOOTP || len(r.rep.Offers) >= offersShown {
			continue
		}
		o := r.p.newOffer(reply, from, r.usableOffers())
		o.Time = r.now()
		r.rep.Offers = append(r.rep.Offers, o)
		r.offerStep(start, o)
		if s, ok := choose(r.p.rules, r.rep.Offers); ok && s.final() && !r.cfg.Faithful {
			deadline = earlier(time.Now().Add(r.cfg.Settle), end)
		}
	}
}

// offersShown bounds what a flood of offers can take up.
const offersShown = 64

// answering counts the servers that have answered, in each class that they have.
func (r *runner) answering() int {
	type answer struct {
		server netip.Addr
		class  Class
	}
	seen := map[answer]bool{}
	for _, o := range r.rep.Offers {
		seen[answer{o.Server, o.Class}] = true
	}
	return len(seen)
}

func (r *runner) usableOffers() (n int) {
	for _, o := range r.rep.Offers {
		if o.Class.usable() {
			n++
		}
	}
	return n
}

func (r *runner) offerStep(start time.Duration, o *Offer) {
	step := Step{Answer: o.String(), Outcome: OutcomeOK, Options: o.Options}
	if !o.Class.usable() {
		step.Answer += ", dropped: " + o.Reason
		step.Outcome = OutcomeFailed
	}
	r.step(start, step)
}

// String says what an offer brings: address, server, class, file.
func (o *Offer) String() string {
	what := "OFFER of " + o.Address.String()
	if !isSet(o.Address) {
		what = "OFFER without an address"
	}
	if o.Class == ClassBOOTP {
		what = "BOOTP reply with " + o.Address.String()
	}
	what = fmt.Sprintf("%s from %v, %s", what, o.Server, o.Class)
	name := o.File
	if name == "" {
		name = o.Option67
	}
	if name == "" {
		return what + ", no boot file"
	}
	what += fmt.Sprintf(", file %q", name)
	if isSet(o.NextServer) && o.NextServer != o.Server {
		what += " on " + o.NextServer.String()
	}
	return what
}

// reportOffers says what the offers show beside the selection.
func (r *runner) reportOffers() {
	var servers []string // that give addresses
	for _, o := range r.rep.Offers {
		if o.Class.usable() && !o.Class.proxy() && !slices.Contains(servers, o.Server.String()) {
			servers = append(servers, o.Server.String())
		}
		if o.Class.usable() && o.Taken {
			r.info("%s", o.Reason)
		}
		r.warnAboutOffer(o)
	}
	if len(servers) > 1 {
		r.warn(fault.SecondDHCPServer, "%d DHCP servers answer (%s): which one a machine takes may change from boot to boot", len(servers), strings.Join(servers, ", "))
	}
}

// warnAboutOffer names what is odd in an offer whether or not it was taken.
func (r *runner) warnAboutOffer(o *Offer) {
	if !o.Class.usable() {
		r.warn(o.fault, "offer of %v dropped: %s", o.Server, o.Reason)
		return
	}
	if len(o.reply.Defects) > 0 {
		r.warn(fault.OfferMalformed, "the offer of %v is malformed, and UEFI firmware would drop it: %s", o.Server, joinDefects(o.reply.Defects))
	}
	switch {
	case o.File != "" && o.Option67 != "" && o.File != o.Option67:
		r.warn("", "the offer of %v names %q in its header and %q in option 67: which one is read depends on the firmware", o.Server, o.File, o.Option67)
	case o.File == "" && o.Option67 != "":
		r.warn(fault.BootFileNotInHeader, "the offer of %v names the boot file in option 67 alone: shim reads only the header and will look in the root folder", o.Server)
	}
	if o.hasFile() && !isSet(o.NextServer) && o.reply.Options.Has(dhcp.OptionTFTPServerName) {
		r.warn(fault.NextServerMissing, "the offer of %v has option 66 and no next-server (siaddr): PXE firmware does not read option 66", o.Server)
	}
}

// noOffer is the halt when nothing that came could be taken.
func (r *runner) noOffer() error {
	offers := r.rep.Offers
	first := func(match func(*Offer) bool) *Offer {
		if i := slices.IndexFunc(offers, match); i >= 0 {
			return offers[i]
		}
		return nil
	}
	if len(offers) == 0 {
		return stop(fault.NoOffer, "nobody answered DISCOVER within %v", r.now().Round(time.Second/10))
	}
	if o := first(func(o *Offer) bool { return o.Class.usable() && !o.Class.proxy() }); o != nil {
		return stop(fault.NoBootFile, "%v offers an address and names no boot file", o.Server)
	}
	if o := first(func(o *Offer) bool { return o.Class.proxy() }); o != nil {
		return stop(fault.ProxyWithoutDHCP, "%v offers boot data, and no DHCP server offers an address beside it", o.Server)
	}
	return stop(offers[0].fault, "the offer of %v is no use: %s", offers[0].Server, offers[0].Reason)
}

func sum(ds []time.Duration) (total time.Duration) {
	for _, d := range ds {
		total += d
	}
	return total
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
