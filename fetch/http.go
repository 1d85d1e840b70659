package fetch

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// httpTransport is HTTP/1.1 (RFC 9110, 9112), one connection a job.
type httpTransport struct {
	client *Client
}

func (c *Client) newHTTP(*url.URL) (transport, error) { return httpTransport{c}, nil }

func (t httpTransport) resumes() bool { return true }

func (t httpTransport) get(j *job) error {
	client, stop := t.newClient(j)
	defer stop()
	have := j.have
	resp, err := t.send(client, j, http.MethodGet, have)
	if err != nil {
		return err
	}
	if !goesOn(resp, have) {
		// The answer is no use beside what is kept: all of it anew.
		resp.Body.Close()
		have = kept{}
		if resp, err = t.send(client, j, http.MethodGet, have); err != nil {
			return err
		}
	}
	defer resp.Body.Close()

	var a answer
	switch {
	case resp.StatusCode == http.StatusOK:
		a = answer{total: resp.ContentLength, validator: validatorOf(resp, j.Request.URL)}
	case resp.StatusCode == http.StatusPartialContent && have.size > 0:
		a = answer{offset: have.size, total: have.Total, validator: have.validator}
	default:
		return statusError(resp)
	}
	j.result.URL = resp.Request.URL.Redacted()
	j.result.ContentType = resp.Header.Get("Content-Type")
	if err := j.sink.begin(a); err != nil {
		return err
	}
	return receive(j, resp.Body)
}

// receive copies a body to the sink, to its end or to the job's limit.
func receive(j *job, body io.Reader) error {
	from := body
	if j.Limit > 0 {
		from = io.LimitReader(body, j.Limit)
	}
	_, err := io.CopyBuffer(j.sink, from, make([]byte, j.buffer(128<<10)))
	s := j.sink
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) && s.total >= 0:
		return fmt.Errorf("the connection ended after %d of %d bytes: %w", s.done, s.total, err)
	case err != nil:
		return err
	case j.Limit > 0 && s.done == j.Limit:
		if s.total < 0 && atEnd(body) {
			s.total = s.done
		}
		return nil
	case s.total >= 0 && s.done != s.total:
		return fmt.Errorf("the server sent %d bytes of a file of %d: %w", s.done, s.total, io.ErrUnexpectedEOF)
	}
	s.total = s.done
	return nil
}

// atEnd reports whether nothing follows.
func atEnd(r io.Reader) bool {
	_, err := io.ReadFull(r, make([]byte, 1))
	return err == io.EOF
}

func (t httpTransport) put(*job, io.ReaderAt, int64) error {
	return fmt.Errorf("%w: only tftp takes uploads", ErrBadURL)
}

func (t httpTransport) size(j *job) (int64, error) {
	client, stop := t.newClient(j)
	defer stop()
	resp, err := t.send(client, j, http.MethodHead, kept{})
	if err != nil {
		return 0, err
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return 0, statusError(resp)
	}
	if resp.ContentLength < 0 {
		return 0, fmt.Errorf("no Content-Length in the answer to HEAD: %w", ErrNoSize)
	}
	return resp.ContentLength, nil
}

// newClient makes the HTTP client of one job; stop closes its connections.
func (t httpTransport) newClient(j *job) (client *http.Client, stop func()) {
	tr := &http.Transport{
		Proxy:              t.client.Proxy,
		TLSClientConfig:    t.client.TLS,
		DisableCompression: true, // the file as it is, and the sizes with it
		Protocols:          new(http.Protocols),
	}
	tr.Protocols.SetHTTP1(true)
	if n := t.client.Network; n != nil {
		tr.Proxy, tr.DialContext = nil, n.DialContext
	}
	client = &http.Client{Transport: tr}
	if j.NoRedirect {
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	return client, tr.CloseIdleConnections
}

// send asks for the file, or for what is missing of it: from the end of have,
// if it is still the same file (If-Range, RFC 9110 13.1.5).
func (t httpTransport) send(client *http.Client, j *job, method string, have kept) (*http.Response, error) {
	req, err := http.NewRequestWithContext(j.ctx, method, j.url.String(), nil)
	if err != nil {
		return nil, err
	}
	agent := t.client.UserAgent
	if agent == "" {
		agent = "pxe"
	}
	req.Header.Set("User-Agent", agent)
	if have.size > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", have.size))
		req.Header.Set("If-Range", have.ifRange())
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, unwrapURL(err)
	}
	return resp, nil
}

// goesOn reports whether an answer can be used beside what is kept: either it
// is no part, or it is just the missing part of just that file. A 416 says that
// what is kept is too long, hence something else.
func goesOn(resp *http.Response, have kept) bool {
	if have.size == 0 {
		return true
	}
	switch resp.StatusCode {
	case http.StatusRequestedRangeNotSatisfiable:
		return false
	case http.StatusPartialContent:
		want := fmt.Sprintf("bytes %d-%d/%d", have.size, have.Total-1, have.Total)
		return resp.Header.Get("Content-Range") == want && have.sameFile(resp.Header)
	}
	return true
}

func statusError(resp *http.Response) error {
	e := &StatusError{Code: resp.StatusCode}
	if resp.StatusCode/100 == 3 {
		e.Location = resp.Header.Get("Location")
	}
	return e
}
