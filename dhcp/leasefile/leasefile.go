// Package leasefile reads the lease files of other DHCP servers: dhcpd.leases of
// ISC dhcpd, dnsmasq.leases, and the CSV files of Kea's memfile. It tells who had
// which IPv4 address until when, and of each line that it makes nothing of, why.
package leasefile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"pxe/dhcp/lease"
)

// Format is whose file it is.
type Format string

// The formats.
const (
	ISC     Format = "isc"
	Dnsmasq Format = "dnsmasq"
	Kea     Format = "kea"
)

// Record is what a file says of an address. Of several in one file the last one
// counts, as for the servers themselves.
type Record struct {
	Line     int // where it begins
	Addr     netip.Addr
	HType    uint8 // IANA "Hardware Types": 1 is Ethernet
	HWAddr   net.HardwareAddr
	ClientID []byte // option 61; nil: none
	Name     string // host name
	// Expires is in whole seconds. The zero Time means never.
	Expires time.Time
	// Over is what the server calls a lease that nobody has: "free", "released",
	// "declined". Empty: somebody has it, if it has not expired.
	Over string
}

// Key is whose lease it is for our server, by the rule of dhcp.Config.ByClientID;
// ok is false where the record names nobody.
func (r *Record) Key(byID bool) (key lease.Key, ok bool) {
	if (byID || r.HType == hTypeInfiniBand) && len(r.ClientID) > 0 {
		return lease.Key(r.ClientID), true
	}
	if len(r.HWAddr) == 0 {
		return "", false
	}
	return lease.Key(append([]byte{r.HType}, r.HWAddr...)), true
}

const (
	hTypeEthernet   = 1
	hTypeInfiniBand = 32
)

// LeftOut is a part of a file that gave no record.
type LeftOut struct {
	Line   int // of what is wrong, or where the part begins
	Reason string
	// Damaged is one that the server itself could not have meant.
	Damaged bool
}

// File is what was found in a file.
type File struct {
	Records []Record // by address
	LeftOut []LeftOut
}

// ErrFormat is a file of none of these servers, or of another than was said.
var ErrFormat = errors.New("not a lease file of ISC dhcpd, dnsmasq or Kea")

const (
	maxLine    = 64 << 10 // of a line, a word or a string, in bytes
	maxRecords = 1 << 20  // addresses of one file
)

// collector gathers the records of a file.
type collector struct {
	byAddr  map[netip.Addr]Record
	leftOut []LeftOut
}

// add takes a record in place of an earlier one.
func (c *collector) add(r Record) error {
	if _, ok := c.byAddr[r.Addr]; !ok && len(c.byAddr) == maxRecords {
		return fmt.Errorf("line %d: more than %d addresses", r.Line, maxRecords)
	}
	c.byAddr[r.Addr] = r
	return nil
}

func (c *collector) skip(line int, format string, args ...any) {
	c.leftOut = append(c.leftOut, LeftOut{Line: line, Reason: fmt.Sprintf(format, args...)})
}

func (c *collector) damaged(line int, err error) {
	c.leftOut = append(c.leftOut, LeftOut{Line: line, Reason: err.Error(), Damaged: true})
}

// Parse reads a file of the given format; the empty one means what Detect says.
// Damage in a file costs the damaged lines alone. The error, which names the line,
// is ErrFormat, one of r, or that of a file too large to be one.
func Parse(r io.Reader, format Format) (*File, Format, error) {
	b := bufio.NewReaderSize(r, maxLine)
	start, err := b.Peek(detectSize)
	if err != nil && err != io.EOF {
		return nil, format, err
	}
	if format == "" {
		if format, err = Detect(start); err != nil {
			return nil, format, err
		}
	}
	c := &collector{byAddr: make(map[netip.Addr]Record)}
	switch format {
	case ISC:
		err = parseISC(b, c)
	case Dnsmasq:
		err = parseDnsmasq(b, c)
	case Kea:
		err = parseKea(b, c)
	default:
		err = fmt.Errorf("%q: %w", format, ErrFormat)
	}
	if err != nil {
		return nil, format, err
	}
	f := &File{LeftOut: c.leftOut}
	for _, rec := range c.byAddr {
		f.Records = append(f.Records, rec)
	}
	slices.SortFunc(f.Records, func(a, b Record) int { return a.Addr.Compare(b.Addr) })
	return f, format, nil
}

