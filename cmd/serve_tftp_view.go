package cmd

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"time"

	"pxe/tftp"
)

// tftpView shows the requests to a TFTP server.
type tftpView struct{ serverView }

// tftpRequestJSON is one request and how it ended.
type tftpRequestJSON struct {
	Event       string           `json:"event"`   // "request"
	Outcome     string           `json:"outcome"` // "done", "size_probe", "closed_early", "failed", "refused", "dropped", "malformed"
	Time        time.Time        `json:"time"`    // when the request came
	Client      netip.AddrPort   `json:"client"`
	Local       *netip.Addr      `json:"local,omitempty"` // the address that was asked
	File        string           `json:"file"`
	Mode        string           `json:"mode,omitempty"`
	Options     []tftpOptionJSON `json:"options"`       // as they were asked for
	TotalBytes  int64            `json:"total_bytes"`   // of the file, -1 when it was not opened
	SentBytes   int64            `json:"sent_bytes"`    // acknowledged by the client
	Blocks      int64            `json:"blocks"`        // acknowledged by the client
	Retransmits int64            `json:"retransmits"`   // packets
	BlockSize   int              `json:"blksize_bytes"` // 0 when nothing was agreed
	Window      int              `json:"window_blocks"` // 0 when nothing was agreed
	Seconds     float64          `json:"duration_seconds"`
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
		Event: "request", Outcome: strings.ReplaceAll(e.Kind.String(), " ", "_"), Time: e.Time, Client: e.Client,
		File: e.File, Mode: e.Mode, Options: []tftpOptionJSON{}, TotalBytes: e.Size, SentBytes: e.Bytes, Blocks: e.Blocks,
		Retransmits: e.Retransmits, BlockSize: e.BlockSize, Window: e.Window, Seconds: e.Duration.Seconds(), Note: e.Note,
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

func (v tftpView) listening(root string, addr net.Addr) {
	if v.json != nil {
		v.write(listeningJSON{"listening", tftpURL(addr), root})
		return
	}
	v.log.Info("serving "+root, "url", tftpURL(addr))
}

func (v tftpView) event(e tftp.Event) {
	if v.json != nil {
		v.write(newTFTPRequestJSON(e))
		return
	}
	level, msg := judgeTransfer(e)
	attrs := []any{"client", e.Client, "file", oneLine(e.File)}
	switch e.Kind {
	case tftp.EventDone:
		attrs = append(attrs, "sent", formatBytes(e.Bytes), "in", formatDuration(e.Duration), "rate", formatRate(e.Bytes, e.Duration))
	case tftp.EventSizeProbe:
		attrs = append(attrs, "size", formatBytes(e.Size))
	case tftp.EventClosed, tftp.EventFailed:
		attrs = append(attrs, "sent", formatBytes(e.Bytes), "of", formatBytes(e.Size), "in", formatDuration(e.Duration))
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
	return e.Kind == tftp.EventRefused && errors.Is(e.Err, fs.ErrNotExist)
}

// judgeTransfer says in a word what became of a request. A missing file is an
// ordinary answer: PXELINUX asks for ten names to find one.
func judgeTransfer(e tftp.Event) (slog.Level, string) {
	switch e.Kind {
	case tftp.EventDone:
		return slog.LevelInfo, "sent"
	case tftp.EventSizeProbe:
		return slog.LevelInfo, "told the size"
	case tftp.EventClosed:
		return slog.LevelInfo, "closed early"
	case tftp.EventFailed:
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
