package cmd

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/net/http/httpproxy"

	"pxe/fetch"
	"pxe/tftp"
)

type fetchOptions struct {
	url        string
	output     string
	json       bool
	blockSize  int
	window     int
	timeout    time.Duration
	sha256     string
	noResume   bool
	noRedirect bool
	caFile     string
}

func newFetchCmd(s Streams) *cobra.Command {
	o := fetchOptions{blockSize: fetch.DefaultBlockSize, window: fetch.DefaultWindow, timeout: fetch.DefaultTimeout}
	cmd := &cobra.Command{
		Use:   "fetch URL",
		Short: "Fetch a file as a boot client would",
		Long: `Fetch one file by tftp://, http:// or https:// and tell its size, SHA-256 and
rate.

The file goes to standard output, or with --output to a file, which appears only
when it is whole. Over HTTP an interrupted fetch leaves FILE.part, and the same
command goes on from there if the server still has the same file.

A TFTP name has no leading slash unless the URL has two: tftp://HOST//dir/file.
The proxy of the environment (HTTP_PROXY, HTTPS_PROXY, NO_PROXY) is used for HTTP.

The exit code is 3 when the server says that it does not have the file.`,
		Example: `  pxe fetch tftp://192.168.122.1/pxelinux.cfg/default
  pxe fetch tftp://192.168.122.1/pxelinux.0 -o /tmp/ --blksize 512 --window 1
  pxe fetch http://192.168.122.1/linux -o linux --sha256 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae`,
		Args:              exactArgs("URL"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.url = args[0]
			return runFetch(cmd.Context(), s, o)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&o.output, "output", "o", "", "write to `FILE`, or to a directory under the URL's own file name; - is standard output")
	f.BoolVar(&o.json, "json", false, "print the result as JSON, on standard output with -o FILE, else on standard error")
	f.Var(newValue(&o.blockSize, "int", parseIntIn(8, 65464), strconv.Itoa), "blksize", "ask a TFTP server for blocks of `BYTES`")
	f.Var(newValue(&o.window, "int", parseIntIn(1, 65535), strconv.Itoa), "window", "ask a TFTP server for windows of `BLOCKS`")
	f.Var(newValue(&o.timeout, "duration", parseTimeout, time.Duration.String), "timeout", "give up when the server is silent for `DURATION`")
	f.Var(newValue(&o.sha256, "string", parseSHA256, nil), "sha256", "fail unless the file has this SHA-256 (`HEX`)")
	f.BoolVar(&o.noResume, "no-resume", false, "begin anew even if a part of the file is here")
	f.BoolVar(&o.noRedirect, "no-redirect", false, "fail at an HTTP redirect, as boot firmware does")
	f.StringVar(&o.caFile, "cacert", "", "check https servers against the certificates in `FILE` (PEM)")
	return cmd
}

func runFetch(ctx context.Context, s Streams, o fetchOptions) error {
	client, err := fetchClient(s, o)
	if err != nil {
		return err
	}
	req := fetch.Request{
		URL: o.url, BlockSize: o.blockSize, Window: o.window, Timeout: o.timeout,
		SHA256: o.sha256, NoResume: o.noResume, NoRedirect: o.noRedirect,
	}
	dest, err := destination(o.output, o.url)
	if err != nil {
		return err
	}
	onTerminal := dest == "" && s.OutTTY
	bar := newProgress(s.Err, newStyles(s, s.Err, s.ErrTTY), time.Now)
	if s.ErrTTY && !onTerminal && !o.json {
		req.Progress = bar.update
	}

	var result fetch.Result
	switch {
	case dest != "":
		result, err = client.ToFile(ctx, req, dest)
	case onTerminal && o.output == "":
		result, err = client.Get(ctx, req, &textWriter{w: s.Out})
	default:
		result, err = client.Get(ctx, req, s.Out)
	}
	bar.clear()
	if err != nil {
		return explainFetch(err, dest)
	}
	switch {
	case !o.json:
		printFetched(s, result)
		return nil
	case dest != "":
		return writeJSON(s.Out, newFetchJSON(result, dest))
	}
	return writeJSON(s.Err, newFetchJSON(result, dest))
}

// fetchClient is the client with what the flags and the environment say.
func fetchClient(s Streams, o fetchOptions) (*fetch.Client, error) {
	c := &fetch.Client{UserAgent: "pxe/" + version(), Proxy: proxyFunc(s)}
	if o.caFile == "" {
		return c, nil
	}
	pem, err := os.ReadFile(o.caFile)
	if err != nil {
		return nil, err
	}
	c.TLS = &tls.Config{RootCAs: x509.NewCertPool()}
	if !c.TLS.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("no certificate in %s", o.caFile)
	}
	return c, nil
}

// proxyFunc picks proxies as the environment says, in either case of letters.
func proxyFunc(s Streams) func(*http.Request) (*url.URL, error) {
	env := func(name string) string {
		if v := s.getenv(name); v != "" {
			return v
		}
		return s.getenv(strings.ToLower(name))
	}
	pick := (&httpproxy.Config{HTTPProxy: env("HTTP_PROXY"), HTTPSProxy: env("HTTPS_PROXY"), NoProxy: env("NO_PROXY")}).ProxyFunc()
	return func(r *http.Request) (*url.URL, error) { return pick(r.URL) }
}

