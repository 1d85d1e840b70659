package share

import (
	"cmp"
	"net/http"
	"strings"
)

// withRange is r with the Range header that http.ServeContent shall see. That
// answers 416 to everything it cannot read; here what is no valid range of bytes
// is ignored, as RFC 9110 14.2 demands for other units and allows for the rest.
func withRange(r *http.Request) *http.Request {
	asked := r.Header.Get("Range")
	usable := usableRange(asked)
	if usable == asked {
		return r
	}
	clone := *r // a handler does not write to its request
	clone.Header = r.Header.Clone()
	clone.Header.Set("Range", usable)
	return &clone
}

// usableRange rewrites a list of byte ranges (RFC 9110 14.1.2) so that every
// number fits 63 bits: a file ends before that. It returns "" for anything else.
func usableRange(header string) string {
	unit, list, _ := strings.Cut(header, "=")
	if !strings.EqualFold(unit, "bytes") {
		return ""
	}
	var ranges []string
	for spec := range strings.SplitSeq(list, ",") {
		spec = strings.Trim(spec, " \t")
		if spec == "" { // RFC 9110 5.6.1
			continue
		}
		first, last, ok := strings.Cut(spec, "-")
		if !ok || first == "" && last == "" || !isNumber(first) || !isNumber(last) {
			return ""
		}
		if first != "" && last != "" && compareNumbers(first, last) > 0 {
			return ""
		}
		ranges = append(ranges, bounded(first)+"-"+bounded(last))
	}
	if ranges == nil {
		return ""
	}
	return "bytes=" + strings.Join(ranges, ",")
}

// isNumber reports whether s has nothing but digits, or nothing.
func isNumber(s string) bool { return strings.Trim(s, "0123456789") == "" }

// compareNumbers compares numbers of any length.
func compareNumbers(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

// bounded is a number of 63 bits, in place of one that is larger.
func bounded(s string) string {
	const largest = "9223372036854775807"
	if compareNumbers(s, largest) > 0 {
		return largest
	}
	return s
}
