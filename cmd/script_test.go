package cmd

import (
	"os"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the scripts run this very binary as `pxe`.
func TestMain(m *testing.M) {
	if os.Getenv(confinedEnv) != "" {
		os.Exit(m.Run()) // and no temporary folder, which it could not remove
	}
	testscript.Main(m, map[string]func(){
		"pxe": func() { os.Exit(Main(os.Args[1:], StdStreams())) },
	})
}

// confinedEnv makes a process of the tests one that confines itself.
const confinedEnv = "TEST_CONFINED_IN"

// TestScripts is the command line's specification: one behaviour a file.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Cmds:                map[string]func(ts *testscript.TestScript, neg bool, args []string){"exits": exits},
	})
}

// exits runs a program and checks its exit code: `exits 3 pxe fetch URL`.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE program [args...]")
	}
	code := "0"
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := err.(interface{ ExitCode() int })
		if !ok {
			ts.Fatalf("%v", err)
		}
		code = strconv.Itoa(exit.ExitCode())
	}
	if code != args[0] {
		ts.Fatalf("exit code %s, want %s", code, args[0])
	}
}
