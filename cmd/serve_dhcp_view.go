package cmd

import (
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
	Ranges       []string          `json:"ranges,omitempty"`
	Addresses    int               `json:"addresses"`
	Router       *netip.Addr       `json:"router,omitempty"`
	LeaseSeconds int               `json:"lease_seconds,omitempty"`
	LeaseFile    string            `json:"lease_file,omitempty"`
	NextServer   netip.Addr        `json:"next_server"`
	BootFiles    map[string]string `json:"boot_files"` // by architecture, and "ipxe"
}

// listening tells what will be served.
func (v dhcpView) listening(d *dhcpServer) {
	files := bootFiles(d.cfg.Boot)
	next := d.cfg.Boot.NextServer
	if !next.IsValid() {
		next = d.net.addr
	}
	line := dhcpListeningJSON{
		Event: "listening", Interface: d.o.iface, Server: d.net.addr, Port: d.main.LocalAddr().Port(), BootPort: d.o.bootPort,
		Proxy: d.cfg.Proxy, NextServer: next, BootFiles: make(map[string]string),
	}
	var words []string
	for _, f := range files {
		line.BootFiles[f.who] = f.name
		words = append(words, f.who+"="+f.name)
	}
	if !d.cfg.Proxy {
		subnet := d.cfg.Subnets[0]
		line.Subnet, line.Ranges = subnet.Prefix.String(), rangeTexts(subnet.Ranges)
		line.Addresses = d.leases.Pool(0).Size()
		line.LeaseSeconds, line.LeaseFile = int(subnet.LeaseTime.Seconds()), d.o.leaseFile
		if subnet.Router.IsValid() {
			line.Router = &subnet.Router
		}
	}
	if v.json != nil {
		v.write(line)
	} else {
		v.introduce(line, words)
	}
	if !d.cfg.Proxy && !d.cfg.Subnets[0].Prefix.Contains(d.net.addr) {
		v.log.Warn("only machines behind a relay are served: the interface has no address in the subnet", "subnet", line.Subnet)
	}
	if err := d.main.RawError(); err != nil {
		v.log.Warn("machines without an address are answered by broadcast", "because", err)
	}
}

// introduce is the first lines for people.
func (v dhcpView) introduce(l dhcpListeningJSON, files []string) {
	if l.Proxy {
		v.log.Info("serving as a proxy: another server gives the addresses", "interface", l.Interface, "server", l.Server)
	} else {
		attrs := []any{"interface", l.Interface, "server", l.Server, "subnet", l.Subnet, "addresses", l.Addresses, "range", strings.Join(l.Ranges, " ")}
		if l.Router != nil {
			attrs = append(attrs, "router", *l.Router)
		}
		v.log.Info("serving DHCP", append(attrs, "leases", l.LeaseFile)...)
	}
	v.log.Info("machines boot from "+l.NextServer.String(), "files", strings.Join(files, " "))
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

// damaged warns of a lease file that could not be read in full.
func (v dhcpView) damaged(path string, lines int, copied string) {
	v.log.Warn("some leases could not be read and are lost", "file", path, "lines", lines, "copy", copied)
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
	v.serverView.leftOut(dhcpLevel(dhcp.Event{Kind: k}), k.String(), dhcpWords[k], count)
}

func eventJSON(e dhcp.Event) dhcpEventJSON {
	line := dhcpEventJSON{
		Event: e.Kind.String(), Time: e.Time, UUID: boot.FormatUUID(e.Machine.UUID), Name: e.Name, File: e.File,
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
