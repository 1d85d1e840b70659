package cmd

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"pxe/boot"
	"pxe/dhcp"
	"pxe/dhcp/lease"
)

// explained is a value of --explain: a machine that asks.
type explained struct {
	asked   bool
	machine boot.Machine
	relay   netip.Addr // that it asks through
}

func parseExplained(s string) (explained, error) {
	fields := strings.Split(s, ",")
	mac, err := parseMAC(fields[0])
	if err != nil {
		return explained{}, fmt.Errorf("%w,ARCH: want 52:54:00:12:34:56,efi-x64", err)
	}
	e := explained{asked: true, machine: boot.Machine{MAC: mac, Kind: boot.KindPXE}}
	if len(fields) < 2 {
		return e, fmt.Errorf("%q does not say the architecture: want %s,efi-x64", s, fields[0])
	}
	if e.machine.Arch, err = boot.ParseArch(fields[1]); err != nil {
		return e, err
	}
	e.machine.HasArch = true
	switch {
	case e.machine.Arch.HTTP():
		e.machine.Kind = boot.KindHTTP
	case e.machine.Arch.Platform() == boot.PlatformUBoot:
		e.machine.Kind = boot.KindUBoot
	}
	for _, f := range fields[2:] {
		if relay, ok := strings.CutPrefix(f, "via="); ok {
			e.relay, err = parseIPv4(relay)
		} else {
			e.machine.Kind, err = boot.ParseKind(f)
		}
		if err != nil {
			return e, err
		}
	}
	return e, nil
}

// explanationJSON is what a machine would be sent, and why.
type explanationJSON struct {
	MAC     string            `json:"mac"`
	Arch    string            `json:"arch"`
	Client  string            `json:"client"`
	Answers []explainedAnswer `json:"answers"`
}

// explainedAnswer is the answer to one message.
type explainedAnswer struct {
	Asked      string       `json:"asked"` // "DISCOVER", "REQUEST"
	Events     []string     `json:"events"`
	Rule       string       `json:"rule,omitempty"`   // that named the file
	Reason     string       `json:"reason,omitempty"` // of silence, of a refusal, of no file
	Answer     string       `json:"answer,omitempty"` // "OFFER", "ACK"; none: no answer
	Address    *netip.Addr  `json:"address,omitempty"`
	NextServer *netip.Addr  `json:"next_server,omitempty"`
	File       string       `json:"file,omitempty"`
	SentTo     string       `json:"sent_to,omitempty"`
	Bytes      int          `json:"bytes,omitempty"` // of UDP payload
	Options    []optionJSON `json:"options,omitempty"`
}

// runExplainDHCP asks a server that has no network what it would answer.
func runExplainDHCP(s Streams, o serveDHCPOptions) error {
	cfg, err := o.explainedConfig()
	if err != nil {
		return err
	}
	var store *lease.Store
	if !cfg.Proxy {
		if store, err = lease.Open("", cfg.Pools(), time.Now()); err != nil {
			return err
		}
	}
	server, err := dhcp.New(cfg, store)
	if err != nil {
		return explainConfig(err)
	}
	m, err := dhcp.Classify(dhcp.Sample(o.explain.machine, dhcp.TypeDiscover)) // as the server sees it
	if err != nil {
		return err
	}
	found := explanationJSON{MAC: m.MAC.String(), Arch: m.Arch.String(), Client: m.Kind.String()}
	offer := o.ask(server, cfg, dhcp.Sample(o.explain.machine, dhcp.TypeDiscover), &found)
	if offer != nil && !cfg.Proxy {
		request := dhcp.Sample(o.explain.machine, dhcp.TypeRequest)
		request.Options = append(request.Options,
			dhcp.RawOption{Code: dhcp.OptionServerID, Data: offer.Options.Get(dhcp.OptionServerID)},
			dhcp.RawOption{Code: dhcp.OptionRequestedAddress, Data: offer.YIAddr.AsSlice()})
		o.ask(server, cfg, request, &found)
	}
	if o.json() {
		return writeJSON(s.Out, found)
	}
	return found.print(s)
}

