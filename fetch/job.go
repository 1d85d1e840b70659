package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/url"
	"strings"
	"time"
)

// job is one running fetch. It belongs to the goroutine that made it.
type job struct {
	Request
	parent    context.Context // the caller's
	ctx       context.Context // ends with parent, and when the server is silent
	silence   *silence
	url       *url.URL
	transport transport
	have      kept // what an earlier fetch left; the zero value is nothing
	sink      *sink
	result    Result // filled by the transport
	upload    bool   // it goes to the server
}

// kept is the beginning of a file, and what tells that it is still the same.
type kept struct {
	size int64
	validator
}

// newJob checks a request and starts its clock; the caller calls stop.
func (c *Client) newJob(ctx context.Context, req Request) (*job, error) {
	u, err := url.Parse(req.URL)
	if err != nil {
		return nil, &Error{URL: req.URL, Kind: ErrBadURL, Err: unwrapURL(err)}
	}
	if u.Hostname() == "" && u.Scheme != "" {
		return nil, &Error{URL: u.Redacted(), Kind: ErrBadURL, Err: fmt.Errorf("no server is named")}
	}
	t, err := c.transportFor(u)
	if err != nil {
		return nil, &Error{URL: u.Redacted(), Kind: ErrBadURL, Err: err}
	}
	if sum, err := hex.DecodeString(req.SHA256); err != nil || len(sum) != 0 && len(sum) != sha256.Size {
		return nil, fmt.Errorf("SHA-256 %q: want %d hexadecimal digits", req.SHA256, 2*sha256.Size)
	}
	switch {
	case req.Timeout > 0:
	case req.As.Name != "": // which itself says then that it gives up
		req.Timeout = req.As.Silence() + time.Second
	default:
		req.Timeout = DefaultTimeout
	}
	s := newSilence(ctx, req.Timeout)
	return &job{
		Request: req, parent: ctx, ctx: s.ctx, silence: s, url: u, transport: t,
		sink:   &sink{hash: sha256.New(), total: -1, progress: req.Progress, silence: s},
		result: Result{URL: u.Redacted(), Total: -1},
	}, nil
}

func (j *job) stop() { j.silence.stop() }

// buffer is how many bytes to gather.
func (j *job) buffer(usual int) int {
	if j.Buffer > 0 {
		return j.Buffer
	}
	return usual
}

// run does the transfer into the writer that open gives.
func (j *job) run(open func(answer) (io.Writer, error)) (Result, error) {
	start := time.Now()
	j.sink.open = open
	j.silence.resume()
	if err := j.transport.get(j); err != nil {
		return Result{}, j.failed(err)
	}
	if err := j.sink.ready(); err != nil { // an empty file
		return Result{}, j.failed(err)
	}
	r := j.result
	r.Size, r.Resumed, r.Total = j.sink.done, j.sink.offset, j.sink.total
	r.Partial = j.Limit > 0 && r.Size == j.Limit && r.Total != r.Size
	r.SHA256 = hex.EncodeToString(j.sink.hash.Sum(nil))
	r.Duration = time.Since(start)
	if j.SHA256 != "" && !strings.EqualFold(j.SHA256, r.SHA256) {
		return Result{}, j.failed(fmt.Errorf("%w: SHA-256 is %s, want %s", ErrChecksum, r.SHA256, strings.ToLower(j.SHA256)))
	}
	return r, nil
}

// failed puts the URL to what went wrong and sorts it; nil stays nil.
func (j *job) failed(err error) error {
	if err == nil {
		return nil
	}
	if cause := context.Cause(j.parent); cause != nil && errors.Is(err, cause) {
		err = j.parent.Err() // the caller knows why
	}
	if j.silence.broken() {
		err = fmt.Errorf("the server was silent for %v: %w", j.Timeout, ErrNoAnswer)
		if j.sink.done > j.sink.offset {
			err = fmt.Errorf("after %d bytes %w", j.sink.done, err)
		}
	}
	return &Error{URL: j.url.Redacted(), Upload: j.upload, Kind: kindOf(err), Err: reason(err)}
}

// answer is what a server says before the file.
type answer struct {
	offset    int64     // the first byte that it sends: 0, or kept.size
	total     int64     // size of the whole file, -1 when it does not say
	validator validator // the zero value: cannot be resumed
}

// sink takes the bytes of one file: it counts, hashes and passes them on, and
// watches how long they stay away.
type sink struct {
	open     func(answer) (io.Writer, error)
	w        io.Writer
	hash     hash.Hash // of the first done bytes
	offset   int64     // done at the beginning of this transfer
	done     int64
	total    int64 // -1 when unknown
	progress func(done, total int64)
	silence  *silence
}

// begin opens the destination for what the server is about to send. A transport
// whose server says nothing in advance leaves it to the first byte, so that a
// refusal leaves the destination as it was.
func (s *sink) begin(a answer) error {
	if a.offset == 0 {
		s.hash.Reset()
	}
	s.offset, s.done, s.total = a.offset, a.offset, a.total
	w, err := s.open(a)
	s.w = w
	return err
}

func (s *sink) ready() error {
	if s.w != nil {
		return nil
	}
	return s.begin(answer{total: s.total})
}

// Write takes the next bytes. The server is not to blame for the time that the
// destination takes.
func (s *sink) Write(p []byte) (int, error) {
	s.silence.pause()
	defer s.silence.resume()
	if err := s.ready(); err != nil {
		return 0, err
	}
	n, err := s.w.Write(p)
	s.hash.Write(p[:n])
	s.done += int64(n)
	if s.progress != nil {
		s.progress(s.done, s.total)
	}
	return n, err
}
