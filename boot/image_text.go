package boot

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// identifyText places text files by what they begin with.
func identifyText(w *window, im *Image) bool {
	const enough = 4096
	b := w.head[:min(len(w.head), enough)]
	whole := int64(len(b)) == w.size
	b = bytes.TrimPrefix(b, []byte("\xEF\xBB\xBF"))
	if !isText(b, whole) {
		return false
	}
	text := strings.TrimLeft(string(b), " \t\r\n")
	lower := strings.ToLower(text)
	im.Kind = ImageText
	switch {
	case isIPXEScript(text):
		im.Kind = ImageIPXEScript
	case strings.HasPrefix(lower, "<!doctype html"), strings.HasPrefix(lower, "<html"),
		strings.HasPrefix(lower, "<head"), strings.Contains(lower, "<html"):
		im.Kind = ImageHTML
		im.note("It is a page for a browser, most likely a server's error message saved under this name.")
	case strings.HasPrefix(text, "-----BEGIN "):
		im.Kind = ImagePEM
	default:
		im.Kind = configKind(lower)
	}
	return true
}

// isText reports whether b reads as UTF-8 without control characters. The last
// rune may be cut unless b is the whole file.
func isText(b []byte, whole bool) bool {
	if len(b) == 0 {
		return false
	}
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			return !whole && !utf8.FullRune(b)
		}
		if r < ' ' && r != '\n' && r != '\r' && r != '\t' && r != '\f' && r != '\x1B' || r == 0x7F {
			return false
		}
		b = b[n:]
	}
	return true
}

// isIPXEScript knows the first line that iPXE demands (image/script.c): the
// mark and then white space.
func isIPXEScript(text string) bool {
	for _, mark := range []string{"#!ipxe", "#!gpxe"} {
		if rest, ok := strings.CutPrefix(text, mark); ok {
			return rest != "" && strings.ContainsRune(" \t\r\n", rune(rest[0]))
		}
	}
	return false
}

// configKind tells loaders' configuration files by the first word of their
// lines, lower-case. Words that both loaders know do not count.
func configKind(text string) ImageKind {
	for line := range strings.Lines(text) {
		word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		word, _, _ = strings.Cut(word, "\t")
		switch word {
		case "label", "prompt", "append", "ui", "ontimeout", "totaltimeout", "ipappend", "sysappend", "display", "localboot", "menu":
			return ImagePXELINUXConfig
		case "menuentry", "submenu", "insmod", "search", "configfile", "loadfont", "terminal_output", "normal":
			return ImageGRUBConfig
		case "set":
			if strings.Contains(line, "=") {
				return ImageGRUBConfig
			}
		}
	}
	return ImageText
}
