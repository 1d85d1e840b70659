package tftp

import (
	"path"
	"strings"
)

// maxName bounds a file name, in bytes. A DHCP packet has room for 255 at most.
const maxName = 255

// CleanName turns a name as clients send it into one for a Source: without a
// leading slash, backslashes turned (Windows boot managers send them), with
// "." and ".." resolved, and without the "tftp://host/" that some clients pass
// on. Old ROMs read one byte too many of an option 67 that has no NUL at its
// end; such an 0xFF behind the name is cut off, and note says so.
//
// The error is an *Error for the client: code 2 for a name that leaves the
// tree, has control characters or is longer than 255 bytes, code 4 for none.
func CleanName(name string) (clean, note string, err error) {
	clean, note = trimName(name)
	if scheme := "tftp://"; len(clean) >= len(scheme) && strings.EqualFold(clean[:len(scheme)], scheme) {
		_, clean, _ = strings.Cut(clean[len(scheme):], "/")
	}
	clean = strings.ReplaceAll(clean, `\`, "/")
	if i := strings.IndexFunc(clean, func(r rune) bool { return r < ' ' || r == 0x7f }); i >= 0 {
		return "", note, &Error{CodeAccess, "file name with control characters"}
	}
	if len(clean) > maxName {
		return "", note, &Error{CodeAccess, "file name too long"}
	}
	if clean = path.Clean(strings.TrimLeft(clean, "/")); clean == "." {
		return "", note, &Error{CodeIllegal, "no file name"}
	}
	if clean == ".." || strings.HasPrefix(clean, "../") {
		return "", note, &Error{CodeAccess, "file name leaves the tree"}
	}
	return clean, note, nil
}

// namesFolder reports whether a name can only be that of a folder, which CleanName
// makes no difference of.
func namesFolder(name string) bool {
	switch name[strings.LastIndexAny(name, `/\`)+1:] {
	case "", ".", "..":
		return true
	}
	return false
}

// trimName cuts off the rubbish behind a name.
func trimName(name string) (trimmed, note string) {
	for strings.HasSuffix(name, "\xff") || strings.HasSuffix(name, "\x00") {
		name = name[:len(name)-1]
		note = "rubbish behind the file name: option 67 without a NUL at its end?"
	}
	return name, note
}
