package cmd

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestConsoleFindsTextCutAnywhere(t *testing.T) {
	const text = "\x1b[2J[    1.2] \x1b[0mRun /in\x1b[1mit as init\n"
	for cut := range len(text) {
		var out strings.Builder
		seen := 0
		c := &console{out: &out, plain: true, until: "Run /init", seen: func() { seen++ }}
		for _, part := range []string{text[:cut], text[cut:], "Run /init again\n"} {
			if _, err := c.Write([]byte(part)); err != nil {
				t.Fatal(err)
			}
		}
		if seen != 1 {
			t.Errorf("cut at %d: seen %d times, want once", cut, seen)
		}
		if want := "[    1.2] Run /init as init\nRun /init again\n"; out.String() != want {
			t.Errorf("cut at %d: shows %q, want %q", cut, out.String(), want)
		}
	}
}

func TestConsoleKeepsTheEnd(t *testing.T) {
	c := &console{out: new(strings.Builder)}
	for _, s := range []string{"1\n2\n3\n", "\n4\n5\n6\n7\r\n", "pro", "mpt> "} {
		if _, err := c.Write([]byte(s)); err != nil {
			t.Fatal(err)
		}
	}
	last, err := c.end()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"4", "5", "6", "7", "prompt>"}, last); diff != "" {
		t.Error(diff)
	}
	if _, err := c.Write([]byte(strings.Repeat("x", 10*maxLine))); err != nil {
		t.Fatal(err)
	}
	if len(c.line) > maxLine {
		t.Errorf("an endless line is kept whole: %d bytes", len(c.line))
	}
}
