package tftp

import (
	"strconv"
	"strings"
	"time"
)

// limits are what a server grants at most.
type limits struct {
	blockSize, window int
}

// negotiate answers the options of a request for a file of size bytes (RFC 2347
// section 4). The OACK holds what was asked for and is understood, in the order
// of the request and with names in lower case: GRUB and PXELINUX insist. It is
// nil when nothing is understood; then the transfer is that of RFC 1350.
//
// Values are lowered to the limits, never raised. A value that its RFC forbids
// ends the negotiation with an ERROR 8: sending in a shape that was not asked
// for is what firmware stumbles over.
func negotiate(asked []Option, size int64, most limits) (agreed terms, oack []Option, err error) {
	agreed = plainTerms()
	for i, o := range asked {
		name := strings.ToLower(o.Name)
		if _, again := findOption(asked[:i], name); again {
			continue
		}
		var n int64
		value := ""
		switch name {
		case optBlockSize:
			n, err = o.atMost(MinBlockSize, MaxBlockSize)
			n = min(n, int64(most.blockSize))
			agreed.blockSize = int(n)
		case optWindow:
			n, err = o.number(1, maxWindow)
			n = min(n, int64(most.window))
			agreed.window = int(n)
		case optTimeout:
			n, err = o.number(1, 255)
			agreed.interval = time.Duration(n) * time.Second
			value = o.Value // U-Boot and EDK2 want it back as they wrote it
		case optSize:
			n = size // whatever the client wrote; it should be 0
		default:
			continue
		}
		if err != nil {
			return terms{}, nil, &Error{CodeOption, err.Error()}
		}
		if value == "" {
			value = strconv.FormatInt(n, 10)
		}
		oack = append(oack, Option{name, value})
	}
	return agreed, oack, nil
}

// Header sizes of an IP packet with one TFTP block: IP, UDP and TFTP.
const (
	overheadIPv4 = 20 + 8 + headerSize
	overheadIPv6 = 40 + 8 + headerSize
)

// blockLimit is the largest block for a path of that MTU, so that no block is
// fragmented: many ROMs cannot put fragments together. An unknown MTU (0) limits
// nothing, and one too small for RFC 1350 does not help.
func blockLimit(most, mtu int, ipv6 bool) int {
	if mtu <= 0 {
		return most
	}
	overhead := overheadIPv4
	if ipv6 {
		overhead = overheadIPv6
	}
	return min(most, max(mtu-overhead, DefaultBlockSize))
}
