package cmd

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// lastLines are lines at the end of a terminal that are drawn over. Each is cut to
// the terminal's width, and what is more than its height is only counted: a line
// that wraps or scrolls cannot be drawn over.
type lastLines struct {
	st    styles
	size  func() (width, height int)
	most  int // lines; 0: as many as there is room for
	drawn int // that are on the terminal now, the cursor at the end of the last
}

// draw is what to write to show these lines in place of those that are there.
func (l *lastLines) draw(lines []string) string {
	width, height := l.size()
	most := max(height-1, 1)
	if l.most > 0 {
		most = min(most, l.most)
	}
	if more := len(lines) - (most - 1); more > 1 {
		lines = append(lines[:most-1:most-1], l.st.dim.Render(fmt.Sprintf("%d more", more)))
	}
	if len(lines) == 0 {
		return l.erase()
	}
	var out strings.Builder
	out.WriteString(l.home())
	for i, line := range lines {
		if i > 0 {
			out.WriteString("\r\n")
		}
		out.WriteString(ansi.Truncate(line, max(width-1, 1), "…"))
		out.WriteString("\x1b[K")
	}
	if l.drawn > len(lines) {
		out.WriteString("\x1b[J")
	}
	l.drawn = len(lines)
	return out.String()
}

// home moves the cursor to the beginning of the first line.
func (l *lastLines) home() string {
	if l.drawn > 1 {
		return fmt.Sprintf("\r\x1b[%dA", l.drawn-1)
	}
	return "\r"
}

// erase is what to write to take the lines away, if there are any.
func (l *lastLines) erase() string {
	if l.drawn == 0 {
		return ""
	}
	out := l.home() + "\x1b[J"
	l.drawn = 0
	return out
}
