package cmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pxe/fetch"
)

// runLoad puts a load on a server, and tells how it bore it.
func runLoad(ctx context.Context, s Streams, client *fetch.Client, o fetchOptions) error {
	if o.output == "-" {
		return withHint(usagef("a load does not go to standard output"), "-o FILE keeps what the first client fetches first")
	}
	dest, err := destination(o.output, o.urls[0])
	if err != nil {
		return err
	}
	load := fetch.Load{Request: o.request(o.urls[0]), Clients: max(o.clients, 1), Repeat: max(o.repeat, 1), File: dest}
	if err := client.Check(load.Request); err != nil {
		return explainFetch(err, "")
	}
	all := load.Clients * load.Repeat
	bar := newProgress(s, time.Now).add("")
	bar.things = "transfers"
	if !o.json {
		load.OnResult = func(over, _ int) { bar.update(int64(over), int64(all)) }
	}
	report := client.Load(ctx, load)
	bar.end()
	if !o.json {
		printLoad(s, load, report)
	} else if err := writeJSON(s.Out, newLoadJSON(load, report)); err != nil {
		return err
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case report.Failed() == 0:
		return nil
	}
	err = explainFetch(report.Failures[0].Err, "")
	text := fmt.Errorf("%d of %d transfers failed", report.Failed(), all)
	if len(report.Failures) == 1 && codeFor(err) == exitNo {
		return err
	}
	if hint := hintOf(err); hint != "" {
		return withHint(text, "%s", hint)
	}
	return text
}

func printLoad(s Streams, l fetch.Load, r fetch.LoadReport) {
	st := newStyles(s, s.Out, s.OutTTY)
	fmt.Fprintf(s.Out, "%s of %d transfers whole, by %d clients in %s\n",
		st.bold.Render(fmt.Sprint(r.Done)), l.Clients*l.Repeat, l.Clients, formatDuration(r.Duration))
	if r.Done > 0 {
		fmt.Fprintf(s.Out, "size  %s, sha256 %s\n", formatBytes(r.Size), r.SHA256)
		fmt.Fprintf(s.Out, "rate  %s\n", formatRate(r.Bytes, r.Duration))
		fmt.Fprintf(s.Out, "time  p50 %s, p90 %s, p99 %s, max %s\n",
			formatDuration(r.Percentile(.5)), formatDuration(r.Percentile(.9)), formatDuration(r.Percentile(.99)), formatDuration(r.Percentile(1)))
	}
	if r.Retransmits > 0 {
		fmt.Fprintf(s.Out, "sent again  %d packets\n", r.Retransmits)
	}
	for _, f := range r.Failures {
		fmt.Fprintf(s.Out, "%s  %d times: %v\n", st.bad.Render("failed"), f.Count, failureText(f))
	}
}

// failureText is why transfers failed, without the URL, which all have.
func failureText(f fetch.Failure) string {
	var e *fetch.Error
	if errors.As(f.Err, &e) {
		return e.Err.Error()
	}
	return f.Err.Error()
}

// loadJSON is the result of --clients and --repeat under --json.
type loadJSON struct {
	URL         string            `json:"url"`
	Clients     int               `json:"clients"`
	Repeat      int               `json:"repeat"`
	Size        int64             `json:"size_bytes"`
	SHA256      string            `json:"sha256,omitempty"`
	Done        int               `json:"done"`
	Failed      int               `json:"failed"`
	Bytes       int64             `json:"bytes"`
	Seconds     float64           `json:"duration_seconds"`
	Rate        float64           `json:"bytes_per_second"`
	P50         float64           `json:"p50_seconds"`
	P90         float64           `json:"p90_seconds"`
	P99         float64           `json:"p99_seconds"`
	Max         float64           `json:"max_seconds"`
	Retransmits int64             `json:"retransmits"`
	Failures    []loadFailureJSON `json:"failures"`
}

type loadFailureJSON struct {
	Count int    `json:"count"`
	Error string `json:"error"`
}

func newLoadJSON(l fetch.Load, r fetch.LoadReport) loadJSON {
	j := loadJSON{
		URL: l.Request.URL, Clients: l.Clients, Repeat: l.Repeat, Size: r.Size, SHA256: r.SHA256,
		Done: r.Done, Failed: r.Failed(), Bytes: r.Bytes, Seconds: r.Duration.Seconds(),
		P50: r.Percentile(.5).Seconds(), P90: r.Percentile(.9).Seconds(), P99: r.Percentile(.99).Seconds(), Max: r.Percentile(1).Seconds(),
		Retransmits: r.Retransmits, Failures: []loadFailureJSON{},
	}
	if r.Duration > 0 {
		j.Rate = float64(r.Bytes) / r.Duration.Seconds()
	}
	for _, f := range r.Failures {
		j.Failures = append(j.Failures, loadFailureJSON{f.Count, failureText(f)})
	}
	return j
}
