package fetch

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"pxe/tftp"
)

// Network is where a Client reaches its servers.
type Network interface {
	ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error)
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// Client fetches. The zero value uses the host's network. It keeps no state
// between fetches and is safe for concurrent use.
type Client struct {
	// Network, nil for the host's own. Servers on another network are named by
	// address: it has no resolver.
	Network Network
	// UserAgent is told to HTTP servers; "" means "pxe".
	UserAgent string
	// Proxy picks the HTTP proxy of a request, as http.Transport.Proxy does;
	// nil means none. It is not asked when Network is set.
	Proxy func(*http.Request) (*url.URL, error)
	// TLS is how https servers are checked; nil trusts the host's roots.
	TLS *tls.Config
}

// What a Request asks for when it does not say.
const (
	// DefaultBlockSize is PXELINUX's, in bytes: it fits a packet also behind a
	// VLAN tag, PPPoE or a tunnel.
	DefaultBlockSize = 1408
	DefaultWindow    = 16 // blocks
	DefaultTimeout   = 30 * time.Second
)

// Request is one file to fetch.
type Request struct {
	// URL is tftp://host[:port]/name[;mode=octet] (RFC 3617), http:// or
	// https://. The name that a TFTP server is asked for has no leading slash
	// unless the URL has two.
	URL string
	// BlockSize and Window are asked of a TFTP server: bytes and blocks. 0 means
	// the default; a window of 1 is not asked for at all.
	BlockSize, Window int
	// TFTPTimeout, when not 0, is asked of a TFTP server as the time between its
	// resends, in seconds from 1 to 255 (RFC 2349).
	TFTPTimeout int
	// TFTPOptions, when not nil, are the options of the TFTP request, exactly
	// these and in this order; BlockSize, Window and TFTPTimeout then mean nothing.
	TFTPOptions []tftp.Option
	// As, when it is not the zero value, makes a TFTP request as that firmware
	// does: its options, its waits, its port, and its question for the size
	// first. It rules out what was said above.
	As Firmware
	// Timeout is the longest that the server may be silent, not a limit on the
	// whole transfer; 0 means DefaultTimeout, or As.Silence. A TFTP transfer ends some seconds
	// earlier when there is no time left for another try.
	Timeout time.Duration
	// Limit, when not 0, stops the transfer after that many bytes, which is no
	// error: Result.Partial tells.
	Limit int64
	// NoRedirect makes an HTTP redirect an error (*StatusError), as boot
	// firmware and GRUB do; otherwise ten are followed.
	NoRedirect bool
	// NoResume makes ToFile begin anew where it could go on from a part.
	NoResume bool
	// Buffer is how many bytes of the file may be gathered before they are
	// written; 0 leaves it to the scheme.
	Buffer int
	// SHA256, when not "", is what the whole file must sum to, in hexadecimal;
	// else the fetch fails with ErrChecksum.
	SHA256 string
	// Progress, when not nil, is called after each piece of the file: the bytes
	// that are here, those of an earlier fetch included, and the size of the
	// whole, -1 while it is unknown.
	Progress func(done, total int64)
}

// Result is a finished transfer.
type Result struct {
	URL         string         // where the bytes came from: that of the request, or where it was redirected
	Size        int64          // bytes that are at the destination now
	Resumed     int64          // bytes of Size that were there from an earlier fetch
	Total       int64          // bytes of the whole file as the server says, -1 when it does not
	Partial     bool           // Limit ended the transfer before the end of the file
	SHA256      string         // of the Size bytes, lower-case hexadecimal
	Duration    time.Duration  // from the request to the last byte
	ContentType string         // as an HTTP server says, "" otherwise
	TFTP        *tftp.Transfer // what a TFTP transfer was like, nil for other schemes
	SizeProbe   *tftp.Transfer // what came of As.Size, nil when that was not asked
}

// Get fetches into w. When it fails, w has been given a beginning of the file,
// or nothing.
func (c *Client) Get(ctx context.Context, req Request, w io.Writer) (Result, error) {
	j, err := c.newJob(ctx, req)
	if err != nil {
		return Result{}, err
	}
	defer j.stop()
	return j.run(func(answer) (io.Writer, error) { return w, nil })
}

// Size asks for the size of a file in bytes without fetching it, as UEFI does
// before it fetches: over TFTP by a request that is ended when the server has
// told the size, over HTTP by HEAD. A server that does not tell is ErrNoSize.
func (c *Client) Size(ctx context.Context, req Request) (int64, error) {
	j, err := c.newJob(ctx, req)
	if err != nil {
		return 0, err
	}
	defer j.stop()
	size, err := j.transport.size(j)
	return size, j.failed(err)
}

// Check says what is wrong with a request that no server could fulfil; it asks
// none.
func (c *Client) Check(req Request) error {
	j, err := c.newJob(context.Background(), req)
	if err == nil {
		j.stop()
	}
	return err
}

// transport moves files of one scheme. It is one value a job.
type transport interface {
	// get fetches the job's file: it tells j.sink.begin what the server says of
	// the file, if anything, and writes the file to j.sink.
	get(j *job) error
	// size asks for the size of the job's file.
	size(j *job) (int64, error)
	// put sends the job's file, of that many bytes.
	put(j *job, file io.ReaderAt, size int64) error
	// resumes tells whether get can go on from j.have.
	resumes() bool
}

// transportFor finds the scheme of a URL in the table of those that there are.
func (c *Client) transportFor(u *url.URL) (transport, error) {
	schemes := []struct {
		name string
		make func(*url.URL) (transport, error)
	}{
		{"tftp", c.newTFTP},
		{"http", c.newHTTP},
		{"https", c.newHTTP},
	}
	var names []string
	for _, s := range schemes {
		if s.name == u.Scheme {
			return s.make(u)
		}
		names = append(names, s.name)
	}
	if u.Scheme == "" {
		return nil, fmt.Errorf("no scheme; want one of %s", strings.Join(names, ", "))
	}
	return nil, fmt.Errorf("scheme %q is not one of %s", u.Scheme, strings.Join(names, ", "))
}
