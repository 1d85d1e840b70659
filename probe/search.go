package probe

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"pxe/fault"
)

// search is a loader's look for its configuration, under one name after the
// other. A name that the server refuses, or an empty file, makes loaders go on
// to the next one as if it were not there; a person wants to know.
type search struct {
	*runner
	program string // "PXELINUX"
	fault   string // when nothing is found
	right   string // the name by the hardware address, which this machine asks for
	request func(name string) request

	asked   int
	passed  []string     // names by the hardware address that are not there
	refused []*fileError // what may not be read
	empty   []*fileError
}

// ask asks for one name.
func (s *search) ask(ctx context.Context, name string) (content, error) {
	s.asked++
	c, err := s.get(ctx, s.request(name))
	f, ok := asFileError(err)
	switch {
	case !ok:
	case forbidden(err):
		s.refused = append(s.refused, f)
	case errors.Is(err, errEmpty):
		s.empty = append(s.empty, f)
	case missing(err) && name == s.right:
		s.passed = append(s.passed, name)
	}
	return c, err
}

// warn tells of what was passed over before a configuration was found.
func (s *search) warn(ctx context.Context) {
	for _, f := range s.refused {
		s.runner.warn(transferFault(f), "%s, and %s goes on to the next name", f.sentence(), s.program)
	}
	for _, f := range s.empty {
		s.runner.warn(fault.ConfigEmpty, "%s, and %s goes on to the next name", f.sentence(), s.program)
	}
	if hint := s.misnamed(ctx); hint != "" {
		s.runner.warn(s.fault, "%s", hint)
	}
}

// halt is the end of a search that found nothing; why says where it looked.
func (s *search) halt(ctx context.Context, why string) error {
	if n := len(s.refused); n > 0 {
		f := s.refused[0]
		why := fmt.Sprintf("%s, nor may %d more of the %d names that %s asks for", f.sentence(), n-1, s.asked, s.program)
		if n == 1 {
			why = fmt.Sprintf("%s, and the other %d names that %s asks for are not there", f.sentence(), s.asked-1, s.program)
		}
		return lookingLike(stop(transferFault(f), "%s", why), s.fault)
	}
	if len(s.empty) > 0 {
		return stop(fault.ConfigEmpty, "%s", s.empty[0].sentence())
	}
	if hint := s.misnamed(ctx); hint != "" {
		why += "; " + hint
	}
	return stop(s.fault, "%s", why)
}

// misnamed looks for a file that was meant for this machine and that no loader
// asks for: named after its hardware address in upper case, or without the 01-
// (the type of hardware) before it. "" when there is none.
func (s *search) misnamed(ctx context.Context) string {
	mac := strings.ReplaceAll(s.id.mac.String(), ":", "-")
	for _, right := range s.passed {
		before := strings.TrimSuffix(right, mac)
		without, upper := strings.TrimSuffix(before, "01-"), strings.ToUpper(mac)
		type spelling struct{ name, instead string }
		spellings := []spelling{{without + mac, "with 01- before the address"}}
		if upper != mac {
			spellings = append(spellings, spelling{before + upper, "in lower case"},
				spelling{without + upper, "in lower case and with 01- before the address"})
		}
		for _, wrong := range spellings {
			if _, err := s.files.Size(ctx, s.fetchRequest(s.request(wrong.name))); err == nil {
				return fmt.Sprintf("there is %s, and %s asks for %s, %s", wrong.name, s.program, right, wrong.instead)
			}
		}
	}
	return ""
}
