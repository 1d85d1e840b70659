package dhcp

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"slices"
	"time"
)

// Found is a DHCP server that answered a search.
type Found struct {
	Server  netip.Addr // option 54, or the sender where that is missing
	Offered netip.Addr
	Next    netip.Addr // its boot server; zero: none named
	File    string     // its boot file; "": none
}

// SearchTime is how long FindServers waits for offers: a server may ping an
// address before it offers it, for three seconds in dnsmasq. The question is
// repeated early enough for that, in case the first one is lost.
const SearchTime = 4500 * time.Millisecond

const searchRepeat = time.Second

// FindServers looks for other DHCP servers on the wire: it sends DISCOVER as a
// client with the given MAC would, and gathers those who offer an address. An
// offer is all that it causes; no lease is taken. Proxies, which offer none,
// are not found.
//
// conn has to receive the client's port, the one above the given server port. A
// RawSocket can, whoever else has that port.
func FindServers(ctx context.Context, conn Conn, mac net.HardwareAddr, port uint16) ([]Found, error) {
	return findServers(ctx, conn, searchQuery(mac), port)
}

// searchQuery is the DISCOVER of a search.
func searchQuery(mac net.HardwareAddr) *Message {
	return &Message{
		Op: OpRequest, HType: HTypeEthernet, XID: rand.Uint32(), Flags: FlagBroadcast, CHAddr: mac,
		Options: Options{
			byteOption(OptionMessageType, TypeDiscover),
			{OptionParameterList, []byte{OptionSubnetMask, OptionRouter, OptionTFTPServerName, OptionBootFileName}},
		},
	}
}

func findServers(ctx context.Context, conn Conn, query *Message, port uint16) ([]Found, error) {
	stop := context.AfterFunc(ctx, func() { conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	var found []Found
	begin := time.Now()
	for _, end := range []time.Duration{searchRepeat, SearchTime} {
		broadcast := broadcastPath(port)
		err := conn.Write(Datagram{
			Payload: Pad(query.Append(nil)),
			Src:     netip.AddrPortFrom(netip.IPv4Unspecified(), port+1),
			Dst:     broadcast.To,
			DstMAC:  broadcast.MAC,
		})
		if err != nil {
			return nil, fmt.Errorf("look for DHCP servers: %w", err)
		}
		if err := conn.SetReadDeadline(begin.Add(end)); err != nil {
			return nil, fmt.Errorf("look for DHCP servers: %w", err)
		}
		found, err = gather(ctx, conn, query, found)
		if err != nil {
			return nil, fmt.Errorf("look for DHCP servers: %w", err)
		}
	}
	return found, nil
}

// gather adds the servers that answer before the deadline.
func gather(ctx context.Context, conn Conn, query *Message, found []Found) ([]Found, error) {
	batch := []Datagram{{Payload: make([]byte, maxDatagram)}}
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n, err := conn.ReadBatch(batch)
		if errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() == nil {
			return found, nil
		}
		if err != nil {
			return nil, errors.Join(ctx.Err(), err)
		}
		for _, d := range batch[:n] {
			f, ok := offerFrom(d, query)
			if ok && !slices.ContainsFunc(found, func(g Found) bool { return g.Server == f.Server }) {
				found = append(found, f)
			}
		}
	}
}

// offerFrom reads a datagram as an answer to the query.
func offerFrom(d Datagram, query *Message) (Found, bool) {
	m, err := Parse(d.Payload)
	if err != nil || m.Op != OpReply || m.Type() != TypeOffer || m.XID != query.XID || string(m.CHAddr) != string(query.CHAddr) || !isSet(m.YIAddr) {
		return Found{}, false
	}
	f := Found{Server: d.Src.Addr(), Offered: m.YIAddr, Next: m.SIAddr, File: m.File}
	if id, ok := m.Options.Addr(OptionServerID); ok {
		f.Server = id
	}
	if f.File == "" {
		f.File = cString(m.Options.Get(OptionBootFileName))
	}
	return f, true
}
