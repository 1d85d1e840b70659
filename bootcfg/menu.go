package bootcfg

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"time"
)

// Menu is a boot menu, whatever the loader. The zero value has no entries and
// is not valid.
type Menu struct {
	Title   string        // heading; "" for the loader's own
	Default string        // name of the entry that boots by itself
	Timeout time.Duration // how long Prompt or UI wait, in steps of 100 ms; 0 for ever
	Prompt  bool          // wait for a key even without UI
	UI      string        // PXELINUX module that shows the menu, such as menu.c32; "" boots at once
	Serial  *Serial       // serial console; nil for none
	Entries []Entry
}

// Serial is a serial port of a PC.
type Serial struct {
	Port int // 0 is COM1 (ttyS0)
	Baud int // bits a second
}

// Entry is one thing to boot: a kernel, or the local disk.
type Entry struct {
	Name    string   // one word: what Default and people at a prompt call it
	Title   string   // what the menu shows; "" shows the name
	Kernel  string   // path or URL, in PXELINUX's notation; see ResolvePXELINUX
	Initrds []string // likewise, in the order in which the kernel gets them
	Append  string   // the kernel's command line
	Local   *int     // boot locally, by PXELINUX's LOCALBOOT type; -1 is the next device
	Help    string   // lines that the menu shows about the entry
}

// Limits of PXELINUX.
const (
	maxTimeout     = 35996 * 100 * time.Millisecond // doc/syslinux.txt, TIMEOUT
	maxCommandLine = 1900                           // of 2047, leaving room for what SYSAPPEND adds
	maxLine        = 4000                           // of 4095 (readconfig.c, MAX_LINE)
	maxName        = 127                            // of a file; longer ones do not fit into a request
	uartClock      = 115200                         // baud rates are fractions of it
	minBaud        = 75
)

// Validate reports everything that is wrong with the menu at once, each fault
// with the path of its field: "entries[2].kernel: ...".
func (m Menu) Validate() error {
	v := &validator{}
	v.text("title", m.Title)
	v.word("ui", m.UI)
	if m.UI != "" && typeByName(m.UI) != TypeModule {
		v.failf("ui", "%q is no SYSLINUX module: it does not end in .c32", m.UI)
	}
	if m.UI != "" && m.Prompt {
		v.failf("prompt", "has no effect with ui %q", m.UI)
	}
	if m.Timeout < 0 || m.Timeout > maxTimeout || m.Timeout%(100*time.Millisecond) != 0 {
		v.failf("timeout", "%v is not between 0 and %v in steps of 100ms", m.Timeout, maxTimeout)
	}
	if s := m.Serial; s != nil {
		if s.Port < 0 || s.Port > 3 {
			v.failf("serial.port", "%d is not between 0 and 3", s.Port)
		}
		if s.Baud < minBaud || s.Baud > uartClock || uartClock%s.Baud != 0 {
			v.failf("serial.baud", "%d is not a rate of a PC's serial port, such as 9600 or 115200", s.Baud)
		}
	}
	if len(m.Entries) == 0 {
		v.failf("entries", "there are none")
	}
	names := map[string]int{}
	for i, e := range m.Entries {
		field := fmt.Sprintf("entries[%d]", i)
		if first, ok := names[e.Name]; ok {
			v.failf(field+".name", "%q is entries[%d] as well", e.Name, first)
		} else {
			names[e.Name] = i
		}
		e.validate(v, field)
	}
	if _, ok := names[m.Default]; !ok && len(m.Entries) > 0 {
		v.failf("default", "no entry is called %q", m.Default)
	}
	return errors.Join(v.errs...)
}

func (e Entry) validate(v *validator, field string) {
	if e.Name == "" {
		v.failf(field+".name", "is empty")
	}
	v.word(field+".name", e.Name)
	v.text(field+".title", e.Title)
	v.help(field+".help", e.Help)
	if e.Local != nil {
		if e.Kernel != "" || len(e.Initrds) > 0 || e.Append != "" {
			v.failf(field+".local", "a local boot has no kernel, initrds or append")
		}
		if *e.Local < -1 || *e.Local > 0xFFFF {
			v.failf(field+".local", "%d is not between -1 and 65535", *e.Local)
		}
		return
	}
	if e.Kernel == "" {
		v.failf(field+".kernel", "is empty, and the entry is no local boot")
	}
	v.file(field+".kernel", e.Kernel)
	for i, name := range e.Initrds {
		initrd := fmt.Sprintf("%s.initrds[%d]", field, i)
		if name == "" {
			v.failf(initrd, "is empty")
		}
		v.file(initrd, name)
		if strings.Contains(name, ",") {
			v.failf(initrd, "%q has a comma, which separates initrds", name)
		}
	}
	v.text(field+".append", e.Append)
	switch {
	case e.Append == "-":
		v.failf(field+".append", `"-" means none to PXELINUX: leave it empty`)
	case len(e.Initrds) > 0 && strings.Contains(e.Append, "initrd="):
		v.failf(field+".append", "says initrd= beside initrds, and PXELINUX reads the first only")
	}
	if n := len("BOOT_IMAGE= initrd=") + len(e.Kernel) + len(e.Append) + len(strings.Join(e.Initrds, ",")); n > maxCommandLine {
		v.failf(field+".append", "the command line has %d bytes with kernel and initrds, more than %d", n, maxCommandLine)
	}
}

// validator gathers faults.
type validator struct{ errs []error }

func (v *validator) failf(field, format string, args ...any) {
	v.errs = append(v.errs, fmt.Errorf("%s: %s", field, fmt.Sprintf(format, args...)))
}

// text admits one line of printable ASCII without blanks around it. A newline
// in a value would let it speak as the next directive.
func (v *validator) text(field, s string) {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			v.failf(field, "%q has a byte that is not printable ASCII at %d", s, i)
			return
		}
	}
	if strings.TrimSpace(s) != s {
		v.failf(field, "%q begins or ends with a blank", s)
	}
	if len(s) > maxLine {
		v.failf(field, "has %d bytes, more than %d", len(s), maxLine)
	}
}

// word admits text without blanks.
func (v *validator) word(field, s string) {
	v.text(field, s)
	if strings.Contains(s, " ") {
		v.failf(field, "%q has a blank", s)
	}
}

func (v *validator) file(field, s string) {
	v.word(field, s)
	if len(path.Base(s)) > maxName || len(s) > 2*maxName {
		v.failf(field, "is %d bytes long, too long for a TFTP request", len(s))
	}
}

// help admits lines of text none of which ends the help.
func (v *validator) help(field, s string) {
	if s == "" {
		return
	}
	for line := range strings.SplitSeq(s, "\n") {
		v.text(field, strings.Trim(line, " ")) // blanks lay it out
		if len(line) > maxLine {
			v.failf(field, "has a line of %d bytes, more than %d", len(line), maxLine)
		}
		if _, ends := keyword(line, "endtext"); ends {
			v.failf(field, "%q would end the help", line)
		}
	}
}
