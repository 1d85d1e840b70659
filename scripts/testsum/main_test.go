package main

import (
	"strings"
	"testing"
)

// TestSkipFailsOnlyInCI covers what scripts/test relies on.
func TestSkipFailsOnlyInCI(t *testing.T) {
	const (
		pass   = `{"Action":"pass","Package":"p","Test":"TestA"}` + "\n"
		skip   = `{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:7: not installed: ip\n"}` + "\n" + `{"Action":"skip","Package":"p","Test":"TestB"}` + "\n"
		fail   = `{"Action":"output","Package":"p","Test":"TestC","Output":"broken\n"}` + "\n" + `{"Action":"fail","Package":"p","Test":"TestC"}` + "\n"
		broken = `{"ImportPath":"p","Action":"build-fail"}` + "\n"
	)
	for _, c := range []struct {
		name, in    string
		local, inCI bool
		says        string
	}{
		{"pass", pass, true, true, "1 passed, 0 failed, 0 skipped"},
		{"skip", pass + skip, true, false, "SKIP  p TestB: not installed: ip"},
		{"fail", pass + fail, false, false, "broken"},
		{"fail once", pass + fail + `{"Action":"fail","Package":"p"}` + "\n", false, false, "1 passed, 1 failed, 0 skipped"},
		{"package fails alone", `{"Action":"fail","Package":"p"}` + "\n", false, false, "0 passed, 1 failed"},
		{"does not build", broken, false, false, "1 failed"},
	} {
		for _, ci := range []bool{false, true} {
			want := c.local
			if ci {
				want = c.inCI
			}
			var out strings.Builder
			s := newSummary(&out)
			if err := s.read(strings.NewReader(c.in)); err != nil {
				t.Fatal(err)
			}
			if got := s.report(ci); got != want || !strings.Contains(out.String(), c.says) {
				t.Errorf("%s, CI %v: %v, want %v\n%s", c.name, ci, got, want, &out)
			}
		}
	}
}
