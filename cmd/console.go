package cmd

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// console shows what a virtual machine writes to its serial line and watches
// for a text in it. Screen control is passed on to a terminal and dropped
// elsewhere. It is safe for concurrent use.
type console struct {
	mu    sync.Mutex
	out   io.Writer
	plain bool   // drop screen control
	until string // "" watches for nothing
	seen  func() // called once, when until has been written
	// line is what has been written since the last newline, screen control
	// included: a sequence may be cut anywhere between two writes.
	line []byte
	last []string
}

// keepLines is how many of the console's last lines are kept for the report.
const keepLines = 5

// maxLine bounds a line that never ends (a progress bar, a menu).
const maxLine = 4 << 10

func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.plain {
		if _, err := c.out.Write(p); err != nil {
			return 0, err
		}
	}
	c.line = append(c.line, p...)
	c.watch()
	for {
		i := bytes.IndexByte(c.line, '\n')
		if i < 0 {
			break
		}
		if err := c.endLine(c.line[:i]); err != nil {
			return 0, err
		}
		c.line = c.line[i+1:]
	}
	if len(c.line) > maxLine {
		c.line = c.line[len(c.line)-maxLine/2:]
	}
	return len(p), nil
}

// watch looks for the awaited text; a text that the terminal wrapped over two
// lines is not found.
func (c *console) watch() {
	if c.until == "" || c.seen == nil {
		return
	}
	if strings.Contains(ansi.Strip(string(c.line)), c.until) {
		c.seen()
		c.seen = nil
	}
}

func (c *console) endLine(raw []byte) error {
	text := cleanLine(string(raw))
	if text == "" {
		return nil
	}
	if c.last = append(c.last, text); len(c.last) > keepLines {
		c.last = c.last[1:]
	}
	if !c.plain {
		return nil
	}
	_, err := io.WriteString(c.out, text+"\n")
	return err
}

// end shows what is left of a line that did not end, and returns the last lines.
func (c *console) end() ([]string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.endLine(c.line)
	c.line = nil
	return c.last, err
}

// cleanLine is a line of a console as plain text: without screen control, and
// of what was overwritten by a carriage return only the last. A menu that was
// painted all over the screen becomes one line, so long gaps are closed up.
func cleanLine(s string) string {
	s = strings.TrimRight(ansi.Strip(s), "\r ")
	if i := strings.LastIndexByte(s, '\r'); i >= 0 {
		s = s[i+1:]
	}
	var b strings.Builder
	blanks := 0
	for _, r := range s {
		switch {
		case r == ' ' || r == '\t':
			blanks++
			if blanks <= maxGap {
				b.WriteByte(' ')
			}
		case r >= ' ' && r != 0x7f && r != utf8.RuneError: // a PC's line drawing is no UTF-8
			blanks = 0
			b.WriteRune(r)
		}
	}
	return b.String()
}

// maxGap is the most blanks that a plain line has in a row.
const maxGap = 8
