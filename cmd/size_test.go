package cmd

import "testing"

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{
		"1": 1, "1500": 1500, "64MiB": 64 << 20, "64mib": 64 << 20, "50MB": 50_000_000, "1.5 KB": 1500, "2GiB": 2 << 30, "8B": 8, "1TB": 1e12,
		"": 0, "0": 0, "-1": 0, "MB": 0, "1M": 1 << 20, "64k": 64 << 10, "2G": 2 << 30, "x": 0, "1e30": 0, "NaN": 0, "Inf": 0, "0.5": 0, "1MB/s": 0,
	} {
		got, err := parseSize(text)
		if got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %d, %v; want %d", text, got, err, want)
		}
	}
	for text, want := range map[string]int64{"50MB/s": 50e6, "6MiB": 6 << 20, "64000/s": 64000, "1TB": 1e12, "fast": 0, "/s": 0, "1": 0, "63999": 0, "1.1TB/s": 0} {
		if got, err := parseBandwidth(text); got != want || (err == nil) != (want > 0) {
			t.Errorf("%q: %d, %v; want %d", text, got, err, want)
		}
	}
}
