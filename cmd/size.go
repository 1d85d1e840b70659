package cmd

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// sizeUnits are what sizes are given in, the longest names first.
var sizeUnits = []struct {
	name  string
	bytes float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1},
	{"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, // as dd and qemu-img read them
}

// parseSize reads a size above zero: bytes, or with one of the units.
func parseSize(s string) (int64, error) {
	number, unit := s, 1.0
	for _, u := range sizeUnits {
		if n := len(s) - len(u.name); n > 0 && strings.EqualFold(s[n:], u.name) {
			number, unit = s[:n], u.bytes
			break
		}
	}
	v, err := strconv.ParseFloat(strings.TrimRight(number, " "), 64)
	if v *= unit; err != nil || math.IsNaN(v) || v < 1 || v >= math.MaxInt64 {
		return 0, fmt.Errorf("%q is not a size: want 65536, 64K, 64MiB or 50MB", s)
	}
	return int64(v), nil
}

// Bounds of a bandwidth, in bytes per second. Below the least the largest block
// that a client may ask for takes longer than its firmware waits for one.
const (
	leastBandwidth = 64_000
	mostBandwidth  = 1_000_000_000_000
)

// parseBandwidth reads bytes per second.
func parseBandwidth(s string) (int64, error) {
	n, err := parseSize(strings.TrimSuffix(s, "/s"))
	switch {
	case err != nil:
		return 0, fmt.Errorf("%q is not a bandwidth: want 50MB/s, 6MiB/s, at most 1TB/s", s)
	case n < leastBandwidth:
		return 0, fmt.Errorf("%s is too little: below 64KB/s a block can take longer than firmware waits for it, and nothing boots", s)
	case n > mostBandwidth:
		return 0, fmt.Errorf("%s is too much: want at most 1TB/s", s)
	}
	return n, nil
}
