package dhcpdconf

import (
	"fmt"

	"pxe/dhcp"
)

// Pos is a place in a file; its columns are bytes.
type Pos = dhcp.Pos

// Error is one thing that is wrong, or not supported.
type Error = dhcp.FileError

// Warning is a statement that is taken, but not as dhcpd would.
type Warning struct {
	Pos
	Text string
}

func (w Warning) String() string { return w.Pos.String() + ": " + w.Text }

// errorAt makes an error; the hint is first, as it has no values.
func errorAt(p Pos, hint, problem string, args ...any) *Error {
	return &Error{Pos: p, Problem: fmt.Sprintf(problem, args...), Hint: hint}
}
