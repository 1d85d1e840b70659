package fetch

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"pxe/tftp"
)

const tftpPort = 69

// tftpTransport is one file of one TFTP server.
type tftpTransport struct {
	client *Client
	name   string // as the request says it
	port   uint16
}

func (c *Client) newTFTP(u *url.URL) (transport, error) {
	name, err := tftpName(u)
	if err != nil {
		return nil, err
	}
	port := uint64(tftpPort)
	if p := u.Port(); p != "" {
		if port, err = strconv.ParseUint(p, 10, 16); err != nil || port == 0 {
			return nil, fmt.Errorf("%q is not a port", p)
		}
	}
	return &tftpTransport{c, name, uint16(port)}, nil
}

// tftpName is the file that a URL names: its path without the first slash and
// without a mode (RFC 3617 3). EDK2 does the same.
func tftpName(u *url.URL) (string, error) {
	if u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return "", errors.New("a TFTP name has no query or fragment; write ? as %3F and # as %23")
	}
	escaped, mode, hasMode := strings.Cut(u.EscapedPath(), ";mode=")
	if hasMode && !strings.EqualFold(mode, "octet") {
		return "", fmt.Errorf("TFTP mode %q is not supported, only octet", mode)
	}
	name, err := url.PathUnescape(strings.TrimPrefix(escaped, "/"))
	switch {
	case err != nil:
		return "", err
	case name == "":
		return "", errors.New("no file is named")
	case strings.IndexByte(name, 0) >= 0:
		return "", errors.New("the file name has a zero byte")
	}
	return name, nil
}

func (t *tftpTransport) resumes() bool { return false }

func (t *tftpTransport) get(j *job) error {
	req, err := t.request(j)
	if err != nil {
		return err
	}
	req.Limit = j.Limit
	req.Progress = func(_, total int64) {
		j.silence.resume()
		j.sink.total = total
	}
	if err := t.askSize(j, &req); err != nil {
		return err
	}
	// Blocks are small: not one system call each. What came before a failure is
	// passed on too: a caller tells a stall from silence by it.
	w := bufio.NewWriterSize(j.sink, j.buffer(64<<10))
	got, err := t.newClient(j).Get(j.ctx, req, w)
	if flushErr := w.Flush(); err == nil && flushErr != nil {
		return flushErr
	}
	if err != nil {
		return unwrapTFTP(err)
	}
	j.result.TFTP = &got
	j.sink.total = got.Size
	if got.Size < 0 && !got.Partial {
		j.sink.total = got.Bytes
	}
	return nil
}

// askSize is the question of a firmware that comes before its fetch.
func (t *tftpTransport) askSize(j *job, req *tftp.Request) error {
	if j.As.Size == nil {
		return nil
	}
	probe := *req
	probe.Options = j.As.Size
	told, err := t.newClient(j).Size(j.ctx, probe)
	if req.Port > 0 {
		req.Port++ // what the server may still say of the one does not reach the other
	}
	j.result.SizeProbe = &told
	j.silence.resume()
	if errors.Is(err, tftp.ErrNoSize) && !j.As.NeedsSize {
		return nil
	}
	return unwrapTFTP(err)
}

func (t *tftpTransport) size(j *job) (int64, error) {
	req, err := t.request(j)
	if err != nil {
		return 0, err
	}
	told, err := t.newClient(j).Size(j.ctx, req)
	return told.Size, unwrapTFTP(err)
}

func (t *tftpTransport) put(j *job, file io.ReaderAt, size int64) error {
	req, err := t.request(j)
	if err != nil {
		return err
	}
	req.Options = slices.Clone(req.Options)
	for i, o := range req.Options {
		if strings.EqualFold(o.Name, "tsize") {
			req.Options[i].Value = strconv.FormatInt(size, 10)
		}
	}
	req.Progress = func(done, total int64) {
		j.silence.resume()
		if j.Progress != nil {
			j.Progress(done, total)
		}
	}
	sent, err := t.newClient(j).Put(j.ctx, req, file, size)
	j.result.TFTP = &sent
	return unwrapTFTP(err)
}

// unwrapTFTP drops the name and server that package tftp puts before an error:
// Error says them once.
func unwrapTFTP(err error) error {
	if inner := errors.Unwrap(err); inner != nil {
		return inner
	}
	return err
}

func (t *tftpTransport) newClient(j *job) *tftp.Client {
	client := &tftp.Client{}
	client.Timeout, client.Retries = tries(j.Timeout)
	if n := t.client.Network; n != nil {
		client.ListenPacket = n.ListenPacket
	}
	return client
}

func (t *tftpTransport) request(j *job) (tftp.Request, error) {
	server, err := t.resolve(j)
	if err != nil {
		return tftp.Request{}, err
	}
	req := tftp.Request{Server: server, Name: t.name, Options: j.TFTPOptions}
	switch as := j.As; {
	case as.Name != "":
		req.Options, req.Waits, req.Port, req.NeedOACK = as.Read, as.Waits, as.firstPort(), as.NeedsOACK
		if as.Rooted {
			req.Name = "/" + strings.TrimLeft(t.name, "/")
		}
	case req.Options == nil:
		req.Options = defaultOptions(j.Request)
	}
	return req, nil
}

// defaultOptions asks for the size, so that a short file is noticed, and for
// the blocks wanted.
func defaultOptions(r Request) []tftp.Option {
	blockSize, window := r.BlockSize, r.Window
	if blockSize == 0 {
		blockSize = DefaultBlockSize
	}
	if window == 0 {
		window = DefaultWindow
	}
	list := options("tsize", "0", "blksize", strconv.Itoa(blockSize))
	if window > 1 {
		list = append(list, tftp.Option{Name: "windowsize", Value: strconv.Itoa(window)})
	}
	if r.TFTPTimeout > 0 {
		list = append(list, tftp.Option{Name: "timeout", Value: strconv.Itoa(r.TFTPTimeout)})
	}
	return list
}

// tries is when to ask first again, and how often, so that package tftp, which
// knows best why, gives up before the silence ends the job: it doubles the
// interval, up to 8 s.
func tries(silence time.Duration) (first time.Duration, retries int) {
	first = min(time.Second, silence/8)
	left, wait := silence-first, first
	for {
		wait = min(2*wait, 8*time.Second)
		if left -= wait; left <= 0 {
			return first, retries
		}
		retries++
	}
}

// resolve finds the server's address.
func (t *tftpTransport) resolve(j *job) (netip.AddrPort, error) {
	host := j.url.Hostname()
	addr, err := netip.ParseAddr(host)
	switch {
	case err == nil:
	case t.client.Network != nil:
		return netip.AddrPort{}, fmt.Errorf("server %q is not an address, and this network has no resolver", host)
	default:
		addrs, err := net.DefaultResolver.LookupNetIP(j.ctx, "ip", host)
		if err != nil {
			return netip.AddrPort{}, err
		}
		addr = addrs[0]
	}
	return netip.AddrPortFrom(addr.Unmap(), t.port), nil
}
