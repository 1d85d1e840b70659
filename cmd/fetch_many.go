package cmd

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"pxe/fetch"
)

// runFetchMany fetches several files into a directory, some at a time. Each that
// fails is told of when it does, and keeps none of the others back.
func runFetchMany(ctx context.Context, s Streams, client *fetch.Client, o fetchOptions) error {
	for _, url := range o.urls {
		if err := client.Check(o.request(url)); err != nil {
			return explainFetch(err, "")
		}
	}
	dests, err := destinations(o)
	if err != nil {
		return err
	}
	m := &fetchMany{s: s, o: o, client: client, progress: newProgress(s, time.Now), lines: newJSONLines(s.Out)}
	var group errgroup.Group
	group.SetLimit(o.parallel)
	for i, url := range o.urls {
		group.Go(func() error {
			m.fetch(ctx, url, dests[i])
			return nil
		})
	}
	_ = group.Wait()
	return m.verdict(ctx)
}

// destinations are the files to write, one for each URL.
func destinations(o fetchOptions) ([]string, error) {
	dir := o.output
	switch dir {
	case "":
		dir = "."
	case "-":
		return nil, withHint(usagef("several files do not go to standard output"), "give a directory with -o DIR")
	}
	var dests []string
	urls := map[string]string{}
	for _, url := range o.urls {
		dest, err := destination(filepath.Clean(dir)+string(filepath.Separator), url)
		if err != nil {
			return nil, err
		}
		if other, twice := urls[dest]; twice {
			return nil, usagef("%s and %s would both be %s", other, url, dest)
		}
		urls[dest] = url
		dests = append(dests, dest)
	}
	return dests, nil
}

// fetchMany is one run of runFetchMany.
type fetchMany struct {
	s        Streams
	o        fetchOptions
	client   *fetch.Client
	progress *progress
	lines    *jsonLines
	failed   int // like missing, counted while progress prints
	missing  int
}

// fetch fetches one file.
func (m *fetchMany) fetch(ctx context.Context, url, dest string) {
	if ctx.Err() != nil {
		return
	}
	bar := m.progress.add(filepath.Base(dest))
	req := m.o.request(url)
	if !m.o.json {
		req.Progress = bar.update
	}
	result, err := m.client.ToFile(ctx, req, dest)
	bar.end()
	m.progress.print(func() {
		if err != nil {
			m.fail(ctx, url, explainFetch(err, dest))
			return
		}
		if m.o.json {
			_ = m.lines.write(newFetchJSON(result, dest))
			return
		}
		printFetched(m.s, dest, result)
	})
}

// fail tells of a file that did not come.
func (m *fetchMany) fail(ctx context.Context, url string, err error) {
	if ctx.Err() != nil {
		return
	}
	m.failed++
	if codeFor(err) == exitNo {
		m.missing++
	}
	if m.o.json {
		_ = m.lines.write(fetchFailedJSON{url, jsonError{err.Error(), hintOf(err), codeFor(err)}})
		return
	}
	printError(m.s, err, false)
}

// fetchFailedJSON is a file that did not come, under --json.
type fetchFailedJSON struct {
	URL string `json:"url"`
	jsonError
}

// verdict is a no when all that failed are files that are not there.
func (m *fetchMany) verdict(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if m.failed == 0 {
		return nil
	}
	err := fmt.Errorf("%d of %d files did not come", m.failed, len(m.o.urls))
	if m.missing == m.failed {
		return &noError{err}
	}
	return err
}
