package bootcfg

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"pxe/fault"
)

// GRUBEnv is what a configuration finds when it starts.
type GRUBEnv struct {
	// Vars are variables that GRUB has set, such as prefix ("(tftp)/grub"),
	// root ("tftp,192.0.2.1"), grub_platform ("efi") and net_default_mac. One
	// that GRUB always sets and that is missing here counts as unknown.
	Vars map[string]string
	// Read gives the text of a file that the script sources, by a name as
	// ResolveGRUB takes it. Nil reads none.
	Read func(name string) ([]byte, error)
}

// Limits of a script with all that it sources and calls.
const (
	grubDepth = 16
	grubSteps = 100_000
)

// ParseGRUB reads a configuration (grub.cfg) and works out its menu without
// running it. It follows assignments, conditions on strings, functions, sourced
// files and submenus. Conditions that need the machine (files, hardware, the
// network) are passed over where nothing in them could change what boots, and
// reported where it could. The only error is a configuration of more than 1 MiB.
func ParseGRUB(text []byte, env GRUBEnv) (GRUBConfig, error) {
	if len(text) > maxConfigSize {
		return GRUBConfig{}, fmt.Errorf("grub.cfg: configuration of more than %d bytes", maxConfigSize)
	}
	e := &grubRun{
		vars:       newGRUBVars(env.Vars),
		functions:  map[string][]grubStmt{},
		grubShared: &grubShared{read: env.Read, size: len(text)},
	}
	e.run(e.parse(text))
	c := GRUBConfig{stop: e.stop, certain: e.certain, direct: e.result, spoiled: cmp.Or(e.marked, e.broken, e.unknown)}
	c.Default, c.defaultKnown = e.vars.get("default")
	c.Timeout, c.Waits = e.timeout()
	c.Entries = e.entries()
	c.Warnings = e.warnings
	return c, nil
}

// grubShared is what the runs of a script and of its entries have in common.
type grubShared struct {
	read     func(string) ([]byte, error)
	warnings []Problem
	depth    int // of functions, sourced files and submenus
	steps    int
	unseen   bool // a part of the script was not read or passed over
	size     int
	reads    int
}

// grubRun walks through a script, or through the body of one entry.
type grubRun struct {
	*grubShared
	vars      *grubVars
	functions map[string][]grubStmt
	inEntry   bool

	menu    []grubPending
	stop    *Problem // the first thing that could not be told
	unknown *Problem // the first command that no GRUB has
	marked  *Problem // a byte order mark
	broken  *Problem // a syntax error
	certain int      // length of menu before it
	boot    Choice   // what has been loaded
	loaded  bool
	result  *Choice // what boots; nothing after it counts
}

// grubPending is an entry whose body has not been run.
type grubPending struct {
	entry GRUBEntry
	body  []grubStmt
}

func (e *grubRun) warn(id string, line int, format string, args ...any) *Problem {
	p := Problem{Fault: id, Line: line, Detail: fmt.Sprintf(format, args...)}
	e.warnings = append(e.warnings, p)
	return &p
}

// stopAt records that what follows from a line cannot be told.
func (e *grubRun) stopAt(line int, format string, args ...any) {
	p := e.warn(fault.ConfigNotFollowed, line, format, args...)
	if e.stop == nil {
		e.stop, e.certain = p, len(e.menu)
	}
}

// step counts, and reports whether there is budget left.
func (e *grubRun) step(line int) bool {
	if e.steps++; e.steps == grubSteps {
		e.stopAt(line, "the script is too long to follow")
	}
	return e.steps < grubSteps
}

// parse reads a script. What is wrong with it is a warning, as GRUB goes on.
func (e *grubRun) parse(text []byte) []grubStmt {
	if mark := markedText(string(text)); mark != "" {
		e.marked = e.warn(fault.ConfigByteOrderMark, 1, "%s", mark)
	}
	list, err := parseGRUBScript(string(text))
	if err != nil {
		id := fault.ConfigNotFollowed
		if err.unclosed {
			id = fault.GRUBSyntax
		}
		e.broken = e.warn(id, err.line, "%s", err.detail)
		e.unseen = true
	}
	return list
}

func (e *grubRun) run(list []grubStmt) {
	for _, s := range list {
		if e.result != nil || e.inEntry && e.stop != nil || !e.step(s.line) {
			return
		}
		switch s.kind {
		case grubGroup:
			e.run(s.body)
		case grubFunction:
			if len(s.words) > 0 {
				name, _ := s.words[0].literal()
				e.functions[name] = s.body
			}
		case grubLoop:
			e.passOver(s, "a loop", s.body)
		case grubIf:
			e.branch(s)
		default:
			e.command(s)
		}
	}
}

