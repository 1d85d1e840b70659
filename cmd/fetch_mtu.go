package cmd

import (
	"context"
	"fmt"

	"pxe/fetch"
	"pxe/tftp"
)

// runFindMTU finds the largest block that comes through, and says what to set.
func runFindMTU(ctx context.Context, s Streams, client *fetch.Client, o fetchOptions) error {
	st := newStyles(s, s.Err, s.ErrTTY)
	onTry := func(t fetch.BlockTry) {
		fmt.Fprintf(s.Err, "%s %s\n", st.dim.Render(fmt.Sprintf("%5d bytes", t.Granted)), describeTry(t))
	}
	if o.json {
		onTry = nil
	}
	report, err := client.FindBlock(ctx, o.request(o.urls[0]), onTry)
	if err != nil {
		return explainFetch(err, "")
	}
	if o.json {
		if err := writeJSON(s.Out, newFindMTUJSON(o.urls[0], report)); err != nil {
			return err
		}
	} else {
		printFindMTU(s, report)
	}
	if report.Largest == 0 {
		return &noError{withHint(
			fmt.Errorf("not even a block of %d bytes comes through", tftp.DefaultBlockSize),
			"a path must carry packets of %d bytes for TFTP: look for the link or tunnel with a smaller MTU, and for a firewall that drops fragments",
			tftp.DefaultBlockSize+32)}
	}
	return nil
}

func describeTry(t fetch.BlockTry) string {
	text := "comes through"
	switch t.Outcome {
	case fetch.BlockPieces:
		text = fmt.Sprintf("comes in pieces of at most %d bytes", t.Fragment)
	case fetch.BlockLost:
		text = "does not come through"
	}
	if t.Granted < t.Asked {
		text += fmt.Sprintf(" (the server's limit: %d were asked for)", t.Asked)
	}
	return text
}

func printFindMTU(s Streams, r fetch.BlockReport) {
	if r.Largest == 0 {
		return
	}
	st := newStyles(s, s.Out, s.OutTTY)
	fmt.Fprintf(s.Out, "The largest block that comes through has %s bytes, in packets of %d.\n", st.bold.Render(fmt.Sprint(r.Largest)), r.MTU)
	switch r.Limit {
	case fetch.LimitServer:
		fmt.Fprintln(s.Out, "The server grants no larger ones, so nothing needs to be set.")
	case fetch.LimitFile:
		fmt.Fprintln(s.Out, "The file has no more bytes: name a larger one to try larger blocks.")
	case fetch.LimitProtocol:
		fmt.Fprintln(s.Out, "There are no larger ones, so nothing needs to be set.")
	case fetch.LimitPath:
		beyond := "do not come through"
		if r.Beyond == fetch.BlockPieces {
			beyond = "come in pieces, which boot firmware often cannot put together"
		}
		fmt.Fprintf(s.Out, "Larger ones %s: the MTU of the path is %d.\n", beyond, r.MTU)
		fmt.Fprintf(s.Out, "Set it on the server: pxe serve-tftp --max-blksize %d\n", r.Largest)
	}
}

// findMTUJSON is the result of --find-mtu --json.
type findMTUJSON struct {
	URL     string             `json:"url"`
	Largest int                `json:"largest_blksize_bytes"`
	MTU     int                `json:"packet_bytes"`
	Limit   fetch.BlockLimit   `json:"limit"`
	Beyond  fetch.BlockOutcome `json:"beyond,omitempty"`
	Tries   []blockTryJSON     `json:"tries"`
}

type blockTryJSON struct {
	Asked    int                `json:"asked_bytes"`
	Granted  int                `json:"granted_bytes"`
	Outcome  fetch.BlockOutcome `json:"outcome"`
	Fragment int                `json:"fragment_bytes,omitempty"`
}

func newFindMTUJSON(url string, r fetch.BlockReport) findMTUJSON {
	j := findMTUJSON{URL: url, Largest: r.Largest, MTU: r.MTU, Limit: r.Limit, Beyond: r.Beyond, Tries: []blockTryJSON{}}
	for _, t := range r.Tries {
		j.Tries = append(j.Tries, blockTryJSON(t))
	}
	return j
}
