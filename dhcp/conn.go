package dhcp

import (
	"net"
	"net/netip"
	"time"
)

// Datagram is a UDP datagram on one interface.
type Datagram struct {
	Payload []byte
	// Src is the sender. On the way out its address is option 54 of the reply,
	// and its port the port that the client wrote to.
	Src netip.AddrPort
	// Dst is the destination as the IP header has it: our address, or a
	// broadcast address.
	Dst netip.AddrPort
	// DstMAC is the destination of the frame on the way out; nil: found by ARP.
	// On the way in it is not set.
	DstMAC net.HardwareAddr
}

// Conn is a UDP port on one interface, as a DHCP server needs it: it tells what
// address a datagram was sent to, and reaches clients that have no address.
type Conn interface {
	// ReadBatch waits for a datagram, takes as many more as are there already,
	// and returns how many of ds it set. It reads into the Payloads' whole
	// capacity; a longer datagram is cut.
	ReadBatch(ds []Datagram) (int, error)
	// Write sends a datagram. It does not keep the Payload.
	Write(d Datagram) error
	// SetReadDeadline makes ReadBatch return os.ErrDeadlineExceeded after t.
	SetReadDeadline(t time.Time) error
}
