package bootcfg

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"pxe/fault"
)

// GRUBConfig is a GRUB configuration as far as it can be told without running it.
type GRUBConfig struct {
	Default  string        // the variable default: an index, title or id; "2>1" within submenus
	Timeout  time.Duration // the variable timeout
	Waits    bool          // there is none, or it is negative: a key is awaited for ever
	Entries  []GRUBEntry   // the top menu
	Warnings []Problem     // what could not be followed, and syntax errors; GRUB may go on

	spoiled      *Problem // what may be why there is no entry; nil for nothing
	stop         *Problem // the first thing that may have changed the menu; nil for none
	certain      int      // number of Entries before it
	defaultKnown bool
	direct       *Choice // what the script boots itself, before any menu
}

// GRUBEntry is a menuentry, or a submenu with entries of its own.
type GRUBEntry struct {
	Title   string
	ID      string // of --id; "" for none
	Submenu bool
	Entries []GRUBEntry // of a submenu
	Choice  Choice      // what a menuentry boots; its files are as ResolveGRUB takes them
	Problem *Problem    // why that cannot be told; nil when it can
}

// DefaultEntry tells what boots when nobody touches a key (GRUB normal/menu.c):
// the entry that the variable default means, or the first. The error is a
// *Problem: fault.ConfigNotFollowed when only a running machine can tell, else
// why there is nothing to boot.
func (c GRUBConfig) DefaultEntry() (Choice, error) {
	if c.direct != nil {
		return *c.direct, nil
	}
	entry, top, ok := pickGRUB(c.Entries, c.Default)
	switch {
	case c.stop != nil && (!ok || !c.defaultKnown || top >= c.certain && !namesGRUB(entry, c.Default)):
		return Choice{}, c.stop
	case !ok:
		return Choice{}, c.noEntry()
	case !c.defaultKnown:
		return Choice{}, &Problem{Fault: fault.ConfigNotFollowed, Detail: "the variable default is set to what only a running machine knows"}
	case entry.Problem != nil:
		return Choice{}, entry.Problem
	case entry.Submenu:
		return Choice{}, &Problem{Fault: fault.GRUBEntryBootsNothing, Detail: fmt.Sprintf("the default is the submenu %q", entry.Title)}
	}
	choice := entry.Choice
	choice.Waits, choice.After = c.Waits, c.Timeout
	return choice, nil
}

// noEntry is why there is no menu.
func (c GRUBConfig) noEntry() *Problem {
	p := Problem{Fault: fault.GRUBNoEntry, Detail: "there is no menu entry"}
	if s := c.spoiled; s != nil {
		p.Detail += "; " + s.Error()
		if s.Fault == fault.GRUBSyntax || s.Fault == fault.ConfigByteOrderMark {
			p.Fault = s.Fault
		}
	}
	return &p
}

// bootsNothing is why an entry boots nothing: a command that no GRUB has, if
// there is one, was meant to.
func bootsNothing(entry GRUBEntry, unknown *Problem) *Problem {
	p := Problem{Fault: fault.GRUBEntryBootsNothing, Detail: fmt.Sprintf("the entry %q has no command that boots", entry.Title)}
	if unknown != nil {
		p.Fault, p.Name = unknown.Fault, unknown.Name
		p.Detail += "; " + unknown.Error()
	}
	return &p
}

// namesGRUB reports whether a default calls the entry by name. An index would
// be wrong when entries before it were missed; a name is not.
func namesGRUB(entry GRUBEntry, want string) bool {
	return want != "" && (want == entry.ID || want == entry.Title)
}

// pickGRUB finds the entry that a default means, and the index of the top entry
// that it is or is in. What means nothing means the first entry.
func pickGRUB(entries []GRUBEntry, want string) (entry GRUBEntry, top int, ok bool) {
	if len(entries) == 0 {
		return GRUBEntry{}, 0, false
	}
	if i := indexGRUB(entries, want); i >= 0 {
		return entries[i], i, true
	}
	head, tail, _ := strings.Cut(want, ">")
	top = max(0, indexGRUB(entries, head))
	inner, _, ok := pickGRUB(entries[top].Entries, tail)
	if ok && tail != "" && (entries[top].Problem == nil || namesGRUB(inner, tail)) {
		return inner, top, true
	}
	return entries[top], top, true
}

// indexGRUB is the index of an entry by number, id or title; -1 when there is none.
func indexGRUB(entries []GRUBEntry, want string) int {
	if n, err := strconv.Atoi(want); err == nil {
		if n >= 0 && n < len(entries) {
			return n
		}
		return -1
	}
	for i, e := range entries {
		if namesGRUB(e, want) {
			return i
		}
	}
	return -1
}

// ResolveGRUB is the file that a path in a GRUB configuration means: an
// absolute path on the TFTP server that GRUB came from, or a URL for another.
// Devices are (tftp), (tftp,HOST), (http,HOST) and (pxe); anything else, such
// as a disk, is an error.
func ResolveGRUB(name string) (string, error) {
	device, path := "tftp", name
	if rest, ok := strings.CutPrefix(name, "("); ok {
		if device, path, ok = strings.Cut(rest, ")"); !ok {
			return "", fmt.Errorf("%q: no end of the device", name)
		}
	}
	if !strings.HasPrefix(path, "/") {
		return "", fmt.Errorf("%q is no absolute path", name)
	}
	protocol, host, _ := strings.Cut(device, ",")
	for protocol == "tftp" && strings.Contains(path, "//") { // net/tftp.c
		path = strings.ReplaceAll(path, "//", "/")
	}
	switch {
	case protocol == "pxe", protocol == "tftp" && host == "":
		return path, nil
	case (protocol == "tftp" || protocol == "http" || protocol == "https") && host != "":
		return protocol + "://" + host + path, nil
	}
	return "", fmt.Errorf("%q is not on the network", name)
}
