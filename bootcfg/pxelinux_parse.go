package bootcfg

import (
	"fmt"
	"strings"
	"time"

	"pxe/fault"
)

// Limits of a configuration. PXELINUX itself has no limit but its memory.
const (
	maxConfigSize   = 1 << 20 // bytes, all includes together
	maxIncludeDepth = 16
	maxIncludes     = 256
	pxelinuxLine    = 4095 // bytes; the rest of a longer line counts as the next (readconfig.c)
)

// ParsePXELINUX reads a configuration as PXELINUX 6 does
// (com32/elflink/ldlinux/readconfig.c): unknown lines are nothing but a warning,
// and later lines win. name is for messages. include gives the text of an included file,
// whose name is as written: see ResolvePXELINUX; a file that it cannot give is
// skipped, as PXELINUX skips it, with a warning. The only error is a
// configuration of more than 1 MiB.
func ParsePXELINUX(name string, text []byte, include func(name string) ([]byte, error)) (Config, error) {
	p := &pxelinuxParser{include: include, label: -1}
	p.config.Implicit = true
	p.config.pages = []page{{}}
	if err := p.file(name, text); err != nil {
		return Config{}, err
	}
	p.endLabel()
	p.warnAboutNames()
	return p.config, nil
}

// pxelinuxParser is the state between two lines. Includes share it, as if the
// files were one.
type pxelinuxParser struct {
	config  Config
	include func(string) ([]byte, error)

	page         int    // being filled
	label        int    // being filled, in config.Labels; -1 between labels
	ownAppend    bool   // the label has an APPEND of its own
	menuDefault  bool   // the label said MENU DEFAULT
	globalAppend string // for labels without one
	sysAppend    uint32 // likewise

	fileName        string
	line            int
	size            int
	depth, includes int
	unknown         int        // lines that are no directive
	text            *textBlock // inside TEXT ... ENDTEXT
}

type textBlock struct {
	help  bool
	lines []string
}

func (p *pxelinuxParser) warnf(id, format string, args ...any) {
	p.config.Warnings = append(p.config.Warnings, Problem{
		Fault: id, File: p.fileName, Line: p.line, Detail: fmt.Sprintf(format, args...),
	})
}

// file reads one file; the one that includes it goes on afterwards.
func (p *pxelinuxParser) file(name string, text []byte) error {
	p.size += len(text)
	if p.size > maxConfigSize {
		return fmt.Errorf("%s: configuration of more than %d bytes", name, maxConfigSize)
	}
	outerName, outerLine := p.fileName, p.line
	p.fileName, p.line = name, 1
	if mark := markedText(string(text)); mark != "" {
		p.warnf(fault.ConfigByteOrderMark, "%s", mark)
		p.config.marked = mark
	}
	p.line = 0
	for line := range strings.SplitSeq(string(text), "\n") {
		p.line++
		for len(line) > pxelinuxLine {
			if err := p.oneLine(line[:pxelinuxLine]); err != nil {
				return err
			}
			line = line[pxelinuxLine:]
		}
		if err := p.oneLine(line); err != nil {
			return err
		}
	}
	p.endText() // ENDTEXT must be in the same file
	p.fileName, p.line = outerName, outerLine
	return nil
}

func (p *pxelinuxParser) oneLine(line string) error {
	if p.text != nil {
		if _, ok := keyword(line, "endtext"); ok {
			p.endText()
		} else {
			p.text.lines = append(p.text.lines, strings.TrimSuffix(line, "\r"))
		}
		return nil
	}
	line, _, _ = strings.Cut(line, "\r")
	word, rest := firstWord(line)
	switch word = strings.ToLower(word); word {
	case "menu":
		return p.menuLine(rest)
	case "include":
		file, _ := firstWord(rest)
		return p.includeFile(file)
	case "text":
		kind, _ := firstWord(rest)
		p.text = &textBlock{help: strings.EqualFold(kind, "help")}
	case "label":
		p.beginLabel(rest)
	default:
		if p.label < 0 || !p.labelLine(word, rest) {
			p.globalLine(word, rest)
		}
	}
	return nil
}

// beginLabel opens a label whose kernel is its own name until a line says
// otherwise.
func (p *pxelinuxParser) beginLabel(rest string) {
	p.endLabel()
	name, _ := firstWord(rest)
	p.label = len(p.config.Labels)
	l := Label{
		Entry:     Entry{Name: name, Kernel: name},
		Type:      typeByName(name),
		Implied:   true,
		SysAppend: p.sysAppend,
		Menu:      p.titles(),
	}
	p.config.Labels = append(p.config.Labels, l)
}

