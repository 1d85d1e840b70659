package fetch

import (
	"net/http"
	"strings"
	"time"
)

// validator is what an HTTP server says of a file, by which a later fetch knows
// that it is still the same. The zero value knows nothing. It is stored as JSON
// beside the part.
type validator struct {
	URL      string `json:"url"`
	ETag     string `json:"etag,omitempty"`
	Modified string `json:"last_modified,omitempty"`
	Total    int64  `json:"total_bytes"`
}

// validatorOf reads what the answer to a fetch of url says. A weak ETag says
// nothing about bytes, and a date only once it cannot be that of another
// version of the same second (RFC 9110 8.8.2.2).
func validatorOf(resp *http.Response, url string) validator {
	v := validator{URL: url, Total: resp.ContentLength}
	if v.Total < 0 {
		return validator{}
	}
	if tag := resp.Header.Get("ETag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		v.ETag = tag
		return v
	}
	v.Modified = resp.Header.Get("Last-Modified")
	modified, err1 := http.ParseTime(v.Modified)
	now, err2 := http.ParseTime(resp.Header.Get("Date"))
	if err1 != nil || err2 != nil || now.Sub(modified) < time.Second {
		return validator{}
	}
	return v
}

// ifRange is the value of If-Range, "" when the file cannot be known again.
func (v validator) ifRange() string {
	if v.ETag != "" {
		return v.ETag
	}
	return v.Modified
}

// sameFile checks the header of a partial answer. A server must repeat an ETag
// there (RFC 9110 15.3.7), and need not repeat a date.
func (v validator) sameFile(h http.Header) bool {
	if v.ETag != "" {
		return h.Get("ETag") == v.ETag
	}
	date := h.Get("Last-Modified")
	return date == "" || date == v.Modified
}
