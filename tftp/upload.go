package tftp

import (
	"context"
	"io"
)

// Sink takes the files that clients send. Its errors become ERROR packets, as
// those of a Source do. Create is called from several goroutines.
type Sink interface {
	// Create begins an upload of size bytes, -1 when the client did not tell
	// (tsize).
	Create(ctx context.Context, r Request, size int64) (Upload, error)
}

// Upload is a file on its way in. It ends by one Commit or Abort.
type Upload interface {
	io.Writer
	Commit() error // makes the file visible whole
	Abort()        // leaves nothing
}
