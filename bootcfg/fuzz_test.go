package bootcfg

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pxe/boot"
	"pxe/fault"
)

// menuFrom makes a menu of the lines of a fuzzer's text: the menu's own fields,
// then one line an entry, fields apart by "|". With tame set, bytes that no
// menu may have are dropped, so that most inputs are valid.
func menuFrom(text string, tame bool) Menu {
	if tame {
		text = strings.Map(func(r rune) rune {
			if r < ' ' && r != '\n' || r > '~' {
				return -1
			}
			return r
		}, text)
	}
	field := func(fields []string, i int) string {
		if i >= len(fields) {
			return ""
		}
		if tame {
			return strings.TrimSpace(fields[i])
		}
		return fields[i]
	}
	word := func(fields []string, i int) string {
		s := field(fields, i)
		if tame {
			s = strings.ReplaceAll(s, " ", "")
		}
		return s
	}
	lines := strings.Split(text, "\n")
	top := strings.Split(lines[0], "|")
	m := Menu{Title: field(top, 0), UI: word(top, 1), Prompt: field(top, 2) == "p"}
	m.Timeout = time.Duration(len(field(top, 3))) * 100 * time.Millisecond
	if n := len(field(top, 4)); n > 0 {
		m.Serial = &Serial{Port: n - 1, Baud: 9600}
	}
	for i, line := range lines[1:] {
		f := strings.Split(line, "|")
		e := Entry{Name: word(f, 0), Title: field(f, 1), Help: strings.ReplaceAll(field(f, 5), "/", "\n")}
		if tame {
			e.Name = fmt.Sprintf("%d%s", i, e.Name)
		}
		if kernel := word(f, 2); kernel != "" {
			e.Kernel, e.Append = kernel, field(f, 4)
			if list := word(f, 3); list != "" {
				e.Initrds = strings.Split(list, ",")
			}
		} else {
			n := i
			e.Local = &n
		}
		m.Entries = append(m.Entries, e)
	}
	if len(m.Entries) > 0 {
		m.Default = m.Entries[len(m.Entries)/2].Name
	}
	return m
}

func addMenus(f *testing.F) {
	for _, tame := range []bool{true, false} {
		f.Add("Install|menu.c32||.....|.\ndebian|Install ^Debian|debian/linux|a.gz,b.gz|vga=788 --- quiet|help/more\ndisk|Boot from disk", tame)
		f.Add("|||\nlinux||vmlinuz", tame)
		f.Add("||p|..\nlinux||linux.c32||vmlinuz initrd=i\nlinux||::/vmlinuz", tame)
		f.Add("t\r\n|\nname|# title|-|initrd|append -|endtext now/text", tame)
		f.Add("|\na|label b|menu|begin|$x 'y' \"z\" \\ ; { }|#", tame)
		f.Add("|\nx|'|(http,h:80)/k|http://h/i|a=b;c", tame)
	}
}

// What PXELINUX writes, the parser reads back to the same menu; and its default
// boots what the menu says.
func FuzzPXELINUXRoundTrip(f *testing.F) {
	addMenus(f)
	f.Fuzz(func(t *testing.T, text string, tame bool) {
		m := menuFrom(text, tame)
		out, err := PXELINUX(m)
		if (err == nil) != (m.Validate() == nil) {
			t.Fatalf("PXELINUX and Validate disagree: %v", err)
		}
		if err != nil {
			return
		}
		if again, _ := PXELINUX(m); string(again) != string(out) {
			t.Error("the same menu gives other bytes")
		}
		c, err := ParsePXELINUX("default", out, nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m, c.Menu(), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("read back (-menu +parsed):\n%s\n%s", diff, out)
		}
		if c.Warnings != nil {
			t.Errorf("warnings about our own text: %v\n%s", c.Warnings, out)
		}
		choice, err := c.DefaultEntry()
		if err != nil {
			t.Errorf("nothing boots: %v\n%s", err, out)
			return
		}
		i := slices.IndexFunc(m.Entries, func(e Entry) bool { return e.Name == m.Default })
		if m.UI == "" || isMenuModule(m.UI) {
			if choice.Label != m.Default && choice.Type != TypeConfig && !isMenuModule(m.Entries[i].Kernel) {
				t.Errorf("%q boots, want %q\n%s", choice.Label, m.Default, out)
			}
		}
	})
}

