package cmd

import (
	"io"
	"log/slog"
	"time"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/log"
	"github.com/muesli/termenv"
)

// newLogger writes log lines to standard error: for people on a terminal, as
// key=value lines (logfmt) elsewhere, as JSON lines under -o json. Lines below
// Info appear at -v only.
func newLogger(s Streams, c common) *slog.Logger {
	level := slog.LevelInfo
	if c.verbose {
		level = slog.LevelDebug
	}
	opts := &slog.HandlerOptions{Level: level}
	switch {
	case c.json():
		return slog.New(slog.NewJSONHandler(s.Err, opts))
	case !s.ErrTTY: // a busy server would spend half its time on style
		return slog.New(slog.NewTextHandler(s.Err, opts))
	}
	// Hidden behind a plain writer, or the logger would ask the terminal for its
	// colours, with sequences that end up in the output.
	l := log.NewWithOptions(struct{ io.Writer }{s.Err}, log.Options{
		Level: log.Level(level), ReportTimestamp: true, TimeFormat: time.TimeOnly,
	})
	l.SetColorProfile(termenv.Ascii)
	if s.color(s.ErrTTY) {
		l.SetColorProfile(termenv.ANSI)
	}
	l.SetStyles(logStyles())
	return slog.New(l)
}

// logStyles are charmbracelet's with the few colours that the rest of the
// program uses.
func logStyles() *log.Styles {
	st := log.DefaultStyles()
	color := func(level log.Level, c string) {
		st.Levels[level] = st.Levels[level].Foreground(lipgloss.Color(c))
	}
	color(log.DebugLevel, "8")
	color(log.InfoLevel, "6")
	color(log.WarnLevel, "3")
	color(log.ErrorLevel, "1")
	return st
}
