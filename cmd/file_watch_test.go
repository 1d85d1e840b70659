package cmd

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestFileWatch changes files in the ways of editors, and asks what was seen.
func TestFileWatch(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(a, "1")
	var w fileWatch
	read := readFiles{a: stat(a), b: stat(b)}
	for _, step := range []struct {
		name string
		do   func()
		want []bool // of changed, asked again and again
	}{
		{"nothing", func() {}, []bool{false, false}},
		{"written in place", func() { write(a, "12") }, []bool{false, true}},
		{"with the same size", func() {
			if err := os.Chtimes(a, time.Time{}, time.Unix(1e9, 0)); err != nil {
				t.Fatal(err)
			}
		}, []bool{false, true}},
		{"another file in its place", func() {
			write(a+".new", "12")
			if err := os.Chtimes(a+".new", time.Time{}, time.Unix(1e9, 0)); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(a+".new", a); err != nil {
				t.Fatal(err)
			}
		}, []bool{false, true, true}}, // until it is read
		{"a second file", func() { write(b, "1") }, []bool{false, true}},
		{"gone", func() { os.Remove(a) }, []bool{false, true}},
	} {
		step.do()
		for i, want := range step.want {
			if got := w.changed(read); got != want {
				t.Errorf("%s, look %d: %v", step.name, i+1, got)
			}
		}
		read = readFiles{a: stat(a), b: stat(b)}
	}

	// Somebody is still writing.
	for i := range 3 {
		write(a, string(make([]byte, i)))
		if w.changed(read) {
			t.Error("a file that is being written is settled")
		}
	}
	if !w.changed(read) {
		t.Error("a file that was written is not seen")
	}
}
