package bootcfg

import "strings"

// byteOrderMark is what editors on Windows put before a text in UTF-8.
const byteOrderMark = "\uFEFF"

// markedText says how a text is marked that begins with a byte order mark
// (Unicode 23.8), "" when it does not. Loaders take the mark for a part of the
// first word.
func markedText(text string) string {
	switch {
	case strings.HasPrefix(text, byteOrderMark):
		return "the file begins with a byte order mark (BOM), which spoils its first word"
	case strings.HasPrefix(text, "\xff\xfe"), strings.HasPrefix(text, "\xfe\xff"):
		return "the file is in UTF-16 and begins with a byte order mark (BOM); loaders read UTF-8"
	}
	return ""
}
