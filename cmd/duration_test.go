package cmd

import (
	"strings"
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"0": 0, "5": 5 * time.Second, "21600": 6 * time.Hour, "500ms": 500 * time.Millisecond, "1m30s": 90 * time.Second,
	} {
		if got, err := parseDuration(in); got != want || err != nil {
			t.Errorf("%s: %v, %v; want %v", in, got, err, want)
		}
	}
	for in, want := range map[string]string{
		"":                     `"" is not a time`,
		"soon":                 `"soon" is not a time`,
		"5 s":                  `"5 s" is not a time`,
		"1d":                   `"1d" is not a time`,
		"-5":                   "-5 is out of range",
		"-5s":                  "-5s is out of range",
		"9999999999":           "9999999999 is out of range",
		"99999999999999999999": "99999999999999999999 is out of range",
	} {
		if got, err := parseDuration(in); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, %v; want the error %q", in, got, err, want)
		}
	}
	for _, in := range []string{"0", "0s"} {
		if got, err := parseTimeout(in); err == nil || !strings.Contains(err.Error(), "above zero") {
			t.Errorf("%q: %v, %v; want an error", in, got, err)
		}
	}
}
