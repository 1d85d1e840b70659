package cmd

import (
	"fmt"
	"io"
	"time"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

// styles is how this program looks: few colours, each with one meaning.
type styles struct {
	ok, bad, warn, accent, dim, bold lipgloss.Style
}

// newStyles makes the styles for one writer: coloured on a terminal, plain
// elsewhere and under NO_COLOR.
func newStyles(s Streams, w io.Writer, tty bool) styles {
	r := lipgloss.NewRenderer(w, termenv.WithProfile(termenv.Ascii))
	if s.color(tty) {
		r.SetColorProfile(termenv.ANSI)
	}
	fg := func(c string) lipgloss.Style { return r.NewStyle().Foreground(lipgloss.Color(c)) }
	return styles{
		ok: fg("2"), bad: fg("1").Bold(true), warn: fg("3"), accent: fg("6"),
		dim: r.NewStyle().Faint(true), bold: r.NewStyle().Bold(true),
	}
}

// formatBytes is a size as people read it: "512 B", "1.5 KB", "40.8 MB"
// (powers of 1000, as drives and networks count).
func formatBytes(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	v, unit := float64(n), ""
	for _, u := range []string{"KB", "MB", "GB", "TB"} {
		v, unit = v/1000, u
		if v < 999.95 {
			break
		}
	}
	return fmt.Sprintf("%.1f %s", v, unit)
}

// formatDuration is a duration as people read it: "12ms", "1.3s", "2m5s".
func formatDuration(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// formatRate is a transfer rate as people read it: "54.9 MB/s".
func formatRate(n int64, d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return formatBytes(int64(float64(n)/d.Seconds())) + "/s"
}
