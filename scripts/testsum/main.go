// Command testsum reads the output of `go test -json` and tells what a person
// wants to know of it: a line for each package, the output of what failed, and
// what was skipped and why. It exits with 1 when a test failed, or with CI=true
// when one was skipped.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// event is one line of test2json's output; `go doc test2json` describes it.
type event struct {
	Action     string
	Package    string
	ImportPath string // of build-output and build-fail
	Test       string
	Output     string
	Elapsed    float64 // seconds
}

// summary is what has been read so far.
type summary struct {
	w       io.Writer
	output  map[string]*strings.Builder // of running tests, by package and test
	failed  int
	broken  map[string]bool // packages with a failed test
	skipped []string
	passed  int
}

func main() {
	s := newSummary(os.Stdout)
	if err := s.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testsum:", err)
		os.Exit(1)
	}
	if !s.report(os.Getenv("CI") == "true") {
		os.Exit(1)
	}
}

func newSummary(w io.Writer) *summary {
	return &summary{w: w, output: map[string]*strings.Builder{}, broken: map[string]bool{}}
}

func (s *summary) read(r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			// Not a test's output: the go command itself has something to say.
			fmt.Fprintln(s.w, lines.Text())
			continue
		}
		s.add(e)
	}
	return lines.Err()
}

func (s *summary) add(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "build-output":
		fmt.Fprint(s.w, e.Output)
	case "build-fail":
		s.failed++
	case "output":
		if s.output[key] == nil {
			s.output[key] = &strings.Builder{}
		}
		s.output[key].WriteString(e.Output)
	case "pass", "fail", "skip":
		s.end(e, s.take(key))
	}
}

func (s *summary) take(key string) string {
	out := s.output[key]
	delete(s.output, key)
	if out == nil {
		return ""
	}
	return out.String()
}

// end handles the end of a test, or of a package when there is no test's name.
func (s *summary) end(e event, output string) {
	switch {
	case e.Action == "fail" && e.Test == "" && s.broken[e.Package]:
		// Its tests have told already.
	case e.Action == "fail":
		s.failed++
		s.broken[e.Package] = true
		fmt.Fprintf(s.w, "FAIL  %s %s\n%s", e.Package, e.Test, output)
	case e.Test == "" && e.Action == "pass":
		fmt.Fprintf(s.w, "ok    %-20s %6.1f s\n", e.Package, e.Elapsed)
	case e.Test == "": // a package without tests
	case e.Action == "pass":
		s.passed++
	case e.Action == "skip":
		s.skipped = append(s.skipped, fmt.Sprintf("%s %s: %s", e.Package, e.Test, reason(output)))
	}
}

// reason is what a test said when it was skipped.
func reason(output string) string {
	for line := range strings.Lines(output) {
		if _, why, ok := strings.Cut(line, "_test.go:"); ok {
			_, why, _ = strings.Cut(why, ": ")
			return strings.TrimSpace(why)
		}
	}
	return "no reason given"
}

// report prints the sum and tells whether all is well.
func (s *summary) report(ci bool) bool {
	slices.Sort(s.skipped)
	for _, line := range s.skipped {
		fmt.Fprintln(s.w, "SKIP ", line)
	}
	fmt.Fprintf(s.w, "%d passed, %d failed, %d skipped\n", s.passed, s.failed, len(s.skipped))
	return s.failed == 0 && (!ci || len(s.skipped) == 0)
}
