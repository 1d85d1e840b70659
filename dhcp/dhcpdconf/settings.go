package dhcpdconf

import (
	"slices"
	"strings"
)

// filename is `filename "NAME"`.
func (c *compiler) filename(s statement, p place) {
	if len(s.words) != 2 || s.words[1].kind != kindText {
		c.fail(s.pos(), `write filename "pxelinux.0";`, "filename needs one name in quotes")
		return
	}
	c.set(p, setting{Pos: s.pos(), key: keyFile, word: "filename", data: []byte(s.words[1].text)})
}

// address is next-server or server-identifier.
func (c *compiler) address(s statement, p place) {
	data, err := oneAddr.encode(s.pos(), s.words[0].text, s.words[1:])
	if err != nil {
		c.failed(err)
		return
	}
	key := strings.ToLower(s.words[0].text)
	c.set(p, setting{Pos: s.pos(), key: key, word: key, data: data})
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

// authoritative is that word, perhaps with not.
func (c *compiler) authoritative(s statement, p place) {
	if p.host != nil {
		c.fail(s.pos(), "write it in the file or a subnet", "authoritative in a host")
		return
	}
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

// The keys of what a client is refused for.
const (
	keyBooting  = "allow booting"
	keyBOOTP    = "allow bootp"
	keyUnknown  = "allow unknown-clients"
	keyDeclines = "allow declines"
)

// flag is on or off, true or false.
func (c *compiler) flag(s statement, p place) {
	data, err := yesNo.encode(s.pos(), s.words[0].text, s.words[1:])
	if err != nil {
		c.failed(err)
		return
	}
	key := strings.ToLower(s.words[0].text)
	if other := map[string]string{"boot-unknown-clients": keyUnknown, "allow-booting": keyBooting, "allow-bootp": keyBOOTP}[key]; other != "" {
		key = other
	}
	c.set(p, setting{Pos: s.pos(), key: key, num: uint32(data[0])})
}

// allow is `allow WHAT`, `deny WHAT` or `ignore WHAT`. The last two are one: a
// client that is denied gets no answer either.
func (c *compiler) allow(s statement, p place) {
	if p.pool != nil {
		c.permit(s, p)
		return
	}
	allowed := setting{Pos: s.pos(), num: 1}
	if !s.is("allow") {
		allowed.num = 0
	}
	var words []string
	for _, w := range s.words[1:] {
		words = append(words, strings.ToLower(w.text))
	}
	switch what := strings.Join(words, " "); what {
	case "booting", "bootp", "unknown-clients", "declines":
		allowed.key = "allow " + what
		c.set(p, allowed)
	case "client-updates", "duplicates": // DNS is not updated, and a machine has one lease
	case "leasequery":
		if allowed.num == 1 {
			c.warn(s.pos(), "questions about leases (RFC 4388) are not answered")
		}
	case "dynamic-bootp":
		if allowed.num == 0 {
			c.fail(s.pos(), "leave it out, and dynamic-bootp in ranges too", "%s is not supported", sentence(s))
		}
	default:
		if len(words) > 0 && slices.Contains([]string{"known-clients", "known", "unknown", "members", "all", "dynamic"}, words[0]) {
			c.fail(s.pos(), "move it to a pool", "%s is not supported outside of a pool", sentence(s))
			return
		}
		c.fail(s.pos(), "write booting, bootp, unknown-clients, declines, duplicates, client-updates or leasequery", "%s is not supported", sentence(s))
	}
}

// vendorSpace is `vendor-option-space NAME`: whose suboptions are option 43.
func (c *compiler) vendorSpace(s statement, p place) {
	name := strings.ToLower(s.words[len(s.words)-1].text)
	if _, known := c.spaces[name]; len(s.words) != 2 || s.words[1].kind != kindWord || !known {
		c.fail(s.pos(), "write option space NAME; before, then vendor-option-space NAME;", "vendor-option-space without the name of an option space")
		return
	}
	c.set(p, setting{Pos: s.pos(), key: "vendor-option-space", data: []byte(name)})
}
