package dhcp

import "strconv"

// The DHCPv4 options that this project sends, reads or asks for (RFC 2132 and
// the IANA registry "BOOTP Vendor Extensions and DHCP Options").
const (
	OptionPad                   = 0
	OptionSubnetMask            = 1
	OptionTimeOffset            = 2
	OptionRouter                = 3
	OptionTimeServer            = 4
	OptionNameServer            = 5 // IEN 116, not DNS
	OptionDNS                   = 6
	OptionLogServer             = 7
	OptionHostName              = 12
	OptionBootFileSize          = 13 // in 512-byte blocks
	OptionDomainName            = 15
	OptionRootPath              = 17
	OptionExtensionsPath        = 18
	OptionMaxReassembly         = 22
	OptionDefaultTTL            = 23
	OptionMTU                   = 26
	OptionBroadcast             = 28
	OptionStaticRoute           = 33
	OptionNISDomain             = 40
	OptionNISServer             = 41
	OptionNTP                   = 42
	OptionVendorSpecific        = 43 // PXE: see PXEOptions
	OptionRequestedAddress      = 50
	OptionLeaseTime             = 51 // seconds
	OptionOverload              = 52
	OptionMessageType           = 53
	OptionServerID              = 54
	OptionParameterList         = 55
	OptionMessage               = 56
	OptionMaxMessageSize        = 57 // whole IP datagram, bytes
	OptionRenewalTime           = 58 // T1, seconds
	OptionRebindingTime         = 59 // T2, seconds
	OptionVendorClass           = 60
	OptionClientID              = 61
	OptionTFTPServerName        = 66
	OptionBootFileName          = 67
	OptionUserClass             = 77
	OptionRelayAgent            = 82 // RFC 3046
	OptionClientArch            = 93 // RFC 4578
	OptionClientNDI             = 94 // RFC 4578
	OptionClientUUID            = 97 // RFC 4578
	OptionSubnetSelection       = 118
	OptionDomainSearch          = 119
	OptionClasslessRoute        = 121
	OptionPXE128                = 128 // 128 to 135: asked for by every PXE client (RFC 4578 2.4)
	OptionPXE129                = 129
	OptionPXE130                = 130
	OptionPXE131                = 131
	OptionPXE132                = 132
	OptionPXE133                = 133
	OptionPXE134                = 134
	OptionPXE135                = 135
	OptionTFTPServerAddress     = 150
	OptionIPXE                  = 175 // encapsulated, see the IPXE suboptions
	OptionIPXEKeymap            = 203
	OptionPXELINUXMagic         = 208
	OptionPXELINUXConfigFile    = 209
	OptionPXELINUXPathPrefix    = 210
	OptionPXELINUXRebootTimeout = 211
	OptionEnd                   = 255
)

// The suboptions of option 43 when option 60 says PXEClient (PXE 2.1).
const (
	PXEMTFTPAddress       = 1
	PXEMTFTPClientPort    = 2
	PXEMTFTPServerPort    = 3
	PXEMTFTPTimeout       = 4
	PXEMTFTPDelay         = 5
	PXEDiscoveryControl   = 6
	PXEDiscoveryMulticast = 7
	PXEBootServers        = 8
	PXEBootMenu           = 9
	PXEMenuPrompt         = 10
	PXEMulticastAlloc     = 11
	PXECredentials        = 12
	PXEBootItem           = 71
)

// The suboptions of option 82 that change an answer.
const (
	RelayCircuitID        = 1  // RFC 3046: the port of the switch
	RelayRemoteID         = 2  // RFC 3046: the relay, or the client's modem
	RelayLinkSelection    = 5  // RFC 3527: the client's subnet, in place of giaddr
	RelayServerIDOverride = 11 // RFC 5107: what option 54 has to say
)

// The suboptions of option 175 that this project reads or sends.
const (
	IPXENoPXEDHCP = 176 // in a reply: 1 ends iPXE's wait for a proxyDHCP server
	IPXEBusID     = 177
	IPXEVersion   = 235
)

// MessageType is the value of option 53 (RFC 2132 9.6). The zero value is a
// BOOTP message, which has no such option.
type MessageType uint8

// The message types of DHCPv4.
const (
	TypeBOOTP    = 0
	TypeDiscover = 1
	TypeOffer    = 2
	TypeRequest  = 3
	TypeDecline  = 4
	TypeAck      = 5
	TypeNak      = 6
	TypeRelease  = 7
	TypeInform   = 8
)

func (t MessageType) String() string {
	names := [...]string{"BOOTP", "DISCOVER", "OFFER", "REQUEST", "DECLINE", "ACK", "NAK", "RELEASE", "INFORM"}
	if int(t) < len(names) {
		return names[t]
	}
	return "message type " + strconv.Itoa(int(t))
}

// The ports of DHCP and of the PXE boot service (RFC 2131 4.1, PXE 2.1).
const (
	ServerPort = 67
	ClientPort = 68
	BootPort   = 4011
)

// The vendor classes that boot firmware sends in option 60, followed by its
// architecture, and expects back bare.
const (
	ClassPXE  = "PXEClient"
	ClassHTTP = "HTTPClient"
)
