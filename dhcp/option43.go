package dhcp

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// PXEOptions is the content of option 43 in the exchange with a PXE client:
// the suboptions of PXE 2.1 in wire order. Accessors read single suboptions;
// those that a client did not send come back as not ok or empty.
type PXEOptions Options

// The bits of PXEDiscoveryControl (43.6).
const (
	ControlNoBroadcast byte = 1 << 0 // do not discover by broadcast
	ControlNoMulticast byte = 1 << 1 // do not discover by multicast
	ControlListedOnly  byte = 1 << 2 // accept only the servers of 43.8
	ControlBootFile    byte = 1 << 3 // the file is in this packet: no prompt, no menu, no discovery
)

// CredentialsLayer is the bit of BootItem.Layer with which a client asks for a
// signature (BIS), not for a file.
const CredentialsLayer uint16 = 1 << 15

// BootServer is an entry of the server list (43.8). No addresses means any
// server of that type.
type BootServer struct {
	Type  uint16
	Addrs []netip.Addr
}

// MenuItem is a line of the boot menu (43.9); Type 0 is a local boot.
type MenuItem struct {
	Type uint16
	Text string
}

// MenuPrompt is the line above the menu (43.10). Timeout is in seconds: 0 takes
// the first item at once, 255 waits for a key.
type MenuPrompt struct {
	Timeout uint8
	Text    string
}

// BootItem is what a client picked (43.71).
type BootItem struct{ Type, Layer uint16 }

// ParsePXEOptions reads the value of option 43.
func ParsePXEOptions(value []byte) (PXEOptions, error) {
	opts, err := ParseOptions(value)
	if err != nil {
		return PXEOptions(opts), fmt.Errorf("in option 43: %w", err)
	}
	return PXEOptions(opts), nil
}

// Option returns the suboptions as option 43, ended by 255: servers differ in
// sending that byte, and every client takes it.
func (p PXEOptions) Option() RawOption {
	return RawOption{OptionVendorSpecific, append(AppendOptions(nil, Options(p)), OptionEnd)}
}

// Has reports whether the suboption is there.
func (p PXEOptions) Has(code uint8) bool { return Options(p).Has(code) }

// BootTags reports whether any suboption of boot server discovery is there (6
// to 10): what EDK2 asks of an offer before it trusts the file in it.
func (p PXEOptions) BootTags() bool {
	for _, o := range p {
		if o.Code >= PXEDiscoveryControl && o.Code <= PXEMenuPrompt {
			return true
		}
	}
	return false
}

// MTFTP reports whether all five suboptions of multicast TFTP are there (1 to 5).
func (p PXEOptions) MTFTP() bool {
	for code := uint8(PXEMTFTPAddress); code <= PXEMTFTPDelay; code++ {
		if !p.Has(code) {
			return false
		}
	}
	return true
}

// Control is 43.6, a set of the Control bits.
func (p PXEOptions) Control() (bits byte, ok bool) {
	v := Options(p).Get(PXEDiscoveryControl)
	if len(v) != 1 {
		return 0, false
	}
	return v[0], true
}

// Multicast is 43.7, the group for discovery.
func (p PXEOptions) Multicast() (group netip.Addr, ok bool) {
	return Options(p).Addr(PXEDiscoveryMulticast)
}

// Servers is 43.8. An error names the entry that is cut short; the entries
// before it are returned.
func (p PXEOptions) Servers() ([]BootServer, error) {
	var servers []BootServer
	for v := Options(p).Get(PXEBootServers); len(v) > 0; {
		if len(v) < 3 || len(v) < 3+4*int(v[2]) {
			return servers, fmt.Errorf("boot server %d in 43.8: %w", len(servers)+1, ErrTruncated)
		}
		s := BootServer{Type: binary.BigEndian.Uint16(v)}
		count := int(v[2])
		for v = v[3:]; count > 0; count-- {
			s.Addrs = append(s.Addrs, netip.AddrFrom4([4]byte(v)))
			v = v[4:]
		}
		servers = append(servers, s)
	}
	return servers, nil
}

// Menu is 43.9. An error names the item that is cut short; the items before it
// are returned.
func (p PXEOptions) Menu() ([]MenuItem, error) {
	var menu []MenuItem
	for v := Options(p).Get(PXEBootMenu); len(v) > 0; {
		if len(v) < 3 || len(v) < 3+int(v[2]) {
			return menu, fmt.Errorf("menu item %d in 43.9: %w", len(menu)+1, ErrTruncated)
		}
		end := 3 + int(v[2])
		menu = append(menu, MenuItem{binary.BigEndian.Uint16(v), string(v[3:end])})
		v = v[end:]
	}
	return menu, nil
}

// Prompt is 43.10.
func (p PXEOptions) Prompt() (prompt MenuPrompt, ok bool) {
	v := Options(p).Get(PXEMenuPrompt)
	if len(v) == 0 {
		return MenuPrompt{}, false
	}
	return MenuPrompt{v[0], string(v[1:])}, true
}

// Item is 43.71. Some clients leave out the layer, which then is 0.
func (p PXEOptions) Item() (item BootItem, ok bool) {
	v := Options(p).Get(PXEBootItem)
	if len(v) < 2 {
		return BootItem{}, false
	}
	item.Type = binary.BigEndian.Uint16(v)
	if len(v) >= 4 {
		item.Layer = binary.BigEndian.Uint16(v[2:])
	}
	return item, true
}

// PXEControl makes 43.6.
func PXEControl(bits byte) RawOption { return byteOption(PXEDiscoveryControl, bits) }

// Option makes 43.71.
func (i BootItem) Option() RawOption {
	v := binary.BigEndian.AppendUint16(nil, i.Type)
	return RawOption{PXEBootItem, binary.BigEndian.AppendUint16(v, i.Layer)}
}

// PXEServers makes 43.8.
func PXEServers(servers ...BootServer) RawOption {
	var v []byte
	for _, s := range servers {
		v = binary.BigEndian.AppendUint16(v, s.Type)
		v = append(v, byte(len(s.Addrs)))
		for _, a := range s.Addrs {
			v = appendAddr(v, a)
		}
	}
	return RawOption{PXEBootServers, v}
}

// PXEMenu makes 43.9; a text over 255 bytes is cut.
func PXEMenu(items ...MenuItem) RawOption {
	var v []byte
	for _, item := range items {
		text := item.Text[:min(len(item.Text), 255)]
		v = binary.BigEndian.AppendUint16(v, item.Type)
		v = append(append(v, byte(len(text))), text...)
	}
	return RawOption{PXEBootMenu, v}
}

// Option makes 43.10.
func (p MenuPrompt) Option() RawOption {
	return RawOption{PXEMenuPrompt, append([]byte{p.Timeout}, p.Text...)}
}
