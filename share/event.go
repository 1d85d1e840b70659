package share

import (
	"net/netip"
	"time"
)

// Event is one request that reached the tree, and its answer. What net/http
// refuses before, because it is no HTTP or its header is too long, is not told.
type Event struct {
	Time      time.Time      // when the request arrived
	Client    netip.AddrPort // the zero value when the transport has no addresses
	UserAgent string         // as sent: untrusted text
	Method    string         // as sent: untrusted text
	Path      string         // percent-decoded, not cleaned: untrusted text
	Range     string         // the Range header as sent, "" for the whole file
	Status    int            // the HTTP status of the answer
	Length    int64          // bytes of body announced, -1 when none were
	Bytes     int64          // bytes of body sent
	Duration  time.Duration  // until the last byte was handed to the network
	Err       error          // why the answer was not given or not finished; nil when it was
}
