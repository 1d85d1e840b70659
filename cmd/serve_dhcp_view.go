package cmd

import (
	"cmp"
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"time"

	"pxe/boot"
	"pxe/dhcp"
	"pxe/dhcp/lease"
)

// dhcpView shows what a DHCP server does.
type dhcpView struct {
	serverView
	limit *eventLimit[dhcp.EventKind]
}

func newDHCPView(s Streams, c common) dhcpView {
	v := dhcpView{serverView: newServerView(s, c)}
	v.limit = newEventLimit(most, v.leftOut)
	return v
}

// dhcpListeningJSON is the first line of the server: now it can be asked.
type dhcpListeningJSON struct {
	Event        string            `json:"event"` // "listening"
	Interface    string            `json:"interface"`
	Server       netip.Addr        `json:"server"`
	Port         uint16            `json:"port"`
	BootPort     uint16            `json:"boot_port"` // 0: not served
	Proxy        bool              `json:"proxy"`
	Subnet       string            `json:"subnet,omitempty"`
	Subnets      []string          `json:"subnets,omitempty"` // all of the wire
	Ranges       []string          `json:"ranges,omitempty"`
	Addresses    int               `json:"addresses"`
	Router       *netip.Addr       `json:"router,omitempty"`
	LeaseSeconds int               `json:"lease_seconds,omitempty"`
	LeaseFile    string            `json:"lease_file,omitempty"`
	NextServer   netip.Addr        `json:"next_server"`
	BootFiles    map[string]string `json:"boot_files"` // by architecture, and "ipxe"
	Hosts        int               `json:"hosts,omitempty"`
	Rules        int               `json:"rules,omitempty"`
}

// listening tells what will be served: a line for each interface, and one for
// the subnets behind relays.
func (v dhcpView) listening(d *dhcpServer) {
	var words []string
	files := make(map[string]string)
	for _, f := range bootFiles(d.cfg.Boot) {
		files[f.who] = f.name
		words = append(words, f.who+"="+f.name)
	}
	near := make(map[int]bool)
	for _, w := range d.wires {
		line := dhcpListeningJSON{
			Event: "listening", Interface: w.name, Server: w.addr, Port: w.main.LocalAddr().Port(), BootPort: d.o.bootPort,
			Proxy: d.cfg.Proxy, NextServer: cmp.Or(d.cfg.Boot.NextServer, w.addr), BootFiles: files, Rules: len(d.cfg.Rules), Hosts: len(d.cfg.Hosts),
		}
		for _, i := range d.subnetsOf(w) {
			near[i] = true
			d.addSubnet(&line, i)
		}
		v.introduce(line)
		if err := w.main.RawError(); err != nil {
			v.log.Warn("machines without an address are answered by broadcast", "interface", w.name, "because", err)
		}
	}
	relayed := dhcpListeningJSON{Event: "relayed"}
	for i := range d.cfg.Subnets {
		if !near[i] {
			d.addSubnet(&relayed, i)
		}
	}
	if relayed.Subnet != "" {
		v.introduceRelayed(relayed)
	}
	if v.json == nil {
		v.log.Info("machines boot from "+nextText(d.cfg.Boot.NextServer), "files", strings.Join(words, " "), "hosts", len(d.cfg.Hosts), "rules", len(d.cfg.Rules))
	}
}

func nextText(next netip.Addr) string {
	if next.IsValid() {
		return next.String()
	}
	return "this machine"
}

// subnetsOf are the subnets of the wire behind an interface.
func (d *dhcpServer) subnetsOf(w *dhcpWire) []int {
	var list []int
	for i, s := range d.cfg.Subnets {
		if s.Prefix.Contains(w.addr) || slices.ContainsFunc(d.cfg.Subnets, func(other dhcp.Subnet) bool {
			return other.Network != "" && other.Network == s.Network && other.Prefix.Contains(w.addr)
		}) {
			list = append(list, i)
		}
	}
	return list
}

// addSubnet tells of a subnet in a line: its own fields are those of the first.
func (d *dhcpServer) addSubnet(line *dhcpListeningJSON, i int) {
	s := d.cfg.Subnets[i]
	line.Ranges = append(line.Ranges, rangeTexts(s.Ranges)...)
	line.Addresses += d.leases.Pool(i).Size()
	line.LeaseFile = d.o.leaseFile
	if prefix := s.Prefix.String(); !slices.Contains(line.Subnets, prefix) {
		line.Subnets = append(line.Subnets, prefix)
	}
	if line.Subnet == "" {
		normal, _ := s.LeaseTimes()
		line.Subnet, line.Router, line.LeaseSeconds = s.Prefix.String(), addrOrNil(s.Router), int(normal.Seconds())
	}
}

