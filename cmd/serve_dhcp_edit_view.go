package cmd

import (
	"net/netip"
	"time"

	"pxe/dhcp/lease"
)

// eventEdited is a change of leases by `pxe leases`.
const eventEdited = "lease-edited"

// editedJSON is the line of such a change; the imported leases of a request have
// one together.
type editedJSON struct {
	Event   string      `json:"event"` // "lease-edited"
	Time    time.Time   `json:"time"`
	Do      string      `json:"do"` // "release", "reserve", "unreserve", "import"
	Address *netip.Addr `json:"address,omitempty"`
	leaseClient
	Count int `json:"count,omitempty"` // of "import"
}

// editWords say what was done.
var editWords = map[lease.EditKind]string{
	lease.EditRelease: "released by hand", lease.EditReserve: "reserved by hand",
	lease.EditUnreserve: "no more reserved", lease.EditImport: "imported leases",
}

// edited tells what a command has changed.
func (v dhcpView) edited(edits []lease.Edit, outcomes []lease.Outcome) {
	imported := 0
	for i, o := range outcomes {
		switch do := edits[i].Do; {
		case o.Error != "":
		case do == lease.EditImport:
			imported++
		case v.json != nil:
			v.write(editedJSON{Event: eventEdited, Time: time.Now(), Do: string(do), Address: &o.Lease.Addr, leaseClient: clientOf(o.Lease.Key)})
		default:
			v.log.Info(editWords[do], "addr", o.Lease.Addr, "client", clientOf(o.Lease.Key))
		}
	}
	switch {
	case imported == 0:
	case v.json != nil:
		v.write(editedJSON{Event: eventEdited, Time: time.Now(), Do: string(lease.EditImport), Count: imported})
	default:
		v.log.Info(editWords[lease.EditImport], "count", imported)
	}
}

// void warns of reservations that the configuration leaves no place for.
func (v dhcpView) void(reservations []lease.Lease) {
	for _, l := range reservations {
		v.log.Warn("a reservation is of no effect: the address is in no subnet, or taken by the configuration; `pxe leases unreserve` forgets it",
			"addr", l.Addr, "client", clientOf(l.Key))
	}
}

// outside warns of leases on addresses that are not served.
func (v dhcpView) outside(count int) {
	if count > 0 {
		v.log.Warn("some leases are outside of what is served: their machines get other addresses; they are kept until they end", "count", count)
	}
}
