package bootcfg

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func local(n int) *int { return &n }

// installer is a menu with everything in it.
func installer() Menu {
	return Menu{
		Title:   "Install a machine",
		Default: "debian",
		Timeout: 5 * time.Second,
		UI:      "menu.c32",
		Serial:  &Serial{Port: 0, Baud: 115200},
		Entries: []Entry{
			{
				Name: "debian", Title: "Install ^Debian", Kernel: "debian/linux",
				Initrds: []string{"debian/initrd.gz", "::/firmware.cpio.gz"},
				Append:  "vga=788 --- quiet",
				Help:    "  Erases the disk.\n\n  Takes ten minutes.",
			},
			{Name: "memtest", Kernel: "memtest.bin"},
			{Name: "shell", Kernel: "linux.c32", Append: "vmlinuz"},
			{Name: "disk", Title: "Boot from disk", Local: local(-1)},
		},
	}
}

const installerText = `SERIAL 0 115200
UI menu.c32
PROMPT 0
TIMEOUT 50
DEFAULT debian
MENU TITLE Install a machine

LABEL debian
  MENU LABEL Install ^Debian
  LINUX debian/linux
  INITRD debian/initrd.gz,::/firmware.cpio.gz
  APPEND vga=788 --- quiet
  TEXT HELP
  Erases the disk.

  Takes ten minutes.
  ENDTEXT

LABEL memtest
  KERNEL memtest.bin

LABEL shell
  KERNEL linux.c32
  APPEND vmlinuz

LABEL disk
  MENU LABEL Boot from disk
  LOCALBOOT -1
`

func TestPXELINUX(t *testing.T) {
	minimal := Menu{Default: "linux", Entries: []Entry{{Name: "linux", Kernel: "vmlinuz"}}}
	tests := []struct {
		name string
		menu Menu
		want string
	}{
		{"everything", installer(), installerText},
		{"minimal", minimal, "PROMPT 0\nTIMEOUT 0\nDEFAULT linux\n\nLABEL linux\n  LINUX vmlinuz\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := PXELINUX(tt.menu)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
		})
	}
	if text, err := PXELINUX(Menu{}); err == nil || text != nil {
		t.Errorf("an empty menu gives %q, %v", text, err)
	}
}

