package bootcfg

import "fmt"

// Problem is a fault found in a configuration. It is an error.
type Problem struct {
	Fault  string // an ID of package fault
	File   string // "" when there is one file only
	Line   int    // from 1; 0 when it is about the whole file
	Detail string // what was found, in a few words
	Name   string // the command or file that it is about; "" for none
}

func (p *Problem) Error() string {
	switch {
	case p.Line == 0:
		return p.Detail
	case p.File == "":
		return fmt.Sprintf("line %d: %s", p.Line, p.Detail)
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Detail)
}
