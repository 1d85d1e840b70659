package cmd

import (
	"context"
	"io/fs"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"pxe/tftp"
)

type serveTFTPOptions struct {
	common
	confineOptions
	roots         []string
	listen        string
	singlePort    bool
	stripPrefixes []string
	mapFile       string
	looseNames    bool
	perClient     perClient
	maxBlockSize  int
	maxWindow     int
	timeout       time.Duration
	retries       int
	idleTimeout   time.Duration
	maxTransfers  int
	maxTime       time.Duration
	bandwidth     int64 // bytes per second; 0: any
	uploadOptions
	perSource int
	rate      requestRate
	metrics   string
}

// perClient is what the folders of clients are named after.
type perClient string

const (
	perClientMAC perClient = "mac"
	perClientIP  perClient = "ip"
)

func newServeTFTPCmd(s Streams) *cobra.Command {
	o := serveTFTPOptions{
		listen: ":69", maxBlockSize: tftp.MaxBlockSize, maxWindow: tftp.DefaultMaxWindow,
		maxTransfers: tftp.DefaultMaxTransfers, timeout: tftp.DefaultTimeout, retries: tftp.DefaultRetries,
	}
	cmd := &cobra.Command{
		Use:   "serve-tftp ROOT...",
		Short: "Serve a boot tree over TFTP",
		Long: `Serve the files below the directory ROOT over TFTP, to be read only. Of several
the first one that has a file serves it. ROOT may also be a .zip or .iso file,
which is not unpacked; of x.iso//install that directory is served.

Clients get the options blksize, tsize, timeout and windowsize. Blocks are never
larger than one packet on the way to the client carries, and a lost packet is
sent again after a few round trips, not after seconds. A file that changes under
a transfer is sent as it was or ends it with an error, and never as a mixture.

Names may begin with a slash, with tftp://host/, a prefix given by
--strip-prefix, or neither; backslashes are slashes. Nothing outside ROOT can be
reached, also through symbolic links. --loose-names helps clients that do not
care about case, --map FILE those that ask for anything else: it rewrites names
by the rules of tftpd-hpa's map file.

With --per-client a name is looked for first in the client's own folder below
ROOT: for mac 01-52-54-00-12-34-56 as PXELINUX names files (clients behind a
router have none, for their address is not seen), for ip 192.0.2.7 and C0000207.
This tells clients apart; it hides nothing from them.

Clients may send files only with --upload DIR, and then only into DIR and the
folders that are there: whole or not at all, and none over another of its name
unless --upload-overwrite says so. --upload-max is for each file; nothing limits
all of them together, so DIR had better be on a file system of its own.

--bandwidth is shared by all who download: each gets the same, and what one does
not take the others have.

Who comes over a limit (--per-source, --rate, --max-transfers) is not answered:
boot clients ask again for half a minute, and would give up at an error. When
--max-transfers run, one whose client has not answered at all makes room. Where
strangers can reach the server --per-source is recommended, or one of them can take
every transfer there is; 20 is more than a machine needs, but behind NAT many
machines have one address.

Whoever asks in the name of somebody else has 7 packets sent to them (--retries
and one more), of at most 516 bytes or the size of the request, whatever that
asks for; the file only goes on when an answer comes to the port of the transfer.
With --single-port that port is known, and answers can be made up too: there, keep
packets with forged addresses out, or set --rate, --per-source and --bandwidth.

Every answered request is one line; with -o json it is one line of JSON on
standard output. UEFI asks for each boot program twice, first only for its size:
that is shown as such and is not an error.

Once it listens, it gives up every privilege but that to read whosever files
(CAP_DAC_READ_SEARCH; with --upload to write them, CAP_DAC_OVERRIDE), and on Linux
5.13 or later, with Landlock, every file outside ROOT and DIR. --no-confine keeps all.`,
		Example: `  pxe serve-tftp /srv/tftp
  pxe serve-tftp /srv/site /srv/tftp                    what is not in the first is in the second
  pxe serve-tftp debian-12-netinst.iso//install.amd     without unpacking it
  pxe serve-tftp /tftpboot --strip-prefix /tftpboot
  pxe serve-tftp /srv/tftp --map /etc/tftpd.map         rules of tftpd-hpa
  pxe serve-tftp /srv/wds --loose-names                 for Windows boot managers
  pxe serve-tftp /srv/tftp --per-source 11 --rate 100/2s
  pxe serve-tftp /srv/tftp --max-blksize 1408           for clients behind a tunnel
  pxe serve-tftp /srv/tftp --bandwidth 50MB/s           half of a gigabit for the others
  pxe serve-tftp /srv/tftp --upload /srv/logs --upload-max 10MB
  pxe serve-tftp /data --listen :6969 --single-port     in a container, with -p 69:6969/udp
  pxe serve-tftp . --listen 127.0.0.1:6969 -o json`,
		Args:              someArgs("ROOT"),
		ValidArgsFunction: completeTrees,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.roots = args
			return runServeTFTP(cmd.Context(), s, o)
		},
	}
	o.addFlags(cmd)
	o.confineOptions.addTo(cmd)
	o.common.addTo(cmd)
	return cmd
}

