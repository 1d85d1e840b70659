package dhcp

import (
	"fmt"
	"strings"
	"time"
)

// FormatTime writes a time as configurations have it: "6h", not "6h0m0s".
func FormatTime(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// The longest label, and the longest name that DNS can carry, in bytes
// (RFC 1035 2.3.4).
const (
	maxLabel = 63
	maxName  = 253
)

// nameFault says why a name cannot be a host's or a domain's, or "": labels of
// letters, digits and inner hyphens (RFC 952 as RFC 1123 2.1 relaxes it).
func nameFault(name string) string {
	if len(name) > maxName {
		return fmt.Sprintf("has %d bytes, at most %d are allowed", len(name), maxName)
	}
	for label := range strings.SplitSeq(name, ".") {
		switch {
		case label == "":
			return fmt.Sprintf("%q has a dot too many", name)
		case len(label) > maxLabel:
			return fmt.Sprintf("%q has a part of %d bytes, at most %d are allowed", name, len(label), maxLabel)
		case label[0] == '-' || label[len(label)-1] == '-':
			return fmt.Sprintf("%q has a part that begins or ends with a hyphen", name)
		}
		for _, r := range label {
			if !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-') {
				return fmt.Sprintf("%q has the character %q", name, r)
			}
		}
	}
	return ""
}

// name checks the name of a host or a domain; an empty one is none.
func (v *validation) name(field, name string) {
	if name == "" {
		return
	}
	if why := nameFault(name); why != "" {
		v.fault(field, "write it with letters, digits, hyphens, and dots between: node1.example.com", "%s", why)
	}
}