// introduce tells of an interface.
func (v dhcpView) introduce(l dhcpListeningJSON) {
	switch {
	case v.json != nil:
		v.write(l)
	case l.Proxy:
		v.log.Info("serving as a proxy: another server gives the addresses", "interface", l.Interface, "server", l.Server)
	case l.Subnet == "":
		v.log.Warn("only machines behind a relay are served: the interface has no address in a subnet", "interface", l.Interface, "server", l.Server)
	default:
		attrs := []any{"interface", l.Interface, "server", l.Server, "subnet", strings.Join(l.Subnets, " "), "addresses", l.Addresses, "range", strings.Join(l.Ranges, " ")}
		if l.Router != nil {
			attrs = append(attrs, "router", *l.Router)
		}
		v.log.Info("serving DHCP", append(attrs, "leases", l.LeaseFile)...)
	}
}

// introduceRelayed tells of the subnets that no interface is in.
func (v dhcpView) introduceRelayed(l dhcpListeningJSON) {
	if v.json != nil {
		v.write(l)
		return
	}
	v.log.Info("serving DHCP through relays", "subnet", strings.Join(l.Subnets, " "), "addresses", l.Addresses)
}

func rangeTexts(ranges []lease.Range) []string {
	var texts []string
	for _, r := range ranges {
		texts = append(texts, r.String())
	}
	return texts
}

// bootFile is who boots what.
type bootFile struct{ who, name string }

// bootFiles lists the boot files in the order of the registry, iPXE last.
func bootFiles(b dhcp.Boot) []bootFile {
	var archs []boot.Arch
	for a, name := range b.FileFor {
		if name != "" {
			archs = append(archs, a)
		}
	}
	slices.Sort(archs)
	var files []bootFile
	if b.File != "" && b.FileFor[boot.ArchBIOS] == "" {
		files = append(files, bootFile{boot.ArchBIOS.String(), b.File})
	}
	for _, a := range archs {
		files = append(files, bootFile{a.String(), b.FileFor[a]})
	}
	if b.IPXE != "" {
		files = append(files, bootFile{clientIPXE, b.IPXE})
	}
	return files
}

// severalAddresses tells which of an interface's addresses counts.
func (v dhcpView) severalAddresses(iface string, a attachment) {
	var others []string
	for _, p := range a.others {
		others = append(others, p.String())
	}
	v.log.Warn("the interface has several addresses; --subnet chooses another", "interface", iface, "taken", a.addr, "others", strings.Join(others, " "))
}

// dhcpEventJSON is one event; fields that it has no use for are left out.
type dhcpEventJSON struct {
	Event        string      `json:"event"` // a kind: "offer", "ack", ...
	Time         time.Time   `json:"time"`
	Message      string      `json:"message,omitempty"` // what the client sent: "DISCOVER"
	MAC          string      `json:"mac,omitempty"`
	UUID         string      `json:"uuid,omitempty"`
	Arch         string      `json:"arch,omitempty"`
	Client       string      `json:"client,omitempty"` // "pxe", "ipxe", ...
	Server       *netip.Addr `json:"server,omitempty"` // the other one, of "foreign-server"
	Address      *netip.Addr `json:"address,omitempty"`
	Name         string      `json:"name,omitempty"`
	File         string      `json:"file,omitempty"`
	Rule         string      `json:"rule,omitempty"` // which named the file
	LeaseSeconds int         `json:"lease_seconds,omitempty"`
	Relay        *netip.Addr `json:"relay,omitempty"`
	Path         string      `json:"path,omitempty"` // "broadcast", "link", ...
	To           string      `json:"to,omitempty"`
	Reason       string      `json:"reason,omitempty"`
	Error        string      `json:"error,omitempty"`
	Holder       string      `json:"holder,omitempty"`    // who has the address, of "conflict"
	Taken        int         `json:"taken,omitempty"`     // of "pool-low"
	Addresses    int         `json:"addresses,omitempty"` // of "pool-low": how many there are
}

// event shows one event, unless it is one of too many.
func (v dhcpView) event(e dhcp.Event) {
	level := dhcpLevel(e)
	shown := v.json != nil || v.log.Enabled(context.Background(), level)
	switch {
	case !shown || !v.limit.allow(e.Kind):
	case v.json != nil:
		v.write(eventJSON(e))
	default:
		v.log.Log(context.Background(), level, dhcpWords[e.Kind], dhcpAttrs(e)...)
	}
}

