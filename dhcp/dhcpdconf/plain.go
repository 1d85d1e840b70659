package dhcpdconf

import "strings"

// plainStatement is one that changes nothing here: it says what is the case
// anyway, or what has no meaning for this server.
type plainStatement struct {
	words   string // * is any value, ... at the end is whatever comes, also a block
	warning string // "" where dhcpd would do the same
}

func plainStatements() []plainStatement {
	const (
		logs    = "lines go to standard error; systemd or a pipe takes them from there"
		probes  = "addresses are probed by ARP before they are offered; --no-arp-probe ends that"
		oneEach = "a machine has one lease, by its MAC"
		noDNS   = "DNS is not updated"
		durable = "a lease is on the disk before its ACK leaves"
		forEver = "BOOTP clients keep their addresses for ever"
		omapi   = "leases are seen and changed with pxe leases, not by OMAPI"
		unused  = "a variable is not kept: what asks for it is refused"
		usage   = "the server tells of a pool that runs low by itself"
	)
	return []plainStatement{
		{"ddns-update-style none", ""}, {"ddns-updates off", ""}, {"ddns-updates false", ""}, {"ddns-updates *", noDNS},
		{"ddns-domainname *", noDNS}, {"ddns-hostname *", noDNS}, {"ddns-rev-domainname *", noDNS}, {"ddns-ttl *", noDNS},
		{"update-static-leases *", noDNS}, {"update-optimization *", noDNS}, {"update-conflict-detection *", noDNS},
		{"do-forward-updates *", noDNS}, {"do-reverse-updates *", noDNS}, {"fqdn-reply *", noDNS},
		{"get-lease-hostnames off", ""}, {"get-lease-hostnames false", ""},
		{"always-reply-rfc1048 *", "BOOTP clients are answered with options always"},
		{"log-facility *", logs},
		{"lease-file-name *", "leases are kept where --lease-file says"},
		{"pid-file-name *", "no such file is written"},
		{"db-time-format *", "the lease file is one of this server"}, {"lease-id-format *", "the lease file is one of this server"},
		{"one-lease-per-client on", ""}, {"one-lease-per-client true", ""}, {"one-lease-per-client *", oneEach},
		{"ignore-client-uids on", ""}, {"ignore-client-uids true", ""}, {"ignore-client-uids *", oneEach}, {"release-on-roam *", oneEach},
		{"ping-check on", ""}, {"ping-check true", ""}, {"ping-check *", probes}, {"ping-timeout *", probes}, {"ping-timeout-ms *", probes}, {"ping-cltt-secs *", probes},
		{"dynamic-bootp-lease-cutoff *", forEver}, {"dynamic-bootp-lease-length *", forEver},
		{"delayed-ack *", durable}, {"max-ack-delay *", durable}, {"dont-use-fsync *", durable}, {"dhcp-cache-threshold *", durable},
		{"adaptive-lease-time-threshold *", "leases stay as long when addresses run out"},
		{"log-threshold-low *", usage}, {"log-threshold-high *", usage},
		{"echo-client-id on", ""}, {"echo-client-id true", ""}, {"echo-client-id *", "the client identifier goes back to the client (RFC 6842); the quirk strip-client-id ends that"},
		{"server-id-check on", ""}, {"server-id-check true", ""}, {"server-id-check *", "a REQUEST to another server is left to that one"},
		{"stash-agent-options *", "a client that renews is answered by what it sends itself"},
		{"infinite-is-reserved off", ""}, {"infinite-is-reserved false", ""}, {"min-secs 0", ""},
		{"omapi-port *", omapi}, {"omapi-key *", omapi}, {"key ...", "is of no use: neither OMAPI nor DNS updates are there"}, {"zone ...", noDNS},
		{"set ...", unused}, {"unset *", unused}, {"log ...", "is not logged; the server tells of each answer by itself"},
		{"server-name *", "is not sent: boot programs come from next-server"},
	}
}

// refusal is a keyword that is not supported, and what to do about it.
type refusal struct{ keyword, hint string }

