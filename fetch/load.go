package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

// Load is one file fetched by many clients at once, to see how a server bears
// it.
type Load struct {
	Request Request
	Clients int // that fetch at the same time; 0 is 1
	Repeat  int // how often each fetches, one fetch after the other; 0 is once
	// File, when not "", keeps what the first client fetches first.
	File string
	// OnResult, when not nil, is told how many transfers are over, and how many
	// of them failed; one call at a time.
	OnResult func(over, failed int)
}

// LoadReport is what came of a Load.
type LoadReport struct {
	Size        int64  // of the file, in bytes, as it came first
	SHA256      string // of the file, as it came first; "" when it never came
	Done        int    // transfers that brought that file, whole
	Bytes       int64  // that they brought
	Retransmits int64  // packets that their clients sent again (TFTP)
	Duration    time.Duration
	Times       []time.Duration // of each of them, the shortest first
	Failures    []Failure       // the most frequent first
}

// Failure is a reason for which transfers failed.
type Failure struct {
	Count int
	Err   error // the first of them
}

// Failed is the number of transfers that failed.
func (r LoadReport) Failed() int {
	n := 0
	for _, f := range r.Failures {
		n += f.Count
	}
	return n
}

// Percentile is the time within which that share of the transfers was done, from
// 0 to 1; 0 when none was.
func (r LoadReport) Percentile(share float64) time.Duration {
	n := len(r.Times)
	if n == 0 {
		return 0
	}
	i := int(share*float64(n)+.999999) - 1 // the nearest rank
	return r.Times[min(max(i, 0), n-1)]
}

// loadBuffer is what each client gathers, in bytes: there may be thousands.
const loadBuffer = 4 << 10

// maxReasons bounds how many reasons for a failure are told apart.
const maxReasons = 20

var (
	errOtherContent = errors.New("another content than the first transfer brought")
	errOtherReasons = errors.New("other reasons")
)

// Load fetches the file by all clients, which begin in the same moment. What they
// get is compared by size and SHA-256 with what came first, and thrown away. When
// ctx ends, what was under way counts as neither done nor failed.
func (c *Client) Load(ctx context.Context, l Load) LoadReport {
	l.Request.Buffer = loadBuffer
	l.Request.Progress = nil
	r := &loadRun{client: c, load: l}
	begin := make(chan struct{})
	var clients sync.WaitGroup
	for i := range max(l.Clients, 1) {
		clients.Go(func() {
			<-begin
			for n := range max(l.Repeat, 1) {
				if ctx.Err() != nil {
					return
				}
				r.fetch(ctx, i == 0 && n == 0)
			}
		})
	}
	start := time.Now()
	close(begin)
	clients.Wait()
	r.report.Duration = time.Since(start)
	slices.Sort(r.report.Times)
	slices.SortStableFunc(r.report.Failures, func(a, b Failure) int { return b.Count - a.Count })
	return r.report
}

// loadRun is one run of a Load.
type loadRun struct {
	client *Client
	load   Load

	mu     sync.Mutex // guards the fields below
	report LoadReport
	over   int
	failed int
}

// fetch is one transfer.
func (r *loadRun) fetch(ctx context.Context, first bool) {
	var got Result
	var err error
	if first && r.load.File != "" {
		req := r.load.Request
		req.Buffer, req.NoResume = 0, true
		got, err = r.client.ToFile(ctx, req, r.load.File)
	} else {
		got, err = r.client.Get(ctx, r.load.Request, io.Discard)
	}
	if err != nil && ctx.Err() != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count(got, err)
	if r.load.OnResult != nil {
		r.load.OnResult(r.over, r.failed)
	}
}

// count takes the end of a transfer.
func (r *loadRun) count(got Result, err error) {
	report := &r.report
	if err == nil && report.SHA256 == "" {
		report.Size, report.SHA256 = got.Size, got.SHA256
	}
	if err == nil && (got.Size != report.Size || got.SHA256 != report.SHA256) {
		err = errOtherContent
	}
	r.over++
	if err != nil {
		r.failed++
		report.Failures = addFailure(report.Failures, err)
		return
	}
	report.Done++
	report.Bytes += got.Size
	report.Times = append(report.Times, got.Duration)
	if got.TFTP != nil {
		report.Retransmits += got.TFTP.Retransmits
	}
	if got.SizeProbe != nil {
		report.Retransmits += got.SizeProbe.Retransmits
	}
}

// addFailure counts a failure among those of the same kind or, when it is of
// none, of the same text.
func addFailure(list []Failure, err error) []Failure {
	same := func(f Failure) bool { return cause(f.Err) == cause(err) }
	if !slices.ContainsFunc(list, same) && len(list) >= maxReasons-1 {
		err = errOtherReasons
	}
	if i := slices.IndexFunc(list, same); i >= 0 {
		list[i].Count++
		return list
	}
	return append(list, Failure{1, err})
}

// cause is what makes two failures the same: numbers in a text, such as the bytes
// that came before a stall, do not.
func cause(err error) string {
	var f *Error
	switch {
	case !errors.As(err, &f):
		return err.Error()
	case f.Kind != nil:
		return f.Kind.Error()
	}
	return fmt.Sprint(f.Err)
}
