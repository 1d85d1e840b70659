package bootcfg

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pxe/fault"
)

func parseGRUB(t *testing.T, text string, env GRUBEnv) GRUBConfig {
	t.Helper()
	c, err := ParseGRUB([]byte(text), env)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const twoEntries = "menuentry 'First' --id one {\n linux /k1 a\n initrd /i1\n}\nmenuentry Second {\n linux /k2\n}\n"

func TestGRUBDefaultEntry(t *testing.T) {
	first := Choice{Label: "one", Kernel: "/k1", Append: "a", Initrds: []string{"/i1"}, Waits: true}
	second := Choice{Label: "Second", Kernel: "/k2", Waits: true}
	after := func(c Choice, d time.Duration) Choice { c.Waits, c.After = false, d; return c }
	// entry is a configuration of one entry, whose kernel line is given.
	entry := func(body string) string { return "menuentry x {\n" + body + "\n}\n" }
	x := func(c Choice) Choice { c.Label, c.Waits = "x", true; return c }
	vars := map[string]string{"prefix": "(tftp)/grub", "net_default_mac": "52:54:00:12:34:56", "blanks": "a b"}
	tests := []struct {
		name string
		text string
		want Choice
		id   string // of the fault, when there is one
	}{
		// Which entry.
		{name: "the first", text: twoEntries, want: first},
		{name: "by index", text: "set default=1\n" + twoEntries, want: second},
		{name: "by id", text: "default=one\n" + twoEntries, want: first},
		{name: "by title", text: twoEntries + "set default=Second", want: second},
		{name: "of nothing", text: "set default=7\n" + twoEntries, want: first},
		{name: "negative", text: "set default=-1\n" + twoEntries, want: first},
		{name: "timeout", text: "timeout=5\n" + twoEntries, want: after(first, 5*time.Second)},
		{name: "no wait", text: "set timeout=0\n" + twoEntries, want: after(first, 0)},
		{name: "timeout of -1", text: "set timeout=-1\n" + twoEntries, want: first},
		{name: "submenu by index", text: "set default='1>0'\nmenuentry a {\nlinux /a\n}\nsubmenu b {\n" + twoEntries + "}", want: first},
		{name: "submenu by name", text: "set default='b>Second'\nsubmenu b {\n" + twoEntries + "}", want: second},
		{name: "title with a bracket", text: "set default='b>c'\nmenuentry a {\nlinux /a\n}\nmenuentry 'b>c' {\nlinux /k2\n}", want: Choice{Label: "b>c", Kernel: "/k2", Waits: true}},
		{name: "a submenu itself", text: "submenu b {\n" + twoEntries + "}", id: fault.GRUBEntryBootsNothing},
		{name: "no entry", text: "set timeout=5\n", id: fault.GRUBNoEntry},
		{name: "an entry that boots nothing", text: entry("echo hello"), id: fault.GRUBEntryBootsNothing},
		{name: "an unknown command in the entry", text: entry("linuxx /k\ninitrd /i"), id: fault.GRUBUnknownCommand},
		{name: "an unknown command in another entry", text: entry("linux /k") + "menuentry y {\nlinuxx /k\n}\n", want: x(Choice{Kernel: "/k"})},
		{name: "menuentry misspelt", text: "menuentri x {\nlinux /k\n}\n", id: fault.GRUBNoEntry},
		{name: "byte order mark", text: "\uFEFFmenuentry x {\nlinux /k\n}\n", id: fault.ConfigByteOrderMark},
		{name: "UTF-16", text: "\xff\xfem\x00e\x00n\x00u\x00", id: fault.ConfigByteOrderMark},

		// What it boots.
		{name: "several initrds", text: entry("linux /k\ninitrd /a /b /c"), want: x(Choice{Kernel: "/k", Initrds: []string{"/a", "/b", "/c"}})},
		{name: "the last of two initrd commands", text: entry("linux /k\ninitrd /a\ninitrd /b"), want: x(Choice{Kernel: "/k", Initrds: []string{"/b"}})},
		{name: "initrd before linux counts not", text: entry("initrd /a\nlinux /k"), want: x(Choice{Kernel: "/k"})},
		{name: "the last of two kernels", text: entry("linux /a\ninitrd /i\nlinux /b"), want: x(Choice{Kernel: "/b"})},
		{name: "linuxefi", text: entry("linuxefi /k x\ninitrdefi /i"), want: x(Choice{Kernel: "/k", Append: "x", Initrds: []string{"/i"}})},
		{name: "device", text: entry("linux (http,192.0.2.1:8080)/k"), want: x(Choice{Kernel: "(http,192.0.2.1:8080)/k"})},
		{name: "root", text: "set root=http,192.0.2.1\n" + entry("linux /k\ninitrd (tftp)/i"), want: x(Choice{Kernel: "(http,192.0.2.1)/k", Initrds: []string{"(tftp)/i"}})},
		{name: "root with brackets, in the entry", text: entry("set root=(tftp,192.0.2.1)\nlinux /k"), want: x(Choice{Kernel: "(tftp,192.0.2.1)/k"})},
		{name: "prefix", text: entry("linux $prefix/k"), want: x(Choice{Kernel: "(tftp)/grub/k"})},
		{name: "variables from outside", text: "set d=/debian\n" + entry("linux ${d}/k dir=$d"), want: x(Choice{Kernel: "/debian/k", Append: "dir=/debian"})},
		{name: "entries see the last value", text: "set d=/a\n" + entry("linux $d/k") + "set d=/b\n", want: x(Choice{Kernel: "/b/k"})},
		{name: "entries do not see each other", text: entry("linux $d/k") + "menuentry y {\nset d=/y\n}", want: x(Choice{Kernel: "/k"})},
		{name: "unknown argument", text: entry("linux /k ip=$net_default_ip:$net_default_mac"), want: x(Choice{Kernel: "/k", Append: "ip=$net_default_ip:52:54:00:12:34:56"})},
		{name: "quoted argument", text: entry(`linux /k "a b" 'c;d' e\;f "\$x \n"`), want: x(Choice{Kernel: "/k", Append: `"a b" c;d e;f "$x \\n"`})},
		{name: "split variable", text: entry("linux /k $blanks \"$blanks\" $nothing \"\""), want: x(Choice{Kernel: "/k", Append: `a b "a b" `})},
		{name: "chainloader", text: entry("chainloader /shimx64.efi"), want: x(Choice{Type: TypeNBP, Kernel: "/shimx64.efi"})},
		{name: "chainloader of a disk", text: entry("set root=(hd0)\nchainloader +1"), want: x(Choice{Type: TypeLocal})},
		{name: "exit", text: entry("exit 1"), want: x(Choice{Type: TypeLocal})},
		{name: "configfile in an entry", text: entry("configfile /other.cfg\nlinux /k"), want: x(Choice{Type: TypeConfig, Kernel: "/other.cfg"})},
		{name: "boot ends the entry", text: entry("linux /k\nboot\nlinux /no"), want: x(Choice{Kernel: "/k"})},
		{name: "unknown path", text: entry("linux $net_default_server/k"), id: fault.ConfigNotFollowed},
		{name: "multiboot", text: entry("multiboot2 /xen"), id: fault.ConfigNotFollowed},

		// The script itself.
		{name: "boots without a menu", text: "linux /k x\ninitrd /i\nboot\n" + twoEntries, want: Choice{Kernel: "/k", Append: "x", Initrds: []string{"/i"}}},
		{name: "loads, and boots not", text: "linux /k\n", id: fault.GRUBNoEntry},
		{name: "configfile", text: "configfile $prefix/other.cfg\n" + twoEntries, want: Choice{Type: TypeConfig, Kernel: "(tftp)/grub/other.cfg"}},
		{name: "normal", text: "normal\n", want: Choice{Type: TypeConfig, Kernel: "(tftp)/grub/grub.cfg"}},
		{name: "normal of a file", text: "normal /other.cfg\n", want: Choice{Type: TypeConfig, Kernel: "/other.cfg"}},
		{name: "exit of the script", text: "exit\n" + twoEntries, want: Choice{Type: TypeLocal}},
		{name: "source", text: "source /more.cfg\n", want: first},
		{name: "source that is missing", text: ". /gone.cfg\n" + twoEntries, want: first},
		{name: "source by an unknown name", text: "source /$net_default_ip.cfg\n" + twoEntries, id: fault.ConfigNotFollowed},

		// Conditions.
		{name: "feature", text: "if [ x$feature_menuentry_id = xy ]; then menuentry_id_option=--id; fi\nset default=me\n" + twoEntries + "menuentry y $menuentry_id_option 'me' {\nlinux /y\n}", want: Choice{Label: "me", Kernel: "/y", Waits: true}},
		{name: "string, else", text: "if [ \"$prefix\" = x ]; then\nset default=0\nelse\nset default=1\nfi\n" + twoEntries, want: second},
		{name: "elif", text: "if false; then\ntrue\nelif test -n \"$prefix\" -a 1 -lt 2; then\nset default=1\nfi\n" + twoEntries, want: second},
		{name: "not", text: "if [ ! -z \"\" ]; then set default=1; fi\n" + twoEntries, want: first},
		{name: "mac", text: "if [ $net_default_mac = 52:54:00:12:34:56 ]; then set default=Second; fi\n" + twoEntries, want: second},
		{name: "machine, nothing that matters", text: "if loadfont $prefix/font; then\nset gfxmode=auto\ninsmod gfxterm\nelse\nset x=1\nfi\n" + twoEntries, want: first},
		{name: "machine decides the default", text: "if [ -s $prefix/grubenv ]; then set default=1; fi\n" + twoEntries, id: fault.ConfigNotFollowed},
		{name: "machine decides, and later words do not count", text: "if [ -e /x ]; then set default=1; fi\nset default=0\n" + twoEntries, id: fault.ConfigNotFollowed},
		{name: "machine decides on entries after the default", text: twoEntries + "if [ -e /x ]; then\nmenuentry z {\nlinux /z\n}\nfi\n", want: first},
		{name: "machine decides on entries before it, named by id", text: "if [ -e /x ]; then\nmenuentry z {\nlinux /z\n}\nfi\nset default=one\n" + twoEntries, want: first},
		{name: "machine decides on entries before it", text: "if [ -e /x ]; then\nmenuentry z {\nlinux /z\n}\nfi\n" + twoEntries, id: fault.ConfigNotFollowed},
		{name: "machine decides in another entry", text: twoEntries + entry("if [ -e /x ]; then linux /a; else linux /b; fi"), want: first},
		{name: "machine decides in the entry", text: entry("if [ -e /x ]; then linux /a; else linux /b; fi"), id: fault.ConfigNotFollowed},
		{name: "machine adds modules in the entry", text: entry("if [ x$grub_platform = xxen ]; then insmod xzio; insmod lzopio; fi\nlinux /k"), want: x(Choice{Kernel: "/k"})},
		{name: "disk found by search", text: entry("search --no-floppy --fs-uuid --set=root 1234\nlinux /k"), id: fault.ConfigNotFollowed},
		{name: "disk found by search, not used", text: entry("search --set=root 1234\nlinux (tftp)/k"), want: x(Choice{Kernel: "(tftp)/k"})},
		{name: "loop that matters not", text: "for x in 1 2 3; do echo $x; done\n" + twoEntries, want: first},
		{name: "loop that does", text: "for x in 1 2 3; do menuentry $x { linux /$x; }; done\n" + twoEntries, id: fault.ConfigNotFollowed},
		{name: "saved entry", text: "load_env\nset default=$saved_entry\n" + twoEntries, id: fault.ConfigNotFollowed},
		{name: "function", text: "function f { set default=$1; }\nf 1\n" + twoEntries, want: second},
		{name: "function under a condition", text: "function f {\nset default=1\n}\nif [ -e /x ]; then f; fi\n" + twoEntries, id: fault.ConfigNotFollowed},
		{name: "function that calls itself", text: "function f { f; }\nf\n" + twoEntries, id: fault.ConfigNotFollowed},
		{name: "quoted commands under a condition", text: "if [ -e /x ]; then s\"et\" 'default'=1; fi\n" + twoEntries, id: fault.ConfigNotFollowed},
		{name: "variable command under a condition", text: "if [ -e /x ]; then $prefix; fi\n" + twoEntries, id: fault.ConfigNotFollowed},
		{name: "regexp", text: "regexp --set=1:default '(.)' abc\n" + twoEntries, id: fault.ConfigNotFollowed},

		// Words.
		{name: "comments, continued lines", text: "# set default=1\nset default=\\\n1 # one\n" + twoEntries, want: second},
		{name: "one line", text: "set default=1; menuentry a { linux /a; }; menuentry b { linux /b; initrd /i; }", want: Choice{Label: "b", Kernel: "/b", Initrds: []string{"/i"}, Waits: true}},
		{name: "options of menuentry", text: "menuentry --class os --unrestricted --hotkey=a 'The title' --users '' {\nlinux /k\n}", want: Choice{Label: "The title", Kernel: "/k", Waits: true}},
		{name: "keyword as an argument", text: entry("linux /k if fi done"), want: x(Choice{Kernel: "/k", Append: "if fi done"})},
		{name: "quoted keyword", text: "'if' x\n" + twoEntries, want: first},
		{name: "carriage returns", text: strings.ReplaceAll(twoEntries, "\n", "\r\n"), want: first},
		{name: "syntax error before", text: "echo a & b | c\nfi\n}\n" + twoEntries, want: first},
		{name: "words across lines", text: "set a='x\ny'; set b=\"\\\n1\"\\\n; set default=$b\n" + twoEntries, want: second},
		{name: "unset", text: "set default=1\nunset default\n" + twoEntries, want: first},
		{name: "set without a value", text: "set\nset x\n=1\n$nothing\n" + twoEntries, want: first},
		{name: "title before options that have none", text: "menuentry --id {\nlinux /k\n}", want: Choice{Kernel: "/k", Waits: true}},
		{name: "menuentry without a block", text: "menuentry x\n" + twoEntries, want: first},
		{name: "function on two lines", text: "function f\n{\nset default=1\n}\nf\n" + twoEntries, want: second},
		{name: "function without a block", text: "function f set\n" + twoEntries, want: first},
		{name: "stray word in a block", text: entry("linux /k\nfi\ninitrd /i"), want: x(Choice{Kernel: "/k", Initrds: []string{"/i"}})},
		{name: "linux without a file", text: entry("linux"), id: fault.ConfigNotFollowed},
		{name: "timeout unknown", text: "if [ -e /x ]; then timeout=5; fi\n" + twoEntries, want: after(first, 0)},
		{name: "unset and read under a condition", text: "if [ -e /x ]; then unset root; read default; fi\n" + twoEntries, id: fault.ConfigNotFollowed},
		{name: "search that sets root alone", text: entry("search --set -f /k\nlinux /k"), id: fault.ConfigNotFollowed},
		{name: "open at the end", text: "menuentry x {\nlinux /k '", id: fault.GRUBSyntax},
		{name: "open block", text: "set timeout=1\nmenuentry x {\nlinux /k\n", id: fault.GRUBSyntax},
		{name: "open block with all that follows", text: "menuentry x {\nlinux /k\n" + twoEntries, id: fault.GRUBSyntax},
		{name: "open block after a whole one", text: twoEntries + "menuentry x {\nlinux /k\n", want: first},
		{name: "open if", text: "if true; then\n" + twoEntries, id: fault.GRUBSyntax},
		{name: "open loop", text: "while true; do\n" + twoEntries, id: fault.GRUBSyntax},
		{name: "open quote", text: "set default=\"0\n" + twoEntries, id: fault.GRUBSyntax},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			env := GRUBEnv{Vars: vars, Read: files(map[string]string{"/more.cfg": twoEntries})}
			got, err := parseGRUB(t, tt.text, env).DefaultEntry()
			var problem *Problem
			switch errors.As(err, &problem); {
			case err == nil && tt.id != "":
				t.Fatalf("boots %+v, want fault %s", got, tt.id)
			case err != nil && (problem == nil || problem.Fault != tt.id || problem.Detail == ""):
				t.Fatalf("fault %#v, want %q", err, tt.id)
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("choice (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseGRUBWarnings(t *testing.T) {
	tests := []struct {
		name string
		text string
		want []Problem
	}{
		{"none", twoEntries, nil},
		{"unquoted", "true\necho a & b\n", []Problem{{Fault: fault.ConfigNotFollowed, Line: 2, Detail: `"&" has to be quoted`}}},
		{"the first only", "fi\n}\n", []Problem{{Fault: fault.ConfigNotFollowed, Line: 1, Detail: `unexpected "fi"`}}},
		{"open block", "menuentry x {\n", []Problem{{Fault: fault.GRUBSyntax, Line: 1, Detail: "the { is never closed"}}},
		{"open quote", "\nset a=\"b\n", []Problem{{Fault: fault.GRUBSyntax, Line: 2, Detail: "the quote is never closed"}}},
		{"unknown command", "insmod net\nmenuentry x {\nlinux /k\ninitrdd /i\n}\n", []Problem{{Fault: fault.GRUBUnknownCommand, Line: 4, Detail: `"initrdd" is no GRUB command`, Name: "initrdd"}}},
		{"commands", "insmod net\n[ a = b ]\nterminal_output console\nexport a\nzfskey x\n", nil},
		{"functions are commands", "function f { true; }\nf\n", nil},
		{"perhaps functions", "if [ -e /x ]; then function f { true; }; fi\nf\n", nil},
		{"byte order mark", "\uFEFFset timeout=1\n", []Problem{{Fault: fault.ConfigByteOrderMark, Line: 1, Detail: "the file begins with a byte order mark (BOM), which spoils its first word"}}},
		{"if without then", "if true\nfi\n", []Problem{{Fault: fault.ConfigNotFollowed, Line: 2, Detail: `"fi" where "then" belongs`}}},
		{"missing source", "\nsource /gone\n", []Problem{{Fault: fault.ConfigIncludeFailed, Line: 2, Detail: "source /gone: file does not exist"}}},
		{"a condition", "if [ -e /x ]\nthen set default=1\nfi\n", []Problem{{Fault: fault.ConfigNotFollowed, Line: 1, Detail: "a condition that needs the machine decides what boots"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := parseGRUB(t, tt.text, GRUBEnv{Read: files(nil)})
			if diff := cmp.Diff(tt.want, c.Warnings); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseGRUBIsBounded(t *testing.T) {
	if _, err := ParseGRUB(make([]byte, maxConfigSize+1), GRUBEnv{}); err == nil {
		t.Error("more than 1 MiB is taken")
	}
	deep := strings.Repeat("submenu x {\n", 1000) + twoEntries + strings.Repeat("}\n", 1000)
	if _, err := parseGRUB(t, "normal\n", GRUBEnv{}).DefaultEntry(); err == nil {
		t.Error("a prefix that nobody told is known")
	}
	if c := parseGRUB(t, deep, GRUBEnv{}); len(c.Warnings) == 0 {
		t.Error("a thousand submenus in each other are no news")
	}
	reads := 0
	again := GRUBEnv{Read: func(string) ([]byte, error) {
		reads++
		return []byte("source /x\nsource /x\n"), nil
	}}
	if c := parseGRUB(t, "source /x\n", again); len(c.Warnings) == 0 {
		t.Error("a file that sources itself twice is no news")
	}
	if reads > maxIncludes {
		t.Errorf("%d reads", reads)
	}
	// Each of these would take hours or all memory if it were followed.
	if c := parseGRUB(t, "set a=xx\n"+strings.Repeat("set a=$a$a\n", 1000)+"menuentry $a { linux /k $a; }\n", GRUBEnv{}); len(c.Entries) != 1 {
		t.Errorf("a variable that doubles: %d entries", len(c.Entries))
	}
	if c := parseGRUB(t, "set a="+strings.Repeat("x", grubTextLimit)+"\nset b="+strings.Repeat("$a", 100_000)+"\nmenuentry x {linux /k "+strings.Repeat("$a ", 100_000)+"}\n", GRUBEnv{}); len(c.Entries) != 1 {
		t.Errorf("a variable that is long: %d entries", len(c.Entries))
	}
	var many strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&many, "v%d=1\nmenuentry x {\n}\n", i)
	}
	if c := parseGRUB(t, many.String(), GRUBEnv{}); len(c.Entries) != 20_000 {
		t.Errorf("many entries and variables: %d entries", len(c.Entries))
	}
	doubling := "function a { true; }\n"
	for c := byte('b'); c <= 'p'; c++ {
		doubling += "function " + string(c) + " { " + string(c-1) + "; " + string(c-1) + "; }\n"
	}
	if c := parseGRUB(t, doubling+strings.Repeat("p\n", 100)+twoEntries, GRUBEnv{}); c.stop == nil {
		t.Error("three million calls are followed")
	}
}

func TestResolveGRUB(t *testing.T) {
	tests := []struct {
		in, want string // "" is an error
	}{
		{"/k", "/k"},
		{"//a///k", "/a/k"},
		{"(tftp)/k", "/k"},
		{"(pxe)/k", "/k"},
		{"(pxe:192.0.2.1)/k", ""},
		{"(tftp,192.0.2.1)/k", "tftp://192.0.2.1/k"},
		{"(http,192.0.2.1:8080)//k", "http://192.0.2.1:8080//k"},
		{"(https,h)/k", "https://h/k"},
		{"(http)/k", ""},
		{"(hd0,gpt1)/k", ""},
		{"(memdisk)/k", ""},
		{"(tftp/k", ""},
		{"(tftp)k", ""},
		{"k", ""},
		{"", ""},
	}
	for _, tt := range tests {
		got, err := ResolveGRUB(tt.in)
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("ResolveGRUB(%q) = %q, %v; want %q", tt.in, got, err, tt.want)
		}
	}
}

func TestGRUBLookup(t *testing.T) {
	digits := []string{
		"grub.cfg-C0A80264", "grub.cfg-C0A8026", "grub.cfg-C0A802", "grub.cfg-C0A80",
		"grub.cfg-C0A8", "grub.cfg-C0A", "grub.cfg-C0", "grub.cfg-C", "grub.cfg",
	}
	all := append([]string{"grub.cfg-ccbbaa77-2211-4443-8001-0203040506ff", "grub.cfg-01-88-99-aa-bb-cc-dd"}, digits...)
	if diff := cmp.Diff(all, GRUBLookup(testUUID, testMAC, testAddr)); diff != "" {
		t.Errorf("everything (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"grub.cfg"}, GRUBLookup(nil, nil, netip.Addr{})); diff != "" {
		t.Errorf("nothing (-want +got):\n%s", diff)
	}
	v6 := GRUBLookup(nil, nil, netip.MustParseAddr("2001:db8::1"))
	if diff := cmp.Diff([]string{"grub.cfg-2001-db8-0-0-0-0-0-1", "grub.cfg"}, v6); diff != "" {
		t.Errorf("IPv6 (-want +got):\n%s", diff)
	}
}

func TestGRUB(t *testing.T) {
	m := Menu{
		Default: "b",
		Timeout: 1500 * time.Millisecond,
		Serial:  &Serial{Port: 1, Baud: 9600},
		Entries: []Entry{
			{Name: "a", Title: "^Bob's", Kernel: "debian/linux", Initrds: []string{"::/i1", "http://192.0.2.1/i2"}, Append: "ds=nocloud-net;s=http://h/  ---"},
			{Name: "b", Kernel: "192.0.2.7::k"},
			{Name: "c", Kernel: "::shimx64.efi"},
			{Name: "d", Title: "^", Local: local(0)},
		},
	}
	want := `serial --unit=1 --speed=9600
terminal_input serial console
terminal_output serial console
set timeout=2
set default=1

menuentry 'Bob'\''s' --id a {
	linux /debian/linux 'ds=nocloud-net;s=http://h/' ---
	initrd /i1 (http,192.0.2.1)/i2
}

menuentry b --id b {
	linux (tftp,192.0.2.7)/k
}

menuentry c --id c {
	chainloader /shimx64.efi
}

menuentry d --id d {
	exit
}
`
	got, err := GRUB(m)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	refused := []struct {
		name  string
		entry Entry
	}{
		{"module", Entry{Name: "b", Kernel: "menu.c32"}},
		{"unknown scheme", Entry{Name: "b", Kernel: "ftp://h/k"}},
		{"quote", Entry{Name: "b", Kernel: "k", Append: `x="a b"`}},
		{"initrd in append", Entry{Name: "b", Kernel: "k", Append: "initrd=x"}},
		{"not valid", Entry{Name: "b"}},
	}
	for _, tt := range refused {
		m.Entries[1] = tt.entry
		if text, err := GRUB(m); err == nil || !strings.Contains(err.Error(), "entries[1].") || text != nil {
			t.Errorf("%s: %q, %v", tt.name, text, err)
		}
	}
	for _, tt := range []struct {
		menu Menu
		want int
	}{
		{Menu{}, 0},
		{Menu{Prompt: true}, -1},
		{Menu{UI: "menu.c32"}, -1},
		{Menu{UI: "menu.c32", Timeout: time.Second}, 1},
		{Menu{Timeout: 100 * time.Millisecond}, 1},
	} {
		if got := tt.menu.grubTimeout(); got != tt.want {
			t.Errorf("timeout of %+v is %d, want %d", tt.menu, got, tt.want)
		}
	}
}