// endLabel files the label in its page. Only now is the global APPEND taken.
func (p *pxelinuxParser) endLabel() {
	if p.label < 0 {
		return
	}
	l := &p.config.Labels[p.label]
	if !p.ownAppend {
		l.Append = p.globalAppend
	}
	if l.Append == "-" {
		l.Append = ""
	}
	if !l.Hidden {
		page := &p.config.pages[p.page]
		if p.menuDefault && !l.Disabled {
			page.chosen = len(page.items)
		}
		page.items = append(page.items, item{label: p.label})
	}
	p.label, p.ownAppend, p.menuDefault = -1, false, false
}

// labelLine takes a line that speaks of the label, and reports whether it did.
func (p *pxelinuxParser) labelLine(word, rest string) bool {
	l := &p.config.Labels[p.label]
	switch word {
	case "append":
		l.Append, p.ownAppend = rest, true
	case "initrd":
		l.Initrds = nil
		list, _ := firstWord(rest) // a blank ends the list (kernel.c)
		for name := range strings.SplitSeq(list, ",") {
			if name != "" {
				l.Initrds = append(l.Initrds, name)
			}
		}
	case "ipappend", "sysappend":
		l.SysAppend = sysAppendMask(rest)
	case "localboot":
		n := cInt(rest, 0)
		l.Implied = false
		l.Type, l.Local, l.Kernel, l.Args = TypeLocal, &n, "", ""
	default:
		t, ok := typeByKeyword(word)
		if !ok {
			return false
		}
		l.Kernel, l.Args = firstWord(rest)
		l.Local, l.Implied = nil, false
		l.Type = t
		switch {
		case word == "kernel":
			l.Type = typeByName(l.Kernel)
		case t == TypeModule && !strings.HasSuffix(l.Kernel, ".c32"):
			l.Kernel += ".c32" // ldlinux.c, apply_extension
		}
	}
	return true
}

// globalLine takes a line that speaks of the whole configuration.
func (p *pxelinuxParser) globalLine(word, rest string) {
	c := &p.config
	switch word {
	case "append":
		p.globalAppend = rest
	case "ipappend", "sysappend":
		p.sysAppend = sysAppendMask(rest)
	case "default":
		c.Default = rest
	case "ui":
		c.UI = rest
	case "ontimeout":
		c.OnTimeout = rest
	case "timeout":
		tenths := min(max(cInt(rest, 10), 0), 1<<31)
		c.Timeout = time.Duration(tenths) * 100 * time.Millisecond
	case "prompt":
		c.Prompt = cInt(rest, 10) != 0
	case "noescape":
		c.NoEscape = cInt(rest, 10) != 0
	case "implicit":
		c.Implicit = cInt(rest, 10) != 0
	case "path":
		for dir := range strings.SplitSeq(rest, ":") {
			if dir != "" {
				c.Path = append(c.Path, dir)
			}
		}
	case "serial":
		c.Serial = serialLine(rest)
	default:
		p.unknownDirective(word)
	}
}

func (p *pxelinuxParser) includeFile(name string) error {
	if p.depth == maxIncludeDepth || p.includes == maxIncludes {
		p.warnf(fault.ConfigIncludeFailed, "include %s: too many includes", name)
		return nil
	}
	if p.include == nil {
		p.warnf(fault.ConfigIncludeFailed, "include %s: includes are not read here", name)
		return nil
	}
	p.includes++
	text, err := p.include(name)
	if err != nil {
		p.warnf(fault.ConfigIncludeFailed, "include %s: %v", name, err)
		return nil
	}
	p.depth++
	err = p.file(name, text)
	p.depth--
	return err
}

// endText closes a TEXT block and keeps it when it is the help of a label.
func (p *pxelinuxParser) endText() {
	if p.text != nil && p.text.help && p.label >= 0 {
		p.config.Labels[p.label].Help = strings.Join(p.text.lines, "\n")
	}
	p.text = nil
}

// warnAboutNames tells of labels that can never be reached by name: PXELINUX
// takes the first that matches.
func (p *pxelinuxParser) warnAboutNames() {
	p.fileName, p.line = "", 0
	seen := map[string]bool{}
	for _, l := range p.config.Labels {
		if seen[l.Name] && !l.Disabled {
			p.warnf(fault.ConfigLabelTwice, "label %s: there are two, and the name means the first", l.Name)
		}
		seen[l.Name] = seen[l.Name] || !l.Disabled
	}
}