// Whatever the text, the parser ends, stays within its limits, and what it
// could take into a menu survives being written and read again.
func FuzzParsePXELINUX(f *testing.F) {
	f.Add(installerText, "")
	f.Add("default menu.c32\ninclude a\n", "label x\n kernel y\nmenu begin\ninclude a\nmenu end\n")
	f.Add("menu begin\nmenu begin\nmenu default\nmenu end\nmenu default\nmenu end\nui menu.c32\n", "menu end\n")
	f.Add("text help\nlabel a\n", "endtext\n")
	f.Add("label a\nlocalboot -99999999999\ntimeout 99999999999\nserial 0 -1\n", "")
	f.Add("label a\r\n\x00kernel\x00b\r\n", "\xff")
	f.Add("\uFEFFdefault a\nlabel a\nkernal k\nf13 x\n", "\xff\xfed\x00")
	f.Fuzz(func(t *testing.T, text, included string) {
		reads := 0
		include := func(name string) ([]byte, error) {
			reads++
			if strings.HasPrefix(name, "!") {
				return nil, errors.New("no")
			}
			return []byte(included), nil
		}
		c, err := ParsePXELINUX("default", []byte(text), include)
		if reads > maxIncludes {
			t.Errorf("%d includes", reads)
		}
		if err != nil {
			if len(text)+len(included) <= maxConfigSize/maxIncludes {
				t.Errorf("small text refused: %v", err)
			}
			return
		}
		if n := strings.Count(strings.ToLower(text+strings.Repeat(included, reads)), "label"); len(c.Labels) > n {
			t.Errorf("%d labels from %d words", len(c.Labels), n)
		}
		for _, l := range c.Labels {
			for _, file := range append([]string{l.Name, l.Kernel}, l.Initrds...) {
				if strings.ContainsFunc(file, isBlank) {
					t.Errorf("blank in a name: %q", file)
				}
			}
		}
		if choice, err := c.DefaultEntry(); err != nil {
			var problem *Problem
			if !errors.As(err, &problem) {
				t.Errorf("error is no problem: %v", err)
			}
		} else if choice.Kernel == "" && choice.Type != TypeLocal {
			if i := c.find(choice.Label); i < 0 || c.Labels[i].Kernel != "" {
				t.Errorf("boots no file: %+v", choice)
			}
		}
		for _, w := range c.Warnings {
			if _, ok := fault.ByID(w.Fault); !ok {
				t.Errorf("warning of no known fault: %+v", w)
			}
		}
		m := c.Menu()
		out, err := PXELINUX(m)
		if err != nil {
			return
		}
		again, err := ParsePXELINUX("again", out, nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m, again.Menu(), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("written and read again (-first +second):\n%s\n%s", diff, out)
		}
	})
}

// A name that is asked for under one prefix never leaves it but by its own
// will, and the lookup order is always the same list of different names.
func FuzzNames(f *testing.F) {
	f.Add("boot/pxelinux.0", "linux", testUUID)
	f.Add("http://h/x_y", "::/a", []byte{0, 1})
	f.Add("a::b", "h::c", make([]byte, 16))
	f.Fuzz(func(t *testing.T, bootFile, name string, uuid []byte) {
		prefix := PXELINUXPrefix(bootFile)
		if !strings.HasPrefix(bootFile, prefix) {
			t.Errorf("prefix %q of %q", prefix, bootFile)
		}
		kind, _ := pxelinuxPath(name)
		kindOfPrefix, _ := pxelinuxPath(prefix)
		got := ResolvePXELINUX(prefix, name)
		if kind == pathRelative && kindOfPrefix == pathRelative && got != prefix+name && !strings.Contains(prefix+name, ":") {
			t.Errorf("%q under %q is %q", name, prefix, got)
		}
		names := PXELINUXLookup(uuid, 1, testMAC, testAddr)
		if slices.Sort(names); len(slices.Compact(slices.Clone(names))) != len(names) {
			t.Errorf("a name is asked for twice: %q", names)
		}
		if s := boot.FormatUUID(uuid); s != "" && (uuid[6] >= 0x10 && uuid[6] < 0xF0) != slices.Contains(names, "pxelinux.cfg/"+s) {
			t.Errorf("UUID %s: %q", s, names)
		}
	})
}
