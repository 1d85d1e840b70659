package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"pxe/tftp"
)

// tftpView shows the requests to a TFTP server, and on a terminal those that
// are being answered.
type tftpView struct {
	serverView
	st      styles
	limit   *eventLimit[tftpFlood]
	table   *live // nil where there is no terminal
	running *running
}

func newTFTPView(s Streams, c common, running *running) tftpView {
	v := tftpView{running: running}
	if s.ErrTTY && !c.json() {
		v.table = newLive(s)
		s.Err = v.table
	}
	v.serverView, v.st = newServerView(s, c), newStyles(s, s.Err, s.ErrTTY)
	v.limit = newEventLimit(mostOf, v.leftOut)
	v.limit.crowd = func(f tftpFlood) tftpFlood { return tftpFlood{kind: f.kind} }
	return v
}

// run shows what is being answered, until ctx ends.
func (v tftpView) run(ctx context.Context) {
	if v.table != nil {
		v.table.run(ctx, v.rows)
	}
}

// rows is a line for each transfer that takes its time.
func (v tftpView) rows() []string {
	now := v.running.now()
	var rows []string
	for _, t := range v.running.list(now.Add(-progressDelay)) {
		rows = append(rows, v.row(t, now))
	}
	return rows
}

func (v tftpView) row(t *transfer, now time.Time) string {
	done := t.done.Load()
	what := fmt.Sprintf("%-15s %-20s", t.client.Addr().Unmap(), ansi.Truncate(printable(t.name), 20, "…"))
	rate := formatRate(done, now.Sub(t.start))
	if t.size <= 0 {
		return fmt.Sprintf("%s %s  %s", what, formatBytes(done), rate)
	}
	return fmt.Sprintf("%s %s  %s", what, bar(v.st, progressCells, done, t.size), rate)
}

// leftOut tells of the requests that were too many to be shown.
func (v tftpView) leftOut(f tftpFlood, count int) {
	level, what := slog.LevelWarn, "dropped: "+f.kind
	switch f.kind {
	case floodMalformed:
		level, what = slog.LevelDebug, f.kind
	case floodNotFound:
		level, what = slog.LevelInfo, "not found"
	case floodRefused:
		what = f.kind
	case floodNoAnswer:
		what = "failed: no answer"
	}
	v.serverView.leftOut(level, f.kind, what, f.client, count)
}

// tftpFlood is a kind of event that anybody on the network can cause as often as
// he likes; the zero value stands for all others.
type tftpFlood struct {
	kind string
	// client is the one that causes them, where one is not to hide what others do.
	client netip.Addr
}

// The kinds besides those of refusalReason.
const (
	floodMalformed = "malformed"
	floodNotFound  = "not_found"
	floodRefused   = "refused"
	floodNoAnswer  = "no_answer"
)

// limitOfClient is how many events of a kind are shown in an interval of one
// client: PXELINUX looks for ten names, GRUB for some more, and behind NAT a few
// machines are one client.
const limitOfClient = 200

// mostOf is how many events of a flood are shown in an interval; 0: all.
func mostOf(f tftpFlood) int {
	switch f.kind {
	case "":
		return 0
	case floodNotFound, floodRefused, floodNoAnswer:
		return limitOfClient
	}
	return limitEvents
}

// floodOf is the flood to which an event belongs.
func floodOf(e tftp.Event) tftpFlood {
	switch {
	case e.Kind == tftp.EventDropped:
		return tftpFlood{kind: refusalReason(e.Err)}
	case e.Kind == tftp.EventMalformed:
		return tftpFlood{kind: floodMalformed}
	case isNotFound(e):
		return tftpFlood{floodNotFound, e.Client.Addr()}
	case e.Kind == tftp.EventRefused:
		return tftpFlood{floodRefused, e.Client.Addr()}
	case e.Kind == tftp.EventFailed && (errors.Is(e.Err, tftp.ErrNoAnswer) || errors.Is(e.Err, tftp.ErrCrowdedOut)):
		return tftpFlood{floodNoAnswer, e.Client.Addr()}
	}
	return tftpFlood{}
}

// tftpRequestJSON is one request and how it ended.
type tftpRequestJSON struct {
	Event       string           `json:"event"`   // "request"
	Outcome     string           `json:"outcome"` // "done", "size_probe", "closed_early", "failed", "refused", "dropped", "malformed"
	Time        time.Time        `json:"time"`    // when the request came
	Client      netip.AddrPort   `json:"client"`
	Local       *netip.Addr      `json:"local,omitempty"` // the address that was asked
	File        string           `json:"file"`
	Asked       string           `json:"asked,omitempty"` // where --map made file of it
	Mode        string           `json:"mode,omitempty"`
	Options     []tftpOptionJSON `json:"options"`     // as they were asked for
	TotalBytes  int64            `json:"total_bytes"` // of the file, -1 when it was not opened
	Upload      bool             `json:"upload,omitempty"`
	SentBytes   int64            `json:"sent_bytes"`               // acknowledged by the client
	Received    int64            `json:"received_bytes,omitempty"` // of an upload
	Blocks      int64            `json:"blocks"`                   // acknowledged, or received
	Retransmits int64            `json:"retransmits"`              // packets
	BlockSize   int              `json:"blksize_bytes"`            // 0 when nothing was agreed
	Window      int              `json:"window_blocks"`            // 0 when nothing was agreed
	Seconds     float64          `json:"duration_seconds"`
	Rate        float64          `json:"rate_bytes_per_second"`
	ErrorCode   *tftp.Code       `json:"error_code,omitempty"` // of the ERROR that ended it
	Error       string           `json:"error,omitempty"`
	Note        string           `json:"note,omitempty"`
}

