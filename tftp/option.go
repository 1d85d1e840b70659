package tftp

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Option is one option of a request or an OACK (RFC 2347). A list keeps the
// order of the wire, which some loaders depend on.
type Option struct {
	Name, Value string
}

// The options that both ends understand, as they are written on the wire: GRUB
// compares them in lower case.
const (
	optBlockSize = "blksize"    // RFC 2348
	optTimeout   = "timeout"    // RFC 2349, seconds
	optSize      = "tsize"      // RFC 2349, bytes
	optWindow    = "windowsize" // RFC 7440, blocks
)

// maxWindow is the largest windowsize there is (RFC 7440 section 3).
const maxWindow = 65535

// findOption returns the first option of that name. Names are compared without
// regard to case (RFC 2347); a repeated option is not allowed there, and the
// repetition has no effect.
func findOption(options []Option, name string) (value string, ok bool) {
	for _, o := range options {
		if strings.EqualFold(o.Name, name) {
			return o.Value, true
		}
	}
	return "", false
}

// number reads the value of o, which the RFC bounds by least and most.
func (o Option) number(least, most int64) (int64, error) {
	n, err := strconv.ParseUint(o.Value, 10, 63)
	if err != nil || int64(n) < least || int64(n) > most {
		return 0, fmt.Errorf("option %s: %.20q is not a number from %d to %d", strings.ToLower(o.Name), o.Value, least, most)
	}
	return int64(n), nil
}

// atMost reads the value of o as number does, and lowers what is larger than
// most where number refuses it.
func (o Option) atMost(least, most int64) (int64, error) {
	if n, err := strconv.ParseUint(o.Value, 10, 32); err == nil && int64(n) > most {
		return most, nil
	}
	return o.number(least, most)
}

// terms are what the two ends of a transfer agreed on. Without options they
// are those of RFC 1350.
type terms struct {
	blockSize int           // bytes
	window    int           // blocks
	interval  time.Duration // between resends; 0 leaves it to the measured round trip
}

func plainTerms() terms { return terms{blockSize: DefaultBlockSize, window: 1} }
