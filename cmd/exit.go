package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"pxe/plainfile"
)

// The exit codes; `pxe help exit-codes` tells them to users.
const (
	exitOK     = 0 // done
	exitFailed = 1 // could not do the work
	exitUsage  = 2 // wrong usage
	exitNo     = 3 // it ran, and the answer is no
)

const exitCodesHelp = `pxe ends with one of these codes:

  0  done: the work is done, or the answer is yes
  1  failed: the work could not be done (a port in use, no privileges, a network error)
  2  usage: a flag, an argument or a configuration is wrong; nothing was started
  3  no: the work was done and the answer is no (the client would not boot,
     the server does not have the file)

A server that is ended by SIGINT or SIGTERM ends with 0.`

// usageError is a mistake in how the command was called.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// hintError is an error with the next step for the reader.
type hintError struct {
	err  error
	hint string
}

func (e *hintError) Error() string { return e.err.Error() }
func (e *hintError) Unwrap() error { return e.err }

// withHint adds the next step to an error; nil stays nil.
func withHint(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &hintError{err, fmt.Sprintf(format, args...)}
}

// explainIrregular tells what to do about a pipe or a device in place of a file.
func explainIrregular(err error) error {
	if errors.Is(err, plainfile.ErrIrregular) {
		return withHint(err, "name a file: what comes from a pipe has to be saved to one first")
	}
	return err
}

// noError says that the work was done and the answer is no. A nil err means
// that the command has already said why.
type noError struct{ err error }

func (e *noError) Error() string {
	if e.err == nil {
		return "the answer is no"
	}
	return e.err.Error()
}
func (e *noError) Unwrap() error { return e.err }

// codeFor maps what a command returned to the process's exit code.
func codeFor(err error) int {
	var usage *usageError
	var no *noError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &no):
		return exitNo
	}
	return exitFailed
}

// jsonError is how an error looks on standard error under -o json.
type jsonError struct {
	Error    string `json:"error"`
	Hint     string `json:"hint,omitempty"`
	ExitCode int    `json:"exit_code"`
}

// printError tells the user what went wrong and what to do next.
func printError(s Streams, err error, asJSON bool) {
	var no *noError
	if errors.As(err, &no) && no.err == nil {
		return
	}
	text := err.Error()
	if errors.Is(err, context.Canceled) {
		text = strings.Replace(text, context.Canceled.Error(), "interrupted", 1)
	}
	hint := hintOf(err)
	if asJSON {
		_ = newJSONLines(s.Err).write(jsonError{text, hint, codeFor(err)})
		return
	}
	st := newStyles(s, s.Err, s.ErrTTY)
	printIndented(s.Err, st.bad.Render("error:"), text)
	if hint != "" {
		printIndented(s.Err, st.accent.Render("hint:"), hint)
	}
}

// printIndented writes a label and a text whose further lines are indented.
func printIndented(w io.Writer, label, text string) {
	fmt.Fprintf(w, "%s %s\n", label, strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n  "))
}

func hintOf(err error) string {
	var hinted *hintError
	if errors.As(err, &hinted) {
		return hinted.hint
	}
	return ""
}
