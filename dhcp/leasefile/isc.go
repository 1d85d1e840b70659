package leasefile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// iscWords are the words that statements of dhcpd.leases (dhcpd.leases(5)) begin
// with outside of a lease, and what becomes of those.
var iscWords = map[string]string{
	"lease":                iscRead,
	"authoring-byte-order": iscIgnored, "server-duid": iscIgnored, "failover": iscIgnored,
	"option": iscIgnored, "set": iscIgnored,
	"host":     "a host that was made by OMAPI: reserve its address with `pxe leases reserve`, or put it into the configuration",
	"group":    "a group that was made by OMAPI",
	"subgroup": "a group that was made by OMAPI",
	"class":    "a class that was made by OMAPI", "subclass": "a class that was made by OMAPI",
	"ia-na": "a lease of DHCPv6", "ia-ta": "a lease of DHCPv6", "ia-pd": "a lease of DHCPv6",
}

const (
	iscRead    = "read"
	iscIgnored = "ignored" // tells of no lease
)

// parseISC reads dhcpd.leases. A lease is a block,
//
//	lease 192.168.122.107 {
//	  ends 5 2026/01/02 09:04:05;
//	  binding state active;
//	  hardware ethernet 52:54:00:12:34:56;
//	  uid "\001RT\000\0224V";
//	  client-hostname "node1";
//	}
//
// A block that is cut off by the end of the file does not count.
func parseISC(b *bufio.Reader, c *collector) error {
	s := &iscScanner{b: b, line: 1}
	for {
		words, line, end, err := s.statement()
		switch {
		case err != nil:
			return err
		case len(words) == 0 && end == endOfFile:
			return nil
		case len(words) == 0 && end == ";": // an empty one
			continue
		case len(words) == 0:
			return fmt.Errorf("line %d: %q without what it is of", line, end)
		case end == "}":
			return fmt.Errorf("line %d: a } without its {", s.line)
		}
		what := iscWords[words[0].text]
		if what == iscRead && end == "{" {
			if err := s.lease(words[1:], line, c); err != nil {
				return err
			}
			continue
		}
		if end == "{" {
			if end, err = s.skipBlock(); err != nil {
				return err
			}
		}
		switch {
		case end == endOfFile:
			c.damaged(line, errTorn)
		case what == "" || what == iscRead:
			c.damaged(line, fmt.Errorf("%q begins no statement of dhcpd.leases", words[0].text))
		case what != iscIgnored:
			c.skip(line, "%s", what)
		}
	}
}

// lease reads the block of a lease, behind its {.
func (s *iscScanner) lease(head []iscWord, line int, c *collector) error {
	if len(head) == 0 {
		return fmt.Errorf("line %d: a lease without its address, as a client (dhclient) keeps them: %w", line, ErrFormat)
	}
	r := Record{Line: line}
	ends, badAt := false, line
	addr, bad := parseAddr(head[0].text)
	switch {
	case bad == nil && !addr.Is4():
		bad = fmt.Errorf("%s is not an IPv4 address", addr)
	case len(head) > 1:
		bad = errors.New("a lease with more than an address")
	}
	r.Addr = addr
	for {
		words, at, end, err := s.statement()
		if err != nil {
			return err
		}
		switch {
		case end == endOfFile:
			c.damaged(line, errTorn)
			return nil
		case end == "{": // on expiry { ... }
			if end, err = s.skipBlock(); err != nil {
				return err
			}
			if end == endOfFile {
				c.damaged(line, errTorn)
				return nil
			}
			continue
		case len(words) > 0 && end == ";":
			ends = ends || words[0].text == "ends"
			if err := r.iscStatement(words); err != nil && bad == nil {
				bad, badAt = err, at
			}
			continue
		case len(words) > 0 && bad == nil:
			bad, badAt = errors.New("a statement without its ;"), at
		}
		if end == "}" {
			break
		}
	}
	if bad == nil && r.Over == "" && !ends {
		bad = errors.New("a lease without its end")
	}
	if bad != nil {
		c.damaged(badAt, bad)
		return nil
	}
	return c.add(r)
}

// iscStatement takes a statement of a lease. Those that say nothing of who has it
// are passed over.
func (r *Record) iscStatement(words []iscWord) (err error) {
	word := func(i int) string {
		if i < len(words) {
			return words[i].text
		}
		return ""
	}
	switch words[0].text {
	case "ends":
		r.Expires, err = iscTime(words[1:])
	case "binding":
		if word(1) != "state" || len(words) != 3 {
			return errors.New("want `binding state` and a word")
		}
		r.Over = word(2)
		if r.Over == "active" {
			r.Over = ""
		}
	case "abandoned": // of versions before 3.0
		r.Over = word(0)
	case "hardware":
		if len(words) != 3 {
			return errors.New("want `hardware`, its type and an address")
		}
		if r.HType, err = iscHardware(word(1)); err == nil {
			r.HWAddr, err = parseHWAddr(word(2))
		}
	case "uid":
		if len(words) != 2 || word(1) == "" || len(word(1)) > 255 && words[1].quoted {
			return errors.New("want `uid` and a client identifier of up to 255 bytes")
		}
		if r.ClientID = []byte(word(1)); !words[1].quoted {
			r.ClientID, err = parseHex(word(1))
		}
	case "client-hostname":
		if len(words) != 2 {
			return errors.New("want `client-hostname` and a name")
		}
		r.Name = hostName(word(1))
	}
	return err
}

