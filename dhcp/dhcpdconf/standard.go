package dhcpdconf

// The types of most options.
var (
	oneAddr = optionType{fields: []element{elementAddr}}
	addrs   = optionType{fields: []element{elementAddr}, array: true}
	pairs   = optionType{fields: []element{elementAddr, elementAddr}, array: true}
	text    = optionType{fields: []element{elementText}}
	octets  = optionType{fields: []element{elementBytes}}
	yesNo   = optionType{fields: []element{elementBool}}
	one8    = optionType{fields: []element{elementUint8}}
	many8   = optionType{fields: []element{elementUint8}, array: true}
	one16   = optionType{fields: []element{elementUint16}}
	many16  = optionType{fields: []element{elementUint16}, array: true}
	one32   = optionType{fields: []element{elementUint32}}
	domain  = optionType{fields: []element{elementName}}
	domains = optionType{fields: []element{elementDomain}, array: true}
)

// standardOptions are the options that dhcpd knows by itself (dhcp-options(5)).
func standardOptions() map[string]option {
	options := make(map[string]option)
	for _, o := range []struct {
		name string
		code uint8
		typ  optionType
	}{
		{"subnet-mask", 1, oneAddr},
		{"time-offset", 2, optionType{fields: []element{elementInt32}}},
		{"routers", 3, addrs}, {"time-servers", 4, addrs}, {"ien116-name-servers", 5, addrs}, {"domain-name-servers", 6, addrs},
		{"log-servers", 7, addrs}, {"cookie-servers", 8, addrs}, {"lpr-servers", 9, addrs}, {"impress-servers", 10, addrs},
		{"resource-location-servers", 11, addrs}, {"host-name", 12, text}, {"boot-size", 13, one16}, {"merit-dump", 14, text},
		{"domain-name", 15, text}, {"swap-server", 16, oneAddr}, {"root-path", 17, text}, {"extensions-path", 18, text},
		{"ip-forwarding", 19, yesNo}, {"non-local-source-routing", 20, yesNo}, {"policy-filter", 21, pairs},
		{"max-dgram-reassembly", 22, one16}, {"default-ip-ttl", 23, one8}, {"path-mtu-aging-timeout", 24, one32},
		{"path-mtu-plateau-table", 25, many16}, {"interface-mtu", 26, one16}, {"all-subnets-local", 27, yesNo},
		{"broadcast-address", 28, oneAddr}, {"perform-mask-discovery", 29, yesNo}, {"mask-supplier", 30, yesNo},
		{"router-discovery", 31, yesNo}, {"router-solicitation-address", 32, oneAddr}, {"static-routes", 33, pairs},
		{"trailer-encapsulation", 34, yesNo}, {"arp-cache-timeout", 35, one32}, {"ieee802-3-encapsulation", 36, yesNo},
		{"default-tcp-ttl", 37, one8}, {"tcp-keepalive-interval", 38, one32}, {"tcp-keepalive-garbage", 39, yesNo},
		{"nis-domain", 40, text}, {"nis-servers", 41, addrs}, {"ntp-servers", 42, addrs}, {"vendor-encapsulated-options", 43, octets},
		{"netbios-name-servers", 44, addrs}, {"netbios-dd-server", 45, addrs}, {"netbios-node-type", 46, one8}, {"netbios-scope", 47, text},
		{"font-servers", 48, addrs}, {"x-display-manager", 49, addrs}, {"dhcp-requested-address", 50, oneAddr},
		{"dhcp-lease-time", 51, one32}, {"dhcp-option-overload", 52, one8}, {"dhcp-message-type", 53, one8},
		{"dhcp-server-identifier", 54, oneAddr}, {"dhcp-parameter-request-list", 55, many8}, {"dhcp-message", 56, text},
		{"dhcp-max-message-size", 57, one16}, {"dhcp-renewal-time", 58, one32}, {"dhcp-rebinding-time", 59, one32},
		{"vendor-class-identifier", 60, octets}, {"dhcp-client-identifier", 61, octets}, {"nwip-domain", 62, text},
		{"nwip-suboptions", 63, octets}, {"nisplus-domain", 64, text}, {"nisplus-servers", 65, addrs}, {"tftp-server-name", 66, text},
		{"bootfile-name", 67, text}, {"mobile-ip-home-agent", 68, addrs}, {"smtp-server", 69, addrs}, {"pop-server", 70, addrs},
		{"nntp-server", 71, addrs}, {"www-server", 72, addrs}, {"finger-server", 73, addrs}, {"irc-server", 74, addrs},
		{"streettalk-server", 75, addrs}, {"streettalk-directory-assistance-server", 76, addrs}, {"user-class", 77, text},
		{"slp-directory-agent", 78, optionType{fields: []element{elementBool, elementAddr}, lastArray: true}},
		{"slp-service-scope", 79, optionType{fields: []element{elementBool, elementText}}},
		{"relay-agent-information", 82, octets}, {"nds-servers", 85, addrs}, {"nds-tree-name", 86, text}, {"nds-context", 87, text},
		{"bcms-controller-names", 88, domains}, {"bcms-controller-address", 89, addrs}, {"client-last-transaction-time", 91, one32},
		{"associated-ip", 92, addrs}, {"pxe-system-type", 93, many16},
		{"pxe-interface-id", 94, optionType{fields: []element{elementUint8, elementUint8, elementUint8}}},
		{"pxe-client-id", 97, optionType{fields: []element{elementUint8, elementBytes}}},
		{"uap-servers", 98, text}, {"geoconf-civic", 99, octets}, {"pcode", 100, text}, {"tcode", 101, text},
		{"v6-only-preferred", 108, one32}, {"netinfo-server-address", 112, addrs}, {"netinfo-server-tag", 113, text},
		{"default-url", 114, text}, {"auto-config", 116, one8}, {"name-service-search", 117, many16}, {"subnet-selection", 118, oneAddr},
		{"domain-search", 119, domains}, {"vivco", 124, octets}, {"vivso", 125, octets}, {"v4-lost", 137, domain},
		{"capwap-ac-v4", 138, addrs}, {"sip-ua-cs-domains", 141, domains}, {"ipv4-address-andsf", 142, addrs},
		{"tftp-server-address", 150, addrs},
		{"v4-portparams", 159, optionType{fields: []element{elementUint8, elementUint8, elementUint16}}},
		{"v4-captive-portal", 160, text}, {"loader-configfile", 209, text}, {"loader-pathprefix", 210, text}, {"loader-reboottime", 211, one32},
		{"option-6rd", 212, optionType{fields: []element{elementUint8, elementUint8, elementAddr6, elementAddr}, lastArray: true}},
		{"v4-access-domain", 213, domain},
	} {
		options[o.name] = option{code: o.code, typ: o.typ}
	}
	for code, name := range map[uint8]string{1: "circuit-id", 2: "remote-id", 3: "agent-id", 4: "docsis-device-class", 5: "link-selection", 19: "relay-port"} {
		options["agent."+name] = option{code: code, typ: octets, space: "agent"}
	}
	return options
}

// standardSpaces are the option spaces that dhcpd knows by itself, and the
// options around them.
func standardSpaces() map[string]uint8 { return map[string]uint8{"agent": 82} }
