package dhcp

import (
	"strings"
	"testing"
	"time"
)

func TestFormatTime(t *testing.T) {
	for d, want := range map[time.Duration]string{
		6 * time.Hour: "6h", 90 * time.Minute: "1h30m", 10 * time.Minute: "10m", 90 * time.Second: "1m30s", time.Hour + time.Second: "1h0m1s",
		0: "0s", -time.Second: "-1s", 20 * time.Second: "20s",
	} {
		if got := FormatTime(d); got != want {
			t.Errorf("%d ns is %q, want %q", d, got, want)
		}
	}
}

func TestNameFault(t *testing.T) {
	label := strings.Repeat("a", 63)
	for name, want := range map[string]string{
		"node1":                          "",
		"3com.Example.COM":               "",
		"xn--bcher-kva.example":          "",
		label + "." + label:              "",
		"bad domain":                     `has the character ' '`,
		"bad_name!":                      `has the character '_'`,
		"b\u00fccher":                    `has the character 'ü'`,
		"nul\x00":                        `has the character '\x00'`,
		"example.com.":                   "has a dot too many",
		".example":                       "has a dot too many",
		"a..b":                           "has a dot too many",
		"-a":                             "begins or ends with a hyphen",
		"a-.b":                           "begins or ends with a hyphen",
		label + "a":                      "has a part of 64 bytes",
		strings.Repeat("a.", 126) + "aa": "has 254 bytes",
	} {
		if got := nameFault(name); !strings.Contains(got, want) || (got == "") != (want == "") {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
