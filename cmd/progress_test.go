package cmd

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestProgress(t *testing.T) {
	type step struct {
		at          time.Duration
		done, total int64
	}
	const mb = 1_000_000
	for _, tt := range []struct {
		name  string
		steps []step
		want  []string // lines drawn, in order
	}{
		{"short work shows nothing", []step{{0, 1 * mb, 10 * mb}, {900 * time.Millisecond, 10 * mb, 10 * mb}}, nil},
		{"a bar", []step{
			{500 * time.Millisecond, 1 * mb, 40 * mb},
			{2 * time.Second, 20 * mb, 40 * mb},
			{2*time.Second + 50*time.Millisecond, 21 * mb, 40 * mb}, // too soon to draw again
			{4 * time.Second, 40 * mb, 40 * mb},
		}, []string{
			"━━━━━━━━━━━━━━━━━━━━━━━━  50%  20.0 MB of 40.0 MB  9.5 MB/s  2s left",
			"━━━━━━━━━━━━━━━━━━━━━━━━ 100%  40.0 MB of 40.0 MB  9.8 MB/s",
		}},
		{"a rate without what was there before", []step{
			{0, 30 * mb, 40 * mb},
			{2 * time.Second, 32 * mb, 40 * mb},
		}, []string{"━━━━━━━━━━━━━━━━━━━━━━━━  80%  32.0 MB of 40.0 MB  1.0 MB/s  8s left"}},
		{"no size, no bar", []step{{0, 0, -1}, {2 * time.Second, 20 * mb, -1}}, []string{"20.0 MB  10.0 MB/s"}},
		{"more than was said", []step{{0, 0, 10}, {2 * time.Second, 20, 10}},
			[]string{"━━━━━━━━━━━━━━━━━━━━━━━━ 100%  20 B of 10 B  10 B/s"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			clock := time.Unix(0, 0)
			p := newProgress(Streams{Err: &out, ErrTTY: true, Getenv: noColor}, func() time.Time { return clock })
			bar := p.add("")
			for _, s := range tt.steps {
				clock = time.Unix(0, 0).Add(s.at)
				bar.update(s.done, s.total)
			}
			bar.end()
			want := ""
			for _, line := range tt.want {
				want += "\r" + line + "\x1b[K"
			}
			if want != "" {
				want += "\r\x1b[J"
			}
			if diff := cmp.Diff(want, out.String()); diff != "" {
				t.Errorf("drawn (-want +got):\n%s", diff)
			}
		})
	}
}

// noColor is an environment.
func noColor(name string) string { return map[string]string{"NO_COLOR": "1"}[name] }

// Several transfers have a line each, over which they are drawn again; the
// screen is played back to see what a person sees.
func TestProgressOfMany(t *testing.T) {
	const mb = 1_000_000
	for _, tt := range []struct {
		name          string
		width, height int
		bars          int
		want          []string
	}{
		{"three", 80, 24, 3, []string{
			"done",
			"file0                ━━━━━━━━━━━━━━━━━━━━━━━━  50%  20.0 MB of 40.0 MB  10.0 M…",
			"file1                20.0 MB  10.0 MB/s",
			"file2                20.0 MB  10.0 MB/s",
		}},
		{"a narrow terminal", 20, 24, 1, []string{"done", "file0             …"}},
		{"a low terminal", 100, 4, 9, []string{
			"done",
			"file0                ━━━━━━━━━━━━━━━━━━━━━━━━  50%  20.0 MB of 40.0 MB  10.0 MB/s  2s left",
			"file1                20.0 MB  10.0 MB/s",
			"7 more",
		}},
		{"hardly a terminal", 100, 1, 2, []string{"2 more"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			screen := &screen{width: tt.width, height: tt.height}
			clock := time.Unix(0, 0)
			s := Streams{Err: screen, ErrTTY: true, Getenv: noColor, ErrSize: func() (int, int) { return tt.width, tt.height }}
			p := newProgress(s, func() time.Time { return clock })
			first := p.add("file0")
			first.update(0, 40*mb)
			var bars []*progressBar
			for i := 1; i < tt.bars; i++ {
				bars = append(bars, p.add(fmt.Sprintf("file%d", i)))
			}
			last := p.add("last")
			for range 3 {
				clock = clock.Add(time.Second)
				last.update(1, 2)
			}
			last.end()
			p.print(func() { fmt.Fprint(screen, "done\r\n") })
			clock = time.Unix(2, 0)
			for _, b := range bars {
				b.done = 20 * mb
			}
			first.update(20*mb, 40*mb)
			if diff := cmp.Diff(tt.want, screen.text()); diff != "" {
				t.Errorf("the screen shows (-want +got):\n%s", diff)
			}
			for _, b := range append(bars, first) {
				b.end()
			}
			want := []string{"done"}
			if tt.height == 1 {
				want = nil
			}
			if diff := cmp.Diff(want, screen.text(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("in the end the screen shows (-want +got):\n%s", diff)
			}
		})
	}
}

// Off a terminal there is nothing but what is printed.
func TestProgressOffATerminal(t *testing.T) {
	var out strings.Builder
	clock := time.Unix(0, 0)
	p := newProgress(Streams{Err: &out}, func() time.Time { return clock })
	b := p.add("file")
	clock = clock.Add(time.Minute)
	b.update(1, 2)
	p.print(func() { fmt.Fprintln(&out, "a line") })
	b.end()
	if out.String() != "a line\n" {
		t.Errorf("wrote %q", out.String())
	}
}

// screen is a terminal that knows what progress uses, and no colour. What
// scrolls out at the top is gone.
type screen struct {
	width, height int
	lines         [][]rune
	row, col      int
}

var control = regexp.MustCompile(`^\x1b\[(\d*)([AJK])`)

func (s *screen) Write(p []byte) (int, error) {
	for text := string(p); text != ""; {
		if m := control.FindStringSubmatch(text); m != nil {
			text = text[len(m[0]):]
			switch m[2] {
			case "A":
				n, _ := strconv.Atoi(m[1])
				s.row = max(s.row-n, 0)
			case "K":
				s.line()
				s.lines[s.row] = s.lines[s.row][:min(s.col, len(s.lines[s.row]))]
			case "J":
				s.line()
				s.lines[s.row] = s.lines[s.row][:min(s.col, len(s.lines[s.row]))]
				s.lines = s.lines[:s.row+1]
			}
			continue
		}
		r, n := utf8.DecodeRuneInString(text)
		text = text[n:]
		switch r {
		case '\r':
			s.col = 0
		case '\n':
			s.down()
		default:
			if s.col == s.width {
				s.col = 0
				s.down()
			}
			s.line()
			for len(s.lines[s.row]) <= s.col {
				s.lines[s.row] = append(s.lines[s.row], ' ')
			}
			s.lines[s.row][s.col] = r
			s.col++
		}
	}
	return len(p), nil
}

func (s *screen) line() {
	for len(s.lines) <= s.row {
		s.lines = append(s.lines, nil)
	}
}

func (s *screen) down() {
	s.line()
	if s.row++; s.row == s.height {
		s.row--
		s.lines = append(s.lines[1:], nil)
	}
}

// text is what can be read, without empty lines at the end.
func (s *screen) text() (text []string) {
	for _, line := range s.lines {
		text = append(text, strings.TrimRight(string(line), " "))
	}
	for len(text) > 0 && text[len(text)-1] == "" {
		text = text[:len(text)-1]
	}
	return text
}