// detectSize is how much of a file has to be seen: dhcpd puts comments first.
const detectSize = 4 << 10

// Detect says whose file begins like this. An empty file is dnsmasq's: the others
// are never empty. The error is ErrFormat.
func Detect(start []byte) (Format, error) {
	for line := range bytes.Lines(start) {
		text := strings.TrimSpace(string(line))
		word, _, _ := strings.Cut(text, " ")
		switch {
		case text == "", strings.HasPrefix(text, "#"):
			continue
		case strings.HasPrefix(text, "address,"):
			return Kea, nil
		case iscWords[strings.TrimRight(word, "{;")] != "":
			return ISC, nil
		case word == "duid", isDigits(word):
			return Dnsmasq, nil
		}
		return "", ErrFormat
	}
	if len(bytes.TrimSpace(start)) > 0 { // comments alone
		return ISC, nil
	}
	return Dnsmasq, nil
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// eachLine calls f for each line, numbered from 1, without its end. A last line
// without an end is torn.
func eachLine(b *bufio.Reader, f func(n int, line string, torn bool) error) error {
	for n := 1; ; n++ {
		line, err := b.ReadSlice('\n')
		switch {
		case err == bufio.ErrBufferFull:
			return fmt.Errorf("line %d: longer than %d bytes", n, maxLine)
		case err == io.EOF && len(line) == 0:
			return nil
		case err != nil && err != io.EOF:
			return fmt.Errorf("line %d: %w", n, err)
		}
		if err := f(n, strings.TrimRight(string(line), "\r\n"), err == io.EOF); err != nil {
			return err
		}
	}
}

// errTorn is what a server that was killed, or a full disk, leaves at the end.
var errTorn = errors.New("the file ends in the middle of it")

// parseHex reads bytes as "52:54:00"; at most 255, as an option has.
func parseHex(s string) ([]byte, error) {
	var all []byte
	for part := range strings.SplitSeq(s, ":") {
		var b byte
		if len(part) == 0 || len(part) > 2 {
			return nil, fmt.Errorf("%q is no list of bytes in hex", s)
		}
		for _, c := range []byte(strings.ToLower(part)) {
			digit := strings.IndexByte("0123456789abcdef", c)
			if digit < 0 {
				return nil, fmt.Errorf("%q is no list of bytes in hex", s)
			}
			b = b<<4 | byte(digit)
		}
		all = append(all, b)
	}
	if len(all) > 255 {
		return nil, fmt.Errorf("%d bytes are more than the 255 of an option", len(all))
	}
	return all, nil
}

// maxHWAddr is how long a hardware address is at most: the chaddr of a message
// (RFC 2131 2), which InfiniBand's 20 bytes do not fit.
const maxHWAddr = 20

func parseHWAddr(s string) (net.HardwareAddr, error) {
	b, err := parseHex(s)
	if err == nil && len(b) > maxHWAddr {
		err = fmt.Errorf("%q is too long for a hardware address", s)
	}
	return b, err
}

func parseAddr(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return netip.Addr{}, fmt.Errorf("%q is not an address", s)
	}
	return a, nil
}

// maxUnix is the end of the year 9999, the last one that our journal can hold.
const maxUnix = 253402300799

// unixTime is a time in seconds since 1970, read from a file.
func unixTime(s string) (time.Time, error) {
	var n int64
	for _, c := range []byte(s) {
		if c < '0' || c > '9' || n > maxUnix {
			n = -1
			break
		}
		n = n*10 + int64(c-'0')
	}
	if s == "" || n < 0 || n > maxUnix {
		return time.Time{}, fmt.Errorf("%q is not a time in seconds", s)
	}
	return time.Unix(n, 0).UTC(), nil
}

// hostName is a name as it is kept with a lease.
func hostName(s string) string { return s[:min(len(s), 255)] }
