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
	"pxe/plainfile"
	"pxe/tftp"
)

type fetchOptions struct {
	urls        []string
	output      string
	json        bool
	blockSize   int
	window      int
	tftpTimeout int
	as          fetchAs
	timeout     time.Duration
	sha256      string
	noResume    bool
	noRedirect  bool
	caFile      string
	parallel    int
	findMTU     bool
	put         string
	clients     int
	repeat      int
}

// load tells whether the server is to be loaded.
func (o fetchOptions) load() bool { return o.clients > 0 || o.repeat > 0 }

// fetchAs names a firmware of package fetch; "" is none.
type fetchAs string

func fetchAsNames() []fetchAs {
	var names []fetchAs
	for _, f := range fetch.Firmwares() {
		names = append(names, fetchAs(f.Name))
	}
	return names
}

func newFetchCmd(s Streams) *cobra.Command {
	o := fetchOptions{blockSize: fetch.DefaultBlockSize, window: fetch.DefaultWindow, timeout: fetch.DefaultTimeout, parallel: 4}
	cmd := &cobra.Command{
		Use:   "fetch URL...",
		Short: "Fetch files as a boot client would",
		Long: `Fetch files by tftp://, http:// or https:// and tell their size, SHA-256 and
rate, and what a TFTP server granted of what was asked for.

One file goes to standard output, or with --output to a file or into a directory;
several go into a directory, the current one unless told. A file appears only when
it is whole. Over HTTP an interrupted fetch leaves FILE.part, and the same command
goes on from there if the server still has the same file.

A TFTP name has no leading slash unless the URL has two: tftp://HOST//dir/file.
--as asks as a firmware or boot loader does: its options in its order, its source
port, its waits, and its question for the size before the file. The proxy of the
environment (HTTP_PROXY, HTTPS_PROXY, NO_PROXY) is used for HTTP.

--find-mtu finds the largest TFTP block that comes through in one piece, for the
path through a tunnel on which everything but the boot works. --put sends a file
to a TFTP server that takes uploads. --clients and --repeat put a load on a server
and tell how it bears it; what comes is compared and thrown away.

The exit code is 3 when the server says that it does not have the file (of several
files: when that is all that went wrong), and when --find-mtu finds that not even
512 bytes come through.`,
		Example: `  pxe fetch tftp://192.168.122.1/pxelinux.cfg/default
  pxe fetch tftp://192.168.122.1/pxelinux.0 -o /tmp/ --blksize 512 --window 1
  pxe fetch tftp://192.168.122.1/shimx64.efi -o /dev/null --as efi
  pxe fetch http://192.168.122.1/linux http://192.168.122.1/initrd.gz -o /srv/tftp/
  pxe fetch tftp://192.168.122.1/linux --find-mtu
  pxe fetch tftp://192.168.122.1/linux --clients 100 --repeat 3
  pxe fetch tftp://192.168.122.1/configs/switch1 --put switch1.conf
  pxe fetch http://192.168.122.1/linux -o linux --sha256 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae`,
		Args:              someArgs("URL"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.urls = args
			if err := o.check(cmd.Flags().Changed); err != nil {
				return err
			}
			if o.as != "" && !cmd.Flags().Changed("timeout") {
				o.timeout = 0 // as long as the firmware waits
			}
			return runFetch(cmd.Context(), s, o)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&o.output, "output", "o", "", "write to `FILE`, or to a directory under the URL's own file name; - is standard output")
	f.BoolVar(&o.json, "json", false, "print the result as JSON, on standard output unless the file goes there, else on standard error")
	f.Var(newValue(&o.blockSize, "int", parseIntIn(tftp.MinBlockSize, tftp.MaxBlockSize), strconv.Itoa), "blksize", "ask a TFTP server for blocks of `BYTES`")
	f.Var(newValue(&o.window, "int", parseIntIn(1, 65535), strconv.Itoa), "window", "ask a TFTP server for windows of `BLOCKS`")
	f.Var(newValue(&o.tftpTimeout, "int", parseIntIn(1, 255), nil), "tftp-timeout", "ask a TFTP server to send again after `SECONDS` without an answer (RFC 2349)")
	enumFlag(cmd, &o.as, "as", "", "ask a TFTP server as this `FIRMWARE` does", fetchAsNames()...)
	f.Var(newValue(&o.timeout, "duration", parseTimeout, time.Duration.String), "timeout", "give up when the server is silent for `DURATION`")
	f.Var(newValue(&o.sha256, "string", parseSHA256, nil), "sha256", "fail unless the file has this SHA-256 (`HEX`)")
	f.BoolVar(&o.noResume, "no-resume", false, "begin anew even if a part of the file is here")
	f.BoolVar(&o.noRedirect, "no-redirect", false, "fail at an HTTP redirect, as boot firmware does")
	f.StringVar(&o.caFile, "cacert", "", "check https servers against the certificates in `FILE` (PEM)")
	f.Var(newValue(&o.parallel, "int", parseIntIn(1, 1000), strconv.Itoa), "parallel", "of several files fetch `COUNT` at a time")
	f.BoolVar(&o.findMTU, "find-mtu", false, "find the largest TFTP block that comes through; fetch nothing")
	f.StringVar(&o.put, "put", "", "send `FILE` to the URL instead; - is standard input")
	f.Var(newValue(&o.clients, "int", parseIntIn(1, 10_000), nil), "clients", "load the server with `COUNT` clients at once")
	f.Var(newValue(&o.repeat, "int", parseIntIn(1, 1_000_000), nil), "repeat", "load the server with `COUNT` fetches by each client")
	return cmd
}

// maxTransfers bounds a load: the time of each transfer is kept.
const maxTransfers = 10_000_000

// check refuses flags that do not go together.
func (o fetchOptions) check(given func(flag string) bool) error {
	for _, rule := range []struct{ flag, not string }{
		{"as", "blksize window tftp-timeout put find-mtu"},
		{"find-mtu", "blksize window tftp-timeout output sha256 put clients repeat"},
		{"put", "output sha256 clients repeat"},
	} {
		for other := range strings.FieldsSeq(rule.not) {
			if given(rule.flag) && given(other) {
				return usagef("--%s does not go with --%s", other, rule.flag)
			}
		}
	}
	if len(o.urls) > 1 {
		for _, flag := range []string{"sha256", "find-mtu", "put", "clients", "repeat"} {
			if given(flag) {
				return usagef("--%s is for one URL, not for %d", flag, len(o.urls))
			}
		}
	}
	if n := max(o.clients, 1) * max(o.repeat, 1); n > maxTransfers {
		return usagef("%d clients and %d fetches each are %d transfers: at most %d", o.clients, o.repeat, n, maxTransfers)
	}
	for _, u := range o.urls {
		if o.as != "" && !strings.HasPrefix(strings.ToLower(u), "tftp:") {
			return usagef("--as is how a TFTP server is asked, and %s is not TFTP", u)
		}
	}
	return nil
}

func runFetch(ctx context.Context, s Streams, o fetchOptions) error {
	client, err := fetchClient(s, o)
	if err != nil {
		return err
	}
	switch {
	case o.findMTU:
		return runFindMTU(ctx, s, client, o)
	case o.put != "":
		return runPut(ctx, s, client, o)
	case o.load():
		return runLoad(ctx, s, client, o)
	case len(o.urls) > 1:
		return runFetchMany(ctx, s, client, o)
	}
	return runFetchOne(ctx, s, client, o)
}

// request asks for a URL as the flags say.
func (o fetchOptions) request(url string) fetch.Request {
	req := fetch.Request{
		URL: url, BlockSize: o.blockSize, Window: o.window, TFTPTimeout: o.tftpTimeout, Timeout: o.timeout,
		SHA256: o.sha256, NoResume: o.noResume, NoRedirect: o.noRedirect,
	}
	req.As, _ = fetch.FindFirmware(string(o.as))
	return req
}

func runFetchOne(ctx context.Context, s Streams, client *fetch.Client, o fetchOptions) error {
	req := o.request(o.urls[0])
	dest, err := destination(o.output, req.URL)
	if err != nil {
		return err
	}
	onTerminal := dest == "" && s.OutTTY
	bar := newProgress(s, time.Now).add("")
	if !onTerminal && !o.json {
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
	bar.end()
	if err != nil {
		return explainFetch(err, dest)
	}
	switch {
	case !o.json:
		printFetched(s, "", result)
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
	pem, err := plainfile.Read(o.caFile)
	if err != nil {
		return nil, explainIrregular(err)
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
	case errors.As(err, &packet) && packet.Code == tftp.CodeExists:
		return withHint(err, "the server has a file of that name and overwrites nothing")
	case errors.As(err, &packet) && packet.Code == tftp.CodeDiskFull:
		return withHint(err, "make room on the server")
	case isUpload(err) && (errors.Is(err, fetch.ErrForbidden) || errors.Is(err, fetch.ErrNotFound)):
		return withHint(err, "does the server take uploads? Many do only under a name that is there already, and is writable for all")
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
	case errors.Is(err, tftp.ErrGone):
		return withHint(err, "it ended or was started again, or what is in between forgot the transfer: see the server's log, and try again")
	case errors.Is(err, fetch.ErrNoSize), errors.Is(err, tftp.ErrProtocol):
		return withHint(err, "a firmware would stop here too: pxe probe-client tells what its screen shows")
	case errors.Is(err, fetch.ErrNoAnswer) && !isTFTP(err):
		return withHint(err, "is the server up, and do firewalls let TCP to its port through? A server that takes long gets more with --timeout")
	case errors.Is(err, fetch.ErrNoAnswer):
		return withHint(err, "is the server up, and do firewalls let the traffic through? (TFTP: UDP to port 69, answers from any port)")
	}
	return err
}

func isTFTP(err error) bool {
	var f *fetch.Error
	return errors.As(err, &f) && strings.HasPrefix(strings.ToLower(f.URL), "tftp:")
}

func isUpload(err error) bool {
	var f *fetch.Error
	return errors.As(err, &f) && f.Upload
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
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
