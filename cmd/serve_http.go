package cmd

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pxe/share"
)

type serveHTTPOptions struct {
	common
	confineOptions
	root    string
	listen  string
	metrics string
}

func newServeHTTPCmd(s Streams) *cobra.Command {
	o := serveHTTPOptions{listen: ":80"}
	cmd := &cobra.Command{
		Use:   "serve-http ROOT",
		Short: "Serve a boot tree over HTTP",
		Long: `Serve the files below the directory ROOT to UEFI HTTP Boot, boot loaders and
installers. ROOT may also be a .zip or .iso file, which is not unpacked; of
x.iso//install that directory is served.

Ranges and HEAD are supported, directories are listed, and nothing is ever
redirected, since boot firmware does not follow. Nothing outside ROOT can be
reached, also through symbolic links. Every request that reaches the tree is one
line; with -o json it is one line of JSON on standard output.

Once it listens, it gives up every privilege but that to read whosever files
(CAP_DAC_READ_SEARCH), and on Linux 5.13 or later, with Landlock, every file
outside ROOT. --no-confine keeps all.`,
		Example: `  pxe serve-http /srv/boot
  pxe serve-http . --listen :8080
  pxe serve-http debian-12.iso --listen :8080
  pxe serve-http /srv/boot --listen 192.168.122.1:80 -o json`,
		Args:              exactArgs("ROOT"),
		ValidArgsFunction: cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.root = args[0]
			return runServeHTTP(cmd.Context(), s, o)
		},
	}
	text := func(v string) string { return v }
	cmd.Flags().Var(newValue(&o.listen, "string", parseListen, text), "listen", "listen on `[ADDRESS]:PORT`; firmware asks port 80 unless the URL says another")
	addMetrics(cmd, &o.metrics)
	o.confineOptions.addTo(cmd)
	o.common.addTo(cmd)
	return cmd
}

func runServeHTTP(ctx context.Context, s Streams, o serveHTTPOptions) error {
	tree, err := openFiles(o.root)
	if err != nil {
		return err
	}
	defer tree.close()
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", o.listen)
	if err != nil {
		return listenError(err, o.listen, 8080)
	}
	defer l.Close()
	view := httpView{newServerView(s, o.common)}
	metrics := newHTTPMetrics()
	return withMetrics(ctx, o.metrics, metrics.all(), func(ctx context.Context) error {
		if err := o.confine(view.log, confinement{read: tree.folders(), self: o.metrics != ""}); err != nil {
			return err
		}
		view.listening(o.root, l.Addr())
		return share.Serve(ctx, l, share.HTTP(tree.files, func(e share.Event) {
			metrics.request(e)
			view.request(e)
		}))
	})
}

// httpView shows the requests to an HTTP server.
type httpView struct{ serverView }

// requestJSON is one answered request.
type requestJSON struct {
	Event      string         `json:"event"` // "request"
	Time       time.Time      `json:"time"`
	Client     netip.AddrPort `json:"client"`
	UserAgent  string         `json:"user_agent,omitempty"`
	Method     string         `json:"method"`
	Path       string         `json:"path"`
	Range      string         `json:"range,omitempty"`
	Status     int            `json:"status"`
	SentBytes  int64          `json:"sent_bytes"`
	TotalBytes int64          `json:"total_bytes"` // of the body announced, -1 when none was
	Seconds    float64        `json:"duration_seconds"`
	Error      string         `json:"error,omitempty"`
}

func (v httpView) listening(root string, addr net.Addr) {
	url := "http://" + addr.String() + "/"
	if v.json != nil {
		v.write(listeningJSON{Event: "listening", URL: url, Root: root})
		return
	}
	v.log.Info("serving "+root, "url", url)
}

func (v httpView) request(e share.Event) {
	if v.json != nil {
		line := requestJSON{
			Event: "request", Time: e.Time, Client: e.Client, UserAgent: e.UserAgent, Method: e.Method, Path: e.Path, Range: e.Range,
			Status: e.Status, SentBytes: e.Bytes, TotalBytes: e.Length, Seconds: e.Duration.Seconds(),
		}
		if e.Err != nil {
			line.Error = cause(e.Err).Error()
		}
		v.write(line)
		return
	}
	level, msg := judgeRequest(e)
	attrs := []any{"client", e.Client, "path", oneLine(e.Path), "status", e.Status}
	if e.Method != http.MethodGet {
		attrs = append(attrs, "method", oneLine(e.Method))
	}
	if e.Range != "" {
		attrs = append(attrs, "range", oneLine(e.Range))
	}
	switch {
	case e.Err != nil && e.Status != http.StatusNotFound:
		attrs = append(attrs, "err", oneLine(cause(e.Err).Error()))
	case e.Err == nil && e.Bytes > 0:
		attrs = append(attrs, "sent", formatBytes(e.Bytes), "in", formatDuration(e.Duration))
	}
	if e.UserAgent != "" {
		attrs = append(attrs, "agent", oneLine(e.UserAgent))
	}
	v.log.Log(context.Background(), level, msg, attrs...)
}

// cause drops the name of the file and the addresses, which the line has
// already, and the system call, which nobody asked about.
func cause(err error) error {
	var named *fs.PathError
	var network *net.OpError
	var call *os.SyscallError
	switch {
	case errors.As(err, &named):
		return cause(named.Err)
	case errors.As(err, &network):
		return cause(network.Err)
	case errors.As(err, &call):
		return call.Err
	}
	return err
}

// oneLine keeps text from a client on the line that it belongs to. The logger
// escapes other control characters itself.
func oneLine(s string) string {
	if !strings.ContainsAny(s, "\n\r") { // a Replacer is made slowly
		return s
	}
	return strings.NewReplacer("\n", `\n`, "\r", `\r`).Replace(s)
}

// judgeRequest says in a word what became of a request. A missing file is an
// ordinary answer: boot loaders ask for many names to find one.
func judgeRequest(e share.Event) (slog.Level, string) {
	switch {
	case e.Status == http.StatusNotFound:
		return slog.LevelInfo, "not found"
	case e.Status >= 400:
		return slog.LevelWarn, "refused"
	case e.Err != nil:
		return slog.LevelWarn, "interrupted"
	case e.Method == http.MethodHead:
		return slog.LevelInfo, "told the size"
	}
	return slog.LevelInfo, "sent"
}
