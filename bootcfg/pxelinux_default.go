package bootcfg

import (
	"fmt"
	"path"
	"strings"

	"pxe/fault"
)

// DefaultEntry tells what boots when nobody touches a key. UI wins over
// DEFAULT; either may be a label or a command line whose first word is a file.
// Without a UI, PROMPT 0 boots at once, whatever TIMEOUT says, and PROMPT 1
// waits for TIMEOUT. A menu module that is given no files shows this
// configuration and boots its default entry; given files, the choice is of
// TypeConfig and names the first of them. The error is a *Problem when nothing
// boots by itself: fault.ConfigNoDefault, or fault.ConfigByteOrderMark if that
// is why.
func (c Config) DefaultEntry() (Choice, error) {
	line := c.UI
	if line == "" {
		line = c.Default
	}
	switch {
	case line == "" && c.marked != "":
		return Choice{}, &Problem{Fault: fault.ConfigByteOrderMark, Detail: "there is neither DEFAULT nor UI: " + c.marked}
	case line == "":
		return Choice{}, noDefault("there is neither DEFAULT nor UI")
	}
	choice, err := c.command(line)
	if err != nil {
		return Choice{}, err
	}
	if choice.Type == TypeModule && isMenuModule(choice.Kernel) {
		return c.menuDefault(choice)
	}
	if c.Prompt && !c.NoEscape && c.UI == "" {
		if c.OnTimeout != "" && c.Timeout > 0 {
			if choice, err = c.command(c.OnTimeout); err != nil {
				return Choice{}, err
			}
		}
		choice.Waits, choice.After = c.Timeout == 0, c.Timeout
	}
	return choice, nil
}

func noDefault(format string, args ...any) *Problem {
	return &Problem{Fault: fault.ConfigNoDefault, Detail: fmt.Sprintf(format, args...)}
}

// isMenuModule knows the modules that show a menu of the configuration.
func isMenuModule(name string) bool {
	switch strings.ToLower(path.Base(name)) {
	case "menu.c32", "vesamenu.c32", "cmenu.c32":
		return true
	}
	return false
}

// menuDefault tells what a menu boots when its time is up
// (com32/menu/menumain.c): ONTIMEOUT, or the highlighted entry.
func (c Config) menuDefault(menu Choice) (Choice, error) {
	if files := strings.Fields(menu.Append); len(files) > 0 && !strings.HasPrefix(files[0], "-") {
		return Choice{Label: menu.Label, Type: TypeConfig, Kernel: files[0], UI: menu.Kernel}, nil
	}
	choice, err := c.highlighted()
	if c.OnTimeout != "" && c.Timeout > 0 {
		choice, err = c.command(c.OnTimeout)
	}
	if err != nil {
		return Choice{}, err
	}
	choice.UI = menu.Kernel
	choice.Waits, choice.After = c.Timeout == 0, c.Timeout
	return choice, nil
}

// highlighted is the entry on which the menu opens: the one that DEFAULT names,
// in whatever page it is, or else that of MENU DEFAULT or the first of the
// opening page.
func (c Config) highlighted() (Choice, error) {
	if i := c.find(c.Default); i >= 0 && !c.Labels[i].Hidden {
		return c.Labels[i].choice(), nil
	}
	if len(c.pages) == 0 {
		return Choice{}, noDefault("the menu has no entry")
	}
	page := c.pages[c.start]
	for _, it := range page.items[min(page.chosen, len(page.items)):] {
		switch {
		case it.label < 0:
			return Choice{}, noDefault("the menu opens on the submenu %q", c.pages[it.page].title)
		case c.Labels[it.label].Name == "" && c.Labels[it.label].Implied:
			return Choice{}, noDefault("the menu opens on a LABEL with neither a name nor a KERNEL")
		case !c.Labels[it.label].Disabled:
			return c.Labels[it.label].choice(), nil
		}
	}
	return Choice{}, noDefault("the menu has no entry")
}

// find is the index of the label that a command line begins with, or -1. Case
// matters, and the first of two wins.
func (c Config) find(line string) int {
	name, _ := firstWord(line)
	if name == "" {
		return -1
	}
	for i, l := range c.Labels {
		if l.Name == name && !l.Disabled {
			return i
		}
	}
	return -1
}

// command is what a command line boots: a label with more arguments, or a file
// (ldlinux.c, load_kernel). A file gets no global APPEND.
func (c Config) command(line string) (Choice, error) {
	name, args := firstWord(line)
	if i := c.find(line); i >= 0 {
		choice := c.Labels[i].choice()
		choice.Append = joinArgs(choice.Append, args)
		return choice, nil
	}
	if !c.Implicit {
		return Choice{}, noDefault("%q is no label, and IMPLICIT 0 forbids file names", name)
	}
	choice := Choice{Type: typeByName(name), Kernel: name}
	if choice.Type == TypeLinux && len(c.Labels) > 0 {
		choice.Implied = fmt.Sprintf("there is no LABEL %q to boot, so it is taken for a file", name)
	}
	choice.setArgs(args)
	return choice, nil
}

// choice is what the label boots.
func (l Label) choice() Choice {
	choice := Choice{Label: l.Name, Type: l.Type, Kernel: l.Kernel}
	if l.Implied && l.Type == TypeLinux {
		choice.Implied = fmt.Sprintf("LABEL %s has no KERNEL or LINUX line, so its name is taken for the file", l.Name)
	}
	if l.Local != nil {
		return choice
	}
	args := joinArgs(l.Args, l.Append)
	if len(l.Initrds) > 0 {
		args = joinArgs(args, "initrd="+strings.Join(l.Initrds, ","))
	}
	choice.setArgs(args)
	return choice
}

// setArgs takes the initrds of a kernel out of its arguments: PXELINUX looks
// for the first "initrd=", wherever it stands (kernel.c).
func (c *Choice) setArgs(args string) {
	c.Append = strings.TrimRight(args, " ")
	before, after, ok := strings.Cut(args, "initrd=")
	if c.Type != TypeLinux || !ok {
		return
	}
	list, rest, _ := strings.Cut(after, " ")
	for name := range strings.SplitSeq(list, ",") {
		if name != "" {
			c.Initrds = append(c.Initrds, name)
		}
	}
	c.Append = joinArgs(strings.TrimRight(before, " "), strings.Trim(rest, " "))
}

func joinArgs(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + " " + b
}
