package cmd

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"pxe/fetch"
)

// runPut sends a file to a server.
func runPut(ctx context.Context, s Streams, client *fetch.Client, o fetchOptions) error {
	url := o.urls[0]
	if strings.HasSuffix(url, "/") && o.put != "-" { // into that directory
		url += filepath.Base(o.put)
	}
	file, size, err := openPut(s, o.put)
	if err != nil {
		return err
	}
	defer file.Close()
	req := o.request(url)
	bar := newProgress(s, time.Now).add("")
	if !o.json {
		req.Progress = bar.update
	}
	result, err := client.Put(ctx, req, file, size)
	bar.end()
	switch {
	case err != nil:
		return explainFetch(err, "")
	case o.json:
		return writeJSON(s.Out, newFetchJSON(result, ""))
	}
	printFetched(s, "", result)
	return nil
}

// openPut opens the file to send. A pipe is read to its end first, into a file
// that nobody else sees: what is lost on the way must be sent again, and a server
// wants to know the size.
func openPut(s Streams, name string) (*os.File, int64, error) {
	if name == "-" {
		return spool(s.In)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	switch {
	case err != nil:
	case info.Mode().IsRegular():
		return file, info.Size(), nil
	case info.IsDir():
		err = fmt.Errorf("%s is a directory: name a file", name)
	}
	defer file.Close()
	if err != nil {
		return nil, 0, err
	}
	return spool(file)
}

// spool reads r to its end into a file without a name.
func spool(r io.Reader) (*os.File, int64, error) {
	file, err := os.CreateTemp("", "pxe-put-")
	if err != nil {
		return nil, 0, err
	}
	os.Remove(file.Name())
	size, err := io.Copy(file, r)
	if err != nil {
		file.Close()
		return nil, 0, err
	}
	return file, size, nil
}