func runServeTFTP(ctx context.Context, s Streams, o serveTFTPOptions) error {
	trees, err := openAll(o.roots)
	if err != nil {
		return err
	}
	defer trees.close()
	server := &tftp.Server{
		SinglePort:   o.singlePort,
		MaxBlockSize: o.maxBlockSize,
		MaxWindow:    o.maxWindow,
		MaxTransfers: o.maxTransfers,
		Timeout:      o.timeout,
		Retries:      o.retries,
		IdleTimeout:  o.idleTimeout,
		MaxDuration:  o.maxTime,
		Pace:         &tftp.Pace{Rate: o.bandwidth},
		Admit:        (&tftp.Limits{PerSource: o.perSource, Rate: o.rate.requests, Window: o.rate.window}).Admit,
	}
	if server.Rewrite, err = o.rewrite(); err != nil {
		return err
	}
	running := newRunning()
	view := newTFTPView(s, o.common, running)
	defer view.limit.flush()
	if server.Source, err = o.source(trees, view.log); err != nil {
		return err
	}
	uploads, err := o.openUploads()
	if err != nil {
		return err
	}
	files := confinement{read: trees.folders(), self: o.metrics != ""}
	if uploads != nil {
		defer uploads.Close()
		files.write = append(files.write, o.uploadOptions.dir)
	}
	server.Source, server.Sink = running.source(server.Source), running.sink(o.sink(uploads))

	conn, err := new(net.ListenConfig).ListenPacket(ctx, "udp", o.listen)
	if err != nil {
		return listenError(err, o.listen, 6969)
	}
	defer conn.Close()
	metrics := newTFTPMetrics(running.count)
	server.OnEvent = func(e tftp.Event) {
		metrics.event(e)
		view.event(e)
	}
	return withMetrics(ctx, o.metrics, metrics.all(), func(ctx context.Context) error {
		if err := o.confine(view.log, files); err != nil {
			return err
		}
		if err := o.tryUploads(uploads); err != nil {
			return err
		}
		view.listening(o.roots, o.uploadOptions.dir, conn.LocalAddr())
		o.warnOfUploads(view.log, trees)
		for _, tree := range trees {
			if isEmpty(tree.files) {
				view.log.Warn(tree.title + " is empty: nothing will be found there")
			}
		}
		// The table is gone before anything else is written.
		ctx, cancel := context.WithCancel(ctx)
		var table sync.WaitGroup
		table.Go(func() { view.run(ctx) })
		defer table.Wait()
		defer cancel()
		return server.Serve(ctx, conn)
	})
}

func isEmpty(tree fs.FS) bool {
	entries, err := fs.ReadDir(tree, ".")
	return err == nil && len(entries) == 0
}

// tftpURL is where a server that listens on addr can be asked.
func tftpURL(addr net.Addr) string {
	return "tftp://" + strings.TrimSuffix(addr.String(), ":69") + "/"
}