// branch goes into the branch that is taken, if that can be told.
func (e *grubRun) branch(s grubStmt) {
	for i, b := range s.branches {
		answer := yes // else
		if b.cond != nil {
			e.run(b.cond)
			answer = e.condition(b.cond)
		}
		switch answer {
		case yes:
			e.run(b.body)
			return
		case unknown:
			var rest [][]grubStmt
			for _, b := range s.branches[i:] {
				rest = append(rest, b.cond, b.body)
			}
			e.passOver(s, "a condition that needs the machine", rest...)
			return
		}
	}
}

// entries runs the bodies of the menu, now that all variables have their last
// values. An entry sets none of them for the others.
func (e *grubRun) entries() []GRUBEntry {
	var all []GRUBEntry
	for _, p := range e.menu {
		inner := &grubRun{
			grubShared: e.grubShared,
			functions:  e.functions,
			vars:       e.vars.scope(),
			inEntry:    !p.entry.Submenu,
		}
		entry := p.entry
		if e.depth++; e.depth <= grubDepth {
			inner.run(p.body)
			entry.Entries = inner.entries()
		}
		e.depth--
		if entry.Problem = inner.stop; !entry.Submenu {
			entry.Choice, entry.Problem = inner.outcome(entry)
		}
		all = append(all, entry)
	}
	return all
}

// outcome is what an entry boots. The end of its body is an implicit boot.
func (e *grubRun) outcome(entry GRUBEntry) (Choice, *Problem) {
	choice := e.boot
	switch {
	case e.stop != nil:
		return Choice{}, e.stop
	case e.result != nil:
		choice = *e.result
	case !e.loaded:
		return Choice{}, bootsNothing(entry, e.unknown)
	}
	if choice.Label = entry.ID; choice.Label == "" {
		choice.Label = entry.Title
	}
	return choice, nil
}

// timeout reads the variable timeout, in seconds. One that is not known counts
// as 0, so that nobody is told of waiting for ever without reason.
func (e *grubRun) timeout() (d time.Duration, waits bool) {
	text, known := e.vars.get("timeout")
	if !known {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, true
	}
	return time.Duration(min(n, 1<<31)) * time.Second, false
}

// source runs another file in place.
func (e *grubRun) source(s grubStmt) {
	name, ok := e.file(s, 1)
	switch {
	case !ok:
		return
	case e.read == nil || e.depth == grubDepth || e.reads == maxIncludes:
		e.stopAt(s.line, "source %s is not followed", name)
		return
	}
	e.reads++
	text, err := e.read(name)
	if e.size += len(text); err == nil && e.size > maxConfigSize {
		err = errors.New("too large with what came before")
	}
	if err != nil { // GRUB goes on as well
		e.unseen = true
		e.warn(fault.ConfigIncludeFailed, s.line, "source %s: %v", name, err)
		return
	}
	e.depth++
	e.run(e.parse(text))
	e.depth--
}

// call runs a function with its arguments; all other variables are global.
func (e *grubRun) call(s grubStmt, body []grubStmt, args []string) {
	if e.depth == grubDepth {
		e.stopAt(s.line, "functions call each other more than %d deep", grubDepth)
		return
	}
	var outer [10]grubValue
	for i := 1; i < len(outer); i++ {
		name := strconv.Itoa(i)
		outer[i], _ = e.vars.lookup(name)
		e.vars.set(name, "")
		if i <= len(args) {
			e.vars.set(name, args[i-1])
		}
	}
	e.depth++
	e.run(body)
	e.depth--
	for i := 1; i < len(outer); i++ {
		e.vars.own[strconv.Itoa(i)] = outer[i]
	}
}

// file is the path in a command's word number i, with the root device before it
// when it names none. It reports what makes the path unknown.
func (e *grubRun) file(s grubStmt, i int) (string, bool) {
	if i >= len(s.words) {
		name, _ := s.words[0].literal()
		e.stopAt(s.line, "%s without a file", name)
		return "", false
	}
	args, miss := e.vars.expand(s.words[i])
	if miss != "" {
		e.stopAt(s.line, "the path %s needs the machine to tell $%s", strings.Join(args, " "), miss)
		return "", false
	}
	name := strings.Join(args, " ")
	if strings.HasPrefix(name, "(") {
		return name, true
	}
	if e.vars.forgotten("root") {
		e.stopAt(s.line, "the path %s is on a device that only the machine knows", name)
		return "", false
	}
	if root, _ := e.vars.get("root"); root != "" {
		return "(" + strings.Trim(root, "()") + ")" + name, true
	}
	return name, true
}
