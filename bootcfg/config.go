package bootcfg

import "time"

// Config is a PXELINUX configuration as files in the wild have it, all includes
// read. What PXELINUX ignores is not in it.
type Config struct {
	Default   string        // the DEFAULT line: a label or a whole command line
	UI        string        // the UI line, which wins over Default
	OnTimeout string        // what boots in place of Default when time is up
	Timeout   time.Duration // until then; 0 for ever
	Prompt    bool          // PROMPT 1: wait at the boot: prompt
	NoEscape  bool          // NOESCAPE 1: never stop at a prompt
	Implicit  bool          // a command line may begin with a file; IMPLICIT 0 forbids it
	Path      []string      // where modules are looked for besides the prefix
	Serial    *Serial
	Labels    []Label   // of all menus, in the order of the files
	Warnings  []Problem // what a person would want to know; nothing that stops PXELINUX

	pages []page // pages[0] is the top menu
	start int    // page of MENU START

	marked string // what a byte order mark does; "" for none
}

// Label is an entry of a configuration.
type Label struct {
	Entry
	Type      Type     // of Entry.Kernel
	Args      string   // what follows the kernel's name on its own line
	SysAppend uint32   // bit mask of what PXELINUX adds to the command line
	Menu      []string // titles of the menus around it, outermost first
	Hidden    bool     // MENU HIDE: only by name at a prompt
	Disabled  bool     // MENU DISABLE, or a line between entries
	Implied   bool     // no line names Entry.Kernel: it is the label's own name
}

// page is one screen of a menu.
type page struct {
	title  string
	parent int
	line   int // index in the parent's items
	items  []item
	chosen int // index in items of the one that is highlighted first
}

// item is a line in a page: a label, or a page below.
type item struct {
	label int // index in Config.Labels; -1 for a page
	page  int
}

// Menu is the part of the configuration that a Menu can hold.
func (c Config) Menu() Menu {
	m := Menu{
		Default: c.Default,
		Timeout: c.Timeout,
		Prompt:  c.Prompt,
		UI:      c.UI,
		Serial:  c.Serial,
	}
	if len(c.pages) > 0 {
		m.Title = c.pages[0].title
	}
	for _, l := range c.Labels {
		if !l.Disabled {
			m.Entries = append(m.Entries, l.Entry)
		}
	}
	return m
}
