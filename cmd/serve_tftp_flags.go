package cmd

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pxe/tftp"
)

// addFlags registers the flags in the order in which they are explained: where,
// what, how fast, how much.
func (o *serveTFTPOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false
	text := func(v string) string { return v }
	number := func(p *int, least, most int) *value[int] {
		return newValue(p, "int", intBetween(least, most), func(n int) string {
			if n == 0 {
				return ""
			}
			return strconv.Itoa(n)
		})
	}
	f.Var(newValue(&o.listen, "string", parseListen, text), "listen", "listen on `[ADDRESS]:PORT`; firmware asks port 69")
	f.BoolVar(&o.singlePort, "single-port", false, "send from that port too, and not each file from a new one: for NAT and the port forwarding of containers; slower")

	f.Var(newList(&o.stripPrefixes, "string", parsePrefix), "strip-prefix", "take the directory `DIR` off the names that begin with it; repeatable")
	f.StringVar(&o.mapFile, "map", "", "rewrite names by the rules in `FILE`, a map file of tftpd-hpa")
	f.BoolVar(&o.looseNames, "loose-names", false, "find a file that is not there as asked under any case of its letters")
	enumFlag(cmd, &o.perClient, "per-client", "", "look first into a folder that is named after the client's address", perClientMAC, perClientIP)

	f.Var(number(&o.maxBlockSize, tftp.MinBlockSize, tftp.MaxBlockSize), "max-blksize", "send blocks of at most so many `BYTES`")
	f.Var(number(&o.maxWindow, 1, 65535), "max-window", "send at most so many `BLOCKS` before an ACK, to clients that ask for a window")
	f.Var(newValue(&o.timeout, "duration", parseTimeBetween(10*time.Millisecond, time.Minute), time.Duration.String), "timeout", "send again after `DURATION` as long as the round trip is not known")
	f.Var(number(&o.retries, 1, 100), "retries", "give a client up that is silent for as long as `N` resends, each after twice the time, would take")

	f.Var(newValue(&o.idleTimeout, "duration", parseTimeBetween(time.Second, time.Hour), orNone), "idle-timeout", "give a client up that is silent for `DURATION` (default: as --timeout and --retries say)")

	f.Var(newValue(&o.maxTime, "duration", parseTimeBetween(time.Second, 30*24*time.Hour), orNone), "max-time", "end transfers that take longer than `DURATION` (default: none)")

	f.Var(number(&o.maxTransfers, 1, 1<<20), "max-transfers", "answer at most so many clients at the same time, `N`")
	f.Var(number(&o.perSource, 1, 1<<20), "per-source", "answer at most so many requests of one address at the same time, `N`; recommended, 20 for example (default: any)")
	f.Var(newValue(&o.rate, "rate", parseRequestRate, requestRate.String), "rate", "answer at most `N/DURATION` requests, 100/2s for example; then none until the time is over")

	f.Var(newValue(&o.bandwidth, "size", parseBandwidth, func(n int64) string {
		if n == 0 {
			return ""
		}
		return formatBytes(n) + "/s"
	}), "bandwidth", "send at most so many bytes a second, `RATE`, 50MB/s for example, to all clients together (default: any)")

	f.StringVar(&o.uploadOptions.dir, "upload", "", "take files into `DIR`, those that are not there yet (default: none are taken)")
	f.BoolVar(&o.overwrite, "upload-overwrite", false, "let them replace what is there")
	f.Var(newValue(&o.maxSize, "size", parseSize, orAny), "upload-max", "take files of at most `SIZE` each, 10MB for example; nothing limits all together (default: any)")

	addMetrics(cmd, &o.metrics)
}

// orAny is the text of a size whose zero value is no limit.
func orAny(n int64) string {
	if n == 0 {
		return ""
	}
	return formatBytes(n)
}

// orNone is the text of a time whose zero value means that there is none.
func orNone(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
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

// requestRate is so many requests in so much time; the zero value is no limit.
type requestRate struct {
	requests int
	window   time.Duration
}

func (r requestRate) String() string {
	if r.requests == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%s", r.requests, r.window)
}

// parseRequestRate reads 100/2s, or 100/s.
func parseRequestRate(s string) (requestRate, error) {
	count, per, _ := strings.Cut(s, "/")
	if per == "s" {
		per = "1s"
	}
	n, err := intBetween(1, 1<<30)(count)
	window, timeErr := parseTimeout(per)
	if err != nil || timeErr != nil {
		return requestRate{}, fmt.Errorf("%q is not a rate: want 100/2s", s)
	}
	return requestRate{n, window}, nil
}

// completeTrees completes directories and the archives that openFiles takes.
func completeTrees(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}