// iscHardware is the number of a type of hardware.
func iscHardware(name string) (uint8, error) {
	switch name {
	case "ethernet":
		return hTypeEthernet, nil
	case "token-ring":
		return 6, nil
	case "fddi":
		return 8, nil
	case "infiniband":
		return hTypeInfiniBand, nil
	}
	if n, err := strconv.ParseUint(strings.TrimPrefix(name, "unknown-"), 10, 8); err == nil {
		return uint8(n), nil
	}
	return 0, fmt.Errorf("%q is not a type of hardware", name)
}

// iscTime reads "never", "epoch 1767344645" or "5 2026/01/02 09:04:05", where the
// first number is the day of the week.
func iscTime(words []iscWord) (time.Time, error) {
	var texts []string
	for _, w := range words {
		texts = append(texts, w.text)
	}
	text := strings.Join(texts, " ")
	switch {
	case text == "never":
		return time.Time{}, nil
	case len(words) == 2 && words[0].text == "epoch":
		return unixTime(words[1].text)
	case len(words) == 3:
		t, err := time.Parse("2006/1/2 15:4:5", texts[1]+" "+texts[2])
		if err == nil && t.Unix() >= 0 && t.Nanosecond() == 0 { // fractions are what Parse adds
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time", text)
}

// iscWord is a word or a string of a file.
type iscWord struct {
	text   string
	quoted bool
}

// endOfFile is what ends a statement that is cut off.
const endOfFile = ""

// maxWords is more than any statement of interest has.
const maxWords = 256

// iscScanner splits a file into statements.
type iscScanner struct {
	b    *bufio.Reader
	line int
}

// statement reads up to the next `;`, `{`, `}` or the end of the file, and tells
// which it was and where the statement began.
func (s *iscScanner) statement() (words []iscWord, line int, end string, err error) {
	line = s.line
	for {
		w, err := s.word()
		switch {
		case err == io.EOF:
			return words, line, endOfFile, nil
		case err != nil:
			return nil, line, "", fmt.Errorf("line %d: %w", s.line, err)
		case !w.quoted && (w.text == ";" || w.text == "{" || w.text == "}"):
			return words, line, w.text, nil
		case len(words) == 0:
			line = s.line
		}
		if words = append(words, w); len(words) > maxWords {
			return nil, line, "", fmt.Errorf("line %d: a statement of more than %d words", line, maxWords)
		}
	}
}

// skipBlock reads to the } of a block whose { was read. The end is that, or the
// end of the file.
func (s *iscScanner) skipBlock() (end string, err error) {
	for depth := 1; depth > 0; {
		_, _, end, err = s.statement()
		switch {
		case err != nil || end == endOfFile:
			return end, err
		case end == "{":
			depth++
		case end == "}":
			depth--
		}
	}
	return end, nil
}

// word reads the next word, string, or one of ; { }. The error is io.EOF also in
// the middle of a string.
func (s *iscScanner) word() (iscWord, error) {
	for {
		c, err := s.next()
		switch {
		case err != nil:
			return iscWord{}, err
		case c == '#':
			for c != '\n' {
				if c, err = s.next(); err != nil {
					return iscWord{}, err
				}
			}
		case strings.IndexByte(" \t\r\n", c) >= 0:
		case c == '"':
			text, err := s.quoted()
			return iscWord{text, true}, err
		case strings.IndexByte(";{}", c) >= 0:
			return iscWord{text: string(c)}, nil
		default:
			text, err := s.plain(c)
			return iscWord{text: text}, err
		}
	}
}

func (s *iscScanner) plain(first byte) (string, error) {
	text := []byte{first}
	for {
		next, err := s.b.Peek(1)
		if err == io.EOF || err == nil && bytes.IndexByte([]byte(" \t\r\n;{}\"#"), next[0]) >= 0 {
			return string(text), nil
		}
		if err != nil {
			return "", err
		}
		s.b.Discard(1)
		if text = append(text, next[0]); len(text) > maxLine {
			return "", fmt.Errorf("a word of more than %d bytes", maxLine)
		}
	}
}

// quoted reads a string behind its first quote. dhcpd writes what cannot be
// printed as a backslash and three octal digits.
func (s *iscScanner) quoted() (string, error) {
	var text []byte
	for {
		c, err := s.next()
		if err != nil {
			return "", err
		}
		switch c {
		case '"':
			return string(text), nil
		case '\\':
			if c, err = s.escaped(); err != nil {
				return "", err
			}
		}
		if text = append(text, c); len(text) > maxLine {
			return "", fmt.Errorf("a string of more than %d bytes", maxLine)
		}
	}
}

func (s *iscScanner) escaped() (byte, error) {
	c, err := s.next()
	if err != nil || c < '0' || c > '7' {
		return c, err
	}
	n := int(c - '0')
	for range 2 {
		digit, err := s.b.Peek(1)
		if err != nil {
			return 0, err
		}
		if digit[0] < '0' || digit[0] > '7' {
			break
		}
		s.b.Discard(1)
		n = n<<3 | int(digit[0]-'0')
	}
	if n > 255 {
		return 0, fmt.Errorf("\\%o is no byte", n)
	}
	return byte(n), nil
}

// next reads a byte and counts lines.
func (s *iscScanner) next() (byte, error) {
	c, err := s.b.ReadByte()
	if c == '\n' {
		s.line++
	}
	return c, err
}
