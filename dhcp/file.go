package dhcp

import "fmt"

// Pos is a place in a configuration file.
type Pos struct {
	File   string
	Line   int // from 1
	Column int // from 1
}

func (p Pos) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// FileError is one thing in a configuration file that is wrong, or not supported.
type FileError struct {
	Pos
	Problem string
	Hint    string // what to do about it
}

func (e *FileError) Error() string { return e.Pos.String() + ": " + e.Problem }