// destination is the file to write, "" for standard output.
func destination(output, rawURL string) (string, error) {
	if output == "" || output == "-" {
		return "", nil
	}
	info, err := os.Stat(output)
	switch isDir := err == nil && info.IsDir(); {
	case isDir:
	case os.IsPathSeparator(output[len(output)-1]):
		return "", noDirectory(output)
	case !exists(filepath.Dir(output)):
		return "", noDirectory(filepath.Dir(output))
	default:
		return output, nil
	}
	name := ""
	if u, err := url.Parse(rawURL); err == nil {
		name = path.Base(strings.TrimSuffix(u.Path, ";mode=octet"))
	}
	switch name {
	case "", ".", "..", "/":
		return "", usagef("the URL %q names no file to write in %s: name it with -o FILE", rawURL, output)
	}
	return filepath.Join(output, name), nil
}

func noDirectory(name string) error {
	return withHint(fmt.Errorf("no such directory: %s", name), "create it with: mkdir -p %s", name)
}

// explainFetch adds the next step to what went wrong, and the exit code 3 to a
// file that is not there.
func explainFetch(err error, dest string) error {
	var status *fetch.StatusError
	var packet *tftp.Error
	var dns *net.DNSError
	switch {
	case errors.Is(err, fetch.ErrBadURL):
		return withHint(&usageError{err}, "write tftp://SERVER/FILE, http://SERVER/FILE or https://SERVER/FILE")
	case errors.Is(err, fetch.ErrNotFound):
		return &noError{withHint(err, "check the name: it is relative to the server's root, and case matters")}
	case errors.As(err, &packet) && strings.Contains(strings.ToLower(packet.Message), "directory"):
		return withHint(err, "name a file: TFTP cannot list a directory")
	case errors.Is(err, fetch.ErrForbidden):
		return withHint(err, "the server may not read the file or does not give it out: check its rights (for TFTP: chmod a+r) and the server's log")
	case errors.Is(err, fetch.ErrChecksum):
		return withHint(err, "this is another file, or it was damaged; nothing of it was kept")
	case errors.Is(err, fetch.ErrBusy):
		return withHint(err, "wait for it to end")
	case errors.Is(err, errNotText):
		return withHint(err, "write it to a file with -o FILE; -o - writes it here all the same")
	case errors.As(err, &status) && status.Location != "":
		return withHint(err, "boot firmware and GRUB do not follow redirects: give them the URL of the file itself")
	case dest != "" && exists(dest+".part"):
		return withHint(err, "the beginning is kept in %s: the same command goes on from there", dest+".part")
	case errors.As(err, &dns):
		return withHint(err, "check the server's name, or give its address: most boot firmware takes nothing else")
	case errors.Is(err, fetch.ErrRefused):
		return withHint(err, "the host is up but nothing listens on that port: is the server running?")
	case errors.Is(err, fetch.ErrNoAnswer):
		return withHint(err, "is the server up, and do firewalls let the traffic through? (TFTP: UDP to port 69, answers from any port)")
	}
	return err
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

func printFetched(s Streams, r fetch.Result) {
	st := newStyles(s, s.Err, s.ErrTTY)
	rate := formatRate(r.Size-r.Resumed, r.Duration)
	line := fmt.Sprintf("%s in %s", st.bold.Render(formatBytes(r.Size)), formatDuration(r.Duration))
	if r.Resumed > 0 {
		line = fmt.Sprintf("%s, %s of them in %s", st.bold.Render(formatBytes(r.Size)), formatBytes(r.Size-r.Resumed), formatDuration(r.Duration))
	}
	fmt.Fprintf(s.Err, "%s (%s)  %s %s\n", line, rate, st.dim.Render("sha256"), r.SHA256)
}

// fetchJSON is the result of pxe fetch --json.
type fetchJSON struct {
	URL         string         `json:"url"`
	Output      string         `json:"output,omitempty"`
	Size        int64          `json:"size_bytes"`
	Resumed     int64          `json:"resumed_bytes"`
	SHA256      string         `json:"sha256"`
	Seconds     float64        `json:"duration_seconds"`
	ContentType string         `json:"content_type,omitempty"`
	TFTP        *fetchTFTPJSON `json:"tftp,omitempty"`
}

// fetchTFTPJSON is what a TFTP transfer was like.
type fetchTFTPJSON struct {
	Server      string `json:"server"` // the address and port of the transfer
	BlockSize   int    `json:"blksize_bytes"`
	Window      int    `json:"window_blocks"`
	Blocks      int64  `json:"blocks"`
	Retransmits int64  `json:"retransmits"`
}

func newFetchJSON(r fetch.Result, dest string) fetchJSON {
	j := fetchJSON{
		URL: r.URL, Output: dest, Size: r.Size, Resumed: r.Resumed, SHA256: r.SHA256,
		Seconds: r.Duration.Seconds(), ContentType: r.ContentType,
	}
	if t := r.TFTP; t != nil {
		j.TFTP = &fetchTFTPJSON{t.Peer.String(), t.BlockSize, t.Window, t.Blocks, t.Retransmits}
	}
	return j
}

func parseSHA256(s string) (string, error) {
	if sum, err := hex.DecodeString(s); err != nil || len(sum) != 32 {
		return "", fmt.Errorf("want 64 hexadecimal digits")
	}
	return s, nil
}

// parseIntIn reads a number from least to most.
func parseIntIn(least, most int) func(string) (int, error) {
	return func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		if err != nil || n < least || n > most {
			return 0, fmt.Errorf("want a number from %d to %d", least, most)
		}
		return n, nil
	}
}