// explainedConfig is the configuration as it would be served: on the interfaces
// that are named, or else on one with an address in the first subnet.
func (o *serveDHCPOptions) explainedConfig() (dhcp.Config, error) {
	if o.configFile != "" {
		c, err := o.goodConfig()
		if err != nil {
			return dhcp.Config{}, err
		}
		c.Servers = []netip.Addr{firstFree(&c.Config)}
		if len(o.ifaces) > 0 {
			wires, err := o.attachTo(o.ifaces, c.Subnets)
			if err != nil {
				return dhcp.Config{}, err
			}
			c.Servers = nil
			for _, w := range wires {
				c.Servers = append(c.Servers, w.addr)
			}
		}
		return c.Config, nil
	}
	var nets []attachment
	for _, name := range o.ifaces {
		a, err := attach(name, o.subnet)
		if err != nil {
			return dhcp.Config{}, err
		}
		nets = append(nets, a)
	}
	if len(nets) == 0 {
		subnet := o.subnet
		if !subnet.IsValid() {
			subnet = netip.MustParsePrefix("192.0.2.0/24") // of the documentation: nobody's
		}
		nets = []attachment{{addr: subnet.Masked().Addr().Next(), subnet: subnet}}
	}
	return o.config(nets), nil
}

// firstFree is an address of the first subnet that a server could have.
func firstFree(cfg *dhcp.Config) netip.Addr {
	s := cfg.Subnets[0]
	for a := s.Prefix.Addr().Next(); s.Prefix.Contains(a); a = a.Next() {
		inRange := slices.ContainsFunc(s.Ranges, func(r lease.Range) bool { return r.First.Compare(a) <= 0 && a.Compare(r.Last) <= 0 })
		isHost := slices.ContainsFunc(cfg.Hosts, func(h dhcp.Host) bool { return slices.Contains(h.Addrs, a) })
		if !inRange && !isHost && a != s.Router {
			return a
		}
	}
	return s.Prefix.Addr().Next()
}

// ask asks the server, notes the answer and returns it; nil when there is none.
func (o *serveDHCPOptions) ask(server *dhcp.Server, cfg dhcp.Config, m *dhcp.Message, found *explanationJSON) *dhcp.Message {
	req := dhcp.Request{
		Message: m, Local: cfg.Servers[0],
		Src: netip.AddrPortFrom(netip.IPv4Unspecified(), dhcp.ClientPort),
		Dst: netip.AddrPortFrom(netip.AddrFrom4([4]byte{255, 255, 255, 255}), dhcp.ServerPort),
	}
	if o.explain.relay.IsValid() {
		m.GIAddr = o.explain.relay
		req.Src, req.Dst = netip.AddrPortFrom(m.GIAddr, dhcp.ServerPort), netip.AddrPortFrom(cfg.Servers[0], dhcp.ServerPort)
	}
	d := server.Decide(req, time.Now())
	a := explainedAnswer{Asked: m.Type().String()}
	for _, e := range d.Events {
		a.Events = append(a.Events, e.Kind.String())
		if e.Rule != "" {
			a.Rule = e.Rule
		}
		if e.Reason != "" {
			a.Reason = e.Reason
		}
	}
	if d.Reply != nil {
		last := d.Events[len(d.Events)-1]
		payload := d.Reply.Append(nil)
		if !d.Unpadded {
			payload = dhcp.Pad(payload)
		}
		a.Answer, a.Address, a.NextServer = d.Reply.Type().String(), addrOrNil(d.Reply.YIAddr), addrOrNil(d.Reply.SIAddr)
		a.File, a.Bytes, a.Options = d.Reply.File, len(payload), optionsToJSON(dhcp.Describe(d.Reply.Options))
		a.SentTo = fmt.Sprintf("%s, %s", last.Path.To, pathText(last.Path))
	}
	found.Answers = append(found.Answers, a)
	return d.Reply
}

func pathText(p dhcp.Path) string {
	if p.Kind == dhcp.PathLink {
		return "in a frame to " + net.HardwareAddr(p.MAC).String()
	}
	return p.Kind.String()
}

// print is the explanation for people.
func (x explanationJSON) print(s Streams) error {
	st := newStyles(s, s.Out, s.OutTTY)
	fmt.Fprintf(s.Out, "%s, %s, as %s\n", x.MAC, x.Arch, x.Client)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(s.Out, "  %-12s %s\n", name, value)
		}
	}
	for _, a := range x.Answers {
		answer := a.Answer
		if answer == "" {
			answer = "no answer"
		}
		fmt.Fprintf(s.Out, "\n%s: %s\n", a.Asked, st.bold.Render(answer))
		row("why", a.Reason)
		if a.Answer == "" {
			continue
		}
		if a.Address != nil {
			row("address", a.Address.String())
		}
		if a.NextServer != nil {
			row("next server", a.NextServer.String())
		}
		row("file", a.File)
		row("decided by", a.Rule)
		row("sent to", a.SentTo)
		row("size", fmt.Sprintf("%d bytes", a.Bytes))
		for _, o := range a.Options {
			name := o.Name
			if name == "" {
				name = "-"
			}
			fmt.Fprintf(s.Out, "  option %-5d %-20s %s\n", o.Code, name, o.Value)
		}
	}
	return nil
}