func TestValidate(t *testing.T) {
	ok := func() Menu {
		return Menu{Default: "a", Entries: []Entry{{Name: "a", Kernel: "k"}}}
	}
	tests := []struct {
		name   string
		change func(*Menu)
		want   string // "" is valid
	}{
		{"plain", func(m *Menu) {}, ""},
		{"everything", func(m *Menu) { *m = installer() }, ""},
		{"no entries", func(m *Menu) { m.Entries = nil }, "entries: there are none"},
		{"newline in append", func(m *Menu) { m.Entries[0].Append = "quiet\nLABEL evil" }, `entries[0].append: "quiet\nLABEL evil" has a byte that is not printable ASCII at 5`},
		{"carriage return in title", func(m *Menu) { m.Title = "a\rb" }, `title: "a\rb" has a byte that is not printable ASCII at 1`},
		{"NUL in kernel", func(m *Menu) { m.Entries[0].Kernel = "k\x00" }, `entries[0].kernel: "k\x00" has a byte that is not printable ASCII at 1`},
		{"umlaut in title", func(m *Menu) { m.Entries[0].Title = "für" }, `entries[0].title: "für" has a byte that is not printable ASCII at 1`},
		{"blank around title", func(m *Menu) { m.Title = " a" }, `title: " a" begins or ends with a blank`},
		{"blank in kernel", func(m *Menu) { m.Entries[0].Kernel = "a b" }, `entries[0].kernel: "a b" has a blank`},
		{"blank in name", func(m *Menu) { m.Entries[0].Name, m.Default = "a b", "a b" }, `entries[0].name: "a b" has a blank`},
		{"no name", func(m *Menu) { m.Entries[0].Name, m.Default = "", "" }, "entries[0].name: is empty"},
		{"name twice", func(m *Menu) { m.Entries = append(m.Entries, m.Entries[0]) }, `entries[1].name: "a" is entries[0] as well`},
		{"default of nothing", func(m *Menu) { m.Default = "b" }, `default: no entry is called "b"`},
		{"no default", func(m *Menu) { m.Default = "" }, `default: no entry is called ""`},
		{"no kernel", func(m *Menu) { m.Entries[0].Kernel = "" }, "entries[0].kernel: is empty, and the entry is no local boot"},
		{"empty initrd", func(m *Menu) { m.Entries[0].Initrds = []string{"a", ""} }, "entries[0].initrds[1]: is empty"},
		{"comma in initrd", func(m *Menu) { m.Entries[0].Initrds = []string{"a,b"} }, `entries[0].initrds[0]: "a,b" has a comma, which separates initrds`},
		{"two initrds", func(m *Menu) { m.Entries[0].Initrds, m.Entries[0].Append = []string{"a"}, "initrd=b" }, "entries[0].append: says initrd= beside initrds, and PXELINUX reads the first only"},
		{"append of a dash", func(m *Menu) { m.Entries[0].Append = "-" }, `entries[0].append: "-" means none to PXELINUX: leave it empty`},
		{"long command line", func(m *Menu) { m.Entries[0].Append = strings.Repeat("a", 1900) }, "entries[0].append: the command line has 1920 bytes with kernel and initrds, more than 1900"},
		{"long name of a file", func(m *Menu) { m.Entries[0].Kernel = strings.Repeat("k", 128) }, "entries[0].kernel: is 128 bytes long, too long for a TFTP request"},
		{"local with kernel", func(m *Menu) { m.Entries[0].Local = local(0) }, "entries[0].local: a local boot has no kernel, initrds or append"},
		{"local of a strange kind", func(m *Menu) { m.Entries[0] = Entry{Name: "a", Local: local(-2)} }, "entries[0].local: -2 is not between -1 and 65535"},
		{"ui of another case", func(m *Menu) { m.UI = "menu.C32" }, `ui: "menu.C32" is no SYSLINUX module: it does not end in .c32`},
		{"prompt with ui", func(m *Menu) { m.Prompt, m.UI = true, "menu.c32" }, `prompt: has no effect with ui "menu.c32"`},
		{"timeout between steps", func(m *Menu) { m.Timeout = 50 * time.Millisecond }, "timeout: 50ms is not between 0 and 59m59.6s in steps of 100ms"},
		{"timeout too long", func(m *Menu) { m.Timeout = time.Hour }, "timeout: 1h0m0s is not between 0 and 59m59.6s in steps of 100ms"},
		{"negative timeout", func(m *Menu) { m.Timeout = -time.Second }, "timeout: -1s is not between 0 and 59m59.6s in steps of 100ms"},
		{"serial port", func(m *Menu) { m.Serial = &Serial{4, 9600} }, "serial.port: 4 is not between 0 and 3"},
		{"serial rate", func(m *Menu) { m.Serial = &Serial{0, 0} }, "serial.baud: 0 is not a rate of a PC's serial port, such as 9600 or 115200"},
		{"odd serial rate", func(m *Menu) { m.Serial = &Serial{0, 100000} }, "serial.baud: 100000 is not a rate of a PC's serial port, such as 9600 or 115200"},
		{"help that ends itself", func(m *Menu) { m.Entries[0].Help = "one\n endText now" }, `entries[0].help: " endText now" would end the help`},
		{"help with a tab", func(m *Menu) { m.Entries[0].Help = "one\n\ttwo" }, `entries[0].help: "\ttwo" has a byte that is not printable ASCII at 0`},
		{"long line of help", func(m *Menu) { m.Entries[0].Help = strings.Repeat(" ", maxLine) + "x" }, "entries[0].help: has a line of 4001 bytes, more than 4000"},
		{"long title", func(m *Menu) { m.Title = strings.Repeat("x", maxLine+1) }, "title: has 4001 bytes, more than 4000"},
		{"two faults at once", func(m *Menu) { m.Title, m.Default = "\n", "b" }, "title: \"\\n\" has a byte that is not printable ASCII at 0\ndefault: no entry is called \"b\""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := ok()
			tt.change(&m)
			got := ""
			if err := m.Validate(); err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Validate (-want +got):\n%s", diff)
			}
			if _, err := PXELINUX(m); (err == nil) != (tt.want == "") {
				t.Errorf("PXELINUX: %v", err)
			}
		})
	}
}

func TestProblem(t *testing.T) {
	tests := []struct {
		in   Problem
		want string
	}{
		{Problem{Detail: "gone"}, "gone"},
		{Problem{Line: 3, Detail: "gone"}, "line 3: gone"},
		{Problem{File: "a.cfg", Line: 3, Detail: "gone"}, "a.cfg:3: gone"},
	}
	for _, tt := range tests {
		if got := tt.in.Error(); got != tt.want {
			t.Errorf("%+v reads %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestTypeNames(t *testing.T) {
	seen := map[string]bool{}
	for typ := TypeLinux; typ <= TypeLocal; typ++ {
		if seen[typ.String()] {
			t.Errorf("two types are called %s", typ)
		}
		seen[typ.String()] = true
	}
}
