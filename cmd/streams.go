package cmd

import (
	"encoding/json"
	"io"
	"os"
	"sync"

	"github.com/charmbracelet/x/term"
	"github.com/mattn/go-isatty"
)

// Streams is everything of the surroundings that a command may touch: where it
// reads and writes, and what it may ask of the environment. Results go to Out,
// logs and progress to Err.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	// OutTTY and ErrTTY tell whether a person reads that stream on a terminal.
	OutTTY, ErrTTY bool
	// ErrSize tells the size of the terminal behind Err; nil is the common one.
	ErrSize func() (width, height int)
	// Getenv looks up an environment variable; nil means that none is set.
	Getenv func(string) string
}

// StdStreams is the process's own standard streams and environment.
func StdStreams() Streams {
	return Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		OutTTY: isatty.IsTerminal(os.Stdout.Fd()),
		ErrTTY: isatty.IsTerminal(os.Stderr.Fd()),
		ErrSize: func() (width, height int) {
			width, height, _ = term.GetSize(os.Stderr.Fd())
			return width, height
		},
		Getenv: os.Getenv,
	}
}

// errSize is the size of the terminal behind Err, in characters.
func (s Streams) errSize() (width, height int) {
	if s.ErrSize != nil {
		width, height = s.ErrSize()
	}
	if width <= 0 || height <= 0 {
		return 80, 24
	}
	return width, height
}

func (s Streams) getenv(name string) string {
	if s.Getenv == nil {
		return ""
	}
	return s.Getenv(name)
}

// color reports whether a stream that is a terminal or not may carry colour
// (https://no-color.org: any non-empty NO_COLOR means no).
func (s Streams) color(tty bool) bool {
	return tty && s.getenv("NO_COLOR") == "" && s.getenv("TERM") != "dumb"
}

// jsonLines writes one JSON value a line. It is safe for concurrent use.
type jsonLines struct {
	mu  sync.Mutex
	enc *json.Encoder
}

func newJSONLines(w io.Writer) *jsonLines {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return &jsonLines{enc: enc}
}

func (j *jsonLines) write(v any) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.enc.Encode(v)
}

// writeJSON prints one indented JSON document, the form of every result that is
// not a stream.
func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
