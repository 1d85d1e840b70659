package dhcp

import (
	"net/netip"
	"slices"
	"time"

	"pxe/boot"
	"pxe/dhcp/lease"
)

// newReply is a reply with what RFC 2131 table 3 copies from the request. The
// hops, secs and every address but giaddr start as zero.
func (x *exchange) newReply() *Message {
	return &Message{
		Op:     OpReply,
		HType:  x.m.HType,
		XID:    x.m.XID,
		Flags:  x.m.Flags,
		GIAddr: x.m.GIAddr,
		CHAddr: x.m.CHAddr,
	}
}

// need says when a parameter is sent.
type need uint8

const (
	always need = iota
	usual       // unless the client has a list of wishes without it
	asked       // only if the client's list names it
)

// parameter is an option that a reply may have.
type parameter struct {
	RawOption
	need need
}

// fill puts everything but the addresses into a reply: the type, the server,
// the times of a lease (ttl 0: no lease), the network, the boot file, and what
// has to be echoed. It returns the file.
//
// The order is that of the oldest clients' expectation: type, server, times,
// then what the client asked for in its order, then the rest, with the relay's
// option last.
func (x *exchange) fill(reply *Message, t MessageType, ttl time.Duration) (file string) {
	if t != TypeBOOTP {
		reply.Options = append(reply.Options, byteOption(OptionMessageType, byte(t)), addrOption(OptionServerID, x.serverID))
	}
	if ttl > 0 {
		seconds := uint32(ttl / time.Second)
		reply.Options = append(reply.Options,
			uint32Option(OptionLeaseTime, seconds),
			uint32Option(OptionRenewalTime, seconds/2),
			uint32Option(OptionRebindingTime, uint32(uint64(seconds)*7/8)))
	}
	params := x.network()
	file, more := x.boot(reply)
	params = append(params, more...)
	reply.Options = append(reply.Options, x.chosen(params)...)
	reply.Options = x.echoes(reply.Options)
	x.fit(reply)
	return file
}

// network is what the subnet's clients are told. Mask and router go to
// everybody: EDK2 declines a lease without a mask, and the Raspberry Pi's ROM
// needs both and asks for neither.
func (x *exchange) network() []parameter {
	if x.subnet == nil {
		return nil
	}
	s := x.subnet
	params := []parameter{{addrOption(OptionSubnetMask, mask(s.Prefix)), always}}
	if isSet(s.Router) {
		params = append(params, parameter{addrOption(OptionRouter, s.Router), always})
	}
	if len(s.DNS) > 0 {
		params = append(params, parameter{addrOption(OptionDNS, s.DNS...), usual})
	}
	if h := x.s.hosts[string(x.m.CHAddr)]; h.Name != "" {
		params = append(params, parameter{textOption(OptionHostName, h.Name), usual})
	}
	if s.Domain != "" {
		params = append(params, parameter{textOption(OptionDomainName, s.Domain), usual})
	}
	if _, broadcast, ok := lease.Edges(s.Prefix); ok {
		params = append(params, parameter{addrOption(OptionBroadcast, broadcast), asked})
	}
	for _, o := range s.Options {
		params = append(params, parameter{o, usual})
	}
	return params
}

