package cmd

import (
	"errors"
	"io"
	"strings"
)

var errNotText = errors.New("the file is not text, and would upset the terminal")

// textWriter passes text on to a terminal and refuses control characters, which
// may do anything there.
type textWriter struct {
	w    io.Writer
	last byte
}

func (t *textWriter) Write(p []byte) (int, error) {
	for _, b := range p {
		// U+0080 to U+009F are control characters too: 0xC2 and the character.
		c1 := t.last == 0xC2 && b >= 0x80 && b <= 0x9F
		if c1 || b < ' ' && !strings.ContainsRune("\t\n\r\f", rune(b)) || b == 0x7F {
			return 0, errNotText
		}
		t.last = b
	}
	return t.w.Write(p)
}
