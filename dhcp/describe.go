package dhcp

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// OptionText is an option for people: its number, what it is called, and its
// value as text. Raw is the value on the wire.
type OptionText struct {
	Code  uint8
	Name  string // "" for an option that this project does not know
	Value string
	Raw   []byte
}

// Describe writes options for people, in their order.
func Describe(opts Options) []OptionText {
	list := make([]OptionText, len(opts))
	for i, o := range opts {
		name, show := optionForm(o.Code)
		list[i] = OptionText{Code: o.Code, Name: name, Value: show(o.Data), Raw: o.Data}
	}
	return list
}

// optionForm is an option's name and how its value reads.
func optionForm(code uint8) (name string, show func([]byte) string) {
	switch code {
	case OptionSubnetMask:
		return "subnet mask", showAddrs
	case OptionTimeOffset:
		return "time offset", showNumber
	case OptionRouter:
		return "router", showAddrs
	case OptionTimeServer:
		return "time server", showAddrs
	case OptionNameServer:
		return "IEN 116 name server", showAddrs
	case OptionDNS:
		return "DNS", showAddrs
	case OptionLogServer:
		return "log server", showAddrs
	case OptionHostName:
		return "host name", showText
	case OptionBootFileSize:
		return "boot file size in 512-byte blocks", showNumber
	case OptionDomainName:
		return "domain name", showText
	case OptionRootPath:
		return "root path", showText
	case OptionMTU:
		return "MTU", showNumber
	case OptionBroadcast:
		return "broadcast address", showAddrs
	case OptionNTP:
		return "NTP server", showAddrs
	case OptionVendorSpecific:
		return "vendor specific", showPXE
	case OptionRequestedAddress:
		return "requested address", showAddrs
	case OptionLeaseTime:
		return "lease time", showSeconds
	case OptionOverload:
		return "overload", showNumber
	case OptionMessageType:
		return "message type", showType
	case OptionServerID:
		return "server identifier", showAddrs
	case OptionMessage:
		return "message", showText
	case OptionMaxMessageSize:
		return "maximum message size", showNumber
	case OptionRenewalTime:
		return "renewal time", showSeconds
	case OptionRebindingTime:
		return "rebinding time", showSeconds
	case OptionVendorClass:
		return "vendor class", showText
	case OptionClientID:
		return "client identifier", showHex
	case OptionTFTPServerName:
		return "TFTP server name", showText
	case OptionBootFileName:
		return "boot file name", showText
	case OptionRelayAgent:
		return "relay agent", showHex
	case OptionClientArch:
		return "client architecture", showNumber
	case OptionClientUUID:
		return "client UUID", showHex
	case OptionTFTPServerAddress:
		return "TFTP server address", showAddrs
	case OptionPXELINUXConfigFile:
		return "PXELINUX configuration file", showText
	case OptionPXELINUXPathPrefix:
		return "PXELINUX path prefix", showText
	case OptionPXELINUXRebootTimeout:
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
	return MessageType(b[0]).String()
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
	opts, err := ParsePXEOptions(b)
	if err != nil || len(opts) == 0 {
		return showHex(b)
	}
	var list []string
	for _, o := range opts {
		list = append(list, fmt.Sprintf("%d=%x", o.Code, o.Data))
	}
	return strings.Join(list, " ")
}
