// Command picture draws a terminal session as SVG: it reads what a program wrote
// to a terminal (text with SGR colours) and writes the picture.
//
//	script -qec 'pxe try' /dev/null | go run ./scripts/picture -title 'pxe try' > docs/try.svg
package main

import (
	"bufio"
	"flag"
	"fmt"
	"html"
	"io"
	"os"
	"regexp"
	"strings"
	"unicode/utf8"
)

// The geometry of one character cell and the frame, in SVG pixels.
const (
	cellWidth  = 8.4
	cellHeight = 19
	margin     = 16
	titleBar   = 34
)

// palette maps SGR foreground codes to colours that read well on the background.
var palette = map[string]string{
	"30": "#3b4252", "31": "#e06c75", "32": "#98c379", "33": "#e5c07b",
	"34": "#61afef", "35": "#c678dd", "36": "#56b6c2", "37": "#d8dee9", "90": "#7f848e",
}

// span is a run of text in one style.
type span struct {
	text, color string
	bold, faint bool
}

var (
	sgr = regexp.MustCompile(`\x1b\[([0-9;]*)m`)
	// overwritten is what a carriage return went back over: a progress bar.
	overwritten = regexp.MustCompile(`(?m)^[^\n]*\r([^\r\n])`)
	controls    = regexp.MustCompile(`\x1b\[[0-9;?]*[A-Za-ln-z]|\x1b[()][A-Z0-9]|\r|\x04|\x08`)
)

func main() {
	title := flag.String("title", "", "the text in the window's title bar")
	columns := flag.Int("columns", 100, "wrap lines at this width")
	flag.Parse()
	if err := draw(os.Stdin, os.Stdout, *title, *columns); err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

func draw(in io.Reader, out io.Writer, title string, columns int) error {
	text, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	var lines [][]span
	for _, line := range parse(string(text)) {
		lines = append(lines, wrap(line, columns)...)
	}
	w := bufio.NewWriter(out)
	fullWidth := float64(columns)*cellWidth + 2*margin
	fullHeight := titleBar + margin + len(lines)*cellHeight + margin
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%d" viewBox="0 0 %.0f %d">`+"\n",
		fullWidth, fullHeight, fullWidth, fullHeight)
	fmt.Fprintf(w, `<rect width="100%%" height="100%%" rx="8" fill="#1e222a"/>`+"\n")
	for i, color := range []string{"#e06c75", "#e5c07b", "#98c379"} {
		fmt.Fprintf(w, `<circle cx="%d" cy="18" r="6" fill="%s"/>`+"\n", 20+20*i, color)
	}
	fmt.Fprintf(w, `<text x="50%%" y="23" fill="#7f848e" text-anchor="middle" font-family="sans-serif" font-size="13">%s</text>`+"\n", html.EscapeString(title))
	fmt.Fprintf(w, `<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="14" fill="#d8dee9" xml:space="preserve">`+"\n")
	for i, line := range lines {
		drawLine(w, line, titleBar+margin+i*cellHeight+4)
	}
	fmt.Fprintln(w, "</g>\n</svg>")
	return w.Flush()
}

// drawLine places every span at its own column, so that a font of another width
// cannot shift the rest of the line.
func drawLine(w io.Writer, line []span, y int) {
	column := 0
	for _, s := range line {
		n := utf8.RuneCountInString(s.text)
		if strings.TrimSpace(s.text) != "" {
			attrs := ""
			if s.color != "" {
				attrs += fmt.Sprintf(` fill="%s"`, s.color)
			}
			if s.bold {
				attrs += ` font-weight="bold"`
			}
			if s.faint {
				attrs += ` opacity="0.6"`
			}
			fmt.Fprintf(w, `<text x="%.1f" y="%d" textLength="%.1f"%s>%s</text>`+"\n",
				margin+float64(column)*cellWidth, y, float64(n)*cellWidth, attrs, html.EscapeString(s.text))
		}
		column += n
	}
}

// wrap breaks a line that is too wide where a terminal would.
func wrap(line []span, columns int) [][]span {
	lines, room := [][]span{nil}, columns
	for _, s := range line {
		for runes := []rune(s.text); len(runes) > 0; {
			if room == 0 {
				lines, room = append(lines, nil), columns
			}
			n := min(room, len(runes))
			if blank := strings.LastIndexByte(string(runes[:n]), ' '); n < len(runes) && blank > 0 {
				n = utf8.RuneCountInString(string(runes[:n])[:blank+1]) // between words
			}
			s.text = string(runes[:n])
			last := len(lines) - 1
			lines[last] = append(lines[last], s)
			runes, room = runes[n:], room-n
			if len(runes) > 0 {
				room = 0
			}
		}
	}
	return lines
}

// parse splits a session into lines of spans.
func parse(text string) [][]span {
	text = strings.TrimRight(overwritten.ReplaceAllString(text, "$1"), "\r\n")
	text = controls.ReplaceAllString(text, "")
	var lines [][]span
	var style span
	for _, raw := range strings.Split(text, "\n") {
		var line []span
		add := func(s string) {
			if s != "" {
				style.text = s
				line = append(line, style)
			}
		}
		last := 0
		for _, m := range sgr.FindAllStringSubmatchIndex(raw, -1) {
			add(raw[last:m[0]])
			style = restyle(style, raw[m[2]:m[3]])
			last = m[1]
		}
		add(raw[last:])
		lines = append(lines, line)
	}
	return lines
}

// restyle applies the parameters of one SGR sequence.
func restyle(s span, params string) span {
	for _, p := range strings.Split(params, ";") {
		switch p {
		case "", "0":
			s = span{}
		case "1":
			s.bold = true
		case "2":
			s.faint = true
		case "22":
			s.bold, s.faint = false, false
		case "39":
			s.color = ""
		default:
			if c, ok := palette[p]; ok {
				s.color = c
			}
		}
	}
	return s
}
