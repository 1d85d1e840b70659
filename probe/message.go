package probe

import (
	"encoding/binary"
	"net"
	"net/netip"
	"slices"
	"time"

	"pxe/dhcp"
)

// identity is what a machine says of itself in every message.
type identity struct {
	mac  net.HardwareAddr
	uuid [16]byte
}

// query is what one message adds to the profile: the values that change from
// message to message. Options whose value is not set are left out.
type query struct {
	typ     dhcp.MessageType
	xid     uint32
	secs    uint16
	client  netip.Addr // ciaddr
	address netip.Addr // option 50
	server  netip.Addr // option 54
	item    *dhcp.BootItem
}

// message is the payload that the firmware sends for q, byte for byte.
func (p Profile) message(a ask, id identity, q query) []byte {
	m := dhcp.Message{
		Op: dhcp.OpRequest, HType: dhcp.HTypeEthernet, CHAddr: id.mac,
		XID: q.xid, Secs: q.secs, Flags: a.flags, CIAddr: q.client,
	}
	for _, code := range a.options {
		if v := p.value(code, a, id, q); v != nil {
			m.Options = append(m.Options, dhcp.RawOption{Code: code, Data: v})
		}
	}
	b := m.Append(nil)
	if short := a.minSize - len(b); short > 0 {
		b = append(b, make([]byte, short)...)
	}
	return b
}

// value is one option of a message; nil when this message does not have it.
func (p Profile) value(code uint8, a ask, id identity, q query) []byte {
	switch code {
	case dhcp.OptionMessageType:
		return []byte{byte(q.typ)}
	case dhcp.OptionMaxMessageSize:
		return binary.BigEndian.AppendUint16(nil, a.maxSize)
	case dhcp.OptionParameterList:
		return p.params
	case dhcp.OptionClientUUID:
		return append([]byte{0}, id.uuid[:]...)
	case dhcp.OptionClientArch:
		return binary.BigEndian.AppendUint16(nil, uint16(p.Arch))
	case dhcp.OptionClientNDI:
		return p.undi[:]
	case dhcp.OptionVendorClass:
		return []byte(p.vendorClass())
	case dhcp.OptionServerID:
		return addrBytes(q.server)
	case dhcp.OptionRequestedAddress:
		return addrBytes(q.address)
	case dhcp.OptionVendorSpecific:
		if q.item != nil {
			return dhcp.PXEOptions{q.item.Option()}.Option().Data
		}
	}
	return nil
}

// secsOf is the secs field of try i, begun so long after the first.
func (a ask) secsOf(i int, since time.Duration) uint16 {
	if a.secs != nil {
		return a.secs[i]
	}
	return uint16(min(since/time.Second, 0xFFFF))
}

// release gives an address back (RFC 2131 section 4.4.4).
func release(id identity, xid uint32, client, server netip.Addr) []byte {
	m := dhcp.Message{
		Op: dhcp.OpRequest, HType: dhcp.HTypeEthernet, CHAddr: id.mac, XID: xid, CIAddr: client,
		Options: dhcp.Options{
			{Code: dhcp.OptionMessageType, Data: []byte{byte(dhcp.TypeRelease)}},
			{Code: dhcp.OptionServerID, Data: addrBytes(server)},
		},
	}
	return dhcp.Pad(m.Append(nil))
}

// addrBytes is an address as an option holds it; nil for no address.
func addrBytes(a netip.Addr) []byte {
	if !isSet(a) {
		return nil
	}
	return slices.Clone(a.AsSlice())
}

// isSet tells an address from none at all, written 0.0.0.0 on the wire.
func isSet(a netip.Addr) bool { return a.IsValid() && !a.IsUnspecified() }
