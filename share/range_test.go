package share

import (
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestUsableRange(t *testing.T) {
	for header, want := range map[string]string{
		"":                                "",
		"bytes=0-5":                       "bytes=0-5",
		"Bytes=0-5":                       "bytes=0-5",
		"bytes=5-":                        "bytes=5-",
		"bytes=-5":                        "bytes=-5",
		"bytes=0-0, 2-3,,\t5-":            "bytes=0-0,2-3,5-",
		"bytes=0-99999999999999999999":    "bytes=0-9223372036854775807",
		"bytes=99999999999999999999-":     "bytes=9223372036854775807-",
		"bytes=000000000000000000000005-": "bytes=000000000000000000000005-",
		"lines=1-2":                       "",
		"bytes":                           "",
		"bytes=":                          "",
		"bytes=,":                         "",
		"bytes=-":                         "",
		"bytes=3-1":                       "",
		"bytes=03-1":                      "",
		"bytes=1-2,3-1":                   "",
		"bytes=99999999999999999999-5":    "",
		"bytes=+1-2":                      "",
		"bytes=1--2":                      "",
		"bytes=a-b":                       "",
		"bytes=5":                         "",
	} {
		if got := usableRange(header); got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
}

// Whatever is asked for, the answer is the file, a part of it, or that there is
// no such part; the same range rewritten twice stays what it is.
func FuzzRange(f *testing.F) {
	for _, header := range []string{"bytes=0-5", "bytes=-3", "bytes=2-,0-1", "bytes=3-1", "lines=1-2", "bytes=0-99999999999999999999", "bytes=-0"} {
		f.Add(header)
	}
	const file = "0123456789"
	h := HTTP(fstest.MapFS{"f": {Data: []byte(file), ModTime: time.Unix(1, 0)}}, nil)
	f.Fuzz(func(t *testing.T, header string) {
		usable := usableRange(header)
		if again := usableRange(usable); again != usable {
			t.Errorf("%q became %q, and that %q", header, usable, again)
		}
		r := httptest.NewRequest("GET", "/f", nil)
		r.Header.Set("Range", header)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		switch {
		case usable == "" && (w.Code != 200 || w.Body.String() != file):
			t.Errorf("%q is no range: status %d, %q", header, w.Code, w.Body)
		case w.Code == 200 && w.Body.String() != file:
			t.Errorf("%q: %q is not the file", header, w.Body)
		case w.Code == 206 && !strings.HasPrefix(w.Header().Get("Content-Type"), "multipart/") && !strings.Contains(file, w.Body.String()):
			t.Errorf("%q: %q is no part of the file", header, w.Body)
		case w.Code != 200 && w.Code != 206 && w.Code != 416:
			t.Errorf("%q: status %d", header, w.Code)
		}
	})
}
