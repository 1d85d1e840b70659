package bootcfg

import (
	"strconv"
	"strings"
)

// keyword reports whether a line begins with a word, in any case, and gives
// what follows.
func keyword(line, word string) (rest string, ok bool) {
	first, rest := firstWord(line)
	return rest, strings.EqualFold(first, word)
}

// firstWord splits off the first word. To PXELINUX everything up to a space
// counts as blank (my_isspace).
func firstWord(s string) (word, rest string) {
	s = strings.TrimLeftFunc(s, isBlank)
	end := strings.IndexFunc(s, isBlank)
	if end < 0 {
		return s, ""
	}
	return s[:end], strings.TrimLeftFunc(s[end:], isBlank)
}

func isBlank(r rune) bool { return r <= ' ' }

// cInt reads a number as C does, as far as it goes; base 0 knows 0x and 0.
func cInt(s string, base int) int {
	word, _ := firstWord(s)
	for end := min(len(word), len("-0x7fffffff")); end > 0; end-- {
		if n, err := strconv.ParseInt(word[:end], base, 32); err == nil && !strings.Contains(word[:end], "_") {
			return int(n)
		}
	}
	return 0
}

func sysAppendMask(s string) uint32 { return uint32(cInt(s, 0)) }

// serialLine reads "port [baud [flow]]"; the default is 9600 baud, and less
// than 75 means none.
func serialLine(s string) *Serial {
	port, rest := firstWord(s)
	serial := &Serial{Port: cInt(port, 10), Baud: 9600}
	if baud, _ := firstWord(rest); baud != "" {
		serial.Baud = cInt(baud, 10)
	}
	if serial.Baud < minBaud {
		return nil
	}
	return serial
}
