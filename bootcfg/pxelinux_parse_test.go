package bootcfg

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pxe/fault"
)

// files is an include function over a few made-up files.
func files(m map[string]string) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		text, ok := m[name]
		if !ok {
			return nil, fs.ErrNotExist
		}
		return []byte(text), nil
	}
}

func parse(t *testing.T, text string, m map[string]string) Config {
	t.Helper()
	c, err := ParsePXELINUX("default", []byte(text), files(m))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestParsePXELINUX(t *testing.T) {
	tests := []struct {
		name  string
		text  string
		files map[string]string
		want  []Label
	}{
		{name: "what PXELINUX writes", text: "LABEL a\n LINUX k\n", want: []Label{{Entry: Entry{Name: "a", Kernel: "k"}}}},
		{name: "no kernel: the label is one", text: "label vmlinuz\nappend quiet", want: []Label{{Entry: Entry{Name: "vmlinuz", Kernel: "vmlinuz", Append: "quiet"}, Implied: true}}},
		{name: "types by keyword", text: "label a\n com32 menu\nlabel b\n pxe x\nlabel c\n boot y\nlabel d\n config z\nlabel e\n linux k.c32\n",
			want: []Label{
				{Entry: Entry{Name: "a", Kernel: "menu.c32"}, Type: TypeModule},
				{Entry: Entry{Name: "b", Kernel: "x"}, Type: TypeNBP},
				{Entry: Entry{Name: "c", Kernel: "y"}, Type: TypeSector},
				{Entry: Entry{Name: "d", Kernel: "z"}, Type: TypeConfig},
				{Entry: Entry{Name: "e", Kernel: "k.c32"}},
			}},
		{name: "types by ending", text: "label a\n kernel a.c32\nlabel b\n kernel b.0\nlabel c\n kernel c.img\nlabel d\n kernel d.bin\nlabel e.bs\n",
			want: []Label{
				{Entry: Entry{Name: "a", Kernel: "a.c32"}, Type: TypeModule},
				{Entry: Entry{Name: "b", Kernel: "b.0"}, Type: TypeNBP},
				{Entry: Entry{Name: "c", Kernel: "c.img"}, Type: TypeSector},
				{Entry: Entry{Name: "d", Kernel: "d.bin"}, Type: TypeSector},
				{Entry: Entry{Name: "e.bs", Kernel: "e.bs"}, Type: TypeSector, Implied: true},
			}},
		{name: "arguments on the kernel's line", text: "label a\n kernel k quiet  splash\n append x", want: []Label{{Entry: Entry{Name: "a", Kernel: "k", Append: "x"}, Args: "quiet  splash"}}},
		{name: "local boot", text: "label a\n localboot -1\nlabel b\n localboot 0x80\nlabel c\n localboot\n",
			want: []Label{
				{Entry: Entry{Name: "a", Local: local(-1)}, Type: TypeLocal},
				{Entry: Entry{Name: "b", Local: local(128)}, Type: TypeLocal},
				{Entry: Entry{Name: "c", Local: local(0)}, Type: TypeLocal},
			}},
		{name: "global append until a label has its own", text: "append quiet\nlabel a\n kernel k\nlabel b\n kernel k\n append -\nlabel c\n kernel k\n append debug\n",
			want: []Label{
				{Entry: Entry{Name: "a", Kernel: "k", Append: "quiet"}},
				{Entry: Entry{Name: "b", Kernel: "k"}},
				{Entry: Entry{Name: "c", Kernel: "k", Append: "debug"}},
			}},
		{name: "append after a separator is global again", text: "label a\n kernel k\nmenu separator\nappend late\nlabel b\n kernel k\n",
			want: []Label{
				{Entry: Entry{Name: "a", Kernel: "k"}},
				{Entry: Entry{Name: "b", Kernel: "k", Append: "late"}},
			}},
		{name: "initrd list ends at a blank", text: "initrd ignored\nlabel a\n kernel k\n initrd a,,b c\n", want: []Label{{Entry: Entry{Name: "a", Kernel: "k", Initrds: []string{"a", "b"}}}}},
		{name: "sysappend", text: "ipappend 2\nlabel a\n kernel k\nlabel b\n kernel k\n sysappend 0x40003\n",
			want: []Label{
				{Entry: Entry{Name: "a", Kernel: "k"}, SysAppend: 2},
				{Entry: Entry{Name: "b", Kernel: "k"}, SysAppend: 0x40003},
			}},
		{name: "help and other text", text: "label a\n kernel k\ntext help\n  one\n\n label no\nENDTEXT now\ntext cmdline\n label no\nendtext\n",
			want: []Label{{Entry: Entry{Name: "a", Kernel: "k", Help: "  one\n\n label no"}}}},
		{name: "case, tabs, carriage returns, comments", text: "\tLaBeL\ta \r\n#kernel no\r\n\t\tKERNEL\tk\t\r\n", want: []Label{{Entry: Entry{Name: "a", Kernel: "k"}}}},
		{name: "menus in menus", text: "menu begin one\n menu title First\n label a\n  kernel k\n menu begin\n  menu label ^Second\n  label b\n   kernel k\n menu end\n label c\n  kernel k\nmenu end\nlabel d\n kernel k\n",
			want: []Label{
				{Entry: Entry{Name: "a", Kernel: "k"}, Menu: []string{"First"}},
				{Entry: Entry{Name: "b", Kernel: "k"}, Menu: []string{"First", "Second"}},
				{Entry: Entry{Name: "c", Kernel: "k"}, Menu: []string{"First"}},
				{Entry: Entry{Name: "d", Kernel: "k"}},
			}},
		{name: "hidden and disabled", text: "label a\n kernel k\n menu hide\nlabel b\n menu disable\nlabel c\n menu exit\n",
			want: []Label{
				{Entry: Entry{Name: "a", Kernel: "k"}, Hidden: true},
				{Entry: Entry{Name: "b", Kernel: "b"}, Disabled: true, Implied: true},
				{Entry: Entry{Name: "c", Kernel: "c"}, Disabled: true, Implied: true},
			}},
		{name: "include in the middle of a label", text: "label a\ninclude x\n append q\n", files: map[string]string{"x": "kernel k\n"},
			want: []Label{{Entry: Entry{Name: "a", Kernel: "k", Append: "q"}}}},
		{name: "menu include makes a submenu", text: "menu include x More\nlabel b\n kernel k\n", files: map[string]string{"x": "label a\n kernel k\n"},
			want: []Label{
				{Entry: Entry{Name: "a", Kernel: "k"}, Menu: []string{"More"}},
				{Entry: Entry{Name: "b", Kernel: "k"}},
			}},
		{name: "menu end too often", text: "menu end\nmenu end\nlabel a\n kernel k\n", want: []Label{{Entry: Entry{Name: "a", Kernel: "k"}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := parse(t, tt.text, tt.files)
			if diff := cmp.Diff(tt.want, c.Labels); diff != "" {
				t.Errorf("labels (-want +got):\n%s", diff)
			}
			if c.Warnings != nil {
				t.Errorf("warnings: %v", c.Warnings)
			}
		})
	}
}

func TestParsePXELINUXGlobals(t *testing.T) {
	c := parse(t, "serial 1 38400\nprompt 1\ntimeout 35x\nui menu.c32 x.cfg\ndefault a  b\nontimeout c\nnoescape 1\nimplicit 0\npath /a:/b/:\nmenu title A title\nmenu start\nlabel a\n menu label A\n", nil)
	got := []any{*c.Serial, c.Prompt, c.Timeout, c.UI, c.Default, c.OnTimeout, c.NoEscape, c.Implicit, c.Path, c.Menu().Title, c.Labels[0].Title}
	want := []any{Serial{1, 38400}, true, 3500 * time.Millisecond, "menu.c32 x.cfg", "a  b", "c", true, false, []string{"/a", "/b/"}, "A title", "A"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	numbers := []struct {
		text    string
		timeout time.Duration
		serial  *Serial
	}{
		{"timeout 600", time.Minute, nil},
		{"timeout", 0, nil},
		{"timeout -5", 0, nil},
		{"timeout 0x10", 0, nil},
		{"timeout 1_0", 100 * time.Millisecond, nil},
		{"serial 0", 0, &Serial{0, 9600}},
		{"serial 0 50", 0, nil},
		{"serial 2 115200n8", 0, &Serial{2, 115200}},
	}
	for _, tt := range numbers {
		c := parse(t, tt.text, nil)
		if c.Timeout != tt.timeout || cmp.Diff(tt.serial, c.Serial) != "" {
			t.Errorf("%q: timeout %v, serial %v", tt.text, c.Timeout, c.Serial)
		}
	}
}

func TestParsePXELINUXWarnings(t *testing.T) {
	c := parse(t, "label a\nlabel a\ninclude gone\n", nil)
	want := []Problem{
		{Fault: fault.ConfigIncludeFailed, File: "default", Line: 3, Detail: "include gone: file does not exist"},
		{Fault: fault.ConfigLabelTwice, Detail: "label a: there are two, and the name means the first"},
	}
	if diff := cmp.Diff(want, c.Warnings); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	if got := want[0].Error(); got != "default:3: include gone: file does not exist" {
		t.Errorf("as an error: %q", got)
	}
	unknown := func(line int, word string) Problem {
		return Problem{Fault: fault.ConfigUnknownDirective, File: "default", Line: line, Detail: fmt.Sprintf("%q is no directive of PXELINUX", word)}
	}
	const bom = "the file begins with a byte order mark (BOM), which spoils its first word"
	for text, want := range map[string][]Problem{
		"DEFAULT a\nLABEL a\n KERNAL linux\nAPEND quiet\n":               {unknown(3, "kernal"), unknown(4, "apend")},
		"# a\n#b\n\nF1 x\nf12 x\nSAY hello\nCONSOLE 0\nTOTALTIMEOUT 9\n": nil,
		"kernel k\nlocalboot 0\ninitrd i\nfdtdir /\nallowoptions 0\n":    nil,
		"f13 x\nfx y\nf z\n":     {unknown(1, "f13"), unknown(2, "fx"), unknown(3, "f")},
		"\uFEFFdefault a\nfoo\n": {{Fault: fault.ConfigByteOrderMark, File: "default", Line: 1, Detail: bom}, unknown(2, "foo")},
	} {
		if diff := cmp.Diff(want, parse(t, text, nil).Warnings); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
	if n := len(parse(t, strings.Repeat("<br>\n", 1000), nil).Warnings); n != maxUnknown {
		t.Errorf("%d warnings about a thousand lines", n)
	}
	var problem *Problem
	if _, err := parse(t, "\uFEFFdefault a\n", nil).DefaultEntry(); !errors.As(err, &problem) || problem.Fault != fault.ConfigByteOrderMark {
		t.Errorf("a byte order mark before DEFAULT: %v", err)
	}
	nested := parse(t, "include x\ninclude gone\n", map[string]string{"x": "\ninclude gone\n"})
	if diff := cmp.Diff([]Problem{
		{Fault: fault.ConfigIncludeFailed, File: "x", Line: 2, Detail: "include gone: file does not exist"},
		{Fault: fault.ConfigIncludeFailed, File: "default", Line: 2, Detail: "include gone: file does not exist"},
	}, nested.Warnings); diff != "" {
		t.Errorf("nested (-want +got):\n%s", diff)
	}
	c, err := ParsePXELINUX("default", []byte("include x"), nil)
	if err != nil || len(c.Warnings) != 1 {
		t.Errorf("without an include function: %v, %v", c.Warnings, err)
	}
}

func TestParsePXELINUXIsBounded(t *testing.T) {
	tests := []struct {
		name string
		text string
		file string
		fail bool
	}{
		{"includes itself", "include x", "include x\nlabel a\n", false},
		{"includes itself twice", "include x", "include x\ninclude x\n", false},
		{"large include, often", strings.Repeat("include x\n", 100), strings.Repeat("label a\n", 10000), true},
		{"large", strings.Repeat("#", maxConfigSize+1), "", true},
		{"menus in menus", strings.Repeat("menu begin\n", 40_000) + strings.Repeat("label a\nmenu default\n", 20_000), "", false},
		{"a default again and again", strings.Repeat("label a\n", 40_000) + "menu begin\n" + strings.Repeat("menu default\n", 40_000), "", false},
		{"just not too large", strings.Repeat("#", maxConfigSize), "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			calls := 0
			_, err := ParsePXELINUX("default", []byte(tt.text), func(string) ([]byte, error) {
				calls++
				return []byte(tt.file), nil
			})
			if (err != nil) != tt.fail {
				t.Errorf("error %v, want failure %v", err, tt.fail)
			}
			if calls > maxIncludes {
				t.Errorf("%d includes", calls)
			}
		})
	}
}

// A line beyond what PXELINUX reads at once goes on as another line.
func TestParsePXELINUXLongLine(t *testing.T) {
	c := parse(t, "label a\nappend "+strings.Repeat("x", 4095-len("append "))+"label b\n", nil)
	if len(c.Labels) != 2 || c.Labels[1].Name != "b" {
		t.Errorf("labels: %+v", c.Labels)
	}
}

func TestPXELINUXDefaultEntry(t *testing.T) {
	const two = "label a\n kernel ka\n append qa initrd=ia,ib root=x\nlabel b\n kernel kb\n initrd ic\n append qb\n"
	a := Choice{Label: "a", Kernel: "ka", Initrds: []string{"ia", "ib"}, Append: "qa root=x"}
	b := Choice{Label: "b", Kernel: "kb", Initrds: []string{"ic"}, Append: "qb"}
	after := func(c Choice, d time.Duration) Choice { c.After = d; return c }
	waits := func(c Choice) Choice { c.Waits = true; return c }
	ui := func(c Choice, ui string) Choice { c.UI = ui; return c }
	tests := []struct {
		name string
		text string
		want Choice
		fail bool
	}{
		{name: "label", text: "default a\n" + two, want: a},
		{name: "timeout without a prompt is nothing", text: "default b\ntimeout 50\n" + two, want: b},
		{name: "prompt with a timeout", text: "default a\nprompt 1\ntimeout 50\n" + two, want: after(a, 5*time.Second)},
		{name: "prompt without", text: "default a\nprompt 1\n" + two, want: waits(a)},
		{name: "prompt that cannot be reached", text: "default a\nprompt 1\nnoescape 1\n" + two, want: a},
		{name: "ontimeout", text: "default a\nprompt 1\ntimeout 10\nontimeout b\n" + two, want: after(b, time.Second)},
		{name: "ontimeout without a prompt", text: "default a\ntimeout 10\nontimeout b\n" + two, want: a},
		{name: "label with arguments", text: "default b single\n" + two, want: Choice{Label: "b", Kernel: "kb", Append: "qb single", Initrds: []string{"ic"}}},
		{name: "command line", text: "default vmlinuz initrd=i quiet\nappend global\n", want: Choice{Kernel: "vmlinuz", Initrds: []string{"i"}, Append: "quiet"}},
		{name: "implicit forbidden", text: "default vmlinuz\nimplicit 0\n", fail: true},
		{name: "case of a label matters", text: "default A\n" + two, want: Choice{Kernel: "A", Implied: `there is no LABEL "A" to boot, so it is taken for a file`}},
		{name: "another loader", text: "default undionly.0\n", want: Choice{Type: TypeNBP, Kernel: "undionly.0"}},
		{name: "module", text: "default chain.c32 hd0 initrd=x\n", want: Choice{Type: TypeModule, Kernel: "chain.c32", Append: "hd0 initrd=x"}},
		{name: "local", text: "default d\nlabel d\n localboot 0\n append x\n", want: Choice{Label: "d", Type: TypeLocal}},
		{name: "nothing", text: two, fail: true},
		{name: "empty", text: "", fail: true},
		{name: "the first of two labels", text: "default a\nlabel a\n kernel first\nlabel a\n kernel second\n", want: Choice{Label: "a", Kernel: "first"}},
		{name: "disabled label", text: "default a\nlabel a\n kernel k\n menu disable\n", want: Choice{Kernel: "a", Implied: `there is no LABEL "a" to boot, so it is taken for a file`}},
		{name: "label without a kernel", text: "default a\nlabel a\n kernal k\n", want: Choice{Label: "a", Kernel: "a", Implied: "LABEL a has no KERNEL or LINUX line, so its name is taken for the file"}},
		{name: "kernel line and append", text: "default a\nlabel a\n kernel k one\n append two\n", want: Choice{Label: "a", Kernel: "k", Append: "one two"}},

		{name: "menu", text: "ui menu.c32\ndefault b\ntimeout 30\n" + two, want: ui(after(b, 3*time.Second), "menu.c32")},
		{name: "menu without a default shows the first", text: "ui menu.c32\n" + two, want: ui(waits(a), "menu.c32")},
		{name: "menu by default", text: "default boot/vesamenu.c32\n" + two, want: ui(waits(a), "boot/vesamenu.c32")},
		{name: "menu wins over prompt", text: "ui menu.c32\nprompt 1\ntimeout 30\n" + two, want: ui(after(a, 3*time.Second), "menu.c32")},
		{name: "menu default", text: "ui menu.c32\n" + two + "menu default\n", want: ui(waits(b), "menu.c32")},
		{name: "menu with ontimeout", text: "ui menu.c32\ntimeout 30\nontimeout b\n" + two, want: ui(after(b, 3*time.Second), "menu.c32")},
		{name: "disabled entries are passed over", text: "ui menu.c32\nlabel x\n menu disable\n" + two, want: ui(waits(a), "menu.c32")},
		{name: "hidden entries are not shown", text: "ui menu.c32\nlabel x\n menu hide\n" + two, want: ui(waits(a), "menu.c32")},
		{name: "default in a submenu opens it", text: "ui menu.c32\ndefault b\nlabel x\nmenu begin\n" + two + "menu end\n", want: ui(waits(b), "menu.c32")},
		{name: "menu start", text: "ui menu.c32\nlabel x\nmenu begin\nmenu start\n" + two + "menu end\n", want: ui(waits(a), "menu.c32")},
		{name: "menu that opens on a submenu", text: "ui menu.c32\nmenu begin\nmenu default\n" + two + "menu end\n", fail: true},
		{name: "menu whose default is a later submenu", text: "ui menu.c32\n" + two + "menu begin\nmenu default\n" + two + "menu end\n", fail: true},
		{name: "menu of other files", text: "ui menu.c32 other.cfg\n" + two, want: Choice{Type: TypeConfig, Kernel: "other.cfg", UI: "menu.c32"}},
		{name: "menu with ontimeout, but no time limit", text: "ui menu.c32\nontimeout b\n" + two, want: ui(waits(a), "menu.c32")},
		{name: "prompt with ontimeout, but no time limit", text: "default a\nprompt 1\nontimeout b\n" + two, want: waits(a)},
		{name: "ontimeout of nothing", text: "ui menu.c32\ntimeout 30\nontimeout x\nimplicit 0\n" + two, fail: true},
		{name: "prompt with ontimeout of nothing", text: "default a\nprompt 1\ntimeout 30\nontimeout x\nimplicit 0\n" + two, fail: true},
		{name: "menu without entries", text: "ui menu.c32\n", fail: true},
		{name: "config", text: "default c\nlabel c\n config sub/x.cfg sub\n", want: Choice{Label: "c", Type: TypeConfig, Kernel: "sub/x.cfg", Append: "sub"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parse(t, tt.text, nil).DefaultEntry()
			if (err != nil) != tt.fail {
				t.Fatalf("error %v, want failure %v", err, tt.fail)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("choice (-want +got):\n%s", diff)
			}
			var problem *Problem
			if tt.fail && (!errors.As(err, &problem) || problem.Fault != fault.ConfigNoDefault || problem.Detail == "") {
				t.Errorf("error %#v is no ConfigNoDefault", err)
			}
		})
	}
	if _, err := (Config{UI: "menu.c32", Implicit: true}).DefaultEntry(); err == nil {
		t.Error("the zero configuration boots")
	}
}
