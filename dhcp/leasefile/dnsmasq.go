package leasefile

import (
	"bufio"
	"fmt"
	"strconv"
	"strings"
)

// parseDnsmasq reads dnsmasq.leases: a line a lease, of five words,
//
//	1767326645 52:54:00:12:34:56 192.168.122.107 node1 01:52:54:00:12:34:56
//
// the end of the lease in Unix seconds, 0 for one without end; the hardware address,
// with its type in hex before it, as in "06-", where that is not Ethernet; the
// address; the host name and the client identifier, "*" where there is none. Leases
// of DHCPv6 are behind a line "duid".
func parseDnsmasq(b *bufio.Reader, c *collector) error {
	six, at := 0, 0
	err := eachLine(b, func(n int, line string, torn bool) error {
		words := strings.Fields(line)
		switch {
		case len(words) == 0:
			return nil
		case words[0] == "duid":
			at = n
			return nil
		case torn:
			c.damaged(n, errTorn)
			return nil
		}
		r, err := dnsmasqRecord(words)
		if err != nil {
			c.damaged(n, err)
			return nil
		}
		if !r.Addr.Is4() {
			if six++; at == 0 {
				at = n
			}
			return nil
		}
		r.Line = n
		return c.add(r)
	})
	if six > 0 {
		c.skip(at, "%d leases of DHCPv6", six)
	}
	return err
}

func dnsmasqRecord(words []string) (r Record, err error) {
	if len(words) != 5 {
		return r, fmt.Errorf("%d words are not the five of a lease", len(words))
	}
	end, err := unixTime(words[0])
	if err != nil {
		return r, err
	}
	if end.Unix() != 0 {
		r.Expires = end
	}
	if r.Addr, err = parseAddr(words[2]); err != nil || !r.Addr.Is4() {
		return r, err // of DHCPv6 the second word is a number
	}
	r.HType = hTypeEthernet
	mac := words[1]
	if kind, rest, ok := strings.Cut(mac, "-"); ok {
		n, err := strconv.ParseUint(kind, 16, 8)
		if err != nil {
			return r, fmt.Errorf("%q is not a hardware type in hex", kind)
		}
		r.HType, mac = uint8(n), rest
	}
	if r.HWAddr, err = parseHWAddr(mac); err != nil {
		return r, err
	}
	if words[3] != "*" {
		r.Name = hostName(words[3])
	}
	if words[4] != "*" {
		if r.ClientID, err = parseHex(words[4]); err != nil {
			return r, fmt.Errorf("client identifier: %w", err)
		}
	}
	return r, nil
}