func refusals() []refusal {
	const (
		oneServer = "leave it out: one server answers, and updates no DNS"
		program   = "leave it out: nothing runs for a client; events go to standard error, as JSON with -o json"
		expr      = "write option NAME VALUE; in if blocks, of which the last that holds counts"
		variables = "leave it out; a condition can ask for what the client sent"
		flags     = "leave it out; --interface and --listen say where to serve"
		dhcpv6    = "leave it out: this is a server for IPv4"
	)
	return []refusal{
		{"failover", oneServer},
		{"ddns-update-style", "write ddns-update-style none; DNS is not updated"},
		{"ddns-local-address4", oneServer}, {"ddns-local-address6", oneServer}, {"ddns-dual-stack-mixed-mode", oneServer},
		{"ddns-guard-id-must-match", oneServer}, {"ddns-other-guard-is-dynamic", oneServer},
		{"switch", "write if option NAME = ... { ... } elsif ... { ... } else { ... }"}, {"case", "write if and elsif"}, {"break", "write if and elsif"},
		{"on", program}, {"execute", program}, {"return", program},
		{"define", variables}, {"eval", variables}, {"add", "write match if in the class"},
		{"supersede", expr}, {"default", expr}, {"append", expr}, {"prepend", expr}, {"parse-vendor-option", expr},
		{"spawn", "write match DATA and a subclass for each value; the server does not make classes by itself"},
		{"lease", "leave it out, and give the class a pool of as many addresses"},
		{"host-identifier", "write hardware ethernet, or option dhcp-client-identifier"},
		{"site-option-space", "define the options without a space: option NAME code 224 = text;"},
		{"get-lease-hostnames", "write option host-name in hosts, or get-lease-hostnames off"},
		{"infinite-is-reserved", "write a host for each machine that keeps its address"},
		{"min-secs", "leave it out: a boot ROM does not ask for long; proxy mode goes beside another server"},
		{"local-address", flags}, {"local-port", flags}, {"remote-port", flags}, {"limited-broadcast-address", flags}, {"interface", flags},
		{"check-secs-byte-order", "leave it out: the seconds of a client are not looked at"},
		{"server-duid", dhcpv6}, {"subnet6", dhcpv6}, {"dhcpv6-lease-file-name", dhcpv6}, {"dhcpv6-pid-file-name", dhcpv6},
		{"bind-local-address6", dhcpv6}, {"preferred-lifetime", dhcpv6}, {"limit-addrs-per-ia", dhcpv6}, {"limit-prefs-per-ia", dhcpv6},
		{"prefix-length-mode", dhcpv6}, {"dhcpv6-set-tee-times", dhcpv6},
	}
}

// plain takes a statement that changes nothing, and refuses all others.
func (c *compiler) plain(s statement) {
	keyword := strings.ToLower(s.words[0].text)
	for _, known := range plainStatements() {
		if s.matches(strings.Fields(known.words)) {
			if known.warning != "" {
				c.warn(s.pos(), known.warning)
			}
			return
		}
	}
	for _, known := range refusals() {
		if known.keyword == keyword {
			c.fail(s.pos(), known.hint, "%s is not supported", sentence(s))
			return
		}
	}
	if keyword == "elsif" || keyword == "else" {
		c.fail(s.pos(), "write it after the block of an if", "%s without an if", keyword)
		return
	}
	c.fail(s.pos(), "leave it out, or look for a slip of the pen", "%q is not supported", keyword)
}

// matches reports whether the statement is made of these words.
func (s *statement) matches(want []string) bool {
	if n := len(want) - 1; want[n] == "..." && len(s.words) > n {
		want = want[:n]
	} else if s.hasBlock || len(s.words) != len(want) {
		return false
	}
	for i, w := range want {
		if w != "*" && !s.words[i].is(w) {
			return false
		}
	}
	return true
}

// sentence is the first words of a statement, as an error shows them.
func sentence(s statement) string {
	var words []string
	for _, w := range s.words[:min(3, len(s.words))] {
		words = append(words, w.text)
	}
	return strings.Join(words, " ")
}