type tftpOptionJSON struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func newTFTPRequestJSON(e tftp.Event) tftpRequestJSON {
	line := tftpRequestJSON{
		Event: "request", Outcome: tftpOutcome(e.Kind), Time: e.Time, Client: e.Client,
		File: e.File, Asked: e.Asked, Mode: e.Mode, Options: []tftpOptionJSON{}, TotalBytes: e.Size, Upload: e.Upload, SentBytes: e.Bytes, Blocks: e.Blocks,
		Retransmits: e.Retransmits, BlockSize: e.BlockSize, Window: e.Window, Seconds: e.Duration.Seconds(), Note: e.Note,
	}
	if line.Seconds > 0 {
		line.Rate = math.Round(float64(e.Bytes) / line.Seconds)
	}
	if e.Upload {
		line.SentBytes, line.Received = 0, e.Bytes
	}
	for _, o := range e.Options {
		line.Options = append(line.Options, tftpOptionJSON(o))
	}
	if e.Local.IsValid() {
		line.Local = &e.Local
	}
	if e.Err != nil {
		line.Error = e.Err.Error()
		var fault *tftp.Error
		if errors.As(e.Err, &fault) {
			line.ErrorCode = &fault.Code
		}
	}
	return line
}

func (v tftpView) listening(roots []string, upload string, addr net.Addr) {
	if v.json != nil {
		line := listeningJSON{Event: "listening", URL: tftpURL(addr), Root: roots[0], Upload: upload}
		if len(roots) > 1 {
			line.Roots = roots
		}
		v.write(line)
		return
	}
	attrs := []any{"url", tftpURL(addr)}
	if upload != "" {
		attrs = append(attrs, "upload", upload)
	}
	v.log.Info("serving "+strings.Join(roots, " "), attrs...)
}

func (v tftpView) event(e tftp.Event) {
	if e.Missed > 0 {
		v.serverView.leftOut(slog.LevelWarn, "missed", "requests while this log was not read", netip.Addr{}, int(e.Missed))
	}
	level, msg := judgeTransfer(e)
	// What is not shown is not counted either.
	shown := v.json != nil || v.log.Enabled(context.Background(), level)
	if !shown || !v.limit.allow(floodOf(e)) {
		return
	}
	if v.json != nil {
		v.write(newTFTPRequestJSON(e))
		return
	}
	attrs := []any{"client", e.Client, "file", oneLine(e.File)}
	if e.Asked != "" {
		attrs = append(attrs, "asked", oneLine(e.Asked))
	}
	switch e.Kind {
	case tftp.EventDone:
		attrs = append(attrs, moved(e), formatBytes(e.Bytes), "in", formatDuration(e.Duration), "rate", formatRate(e.Bytes, e.Duration))
	case tftp.EventSizeProbe:
		attrs = append(attrs, "size", formatBytes(e.Size))
	case tftp.EventClosed, tftp.EventFailed:
		attrs = append(attrs, moved(e), formatBytes(e.Bytes))
		if e.Size >= 0 {
			attrs = append(attrs, "of", formatBytes(e.Size))
		}
		attrs = append(attrs, "in", formatDuration(e.Duration))
	}
	if e.BlockSize > 0 && e.Kind != tftp.EventSizeProbe {
		attrs = append(attrs, "blksize", e.BlockSize, "window", e.Window)
	}
	if e.Retransmits > 0 {
		attrs = append(attrs, "retransmits", e.Retransmits)
	}
	if e.Err != nil && !isNotFound(e) {
		attrs = append(attrs, "err", oneLine(e.Err.Error()))
	}
	if e.Note != "" {
		attrs = append(attrs, "note", oneLine(e.Note))
	}
	v.log.Log(context.Background(), level, msg, attrs...)
}

func isNotFound(e tftp.Event) bool {
	return e.Kind == tftp.EventRefused && !e.Upload && errors.Is(e.Err, fs.ErrNotExist)
}

// judgeTransfer says in a word what became of a request. A missing file is an
// ordinary answer: PXELINUX asks for ten names to find one.
func judgeTransfer(e tftp.Event) (slog.Level, string) {
	switch e.Kind {
	case tftp.EventDone:
		return slog.LevelInfo, moved(e)
	case tftp.EventSizeProbe:
		return slog.LevelInfo, "told the size"
	case tftp.EventClosed:
		return slog.LevelInfo, "closed early"
	case tftp.EventFailed:
		if e.Upload {
			return slog.LevelWarn, "upload failed"
		}
		return slog.LevelWarn, "failed"
	case tftp.EventMalformed:
		return slog.LevelDebug, "not a request"
	case tftp.EventDropped:
		return slog.LevelWarn, "dropped"
	}
	if isNotFound(e) {
		return slog.LevelInfo, "not found"
	}
	return slog.LevelWarn, "refused"
}

// moved is the word for which way the file went.
func moved(e tftp.Event) string {
	if e.Upload {
		return "received"
	}
	return "sent"
}
