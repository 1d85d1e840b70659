package wire

import "errors"

// Sizes in bytes. A frame is counted from the destination address to the end
// of the payload, without preamble and checksum (IEEE 802.3).
const (
	// MTU is what a frame of a Switch carries at most.
	MTU = 1500

	headerSize = 14 // destination, source, type
	tagSize    = 4  // IEEE 802.1Q
	maxFrame   = headerSize + tagSize + MTU
	minFrame   = 60 // shorter ones are padded by a network card
)

// ErrFrameSize is the answer to a frame that is no Ethernet frame: shorter than
// its header or longer than the link carries.
var ErrFrameSize = errors.New("not the size of an Ethernet frame")

// A Link is an attachment to an Ethernet: frames in, frames out.
//
// Like the wire it loses frames rather than wait: WriteFrame does not block
// on a slow receiver.
type Link interface {
	// ReadFrame waits for the next frame and returns its length. A frame that
	// does not fit into buf is cut, with io.ErrShortBuffer. After Close the error
	// is net.ErrClosed.
	ReadFrame(buf []byte) (int, error)
	// WriteFrame sends a frame and does not keep it.
	WriteFrame(frame []byte) error
	// Close unblocks ReadFrame.
	Close() error
	// MTU is the payload of the largest frame in bytes, 1500 as a rule.
	MTU() int
}
