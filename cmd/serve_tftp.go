package cmd

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pxe/tftp"
)

type serveTFTPOptions struct {
	common
	confineOptions
	root          string
	listen        string
	stripPrefixes []string
	maxBlockSize  int
	maxWindow     int
	maxTransfers  int
	timeout       time.Duration
	retries       int
}

func newServeTFTPCmd(s Streams) *cobra.Command {
	o := serveTFTPOptions{
		listen: ":69", maxBlockSize: tftp.MaxBlockSize, maxWindow: tftp.DefaultMaxWindow,
		maxTransfers: tftp.DefaultMaxTransfers, timeout: tftp.DefaultTimeout, retries: tftp.DefaultRetries,
	}
	cmd := &cobra.Command{
		Use:   "serve-tftp ROOT",
		Short: "Serve a boot tree over TFTP",
		Long: `Serve the files below the directory ROOT over TFTP, to be read only.

Clients get the options blksize, tsize, timeout and windowsize. Blocks are never
larger than one packet on the way to the client carries, and a lost packet is
sent again after a few round trips, not after seconds. Names may begin with a
slash, a prefix given by --strip-prefix, or neither; backslashes are slashes.
Nothing outside ROOT can be reached, also through symbolic links.

Every answered request is one line; with -o json it is one line of JSON on
standard output. UEFI asks for each boot program twice, first only for its size:
that is shown as such and is not an error.

Once it listens, it gives up every privilege but that to read whosever files
(CAP_DAC_READ_SEARCH), and on Linux 5.13 or later, with Landlock, every file
outside ROOT. --no-confine keeps all.`,
		Example: `  pxe serve-tftp /srv/tftp
  pxe serve-tftp /tftpboot --strip-prefix /tftpboot
  pxe serve-tftp . --listen 127.0.0.1:6969 -o json
  pxe serve-tftp /srv/tftp --max-blksize 1408     for clients behind a tunnel`,
		Args:              exactArgs("ROOT"),
		ValidArgsFunction: cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.root = args[0]
			return runServeTFTP(cmd.Context(), s, o)
		},
	}
	f := cmd.Flags()
	text := func(v string) string { return v }
	f.Var(newValue(&o.listen, "string", parseListen, text), "listen", "listen on `[ADDRESS]:PORT`; firmware asks port 69")
	f.Var(newList(&o.stripPrefixes, "string", parsePrefix), "strip-prefix", "take the directory `DIR` off the names that begin with it; repeatable")
	f.Var(newValue(&o.maxBlockSize, "int", intBetween(tftp.MinBlockSize, tftp.MaxBlockSize), strconv.Itoa), "max-blksize", "send blocks of at most so many `BYTES`")
	f.Var(newValue(&o.maxWindow, "int", intBetween(1, 65535), strconv.Itoa), "max-window", "send at most so many `BLOCKS` before an ACK, to clients that ask for a window")
	f.Var(newValue(&o.maxTransfers, "int", intBetween(1, 1<<20), strconv.Itoa), "max-transfers", "answer at most so many clients at the same time, `N`")
	f.Var(newValue(&o.timeout, "duration", parseTimeout, time.Duration.String), "timeout", "send again after `DURATION` as long as the round trip is not known")
	f.Var(newValue(&o.retries, "int", intBetween(1, 100), strconv.Itoa), "retries", "give a client up that is silent for as long as `N` resends, each after twice the time, would take")
	o.confineOptions.addTo(cmd)
	o.common.addTo(cmd)
	return cmd
}

// parsePrefix checks the value of --strip-prefix: a directory in names.
func parsePrefix(s string) (string, error) {
	clean, _, err := tftp.CleanName(s)
	if err != nil {
		return "", fmt.Errorf("%q is not a directory of file names", s)
	}
	return clean, nil
}

// intBetween reads a number from least to most.
func intBetween(least, most int) func(string) (int, error) {
	return func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		if err != nil || n < least || n > most {
			return 0, fmt.Errorf("want a number from %d to %d", least, most)
		}
		return n, nil
	}
}

func runServeTFTP(ctx context.Context, s Streams, o serveTFTPOptions) error {
	root, err := openRoot(o.root)
	if err != nil {
		return err
	}
	defer root.Close()
	conn, err := new(net.ListenConfig).ListenPacket(ctx, "udp", o.listen)
	if err != nil {
		return listenError(err, ":6969")
	}
	defer conn.Close()
	view := tftpView{newServerView(s, o.common)}
	if err := o.confine(view.log, confinement{read: []string{o.root}}); err != nil {
		return err
	}
	view.listening(o.root, conn.LocalAddr())
	if isEmpty(root) {
		view.log.Warn(o.root + " is empty: every request will be answered by \"file not found\"")
	}
	server := &tftp.Server{
		Source:       o.source(root),
		MaxBlockSize: o.maxBlockSize,
		MaxWindow:    o.maxWindow,
		MaxTransfers: o.maxTransfers,
		Timeout:      o.timeout,
		Retries:      o.retries,
		OnEvent:      view.event,
	}
	return server.Serve(ctx, conn)
}

// source is the tree, with the prefixes taken off the names.
func (o serveTFTPOptions) source(root *os.Root) tftp.Source {
	source := tftp.Dir(root)
	for _, prefix := range o.stripPrefixes {
		source = tftp.StripPrefix(prefix, source)
	}
	return source
}

func isEmpty(root *os.Root) bool {
	entries, err := fs.ReadDir(root.FS(), ".")
	return err == nil && len(entries) == 0
}

// tftpURL is where a server that listens on addr can be asked.
func tftpURL(addr net.Addr) string {
	return "tftp://" + strings.TrimSuffix(addr.String(), ":69") + "/"
}
