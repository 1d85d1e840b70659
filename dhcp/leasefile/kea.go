package leasefile

import (
	"bufio"
	"fmt"
	"strconv"
	"strings"
)

// parseKea reads a CSV file of Kea's memfile, kea-leases4.csv or one that its lease
// file cleanup has left (the ends are .1, .2, .output and .completed). The first
// line names the columns, whose order and number differ between versions:
//
//	address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context
//
// There are no quotes; a comma in a value is "&#x2c".
func parseKea(b *bufio.Reader, c *collector) error {
	var columns map[string]int
	return eachLine(b, func(n int, line string, torn bool) error {
		fields := strings.Split(line, ",")
		switch {
		case strings.TrimSpace(line) == "":
			return nil
		case columns == nil:
			var err error
			columns, err = keaColumns(fields)
			return err
		case torn:
			c.damaged(n, errTorn)
			return nil
		case len(fields) != len(columns):
			c.damaged(n, fmt.Errorf("%d values are not the %d of the first line", len(fields), len(columns)))
			return nil
		}
		r, err := keaRecord(func(column string) string {
			i, ok := columns[column]
			if !ok {
				return ""
			}
			return keaText(fields[i])
		})
		if err != nil {
			c.damaged(n, err)
			return nil
		}
		r.Line = n
		return c.add(r)
	})
}

func keaColumns(names []string) (map[string]int, error) {
	columns := make(map[string]int, len(names))
	for i, name := range names {
		columns[strings.TrimSpace(name)] = i
	}
	if _, ok := columns["duid"]; ok {
		return nil, fmt.Errorf("line 1: leases of DHCPv6: %w", ErrFormat)
	}
	for _, name := range []string{"address", "hwaddr", "client_id", "valid_lifetime", "expire"} {
		if _, ok := columns[name]; !ok {
			return nil, fmt.Errorf("line 1: there is no column %q: %w", name, ErrFormat)
		}
	}
	if len(columns) != len(names) {
		return nil, fmt.Errorf("line 1: a column is there twice: %w", ErrFormat)
	}
	return columns, nil
}

// keaStates are the states of a lease in Kea (lease.h); without that column every
// lease has the first one.
var keaStates = map[string]string{
	"": "", "0": "", "1": "declined", "2": "expired and reclaimed", "3": "released", "4": "registered",
}

// keaInfinite is the lifetime of a lease without end (RFC 2131 3.3).
const keaInfinite = "4294967295"

func keaRecord(value func(column string) string) (r Record, err error) {
	r.Addr, err = parseAddr(value("address"))
	if err != nil || !r.Addr.Is4() {
		return r, fmt.Errorf("%q is not an IPv4 address", value("address"))
	}
	r.HType = hTypeEthernet
	if mac := value("hwaddr"); mac != "" {
		if r.HWAddr, err = parseHWAddr(mac); err != nil {
			return r, err
		}
	}
	if id := value("client_id"); id != "" {
		if r.ClientID, err = parseHex(id); err != nil {
			return r, fmt.Errorf("client identifier: %w", err)
		}
	}
	if value("valid_lifetime") != keaInfinite {
		if r.Expires, err = unixTime(value("expire")); err != nil {
			return r, err
		}
	}
	r.Name = hostName(strings.TrimSuffix(value("hostname"), "."))
	over, ok := keaStates[value("state")]
	switch {
	case !ok:
		return r, fmt.Errorf("%q is not a state of a lease", value("state"))
	case value("valid_lifetime") == "0": // how Kea writes down that it deleted one
		over = "deleted"
	}
	r.Over = over
	return r, nil
}

// keaText undoes what Kea does to characters that its CSV cannot hold: "&#x" and
// two digits stand for one.
func keaText(s string) string {
	const escape = "&#x"
	if !strings.Contains(s, escape) {
		return s
	}
	var out strings.Builder
	for {
		before, rest, ok := strings.Cut(s, escape)
		out.WriteString(before)
		if !ok {
			return out.String()
		}
		s = rest
		if len(rest) >= 2 {
			if b, err := strconv.ParseUint(rest[:2], 16, 8); err == nil {
				out.WriteByte(byte(b))
				s = rest[2:]
				continue
			}
		}
		out.WriteString(escape)
	}
}
