package tftp

import (
	"io"
	"net/netip"
)

// Sink takes the files that clients send. Its errors become ERROR packets, as
// those of a Source do, and its names are as clean. Create is called from several
// goroutines.
type Sink interface {
	// Create begins an upload of size bytes, -1 when the client did not tell
	// (tsize).
	Create(name string, client netip.AddrPort, size int64) (Upload, error)
}

// Upload is a file on its way in. It ends by one Commit or Abort.
type Upload interface {
	io.Writer
	Commit() error // makes the file visible whole
	Abort()        // leaves nothing
}
