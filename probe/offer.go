package probe

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"pxe/dhcp"
	"pxe/fault"
)

// Class is what an answer to DISCOVER is to PXE firmware. The names are those
// of EDK2 (PxeBcDhcp4.c), whose ROM ancestors sort in the same way.
type Class string

// The classes. A proxy offer brings boot data and no address.
const (
	ClassDropped    Class = "dropped"     // not looked at any further
	ClassBOOTP      Class = "bootp"       // no option 53
	ClassDHCPOnly   Class = "dhcp-only"   // an address, and no word for PXE clients
	ClassDHCPPXE10  Class = "dhcp-pxe10"  // an address, option 60 and discovery tags in 43
	ClassDHCPBINL   Class = "dhcp-binl"   // an address and option 60: more on port 4011
	ClassProxyPXE10 Class = "proxy-pxe10" // option 60 and discovery tags
	ClassProxyBINL  Class = "proxy-binl"  // option 60: more on port 4011
	ClassMTFTP      Class = "mtftp"       // multicast TFTP tags alone: rejected
)

// proxy reports whether offers of the class give no address.
func (c Class) proxy() bool { return c == ClassProxyPXE10 || c == ClassProxyBINL }

// usable reports whether the firmware keeps offers of the class at all.
func (c Class) usable() bool { return c != ClassDropped && c != ClassMTFTP }

// Offer is one answer to DISCOVER and what the firmware made of it.
type Offer struct {
	Time   time.Duration // since the start of the run
	Server netip.Addr    // option 54, else the sender
	From   netip.Addr    // the sender
	Class  Class
	Taken  bool   // for the address or, if Class is a proxy's, for its boot data
	Reason string // why it was taken, passed over or dropped

	Address    netip.Addr // yiaddr
	NextServer netip.Addr // siaddr
	File       string     // the header's
	Option67   string
	Options    []dhcp.OptionText

	reply *dhcp.Reply
	fault string // ID of what is wrong with a dropped one
}

// hasFile reports whether the offer names a boot file in either place.
func (o *Offer) hasFile() bool { return hasFile(o.reply) }

func hasFile(r *dhcp.Reply) bool {
	return r.File != "" || r.Text(dhcp.OptionBootFileName) != ""
}

// newOffer classifies an answer. n is how many were kept before it.
func (p Profile) newOffer(r *dhcp.Reply, from netip.Addr, n int) *Offer {
	o := &Offer{
		From: from, Server: r.Addr(dhcp.OptionServerID),
		Address: r.YIAddr, NextServer: r.SIAddr,
		File: r.File, Option67: r.Text(dhcp.OptionBootFileName),
		Options: dhcp.Describe(r.Options),
		reply:   r,
	}
	if !isSet(o.Server) {
		o.Server = from
	}
	o.Class, o.fault, o.Reason = p.classify(r)
	if o.Class.usable() && n >= p.maxOffers {
		o.Class, o.fault = ClassDropped, fault.OfferUnusable
		o.Reason = fmt.Sprintf("the firmware keeps no more than %d offers", p.maxOffers)
	}
	return o
}

// classify is the class of an answer and, for one that the firmware does not
// use, the fault and the reason.
func (p Profile) classify(r *dhcp.Reply) (class Class, id, reason string) {
	switch {
	case p.maxReply > 0 && len(r.Raw) > p.maxReply:
		return ClassDropped, fault.OfferTooBig, fmt.Sprintf("it has %d bytes, and the firmware drops replies over %d", len(r.Raw), p.maxReply)
	case p.strict && len(r.Defects) > 0:
		return ClassDropped, fault.OfferMalformed, joinDefects(r.Defects) + "; the firmware drops the whole packet in silence"
	case r.Type() == dhcp.TypeBOOTP && r.Options.Has(dhcp.OptionMessageType):
		return ClassDropped, fault.OfferMalformed, "option 53 cannot be read"
	case r.Type() == dhcp.TypeBOOTP && !hasFile(r):
		return ClassDropped, fault.OfferUnusable, "it is a BOOTP reply without a boot file"
	case r.Type() == dhcp.TypeBOOTP:
		return ClassBOOTP, "", ""
	case !isSet(r.Addr(dhcp.OptionServerID)):
		return ClassDropped, fault.OfferWithoutServerID, "it has no server identifier (option 54), so there is nobody to send a REQUEST to"
	}
	class, reason = classifyPXE(r)
	if !class.usable() {
		id = fault.OfferUnusable
	}
	return class, id, reason
}

// classifyPXE sorts OFFERs and the answers of boot servers, which are no OFFERs
// but have the same tags. Option 43 counts beside option 60 alone.
func classifyPXE(r *dhcp.Reply) (Class, string) {
	proxy := !isSet(r.YIAddr)
	if !strings.HasPrefix(string(r.Options.Get(dhcp.OptionVendorClass)), dhcp.ClassPXE) {
		if proxy {
			return ClassDropped, "it has neither an address nor option 60"
		}
		return ClassDHCPOnly, ""
	}
	tags := r.PXE()
	switch {
	case tags.BootTags() && proxy:
		return ClassProxyPXE10, ""
	case tags.BootTags():
		return ClassDHCPPXE10, ""
	case tags.MTFTP():
		return ClassMTFTP, "option 43 has the tags of multicast TFTP alone, which the firmware does not support"
	case proxy:
		return ClassProxyBINL, ""
	}
	return ClassDHCPBINL, ""
}

func joinDefects(defects []dhcp.Defect) string {
	texts := make([]string, len(defects))
	for i, d := range defects {
		texts[i] = d.String()
	}
	return strings.Join(texts, "; ")
}
