package dhcp

import (
	"net/netip"
	"slices"
	"strings"
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
	reply.Options = make(Options, 0, usualOptions)
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
	file, params := x.boot(reply, x.network())
	reply.Options = append(reply.Options, x.wished(params)...)
	reply.Options = x.echoes(reply.Options)
	x.fit(reply)
	return file
}

// network is what the client is told about its network, by the subnet or by a
// rule. Mask and router go to everybody: EDK2 declines a lease without a mask,
// and the Raspberry Pi's ROM needs both and asks for neither.
func (x *exchange) network() []parameter {
	if x.subnet == nil {
		return nil
	}
	s := x.subnet
	params := append(make([]parameter, 0, usualOptions), parameter{addrOption(OptionSubnetMask, mask(s.Prefix)), always})
	if isSet(s.Router) {
		params = append(params, parameter{addrOption(OptionRouter, s.Router), always})
	}
	if len(s.DNS) > 0 {
		params = append(params, parameter{addrOption(OptionDNS, s.DNS...), usual})
	}
	if x.host != nil && x.host.Name != "" {
		params = append(params, parameter{textOption(OptionHostName, x.host.Name), usual})
	}
	if s.Domain != "" {
		params = append(params, parameter{textOption(OptionDomainName, s.Domain), usual})
	}
	if _, broadcast, ok := lease.Edges(s.Prefix); ok {
		params = append(params, parameter{addrOption(OptionBroadcast, broadcast), asked})
	}
	for _, o := range s.Options {
		params = append(params, parameter{o, x.needOf(o.Code)})
	}
	for _, o := range x.told.Options {
		i := slices.IndexFunc(params, func(p parameter) bool { return p.Code == o.Code })
		switch {
		case o.Code == OptionVendorSpecific && x.class() == ClassPXE: // goes with option 60: see boot
		case i >= 0:
			params[i].RawOption = o
		default:
			params = append(params, parameter{o, x.needOf(o.Code)})
		}
	}
	return params
}

// needOf says when an option of the configuration is sent. PXELINUX and iPXE
// read theirs from the packets that the ROM got, which did not ask for them.
func (x *exchange) needOf(code uint8) need {
	switch code {
	case OptionRouter:
		return always
	case OptionIPXE, OptionPXELINUXConfigFile, OptionPXELINUXPathPrefix, OptionPXELINUXRebootTimeout:
		if x.isBootClient() {
			return always
		}
	}
	return usual
}

func mask(p netip.Prefix) netip.Addr {
	n := ^uint32(0) << (32 - p.Bits())
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

// wished is the parameters that this client gets: first those of its option 55
// in that order, then the others.
func (x *exchange) wished(params []parameter) Options {
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
	if v := x.m.Options.Get(OptionClientID); len(v) > 0 && !x.has(QuirkStripClientID) {
		opts = append(opts, RawOption{OptionClientID, v})
	}
	if v := x.m.Options.Get(OptionRelayAgent); len(v) > 0 {
		opts = append(opts, RawOption{OptionRelayAgent, v})
	}
	return opts
}

// boot sets the header fields of the boot file, and returns the file and params
// with the options of it. Header and options say the same, since shim reads only
// the header and EDK2 and GRUB prefer the options. Nothing of it differs between
// an OFFER and its ACK.
func (x *exchange) boot(reply *Message, params []parameter) (string, []parameter) {
	x.chosen = x.choose()
	reply.SIAddr = x.nextServer()
	if x.has(QuirkBroadcast) {
		reply.Flags |= FlagBroadcast
	}
	if uuid := x.m.Options.Get(OptionClientUUID); len(uuid) > 0 {
		params = append(params, parameter{RawOption{OptionClientUUID, uuid}, always})
	}
	if !x.boots() {
		x.warnNoFile()
		return "", params
	}
	file := x.chosen.file
	reply.File = file
	if x.has(QuirkHeaderOnly) {
		return file, params
	}
	names := asked // U-Boot and plain clients read the header
	if class := x.class(); class != "" {
		names = always
		params = append(params, x.classOptions(class)...)
	}
	if file == "" {
		return "", params
	}
	return file, append(params,
		parameter{x.nameOption(OptionTFTPServerName, reply.SIAddr.String()), names},
		parameter{x.nameOption(OptionBootFileName, file), names})
}

// boots reports whether the client is told what to boot: a file, its disk, what
// an option 43 of the configuration says, or, if it is a Raspberry Pi's ROM, what
// it asks for anyway.
func (x *exchange) boots() bool {
	return x.chosen.file != "" || x.class() == ClassPXE && x.told.Options.Has(OptionVendorSpecific) || x.chosen.local || x.has(QuirkRaspberryPi)
}

// nameOption is a name for firmware.
func (x *exchange) nameOption(code uint8, name string) RawOption {
	if x.has(QuirkTrailingNUL) {
		return terminatedOption(code, name)
	}
	return textOption(code, name)
}

// classOptions are options 60 and 43 for a boot client of that class. Whoever
// gets the first must get the second with it: EDK2 takes 60 alone for the
// announcement of a boot service on port 4011, and asks there for the file that
// it already has.
func (x *exchange) classOptions(class string) []parameter {
	switch {
	case x.has(QuirkClassless):
		return nil
	case class == ClassHTTP:
		// GRUB compares the class as a C string in the packet: give it a NUL.
		return []parameter{{terminatedOption(OptionVendorClass, ClassHTTP), always}}
	}
	params := []parameter{{textOption(OptionVendorClass, ClassPXE), always}}
	own := x.told.Options.Get(OptionVendorSpecific)
	switch {
	case len(own) > 0:
		params = append(params, parameter{RawOption{OptionVendorSpecific, own}, always})
	case !x.has(QuirkBootService) || x.req.Boot:
		params = append(params, parameter{x.pxe().Option(), always})
	}
	return params
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

// pxe is option 43: the file of this reply is to be taken, without a menu; or
// the client's disk, by a menu with nothing else, which it does not show.
func (x *exchange) pxe() PXEOptions {
	opts := PXEOptions{PXEControl(ControlBootFile)}
	switch {
	case x.chosen.local:
		opts = PXEOptions{
			PXEControl(ControlNoBroadcast | ControlNoMulticast),
			PXEMenu(MenuItem{0, "Boot from the disk"}), MenuPrompt{0, "PXE"}.Option(),
		}
	case x.has(QuirkRaspberryPi):
		opts = append(opts, PXEMenu(MenuItem{0, "Raspberry Pi Boot"}), MenuPrompt{0, "PXE"}.Option())
	case x.has(QuirkMenuPrompt):
		opts = append(opts, MenuPrompt{0, "PXE"}.Option())
	}
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
	b := x.bootTable()
	switch {
	case x.machine.HasArch && !x.machine.Arch.Known():
		x.warn(Event{Kind: EventUnknownArch, Reason: x.machine.Arch.Title()})
	case len(x.chosen.misfits) > 0:
		x.warn(Event{Kind: EventNoFile, Reason: strings.Join(x.chosen.misfits, "; ")})
	case b.File != "" || len(b.FileFor) > 0 || b.IPXE != "" || len(x.s.cfg.Rules) > 0:
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
		for _, o := range slices.Backward(slices.Concat(x.told.Options, x.subnet.Options)) {
			if o.Code != OptionRouter && o.Code != OptionVendorSpecific {
				codes = append(codes, o.Code)
			}
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
