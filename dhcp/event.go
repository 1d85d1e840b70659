package dhcp

import (
	"net"
	"net/netip"
	"time"

	"pxe/boot"
)

// EventKind is what happened.
type EventKind uint8

// The kinds of events.
const (
	EventOffer         EventKind = iota // an address was offered
	EventAck                            // an address was bound, and the lease is on disk
	EventNak                            // a claim was refused
	EventInform                         // a client with an address of its own was told the rest
	EventBOOTP                          // a known BOOTP client was answered
	EventProxy                          // a boot file was offered beside another server's address
	EventBoot                           // the boot service on port 4011 named a file
	EventRelease                        // a client gave its address back
	EventDecline                        // a client found its address in use, or our replies contradictory
	EventIgnored                        // no reply, for a reason
	EventMalformed                      // a datagram that cannot be read
	EventExhausted                      // no address is left
	EventPoolLow                        // over 90 percent of a pool's addresses are taken
	EventConflict                       // somebody else uses the address that was to be offered
	EventUnprobed                       // an address was offered though nobody could be asked who has it
	EventLimited                        // a message too many, dropped unread
	EventUnknownArch                    // a boot client of an architecture that is in no registry
	EventNoFile                         // a boot client for which no boot file is configured
	EventJournal                        // leases could not be written, so their replies were not sent
	EventSend                           // a reply could not be sent
	EventForeignServer                  // another server gives addresses on the same network
	EventSearch                         // other servers could not be looked for

	eventKinds
)

var eventNames = [eventKinds]string{
	"offer", "ack", "nak", "inform", "bootp", "proxy", "boot", "release", "decline", "ignored",
	"malformed", "exhausted", "pool-low", "conflict", "unprobed", "limited",
	"unknown-arch", "no-file", "journal", "send", "foreign-server", "search",
}

func (k EventKind) String() string {
	if k < eventKinds {
		return eventNames[k]
	}
	return "unknown"
}

// Event is one thing that happened. Fields that its kind has no use for are
// zero.
type Event struct {
	Time    time.Time
	Kind    EventKind
	Type    MessageType  // of the client's message
	Machine boot.Machine // who sent it
	Server  netip.Addr   // the other server, of EventForeignServer
	Addr    netip.Addr   // offered (by the other server too), bound, refused, released, declined, in use
	Name    string       // the client's host name
	File    string       // what it was told to boot, or would be by the other server
	Rule    string       // which rule or entry of the configuration named the file
	Lease   time.Duration
	Relay   netip.Addr       // the relay that the message came through
	Path    Path             // where the reply went
	Reason  string           // why: of a refusal, of silence, of a decline
	Err     error            // EventMalformed, EventJournal, EventSend, EventSearch, EventUnprobed
	Holder  net.HardwareAddr // who has the address, of EventConflict
	Taken   int              // of EventPoolLow: so many of Size addresses
	Size    int
}

// Warning reports whether the event is one that somebody should look at.
func (e Event) Warning() bool {
	switch e.Kind {
	case EventNak, EventDecline, EventMalformed, EventExhausted, EventPoolLow, EventConflict, EventUnprobed, EventLimited,
		EventUnknownArch, EventNoFile, EventJournal, EventSend, EventForeignServer, EventSearch:
		return true
	}
	return false
}