func (v dhcpView) leftOut(k dhcp.EventKind, count int) {
	v.serverView.leftOut(dhcpLevel(dhcp.Event{Kind: k}), k.String(), dhcpWords[k], netip.Addr{}, count)
}

func eventJSON(e dhcp.Event) dhcpEventJSON {
	line := dhcpEventJSON{
		Event: e.Kind.String(), Time: e.Time, UUID: boot.FormatUUID(e.Machine.UUID), Name: e.Name, File: e.File, Rule: e.Rule,
		LeaseSeconds: int(e.Lease.Seconds()), Reason: e.Reason, Server: addrOrNil(e.Server), Address: addrOrNil(e.Addr), Relay: addrOrNil(e.Relay),
		Taken: e.Taken, Addresses: e.Size,
	}
	if e.Machine.MAC != nil {
		line.Message, line.MAC, line.Client = e.Type.String(), e.Machine.MAC.String(), e.Machine.Kind.String()
	}
	if e.Machine.HasArch {
		line.Arch = e.Machine.Arch.String()
	}
	if e.Path.To.IsValid() {
		line.Path, line.To = e.Path.Kind.String(), e.Path.To.String()
	}
	if e.Err != nil {
		line.Error = e.Err.Error()
	}
	if e.Holder != nil {
		line.Holder = e.Holder.String()
	}
	return line
}

func addrOrNil(a netip.Addr) *netip.Addr {
	if !a.IsValid() || a.IsUnspecified() {
		return nil
	}
	return &a
}

// dhcpWords say what happened.
var dhcpWords = map[dhcp.EventKind]string{
	dhcp.EventOffer:       "offered",
	dhcp.EventAck:         "leased",
	dhcp.EventNak:         "refused",
	dhcp.EventInform:      "informed",
	dhcp.EventBOOTP:       "answered BOOTP",
	dhcp.EventProxy:       "offered to boot",
	dhcp.EventBoot:        "told what to boot",
	dhcp.EventRelease:     "released",
	dhcp.EventDecline:     "declined by the client",
	dhcp.EventIgnored:     "ignored",
	dhcp.EventMalformed:   "malformed packet",
	dhcp.EventExhausted:   "no address left",
	dhcp.EventPoolLow:     "few addresses left",
	dhcp.EventConflict:    "an address is in use by a machine that has no lease of it; set aside",
	dhcp.EventUnprobed:    "offered without a probe",
	dhcp.EventLimited:     "too many messages, dropped",
	dhcp.EventUnknownArch: "unknown architecture, nothing to boot",
	dhcp.EventNoFile:      "nothing to boot",
	dhcp.EventJournal:     "leases could not be written, so no machine was told of them",
	dhcp.EventSend:        "a reply could not be sent",

	dhcp.EventForeignServer: "ANOTHER DHCP SERVER gives addresses on this network: machines that take them boot what it says, or nothing",
	dhcp.EventSearch:        "other DHCP servers could not be looked for",
}

func dhcpLevel(e dhcp.Event) slog.Level {
	switch {
	case e.Kind == dhcp.EventJournal, e.Kind == dhcp.EventSend:
		return slog.LevelError
	case e.Warning():
		return slog.LevelWarn
	case e.Kind == dhcp.EventIgnored, e.Kind == dhcp.EventOffer && e.Machine.Kind == boot.KindPlain:
		return slog.LevelDebug // what matters of a plain client is its lease
	}
	return slog.LevelInfo
}

func dhcpAttrs(e dhcp.Event) []any {
	var attrs []any
	add := func(key, value string) {
		if value != "" {
			attrs = append(attrs, key, oneLine(value))
		}
	}
	line := eventJSON(e)
	add("client", line.MAC)
	if line.Server != nil {
		add("server", line.Server.String())
	}
	if line.Address != nil {
		add("address", line.Address.String())
	}
	add("holder", line.Holder)
	add("name", e.Name)
	if e.Machine.Kind != boot.KindPlain {
		add("kind", line.Client)
	}
	add("arch", line.Arch)
	add("file", e.File)
	if !strings.HasPrefix(e.Rule, "boot file ") { // that is what everybody gets
		add("rule", e.Rule)
	}
	if e.Lease > 0 {
		add("for", dhcp.FormatTime(e.Lease))
	}
	if line.Relay != nil {
		add("relay", line.Relay.String())
	}
	if e.Kind == dhcp.EventIgnored {
		add("message", line.Message)
	}
	add("why", e.Reason)
	add("err", line.Error)
	return attrs
}
