package cmd

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// parseDuration reads a time of zero or more as every command takes it: with
// units, or as a number of seconds.
func parseDuration(s string) (time.Duration, error) {
	text := s
	_, err := strconv.ParseInt(s, 10, 64)
	isNumber := err == nil || errors.Is(err, strconv.ErrRange)
	if isNumber {
		text += "s"
	}
	d, err := time.ParseDuration(text)
	switch {
	case err != nil && !isNumber:
		return 0, fmt.Errorf("%q is not a time: want 90s, 1m30s, or seconds like 90", s)
	case err != nil, d < 0:
		return 0, fmt.Errorf("%s is out of range", s)
	}
	return d, nil
}

// parseTimeBetween reads a time from least to most.
func parseTimeBetween(least, most time.Duration) func(string) (time.Duration, error) {
	return func(s string) (time.Duration, error) {
		d, err := parseDuration(s)
		if err == nil && (d < least || d > most) {
			err = fmt.Errorf("%s is out of range: want a time from %v to %v", s, least, most)
		}
		return d, err
	}
}

// parseTimeout reads a time above zero.
func parseTimeout(s string) (time.Duration, error) {
	d, err := parseDuration(s)
	if err == nil && d == 0 {
		err = fmt.Errorf("%s is out of range: want a time above zero", s)
	}
	return d, err
}