func mask(p netip.Prefix) netip.Addr {
	n := ^uint32(0) << (32 - p.Bits())
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

// chosen is the parameters that this client gets: first those of its option 55
// in that order, then the others.
func (x *exchange) chosen(params []parameter) Options {
	list := x.m.Options.Get(OptionParameterList)
	opts := make(Options, 0, len(params))
	var sent [256]bool
	for _, code := range list {
		i := slices.IndexFunc(params, func(p parameter) bool { return p.Code == code })
		if i >= 0 && !sent[code] {
			opts = append(opts, params[i].RawOption)
			sent[code] = true
		}
	}
	for _, p := range params {
		if !sent[p.Code] && (p.need == always || p.need == usual && len(list) == 0) {
			opts = append(opts, p.RawOption)
		}
	}
	return opts
}

// echoes appends what comes back as it was sent: the client identifier (RFC
// 6842 3) and, last of all, the relay's option (RFC 3046 2.2).
func (x *exchange) echoes(opts Options) Options {
	for _, code := range []uint8{OptionClientID, OptionRelayAgent} {
		if v := x.m.Options.Get(code); len(v) > 0 {
			opts = append(opts, RawOption{code, v})
		}
	}
	return opts
}

// boot sets the header fields of the boot file and returns the options of it,
// and the file. Header and options say the same, since shim reads only the
// header and EDK2 and GRUB prefer the options. Nothing of it differs between an
// OFFER and its ACK.
func (x *exchange) boot(reply *Message) (file string, params []parameter) {
	b := x.bootOf()
	reply.SIAddr = x.s.cfg.nextServer(b)
	if uuid := x.m.Options.Get(OptionClientUUID); len(uuid) > 0 {
		params = append(params, parameter{RawOption{OptionClientUUID, uuid}, always})
	}
	file, ok := b.For(x.machine)
	if !ok {
		x.warnNoFile()
		return "", params
	}
	reply.File = file
	names := asked // U-Boot and plain clients read the header
	switch x.class() {
	case ClassPXE:
		names = always
		params = append(params,
			parameter{textOption(OptionVendorClass, ClassPXE), always},
			parameter{x.pxe().Option(), always})
	case ClassHTTP:
		names = always
		// GRUB compares the class as a C string in the packet: give it a NUL.
		params = append(params,
			parameter{terminatedOption(OptionVendorClass, ClassHTTP), always})
	}
	return file, append(params,
		parameter{terminatedOption(OptionTFTPServerName, reply.SIAddr.String()), names},
		parameter{terminatedOption(OptionBootFileName, file), names})
}

// bootOf is where this client finds what it boots.
func (x *exchange) bootOf() *Boot {
	if h := x.s.hosts[string(x.m.CHAddr)]; h.Boot != nil {
		return h.Boot
	}
	return &x.s.cfg.Boot
}

// class is the word of option 60 that a boot client has to get back; "" for
// every other client.
func (x *exchange) class() string {
	for _, class := range []string{ClassPXE, ClassHTTP} {
		if len(x.machine.VendorClass) >= len(class) && x.machine.VendorClass[:len(class)] == class {
			return class
		}
	}
	return ""
}

// pxe is option 43. Whoever gets option 60 back must get this with it: EDK2
// takes 60 alone for the announcement of a boot service on port 4011, and asks
// there for the file that it already has.
func (x *exchange) pxe() PXEOptions {
	opts := PXEOptions{PXEControl(ControlBootFile)}
	if item, ok := x.item(); ok {
		opts = append(opts, item.Option())
	}
	return opts
}

// warnNoFile tells of a boot client that gets no file, once a boot: at its
// DISCOVER.
func (x *exchange) warnNoFile() {
	if x.m.Type() != TypeDiscover || x.class() == "" {
		return
	}
	b := x.bootOf()
	switch {
	case x.machine.HasArch && !x.machine.Arch.Known():
		x.warn(Event{Kind: EventUnknownArch, Reason: x.machine.Arch.Title()})
	case b.File != "" || len(b.FileFor) > 0 || b.IPXE != "":
		x.warn(Event{Kind: EventNoFile, Reason: "no boot file for " + noFileFor(x.machine)})
	}
}

func noFileFor(m boot.Machine) string {
	if m.HasArch {
		return m.Arch.String()
	}
	return boot.ArchBIOS.String()
}

// The limits of a reply's size, in bytes of UDP payload.
const (
	sizeHeaders = 28   // of IP and UDP, which option 57 counts
	sizeAny     = 576  // with headers, what every client takes (RFC 2131 2)
	sizeMost    = 1472 // EDK2 drops anything larger, whatever its option 57 says
	sizeBOOTP   = 300  // RFC 951
)

// sizeLimit is the largest reply that the client takes.
func (x *exchange) sizeLimit() int {
	if x.m.Type() == TypeBOOTP {
		return sizeBOOTP
	}
	size, _ := x.m.Options.Uint16(OptionMaxMessageSize)
	return min(max(int(size), sizeAny)-sizeHeaders, sizeMost)
}

// fit takes options out of a reply that is too large for the client, the least
// needed first: parameters of the network, then what only repeats the header
// or the request. The message type, server, times, mask and router stay, and
// fit every client.
func (x *exchange) fit(reply *Message) {
	limit := x.sizeLimit()
	if reply.size() <= limit {
		return
	}
	var codes []uint8
	if x.subnet != nil {
		for _, o := range slices.Backward(x.subnet.Options) {
			codes = append(codes, o.Code)
		}
	}
	codes = append(codes,
		OptionBroadcast, OptionDomainName, OptionHostName, OptionDNS, OptionTFTPServerName, OptionClientID,
		OptionClientUUID, OptionBootFileName, OptionMessage, OptionVendorSpecific, OptionVendorClass, OptionRelayAgent)
	for _, code := range codes {
		reply.Options = slices.DeleteFunc(reply.Options, func(o RawOption) bool { return o.Code == code })
		if reply.size() <= limit {
			return
		}
	}
}
