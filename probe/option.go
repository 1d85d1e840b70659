package probe

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"pxe/dhcp"
)

// Option is a DHCP option for people: its number, what it is called, and its
// value as text. Raw is the value on the wire.
type Option struct {
	Code  uint8
	Name  string // "" for an option that this project does not know
	Value string
	Raw   []byte
}

// describeOptions keeps the order of the message.
func describeOptions(opts dhcp.Options) []Option {
	list := make([]Option, len(opts))
	for i, o := range opts {
		name, show := optionForm(o.Code)
		list[i] = Option{Code: o.Code, Name: name, Value: show(o.Data), Raw: o.Data}
	}
	return list
}

// optionForm is an option's name and how its value reads.
func optionForm(code uint8) (name string, show func([]byte) string) {
	switch code {
	case dhcp.OptionSubnetMask:
		return "subnet mask", showAddrs
	case dhcp.OptionTimeOffset:
		return "time offset", showNumber
	case dhcp.OptionRouter:
		return "router", showAddrs
	case dhcp.OptionTimeServer:
		return "time server", showAddrs
	case dhcp.OptionNameServer:
		return "IEN 116 name server", showAddrs
	case dhcp.OptionDNS:
		return "DNS", showAddrs
	case dhcp.OptionLogServer:
		return "log server", showAddrs
	case dhcp.OptionHostName:
		return "host name", showText
	case dhcp.OptionBootFileSize:
		return "boot file size in 512-byte blocks", showNumber
	case dhcp.OptionDomainName:
		return "domain name", showText
	case dhcp.OptionRootPath:
		return "root path", showText
	case dhcp.OptionMTU:
		return "MTU", showNumber
	case dhcp.OptionBroadcast:
		return "broadcast address", showAddrs
	case dhcp.OptionNTP:
		return "NTP server", showAddrs
	case dhcp.OptionVendorSpecific:
		return "vendor specific", showPXE
	case dhcp.OptionRequestedAddress:
		return "requested address", showAddrs
	case dhcp.OptionLeaseTime:
		return "lease time", showSeconds
	case dhcp.OptionOverload:
		return "overload", showNumber
	case dhcp.OptionMessageType:
		return "message type", showType
	case dhcp.OptionServerID:
		return "server identifier", showAddrs
	case dhcp.OptionMessage:
		return "message", showText
	case dhcp.OptionMaxMessageSize:
		return "maximum message size", showNumber
	case dhcp.OptionRenewalTime:
		return "renewal time", showSeconds
	case dhcp.OptionRebindingTime:
		return "rebinding time", showSeconds
	case dhcp.OptionVendorClass:
		return "vendor class", showText
	case dhcp.OptionClientID:
		return "client identifier", showHex
	case dhcp.OptionTFTPServerName:
		return "TFTP server name", showText
	case dhcp.OptionBootFileName:
		return "boot file name", showText
	case dhcp.OptionRelayAgent:
		return "relay agent", showHex
	case dhcp.OptionClientArch:
		return "client architecture", showNumber
	case dhcp.OptionClientUUID:
		return "client UUID", showHex
	case dhcp.OptionTFTPServerAddress:
		return "TFTP server address", showAddrs
	case dhcp.OptionPXELINUXConfigFile:
		return "PXELINUX configuration file", showText
	case dhcp.OptionPXELINUXPathPrefix:
		return "PXELINUX path prefix", showText
	case dhcp.OptionPXELINUXRebootTimeout:
		return "PXELINUX reboot timeout", showSeconds
	}
	return "", showHex
}

func showHex(b []byte) string { return fmt.Sprintf("%x", b) }

// showText quotes what a terminal should not see as it is.
func showText(b []byte) string {
	s := strings.TrimRight(string(b), "\x00")
	if q := strconv.Quote(s); q != `"`+s+`"` {
		return q
	}
	return s
}

func showType(b []byte) string {
	if len(b) != 1 {
		return showHex(b)
	}
	return dhcp.MessageType(b[0]).String()
}

func showAddrs(b []byte) string {
	if len(b) == 0 || len(b)%4 != 0 {
		return showHex(b)
	}
	var list []string
	for ; len(b) > 0; b = b[4:] {
		list = append(list, netip.AddrFrom4([4]byte(b)).String())
	}
	return strings.Join(list, ", ")
}

func showNumber(b []byte) string {
	switch len(b) {
	case 1:
		return strconv.Itoa(int(b[0]))
	case 2:
		return strconv.Itoa(int(binary.BigEndian.Uint16(b)))
	case 4:
		return strconv.FormatUint(uint64(binary.BigEndian.Uint32(b)), 10)
	}
	return showHex(b)
}

func showSeconds(b []byte) string {
	if len(b) != 4 {
		return showHex(b)
	}
	n := binary.BigEndian.Uint32(b)
	if n == 0xFFFFFFFF {
		return "infinite"
	}
	return (time.Duration(n) * time.Second).String()
}

// showPXE writes option 43 as PXE suboptions, which it holds beside option 60;
// anything else shows as hex.
func showPXE(b []byte) string {
	opts, err := dhcp.ParsePXEOptions(b)
	if err != nil || len(opts) == 0 {
		return showHex(b)
	}
	var list []string
	for _, o := range opts {
		list = append(list, fmt.Sprintf("%d=%x", o.Code, o.Data))
	}
	return strings.Join(list, " ")
}
