package dhcpdconf

import (
	"strings"
)

// filename is `filename "NAME"`.
func (c *compiler) filename(s statement, p place) {
	if len(s.words) != 2 || s.words[1].kind != kindText {
		c.fail(s.pos(), `write filename "pxelinux.0";`, "filename needs one name in quotes")
		return
	}
	c.set(p, setting{Pos: s.pos(), key: "filename", data: []byte(s.words[1].text)})
}

// address is next-server or server-identifier.
func (c *compiler) address(s statement, p place) {
	data, err := oneAddr.encode(s.pos(), s.words[0].text, s.words[1:])
	if err != nil {
		c.failed(err)
		return
	}
	c.set(p, setting{Pos: s.pos(), key: strings.ToLower(s.words[0].text), data: data})
}

// seconds is a time.
func (c *compiler) seconds(s statement, p place) {
	n, ok := c.number(s)
	if !ok {
		return
	}
	c.set(p, setting{Pos: s.pos(), key: strings.ToLower(s.words[0].text), num: n})
}

func (c *compiler) number(s statement) (n uint32, ok bool) {
	data, err := one32.encode(s.pos(), s.words[0].text, s.words[1:])
	if err != nil {
		c.failed(err)
		return 0, false
	}
	for _, b := range data {
		n = n<<8 | uint32(b)
	}
	if n == 0 || n > 1<<31-1 {
		c.fail(s.words[1].Pos, "write seconds: 21600 is six hours", "%s cannot be the time of a lease", s.words[1])
		return 0, false
	}
	return n, true
}

// minLeaseTime takes the time and does not use it.
func (c *compiler) minLeaseTime(s statement, _ place) {
	if _, ok := c.number(s); ok {
		c.warn(s.pos(), "the server's own minimum counts: a machine that asks for less gets two minutes")
	}
}

// authoritative is that word, perhaps with not.
func (c *compiler) authoritative(s statement, p place) {
	set := setting{Pos: s.pos(), key: "authoritative", num: 1}
	words := s.words
	if words[0].is("not") {
		set.num, words = 0, words[1:]
	}
	if len(words) != 1 || !words[0].is("authoritative") {
		c.fail(s.pos(), "write authoritative; or not authoritative;", "unexpected words")
		return
	}
	c.set(p, set)
}

// flag is on or off, true or false.
func (c *compiler) flag(s statement, p place) {
	data, err := yesNo.encode(s.pos(), s.words[0].text, s.words[1:])
	if err != nil {
		c.failed(err)
		return
	}
	c.set(p, setting{Pos: s.pos(), key: strings.ToLower(s.words[0].text), num: uint32(data[0])})
}

// plainStatement is one that changes nothing here: it says what is the case
// anyway, or what has no meaning for this server.
type plainStatement struct {
	words   string // * is any value
	warning string // "" where dhcpd would do the same
}

func plainStatements() []plainStatement {
	const (
		logs    = "lines go to standard error; systemd or a pipe takes them from there"
		noPing  = "addresses are not pinged before they are offered"
		oneEach = "a machine has one lease, by its MAC"
	)
	return []plainStatement{
		{"ddns-update-style none", ""}, {"ddns-updates off", ""}, {"ddns-updates false", ""}, {"update-static-leases off", ""},
		{"update-static-leases false", ""}, {"deny client-updates", ""}, {"ignore client-updates", ""}, {"do-forward-updates off", ""},
		{"do-forward-updates false", ""},
		{"allow booting", ""}, {"allow unknown-clients", ""}, {"allow duplicates", ""}, {"allow declines", ""},
		{"allow bootp", "a BOOTP client that is not a host with a fixed-address gets no address"},
		{"boot-unknown-clients on", ""}, {"boot-unknown-clients true", ""}, {"get-lease-hostnames off", ""}, {"get-lease-hostnames false", ""},
		{"always-reply-rfc1048 *", "BOOTP clients are answered with options always"},
		{"log-facility *", logs},
		{"lease-file-name *", "leases are kept where --lease-file says"},
		{"pid-file-name *", "no such file is written"},
		{"one-lease-per-client *", oneEach},
		{"ping-check off", ""}, {"ping-check false", ""}, {"ping-check *", noPing}, {"ping-timeout *", noPing},
		{"server-name *", "is not sent: boot programs come from next-server"},
		{"vendor-option-space *", "the server makes option 43 itself: the machine takes the file of this answer (43.6 = 8)"},
	}
}

// plain takes a statement that changes nothing, and refuses all others.
func (c *compiler) plain(s statement) {
	keyword := strings.ToLower(s.words[0].text)
	var others []string
	for _, known := range plainStatements() {
		want := strings.Fields(known.words)
		if want[0] != keyword {
			continue
		}
		if s.matches(want) {
			if known.warning != "" {
				c.warn(s.pos(), known.warning)
			}
			return
		}
		others = append(others, strings.ReplaceAll(known.words, "*", "VALUE"))
	}
	said := sentence(s)
	switch {
	case keyword == "deny" || keyword == "ignore":
		c.fail(s.pos(), "leave it out: every machine of the subnet is answered", "%s is not supported", said)
	case len(others) > 0:
		c.fail(s.pos(), "leave it out, or write "+strings.Join(others, "; or "), "%s is not supported", said)
	case keyword == "elsif" || keyword == "else":
		c.fail(s.pos(), "write it after the block of an if", "%s without an if", keyword)
	case strings.HasPrefix(keyword, "failover") || keyword == "key" || keyword == "zone" || strings.HasPrefix(keyword, "omapi"):
		c.fail(s.pos(), "leave it out: one server answers, and updates no DNS", "%s is not supported", keyword)
	default:
		c.fail(s.pos(), "leave it out, or look for a slip of the pen", "%q is not supported", keyword)
	}
}

// matches reports whether the statement is made of these words.
func (s *statement) matches(want []string) bool {
	if s.hasBlock || len(s.words) != len(want) {
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
