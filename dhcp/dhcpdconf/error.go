package dhcpdconf

import "fmt"

// Pos is a place in a file.
type Pos struct {
	File   string
	Line   int // from 1
	Column int // in bytes, from 1
}

func (p Pos) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// Error is one thing that is wrong, or not supported.
type Error struct {
	Pos
	Problem string
	Hint    string // what to do about it
}

func (e *Error) Error() string { return e.Pos.String() + ": " + e.Problem }

// Warning is a statement that is taken, but not as dhcpd would.
type Warning struct {
	Pos
	Text string
}

func (w Warning) String() string { return w.Pos.String() + ": " + w.Text }

// errorAt makes an error; the hint is first, as it has no values.
func errorAt(p Pos, hint, problem string, args ...any) *Error {
	return &Error{p, fmt.Sprintf(problem, args...), hint}
}
