package cmd

import (
	"fmt"
	"slices"
	"strings"

	"pxe/fetch"
	"pxe/tftp"
)

// printFetched tells of one file; name is "" when there is only one.
func printFetched(s Streams, name string, r fetch.Result) {
	st := newStyles(s, s.Err, s.ErrTTY)
	rate := formatRate(r.Size-r.Resumed, r.Duration)
	line := fmt.Sprintf("%s in %s", st.bold.Render(formatBytes(r.Size)), formatDuration(r.Duration))
	if r.Resumed > 0 {
		line = fmt.Sprintf("%s, %s of them in %s", st.bold.Render(formatBytes(r.Size)), formatBytes(r.Size-r.Resumed), formatDuration(r.Duration))
	}
	if name != "" {
		line = name + ": " + line
	}
	fmt.Fprintf(s.Err, "%s (%s)  %s %s\n", line, rate, st.dim.Render("sha256"), r.SHA256)
	if r.SizeProbe != nil {
		fmt.Fprintf(s.Err, "  %s %s\n", st.dim.Render("size:"), describeTerms(r.SizeProbe))
	}
	if r.TFTP != nil {
		fmt.Fprintf(s.Err, "  %s %s\n", st.dim.Render("file:"), describeTerms(r.TFTP))
	}
}

// describeTerms says what was asked of a TFTP server and what it granted.
func describeTerms(t *tftp.Transfer) string {
	if len(t.Asked) == 0 {
		return "asked for no options"
	}
	text := "asked for " + describeTFTPOptions(t.Asked)
	if len(t.Options) == 0 {
		return text + "; the server granted nothing"
	}
	text += "; granted " + describeTFTPOptions(t.Options)
	var missing []string
	for _, o := range t.Asked {
		if !slices.ContainsFunc(t.Options, func(g tftp.Option) bool { return strings.EqualFold(g.Name, o.Name) }) {
			missing = append(missing, o.Name)
		}
	}
	if len(missing) > 0 {
		text += ", not " + strings.Join(missing, ", ")
	}
	return text
}

func describeTFTPOptions(options []tftp.Option) string {
	words := make([]string, len(options))
	for i, o := range options {
		words[i] = fmt.Sprintf("%s %.20s", o.Name, printable(o.Value))
	}
	return strings.Join(words, ", ")
}

// fetchJSON is a file that was fetched, under --json.
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
	Server      string           `json:"server"` // the address and port of the transfer
	BlockSize   int              `json:"blksize_bytes"`
	Window      int              `json:"window_blocks"`
	Blocks      int64            `json:"blocks"`
	Retransmits int64            `json:"retransmits"`
	Asked       []tftpOptionJSON `json:"asked"`
	Granted     []tftpOptionJSON `json:"granted"`
	SizeProbe   *sizeProbeJSON   `json:"size_probe,omitempty"`
}

// sizeProbeJSON is what came of the question for the size.
type sizeProbeJSON struct {
	Asked   []tftpOptionJSON `json:"asked"`
	Granted []tftpOptionJSON `json:"granted"`
}

func newFetchJSON(r fetch.Result, dest string) fetchJSON {
	j := fetchJSON{
		URL: r.URL, Output: dest, Size: r.Size, Resumed: r.Resumed, SHA256: r.SHA256,
		Seconds: r.Duration.Seconds(), ContentType: r.ContentType,
	}
	if t := r.TFTP; t != nil {
		j.TFTP = &fetchTFTPJSON{
			t.Peer.String(), t.BlockSize, t.Window, t.Blocks, t.Retransmits, tftpOptionsJSON(t.Asked), tftpOptionsJSON(t.Options), nil,
		}
		if p := r.SizeProbe; p != nil {
			j.TFTP.SizeProbe = &sizeProbeJSON{tftpOptionsJSON(p.Asked), tftpOptionsJSON(p.Options)}
		}
	}
	return j
}

func tftpOptionsJSON(options []tftp.Option) []tftpOptionJSON {
	list := []tftpOptionJSON{}
	for _, o := range options {
		list = append(list, tftpOptionJSON{o.Name, o.Value})
	}
	return list
}
